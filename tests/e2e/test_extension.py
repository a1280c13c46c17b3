"""The built extension in a real Chromium, on the portals' sandboxes, with a server that a test scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Playwright, Worker, expect, sync_playwright

from automation import sandbox
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, ended_after, extension_browser, sign_in, until
from tests.e2e.scripted_clinic import CODE, ScriptedClinic, authorization, check

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("extension")]

SLUG = "example_payer"
WIZARD = f"/loadApp/?appUrl={quote('/static/web/post/um/clip-ui/', safe='')}"
CHECKS = "/api/v1/checks"
READINGS = "/api/v1/readings"


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
def paired_clinic() -> Iterator[ScriptedClinic]:
    with ScriptedClinic() as clinic:
        yield clinic


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright,
    tmp_path_factory: pytest.TempPathFactory,
    portal: sandbox.Served,
    paired_clinic: ScriptedClinic,
) -> Iterator[ExtensionBrowser]:
    with extension_browser(playwright, tmp_path_factory.mktemp("profile")) as started:
        started.pair(paired_clinic.url, CODE).close()
        page = started.context.new_page()
        sign_in(page, portal)
        page.close()
        yield started


@pytest.fixture
def clinic(paired_clinic: ScriptedClinic) -> Iterator[ScriptedClinic]:
    """The paired clinic with its usual answers and nothing taken."""
    usual = dict(paired_clinic.answers)
    paired_clinic.taken.clear()
    yield paired_clinic
    paired_clinic.answers = usual


@pytest.fixture
def form(browser: ExtensionBrowser, clinic: ScriptedClinic, portal: sandbox.Served) -> Iterator[Page]:
    """The empty request form, read by the extension."""
    page = browser.context.new_page()
    page.goto(f"{portal.url(SLUG)}/requests/new")
    until(lambda: clinic.sent(CHECKS), page, what="the first check of the form")
    yield page
    page.close()


def fill(page: Page, **values: str) -> None:
    """Types into the form's controls, by their names, and leaves the last one."""
    for name, value in values.items():
        control = page.locator(f"[name='{name}']")
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.keyboard.press("Tab")


def test_a_mismatch_is_marked_beside_its_field_until_it_is_corrected(
    form: Page, browser: ExtensionBrowser
) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", birth_date="03/12/1961", procedure_code_1="97112", quantity_1="12")
    mark = eyes.see("mark", "Approved: 97110")
    assert "Would be denied" in mark.whole_text
    assert browser.badge(form) == "1"
    eyes.click(eyes.see("mark", "97110"))
    card = eyes.see("card").whole_text
    for part in ("97110", "97112", "CARC 197", "Next:", "The payer compares"):
        assert part in card
    fill(form, procedure_code_1="97110")
    eyes.see_none("mark")
    assert "Checked and clear" in eyes.see("summary", "Checked and clear").whole_text
    assert browser.badge(form) == "✓"


def test_a_caution_differs_from_a_denial_by_words_and_shape(form: Page) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112", unit_1="visits")
    denial = eyes.see("mark", "97110")
    caution = eyes.see("mark", "Check.")
    shapes = [[n.attributes["d"] for n in mark.all() if n.tag == "path"] for mark in (denial, caution)]
    assert shapes[0] != shapes[1]
    assert "Would be denied" not in caution.whole_text


def test_a_field_that_is_not_filled_in_is_no_warning(form: Page, browser: ExtensionBrowser) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301")
    eyes.see("summary", "Checked and clear")
    assert eyes.find("mark") == []


def test_an_empty_form_is_not_said_to_be_clear(form: Page, browser: ExtensionBrowser) -> None:
    eyes = Eyes(form)
    assert "Not enough is filled in yet" in eyes.see("summary", "Could not check").whole_text
    assert browser.badge(form) == "!"


