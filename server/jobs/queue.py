"""Where runs are carried out: in this process, on one worker thread with an event loop of its own.

"Check now" and the schedule both come here. The run is begun (leases taken, items written) before this
returns, so whoever asked can watch it at once; a second pass on the same portal is refused there and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import structlog

from automation.browser import started_browser
from server.actions.start_run import CHECK_NOW, NIGHTLY
from server.db.session import Database
from server.errors import Problem
from server.jobs.nightly import Begun, BrowserSource, Summary, begin, carry_out

_log = structlog.get_logger("queue")


class InProcessQueue:
    """Carries runs out side by side, at most `workers` at once. Leases keep two off one portal or account."""

    def __init__(self, workers: int = 2, browsers: BrowserSource = started_browser) -> None:
        self._workers = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="run")
        self._browsers = browsers

    def put(self, database: Database, begun: Begun) -> Future[Summary]:
        """Carries the run out as soon as a worker is free."""
        return self._workers.submit(self._carry_out, database, begun)

    def close(self) -> None:
        """Waits for the runs that are under way; those not begun yet are left for the next start."""
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _carry_out(self, database: Database, begun: Begun) -> Summary:
        try:
            return asyncio.run(carry_out(database, begun, browsers=self._browsers))
        except BaseException as error:
            _log.error("run_failed", run=begun.run_id, exc_info=error)
            raise


IN_PROCESS = InProcessQueue()


def check_now(
    database: Database,
    actor: str,
    now: datetime,
    *,
    authorization_id: int | None = None,
    portal: str | None = None,
    queue: InProcessQueue = IN_PROCESS,
) -> int:
    """Begins a run over one authorization, or over what is due (on one portal), and gives its id.

    Raises Problem `nothing_due` (409) where there is nothing to look at, and those of `nightly.begin`.
    """
    begun = begin(
        database,
        kind=CHECK_NOW,
        actor=actor,
        now=now,
        portals=None if portal is None else (portal,),
        authorization_id=authorization_id,
    )
    if begun is None:
        raise Problem("nothing_due", "Nothing is due now.", 409)
    queue.put(database, begun)
    return begun.run_id


def nightly(
    database: Database, portals: Sequence[str], now: datetime, queue: InProcessQueue = IN_PROCESS
) -> int | None:
    """Begins the night's run over these portals and gives its id; None where nothing is due."""
    begun = begin(database, kind=NIGHTLY, actor="schedule", now=now, portals=tuple(portals))
    if begun is None:
        return None
    queue.put(database, begun)
    return begun.run_id
