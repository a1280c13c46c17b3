"""The main job from end to end: import, a night at the portals, the worklist, a mark in a form, a record.

One clinic, one night and one browser for all of it; each test goes on where the one before it stopped.
TALLYSTICK_WRITE_PICTURES=1 (`make pictures`) copies the pictures that it takes to docs/pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Page, Playwright, expect, sync_playwright
from sqlalchemy import select

from automation import sandbox
from server.actions.change_portal_setting import change_portal_setting
from server.actions.create_user import create_user
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.cli import audit as audit_command
from server.cli import import_ as import_command
from server.context import utc_now
from server.db.tables import Authorization, Reading, RunItem
from server.jobs.nightly import Summary, night
from server.security.roles import Role
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, extension_browser, sign_in
from tests.e2e.riverbend import ADMINISTRATOR, Riverbend, opened_record, picture, riverbend

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("main_job")]

SLUGS = ("availity", "example_payer")
#: What the clinic knows before the night: query keys of the sandboxes, by portal.
ROWS = {
    "example_payer": ("XYZ100200301 97110", "XYZ100200301 72148", "XYZ100200304 70553", "XYZ100200307 45378"),
    "availity": ("XYZ100200306 27130", "XYZ100200310 J0897"),
}
#: Approvals whose page a person opens as the robot did: their key and the sandbox's record.
OPENED = {"example_payer": "XYZ100200304 70553", "availity": "XYZ100200306 27130"}
#: The approval that a request is typed for.
TYPED = ("example_payer", "XYZ100200301 97110")
INQUIRY = "/static/web/post/um/inquiry-ui/record/"
SHELL = "/static/web/onb/onboarding-ui-apps/navigation/"
WINDOW = {"width": 1280, "height": 800}
KEEP_IN = (
    Path(__file__).parents[2] / "docs" / "pictures" if os.environ.get("TALLYSTICK_WRITE_PICTURES") else None
)
LARGEST_PICTURE = 200 * 1024


@dataclass(slots=True)
class Story:
    """What the tests share. ids: (portal, query key) -> authorization."""

    clinic: Riverbend
    served: sandbox.Served
    sheet: Path
    browser: ExtensionBrowser
    window: Page

    @property
    def ids(self) -> dict[tuple[str, str], int]:
        with self.clinic.database.read() as db:
            return {
                (row.portal or "", sandbox.query_key(row.member_id or "", row.lines[0].code or "")): row.id
                for row in db.scalars(select(Authorization))
            }


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def story(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("riverbend")
    with (
        opened_record(folder) as database,
        sandbox.serve(SLUGS, today=utc_now().astimezone(database.settings.zone).date()) as served,
        riverbend(database) as clinic,
        extension_browser(playwright, folder / "profile") as browser,
    ):
        now = utc_now()
        with database.write("test") as db:
            create_user(db, ADMINISTRATOR, "Robin Castell", Role.ADMINISTRATOR, "test", now)
            for slug, state in served.states.items():
                account = state.records.accounts[0]
                secrets = AccountSecrets(account.password, account.totp_secret)
                save_portal_account(
                    db, slug, account.username, secrets, "test", now, organization=account.organizations[0]
                )
                change_portal_setting(db, slug, "test", now, base_url=served.url(slug))
        page = browser.context.new_page()
        page.set_viewport_size({"width": WINDOW["width"], "height": WINDOW["height"]})
        yield Story(clinic, served, _sheet(folder, database.settings.zone), browser, page)


@pytest.fixture(scope="module")
def imported(story: Story) -> dict[str, Any]:
    """What `tallystick import` said of the clinic's spreadsheet."""
    done = _command(story, import_command.command, str(story.sheet), "--json")
    return {"exit_code": done.return_value, **json.loads(done.stdout)}


@pytest.fixture(scope="module")
def passed(story: Story, imported: dict[str, Any]) -> Summary:
    """The night over both portals. It has a loop of its own, as the browser that tests drive has one."""

    def whole() -> Summary:
        return asyncio.run(night(story.clinic.database, actor="test"))

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(whole).result()


@pytest.fixture(scope="module")
def dashboard(story: Story) -> Page:
    """A window of the browser that is signed in to the dashboard by a link."""
    story.clinic.sign_in(story.window)
    return story.window


