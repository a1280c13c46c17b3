"""The popup beside the real server: the case of a tab, its halves and notes, what to look at next, pauses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from automation import sandbox
from tests.e2e.accessible import DESK, check_looks, check_rules
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, ended_after, extension_browser, sign_in, until
from tests.e2e.real_clinic import RealClinic, real_clinic
from tests.e2e.test_extension_with_server import AGREEING, APPROVED, PENDED, fill

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("extension_popup")]

SLUG = "example_payer"
PATIENCE_MS = 30_000
BRUNO: dict[str, Any] = PENDED | {
    "patient": {
        "member_id": "XYZ100200302",
        "last_name": "Lindgren",
        "first_name": "Bruno",
        "birth_date": "1978-11-05",
    },
    "lines": [{"number": 1, "code": "72148", "modifiers": [], "quantity": 3, "unit": "units"}],
    "reference_numbers": [{"value": "26110500", "kind": "reference", "issuer": "Example Health"}],
}


@pytest.fixture(autouse=True)
def _limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A browser that stops answering fails its test."""
    expect.set_options(timeout=PATIENCE_MS)
    with ended_after(180, tmp_path_factory.getbasetemp()):
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
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClinic]:
    with real_clinic(tmp_path_factory.mktemp("clinic")) as started:
        yield started


@pytest.fixture(scope="module")
def ada(clinic: RealClinic) -> int:
    """Ada Lindqvist's approval."""
    return clinic.add(APPROVED)


@pytest.fixture(scope="module")
def bruno(clinic: RealClinic) -> int:
    """Bruno Lindgren's request, of another patient whose name begins alike."""
    return clinic.add(BRUNO)


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright,
    tmp_path_factory: pytest.TempPathFactory,
    portal: sandbox.Served,
    clinic: RealClinic,
    ada: int,
    bruno: int,
) -> Iterator[ExtensionBrowser]:
    with extension_browser(playwright, tmp_path_factory.mktemp("profile")) as started:
        started.context.grant_permissions(["clipboard-read", "clipboard-write"])
        started.pair(clinic.url, clinic.pairing_code()).close()
        page = started.context.new_page()
        sign_in(page, portal)
        page.close()
        yield started


@pytest.fixture
def elsewhere(browser: ExtensionBrowser, portal: sandbox.Served) -> Iterator[Page]:
    """A tab with a page that is no portal's."""
    page = browser.context.new_page()
    page.goto(f"http://127.0.0.1:{portal.port}/")
    yield page
    page.close()


@pytest.fixture
def form(browser: ExtensionBrowser, portal: sandbox.Served) -> Iterator[Page]:
    """The portal's empty request form, read by the extension."""
    page = browser.context.new_page()
    page.goto(f"{portal.url(SLUG)}/requests/new")
    Eyes(page).see("summary", "Not enough is filled in")
    yield page
    page.close()


@pytest.fixture
def detail(browser: ExtensionBrowser, portal: sandbox.Served) -> Iterator[Page]:
    """The portal's page of Ada's approval."""
    page = browser.context.new_page()
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    Eyes(page).see("summary", "can be recorded")
    yield page
    page.close()


def options(popup: Page) -> Any:
    return popup.get_by_role("option")


# ---- the case of a tab ----


@pytest.mark.parametrize(
    ("typed", "name"),
    [("XYZ100200302", "Lindgren, Bruno"), ("0048-15162", "Lindqvist, Ada"), ("lindq", "Lindqvist, Ada")],
    ids=["member ID", "reference number", "beginning of a last name"],
)
def test_a_case_is_found_and_taken_by_keyboard_alone_on_a_page_that_is_no_portal(
    browser: ExtensionBrowser, elsewhere: Page, typed: str, name: str
) -> None:
    popup = browser.popup(elsewhere)
    expect(popup.get_by_text("Not a portal")).to_be_visible()
    box = popup.get_by_role("combobox", name="Find a case")
    expect(box).to_be_focused()
    popup.keyboard.type(typed)
    expect(options(popup)).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    popup.keyboard.press("ArrowDown")
    expect(options(popup)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "found-0")
    popup.keyboard.press("Enter")
    expect(popup.get_by_role("heading", name=name)).to_be_visible()
    expect(popup.get_by_text("This tab's case")).to_be_visible()


