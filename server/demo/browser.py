"""A browser with the extension loaded and paired, on the sandbox's request form: shown, or toured."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, Worker, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from automation.browser import arguments, find_browser
from automation.sandbox import Served
from server.context import utc_now
from server.demo.clinic import SHOWN
from server.errors import Problem

EXTENSION = Path(__file__).parents[2] / "extension" / ".output" / "sandbox-chrome-mv3"
WINDOW = {"width": 1280, "height": 860}
START_MS = 15_000


def show(served: Served, address: str, sign_in_link: str) -> None:
    """Opens a window for a person, on a form with one mismatch typed in, and waits until it is closed.

    Raises Problem without the extension.
    """
    with _browser(headless=False) as context:
        _pair(context, address, sign_in_link)
        form = _open_form(context, served)
        form.bring_to_front()
        _type_too_much(form)
        context.wait_for_event("close", timeout=0)


def tour(served: Served, address: str, sign_in_link: str, pictures: Path) -> Iterator[Path]:
    """Does what a person would see in the first minutes and gives each picture's path as it is written."""
    pictures.mkdir(parents=True, exist_ok=True)
    with _browser(headless=True) as context:
        dashboard = _pair(context, address, sign_in_link)
        form = _open_form(context, served)
        yield from _mismatch_and_fix(form, pictures)
        yield _popup(context, form, pictures)
        yield from _dashboard(dashboard, address, pictures)


def _type_too_much(form: Page) -> Locator:
    """An addition to an approval: the procedure is right, the quantity is more than what remains.

    Waits for the mark and gives the part of the form in which it stands.
    """
    typed = SHOWN["typed"]
    form.get_by_label("Member ID").fill(typed["member_id"])
    form.get_by_label("Last name").fill(typed["last_name"])
    form.get_by_label("First name").fill(typed["first_name"])
    form.get_by_label("Date of birth").fill(typed["birth_date"])
    first = form.locator("fieldset.procedure").first
    first.get_by_label("Procedure code").fill(typed["procedure_code"])
    first.get_by_label("Modifiers").fill(typed["modifiers"])
    first.get_by_label("Quantity").fill(typed["too_much"])
    first.get_by_label("Unit").select_option(label=typed["unit"])
    form.get_by_label("Rendering NPI").fill(typed["rendering_npi"])
    form.get_by_label("Rendering NPI").press("Tab")
    _wait_for_badge(form, str.isdigit, "the first mark")
    first.evaluate("part => part.scrollIntoView({ block: 'center' })")
    return first


def _mismatch_and_fix(form: Page, pictures: Path) -> Iterator[Path]:
    first = _type_too_much(form)
    yield _picture(form, pictures / "1-mismatch-marked.png")
    first.get_by_label("Quantity").fill(SHOWN["typed"]["enough"])
    first.get_by_label("Quantity").press("Tab")
    _wait_for_badge(form, "✓".__eq__, "the clear state")
    yield _picture(form, pictures / "2-corrected-and-clear.png")


def _popup(context: BrowserContext, form: Page, pictures: Path) -> Path:
    opener = _own_page(context)
    with opener.expect_popup() as opened:
        opener.evaluate(f"() => {{ window.open('popup.html?tab={_tab_of(form)}') }}")
    popup = opened.value
    popup.wait_for_load_state()
    popup.reload()  # a window that another opens gets the extension's functions only with its second document
    popup.locator("main > *").first.wait_for()
    popup.set_viewport_size({"width": 420, "height": 720})
    return _picture(popup, pictures / "3-popup.png")


def _dashboard(page: Page, address: str, pictures: Path) -> Iterator[Path]:
    """The worklist, one authorization with both halves, the pass, the portals."""
    for number, (name, path) in enumerate(
        (
            ("worklist", "/"),
            ("authorizations", "/authorizations"),
            ("passes", "/runs/1"),
            ("portals", "/portals"),
        ),
        start=4,
    ):
        page.goto(f"{address}{path}")
        yield _picture(page, pictures / f"{number}-{name}.png", whole=name != "worklist")
    page.goto(f"{address}/authorizations")
    page.get_by_label("Member ID, name or reference number").fill(SHOWN["typed"]["number"])
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=SHOWN["typed"]["last_name"]).click()
    yield _picture(page, pictures / "8-authorization-both-halves.png", whole=True)


