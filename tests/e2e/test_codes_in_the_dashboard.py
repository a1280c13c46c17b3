"""A pass waits for a code, a person enters it in the dashboard, and the pass reads on: all of it real.

Real sandboxes that send codes, the real server, the robot's Chromium, and the person's own Chromium.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from sqlalchemy import select

from automation import sandbox
from automation.browser import arguments, find_browser
from automation.pace import Clock
from automation.sandbox import Served
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.context import utc_now
from server.db import queries
from server.db.session import Database
from server.db.tables import CodeRequest, RunItem, Task
from server.demo import clinic as demo_clinic
from server.jobs.nightly import Summary, night
from tests.automation.still_clock import LeapingClock
from tests.e2e.riverbend import Riverbend, opened_record, riverbend

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("codes")]

MAILED, OTHER, ASKS = "cigna", "example_payer", "riverbend.desk"
DESK = "desk@riverbend.example"
MILLISECONDS = 60_000


@dataclass(slots=True)
class Evening:
    """The clinic in the evening: its sandboxes, its dashboard, a pass that can be begun, and a person."""

    served: Served
    clinic: Riverbend
    page: Page
    passes: ThreadPoolExecutor

    @property
    def database(self) -> Database:
        return self.clinic.database

    def begin(self, *portals: str, clock: Clock | None = None) -> Future[Summary]:
        """A pass on a thread of its own."""
        work = night(self.database, actor="command line", portals=portals or None, clock=clock)
        return self.passes.submit(lambda: asyncio.run(work))

    def sent(self) -> str:
        """The newest code in the account's mailbox."""
        return self.served.states[MAILED].accounts[ASKS].sent[-1]

    def outcomes(self, run_id: int | None, portal: str) -> set[str | None]:
        with self.database.read() as session:
            found = select(RunItem.outcome).where(RunItem.run_id == run_id, RunItem.portal == portal)
            return set(session.scalars(found))

    def enter(self, code: str) -> None:
        """The person types the code where the worklist asks for it."""
        self.page.get_by_label("Code", exact=True).fill(code)
        self.page.get_by_role("button", name="Enter the code").click()


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    with (
        opened_record(tmp_path) as database,
        sandbox.serve([MAILED, OTHER]) as served,
        sync_playwright() as playwright,
        ThreadPoolExecutor(1) as passes,
    ):
        now = utc_now()
        today = now.astimezone(database.settings.zone).date()
        demo_clinic.load(database, served, tmp_path / "spreadsheets", now, today)
        known = served.states[MAILED].accounts[ASKS]
        with database.write("test") as session:
            for account in queries.portal_accounts(session, MAILED):
                account.state, account.closed_reason = "closed", "Signs in by single sign-on."
            save_portal_account(
                session, MAILED, ASKS, AccountSecrets(known.password), "test", now, known.organizations[0]
            )
        browser = playwright.chromium.launch(
            executable_path=find_browser(playwright.chromium.executable_path),
            args=[*arguments(True)],
            chromium_sandbox=False,
        )
        with riverbend(database) as clinic:
            page = browser.new_page()
            page.goto(clinic.sign_in_link(DESK))
            page.get_by_role("button", name="Sign in to").click()
            page.get_by_role("heading", name="Worklist").wait_for()
            yield Evening(served, clinic, page, passes)
        browser.close()


def test_a_code_entered_on_the_worklist_lets_the_waiting_pass_read_while_other_portals_go_on(
    evening: Evening,
) -> None:
    running = evening.begin()
    asked = evening.page.get_by_role("heading", name="Enter the code: Cigna")
    # The worklist that stands open shows it by itself.
    expect(asked).to_be_visible(timeout=MILLISECONDS)
    expect(evening.page.get_by_role("timer")).to_contain_text("left")
    with evening.database.read() as session:
        (task,) = session.scalars(select(Task).where(Task.kind == "code_needed"))
    assert task.state == "open"

    # The other portal is read to its end meanwhile; the run's page shows both.
    evening.page.get_by_role("link", name="pass 1").click()
    expect(evening.page.locator("#codes")).to_contain_text("Enter the code: Cigna")
    progress = evening.page.locator("#live")
    expect(progress).to_contain_text("Read", timeout=MILLISECONDS)
    assert not running.done()

    evening.enter(evening.sent())
    expect(evening.page.get_by_role("status")).to_contain_text("on its way")
    summary = running.result(timeout=300)
    expected = {told.outcome for told in sandbox.expected(MAILED).values()}
    assert evening.outcomes(summary.run_id, MAILED) <= expected
    assert "read" in evening.outcomes(summary.run_id, MAILED)
    assert summary.ledger.left == 0
    with evening.database.read() as session:
        (request,) = session.scalars(select(CodeRequest))
        assert (request.state, request.answer) == ("used", None)
        assert request.answered_by == DESK
    evening.page.goto(f"{evening.clinic.url}/")
    expect(evening.page.get_by_role("heading", name="Enter the code")).to_have_count(0)


def test_a_wrong_code_is_asked_for_again(evening: Evening) -> None:
    running = evening.begin(MAILED)
    expect(evening.page.get_by_role("heading", name="Enter the code: Cigna")).to_be_visible(
        timeout=MILLISECONDS
    )
    evening.enter("000000")
    again = evening.page.get_by_text("The portal refused the code before.")
    expect(again).to_be_visible(timeout=MILLISECONDS)
    evening.enter(evening.sent())
    summary = running.result(timeout=300)
    assert "read" in evening.outcomes(summary.run_id, MAILED)
    with evening.database.read() as session:
        states = session.scalars(select(CodeRequest.state).order_by(CodeRequest.id)).all()
    assert list(states) == ["refused", "used"]


def test_when_nobody_enters_it_the_pass_ends_with_a_task_and_nothing_is_lost(evening: Evening) -> None:
    class Hurried(LeapingClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0)
            await super().sleep(60 * seconds)

    summary = evening.begin(MAILED, clock=Hurried()).result(timeout=300)
    assert evening.outcomes(summary.run_id, MAILED) == {"code_needed"}
    assert summary.ledger.left == 0
    with evening.database.read() as session:
        assert list(session.scalars(select(CodeRequest.state))) == ["expired"]
        tasks = session.scalars(select(Task).where(Task.kind == "code_needed", Task.state == "open")).all()
    assert [task.dedupe_key.partition(":")[0] for task in tasks] == ["account"]
    evening.page.reload()
    expect(evening.page.get_by_role("heading", name="A portal asks for a sign-in code")).to_be_visible()
    account = evening.served.states[MAILED].accounts[ASKS]
    assert (account.passwords_refused, len(account.sent)) == (0, 1)
