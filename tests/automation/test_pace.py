"""Delays, backoff, budget, breaker, windows and one-time codes, all by a clock and a die of the test's
own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.pace import (
    CODE_MARGIN_SECONDS,
    Breaker,
    Budget,
    OneTimeCodes,
    backoff,
    between_checks,
    window_end,
    within_hours,
)
from portal_profiles.profile import Pace
from tests.automation.still_clock import StillClock

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CHICAGO = ZoneInfo("America/Chicago")


@given(st.integers(), st.floats(0, 60), st.floats(0, 60))
def test_the_rest_between_checks_lies_in_the_profiles_range(seed: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    pace = Pace(between_checks_seconds=(low, high))
    assert low <= between_checks(pace, Random(seed)) <= high


@given(st.integers(), st.integers(1, 40))
def test_backoff_never_waits_longer_than_its_bound_and_never_not_at_all(seed: int, attempt: int) -> None:
    seconds = backoff(attempt, Random(seed), base=1.0, most=60.0)
    assert 0.25 <= seconds <= 60.25


def test_backoff_grows_with_the_attempts() -> None:
    mean = [sum(backoff(n, Random(seed)) for seed in range(400)) / 400 for n in (1, 2, 3, 4)]
    assert mean == sorted(mean)
    assert mean[3] > 3 * mean[0]


def test_a_breaker_opens_after_its_limit_of_failures_in_a_row() -> None:
    breaker = Breaker(3)
    for failed in (True, True, False, True, True):
        breaker.failed() if failed else breaker.worked()
    assert not breaker.open
    breaker.failed()
    assert breaker.open


def test_a_budget_is_spent_after_its_last_request() -> None:
    budget = Budget(2)
    budget.spend()
    assert not budget.spent
    budget.spend()
    assert budget.spent


@given(st.times(), st.times(), st.times())
def test_a_time_is_in_a_window_or_in_the_rest_of_the_day_but_never_in_both(
    local: time, start: time, end: time
) -> None:
    if start != end:
        assert within_hours(local, (start, end)) != within_hours(local, (end, start))


def test_a_window_that_passes_midnight_holds_both_sides_of_it() -> None:
    hours = (time(22), time(2))
    assert [within_hours(time(h), hours) for h in (21, 22, 23, 0, 1, 2)] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]


def test_the_window_ends_today_or_tomorrow() -> None:
    hours = (time(18), time(21))
    assert (
        window_end(datetime(2026, 11, 23, 19, 5, tzinfo=CHICAGO), hours).isoformat()
        == "2026-11-23T21:00:00-06:00"
    )
    late = window_end(datetime(2026, 11, 23, 22, 0, tzinfo=CHICAGO), (time(22), time(2)))
    assert late.isoformat() == "2026-11-24T02:00:00-06:00"


def test_a_code_is_the_one_of_its_window() -> None:
    clock = StillClock(datetime(2026, 11, 23, 1, 0, 10, tzinfo=UTC))
    code = asyncio.run(OneTimeCodes(SECRET, clock).next())
    assert pyotp.TOTP(SECRET).verify(code, for_time=clock.now())
    assert clock.slept == []


def test_a_second_code_waits_for_the_next_window_and_differs() -> None:
    async def two() -> tuple[str, str]:
        codes = OneTimeCodes(SECRET, clock)
        return await codes.next(), await codes.next()

    clock = StillClock(datetime(2026, 11, 23, 1, 0, 10, tzinfo=UTC))
    first, second = asyncio.run(two())
    assert first != second
    assert sum(clock.slept) >= 20
    assert pyotp.TOTP(SECRET).verify(second, for_time=clock.now())


def test_a_code_that_would_be_stale_on_arrival_is_not_given() -> None:
    clock = StillClock(datetime(2026, 11, 23, 1, 0, 28, tzinfo=UTC))
    code = asyncio.run(OneTimeCodes(SECRET, clock).next())
    assert clock.now() >= datetime(2026, 11, 23, 1, 0, 30, tzinfo=UTC)
    assert pyotp.TOTP(SECRET).verify(code, for_time=clock.now())


@given(st.floats(0, 60 * 60), st.integers(1, 5))
def test_no_code_is_ever_given_twice_nor_near_its_end(seconds: float, many: int) -> None:
    async def several() -> list[tuple[str, float]]:
        codes = OneTimeCodes(SECRET, clock)
        return [(await codes.next(), clock.now().timestamp()) for _ in range(many)]

    clock = StillClock(datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=seconds))
    handed = asyncio.run(several())
    windows = [int(at // 30) for _, at in handed]
    assert windows == sorted(set(windows))
    for code, at in handed:
        assert 30 - at % 30 >= CODE_MARGIN_SECONDS
        assert code == pyotp.TOTP(SECRET).at(int(at))


def test_spaces_in_a_secret_do_not_count() -> None:
    clock = StillClock()
    spaced = asyncio.run(OneTimeCodes("JBSW Y3DP-ehpk3pxp JBSWY3DPEHPK3PXP", clock).next())
    assert spaced == asyncio.run(OneTimeCodes(SECRET, clock).next())


def test_a_short_secret_as_many_portals_hand_out_gives_the_codes_of_the_standard() -> None:
    # RFC 4226, appendix D: the first value of this key.
    start = StillClock(datetime(1970, 1, 1, tzinfo=UTC))
    code = asyncio.run(OneTimeCodes("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", start).next())
    assert code == "755224"
    assert len(asyncio.run(OneTimeCodes("JBSWY3DPEHPK3PXP", StillClock()).next())) == 6


def test_a_secret_that_is_no_base32_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="not base32") as caught:
        OneTimeCodes("not a secret 189!", StillClock())
    assert "189" not in str(caught.value)
