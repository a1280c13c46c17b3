"""The robot's side of a code: it asks, polls by its own clock, and takes what any process wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from automation.people import CodeAsked, CodeEnd
from server.actions.answer_code import answer_code
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.actions.start_run import NIGHTLY, start_run
from server.db import queries
from server.db.session import Database
from server.db.tables import CodeRequest
from server.jobs.people import POLL_SECONDS, ClinicPeople
from server.security import audit
from server.settings import Settings
from tests.server.jobs.told_portal import START, Clock
from tests.server.records import ACTOR

ASKED = CodeAsked("cigna", "email", START, START + timedelta(minutes=2))


@dataclass
class Polled(Clock):
    """Does something when it has been asked to sleep so many times."""

    at: int = 3
    then: Callable[[], None] = lambda: None
    slept: int = 0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.slept += 1
        if self.slept == self.at:
            await asyncio.to_thread(self.then)


def people(database: Database, clock: Clock) -> ClinicPeople:
    with database.write(ACTOR) as session:
        account = save_portal_account(session, "cigna", "robot", AccountSecrets("a password"), ACTOR, START)
        account_id = account.id
    return ClinicPeople(database, account_id, 1, "robot, run 1", clock, lambda asked: None)


def states(database: Database) -> list[str]:
    with database.read() as session:
        return [request.state for request in session.query(CodeRequest).order_by(CodeRequest.id)]


def run_of(database: Database) -> None:
    """The run that the request belongs to."""
    with database.write(ACTOR) as session:
        start_run(session, NIGHTLY, [], ACTOR, START, None)
        audit.record(session, ACTOR, "test.run", "run:1")


def test_an_answer_that_another_process_wrote_is_found(
    either_database: Database, either_settings: Settings
) -> None:
    elsewhere = Database.open(replace(either_settings))
    run_of(either_database)
    clock = Polled(START)

    def enter() -> None:
        with elsewhere.write(ACTOR) as session:
            answer_code(session, 1, "480611", ACTOR, clock.now())

    clock.then = enter
    told: list[CodeAsked] = []
    asking = people(either_database, clock)
    asking.on_asked = told.append

    async def ask() -> str | None:
        code = await asking.code(ASKED)
        await asking.ended(ASKED, CodeEnd.USED)
        return code

    try:
        assert asyncio.run(ask()) == "480611"
    finally:
        elsewhere.dispose()
    assert told == [ASKED]
    assert clock.now() == START + timedelta(seconds=3 * POLL_SECONDS)
    assert states(either_database) == ["used"]


def test_nobody_answers_until_the_deadline_and_the_task_is_gone(database: Database) -> None:
    run_of(database)
    clock = Clock(START)
    asking = people(database, clock)

    async def ask() -> str | None:
        code = await asking.code(ASKED)
        await asking.ended(ASKED, CodeEnd.EXPIRED)
        return code

    assert asyncio.run(ask()) is None
    assert clock.now() == ASKED.until
    assert states(database) == ["expired"]
    with database.read() as session:
        assert queries.open_tasks(session) == []


def test_a_pass_that_is_stopped_while_it_waits_leaves_no_open_request(database: Database) -> None:
    run_of(database)

    class Endless(Clock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0)

    asking = people(database, Endless(START))
    waits = asyncio.Event()
    asking.on_asked = lambda asked: waits.set()

    async def stopped() -> None:
        async def one() -> None:
            try:
                await asking.code(ASKED)
            finally:
                await asking.ended(ASKED, CodeEnd.EXPIRED)

        task = asyncio.create_task(one())
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    assert states(database) == ["expired"]
