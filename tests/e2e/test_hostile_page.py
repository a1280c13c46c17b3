"""A portal's page whose scripts try to call, read or steer the extension, or to make it lie or hang.

What tests/e2e/test_extension.py holds already: synthetic clicks on *Record*, that a script sees nothing of
the marks, removal of the host element and page style over it, look-alike hosts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Playwright, sync_playwright

from automation import sandbox
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, ended_after, extension_browser, sign_in, until
from tests.e2e.scripted_clinic import CODE, ScriptedClinic

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("hostile_page")]

SLUG = "example_payer"
CHECKS = "/api/v1/checks"
Open = Callable[..., Page]
WRONG = {"#member_id": "XYZ100200301", "#procedure_code_1": "97112", "#unit_1": "visits"}

#: Every built-in that a script could be hoped to stumble over, changed before anything else of the page runs.
POLLUTED = """
const seen = { push: () => { document.documentElement.dataset.stolen = "yes"; } };
const names = ["severity", "trust", "tab", "authorization_id", "portals", "superseded", "recordable"];
for (let n = 0; n < names.length; n += 1) {
  const name = names[n];
  Object.defineProperty(Object.prototype, name, { value: "polluted", configurable: true, enumerable: true });
}
Array.prototype.map = Array.prototype.filter = Array.prototype.find = function () { return []; };
Array.prototype[Symbol.iterator] = function* () { yield* []; };
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
  seen.push("attachShadow");
  return attach.call(this, { ...options, mode: "open" });
};
const spied = [[Element.prototype, "append"], [Node.prototype, "appendChild"],
  [Document.prototype, "createElement"], [EventTarget.prototype, "addEventListener"],
  [window, "requestAnimationFrame"], [window, "setTimeout"], [JSON, "stringify"]];
for (let n = 0; n < spied.length; n += 1) {
  const owner = spied[n][0], name = spied[n][1], own = owner[name];
  owner[name] = function () {
    if (new Error().stack.includes("chrome-extension")) seen.push(name);
    return own.apply(this, arguments);
  };
}
window.MutationObserver = class { observe() {} disconnect() {} takeRecords() { return []; } };
"""

#: Whatever a page can send, in the shapes of the extension's own messages.
FORGED = [
    {"type": "tab/record"},
    {"type": "tab/choose", "authorization_id": 13},
    {"type": "device/forget"},
    {"type": "device/pair", "address": "http://127.0.0.1:1", "code": CODE, "name": "page"},
    {"type": "frame/show", "view": {"state": "clear", "portal": "Forged", "because": None, "answer": None,
                                    "recordable": False, "recorded": None, "busy": False}},
    {"type": "frame/stop"},
    {"type": "frame/conceal", "concealed": True},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A browser that stops answering fails its test."""
    with ended_after(120, tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def portal() -> Iterator[sandbox.Served]:
    with sandbox.serve([SLUG]) as served:
        yield served


@pytest.fixture(scope="module")
def clinic() -> Iterator[ScriptedClinic]:
    with ScriptedClinic() as started:
        yield started


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright,
    tmp_path_factory: pytest.TempPathFactory,
    portal: sandbox.Served,
    clinic: ScriptedClinic,
) -> Iterator[ExtensionBrowser]:
    with extension_browser(playwright, tmp_path_factory.mktemp("profile")) as started:
        started.pair(clinic.url, CODE).close()
        page = started.context.new_page()
        sign_in(page, portal)
        page.close()
        yield started


@pytest.fixture
def hostile(browser: ExtensionBrowser, clinic: ScriptedClinic, portal: sandbox.Served) -> Iterator[Open]:
    """Opens a page of the portal in which a script ran before all else: hostile(script)."""
    opened: list[Page] = []
    clinic.taken.clear()

    def open_(script: str = "") -> Page:
        page = browser.context.new_page()
        opened.append(page)
        if script:
            page.add_init_script(f"if (window.top === window) {{ {script} }}")
        page.goto(f"{portal.url(SLUG)}/requests/new")
        return page

    yield open_
    for page in opened:
        page.close()


def type_in(page: Page, values: dict[str, str]) -> None:
    """Sets controls as typing does, without leaning on what the page may have broken."""
    for css, value in values.items():
        control = page.locator(css)
        if css.startswith("#unit"):
            control.select_option(value)
        else:
            control.press_sequentially(value)


def test_built_ins_that_the_page_changed_are_not_the_extensions(hostile: Open) -> None:
    page = hostile(POLLUTED)
    eyes = Eyes(page)
    type_in(page, WRONG)
    eyes.see("mark", "Approved: 97110")
    eyes.see("mark", "Check.")
    assert page.locator("html").get_attribute("data-stolen") is None


