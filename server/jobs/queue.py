"""Where runs are carried out: in this process, on one worker thread with an event loop of its own.

"Check now" and the schedule both come here. The run is begun (leases taken, items written) before this
returns, so whoever asked can watch it at once; a second pass on the same portal is refused there and then.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import structlog

from automation.browser import has_display, started_browser, window
from server.actions.start_run import ATTENDED, CHECK_NOW, NIGHTLY
from server.db.session import Database
from server.errors import Problem
from server.jobs.nightly import Begun, BrowserSource, Summary, begin, carry_out, set_aside

_log = structlog.get_logger("queue")


class InProcessQueue:
    """Carries runs out side by side, at most `workers` at once. Leases keep two off one portal or account."""

    def __init__(self, workers: int = 2, browsers: BrowserSource = started_browser) -> None:
        self._size = workers
        self._browsers = browsers
        self._lock = threading.Lock()
        self._workers: ThreadPoolExecutor | None = None
        self._stopping = False
        self._waiting: dict[int, tuple[Database, Begun]] = {}
        self._running: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Task[Summary]]] = {}

    def put(self, database: Database, begun: Begun, browsers: BrowserSource | None = None) -> Future[Summary]:
        """Carries the run out as soon as a worker is free. browsers: instead of the queue's own."""
        with self._lock:
            if self._workers is None:
                self._workers = ThreadPoolExecutor(self._size, thread_name_prefix="run")
            self._waiting[begun.run_id] = (database, begun)
            return self._workers.submit(self._carry_out, database, begun, browsers or self._browsers)

    def finish(self) -> None:
        """Waits until every run that was put has ended."""
        self._end(cancel=False)

    def stop(self) -> None:
        """Ends every run at the look it is at: what was seen is kept, leases are given back, the next pass
        goes on."""
        self._end(cancel=True)

    def _end(self, *, cancel: bool) -> None:
        with self._lock:
            workers, self._workers, self._stopping = self._workers, None, cancel
            running = list(self._running.values()) if cancel else []
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)
        if workers is not None:
            workers.shutdown(wait=True, cancel_futures=cancel)
        with self._lock:
            never_begun, self._waiting, self._stopping = list(self._waiting.values()), {}, False
        for database, begun in never_begun:
            set_aside(database, begun)

    def _carry_out(self, database: Database, begun: Begun, browsers: BrowserSource) -> Summary:
        try:
            return asyncio.run(self._known(database, begun, browsers))
        except asyncio.CancelledError:
            _log.info("run_stopped", run=begun.run_id)
            raise
        except BaseException as error:
            _log.error("run_failed", run=begun.run_id, exc_info=error)
            raise

    async def _known(self, database: Database, begun: Begun, browsers: BrowserSource) -> Summary:
        """Carries it out where `stop` can reach it."""
        task = asyncio.ensure_future(carry_out(database, begun, browsers=browsers))
        with self._lock:
            self._waiting.pop(begun.run_id, None)
            self._running[begun.run_id] = (asyncio.get_running_loop(), task)
            if self._stopping:
                task.cancel()
        try:
            return await task
        finally:
            with self._lock:
                self._running.pop(begun.run_id, None)


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


def attended(
    database: Database, portal: str, actor: str, now: datetime, queue: InProcessQueue = IN_PROCESS
) -> int:
    """Begins a pass over what is due on one portal in a window on this machine, in which a person signs in.

    Raises Problem `no_display` (409) where no window can be shown, `nothing_due` (409), and those of
    `nightly.begin`.
    """
    if not has_display():
        raise Problem("no_display", "This machine has no display to open a window on.", 409)
    begun = begin(database, kind=ATTENDED, actor=actor, now=now, portals=(portal,))
    if begun is None:
        raise Problem("nothing_due", "Nothing is due on this portal now.", 409)
    queue.put(database, begun, window)
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
