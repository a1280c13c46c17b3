"""A code that a person receives: asked for once, answered in time by one person, used and kept no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.actions.answer_code import answer_code, take_answer
from server.actions.ask_for_code import ask_for_code
from server.actions.finish_code import expire_codes, finish_code
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.db import queries
from server.db.session import Database
from server.db.tables import AuditEntry, CodeRequest, Task
from server.errors import Problem
from server.security import audit
from tests.server.records import ACTOR, NOW

UNTIL = NOW + timedelta(minutes=10)


def asked(database: Database, method: str = "email", *, again: bool = False) -> int:
    with database.write(ACTOR) as session:
        account = save_portal_account(session, "cigna", "robot", AccountSecrets("a password"), ACTOR, NOW)
        return ask_for_code(
            session, account, method, run_id=None, actor="robot", now=NOW, expires_at=UNTIL, again=again
        ).id


def answer(database: Database, request_id: int, code: str = "480 611", after: float = 60) -> None:
    with database.write(ACTOR) as session:
        answer_code(session, request_id, code, ACTOR, NOW + timedelta(seconds=after))


def request_of(database: Database, request_id: int) -> CodeRequest:
    with database.read() as session:
        return session.get_one(CodeRequest, request_id)


def test_asking_opens_a_task_with_the_time_and_entering_the_code_closes_it(database: Database) -> None:
    request_id = asked(database)
    with database.read() as session:
        (task,) = queries.open_tasks(session)
    assert task.kind == "code_needed"
    assert "until 09:40" in task.why
    assert task.due == NOW.date()
    answer(database, request_id)
    with database.read() as session:
        assert queries.open_tasks(session) == []
    with database.write("robot") as session:
        request = session.get_one(CodeRequest, request_id)
        assert take_answer(session, request, "robot", NOW) == "480611"
        assert take_answer(session, request, "robot", NOW) is None
        finish_code(session, request, "used", "robot", NOW)
    with database.read() as session:
        assert audit.verify(session).findings == ()


def test_a_code_is_kept_encrypted_and_no_longer_than_until_it_is_taken(database: Database) -> None:
    request_id = asked(database)
    answer(database, request_id, "480611")
    kept = request_of(database, request_id).answer
    assert kept is not None
    assert b"480611" not in kept
    with database.write("robot") as session:
        take_answer(session, session.get_one(CodeRequest, request_id), "robot", NOW)
    assert request_of(database, request_id).answer is None
    with database.read() as session:
        entries = session.query(AuditEntry).all()
    assert not any("480611" in str(entry.detail) for entry in entries)


def test_the_second_answer_is_told_that_somebody_was_first(database: Database) -> None:
    request_id = asked(database)
    answer(database, request_id)
    with pytest.raises(Problem) as caught:
        answer(database, request_id, "111222")
    assert (caught.value.code, caught.value.status) == ("code_answered", 409)


@pytest.mark.parametrize("ended", [False, True])
def test_an_answer_after_the_deadline_is_too_late(database: Database, ended: bool) -> None:
    request_id = asked(database)
    if ended:
        with database.write("robot") as session:
            assert expire_codes(session, "robot", UNTIL) == 1
    with pytest.raises(Problem) as caught:
        answer(database, request_id, after=600)
    assert caught.value.code == "code_too_late"


@pytest.mark.parametrize("typed", ["", "12", "not a code!", "1234567890123"])
def test_what_is_no_code_is_refused_and_can_be_entered_again(database: Database, typed: str) -> None:
    request_id = asked(database)
    with pytest.raises(Problem) as caught:
        answer(database, request_id, typed)
    assert caught.value.code == "invalid"
    answer(database, request_id)


def test_the_task_of_a_push_says_which_number_must_be_chosen(database: Database) -> None:
    with database.write(ACTOR) as session:
        account = save_portal_account(session, "cigna", "robot", AccountSecrets("a password"), ACTOR, NOW)
        ask_for_code(
            session, account, "push", run_id=None, actor="robot", now=NOW, expires_at=UNTIL, number="47"
        )
    with database.read() as session:
        (task,) = queries.open_tasks(session)
    assert task.next_step == "Approve the sign-in on the telephone before 09:40, and choose 47 there."


def test_a_push_is_not_typed(database: Database) -> None:
    with pytest.raises(Problem) as caught:
        answer(database, asked(database, "push"))
    assert caught.value.code == "code_not_typed"


def test_nobody_can_answer_what_was_never_asked(database: Database) -> None:
    with pytest.raises(Problem) as caught:
        answer(database, 77)
    assert caught.value.status == 404


def test_what_a_killed_pass_left_waiting_leaves_the_worklist_at_its_deadline(database: Database) -> None:
    request_id = asked(database)
    answer(database, request_id)
    with database.write("schedule") as session:
        assert expire_codes(session, "schedule", UNTIL - timedelta(seconds=1)) == 0
        assert expire_codes(session, "schedule", UNTIL) == 1
    request = request_of(database, request_id)
    assert (request.state, request.answer) == ("expired", None)
    with database.read() as session:
        assert [task.state for task in session.query(Task)] == ["done"]


def test_a_request_after_a_refused_code_says_so(database: Database) -> None:
    asked(database, again=True)
    with database.read() as session:
        assert queries.open_tasks(session)[0].why.startswith("The portal refused the code")
