"""What a portal's drift leaves on the worklist, whose turn it then is, and what a night may still ask."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from automation.outcomes import Evidence, Outcome, OutcomeKind
from portal_profiles.catalogue import load
from server.db import queries, tables
from server.db.queries import LONG_DUE_DAYS
from server.db.session import Database, night_of
from server.jobs import nightly
from server.jobs.nightly import night
from server.security import audit
from tests.server.jobs.told_portal import SLUG, START, Clock, ToldRobot, clinic, no_browser
from tests.server.records import ACTOR

Kind = OutcomeKind
DRIFT = "2 pages were not as the profile says, each looked at twice."
PICTURE = Evidence("picture", "image/png", b"png")


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> ToldRobot:
    told = ToldRobot()
    monkeypatch.setattr(nightly, "check_portal", told)
    return told


def run(database: Database, clock: Clock | None = None, **how: Any) -> int | None:
    return asyncio.run(
        night(database, actor=ACTOR, clock=clock or Clock(), browsers=no_browser, **how)
    ).run_id


def tasks(database: Database) -> list[tables.Task]:
    with database.read() as session:
        return queries.open_tasks(session)


def drifted(outcome: Outcome) -> Outcome:
    problem = "fields.determination is not on the page; nearest to it: Current Status"
    return replace(outcome, drift=DRIFT, problems=(problem,), evidence=(PICTURE,))


def test_a_portal_that_has_changed_is_one_task_with_its_picture_and_what_was_not_found(
    database: Database, robot: ToldRobot
) -> None:
    ids = clinic(database, 4)
    robot.ends = [Kind.PAGE_CHANGED, Kind.PAGE_CHANGED, Kind.NOT_STARTED, Kind.NOT_STARTED]
    not_begun = {number: lambda outcome: replace(outcome, attempts=0) for number in (2, 3)}
    robot.changes = {1: drifted, **not_begun}
    run(database)
    (task,) = tasks(database)
    assert (task.kind, task.portal, task.authorization_id) == ("page_changed", SLUG, None)
    assert DRIFT in task.why
    assert task.problems == ["fields.determination is not on the page; nearest to it: Current Status"]
    with database.read() as session:
        kept = session.get(tables.Evidence, task.evidence_id)
        left = queries.due_authorizations(session, SLUG, date(2026, 11, 22))
    assert kept is not None
    assert kept.kind == "picture"
    assert [record.id for record in left] == ids[2:]


def test_a_portal_that_is_as_its_profile_says_again_needs_nobody(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 3)
    robot.ends = [Kind.READ, Kind.PAGE_CHANGED]
    run(database)
    assert [task.kind for task in tasks(database)] == ["page_changed"]
    run(database, Clock(START + timedelta(days=1)))
    assert tasks(database) == []


def test_another_good_page_does_not_hide_the_one_that_was_changed(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 2)
    robot.ends = [Kind.PAGE_CHANGED, Kind.READ]
    run(database)
    assert [task.kind for task in tasks(database)] == ["page_changed"]


def test_the_soonest_date_ahead_goes_first_whatever_was_read_before_and_an_unknown_page_last(
    database: Database, robot: ToldRobot
) -> None:
    odd, past, ends, never, served, waited = ids = clinic(database, 6)
    today = date(2026, 11, 22)
    told: dict[int, dict[str, Any]] = {
        odd: {"last_outcome": "page_changed", "service_date": date(2026, 11, 23)},
        past: {"last_outcome": "read", "expiry": date(2026, 11, 1)},
        ends: {"last_outcome": "read", "expiry": date(2026, 12, 5), "service_date": date(2027, 1, 20)},
        never: {"service_date": date(2026, 11, 24)},
        served: {"last_outcome": "not_found", "service_date": date(2026, 12, 1)},
        waited: {"last_outcome": "read", "next_due": today - timedelta(days=LONG_DUE_DAYS)},
    }
    with database.write(ACTOR) as session:
        for one in ids:
            for name, value in {"next_due": today, **told[one]}.items():
                setattr(session.get_one(tables.Authorization, one), name, value)
        audit.record(session, ACTOR, "test.outcomes", "test:1")
    run(database)
    assert [int(query_id) for _, query_id in robot.asked] == [waited, never, served, ends, past, odd]


def test_what_only_a_fallback_found_is_read_and_said(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1)
    problem = "fields.expiry_date: was found by a second way only; nearest to it: Valid dates"
    robot.changes = {0: lambda outcome: replace(outcome, problems=(problem,))}
    run(database)
    (task,) = tasks(database)
    assert (task.kind, task.severity, task.problems) == ("found_by_fallback", "info", [problem])


def test_the_share_of_a_portals_earlier_nights_is_what_the_next_one_is_compared_with(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 10)
    robot.ends = [Kind.READ] * 8 + [Kind.NOT_FOUND] * 2
    run(database)
    run(database, Clock(START + timedelta(days=8)))
    assert [given["usual_read"] for given in robot.given] == [None, 0.8]


def test_a_night_has_one_budget_of_requests_over_all_its_passes(database: Database, robot: ToldRobot) -> None:
    whole = load(SLUG).pace.requests_per_night
    ids = clinic(database, 2)
    robot.changes = {n: lambda outcome: replace(outcome, requests=6) for n in range(2)}
    run(database)
    run(database, Clock(START + timedelta(hours=2)), kind="check_now", authorization_id=ids[0])
    run(database, Clock(START + timedelta(days=1)), kind="check_now", authorization_id=ids[0])
    assert [given["requests_left"] for given in robot.given] == [whole, whole - 12, whole]


def test_the_requests_of_a_killed_pass_count_as_far_as_its_outcomes_were_written(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 3)
    robot.changes = {n: lambda outcome: replace(outcome, requests=5) for n in range(3)}

    def kill(number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt

    robot.before = kill
    with pytest.raises(KeyboardInterrupt):
        run(database)
    with database.read() as session:
        assert queries.requests_sent(session, SLUG, night_of(session, START)) == 10


def test_a_night_goes_from_noon_to_noon_by_the_clinics_clock(database: Database) -> None:
    with database.read() as session:
        nights = [night_of(session, START + timedelta(hours=hours)) for hours in (-8, -7, 0, 8, 16, 17)]
    assert nights == [date(2026, 11, day) for day in (21, 22, 22, 22, 22, 23)]


FAILING = [Kind.MAINTENANCE, Kind.TIMED_OUT, Kind.SIGNED_OUT]


def nights(database: Database, robot: ToldRobot, ends: list[OutcomeKind]) -> list[list[str]]:
    """A pass each night that ends so; gives the kinds of the open tasks after each."""
    told = []
    for number, kind in enumerate(ends):
        robot.ends, robot.asked = [kind], []
        run(database, Clock(START + timedelta(days=number)))
        told.append([task.kind for task in tasks(database)])
    return told


def test_a_portal_that_fails_night_after_night_asks_a_person_and_until_then_nobody(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 1)
    assert nights(database, robot, FAILING) == [[], [], ["portal_silent"]]
    (task,) = tasks(database)
    assert (task.portal, task.authorization_id) == (SLUG, None)
    assert task.next_step


def test_one_look_between_them_starts_the_count_anew(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1)
    ends = [Kind.MAINTENANCE, Kind.TIMED_OUT, Kind.READ, Kind.MAINTENANCE, Kind.MAINTENANCE]
    assert nights(database, robot, ends) == [[]] * 5


def test_a_portal_that_is_looked_at_again_needs_nobody(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1)
    assert nights(database, robot, [*FAILING, Kind.READ])[-2:] == [["portal_silent"], []]


def test_several_passes_of_one_night_are_one_night(database: Database, robot: ToldRobot) -> None:
    (one,) = clinic(database, 1)
    for minutes in (0, 20, 40):
        robot.ends, robot.asked = [Kind.MAINTENANCE], []
        run(database, Clock(START + timedelta(minutes=minutes)), authorization_id=one)
    assert tasks(database) == []
