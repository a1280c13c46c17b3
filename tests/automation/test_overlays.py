"""What lies over a page is dealt with once: what its step leads to is waited for, not pressed again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from automation.in_page import InPage
from automation.outcomes import Ended, TechnicalFault
from automation.reading import Seen
from automation.session import Account, Session
from portal_profiles.catalogue import load
from portal_profiles.profile import PageKind
from tests.automation.still_clock import StillClock

PROFILE = load("example_payer")
COOKIES, HOME = PROFILE.pages["cookies"], PROFILE.pages["home"]
OVER, UNDER = Seen(COOKIES, {}, 1.0, (COOKIES,)), Seen(HOME, {}, 2.0, (HOME,))


@dataclass
class Gate:
    """leaving: what is said of the page that is on its way, each time it is asked; then that none is."""

    leaving_said: Iterator[bool]
    faults: int = 0
    waiting: bool = False

    @property
    def leaving(self) -> bool:
        return next(self.leaving_said, False)


@dataclass
class Over:
    """A session that sees these pages, one a look; pressed: how often the overlay was dealt with."""

    looks: list[Seen]
    leaving: list[bool]
    pressed: list[Any] = field(default_factory=list)

    def session(self, seconds: float = 5.0) -> Session:
        tab: Any = type("Tab", (), {"on": lambda *_: None})()
        gate: Any = Gate(iter(self.leaving))
        account = Account("riverbend.robot", "correct horse")
        none: dict[str, Any] = dict.fromkeys(("base_url", "codes", "keeper", "people"))
        session = Session(PROFILE, account, tab, tab, gate, InPage(PROFILE), **none, clock=StillClock())
        session._seconds = seconds
        left = iter(self.looks)

        async def look(*_: Any) -> Seen:
            return next(left, self.looks[-1])

        async def press(hands: Any, spec: Any) -> None:
            self.pressed.append(spec)

        eye: Any = session.eye
        eye.look = look
        inner: Any = session
        inner._do = press
        return session

    def see(self, seconds: float = 5.0) -> Seen:
        return asyncio.run(self.session(seconds).see(PageKind.HOME))


def test_an_overlay_whose_step_leads_to_another_page_is_dealt_with_once() -> None:
    over = Over([OVER, OVER, OVER, UNDER], [True] * 4)
    assert over.see() is UNDER
    assert over.pressed == [COOKIES]


def test_an_overlay_that_comes_back_without_another_page_is_dealt_with_again() -> None:
    over = Over([OVER, OVER, UNDER], [])
    assert over.see() is UNDER
    assert over.pressed == [COOKIES, COOKIES]


def test_an_overlay_that_never_goes_is_a_changed_page() -> None:
    with pytest.raises(Ended, match="keeps lying"):
        Over([OVER], []).see()


def test_a_page_that_an_overlay_leads_to_and_that_never_comes_is_a_technical_fault() -> None:
    over = Over([OVER], [True] * 1000)
    with pytest.raises(TechnicalFault):
        over.see(seconds=0.0)
    assert over.pressed == [COOKIES]
