"""The built extension, the real server and the example portal's sandbox together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from automation import sandbox
from portal_profiles.catalogue import load
from portal_profiles.interpret import interpret
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, ended_after, extension_browser, sign_in
from tests.e2e.real_clinic import RealClinic, real_clinic

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("extension_with_server")]

SLUG = "example_payer"
#: What the clinic knows of the sandbox's record k7m2: still pended, as before the payer decided.
PENDED: dict[str, Any] = {
    "payer_id": "EXH01", "payer_name": "Example Health", "plan": "Example Health PPO", "portal": SLUG,
    "patient": {"member_id": "XYZ100200301", "last_name": "Lindqvist", "first_name": "Ada",
                "birth_date": "1961-03-12"},
    "determination": "pended",
    "lines": [{"number": 1, "code": "97110", "modifiers": ["GP"], "quantity": 24, "unit": "units"},
              {"number": 2, "code": "97140", "modifiers": ["GP"], "quantity": 12, "unit": "units"}],
    "diagnoses": ["M54.50"], "requesting_npi": "1234567893", "rendering_npis": ["1003000126"],
    "facility_npi": "1992999957", "place_of_service": "11", "level_of_care": "outpatient",
    "effective": "2026-12-01", "expiry": "2027-02-28",
    "reference_numbers": [{"value": "26110417", "kind": "reference", "issuer": "Example Health"}],
}  # fmt: skip
#: The same after the decision.
APPROVED = PENDED | {
    "determination": "approved",
    "determination_text": "Approved",
    "reference_numbers": [{"value": "004815162", "kind": "authorization", "issuer": "Example Health"}],
}
#: A request that agrees with it in everything.
AGREEING = {
    "member_id": "XYZ100200301", "last_name": "Lindqvist", "first_name": "Ada", "birth_date": "03/12/1961",
    "service_from": "12/07/2026", "service_to": "12/07/2026", "level_of_care": "outpatient",
    "diagnoses": "M54.50", "requesting_npi": "1234567893", "rendering_npi": "1003000126",
    "facility_npi": "1992999957", "procedure_code_1": "97110", "modifiers_1": "GP", "quantity_1": "4",
    "unit_1": "units",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A browser that stops answering fails its test."""
    with ended_after(120, tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[RealClinic]:
    with real_clinic(tmp_path / "clinic") as started:
        yield started


@pytest.fixture
def portal() -> Iterator[sandbox.Served]:
    with sandbox.serve([SLUG]) as served:
        yield served


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path, clinic: RealClinic) -> Iterator[ExtensionBrowser]:
    with extension_browser(playwright, tmp_path / "profile") as started:
        started.pair(clinic.url, clinic.pairing_code()).close()
        yield started


@pytest.fixture
def page(browser: ExtensionBrowser, portal: sandbox.Served) -> Page:
    """A tab in which a person is signed in to the portal."""
    opened = browser.context.new_page()
    sign_in(opened, portal)
    return opened


def fill(page: Page, **values: str) -> None:
    """Types into the form's controls, by their names, and leaves the last one."""
    for name, value in values.items():
        control = page.locator(f"[name='{name}']")
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.keyboard.press("Tab")


def test_a_request_is_checked_as_it_is_typed_against_the_record(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    clinic.add(APPROVED)
    page.goto(f"{portal.url(SLUG)}/requests/new")
    eyes = Eyes(page)
    fill(page, **AGREEING)
    eyes.see("summary", "Checked and clear")
    assert eyes.find("mark") == []

    fill(page, quantity_1="30")
    eyes.see("mark", "Would be denied")
    fill(page, quantity_1="4")
    eyes.see_none("mark")

    fill(page, procedure_code_1="97530")
    eyes.click(eyes.see("mark", "Would be denied"))
    card = eyes.see("card").whole_text
    assert "97530" in card
    assert "97110" in card
    popup = browser.popup(page)
    expect(popup.get_by_text("Procedure code").first).to_be_visible()
    popup.close()
    fill(page, procedure_code_1="97110")
    eyes.see("summary", "Checked and clear")
    assert browser.badge(page) == "✓"


def test_what_a_person_records_is_what_the_robots_reading_of_the_same_page_says(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    known = clinic.add(PENDED)
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    eyes = Eyes(page)
    eyes.click(eyes.see("action", "Record this reading"))
    eyes.see("summary", "004815162")
    [recorded] = clinic.readings()
    assert recorded.state == "accepted"
    assert clinic.authorization(known)["determination"] == "approved"

    script = (Path(__file__).parents[2] / "portal_profiles/reader/dist/reader.js").read_text()
    profile = load(SLUG)
    text = page.evaluate(
        f"(part) => {{ {script}; return TallystickReader.read(document, part) }}", profile.reading_part()
    )
    robots = interpret(profile, text).to_json()
    assert recorded.values == {**robots, "texts": {}}


def test_another_patients_page_is_not_recorded(
    page: Page, clinic: RealClinic, portal: sandbox.Served
) -> None:
    bruno = {"member_id": "XYZ100200302", "last_name": "Okafor", "first_name": "Bruno"}
    clinic.add(PENDED | {"patient": bruno | {"birth_date": "1978-11-05"}})
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    eyes = Eyes(page)
    eyes.click(eyes.see("action", "Record this reading"))
    said = eyes.see("summary", "ecord").whole_text
    eyes.see("action", "Record again")
    assert "Recorded" not in said.split()
    assert all(reading.state != "accepted" for reading in clinic.readings())
