"""The dashboard in a real Chromium: accessible, on a phone and at 400 % zoom, and by keyboard alone."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright
from sqlalchemy import select

from automation import sandbox
from automation.browser import arguments, find_browser
from automation.outcomes import Evidence, Outcome, OutcomeKind
from portal_profiles import catalogue
from portal_profiles.identity import Identity
from portal_profiles.interpret import interpret
from server.actions.ask_for_code import ask_for_code
from server.actions.change_user import set_password
from server.actions.finish_run import finish_run
from server.actions.issue_access import issue_pairing_code
from server.actions.pair_device import pair_device
from server.actions.record_outcome import record_outcome
from server.actions.start_run import NIGHTLY, start_run
from server.app import create_app
from server.context import utc_now
from server.db import queries
from server.db.session import Database
from server.db.tables import Authorization, Reading, Run, RunItem
from server.demo import clinic as demo_clinic
from server.security import people
from tests.e2e.accessible import DESK, check_looks
from tests.e2e.riverbend import ADMINISTRATOR, Riverbend, opened_record, riverbend

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("dashboard")]

ROOT = Path(__file__).parents[2]
PORTAL = "example_payer"
DEMO_CLAIMS = ROOT / "server" / "demo" / "sample_claims.837"
PASSWORD = "a long enough sentence"
#: Where a page needs ids, those of `Desk`.
PAGES = {
    "web.worklist": "/",
    "web.authorizations": "/authorizations",
    "web.authorization": "/authorizations/{authorization}",
    "web.new_authorization": "/authorizations/new",
    "web.edit_authorization": "/authorizations/{authorization}/change",
    "web.import_file": "/authorizations/import",
    "web.checks": "/checks",
    "web.reading": "/readings/{reading}",
    "web.codes": "/codes",
    "web.runs": "/runs",
    "web.run": "/runs/{run}",
    "web.portals": "/portals",
    "web.portal": f"/portals/{PORTAL}",
    "web.to_look_at": f"/portals/{PORTAL}/to-look-at",
    "web.payer_rules": "/payer-rules",
    "web.devices": "/devices",
    "web.users": "/users",
}
#: Pages without a layout of their own, or that only a person who is not signed in sees (tested below).
NO_PAGES = {"web.static", "web.evidence", "web.link", "web.sign_in"}
#: A picture of one dot.
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(slots=True)
class Desk:
    """The administrator's signed-in window, and what the demonstration's record holds."""

    clinic: Riverbend
    page: Page
    ids: dict[str, int]

    def open(self, endpoint: str) -> Page:
        self.page.goto(self.clinic.url + PAGES[endpoint].format(**self.ids))
        return self.page


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Riverbend, dict[str, int]]]:
    """The demonstration's clinic after a night that had every kind of trouble, served."""
    folder = tmp_path_factory.mktemp("dashboard")
    with opened_record(folder) as database:
        now = utc_now()
        today = now.astimezone(database.settings.zone).date()
        with sandbox.serve(today=today) as served:
            demo_clinic.load(database, served, folder / "spreadsheets", now, today)
        ids = _a_night(database)
        with riverbend(database) as clinic:
            yield clinic, ids


@pytest.fixture(scope="module")
def context(playwright: Playwright) -> Iterator[BrowserContext]:
    browser = playwright.chromium.launch(
        executable_path=find_browser(playwright.chromium.executable_path),
        args=[*arguments(True)],
        chromium_sandbox=False,
    )
    yield browser.new_context(reduced_motion="reduce")
    browser.close()


@pytest.fixture(scope="module")
def desk(record: tuple[Riverbend, dict[str, int]], context: BrowserContext) -> Desk:
    clinic, ids = record
    page = context.new_page()
    clinic.sign_in(page)
    return Desk(clinic, page, ids)


