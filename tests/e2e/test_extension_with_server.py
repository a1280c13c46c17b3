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
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, ended_after, extension_browser, sign_in, until
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


def test_a_finding_that_a_person_overrides_is_logged_and_quiet_until_the_value_changes(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    clinic.add(APPROVED)
    page.goto(f"{portal.url(SLUG)}/requests/new")
    eyes = Eyes(page)
    fill(page, **AGREEING | {"quantity_1": "30"})
    eyes.see("mark", "Would be denied")
    eyes.click(eyes.named("fold"))
    eyes.click(eyes.see("link", "Override"))
    eyes.see("choices", "The payer said so")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    eyes.see_none("mark")
    assert "Overridden: Quantity (The payer said so)" in eyes.see("summary", "Nothing open").whole_text
    assert browser.badge(page) == "–"
    [logged] = clinic.overrides()
    assert logged.reason == "payer_said_so"
    assert logged.actor.startswith("desk@riverbend.example (device")

    page.evaluate(
        """() => {
            const rows = document.querySelector('#procedures');
            rows.replaceWith(rows.cloneNode(true));
        }"""
    )
    fill(page, quantity_1="30", unit_1="units", modifiers_1="GP")  # a copy has no choice made
    eyes.see("summary", "Nothing open")
    assert eyes.find("mark") == []
    fill(page, quantity_1="31")
    eyes.see("mark", "Would be denied")
    assert len(clinic.overrides()) == 1


def test_a_service_that_is_approved_or_asked_for_already_is_told_in_one_line(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    clinic.add(PENDED)
    page.goto(f"{portal.url(SLUG)}/requests/new")
    eyes = Eyes(page)
    fill(page, **AGREEING | {"procedure_code_1": "97530"})
    eyes.see("mark")
    assert eyes.find("standing") == []
    fill(page, procedure_code_1="97110")
    told = eyes.see("standing", "Already on file").whole_text
    assert "26110417" in told
    assert "pended" in told
    assert "Lindqvist" not in told
    fill(page, procedure_code_1="97530")
    eyes.see_none("standing")


def test_what_was_recorded_is_shown_and_can_be_undone(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    known = clinic.add(PENDED)
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    eyes = Eyes(page)
    eyes.click(eyes.see("action", "Record this reading"))
    eyes.see("summary", "004815162")
    assert clinic.authorization(known)["determination"] == "approved"
    eyes.click(eyes.see("link", "Undo"))
    eyes.click(eyes.see("action", "Recorded by mistake"))
    eyes.see("summary", "Taken back")
    now = clinic.authorization(known)
    assert now["determination"] == "pended"
    assert [number["value"] for number in now["reference_numbers"]] == ["26110417"]
    [taken_back] = clinic.readings()
    assert (taken_back.state, taken_back.taken_back_why) == ("rejected", "recorded_by_mistake")


def test_an_undo_that_the_server_refuses_is_said_and_changes_nothing(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    known = clinic.add(PENDED)
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    eyes = Eyes(page)
    eyes.click(eyes.see("action", "Record this reading"))
    eyes.see("summary", "004815162")
    newer = clinic.authorization(known)["version"]
    clinic.replace(known, newer, APPROVED | {"place_of_service": "22"})
    eyes.click(eyes.see("link", "Undo"))
    eyes.click(eyes.see("action", "misread"))
    assert "Correct it by hand in the dashboard" in eyes.see("said", "Something newer").whole_text
    assert eyes.find("summary", "Taken back") == []
    assert clinic.authorization(known)["place_of_service"] == "22"


def test_the_confirmation_of_a_request_that_is_not_on_file_is_recorded_as_it_was_typed(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    clinic.add(APPROVED)  # for its payer: the form names none
    page.goto(f"{portal.url(SLUG)}/requests/new")
    eyes = Eyes(page)
    fill(page, **AGREEING | {"procedure_code_1": "97530"})
    eyes.see("mark", "Would be denied")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("heading", name="Request received").wait_for()
    eyes.click(eyes.see("action", "Record this reading"))
    eyes.see("summary", "Tracking ID")
    [recorded] = clinic.readings()
    assert recorded.authorization_id is not None
    made = clinic.authorization(recorded.authorization_id)
    assert made["lines"][0]["requested_code"] == "97530"
    assert made["determination"] == "submitted"


def stop_background(browser: ExtensionBrowser) -> None:
    """As the browser does when it has been idle, and at any other time."""
    session = browser.context.new_cdp_session(browser.desk)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")


#: Everything that the extension keeps on this computer, as one text.
KEPT = """async () => {
    const opened = await new Promise((resolve, reject) => {
        const asked = indexedDB.open("tallystick");
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
    });
    const all = (name) => new Promise((resolve, reject) => {
        const asked = opened.transaction(name).objectStore(name).getAll();
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
    });
    const items = await all("outbox"), keys = await all("keys");
    opened.close();
    const text = (bytes) => new TextDecoder("latin1").decode(bytes);
    const refused = [];
    for (const key of keys.filter((one) => one instanceof CryptoKey)) {
        try { await crypto.subtle.exportKey("raw", key); refused.push(false); } catch { refused.push(true); }
    }
    const plain = items.map((item) => ({ ...item, sealed: text(item.sealed.text) }));
    return { items: plain, refused, local: JSON.stringify(await chrome.storage.local.get()) };
}"""


def test_what_is_recorded_while_the_server_is_away_is_kept_sealed_and_sent_once_when_it_is_back(
    playwright: Playwright, tmp_path: Path, clinic: RealClinic, portal: sandbox.Served
) -> None:
    known = clinic.add(PENDED)
    with extension_browser(playwright, tmp_path / "profile") as browser:
        browser.pair(clinic.url, clinic.pairing_code()).close()
        page = browser.context.new_page()
        sign_in(page, portal)
        page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
        eyes = Eyes(page)
        button = eyes.see("action", "Record this reading")
        clinic.stop()
        eyes.click(button)
        assert "kept encrypted in this browser" in eyes.see("summary", "Kept, will be sent").whole_text
        popup = browser.popup(page)
        expect(popup.get_by_text("1 recorded page waits to be sent.")).to_be_visible()
        popup.close()
        stop_background(browser)
        kept = browser.desk.evaluate(KEPT)
        [item] = kept["items"]
        assert set(item) == {"id", "at", "state", "sealed"}
        for secret in ("XYZ100200301", "Lindqvist", "004815162"):
            assert secret not in str(kept)
        assert kept["refused"] == [True]

    clinic.start()
    with extension_browser(playwright, tmp_path / "profile") as browser:
        until(lambda: clinic.readings(), browser.desk, 60, "the reading, sent after the browser came back")
        until(lambda: browser.desk.evaluate(KEPT)["items"] == [], browser.desk, 30, "an empty outbox")
        stop_background(browser)
        browser.desk.evaluate("() => chrome.runtime.sendMessage({ type: 'outbox/send' })")
    [recorded] = clinic.readings()
    assert recorded.state == "accepted"
    assert clinic.authorization(known)["determination"] == "approved"


def test_what_the_server_refuses_later_is_told_and_discarded_by_a_person_only(
    page: Page, browser: ExtensionBrowser, clinic: RealClinic, portal: sandbox.Served
) -> None:
    page.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    eyes = Eyes(page)
    button = eyes.see("action", "Record this reading")
    clinic.stop()
    eyes.click(button)
    eyes.see("summary", "Kept, will be sent")
    clinic.start()
    eyes.click(eyes.see("action", "Send now"))
    assert "No authorization on file is this page's" in eyes.see("summary", "Could not record").whole_text
    popup = browser.popup(page)
    expect(popup.get_by_text("Not recorded: a page of")).to_be_visible()
    popup.get_by_role("button", name="Discard").click()
    expect(popup.get_by_text("Not recorded: a page of")).to_have_count(0)
    assert browser.desk.evaluate(KEPT)["items"] == []
    eyes.see("action", "Record this reading")
    assert clinic.readings() == []
