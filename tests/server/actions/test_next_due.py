"""When to look again, by determination and dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_profiles.profile import Due
from portal_profiles.schema import USUAL_DAYS
from portal_profiles.vocabulary import APPROVING, CLOSED, Determination
from server.actions.next_due import after_a_failure, next_due

TODAY = date(2026, 11, 23)
USUAL = Due(days=USUAL_DAYS)


def due(determination: Determination = Determination.APPROVED, **changes: Any) -> int | None:
    """Days from today until the next look, None for never."""
    usual: dict[str, Any] = {
        "expiry": date(2027, 6, 30),
        "service_date": None,
        "has_number": True,
        "looked": TODAY,
        "due": USUAL,
        "own_days": {},
    }
    day = next_due(determination=determination, **{**usual, **changes})
    return None if day is None else (day - TODAY).days


def test_a_pended_request_is_looked_at_daily() -> None:
    assert due(Determination.PENDED) == 1


def test_an_approval_is_looked_at_weekly() -> None:
    assert due() == 7


def test_an_approval_near_its_end_is_looked_at_daily() -> None:
    assert due(expiry=TODAY + timedelta(days=14)) == 1
    assert due(expiry=TODAY + timedelta(days=15)) == 7


def test_an_approval_without_its_number_yet_is_looked_at_tomorrow() -> None:
    assert due(has_number=False) == 1
    assert due(Determination.PARTIALLY_APPROVED, has_number=False, expiry=None) == 1


def test_an_approval_is_not_looked_at_after_its_service() -> None:
    assert due(service_date=TODAY - timedelta(days=1)) is None
    assert due(service_date=TODAY) == 7


def test_an_approval_is_not_looked_at_after_its_last_day() -> None:
    assert due(expiry=TODAY - timedelta(days=1)) is None
    assert due(expiry=TODAY) == 1


def test_an_undecided_request_is_looked_at_even_after_the_service_was_given() -> None:
    assert due(Determination.PENDED, service_date=TODAY - timedelta(days=30)) == 1


@pytest.mark.parametrize("determination", [*sorted(CLOSED), Determination.NOT_REQUIRED, Determination.DRAFT])
def test_what_is_closed_or_was_never_asked_for_is_never_looked_at(determination: Determination) -> None:
    assert due(determination) is None
    assert after_a_failure(determination, None, None, TODAY) is None


def test_the_clinics_own_days_go_before_the_profiles() -> None:
    assert due(own_days={"approved": 3}) == 3
    assert due(own_days={"approved_near_expiry": 2}, expiry=TODAY + timedelta(days=3)) == 2


def test_a_determination_that_the_profile_leaves_out_is_never_looked_at_by_itself() -> None:
    assert due(Determination.IN_APPEAL, due=Due(days={Determination.PENDED: 1})) is None


@settings(deadline=None)
@given(st.sampled_from(Determination), st.integers(-40, 40), st.integers(-40, 40) | st.none())
def test_a_failed_look_is_made_up_for_tomorrow_or_never_and_never_today(
    determination: Determination, expiry: int, service: int | None
) -> None:
    last = TODAY + timedelta(days=expiry)
    planned = None if service is None else TODAY + timedelta(days=service)
    again = after_a_failure(determination, last, planned, TODAY)
    assert again in (None, TODAY + timedelta(days=1))


@settings(deadline=None)
@given(st.sampled_from(Determination), st.integers(-60, 60), st.booleans(), st.integers(1, 30))
def test_the_next_look_is_always_in_the_future_and_never_later_nearer_the_end(
    determination: Determination, days_left: int, has_number: bool, own: int
) -> None:
    again = due(
        determination,
        expiry=TODAY + timedelta(days=days_left),
        has_number=has_number,
        own_days={determination.value: own},
    )
    assert again is None or again >= 1
    if determination in APPROVING and 0 <= days_left <= USUAL.near_expiry_days:
        assert again == min(own, 1)
