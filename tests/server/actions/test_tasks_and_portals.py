import pytest
from sqlalchemy import select

from server.actions.change_portal_setting import change_portal_setting
from server.actions.close_task import close_task, close_tasks_of
from server.actions.decide_automation import decide_automation
from server.actions.open_task import open_task
from server.actions.save_portal_account import (
    AccountSecrets,
    browser_state_of,
    close_portal_account,
    keep_browser_state,
    reopen_portal_account,
    save_portal_account,
    secrets_of,
)
from server.db import queries
from server.db.session import Database
from server.db.tables import AuditEntry, PortalAccount, Task
from server.errors import Problem
from tests.server.records import ACTOR, NOW

WORDS = {"kind": "password_expired", "title": "The portal's password expired", "next_step": "Set a new one."}


def open_one(database: Database, why: str = "The portal says so.", key: str = "account:1") -> int:
    with database.write(ACTOR) as session:
        return open_task(session, why=why, dedupe_key=key, actor=ACTOR, now=NOW, **WORDS).id  # type: ignore[arg-type]


def test_the_same_cause_twice_is_one_task_with_its_words_brought_up_to_date(database: Database) -> None:
    first = open_one(database)
    assert open_one(database) == first
    assert open_one(database, "It says so for two days.") == first
    with database.read() as session:
        assert [task.why for task in queries.open_tasks(session)] == ["It says so for two days."]
        assert session.scalars(select(AuditEntry.action)).all() == ["task.opened", "task.changed"]


def test_a_closed_cause_that_comes_back_is_a_new_task(database: Database) -> None:
    first = open_one(database)
    with database.write(ACTOR) as session:
        task = close_task(session, first, ACTOR, NOW, "done")
        assert (task.state, task.closed_by, task.closing_note) == ("done", ACTOR, "done")
        close_task(session, first, "somebody else", NOW)
        assert task.closed_by == ACTOR
    assert open_one(database) != first


def test_a_cause_that_is_gone_closes_its_task_and_no_other(database: Database) -> None:
    open_one(database)
    other = open_one(database, key="account:2")
    with database.write(ACTOR) as session:
        assert close_tasks_of(session, "account:1", ACTOR, NOW, "signed in again") == 1
    with database.read() as session:
        assert [task.id for task in queries.open_tasks(session)] == [other]


def test_a_task_that_is_not_there_can_not_be_closed(database: Database) -> None:
    with database.write(ACTOR) as session, pytest.raises(Problem) as raised:
        close_task(session, 999, ACTOR, NOW)
    assert raised.value.status == 404
    with database.read() as session:
        assert session.scalars(select(Task)).all() == []


def test_a_permission_needs_the_text_that_it_rests_on(database: Database) -> None:
    with database.write(ACTOR) as session:
        for decision, text, field in (("permitted", " ", "text"), ("perhaps", "x", "automation")):
            with pytest.raises(Problem) as raised:
                decide_automation(session, "example_payer", decision, text, ACTOR, NOW)
            assert [problem.field for problem in raised.value.fields] == [field]
        setting = decide_automation(session, "example_payer", "permitted", "Letter of 2026-10-01", ACTOR, NOW)
    assert (setting.automation, setting.automation_decided_by, setting.automation_decided_at) == (
        "permitted",
        ACTOR,
        NOW,
    )


def test_a_portals_setting_is_checked_before_it_is_kept(database: Database) -> None:
    with database.write(ACTOR) as session:
        with pytest.raises(Problem) as raised:
            change_portal_setting(
                session,
                "example_payer",
                ACTOR,
                NOW,
                start_at="25:00",
                due_days={"approved": 0},
                base_url="ftp://x",
            )
        assert [problem.field for problem in raised.value.fields] == ["start_at", "due_days", "base_url"]
        change_portal_setting(
            session, "example_payer", ACTOR, NOW, start_at="19:30", due_days={"approved": 3}
        )
    with database.read() as session:
        setting = queries.portal_setting(session, "example_payer")
        assert setting is not None
        assert (setting.start_at, setting.due_days, setting.automation) == (
            "19:30",
            {"approved": 3},
            "unknown",
        )


def test_a_portal_accounts_secrets_open_with_the_key_only(database: Database) -> None:
    with database.write(ACTOR) as session:
        account = save_portal_account(
            session,
            "example_payer",
            "riverbend",
            AccountSecrets("pass word", "JBSWY3DPEHPK3PXP"),
            ACTOR,
            NOW,
            "Riverbend",
        )
        assert b"pass word" not in account.secrets
        keep_browser_state(session, account, b'{"cookies": []}', ACTOR, NOW)
    with database.read() as session:
        [account] = queries.portal_accounts(session, "example_payer")
        assert secrets_of(session, account) == AccountSecrets("pass word", "JBSWY3DPEHPK3PXP")
        assert browser_state_of(session, account) == b'{"cookies": []}'
        assert "pass word" not in repr(secrets_of(session, account))


def test_a_new_password_reopens_the_account_and_the_device_stays_remembered(database: Database) -> None:
    with database.write(ACTOR) as session:
        account = save_portal_account(
            session, "example_payer", "riverbend", AccountSecrets("one"), ACTOR, NOW
        )
        keep_browser_state(session, account, b"state", ACTOR, NOW)
        close_portal_account(session, account, "The portal refused the password.", ACTOR, NOW)
        assert account.state == "closed"
        again = save_portal_account(
            session, "example_payer", " riverbend ", AccountSecrets("two"), ACTOR, NOW
        )
        assert again is account
        assert (account.state, account.closed_reason, browser_state_of(session, account)) == (
            "open",
            None,
            b"state",
        )
        close_portal_account(session, account, "Again.", ACTOR, NOW)
        reopen_portal_account(session, account, ACTOR, NOW)
        assert account.state == "open"


def test_one_accounts_secrets_do_not_open_in_anothers_place(database: Database) -> None:
    with database.write(ACTOR) as session:
        first = save_portal_account(session, "example_payer", "first", AccountSecrets("one"), ACTOR, NOW)
        second = save_portal_account(session, "example_payer", "second", AccountSecrets("two"), ACTOR, NOW)
        second.secrets = first.secrets
        with pytest.raises(Problem):
            secrets_of(session, second)


def test_an_account_without_password_is_refused(database: Database) -> None:
    with database.write(ACTOR) as session, pytest.raises(Problem) as raised:
        save_portal_account(session, "example_payer", " ", AccountSecrets(""), ACTOR, NOW)
    assert [problem.field for problem in raised.value.fields] == ["username", "password"]
    with database.read() as session:
        assert session.scalars(select(PortalAccount)).all() == []