def test_a_mark_moves_nothing_and_covers_no_control(form: Page) -> None:
    boxes = """() => [...document.querySelectorAll('input, select, button, label, a')]
        .filter(e => e.checkVisibility())
        .map(e => {
            const words = document.createRange();
            words.selectNodeContents(e);
            return (e.matches('label') ? words : e).getBoundingClientRect();
        })
        .map(b => [b.left, b.top, b.right, b.bottom])"""
    fill(form, member_id="XYZ100200301")
    form.locator("#procedure_code_1").scroll_into_view_if_needed()
    before = form.evaluate(boxes)
    eyes = Eyes(form)
    fill(form, procedure_code_1="97112", quantity_1="90", unit_1="visits")
    eyes.see("mark", "24 units")
    assert form.evaluate(boxes) == before
    for mark in eyes.find("mark"):
        left, top, right, bottom = eyes.box(mark)
        covered = [b for b in before if b[0] < right and left < b[2] and b[1] < bottom and top < b[3]]
        assert covered == []


def test_the_summary_keeps_off_a_marked_field_even_where_it_covers_more_of_the_rest(form: Page) -> None:
    eyes = Eyes(form)
    form.set_viewport_size({"width": 1280, "height": 800})
    fill(form, member_id="XYZ100200301", procedure_code_1="97110", quantity_1="12")
    eyes.see("summary", "Checked and clear")
    form.evaluate(
        """() => {
            for (const corner of ['left: 0; top: 0', 'right: 0; top: 0', 'left: 0; bottom: 0']) {
                const links = document.createElement('div');
                links.style = `position: fixed; ${corner}; width: 500px; height: 200px; background: white`;
                for (let i = 0; i < 20; i++) {
                    const link = document.createElement('a');
                    Object.assign(link, { href: '#', textContent: 'Help' });
                    link.style = 'display: block; width: 500px; height: 10px';
                    links.append(link);
                }
                document.body.append(links);
            }
            const cut = 'position: fixed; left: 1000px; top: 775px; width: 200px; height: 40px';
            document.querySelector('#quantity_1').style = cut;
        }"""
    )
    fill(form, quantity_1="90")
    mark = eyes.box(eyes.see("mark", "24 units"))
    summary = eyes.box(eyes.see("summary"))
    assert mark[3] <= 800
    assert mark[2] <= 1280
    for left, top, right, bottom in (mark, (1000, 775, 1200, 815)):
        assert not (left < summary[2] and summary[0] < right and top < summary[3] and summary[1] < bottom)


def test_a_form_in_nested_open_shadow_roots_is_marked_beside_its_field(form: Page) -> None:
    form.evaluate(
        """() => {
            const main = document.querySelector('main');
            const outer = document.createElement('portal-shell');
            const inner = document.createElement('portal-form');
            main.replaceWith(outer);
            outer.attachShadow({ mode: 'open' }).append(inner);
            const root = inner.attachShadow({ mode: 'open' });
            for (const style of document.querySelectorAll('style, link')) root.append(style.cloneNode(true));
            root.append(main);
        }"""
    )
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    field = form.locator("#procedure_code_1")
    field.scroll_into_view_if_needed()
    left, top, right, bottom = eyes.box(eyes.see("mark", "97110"))
    box = field.bounding_box()
    assert box is not None
    assert top < box["y"] + box["height"] + 40
    assert bottom > box["y"] - 40
    assert not (left < box["x"] + box["width"] and box["x"] < right
                and top < box["y"] + box["height"] and box["y"] < bottom)  # fmt: skip
    fill(form, procedure_code_1="97110")
    eyes.see_none("mark")


def test_a_mark_follows_its_field_and_returns_when_the_page_renders_it_anew(form: Page) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    eyes.see("mark", "97110")
    form.evaluate(
        """() => {
            const old = document.querySelector('#procedures'), fresh = old.cloneNode(true);
            fresh.querySelector('#procedure_code_1').value = old.querySelector('#procedure_code_1').value;
            old.replaceWith(fresh);
        }"""
    )

    def beside() -> bool:
        field = form.locator("#procedure_code_1").bounding_box()
        found = eyes.find("mark", "97110")
        if not field or not found:
            return False
        try:
            left, top, right, bottom = eyes.box(found[0])
        except PlaywrightError:  # taken away between the two looks
            return False
        return (
            left < field["x"] + field["width"] + 40
            and right > field["x"] - 40
            and top < field["y"] + field["height"] + 40
            and bottom > field["y"] - 40
        )

    until(beside, form, what="the mark beside the new field")
    form.mouse.wheel(0, 200)
    until(beside, form, what="the mark beside the field after scrolling")


