"""The people of the clinic as the robot asks them: a request in the database, answered in the dashboard.

It works across processes: whoever carries the pass out polls the database by its own clock, and the dashboard
of any other process writes the answer there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from automation.pace import Clock
from automation.people import CodeAsked, CodeEnd
from server.actions.answer_code import take_answer
from server.actions.ask_for_code import ask_for_code
from server.actions.finish_code import finish_code
from server.db.session import Database
from server.db.tables import CodeRequest, PortalAccount

#: How often the database is asked whether somebody has answered.
POLL_SECONDS = 1.0


@dataclass(slots=True)
class ClinicPeople:
    """Asks for one account of one run. on_asked: told of each request when it stands on the worklist."""

    database: Database
    account_id: int
    run_id: int
    actor: str
    clock: Clock
    on_asked: Callable[[CodeAsked], None]
    _requests: dict[CodeAsked, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def code(self, asked: CodeAsked) -> str | None:
        """The code that a person enters before the deadline; None when nobody does."""
        await self.push(asked)
        while True:
            code = await asyncio.to_thread(self._take, asked)
            if code is not None or self.clock.now() >= asked.until:
                return code
            await self.clock.sleep(POLL_SECONDS)

    async def push(self, asked: CodeAsked) -> None:
        """Puts the request on the worklist."""
        await asyncio.to_thread(self._ask, asked)
        self.on_asked(asked)

    async def ended(self, asked: CodeAsked, how: CodeEnd) -> None:
        """Takes it off the worklist, also when the pass is being stopped."""
        await asyncio.shield(asyncio.to_thread(self._finish, asked, how))

    def _ask(self, asked: CodeAsked) -> None:
        with self._lock:
            with self.database.write(self.actor) as session:
                request_id = ask_for_code(
                    session,
                    session.get_one(PortalAccount, self.account_id),
                    asked.method,
                    run_id=self.run_id,
                    actor=self.actor,
                    now=asked.asked_at,
                    expires_at=asked.until,
                    again=asked.again,
                    number=asked.number,
                ).id
            self._requests[asked] = request_id

    def _take(self, asked: CodeAsked) -> str | None:
        request_id = self._requests[asked]
        with self.database.read() as session:
            if session.get_one(CodeRequest, request_id).state == "open":
                return None
        with self.database.write(self.actor) as session:
            request = session.get_one(CodeRequest, request_id)
            return take_answer(session, request, self.actor, self.clock.now())

    def _finish(self, asked: CodeAsked, how: CodeEnd) -> None:
        with self._lock:
            # A pass that is stopped while it asks: the request is written first.
            request_id = self._requests.get(asked)
        if request_id is None:
            # The pass was stopped before the request was written.
            return
        with self.database.write(self.actor) as session:
            request = session.get_one(CodeRequest, request_id)
            finish_code(session, request, how.value, self.actor, self.clock.now())
