"""The in-process queue: who asks can watch at once, and is told at once when it can't be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from server.actions.finish_run import ledger_of
from server.db import tables
from server.db.session import Database
from server.errors import Problem
from server.jobs import nightly
from server.jobs.queue import InProcessQueue, check_now
from tests.server.jobs.told_portal import SLUG, START, ToldRobot, clinic, no_browser
from tests.server.records import ACTOR


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessQueue]:
    monkeypatch.setattr(nightly, "check_portal", ToldRobot())
    made = InProcessQueue(browsers=no_browser)
    yield made
    made.finish()


def test_a_check_is_begun_before_it_answers_and_carried_out_after(
    database: Database, queue: InProcessQueue
) -> None:
    ids = clinic(database, 2)
    run_id = check_now(database, ACTOR, START, authorization_id=ids[0], queue=queue)
    with database.read() as session:
        assert session.get_one(tables.Run, run_id).started_by == ACTOR
    queue.finish()
    with database.read() as session:
        ledger = ledger_of(session, run_id)
        assert session.get_one(tables.Run, run_id).state == "finished"
    assert ledger.outcomes == {"read": 1}


def test_a_check_of_nothing_is_said(database: Database, queue: InProcessQueue) -> None:
    with pytest.raises(Problem) as caught:
        check_now(database, ACTOR, START, queue=queue)
    assert caught.value.code == "nothing_due"


def test_a_run_that_fails_is_the_callers_to_see_and_is_left_stopped(
    database: Database, queue: InProcessQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = clinic(database, 1)
    begun = nightly.begin(database, kind="check_now", actor=ACTOR, now=START, authorization_id=ids[0])
    assert begun is not None

    def fail(number: int) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(nightly, "check_portal", ToldRobot(before=fail))
    with pytest.raises(RuntimeError, match="unforeseen"):
        queue.put(database, begun).result()
    with database.read() as session:
        assert session.get_one(tables.Run, begun.run_id).state == "stopped"


def test_stopping_leaves_runs_to_be_gone_on_with_and_frees_their_leases(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = clinic(database, 2)
    there = clinic(database, 1, "availity", "http://availity.localhost:9")
    reached = threading.Event()

    async def wait_for_ever() -> None:
        reached.set()
        await asyncio.Event().wait()

    robot = ToldRobot(before=lambda number: wait_for_ever() if number == 1 else None)
    monkeypatch.setattr(nightly, "check_portal", robot)
    queue = InProcessQueue(workers=1, browsers=no_browser)
    now = datetime.now(UTC)
    first = nightly.begin(database, kind="nightly", actor=ACTOR, now=now, portals=(SLUG,))
    second = nightly.begin(database, kind="nightly", actor=ACTOR, now=now, portals=("availity",))
    assert first is not None
    assert second is not None
    running, waiting = queue.put(database, first), queue.put(database, second)
    assert reached.wait(30)
    queue.stop()
    assert running.cancelled() or isinstance(running.exception(), asyncio.CancelledError)
    assert waiting.cancelled()
    with database.read() as session:
        assert list(session.scalars(select(tables.Lease))) == []
        states = {run.id: run.state for run in session.scalars(select(tables.Run))}
        outcomes = {item.authorization_id: item.outcome for item in session.scalars(select(tables.RunItem))}
    assert states == {first.run_id: "stopped", second.run_id: "stopped"}
    assert outcomes == {ids[0]: "read", ids[1]: None, there[0]: None}


def test_a_queue_that_was_stopped_takes_runs_again(database: Database, queue: InProcessQueue) -> None:
    ids = clinic(database, 1)
    queue.stop()
    run_id = check_now(database, ACTOR, START, authorization_id=ids[0], queue=queue)
    queue.finish()
    with database.read() as session:
        assert session.get_one(tables.Run, run_id).state == "finished"