def _a_night(database: Database) -> dict[str, int]:
    """A finished night with many outcomes, one that still runs, a paired browser; ids for `PAGES`."""
    now, ids = utc_now(), dict[str, int]()
    with database.write("test") as db:
        due = db.scalars(
            select(Authorization).where(Authorization.portal == PORTAL).order_by(Authorization.id)
        ).all()
        run = start_run(db, NIGHTLY, due, "test", now, None)
        saved = json.loads((ROOT / "portal_profiles" / PORTAL / "pages" / "detail_approved.json").read_text())
        reading = interpret(catalogue.load(PORTAL), saved["page_text"])
        kinds = [
            OutcomeKind.READ, OutcomeKind.IDENTITY_UNCONFIRMED, OutcomeKind.NOT_FOUND, OutcomeKind.AMBIGUOUS,
            OutcomeKind.WRONG_PATIENT, OutcomeKind.COULD_NOT_LOOK, OutcomeKind.PAGE_CHANGED,
            OutcomeKind.CREDENTIALS_REFUSED,
        ]  # fmt: skip
        for row, kind in zip(due, kinds, strict=False):
            is_read = kind in {OutcomeKind.READ, OutcomeKind.IDENTITY_UNCONFIRMED}
            identity = Identity(("member_id", "birth_date"), (), "accepted")
            if kind is OutcomeKind.IDENTITY_UNCONFIRMED:
                identity = Identity(("member_id",), (), "needs_person")
            outcome = Outcome(
                str(row.id),
                kind,
                PORTAL,
                now,
                kind.why,
                reading=reading if is_read else None,
                identity=identity if is_read else None,
                evidence=(Evidence("picture", "image/png", DOT),) if is_read else (),
                attempts=1,
            )
            record_outcome(db, outcome, run_id=run.id, actor="robot", now=now)
        finish_run(db, run.id, now, None)
        running = start_run(db, NIGHTLY, due[:3], "test", now, None)
        account = queries.portal_accounts(db, PORTAL)[0]
        for method in ("email", "push"):
            ask_for_code(
                db,
                account,
                method,
                run_id=running.id,
                actor="robot",
                now=now,
                expires_at=now + timedelta(hours=1),
            )
        user = people.person(db, ADMINISTRATOR)
        set_password(db, user, PASSWORD, "test", now)
        code = issue_pairing_code(db, user, "test", now)
        ids = {
            "authorization": due[0].id,
            "run": run.id,
            "running": running.id,
            "reading": db.scalars(select(Reading.id).where(Reading.state == "waiting")).one(),
        }
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(32)).rstrip(b"=").decode() for n in (numbers.x, numbers.y))
    pair_device(database, code, "Front desk", {"kty": "EC", "crv": "P-256", "x": x, "y": y}, now)
    return ids


def test_every_page_is_in_these_tests(desk: Desk) -> None:
    app = create_app(desk.clinic.database.settings, desk.clinic.database)
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and "GET" in (rule.methods or ())
    }
    assert pages == PAGES.keys() | NO_PAGES


@pytest.mark.parametrize("endpoint", PAGES)
def test_a_page_is_accessible_and_fits_a_phone_and_400_percent_zoom(endpoint: str, desk: Desk) -> None:
    check_looks(desk.open(endpoint))


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link/made-up"])
def test_the_way_in_is_accessible_and_fits_a_phone_and_400_percent_zoom(
    path: str, desk: Desk, context: BrowserContext
) -> None:
    assert context.browser is not None
    with context.browser.new_context() as nobody:
        page = nobody.new_page()
        page.goto(desk.clinic.url + path)
        check_looks(page)


def test_a_claim_file_checked_by_hand_is_shown_accessibly(desk: Desk) -> None:
    page = desk.open("web.checks")
    page.get_by_label("X12 837 file").set_input_files(DEMO_CLAIMS)
    page.get_by_role("button", name="Check the claims").click()
    expect(page.get_by_role("heading", name="What to do before billing")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="RB-1003")).to_contain_text("EH7700999")
    check_looks(page)