@pytest.fixture(scope="module")
def paired(story: Story, dashboard: Page) -> None:
    """The browser is paired with the code that the Devices page shows."""
    dashboard.goto(f"{story.clinic.url}/devices")
    dashboard.get_by_role("button", name="Pair a browser").click()
    code = dashboard.locator("#pairing-code").inner_text()
    story.browser.pair(story.clinic.url, code, "Front desk").close()


@pytest.fixture(scope="module")
def at_portal(story: Story) -> None:
    """A person is signed in to the example portal, with another account than the robot's."""
    page = story.browser.context.new_page()
    sign_in(page, story.served, account=1)
    page.close()


def _command(story: Story, command: click.Command, *arguments: str) -> Result:
    """One command of `tallystick` on the clinic's record."""
    done = CliRunner().invoke(command, arguments, env=story.clinic.environment, standalone_mode=False)
    assert done.exception is None, done.output
    return done


def _sheet(folder: Path, zone: Any) -> Path:
    rows = [
        row
        for slug, keys in ROWS.items()
        for row in sandbox.spreadsheet([slug], today=utc_now().astimezone(zone).date())
        if sandbox.query_key(row["Member ID"], row["CPT"]) in keys
    ]
    path = folder / "approvals.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_person_signs_in_by_a_link_and_finds_the_imported_approvals(
    imported: dict[str, Any], dashboard: Page
) -> None:
    assert (imported["exit_code"], imported["created"], imported["bad_rows"]) == (0, 6, 0)
    dashboard.get_by_role("link", name="Authorizations", exact=True).click()
    expect(dashboard.get_by_text("6 authorizations.")).to_be_visible()
    expect(dashboard.get_by_role("link", name="Halvorsen, Dmitri")).to_be_visible()


def test_the_same_spreadsheet_again_changes_nothing(story: Story, imported: dict[str, Any]) -> None:
    again = _command(story, import_command.command, str(story.sheet), "--json")
    told = json.loads(again.stdout)
    assert (told["created"], told["updated"], told["unchanged"]) == (0, 0, 6)


def test_the_night_reads_statuses_and_numbers_as_the_portals_have_them(story: Story, passed: Summary) -> None:
    assert passed.ledger.left == 0
    ids = story.ids
    with story.clinic.database.read() as db:
        for slug, keys in ROWS.items():
            expected = sandbox.expected(slug)
            for key in keys:
                row = db.get_one(Authorization, ids[slug, key])
                item = db.scalars(select(RunItem).where(RunItem.authorization_id == row.id)).one()
                assert item.outcome == expected[key].outcome, key
                if expected[key].determination is None:
                    assert row.determination_read_at is None, key
                    continue
                assert row.determination == expected[key].determination, key
                numbers = {(number.kind, number.value) for number in row.reference_numbers}
                assert {(kind.value, value) for kind, value in expected[key].numbers} <= numbers, key


def test_the_worklist_shows_what_needs_a_person_and_nothing_else(
    story: Story, passed: Summary, dashboard: Page
) -> None:
    page, ids = dashboard, story.ids
    page.goto(story.clinic.url)
    denied = page.get_by_role("listitem").filter(has_text="The payer denied a request")
    expect(denied.get_by_role("link")).to_have_text(
        f"Open authorization {ids['example_payer', 'XYZ100200301 72148']}"
    )
    asked = {
        "The payer denied a request": ("example_payer", "XYZ100200301 72148"),
        "The portal has no such request": ("example_payer", "XYZ100200307 45378"),
        "The portal shows another patient": ("availity", "XYZ100200310 J0897"),
    }
    shown = page.locator(".task").all()
    assert {
        (task.get_by_role("heading").inner_text(), task.get_by_role("link").inner_text()) for task in shown
    } == {(title, f"Open authorization {ids[key]}") for title, key in asked.items()}
    path = picture(page, "worklist", keep_in=KEEP_IN)
    assert path.stat().st_size < LARGEST_PICTURE


def test_a_browser_is_paired_by_the_code_that_the_dashboard_shows(
    story: Story, paired: None, dashboard: Page
) -> None:
    dashboard.goto(f"{story.clinic.url}/devices")
    expect(dashboard.get_by_role("row").filter(has_text="Front desk")).to_contain_text("Paired")