def test_messages_that_a_page_or_its_frames_forge_reach_nobody(
    hostile: Open, browser: ExtensionBrowser, clinic: ScriptedClinic, portal: sandbox.Served
) -> None:
    page = hostile()
    eyes = Eyes(page)
    type_in(page, WRONG)
    eyes.see("mark", "97110")
    sent_before = len(clinic.taken)
    called = page.evaluate(
        """async ([messages, extension]) => {
            const heard = [];
            addEventListener("message", (event) => { if (event.source !== window) heard.push(event.data); });
            const frame = document.createElement("iframe");
            frame.srcdoc = "<script>for (const m of " + JSON.stringify(messages)
                + ") { parent.postMessage(m, '*'); top.postMessage(m, '*'); }<\\/script>";
            const loaded = new Promise((resolve) => { frame.onload = resolve; });
            document.body.append(frame);
            await loaded;
            for (const message of messages) {
                for (const one of [window, frame.contentWindow]) one.postMessage(message, "*");
                for (const name of ["message", message.type, "tallystick"]) {
                    document.dispatchEvent(new CustomEvent(name, { detail: message }));
                    window.dispatchEvent(new MessageEvent("message", { data: message }));
                }
                new BroadcastChannel("tallystick").postMessage(message);
            }
            // A page has the extension's functions only where the extension lets it in by its manifest.
            const called = [];
            for (const message of messages) {
                try { called.push(await chrome.runtime.sendMessage(extension, message)); }
                catch (error) { called.push("refused"); }
            }
            await new Promise((resolve) => setTimeout(resolve, 0));
            const own = document.createElement("iframe");
            own.src = `chrome-extension://${extension}/options.html`;
            const tried = new Promise((resolve) => { own.onload = resolve; });
            document.body.append(own);
            await tried;
            return called;
        }""",
        [FORGED, browser.id],
    )
    assert set(called) == {"refused"}
    assert all(browser.id not in frame.url or frame.url.startswith("chrome-error") for frame in page.frames)
    # Still paired, shown and alive: the next change is answered, and nothing else was asked of the server.
    page.locator("#procedure_code_1").fill("97110")
    eyes.see_none("mark", "97110")
    eyes.see("summary", "1 field")
    assert {path for path, _ in clinic.taken[sent_before:]} <= {CHECKS}
    assert browser.desk.evaluate("() => chrome.storage.local.get()")


def test_marks_and_summary_answer_to_no_click_or_key_that_a_script_makes(hostile: Open) -> None:
    page = hostile()
    eyes = Eyes(page)
    type_in(page, WRONG)
    mark, fold = eyes.see("mark", "97110"), eyes.see("tool")
    for target in (mark, fold):
        remote = eyes.cdp.send("DOM.resolveNode", {"backendNodeId": target.id})["object"]["objectId"]
        eyes.cdp.send(
            "Runtime.callFunctionOn",
            {
                "objectId": remote,
                "functionDeclaration": """function () {
                    this.click();
                    for (const kind of ["pointerdown", "mousedown", "mouseup", "click"])
                        this.dispatchEvent(new PointerEvent(kind, { bubbles: true, composed: true }));
                    for (const key of ["Enter", " ", "ArrowLeft"]) {
                        const press = { key, bubbles: true, composed: true };
                        this.dispatchEvent(new KeyboardEvent("keydown", press));
                    }
                }""",
            },
        )
    page.evaluate(
        """() => {
            const host = document.documentElement.lastElementChild;
            for (const kind of ["click", "keydown", "pointerdown"]) host.dispatchEvent(new Event(kind));
        }"""
    )
    assert eyes.find("card") == []
    assert [one.has_class("folded") for one in eyes.find("summary")] == [True]
    eyes.click(eyes.see("mark", "97110"))
    eyes.see("card", "97112")


