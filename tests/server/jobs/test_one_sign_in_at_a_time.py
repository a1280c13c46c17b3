"""Two real processes want one account of a portal at once: exactly one signs in, and the other is told."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from multiprocessing.context import SpawnContext
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event

import pytest
from sqlalchemy import select

from automation import sandbox
from server.db import tables
from server.db.session import Database
from server.errors import Problem
from server.jobs.nightly import Progress, night
from server.settings import Settings
from tests.server.jobs.test_night_at_the_sandboxes import before_the_night
from tests.server.records import ACTOR

pytestmark = pytest.mark.browser

SLUG = "example_payer"
PROCESSES = 2
SECONDS = 120


def one_process(settings: Settings, only: int, ready: Barrier, refused: Event, told: Queue[str]) -> None:
    """Checks one authorization as soon as every process is ready. The one that gets as far as the portal's
    door waits there until another was refused, so both truly want the account at the same time."""

    def at_the_door(progress: Progress) -> None:
        if progress.what == "signing_in":
            refused.wait(SECONDS / 4)

    database = Database.open(settings)
    ready.wait(SECONDS)
    try:
        asyncio.run(
            night(database, actor=ACTOR, kind="check_now", authorization_id=only, on_progress=at_the_door)
        )
        told.put("looked")
    except Problem as problem:
        told.put(problem.code)
        refused.set()
    finally:
        database.dispose()


def test_of_two_processes_that_want_one_account_at_once_exactly_one_signs_in(
    either_settings: Settings,
) -> None:
    database = Database.open(either_settings)
    context: SpawnContext = multiprocessing.get_context("spawn")
    ready, refused = context.Barrier(PROCESSES), context.Event()
    told: Queue[str] = context.Queue()
    with sandbox.serve([SLUG]) as served:
        kept = before_the_night(database, served)
        ids = list(kept)[:PROCESSES]
        processes = [
            context.Process(target=one_process, args=(either_settings, one, ready, refused, told))
            for one in ids
        ]
        for process in processes:
            process.start()
        try:
            ends = Counter(told.get(timeout=SECONDS) for _ in processes)
            for process in processes:
                process.join(SECONDS)
        finally:
            for process in processes:
                process.kill()
        account = served.states[SLUG].accounts["riverbend.robot"]
        signed_in = account.sign_ins
    assert ends == {"looked": 1, "pass_running": 1}
    assert signed_in == 1
    with database.read() as session:
        assert session.scalars(select(tables.Lease)).all() == []
        (run,) = session.scalars(select(tables.Run)).all()
    assert run.state == "finished"
    database.dispose()