def test_page_scripts_see_nothing_of_what_is_shown(form: Page) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    eyes.see("mark", "97110")
    assert "97110" not in form.evaluate(
        "() => document.documentElement.innerText + document.documentElement.outerHTML"
    )
    assert form.evaluate("() => [...document.querySelectorAll('*')].every(e => e.shadowRoot === null)")
    assert form.evaluate("() => Object.keys(window).filter(k => /tally|wxt/i.test(k))") == []


def test_the_page_cannot_take_the_marks_away(form: Page) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    eyes.see("mark", "97110")
    form.evaluate("() => document.documentElement.lastElementChild.remove()")
    form.add_style_tag(content="html > div { display: none !important; opacity: 0 !important }")
    left, top, right, bottom = eyes.box(eyes.see("mark", "97110"))
    assert right - left > 20
    assert bottom - top > 20


def test_a_patient_who_differs_is_not_named_in_the_page_but_in_the_popup(
    form: Page, browser: ExtensionBrowser
) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200302")
    eyes.click(eyes.see("mark", "Differs from the authorization"))
    card = eyes.see("card").whole_text
    assert "shown only in the Tallystick popup" in card
    assert "XYZ100200301" not in eyes.see("summary").whole_text + card
    popup = browser.popup(form)
    expect(popup.get_by_text("XYZ100200301").first).to_be_visible()


def test_an_answer_to_older_input_is_dropped(form: Page, clinic: ScriptedClinic) -> None:
    eyes = Eyes(form)
    release, asked = threading.Event(), threading.Event()

    def slow_for_the_wrong_code(sent: Mapping[str, Any]) -> tuple[int, object]:
        answer = check(sent["page"])
        if answer["findings"]:
            asked.set()
            release.wait(8)
        return 200, answer

    clinic.answers[CHECKS] = slow_for_the_wrong_code
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    until(asked.is_set, form, what="the check of the wrong code")
    eyes.see("summary", "Checking")
    fill(form, procedure_code_1="97110")
    eyes.see("summary", "Checked and clear")
    release.set()
    until(lambda: len(clinic.sent(CHECKS)) >= 3, form, what="all checks")
    form.locator("[name='modifiers_1']").fill("GP")
    form.keyboard.press("Tab")
    until(lambda: clinic.sent(CHECKS)[-1]["page"]["rows"]["procedures"][0]["modifiers"]["text"] == "GP", form)
    assert eyes.find("mark") == []
    assert "Checked and clear" in eyes.see("summary").whole_text


def test_authorizations_that_fit_equally_wait_for_a_persons_choice(
    form: Page, clinic: ScriptedClinic
) -> None:
    def tied(sent: Mapping[str, Any]) -> tuple[int, object]:
        if sent.get("authorization_id") == 13:
            return 200, check(sent["page"]) | {"authorization": authorization() | {"id": 13}}
        candidates = [
            {
                "authorization_id": n,
                "line": 1,
                "score": 3,
                "reasons": ["same member"],
                "label": f"A000{n} · 97110",
            }
            for n in (12, 13)
        ]
        return 200, check({"fields": {}, "rows": {}}) | {"candidates": candidates, "tie": True}

    clinic.answers[CHECKS] = tied
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97110")
    eyes.see("summary", "Several authorizations fit equally well")
    eyes.click(eyes.see("action", "A00013"))
    eyes.see("summary", "Checked and clear")
    assert clinic.sent(CHECKS)[-1]["authorization_id"] == 13


def test_an_unknown_form_is_said_to_be_unknown(
    form: Page, browser: ExtensionBrowser, clinic: ScriptedClinic
) -> None:
    eyes = Eyes(form)
    form.evaluate("() => { document.querySelector('h1').textContent = 'Something new' }")
    assert "not one that Tallystick knows" in eyes.see("summary", "not one that").whole_text
    assert browser.badge(form) == "!"
    popup = browser.popup(form)
    expect(popup.get_by_text("Could not check")).to_be_visible()


def test_a_failing_server_is_told_and_its_sentence_is_shown_in_the_popup(
    form: Page, browser: ExtensionBrowser, clinic: ScriptedClinic
) -> None:
    clinic.answers[CHECKS] = lambda _: (
        503,
        {"error": {"code": "busy", "message": "The record is being moved."}},
    )
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301")
    eyes.see("summary", "answered with an error")
    expect(browser.popup(form).get_by_text("The record is being moved.")).to_be_visible()