TAMPERED = {
    "undressed": "HOST.style.cssText = 'display: none !important'",
    "hidden by an attribute": "HOST.hidden = true",
    "made transparent": "HOST.style.setProperty('opacity', '0', 'important')",
    "moved into a hidden element": """(() => {
        const box = document.body.appendChild(document.createElement("div"));
        box.style.display = "none";
        box.append(HOST);
    })()""",
    "replaced by a copy": """(() => {
        HOST.replaceWith(HOST.cloneNode(true));
    })()""",
    "made inert": "HOST.inert = true",
    "a new root's": "document.documentElement.replaceChildren(document.body)",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_host_element_that_is_tampered_with_comes_back(hostile: Open, how: str) -> None:
    page = hostile()
    eyes = Eyes(page)
    type_in(page, WRONG)
    eyes.see("mark", "97110")
    page.evaluate(f"() => {{ const HOST = document.documentElement.lastElementChild; {TAMPERED[how]} }}")

    def usable() -> bool:
        for mark in eyes.find("mark", "97110"):
            try:
                left, top, right, bottom = eyes.box(mark)
            except Exception as error:
                if "box model" not in str(error):
                    raise
                continue
            at = [(left + right) / 2, (top + bottom) / 2]
            return bool(
                page.evaluate(
                    """([x, y]) => {
                        const host = document.elementFromPoint(x, y);
                        return host?.parentElement === document.documentElement && host !== document.body
                            && getComputedStyle(host).opacity === "1";
                    }""",
                    at,
                )
            )
        return False

    until(usable, page, what=f"the mark, after the host element was {how}")


def test_fifty_thousand_elements_are_read_and_marked(hostile: Open) -> None:
    page = hostile()
    eyes = Eyes(page)
    page.evaluate(
        """() => {
            const rows = Array.from({ length: 12500 }, (_, n) =>
                `<div class="r"><span>${n}</span><label>Field ${n}</label><p>text</p></div>`);
            document.body.insertAdjacentHTML("beforeend", rows.join(""));
        }"""
    )
    assert page.evaluate("() => document.querySelectorAll('*').length") > 50_000
    type_in(page, WRONG)
    eyes.see("mark", "97110", seconds=30)


def test_a_page_that_never_stops_changing_is_read_and_goes_on(hostile: Open) -> None:
    page = hostile()
    eyes = Eyes(page)
    page.evaluate(
        """() => {
            const box = document.body.appendChild(document.createElement("div"));
            window.turns = 0;
            new MutationObserver(() => {  // each change makes the next one
                if (++window.turns % 50 === 0) setTimeout(() => { box.textContent = String(window.turns); });
                else box.setAttribute("class", `turn-${window.turns}`);
            }).observe(box, { attributes: true, childList: true, characterData: true, subtree: true });
            // As deep as parsers nest, with open roots in roots, each pointing to the others by label.
            let at = box;
            for (let depth = 0; depth < 400; depth += 1) {
                const inner = document.createElement("div");
                inner.id = `deep-${depth}`;
                inner.setAttribute("aria-labelledby", `deep-${(depth + 1) % 400} deep-${depth}`);
                (depth % 40 === 39 ? at.attachShadow({ mode: "open" }) : at).append(inner);
                at = inner;
            }
            box.setAttribute("class", "start");
        }"""
    )
    type_in(page, WRONG)
    eyes.see("mark", "97110", seconds=30)
    turns = page.evaluate("() => window.turns")
    until(lambda: page.evaluate("() => window.turns") > turns, page, what="the page's own work going on")


def test_hosts_that_only_look_like_the_portals_are_never_offered_or_read(
    browser: ExtensionBrowser, portal: sandbox.Served, clinic: ScriptedClinic
) -> None:
    clinic.taken.clear()
    page = browser.context.new_page()
    name = SLUG.replace("_", "-")
    for host in (
        f"{name}.localhost.", f"{name}.localhost.evil.localhost", f"{name}x.localhost", f"a.{name}.localhost",
        "xn--exmple-payer-1nb.localhost", f"{name}-login.localhost",
    ):  # fmt: skip
        page.route(
            f"http://{host}:{portal.port}/**",
            lambda route: route.fulfill(
                content_type="text/html",
                body="<h1>New authorization request</h1>"
                "<label>Member ID <input></label><label>Procedure code <input></label>",
            ),
        )
        page.goto(f"http://{host}:{portal.port}/requests/new")
        page.get_by_label("Member ID").fill("XYZ100200301")
        assert page.evaluate("() => document.documentElement.children.length") == 2, host
    page.close()
    assert clinic.sent(CHECKS) == []


#: What a page can lay over a control, or do to all of itself, so that a person presses what they can't see.
HIDDEN = {
    "a popover that lets clicks through": """(() => {
        const over = document.body.appendChild(document.createElement("div"));
        over.popover = "manual";
        over.textContent = "You have won";
        over.style.cssText = "inset: 0; width: 100vw; height: 100vh; margin: 0; background: white;"
            + "pointer-events: none";
        over.showPopover();
        return () => over.remove();
    })()""",
    "a whole page that is nearly transparent": """(() => {
        document.documentElement.style.opacity = "0.02";
        return () => { document.documentElement.style.opacity = ""; };
    })()""",
    "a filter over all": """(() => {
        document.documentElement.style.filter = "opacity(2%)";
        return () => { document.documentElement.style.filter = ""; };
    })()""",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_control_that_is_hidden_from_the_person_does_nothing(
    browser: ExtensionBrowser, clinic: ScriptedClinic, portal: sandbox.Served, how: str
) -> None:
    clinic.taken.clear()
    clinic.answers["/api/v1/readings"] = lambda _: (404, {"error": {"code": "not_found", "message": "None."}})
    page = browser.context.new_page()
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    eyes = Eyes(page)
    eyes.see("action", "Record this reading")
    page.evaluate(f"() => {{ window.lift = {HIDDEN[how]}; }}")
    eyes.click(eyes.named("record"))
    told = eyes.see("covered", "lay over this control")
    # Taken away in the very moment of the press: what the person saw is what counts.
    page.evaluate("() => addEventListener('pointerdown', () => window.lift(), { capture: true, once: true })")
    eyes.click(eyes.named("record"))
    until(lambda: told.id not in [one.id for one in eyes.find("covered")], page, what="the second answer")
    eyes.see("covered", "lay over this control")
    assert clinic.sent("/api/v1/readings") == []

    def recorded() -> bool:
        with contextlib.suppress(
            PlaywrightError
        ):  # drawn anew between the look and the press: it was recorded
            eyes.click(eyes.named("record"))
        return bool(clinic.sent("/api/v1/readings"))

    until(recorded, page, what="a press that counts, once it was in the open for a moment")
    page.close()