@contextmanager
def _browser(*, headless: bool) -> Iterator[BrowserContext]:
    if not (EXTENSION / "manifest.json").exists():
        raise Problem(
            "not_built", "The extension is not built. Run: npm --prefix extension run build:sandbox", 500
        )
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        preferences = Path(profile) / "Default" / "Preferences"
        preferences.parent.mkdir()
        # Its offer to save the password would lie over the marks.
        preferences.write_text(json.dumps({"credentials_enable_service": False}), encoding="utf-8")
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=find_browser(playwright.chromium.executable_path),
            headless=headless,
            chromium_sandbox=not root,
            args=[
                *arguments(root),
                f"--disable-extensions-except={EXTENSION}",
                f"--load-extension={EXTENSION}",
            ],
            viewport={"width": WINDOW["width"], "height": WINDOW["height"]},
        )
        try:
            yield context
        finally:
            # Ctrl-C reaches the browser too, and may have ended it already.
            with suppress(PlaywrightError):
                context.close()


def _worker(context: BrowserContext) -> Worker:
    try:
        return next(iter(context.service_workers), None) or context.wait_for_event(
            "serviceworker", timeout=START_MS
        )
    except PlaywrightTimeout as error:
        raise Problem(
            "extension_not_loaded",
            "This browser does not load an extension from the command line (Chrome itself no longer does). "
            "Install Chromium, or load it by hand as printed above.",
            503,
        ) from error


def _pair(context: BrowserContext, address: str, sign_in_link: str) -> Page:
    """Signs in to the dashboard, pairs the extension as a person does, and gives the dashboard's page."""
    worker = _worker(context)
    dashboard = context.pages[0] if context.pages else context.new_page()
    dashboard.goto(sign_in_link)
    dashboard.get_by_role("button", name="Sign in").click()
    dashboard.goto(f"{address}/devices")
    dashboard.get_by_role("button", name="Pair a browser").click()
    code = dashboard.locator("#pairing-code").inner_text()
    options = context.new_page()
    options.goto(f"chrome-extension://{worker.url.split('/')[2]}/options.html")
    options.get_by_label("Server address").fill(address)
    options.get_by_label("Pairing code").fill(code)
    options.get_by_label("Name of this browser").fill("Demonstration")
    options.get_by_role("button", name="Pair", exact=True).click()
    options.get_by_text("Paired with").wait_for()
    return dashboard


def _open_form(context: BrowserContext, served: Served) -> Page:
    """Signs in to the sandbox as a person of the front desk would, and opens its request form."""
    portal = SHOWN["typed"]["portal"]
    account = served.states[portal].accounts[SHOWN["typed"]["username"]]
    page = context.new_page()
    page.goto(f"{served.url(portal)}/sign-in")
    page.get_by_label("User name").fill(account.username)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("One-time code").fill(account.code(utc_now()))
    page.get_by_role("button", name="Continue").click()
    organization = page.get_by_label("Organization")
    if organization.is_visible():
        organization.select_option(account.organizations[0])
        page.get_by_role("button", name="Continue").click()
    cookies = page.get_by_role("button", name="Accept cookies")
    if cookies.is_visible():
        cookies.click()
    page.goto(f"{served.url(portal)}/requests/new")
    return page


def _own_page(context: BrowserContext) -> Page:
    """The extension's options page, left open: unlike its background it does not end when nothing happens."""
    return next(page for page in context.pages if page.url.endswith("/options.html"))


def _tab_of(page: Page) -> int:
    tabs = _own_page(page.context).evaluate("() => chrome.tabs.query({})")
    return int(next(tab["id"] for tab in tabs if str(tab.get("url", "")) == page.url))


def _wait_for_badge(page: Page, fits: Callable[[str], bool], what: str) -> None:
    """Waits for the toolbar icon's text. Raises Problem when it does not come."""
    tab, own = _tab_of(page), _own_page(page.context)
    end = time.monotonic() + START_MS / 1000
    while not fits(str(own.evaluate(f"() => chrome.action.getBadgeText({{ tabId: {tab} }})"))):
        if time.monotonic() > end:
            raise Problem("tour", f"The tour did not see {what}.", 500)
        page.wait_for_timeout(50)


def _picture(page: Page, path: Path, *, whole: bool = False) -> Path:
    page.screenshot(path=path, full_page=whole)
    return path
