"""How gently a pass goes: delays, retries, the budget of a night, the breaker, the window, one-time codes.

Every wait goes through a `Clock` and every random number through a given `Random`: tests run the same code
with
both in their hands.
"""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Protocol

import pyotp

from portal_profiles.profile import Pace

#: A one-time code with less than this left of its window would be stale when it arrives (portals' hazard 6).
CODE_MARGIN_SECONDS = 3.0


class Clock(Protocol):
    """Where time comes from and how it passes."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Lets that much time pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Waits without holding up other portals."""
        await asyncio.sleep(seconds)


def between_checks(pace: Pace, random: Random) -> float:
    """Seconds to let pass before the next check, drawn evenly from the profile's range."""
    low, high = pace.between_checks_seconds
    return random.uniform(low, high)


def backoff(attempt: int, random: Random, base: float = 1.0, most: float = 60.0) -> float:
    """Seconds to wait after technical fault number `attempt` (1-based): exponential, with full jitter, so
    that
    many clinics do not come back at the same moment."""
    return random.uniform(0, min(most, base * 2 ** (attempt - 1))) + base / 4


def within_hours(local: time, hours: tuple[time, time]) -> bool:
    """Whether a local time lies in the window; a window may pass midnight (22:00 to 02:00). The end is
    outside."""
    start, end = hours
    return start <= local < end if start <= end else local >= start or local < end


def window_end(local: datetime, hours: tuple[time, time]) -> datetime:
    """The next moment, in the zone of `local`, at which the window closes."""
    end = local.replace(hour=hours[1].hour, minute=hours[1].minute, second=0, microsecond=0)
    return end if end > local else end + timedelta(days=1)


@dataclass(slots=True)
class Budget:
    """How many requests may still be made in a night; the portal's other users come first."""

    left: int

    def spend(self) -> None:
        """One request was made."""
        self.left -= 1

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self.left <= 0


@dataclass(slots=True)
class Breaker:
    """Opens after `limit` failures in a row: a portal that is down or rebuilt is left alone."""

    limit: int
    in_a_row: int = 0

    def failed(self) -> None:
        """One more failure in a row."""
        self.in_a_row += 1

    def worked(self) -> None:
        """A success: the row starts anew."""
        self.in_a_row = 0

    @property
    def open(self) -> bool:
        """Nothing more should be tried in this pass."""
        return self.in_a_row >= self.limit


class _Totp(pyotp.TOTP):
    """pyotp refuses secrets under 112 bits; many portals hand out 80, and the length is theirs to choose."""

    def byte_secret(self) -> bytes:
        return base64.b32decode(self.secret + "=" * (-len(self.secret) % 8), casefold=True)


class OneTimeCodes:
    """Codes of one authenticator secret (RFC 6238). No code is given twice: portals refuse a used one.

    Raises ValueError for a secret that is not base32 text; the message does not repeat it.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        try:
            self._totp = _Totp(re.sub(r"[\s=-]", "", secret))
            self._totp.byte_secret()
        except ValueError:
            raise ValueError("The authenticator secret is not base32 text.") from None
        self._clock = clock
        self._last_window = -1

    async def next(self) -> str:
        """The code of this window, or, when it was given already or is about to end, of the next one."""
        window, left = self._window()
        while window <= self._last_window or left < CODE_MARGIN_SECONDS:
            await self._clock.sleep(left + 0.05)
            window, left = self._window()
        self._last_window = window
        return self._totp.generate_otp(window)

    def _window(self) -> tuple[int, float]:
        seconds = self._clock.now().timestamp()
        window = int(seconds // self._totp.interval)
        return window, (window + 1) * self._totp.interval - seconds
