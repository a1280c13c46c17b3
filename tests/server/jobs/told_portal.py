"""A clinic with due authorizations, and a robot that ends each look as the test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from playwright.async_api import Browser

from automation.night import Event
from automation.outcomes import Outcome, OutcomeKind
from automation.session import Account
from portal_profiles.identity import Identity
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from portal_profiles.reading import Reading
from portal_profiles.vocabulary import Determination
from server.actions.change_portal_setting import change_portal_setting
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.db.session import Database
from tests.server.records import ACTOR, ada, keep

SLUG = "example_payer"
SANDBOX = "http://example-payer.localhost:9"
START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # 19:30 on the 22nd at the clinic


def clinic(database: Database, many: int, slug: str = SLUG, base_url: str | None = SANDBOX) -> list[int]:
    """Keeps so many pended authorizations on a portal, with an account and its sandbox."""
    data = ada(portal=slug, determination="pended", reference_numbers=[])
    ids = [keep(database, data) for _ in range(many)]
    with database.write(ACTOR) as session:
        save_portal_account(session, slug, "robot", AccountSecrets("a password"), ACTOR, START)
        if base_url is not None:
            change_portal_setting(session, slug, ACTOR, START, base_url=base_url)
    return ids


@dataclass
class Clock:
    """The run's clock: moved by hand."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class ToldRobot:
    """Stands in for `check_portal`: ends each look by `ends`, in order; READ is a good reading.

    before: called before each look, and may raise or wait. asked: every query of every pass, by portal.
    heeds: it begins nothing more once the portal was halted, as the robot does.
    changes: what is made of the outcome of a look, by its number. given: what each pass was told besides.
    """

    ends: Sequence[OutcomeKind] = ()
    before: Callable[[int], Any] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    changes: Mapping[int, Callable[[Outcome], Outcome]] = field(default_factory=dict)
    given: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    heeds: bool = False

    async def __call__(
        self, profile: Profile, account: Account, queries: Sequence[Query], **others: Any
    ) -> AsyncIterator[Outcome]:
        self.accounts.append(account)
        self.given.append(others)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if others["keeper"] is not None:
                others["keeper"](b'{"cookies": []}')
            for query in queries:
                number = len(self.asked)
                self.asked.append((profile.slug, query.id))
                others["on_event"](Event(profile.slug, "looking", query.id))
                await asyncio.sleep(0)
                if self.heeds and others["halted"]():
                    left = outcome(profile.slug, query.id, OutcomeKind.NOT_STARTED, others["clock"].now())
                    yield replace(left, attempts=0)
                    continue
                if self.before is not None:
                    waited = self.before(number)
                    if waited is not None:
                        await waited
                kind = self.ends[number] if number < len(self.ends) else OutcomeKind.READ
                told = outcome(profile.slug, query.id, kind, others["clock"].now())
                yield self.changes[number](told) if number in self.changes else told
        finally:
            self.running -= 1


def outcome(slug: str, query_id: str, kind: OutcomeKind, at: datetime) -> Outcome:
    """An outcome of this kind, with a reading of an approval where it was read."""
    if kind is not OutcomeKind.READ:
        return Outcome(query_id, kind, slug, at, kind.why, attempts=1)
    reading = Reading(slug, "2026.11.1", determination=Determination.APPROVED, determination_text="Approved")
    sure = Identity(("member_id", "name"), (), "accepted")
    return Outcome(query_id, kind, slug, at, kind.why, reading=reading, identity=sure, attempts=1)


@asynccontextmanager
async def no_browser() -> AsyncIterator[Browser]:
    """Where a browser would be."""
    yield cast(Browser, None)
