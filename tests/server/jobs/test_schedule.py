"""When the night begins: at each portal's hour, by the clinic's wall clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from server.actions.change_portal_setting import change_portal_setting
from server.db.session import Database
from server.jobs import queue, schedule
from server.jobs.nightly import Begun
from tests.server.jobs.told_portal import SLUG, START, clinic
from tests.server.records import ACTOR


def at(database: Database, hour: str | None, slug: str = SLUG, *, enabled: bool = True) -> None:
    with database.write(ACTOR) as session:
        change_portal_setting(session, slug, ACTOR, START, start_at=hour, enabled=enabled)


def planned(database: Database) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(timezone=database.settings.zone)
    schedule.plan(scheduler, database, lambda: START)
    return scheduler


def test_a_portal_begins_at_its_profiles_hour_or_at_the_clinics_own(database: Database) -> None:
    clinic(database, 1)
    assert schedule.hours_of(database) == {"19:00": (SLUG,)}
    at(database, "20:15")
    assert schedule.hours_of(database) == {"20:15": (SLUG,)}


def test_portals_of_one_hour_make_one_run(database: Database) -> None:
    clinic(database, 1)
    clinic(database, 1, "availity")
    at(database, "20:15")
    at(database, "20:15", "availity")
    assert schedule.hours_of(database) == {"20:15": ("availity", SLUG)}


def test_a_portal_that_is_switched_off_has_no_hour(database: Database) -> None:
    clinic(database, 1)
    at(database, "20:15", enabled=False)
    assert schedule.hours_of(database) == {}


def test_a_portal_without_a_profile_still_has_an_hour_so_that_somebody_is_told(database: Database) -> None:
    clinic(database, 1, "no_such_portal")
    assert schedule.hours_of(database) == {"19:00": ("no_such_portal",)}


def test_a_changed_hour_moves_the_job_without_a_restart(database: Database) -> None:
    clinic(database, 1)
    scheduler = planned(database)
    assert [job.id for job in scheduler.get_jobs()] == ["19:00"]
    at(database, "20:15")
    schedule.plan(scheduler, database, lambda: START)
    (job,) = scheduler.get_jobs()
    fires = job.trigger.get_next_fire_time(None, START)
    assert fires.isoformat() == "2026-11-22T20:15:00-06:00"


def test_an_hour_is_the_clinics_wall_clock_on_both_sides_of_a_change_of_time(database: Database) -> None:
    clinic(database, 1)
    (job,) = planned(database).get_jobs()
    summer = job.trigger.get_next_fire_time(None, START - timedelta(days=60))
    winter = job.trigger.get_next_fire_time(None, START)
    assert (summer.hour, winter.hour) == (19, 19)
    assert summer.utcoffset() != winter.utcoffset()


def test_the_hour_begins_a_run_over_its_portals(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic(database, 2)
    put: list[Begun] = []
    monkeypatch.setattr(queue.IN_PROCESS, "put", lambda database, begun: put.append(begun))
    schedule.begin_night(database, (SLUG,), lambda: START)
    (begun,) = put
    assert begun.slugs == (SLUG,)


def test_an_hour_at_which_a_pass_runs_already_begins_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic(database, 2)
    put: list[Begun] = []
    monkeypatch.setattr(queue.IN_PROCESS, "put", lambda database, begun: put.append(begun))
    for _ in range(2):
        schedule.begin_night(database, (SLUG,), lambda: START)
    assert len(put) == 1


def test_the_scheduler_starts_and_ends(database: Database) -> None:
    clinic(database, 1)
    scheduler = schedule.start(database, lambda: START)
    try:
        assert {job.id for job in scheduler.get_jobs()} == {"plan", "19:00", "accounts"}
    finally:
        scheduler.shutdown()
    assert not scheduler.running