def test_the_arrow_keys_go_round_the_list_and_escape_closes_it_before_it_empties_the_field(
    browser: ExtensionBrowser, elsewhere: Page
) -> None:
    popup = browser.popup(elsewhere)
    box = popup.get_by_role("combobox")
    box.press_sequentially("lind")
    expect(options(popup)).to_have_count(2)
    expect(popup.get_by_text("2 cases found.")).to_be_visible()
    box.press("ArrowUp")
    expect(options(popup).nth(1)).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    expect(options(popup).nth(0)).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(options(popup)).to_have_count(0)
    expect(box).to_have_value("lind")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    box.press("Escape")
    expect(box).to_have_value("")


def test_a_search_that_finds_nothing_says_so(browser: ExtensionBrowser, elsewhere: Page) -> None:
    popup = browser.popup(elsewhere)
    popup.get_by_role("combobox").press_sequentially("nobody of that name")
    expect(popup.get_by_text("No case found.")).to_be_visible()


def take(popup: Page, typed: str, name: str) -> None:
    popup.get_by_role("combobox").fill(typed)
    options(popup).filter(has_text=name).click()
    expect(popup.get_by_role("heading", name=name)).to_be_visible()


def test_the_case_stays_the_tabs_own_until_it_is_let_go_and_is_no_other_tabs(
    browser: ExtensionBrowser, elsewhere: Page, portal: sandbox.Served, ada: int
) -> None:
    popup = browser.popup(elsewhere)
    take(popup, "lindqvist", "Lindqvist, Ada")
    popup.close()
    elsewhere.goto(f"http://127.0.0.1:{portal.port}/another-page")
    again = browser.popup(elsewhere)
    expect(again.get_by_role("heading", name="Lindqvist, Ada")).to_be_visible()
    other = browser.context.new_page()
    other.goto(f"http://127.0.0.1:{portal.port}/a-second-tab")
    beside = browser.popup(other)
    expect(beside.get_by_text("Not a portal")).to_be_visible()
    expect(beside.get_by_role("heading", name="Lindqvist, Ada")).to_have_count(0)
    other.close()
    again.get_by_role("button", name="Let go").click()
    expect(again.get_by_role("heading", name="Lindqvist, Ada")).to_have_count(0)


def test_the_case_goes_with_its_tab_and_only_its_number_was_kept(
    browser: ExtensionBrowser, portal: sandbox.Served, ada: int
) -> None:
    page = browser.context.new_page()
    page.goto(f"http://127.0.0.1:{portal.port}/")
    number = browser.tab_of(page)
    popup = browser.popup(page)
    take(popup, "lindqvist", "Lindqvist, Ada")
    popup.close()
    kept = browser.desk.evaluate("() => chrome.storage.session.get(null)")
    assert kept[f"case:{number}"] == ada
    assert "Lindqvist" not in json.dumps(browser.desk.evaluate("() => chrome.storage.local.get(null)"))
    page.close()
    gone = "async (key) => !(key in (await chrome.storage.session.get(null)))"
    until(lambda: browser.desk.evaluate(gone, f"case:{number}"), browser.desk, 30, "the case to be forgotten")


def test_the_case_that_a_page_names_is_proposed_and_kept_on_a_persons_word(
    browser: ExtensionBrowser, detail: Page, portal: sandbox.Served
) -> None:
    popup = browser.popup(detail)
    expect(popup.get_by_role("heading", name="Lindqvist, Ada")).to_be_visible()
    expect(popup.get_by_text("Named on this page", exact=True)).to_be_visible()
    popup.get_by_role("button", name="Keep for this tab").click()
    expect(popup.get_by_text("This tab's case")).to_be_visible()


def test_a_page_that_names_another_case_than_the_tabs_is_pointed_out(
    browser: ExtensionBrowser, detail: Page
) -> None:
    popup = browser.popup(detail)
    take(popup, "lindgren", "Lindgren, Bruno")
    expect(popup.get_by_text("This page names another case")).to_be_visible()
    expect(popup.get_by_text("Lindqvist, Ada, 03/12/1961")).to_be_visible()
    popup.get_by_role("button", name="Change to the page's case").click()
    expect(popup.get_by_role("heading", name="Lindqvist, Ada")).to_be_visible()
    expect(popup.get_by_text("This page names another case")).to_have_count(0)


# ---- the case shown ----


def test_both_halves_stand_side_by_side_with_what_differs_first(
    browser: ExtensionBrowser, form: Page
) -> None:
    fill(form, **(AGREEING | {"procedure_code_1": "97530"}))
    Eyes(form).see("mark", "Would be denied")
    popup = browser.popup(form)
    table = popup.get_by_role("table").filter(has_text="Entered")
    first = table.get_by_role("row").nth(1)
    expect(first.get_by_role("rowheader")).to_have_text("Procedure code")
    expect(first.get_by_role("cell").nth(1)).to_have_text("97530")
    expect(first).to_contain_text("differs, would be denied")
    expect(table.get_by_role("row", name="Birth date").get_by_role("cell").nth(0)).to_have_text("03/12/1961")