def test_the_popup_shows_both_halves_the_ledger_and_the_way_to_the_dashboard(
    form: Page, browser: ExtensionBrowser, clinic: ScriptedClinic
) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112", quantity_1="12")
    eyes.see("mark", "97110")
    popup = browser.popup(form)
    row = popup.get_by_role("row", name="Procedure code")
    expect(row.get_by_role("cell").nth(0)).to_have_text("97110")
    expect(row.get_by_role("cell").nth(1)).to_have_text("97112")
    expect(popup.get_by_text("24 units").first).to_be_visible()
    expect(popup.get_by_role("link", name="Open in dashboard")).to_have_attribute(
        "href", f"{clinic.url}/authorizations/12"
    )
    fill(form, procedure_code_1="97110")
    expect(popup.get_by_text("Checked and clear")).to_be_visible()


def test_the_popup_speaks_of_another_tab_only_when_our_own_page_opened_it(
    form: Page, browser: ExtensionBrowser
) -> None:
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    Eyes(form).see("mark", "97110")
    stray = browser.own_page(f"popup.html?tab={browser.tab_of(form)}")
    expect(stray.get_by_text("Not a portal")).to_be_visible()


@pytest.fixture
def detail(browser: ExtensionBrowser, clinic: ScriptedClinic, portal: sandbox.Served) -> Iterator[Page]:
    """An approved authorization's page, with a server that takes readings."""
    clinic.answers[READINGS] = lambda _: (
        201,
        {
            "state": "accepted", "outcome": "read", "authorization": authorization(), "changes": [],
            "reading": {
                "id": 1, "can_undo": True, "determination": "approved", "determination_text": "Approved",
                "values": {"numbers": [{"label": "Authorization number", "value": "004815162"}]},
            },
            "message": "The reading agrees with the record.",
        },
    )  # fmt: skip
    page = browser.context.new_page()
    page.goto(f"{portal.url(SLUG)}/status")
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    yield page
    page.close()


def test_a_status_page_is_recorded_on_a_persons_click(detail: Page, clinic: ScriptedClinic) -> None:
    eyes = Eyes(detail)
    eyes.see("summary", "This page can be recorded")
    assert clinic.sent(READINGS) == []
    eyes.click(eyes.see("action", "Record this reading"))
    shown = eyes.see("summary", "The reading agrees with the record.").whole_text
    assert "004815162" in shown
    assert "without a picture" in shown
    [sent] = clinic.sent(READINGS)
    assert sent["portal"] == SLUG
    assert sent["page"]["page"] == "detail"
    assert sent["page"]["fields"]["determination"]["text"] == "Approved"
    assert "picture" not in sent


def test_a_click_that_a_script_made_records_nothing(detail: Page, clinic: ScriptedClinic) -> None:
    eyes = Eyes(detail)
    button = eyes.see("action", "Record this reading")
    remote = eyes.cdp.send("DOM.resolveNode", {"backendNodeId": button.id})["object"]["objectId"]
    eyes.cdp.send(
        "Runtime.callFunctionOn",
        {
            "objectId": remote,
            "functionDeclaration": """function () {
                this.click();
                this.dispatchEvent(new MouseEvent('click', {bubbles: true}));
            }""",
        },
    )
    left, top, right, bottom = eyes.box(button)
    detail.evaluate(
        """([x, y]) => document.elementFromPoint(x, y)
            .dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: x, clientY: y}))""",
        [(left + right) / 2, (top + bottom) / 2],
    )
    eyes.click(button)
    eyes.see("summary", "The reading agrees")
    assert len(clinic.sent(READINGS)) == 1


def test_a_reading_that_needs_a_person_is_not_called_recorded(detail: Page, clinic: ScriptedClinic) -> None:
    clinic.answers[READINGS] = lambda _: (
        201,
        {"state": "waiting", "outcome": "identity_unconfirmed", "authorization": None, "changes": [],
         "reading": {"id": 2, "can_undo": False, "determination": None, "determination_text": None,
                     "values": {}},
         "message": "The page shows too little of the patient."},
    )  # fmt: skip
    eyes = Eyes(detail)
    eyes.click(eyes.see("action", "Record this reading"))
    eyes.see("summary", "waits for a person")


