"""A robot in a real Chromium at a sandbox, for tests: one browser a module, one event loop, one sandbox a
test."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page

from automation import sandbox
from automation.closing import close_page
from automation.night import Event, check_portal
from automation.outcomes import Outcome
from automation.people import People
from automation.sandbox import Served
from automation.session import Account
from portal_profiles.catalogue import load
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from tests.automation.still_clock import LeapingClock

Result = TypeVar("Result")
#: What the fixture `visit` gives: a slug, how long a page is waited for, and hazards.
Serve = Callable[..., "Visit"]


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

    def __post_init__(self) -> None:
        # A code is judged by the clock that it was made by, which leaps ahead.
        self.served.states[self.slug].clock = lambda: self.clock.now()

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

    def inside(self, username: str = "riverbend.robot") -> Account:
        """An account that gets in: where a person signs in, with the session that the person opened."""
        opened = None if self.profile.unattended else self.opened_by_a_person(username)
        return self.account(username, opened)

    def opened_by_a_person(self, username: str = "riverbend.robot") -> bytes:
        """The browser's state after a person gave password and code and agreed to what the portal asks."""
        state = self.served.states[self.slug]
        _, session = state.give_password(username, state.accounts[username].password)
        assert session is not None
        state.let_in(session)
        session.accepted_terms = True
        cookie = {
            "name": importlib.import_module(f"portal_profiles.{self.slug}.sandbox.routes").COOKIE,
            "value": session.token,
            "domain": urlsplit(self.served.url(self.slug)).hostname,
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return json.dumps({"cookies": [cookie], "origins": []}).encode()

    def look(
        self,
        queries: Sequence[Query],
        *,
        account: Account | None = None,
        profile: Profile | None = None,
        on_event: Callable[[Event], None] | None = None,
        people: People | None = None,
        person: Callable[[Page], Coroutine[Any, Any, None]] | None = None,
        time_zone: str | None = None,
    ) -> list[Outcome]:
        """A pass over these queries; states that it keeps are added to `states`.

        person: what a second hand does in the window of an attended pass whenever it is left to one.
        """
        hands: list[asyncio.Task[None]] = []

        async def by_hand(page: Page) -> None:
            assert person is not None
            try:
                await person(page)
            except BaseException:
                # Somebody who does not get on closes the window, and the pass need not wait for them.
                await close_page(page)
                raise

        def told(event: Event) -> None:
            if event.what == "person_needed" and person is not None:
                hands.append(asyncio.ensure_future(by_hand(self.robot.browser.contexts[-1].pages[0])))
            if on_event is not None:
                on_event(event)

        async def collect() -> list[Outcome]:
            outcomes = [
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
                    on_event=told,
                    people=people,
                    attended=10.0 if person is not None else None,
                    time_zone=time_zone,
                )
            ]
            await asyncio.gather(*hands)
            return outcomes

        return self.robot.do(collect())
