"""A portal that has changed is stopped, one odd record does not stop it, and chance does not either."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automation.drift import Drift
from automation.outcomes import Outcome, OutcomeKind
from portal_profiles.profile import Expect
from portal_profiles.reading import Reading
from portal_profiles.vocabulary import Determination

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def looked(kind: OutcomeKind, word: Determination | None = None) -> Outcome:
    reading = Reading("example_payer", "2026.11.1", determination=word) if word else None
    return Outcome("1", kind, "example_payer", NOW, kind.why, reading=reading)


READ = looked(OutcomeKind.READ, Determination.APPROVED)
UNKNOWN = looked(OutcomeKind.READ, Determination.UNRECOGNISED)
CHANGED = looked(OutcomeKind.PAGE_CHANGED)
NOTHING = looked(OutcomeKind.NOT_FOUND)


def told(drift: Drift, *outcomes: Outcome) -> list[bool]:
    return [bool(drift.count(outcome)) for outcome in outcomes]


def test_one_changed_page_is_an_odd_record_and_the_second_stops_the_portal() -> None:
    assert told(Drift(Expect()), CHANGED, READ, READ, CHANGED) == [False, False, False, True]


def test_words_that_are_not_known_stop_the_portal_at_the_profiles_limit() -> None:
    assert told(Drift(Expect(most_unknown_words=2)), UNKNOWN, READ, UNKNOWN) == [False, False, True]


def test_a_portal_that_finds_nothing_any_more_is_stopped_and_the_share_is_said() -> None:
    drift = Drift(Expect(minimum_read=0.5))
    said = [drift.count(NOTHING) for _ in range(10)]
    assert said[:9] == [""] * 9
    assert said[9] == "Only 0 of 10 looks gave a reading; 50% is expected."


def test_a_night_with_far_fewer_readings_than_the_portals_own_earlier_ones_is_stopped_sooner() -> None:
    usual, unknown = Drift(Expect(minimum_read=0.1), 1.0), Drift(Expect(minimum_read=0.1))
    assert True in told(usual, *[NOTHING] * 6)
    assert True not in told(unknown, *[NOTHING] * 6)


@pytest.mark.parametrize("start", [0, 3, 7])
def test_half_the_looks_without_a_reading_is_no_drift_where_half_is_expected(start: int) -> None:
    mixed = [NOTHING] * start + [READ, NOTHING] * 30
    assert True not in told(Drift(Expect(minimum_read=0.5)), *mixed)


def test_what_was_no_look_says_nothing_about_the_portal() -> None:
    assert True not in told(Drift(Expect()), *[looked(OutcomeKind.TIMED_OUT)] * 50)
    assert True not in told(Drift(Expect()), *[looked(OutcomeKind.NOT_STARTED)] * 50)