def test_a_stopped_background_goes_on_where_it_was(
    form: Page, browser: ExtensionBrowser, clinic: ScriptedClinic
) -> None:
    eyes = Eyes(form)
    fill(form, member_id="XYZ100200301", procedure_code_1="97112")
    eyes.see("mark", "97110")
    own = browser.own_page("options.html")
    session = browser.context.new_cdp_session(own)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    own.close()
    fill(form, procedure_code_1="97110")
    eyes.see_none("mark")
    eyes.see("summary", "Checked and clear")


def test_a_host_that_only_looks_like_the_portal_is_left_alone(
    browser: ExtensionBrowser, portal: sandbox.Served
) -> None:
    page = browser.context.new_page()
    for host in ("127.0.0.1", "example-payer.localhost.localhost", "xexample-payer.localhost"):
        page.goto(f"http://{host}:{portal.port}/sign-in")
        assert page.evaluate("() => document.documentElement.children.length") == 2
    page.close()


def test_the_connection_can_be_tested_from_the_options(browser: ExtensionBrowser) -> None:
    page = browser.own_page("options.html")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("The server knows this browser.")).to_be_visible()
    page.close()


def test_a_form_inside_the_portals_frame_is_marked_there_and_summed_up_in_its_shell(
    browser: ExtensionBrowser, clinic: ScriptedClinic
) -> None:
    with sandbox.serve(["availity"]) as portal:
        page = browser.context.new_page()
        signed_in_at_availity(page, portal)
        page.goto(f"{portal.url('availity')}/static/web/onb/onboarding-ui-apps/navigation/#{WIZARD}")
        frame = page.frame_locator("iframe#newBodyFrame")
        eyes = Eyes(page)
        member = frame.locator("[id='subscriber.memberId']")
        member.fill("XYZ100200302")
        mark = eyes.see("mark", "Differs from the authorization")
        left, top, right, bottom = eyes.box(mark)
        field = member.bounding_box()
        assert field is not None
        assert top < field["y"] + field["height"] + 40
        assert bottom > field["y"] - 40
        assert not (left < field["x"] + field["width"] and field["x"] < right
                    and top < field["y"] + field["height"] and field["y"] < bottom)  # fmt: skip
        assert [node.whole_text for node in eyes.find("summary")] == ["1 field does not match"]
        assert browser.badge(page) == "1"
        member.fill("XYZ100200301")
        eyes.see("summary", "Checked and clear")
        assert eyes.find("mark") == []
        page.close()


def signed_in_at_availity(page: Page, portal: sandbox.Served) -> None:
    """Gives the page's browser a session of the sandbox, as its sign-in would."""
    state = portal.states["availity"]
    account = next(iter(state.accounts.values()))
    _, visit = state.give_password(account.username, account.password)
    assert visit is not None
    assert state.give_code(visit, account.code(datetime.now(UTC))) == "in"
    page.context.add_cookies(
        [{"name": "availity_session", "value": visit.token, "url": portal.url("availity")}]
    )


@pytest.fixture
def fresh(playwright: Playwright, tmp_path: Path) -> Iterator[tuple[ExtensionBrowser, sandbox.Served, Page]]:
    """A browser that was never paired, signed in to the portal, on its request form."""
    with sandbox.serve([SLUG]) as portal, extension_browser(playwright, tmp_path / "profile") as browser:
        page = browser.context.new_page()
        sign_in(page, portal)
        page.goto(f"{portal.url(SLUG)}/requests/new")
        yield browser, portal, page


def test_an_unpaired_browser_says_so_and_a_pairing_is_taken_up_by_open_pages(
    fresh: tuple[ExtensionBrowser, sandbox.Served, Page],
) -> None:
    browser, _, page = fresh
    eyes = Eyes(page)
    fill(page, member_id="XYZ100200301", procedure_code_1="97112")
    eyes.see("summary", "not paired")
    assert browser.badge(page) == "?"
    with ScriptedClinic() as clinic:
        options = browser.own_page("options.html")
        options.get_by_label("Server address").fill("http://tally.clinic.example")
        options.get_by_label("Pairing code").fill("WRONG234")
        options.get_by_label("Name of this browser").fill("Front desk")
        options.get_by_role("button", name="Pair", exact=True).click()
        expect(options.get_by_text("must begin with https://")).to_be_visible()
        options.get_by_label("Server address").fill(clinic.url)
        options.get_by_role("button", name="Pair", exact=True).click()
        expect(options.get_by_text("This code opens nothing.")).to_be_visible()
        options.get_by_label("Pairing code").fill(CODE)
        options.get_by_role("button", name="Pair", exact=True).click()
        expect(options.get_by_text("Paired with Riverbend Clinic")).to_be_visible()
        page.bring_to_front()
        eyes.see("mark", "97110")
        assert clinic.refused == []


