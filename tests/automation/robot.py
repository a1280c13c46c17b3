"""A robot in a real Chromium at a sandbox, for tests: one browser a module, one event loop, one sandbox a
test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from playwright.async_api import Browser

from automation import sandbox
from automation.night import Event, check_portal
from automation.outcomes import Outcome
from automation.sandbox import Served
from automation.session import Account
from portal_profiles.catalogue import load
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from tests.automation.still_clock import LeapingClock

Result = TypeVar("Result")


@dataclass
class Robot:
    """One browser and the loop that it lives in."""

    runner: asyncio.Runner
    browser: Browser

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs it on the browser's loop."""
        return self.runner.run(work)


@dataclass
class Visit:
    """A pass over a sandbox that is being served, and what came of it."""

    slug: str
    served: Served
    robot: Robot
    page_seconds: float = 4.0
    states: list[bytes] = field(default_factory=list)
    clock: LeapingClock = field(default_factory=LeapingClock)

    @property
    def profile(self) -> Profile:
        """The portal's profile, with less patience than at a real portal."""
        profile = load(self.slug)
        return replace(profile, pace=replace(profile.pace, page_seconds=self.page_seconds))

    @property
    def counts(self) -> dict[str, Any]:
        """What the sandbox counted."""
        return self.served.states[self.slug].counts()

    def queries(self, outcome: str | None = None, many: int | None = None) -> list[Query]:
        """The clinic's rows, those that should end in this outcome, the first so many."""
        expected = sandbox.expected(self.slug)
        found = [
            Query.from_json(query)
            for query in sandbox.queries(self.slug)
            if outcome is None or expected[str(query["id"])].outcome == outcome
        ]
        return found[:many]

    def account(self, username: str = "riverbend.robot", state: bytes | None = None) -> Account:
        """One of the sandbox's accounts."""
        known = self.served.states[self.slug].accounts[username]
        return Account(known.username, known.password, known.totp_secret, known.organizations[0], state)

    def look(
        self,
        queries: Sequence[Query],
        *,
        account: Account | None = None,
        profile: Profile | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> list[Outcome]:
        """A pass over these queries; states that it keeps are added to `states`."""

        async def collect() -> list[Outcome]:
            return [
                outcome
                async for outcome in check_portal(
                    profile or self.profile,
                    account or self.account(),
                    queries,
                    browser=self.robot.browser,
                    base_url=self.served.url(self.slug),
                    keeper=self.states.append,
                    clock=self.clock,
                    random=Random(3),
                    on_event=on_event,
                )
            ]

        return self.robot.do(collect())