def test_where_the_page_says_nothing_the_service_last_compared_is_the_other_half(
    browser: ExtensionBrowser, elsewhere: Page, clinic: RealClinic, ada: int
) -> None:
    service = {"procedure_code": "97110", "modifiers": ["GP"], "quantity": 90, "unit": "units",
               "member_id": "XYZ100200301", "date_from": "2026-12-07"}  # fmt: skip
    asked = {"checkpoint": "pre_service", "service": service, "authorization_id": ada}
    answer = clinic.client.post("/api/v1/checks", json=asked, headers=clinic.headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    popup = browser.popup(elsewhere)
    take(popup, "lindqvist", "Lindqvist, Ada")
    table = popup.get_by_role("table", name=re.compile("^Last compared: before|^Last compared: pre"))
    row = table.get_by_role("row", name="Quantity")
    expect(row.get_by_role("cell").nth(0)).to_have_text("24 units")
    expect(row.get_by_role("cell").nth(1)).to_have_text("90 units")


def test_how_fresh_the_status_is_and_who_looked_is_said_once_a_page_was_recorded(
    browser: ExtensionBrowser, elsewhere: Page, clinic: RealClinic, detail: Page
) -> None:
    popup = browser.popup(detail)
    popup.get_by_role("button", name="Record this reading").click()
    expect(popup.get_by_text(re.compile("^Read .* by a person$"))).to_be_visible()


def test_a_number_is_copied_by_its_button_and_that_is_said(
    browser: ExtensionBrowser, elsewhere: Page
) -> None:
    popup = browser.popup(elsewhere)
    take(popup, "lindqvist", "Lindqvist, Ada")
    popup.get_by_role("button", name="Copy: Authorization number").first.click()
    expect(popup.get_by_text("Copied: Authorization number")).to_be_attached()
    assert popup.evaluate("() => navigator.clipboard.readText()") == "004815162"
    popup.get_by_role("button", name="Copy: Birth date").first.click()
    expect(popup.get_by_text("Copied: Birth date")).to_be_attached()
    assert popup.evaluate("() => navigator.clipboard.readText()") == "03/12/1961"


def test_the_dashboard_opens_on_the_case(
    browser: ExtensionBrowser, elsewhere: Page, clinic: RealClinic, ada: int
) -> None:
    popup = browser.popup(elsewhere)
    take(popup, "lindqvist", "Lindqvist, Ada")
    expect(popup.get_by_role("link", name="Open in dashboard")).to_have_attribute(
        "href", f"{clinic.url}/authorizations/{ada}"
    )


# ---- notes and calls ----


def test_a_phone_call_is_kept_at_the_server_and_shown_first(
    browser: ExtensionBrowser, elsewhere: Page, clinic: RealClinic, bruno: int
) -> None:
    popup = browser.popup(elsewhere)
    take(popup, "lindgren", "Lindgren, Bruno")
    popup.get_by_text("Add a note or a phone call").click()
    popup.get_by_label("What was said").fill("Sent the chart.")
    popup.get_by_role("button", name="Keep", exact=True).click()
    expect(popup.get_by_role("listitem").filter(has_text="Sent the chart.")).to_be_visible()
    popup.get_by_label("Phone call").check()
    popup.get_by_role("button", name="Keep", exact=True).click()
    expect(popup.get_by_text("Give who you spoke to, or the call's reference.")).to_be_visible()
    popup.get_by_label("Who you spoke to").fill("Maria, utilization review")
    popup.get_by_label("Call reference or number").fill("C-881204")
    popup.get_by_label("What was said").fill("Decision by Friday.")
    popup.get_by_role("button", name="Keep", exact=True).click()
    newest = popup.locator("ol.notes > li").first
    expect(newest).to_contain_text("Maria, utilization review · call C-881204")
    expect(newest).to_contain_text("Decision by Friday.")
    case = clinic.client.get(f"/api/v1/cases/{bruno}", headers=clinic.headers).get_json()
    assert [note["kind"] for note in case["notes"]] == ["call", "note"]


def test_what_is_being_written_outlives_the_popup(browser: ExtensionBrowser, elsewhere: Page) -> None:
    popup = browser.popup(elsewhere)
    take(popup, "lindqvist", "Lindqvist, Ada")
    popup.get_by_text("Add a note or a phone call").click()
    popup.get_by_label("What was said").press_sequentially("Half a sentence")
    until(
        lambda: (
            "Half a sentence" in json.dumps(browser.desk.evaluate("() => chrome.storage.session.get(null)"))
        ),
        browser.desk,
        30,
        "the draft",
    )
    popup.close()
    again = browser.popup(elsewhere)
    expect(again.get_by_label("What was said")).to_have_value("Half a sentence")
    again.get_by_role("button", name="Keep", exact=True).click()
    expect(again.locator("ol.notes")).to_contain_text("Half a sentence")
    kept = json.dumps(browser.desk.evaluate("() => chrome.storage.session.get(null)"))
    assert "Half a sentence" not in kept


# ---- going on, and filling ----


def test_a_finding_is_overridden_with_a_reason_in_a_persons_own_words(
    browser: ExtensionBrowser, form: Page, clinic: RealClinic
) -> None:
    before = len(clinic.overrides())
    fill(form, **(AGREEING | {"procedure_code_1": "97530"}))
    Eyes(form).see("mark", "Would be denied")
    popup = browser.popup(form)
    popup.get_by_text("Override…").click()
    words = popup.get_by_label("Your reason, in a few words")
    expect(words).to_be_hidden()
    popup.get_by_label("Another reason").check()
    go = popup.get_by_role("button", name="Override", exact=True)
    go.click()
    expect(popup.get_by_text("Say in a few words why.")).to_be_visible()
    expect(words).to_be_focused()
    words.fill("Told so at the desk")
    go.click()
    expect(popup.get_by_text("Nothing open; overridden: 1")).to_be_visible()
    Eyes(form).see_none("mark")
    [logged] = clinic.overrides()[before:]
    assert (logged.reason, logged.note) == ("other", "Told so at the desk")


def test_the_popup_fills_the_empty_fields_of_the_tabs_form_from_its_case(
    browser: ExtensionBrowser, form: Page
) -> None:
    popup = browser.popup(form)
    expect(popup.get_by_role("button", name="Fill the page's empty fields")).to_have_count(0)
    take(popup, "lindqvist", "Lindqvist, Ada")
    popup.get_by_role("button", name="Fill the page's empty fields").click()
    expect(popup.get_by_text(re.compile("fields were filled in. Nothing was sent"))).to_be_visible()
    expect(form.locator("[name='member_id']")).to_have_value("XYZ100200301")
    expect(form.locator("[name='procedure_code_1']")).to_have_value("97110")


# ---- for everyone ----


def a_case_with_its_notes(browser: ExtensionBrowser, elsewhere: Page, form: Page) -> Page:
    popup = browser.popup(elsewhere)
    take(popup, "lindqvist", "Lindqvist, Ada")
    popup.get_by_text("Add a note or a phone call").click()
    popup.get_by_label("Phone call").check()
    popup.get_by_role("button", name="Keep", exact=True).click()
    expect(popup.get_by_text("Give who you spoke to, or the call's reference.")).to_be_visible()
    return popup


def cases_found(browser: ExtensionBrowser, elsewhere: Page, form: Page) -> Page:
    popup = browser.popup(elsewhere)
    popup.get_by_role("combobox").press_sequentially("lind")
    expect(options(popup)).to_have_count(2)
    popup.get_by_role("combobox").press("ArrowDown")
    return popup


def a_mismatch(browser: ExtensionBrowser, elsewhere: Page, form: Page) -> Page:
    fill(form, **(AGREEING | {"procedure_code_1": "97530"}))
    Eyes(form).see("mark", "Would be denied")
    popup = browser.popup(form)
    expect(popup.get_by_role("table").filter(has_text="Entered")).to_be_visible()
    popup.get_by_text("Override…").click()
    popup.get_by_label("Another reason").check()
    popup.get_by_role("button", name="Override", exact=True).click()
    expect(popup.get_by_text("Say in a few words why.")).to_be_visible()
    return popup


def nothing_found(browser: ExtensionBrowser, elsewhere: Page, form: Page) -> Page:
    popup = browser.popup(form)
    expect(popup.get_by_text("Not enough is filled in yet")).to_be_visible()
    return popup


def about_to_pause(browser: ExtensionBrowser, elsewhere: Page, form: Page) -> Page:
    popup = browser.popup(form)
    popup.get_by_role("button", name="Pause", exact=True).click()
    expect(popup.get_by_role("button", name="Pause now")).to_be_visible()
    return popup


@pytest.mark.parametrize(
    "state",
    [a_case_with_its_notes, cases_found, a_mismatch, nothing_found, about_to_pause],
    ids=lambda state: state.__name__.replace("_", " "),
)
def test_the_popup_is_accessible_and_fits_400_percent_zoom(
    browser: ExtensionBrowser,
    elsewhere: Page,
    form: Page,
    state: Callable[[ExtensionBrowser, Page, Page], Page],
) -> None:
    check_looks(state(browser, elsewhere, form))


def test_the_popup_of_a_paused_tab_is_accessible_and_fits_400_percent_zoom(
    browser: ExtensionBrowser, elsewhere: Page, form: Page
) -> None:
    popup = about_to_pause(browser, elsewhere, form)
    popup.get_by_role("button", name="Pause now").click()
    expect(popup.get_by_role("button", name="Resume")).to_be_visible()
    check_looks(popup)
    popup.get_by_role("button", name="Resume").click()
    Eyes(form).see("summary")


def test_the_popup_of_a_recorded_page_is_accessible_and_fits_400_percent_zoom(
    browser: ExtensionBrowser, detail: Page
) -> None:
    popup = browser.popup(detail)
    popup.get_by_role("button", name="Record this reading").click()
    expect(popup.get_by_role("button", name="Record again")).to_be_visible()
    check_looks(popup)


def test_the_options_are_accessible_and_fit_400_percent_zoom(browser: ExtensionBrowser) -> None:
    page = browser.own_page("options.html")
    expect(page.get_by_text("Paired with")).to_be_visible()
    check_looks(page)
    page.close()


def test_the_options_of_an_unpaired_browser_are_accessible_and_fit_400_percent_zoom(
    playwright: Playwright, tmp_path: Path, elsewhere: Page
) -> None:
    with extension_browser(playwright, tmp_path / "profile") as unpaired:
        page = unpaired.own_page("options.html")
        page.get_by_role("button", name="Pair", exact=True).click()
        expect(page.get_by_text("must begin with https://")).to_be_visible()
        check_looks(page)
        page = unpaired.context.new_page()
        page.goto(elsewhere.url)
        popup = unpaired.popup(page)
        expect(popup.get_by_role("button", name="Pair this browser")).to_be_visible()
        check_looks(popup)


def in_the_page(eyes: Eyes) -> str:
    """A page of its own with what the extension draws in a portal's page, where axe-core cannot look: its
    root is closed."""
    (root,) = eyes.roots()
    return (
        '<!DOCTYPE html><html lang="en"><title>Drawn in a page</title><body><main><div>'
        f'<template shadowrootmode="open">{root}</template></div></main>'
    )


def check_drawn(browser: ExtensionBrowser, portal: sandbox.Served, eyes: Eyes) -> None:
    """Accessible in both colour schemes and in forced colours."""
    drawn = browser.context.new_page()
    drawn.goto(f"http://127.0.0.1:{portal.port}/")
    drawn.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    drawn.evaluate("(html) => document.documentElement.setHTMLUnsafe(html)", in_the_page(eyes))
    assert drawn.evaluate("() => document.querySelector('main > div').shadowRoot.childElementCount") > 1
    for scheme in ("dark", "light"):
        drawn.emulate_media(color_scheme=scheme)
        check_rules(drawn, scheme)
    drawn.emulate_media(forced_colors="active")
    check_rules(drawn, "forced colours")
    drawn.close()


def test_what_is_drawn_in_a_form_is_accessible_with_its_card_and_its_reasons_open(
    browser: ExtensionBrowser, portal: sandbox.Served, form: Page
) -> None:
    eyes = Eyes(form)
    fill(form, **(AGREEING | {"procedure_code_1": "97530"}))
    form.locator("#procedure_code_1").evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    eyes.click(eyes.see("mark", "Would be denied"))
    eyes.see("card")
    eyes.click(eyes.named("fold"))
    eyes.click(eyes.named("override-0"))
    eyes.named("override-0-payer_said_so")
    check_drawn(browser, portal, eyes)


def test_what_is_drawn_on_a_status_page_is_accessible_before_and_after_it_is_recorded(
    browser: ExtensionBrowser, portal: sandbox.Served, detail: Page
) -> None:
    eyes = Eyes(detail)
    check_drawn(browser, portal, eyes)
    eyes.click(eyes.see("action", "Record this reading"))
    eyes.see("action", "Record again")
    check_drawn(browser, portal, eyes)
