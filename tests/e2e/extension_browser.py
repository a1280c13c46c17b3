"""A real Chromium with the built extension, and eyes that see into its closed shadow roots."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from automation.browser import arguments, find_browser
from automation.sandbox import Served

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "extension" / ".output" / "sandbox-chrome-mv3"
Seen = TypeVar("Seen")
#: The browser itself calls nobody.
ARGUMENTS = tuple(arguments(root=True))


def until(
    look: Callable[[], Seen],
    page: Page,
    seconds: float = 30.0,
    what: str = "",
    instead: Callable[[], str] = lambda: "",
) -> Seen:
    """The first true value of `look`, asked again while the page goes on; fails after `seconds`.

    instead: what is there, for the failure's report.
    """
    end = time.monotonic() + seconds
    while not (value := look()):
        if time.monotonic() > end:
            pytest.fail(f"not seen within {seconds:g} s: {what}. {instead()}")
        page.wait_for_timeout(15)
    return value


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a DOM that may lie in a closed shadow root or a frame."""

    id: int
    tag: str
    attributes: dict[str, str]
    text: str
    children: tuple[Node, ...]
    closed: bool = False

    def all(self) -> Iterator[Node]:
        """Itself and everything in it."""
        yield self
        for child in self.children:
            yield from child.all()

    def has_class(self, name: str) -> bool:
        return name in self.attributes.get("class", "").split()

    @property
    def whole_text(self) -> str:
        """Its text as it would be read out, styles aside."""
        return " ".join(
            t for t in (n.text for n in self.all() if n.tag not in ("style", "script")) if t
        ).strip()


def _node(raw: dict[str, Any]) -> Node:
    pairs = raw.get("attributes", [])
    inner = [*raw.get("children", []), *raw.get("shadowRoots", [])]
    if "contentDocument" in raw:
        inner.append(raw["contentDocument"])
    return Node(
        id=raw["backendNodeId"],
        tag=raw["nodeName"].lower(),
        attributes=dict(zip(pairs[::2], pairs[1::2], strict=True)),
        text=" ".join(raw.get("nodeValue", "").split()) if raw["nodeType"] == 3 else "",
        children=tuple(_node(child) for child in inner),
        closed=raw.get("shadowRootType") == "closed",
    )