def test_nothing_is_clear_while_the_server_is_not_reached_or_refuses_the_device(
    fresh: tuple[ExtensionBrowser, sandbox.Served, Page],
) -> None:
    browser, _, page = fresh
    eyes = Eyes(page)
    with ScriptedClinic() as clinic:
        browser.pair(clinic.url, CODE).close()
        fill(page, member_id="XYZ100200301", procedure_code_1="97110")
        eyes.see("summary", "Checked and clear")
        clinic.revoke()
        fill(page, quantity_1="1")
        eyes.see("summary", "no longer accepts this browser")
    fill(page, quantity_1="2")
    eyes.see("summary", "was not reached")
    assert browser.badge(page) == "×"
    assert eyes.find("summary", "Checked and clear") == []


#: Keeps every icon that the background sets, as what is drawn (1) and what is not (0), and its title.
KEEP_ICONS = """() => {
    globalThis.icons = {};
    const { setIcon, setTitle } = chrome.action;
    const titles = new Map();
    chrome.action.setTitle = (what) => {
        titles.set(what.tabId, what.title);
        return setTitle.call(chrome.action, what);
    };
    chrome.action.setIcon = (what) => {
        const { data } = what.imageData[16];
        const shape = [];
        for (let at = 3; at < data.length; at += 4) shape.push(data[at] > 127 ? 1 : 0);
        globalThis.icons[titles.get(what.tabId)] = shape;
        return setIcon.call(chrome.action, what);
    };
}"""


def test_the_icons_of_all_states_differ_in_shape_and_title(
    fresh: tuple[ExtensionBrowser, sandbox.Served, Page],
) -> None:
    browser, portal, page = fresh
    eyes = Eyes(page)
    worker = browser.context.service_workers[0]
    worker.evaluate(KEEP_ICONS)
    fill(page, member_id="XYZ100200301", procedure_code_1="97110")
    eyes.see("summary", "not paired")
    with ScriptedClinic() as clinic:
        browser.pair(clinic.url, CODE).close()
        eyes.see("summary", "Checked and clear")
        fill(page, procedure_code_1="97112")
        eyes.see("mark", "Would be denied")
        fill(page, procedure_code_1="97110", unit_1="visits")
        eyes.see("mark", "Check.")
        clinic.answers[CHECKS] = lambda _: (503, {"error": {"code": "busy", "message": "Later."}})
        fill(page, quantity_1="1")
        eyes.see("summary", "answered with an error")
    fill(page, quantity_1="2")
    eyes.see("summary", "was not reached")
    page.goto(f"{portal.url(SLUG)}/status")
    nothing = "Nothing to check on this page"
    until(lambda: _icons_of(worker, {nothing}), page, what="the icon of a page with nothing to check")
    page.goto("about:blank")
    names = {
        "Not paired with your clinic", "Checked and clear", "Fields that need a look: 1", "Could not check",
        "Your clinic's server was not reached", nothing, "Not a portal",
    }  # fmt: skip
    icons: dict[str, list[int]] = until(lambda: _icons_of(worker, names), page, what="an icon of every state")
    shapes = list(icons.items())
    for n, (name, shape) in enumerate(shapes):
        assert 20 < sum(shape) < 240, name
        for other, its in shapes[n + 1 :]:
            assert sum(a != b for a, b in zip(shape, its, strict=True)) >= 12, (name, other)


def _icons_of(worker: Worker, names: set[str]) -> dict[str, list[int]]:
    """Title -> shape, once there is one of each name."""
    kept: dict[str, list[int]] = worker.evaluate("() => globalThis.icons")
    said = {title.removeprefix("Tallystick: "): shape for title, shape in kept.items()}
    return said if names <= said.keys() else {}
