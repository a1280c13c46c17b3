"""A night in which something else goes wrong at each portal: what a person must do stands on the worklist,
and no status that the record holds is changed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from automation import sandbox
from automation.sandbox import Served
from portal_profiles import catalogue
from portal_profiles.profile import Profile
from server.actions.finish_run import ledger_of
from server.db import queries, tables
from server.db.session import Database
from server.jobs import nightly
from server.jobs.nightly import night
from server.security import audit
from tests.server.jobs.test_night_at_the_sandboxes import before_the_night, outcomes
from tests.server.records import ACTOR

pytestmark = pytest.mark.browser

#: What each hazard comes to: the outcome of every look that is begun, and the kind of the task.
COMES_TO: dict[str, tuple[str, str]] = {
    "locked": ("locked", "locked"),
    "expired_password": ("password_expired", "password_expired"),
    "refused": ("credentials_refused", "credentials_refused"),
    "challenge": ("challenge_shown", "challenge_shown"),
    "firewall": ("challenge_shown", "challenge_shown"),
    "terms": ("terms_shown", "terms_shown"),
    "no_result": ("not_found", "not_found"),
    "wrong_patient": ("wrong_patient", "wrong_patient"),
    "changed_layout": ("page_changed", "page_changed"),
    "unknown_word": ("read", "unrecognised_word"),
}
CLOSE_THE_ACCOUNT = {"locked", "expired_password", "refused"}
SLUGS = [slug for slug in catalogue.slugs() if catalogue.load(slug).unattended]


def hazards_of(number: int) -> dict[str, str]:
    """The hazard of each portal in this night; over the nights each hazard comes."""
    names = sorted(COMES_TO)
    return {slug: names[(number * len(SLUGS) + at) % len(names)] for at, slug in enumerate(SLUGS)}


NIGHTS = range(-(-len(COMES_TO) // len(SLUGS)))


def test_these_nights_have_every_hazard() -> None:
    assert {name for number in NIGHTS for name in hazards_of(number).values()} == set(COMES_TO)


def in_a_hurry(slug: str) -> Profile:
    """The portal's profile, with less patience and shorter pauses than at a real portal."""
    profile = catalogue.load(slug)
    pace = replace(profile.pace, page_seconds=10, between_checks_seconds=(0.0, 0.1))
    return replace(profile, pace=pace)


@pytest.fixture
def portals() -> Iterator[Served]:
    with sandbox.serve(SLUGS) as served:
        yield served


@pytest.mark.parametrize("number", NIGHTS)
def test_what_goes_wrong_at_a_portal_reaches_a_person_and_changes_no_status(
    database: Database, portals: Served, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "load", in_a_hurry)
    hazards = hazards_of(number)
    kept = before_the_night(database, portals, good=2)
    for slug, name in hazards.items():
        portals.states[slug].hazards.switch({name: True})
    summary = asyncio.run(night(database, actor=ACTOR))
    assert summary.run_id is not None
    ended = outcomes(database, summary.run_id)
    assert set(ended) == set(kept)
    with database.read() as session:
        ledger = ledger_of(session, summary.run_id)
        assert ledger.due == ledger.outcomes.total() + ledger.left == len(ended)
        tasks = session.scalars(select(tables.Task).where(tables.Task.state == "open")).all()
        accounts = {one.portal: one.state for one in session.scalars(select(tables.PortalAccount))}
        records = [queries.authorization(session, one) for one in ended]
        assert {record and record.determination for record in records} == {"pended"}
        assert audit.verify(session).findings == ()
    for slug, name in hazards.items():
        outcome, kind = COMES_TO[name]
        came = {ended[one] for one, (at, _) in kept.items() if at == slug}
        assert outcome in came, (slug, name, came)
        assert came <= {outcome, "not_started"}, (slug, name, came)
        of_it = [task for task in tasks if task.portal == slug and task.kind == kind]
        assert of_it, (slug, name, {task.kind for task in tasks if task.portal == slug})
        assert all(task.why and task.next_step for task in of_it)
        assert accounts[slug] == ("closed" if name in CLOSE_THE_ACCOUNT else "open"), (slug, name)
        assert portals.states[slug].counts()["acts"] == []