@dataclass(slots=True)
class Eyes:
    """What the extension shows in a page, through the browser's debugger: page scripts see none of it."""

    page: Page
    cdp: Any = field(init=False)

    def __post_init__(self) -> None:
        self.cdp = self.page.context.new_cdp_session(self.page)

    def find(self, class_name: str, text: str = "") -> list[Node]:
        """Elements in closed shadow roots with this class, shown, whose text holds `text`."""
        return [
            node
            for node in self._closed()
            if node.has_class(class_name) and "hidden" not in node.attributes and text in node.whole_text
        ]

    def see(self, class_name: str, text: str = "", seconds: float = 30.0) -> Node:
        """Waits for one of them."""
        what = f".{class_name} with {text!r}"
        return until(lambda: self.find(class_name, text), self.page, seconds, what, self.told)[0]

    def told(self) -> str:
        """All that the extension shows or hides in the page now, for the report of a failure."""
        parts = [
            f"{node.attributes.get('class', node.tag)}"
            f"{' (hidden)' if 'hidden' in node.attributes else ''}: {node.whole_text[:300]}"
            for class_name in ("mark", "summary")
            for node in self._closed()
            if node.has_class(class_name)
        ]
        return f"Shown: {' | '.join(parts) or 'nothing'}"

    def see_none(self, class_name: str, text: str = "", seconds: float = 30.0) -> None:
        """Waits until there is none of them."""
        until(lambda: not self.find(class_name, text), self.page, seconds, f"no .{class_name} with {text!r}")

    def named(self, name: str, seconds: float = 30.0) -> Node:
        """Waits for the control that the extension itself calls by this name."""
        return until(lambda: self._named(name), self.page, seconds, f"the control {name!r}")[0]

    def has(self, name: str) -> bool:
        """Whether the extension shows a control that it calls by this name, now."""
        return bool(self._named(name))

    def _named(self, name: str) -> list[Node]:
        return [node for node in self._closed() if node.attributes.get("data-name") == name]

    def roots(self) -> list[str]:
        """The HTML of each closed shadow root in the page, its styles included."""
        root = _node(self.cdp.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"])
        html = []
        for shadow in (node for node in root.all() if node.closed):
            held = self.cdp.send("DOM.resolveNode", {"backendNodeId": shadow.id})["object"]["objectId"]
            told = {"objectId": held, "functionDeclaration": "function () { return this.innerHTML; }"}
            html.append(self.cdp.send("Runtime.callFunctionOn", told)["result"]["value"])
        return html

    def _closed(self) -> list[Node]:
        """Every element in the page's closed shadow roots."""
        root = _node(self.cdp.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"])
        return [node for shadow in root.all() if shadow.closed for node in shadow.all()]

    def box(self, node: Node) -> tuple[float, float, float, float]:
        """left, top, right, bottom in the window, CSS pixels."""
        quad = self.cdp.send("DOM.getBoxModel", {"backendNodeId": node.id})["model"]["border"]
        return min(quad[0::2]), min(quad[1::2]), max(quad[0::2]), max(quad[1::2])

    def click(self, node: Node) -> None:
        """A click as a person makes it, in its middle, once it stands still."""
        boxes = [self.box(node)]

        def still() -> bool:
            boxes.append(self.box(node))
            return boxes[-1] == boxes[-2]

        until(still, self.page, what="something to click that stands still")
        left, top, right, bottom = boxes[-1]
        self.page.mouse.click((left + right) / 2, (top + bottom) / 2)


@dataclass(slots=True)
class ExtensionBrowser:
    """The browser with the extension. `id`: the extension's own, part of its pages' addresses.

    desk: one of its pages, kept open to ask the browser's functions: the background may stop at any time.
    """

    context: BrowserContext
    id: str
    desk: Page

    def own_page(self, name: str) -> Page:
        """popup.html or options.html in a tab."""
        page = self.context.new_page()
        page.goto(f"chrome-extension://{self.id}/{name}")
        return page

    def pair(self, url: str, code: str, name: str = "Front desk") -> Page:
        """Pairs through the options page, as a person does, and answers with that page."""
        page = self.own_page("options.html")
        page.get_by_label("Server address").fill(url)
        page.get_by_label("Pairing code").fill(code)
        page.get_by_label("Name of this browser").fill(name)
        page.get_by_role("button", name="Pair", exact=True).click()
        page.get_by_text("Paired with").wait_for()
        return page

    def tab_of(self, page: Page) -> int:
        """The browser's own number of a page's tab. Addresses are told of granted hosts only: another page's
        tab is brought to the front, where it is the active one.
        """
        pattern = page.url.split("#")[0]
        tabs: list[dict[str, Any]] = self.desk.evaluate("() => chrome.tabs.query({})")
        known = [tab["id"] for tab in tabs if str(tab.get("url", "")).split("#")[0] == pattern]
        if known:
            return int(known[0])
        page.bring_to_front()
        [active] = self.desk.evaluate("() => chrome.tabs.query({ active: true })")
        return int(active["id"])

    def popup(self, page: Page) -> Page:
        """The popup for a page's tab, opened by our own options page."""
        opener = self.own_page("options.html")
        with opener.expect_popup() as opened:
            opener.evaluate(f"() => {{ window.open('popup.html?tab={self.tab_of(page)}') }}")
        # A window that another opens gets the extension's functions only with its second document.
        opened.value.wait_for_load_state()
        opened.value.reload()
        opened.value.locator("main > *").first.wait_for()
        return opened.value

    def badge(self, page: Page) -> str:
        """The text on the toolbar icon for a page's tab."""
        tab = self.tab_of(page)
        return str(self.desk.evaluate(f"() => chrome.action.getBadgeText({{ tabId: {tab} }})"))


@contextmanager
def ended_after(seconds: float, folder: Path) -> Iterator[None]:
    """Ends the browsers with profiles in `folder` if the work takes longer, so that it fails and never hangs.

    Playwright sets no limit to what it asks of a page that has stopped answering.
    """
    limit = threading.Timer(seconds, _end_browsers, [folder])
    limit.daemon = True
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def _end_browsers(folder: Path) -> None:
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended by itself
            words = command.read_bytes().decode(errors="replace").split("\0")
            if any(word.startswith(f"--user-data-dir={folder}") for word in words):
                os.kill(int(command.parent.name), signal.SIGKILL)


@contextmanager
def extension_browser(playwright: Playwright, profile: Path) -> Iterator[ExtensionBrowser]:
    """Chromium with the built sandbox extension and an empty profile folder."""
    if not (EXTENSION / "manifest.json").exists():
        pytest.fail("The extension is not built: npm --prefix extension run build:sandbox")
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=find_browser(),
        headless=True,
        args=[
            *ARGUMENTS,
            f"--disable-extensions-except={EXTENSION}",
            f"--load-extension={EXTENSION}",
        ],
        viewport={"width": 1280, "height": 900},
    )
    try:
        workers = context.service_workers
        worker = workers[0] if workers else context.wait_for_event("serviceworker")
        extension = worker.url.split("/")[2]
        desk = context.new_page()
        desk.goto(f"chrome-extension://{extension}/options.html")
        yield ExtensionBrowser(context, extension, desk)
    finally:
        context.close()


def sign_in(page: Page, sandbox: Served, slug: str = "example_payer", *, account: int = 0) -> None:
    """Signs a person in to the example portal's sandbox, cookie banner out of the way.

    account: which of the sandbox's; a one-time code of an account is good once.
    """
    records = sandbox.states[slug].records
    person = records.accounts[account]
    page.goto(f"{sandbox.url(slug)}/sign-in")
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("One-time code").fill(pyotp.TOTP(person.totp_secret).now())
    page.get_by_role("button", name="Continue").click()
    if page.get_by_label("Organization").is_visible():
        page.get_by_label("Organization").select_option(person.organizations[0])
        page.get_by_role("button", name="Continue").click()
    if page.get_by_role("button", name="Accept cookies").is_visible():
        page.get_by_role("button", name="Accept cookies").click()