def test_a_mismatch_is_marked_in_the_portals_form_until_it_is_corrected(
    story: Story, passed: Summary, paired: None, at_portal: None, dashboard: Page
) -> None:
    page, known = story.browser.context.new_page(), story.ids[TYPED]
    page.set_viewport_size({"width": WINDOW["width"], "height": WINDOW["height"]})
    page.goto(f"{story.served.url('example_payer')}/requests/new")
    eyes = Eyes(page)
    page.get_by_label("Member ID").fill("XYZ100200301")
    page.get_by_label("Last name").fill("Lindqvist")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Date of birth").fill("03/12/1961")
    first = page.locator("fieldset.procedure").first
    first.get_by_label("Procedure code").fill("97110")
    first.get_by_label("Modifiers").fill("GP")
    first.get_by_label("Quantity").fill("30")
    first.get_by_label("Unit").select_option(label="units")
    page.get_by_label("Rendering NPI").fill("1003000126")
    page.get_by_label("Rendering NPI").press("Tab")
    assert "24" in eyes.see("mark", "Would be denied").whole_text
    assert story.browser.badge(page) == "1"
    first.evaluate("part => part.scrollIntoView({ block: 'center' })")
    eyes.click(eyes.see("mark", "Would be denied"))
    assert "Next:" in eyes.see("card").whole_text
    assert picture(page, "mark", keep_in=KEEP_IN).stat().st_size < LARGEST_PICTURE

    dashboard.goto(f"{story.clinic.url}/authorizations/{known}")
    quantity = dashboard.get_by_role("row").filter(has_text="Quantity").first
    expect(quantity).to_contain_text("does not match")
    taken = picture(dashboard, "authorization", keep_in=KEEP_IN)
    assert taken.stat().st_size < LARGEST_PICTURE

    page.keyboard.press("Escape")
    first.get_by_label("Quantity").fill("12")
    first.get_by_label("Quantity").press("Tab")
    eyes.see_none("mark")
    eyes.see("summary", "Checked and clear")
    page.close()


def _record(eyes: Eyes) -> None:
    """Presses until it is taken, as a person does when the page draws itself anew under the pointer."""
    for _ in range(4):
        if button := eyes.find("action", "Record this reading"):
            eyes.click(button[0])
        with contextlib.suppress(pytest.fail.Exception):
            eyes.see("summary", "The page was recorded.", 6.0)
            return
    pytest.fail("The page was not recorded.")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_reading_that_a_person_records_equals_the_robots_of_the_same_page(
    slug: str, story: Story, passed: Summary, paired: None, at_portal: None
) -> None:
    key = OPENED[slug]
    page = story.browser.context.new_page()
    _open_detail(page, story.served, slug, sandbox.expected(slug)[key].authorization_number or "")
    eyes = Eyes(page)
    _record(eyes)
    page.close()
    with story.clinic.database.read() as db:
        robots, persons = db.scalars(
            select(Reading).where(Reading.authorization_id == story.ids[slug, key]).order_by(Reading.id)
        )
    assert robots.read_by.startswith("robot")
    assert persons.read_by.startswith(f"{ADMINISTRATOR} (device ")
    for name in (
        "portal", "profile_version", "page", "state", "determination", "determination_text", "values",
        "texts", "identity",
    ):  # fmt: skip
        assert getattr(persons, name) == getattr(robots, name), name
    assert persons.state == "accepted"
    assert persons.texts


def test_at_the_end_the_audit_chain_verifies(story: Story, passed: Summary) -> None:
    done = _command(story, audit_command.command, "verify")
    assert done.return_value == 0, done.output


def _open_detail(page: Page, served: sandbox.Served, slug: str, number: str) -> None:
    """Opens the page of the request that has this authorization number, as a person who is signed in."""
    [record] = served.states[slug].records.by_number(number)
    if slug == "example_payer":
        page.goto(f"{served.url(slug)}/status")
        page.goto(f"{served.url(slug)}/authorizations/{record.id}")
        return
    state = served.states[slug]
    account = state.records.accounts[1]
    _, visit = state.give_password(account.username, account.password)
    assert visit is not None
    assert state.give_code(visit, account.code(datetime.now(UTC))) == "in"
    page.context.add_cookies([{"name": "availity_session", "value": visit.token, "url": served.url(slug)}])
    page.goto(f"{served.url(slug)}{SHELL}#/loadApp/?appUrl={quote(INQUIRY + record.id, safe='')}")