def test_a_spreadsheet_is_looked_at_and_then_imported(desk: Desk, tmp_path: Path) -> None:
    sheet = tmp_path / "ours.csv"
    sheet.write_text(
        "Payer,Member ID,Last Name,DOB,Status,Authorization Number,CPT,Start Date,End Date\n"
        "Example Health,XYZ100200309,Varga,1972-08-08,Approved,EH7700555,70551,2026-12-01,2027-01-31\n"
        "Example Health,XYZ100200310,Petrov,1966-01-15,Approved,EH7700556,70551,2027-12-01,2027-01-31\n"
    )
    page = desk.open("web.import_file")
    page.get_by_label("Spreadsheet").set_input_files(sheet)
    page.get_by_role("button", name="See what it would change").click()
    expect(page.get_by_text("Some rows are bad.")).to_be_visible()
    check_looks(page)
    page.get_by_role("button", name="Import the good rows only").click()
    expect(page.get_by_role("status")).to_contain_text("Imported: 1 new")


def test_a_problem_is_shown_accessibly(desk: Desk) -> None:
    desk.page.goto(f"{desk.clinic.url}/authorizations/999999")
    check_looks(desk.page)


def focused(page: Page) -> str:
    """What the keyboard is on: its label or its words."""
    said: str = page.evaluate(
        """() => {
            const on = document.activeElement;
            return (on.labels?.[0] ?? on).textContent.trim().replace(/\\s+/g, ' ');
        }"""
    )
    return said


def tab_to(page: Page, what: str) -> None:
    """Presses Tab until the keyboard is on it, and sees that its place is visible there."""
    page.wait_for_load_state()
    for _ in range(150):
        page.keyboard.press("Tab")
        if re.fullmatch(what, focused(page)):
            shown = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return [s.outlineStyle, parseFloat(s.outlineWidth)]; }"
            )
            assert shown[0] != "none", what
            assert shown[1] >= 2, what
            return
    pytest.fail(f"Tab does not reach {what}")


def test_a_day_s_work_is_done_by_keyboard_alone(desk: Desk, context: BrowserContext) -> None:
    assert context.browser is not None
    with context.browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}) as fresh:
        page = fresh.new_page()
        page.goto(f"{desk.clinic.url}/sign-in")
        assert focused(page) == "E-mail"
        page.keyboard.type(ADMINISTRATOR)
        tab_to(page, "Password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Worklist", exact=True).wait_for()

        tab_to(page, "Skip to the page")
        page.keyboard.press("Enter")
        tab_to(page, "Mark as done.*")
        page.keyboard.press("Enter")
        tab_to(page, "What was done")
        page.keyboard.type("Called the payer.")
        tab_to(page, "Done")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Marked as done.")

        tab_to(page, "Authorizations")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Authorizations", exact=True).wait_for()
        tab_to(page, "Member ID, name or reference number")
        page.keyboard.type("EH7700101")
        tab_to(page, "Find")
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 authorization fits.")).to_be_visible()
        tab_to(page, "Lindqvist, Ada")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Both halves")).to_be_visible()
        tab_to(page, "Compare a planned service")
        page.keyboard.press("Enter")
        tab_to(page, "Procedure code")
        page.keyboard.type("70553")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row").filter(has_text="70553").first).to_contain_text("does not match")


def test_a_running_pass_is_followed_and_it_is_said_when_it_no_longer_is(desk: Desk) -> None:
    database, page = desk.clinic.database, desk.page
    page.clock.install()
    page.goto(f"{desk.clinic.url}/runs/{desk.ids['running']}")
    expect(page.get_by_text("0 of 3 looked at")).to_be_visible()
    with database.write("test") as db:
        item = db.scalars(select(RunItem).where(RunItem.run_id == desk.ids["running"])).first()
        assert item is not None
        item.outcome, item.finished_at = "not_found", utc_now()
    page.clock.run_for(1600)
    expect(page.get_by_text("1 of 3 looked at")).to_be_visible()

    page.context.set_offline(True)
    page.clock.run_for(1600)
    expect(page.get_by_role("alert")).to_contain_text("may be old")
    page.context.set_offline(False)
    page.clock.run_for(5100)
    expect(page.get_by_role("alert")).to_be_hidden()

    page.context.clear_cookies()
    page.clock.run_for(1600)
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_text("Sign in")
    desk.clinic.sign_in(page)

    with database.write("test") as db:
        db.get_one(Run, desk.ids["running"]).state = "finished"
    page.goto(f"{desk.clinic.url}/runs/{desk.ids['running']}")
    assert page.locator("script").count() == 0
