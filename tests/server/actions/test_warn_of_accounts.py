"""Accounts that a portal is about to disable, and passwords that are about to be too old, are told in time.

The example portal disables an account after 45 days without use and wants a new password every 90 days.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from automation.window import Window
from portal_profiles.catalogue import load
from server.actions.save_portal_account import (
    AccountSecrets,
    close_portal_account,
    keep_browser_state,
    save_portal_account,
    window_of,
)
from server.actions.warn_of_accounts import deadlines_of, warn_of_accounts
from server.db.session import Database
from server.db.tables import PortalAccount, Task
from tests.server.jobs.told_portal import START
from tests.server.records import ACTOR

SLUG = "example_payer"


def account(session: Session, *, slug: str = SLUG, username: str = "desk") -> PortalAccount:
    """An account whose password was entered, and with which a pass signed in, at START."""
    kept = save_portal_account(session, slug, username, AccountSecrets("pw"), ACTOR, START)
    keep_browser_state(session, kept, b"{}", ACTOR, START)
    return kept


def warnings(session: Session, days: int) -> dict[str, date | None]:
    """The open warnings so many days after START, each with its day."""
    warn_of_accounts(session, ACTOR, START + timedelta(days=days))
    return {task.kind: task.due for task in session.scalars(select(Task).where(Task.state == "open"))}


@pytest.mark.parametrize(
    ("days", "kinds"),
    [(37, set()), (38, {"account_idle"}), (75, {"account_idle"}), (76, {"account_idle", "password_old"})],
)
def test_a_warning_comes_so_many_days_before(database: Database, days: int, kinds: set[str]) -> None:
    with database.write(ACTOR) as session:
        account(session)
        assert set(warnings(session, days)) == kinds


def test_a_warning_is_due_on_the_day_itself(database: Database) -> None:
    with database.write(ACTOR) as session:
        kept = account(session)
        deadlines = deadlines_of(session, kept, load(SLUG))
        assert warnings(session, 80) == {"account_idle": deadlines.idle, "password_old": deadlines.password}


def test_an_account_that_was_used_again_is_no_longer_warned_of(database: Database) -> None:
    with database.write(ACTOR) as session:
        kept = account(session)
        assert set(warnings(session, 40)) == {"account_idle"}
        keep_browser_state(session, kept, b"{}", ACTOR, START + timedelta(days=41))
        assert warnings(session, 42) == {}


def test_a_new_password_ends_the_warning_of_an_old_one(database: Database) -> None:
    with database.write(ACTOR) as session:
        account(session)
        assert "password_old" in warnings(session, 80)
        save_portal_account(session, SLUG, "desk", AccountSecrets("new"), ACTOR, START + timedelta(days=81))
        assert "password_old" not in warnings(session, 82)


def test_a_second_account_is_warned_of_though_the_first_is_in_use(database: Database) -> None:
    with database.write(ACTOR) as session:
        first, second = account(session, username="a"), account(session, username="b")
        keep_browser_state(session, first, b"{}", ACTOR, START + timedelta(days=39))
        warn_of_accounts(session, ACTOR, START + timedelta(days=40))
        [task] = session.scalars(select(Task).where(Task.state == "open"))
        assert second.username in task.why


def test_a_closed_account_and_a_portal_that_says_nothing_are_not_warned_of(database: Database) -> None:
    with database.write(ACTOR) as session:
        close_portal_account(session, account(session), "refused", ACTOR, START)
        account(session, slug="availity")
        assert warnings(session, 400) == {}


def test_the_same_warning_day_after_day_is_one_task(database: Database) -> None:
    with database.write(ACTOR) as session:
        account(session)
        for day in (38, 39, 40):
            warnings(session, day)
        assert len(list(session.scalars(select(Task)))) == 1


def test_an_account_keeps_the_window_of_its_first_pass(database: Database) -> None:
    with database.write(ACTOR) as session:
        kept = account(session)
        first = window_of(session, kept, ACTOR, START)
        assert first == Window(time_zone=database.settings.time_zone)
        kept.browser = {**kept.browser, "width": 1111}
        save_portal_account(session, SLUG, "desk", AccountSecrets("new"), ACTOR, START)
        assert window_of(session, kept, ACTOR, START).width == 1111
