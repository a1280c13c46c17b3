from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal_profiles.catalogue import UnknownPortal, load, slugs
from portal_profiles.identity import Identity
from portal_profiles.reading import Reading
from portal_profiles.vocabulary import Determination
from server.actions.change_portal_setting import change_portal_setting
from server.actions.decide_automation import decide_automation
from server.actions.open_task import open_task
from server.actions.read_by_staff import list_key, read_by_staff
from server.actions.record_reading import record_reading
from server.db import queries
from server.db.session import Database
from server.db.tables import PortalSetting
from server.jobs.to_look_at import LookList, search_address, to_look_at
from tests.server.records import ACTOR, ADA, BRUNO, NOW, ada, keep

SLUG = "example_payer"
SURE = Identity(("member_id", "name", "reference_number"), (), "accepted")
UNSURE = Identity(("name",), (), "needs_person")


def listed(database: Database, slug: str = SLUG) -> LookList:
    with database.read() as session:
        return to_look_at(session, slug, NOW + timedelta(hours=1))


def pended(database: Database, **changes: object) -> int:
    return keep(
        database, ada(**{"portal": SLUG, "determination": "pended", "reference_numbers": [], **changes})
    )


def browse(database: Database, record_id: int, identity: Identity = SURE) -> None:
    reading = Reading(
        SLUG, "1", page="detail", determination=Determination.PENDED, determination_text="Pended"
    )
    with database.write("desk") as session:
        record_reading(session, reading, identity, record_id, read_by="desk", now=NOW + timedelta(minutes=5))


def test_a_due_request_is_listed_with_what_its_search_takes(either_database: Database) -> None:
    one = pended(either_database, service_date="2026-11-20")
    (item,) = listed(either_database).items
    assert item.authorization.id == one
    assert dict(item.typed) == {
        "member_id": "XYZ100200301",
        "birth_date": "03/12/1961",
        "service_from": "11/20/2026",
        "service_to": "11/20/2026",
    }
    assert item.address == "https://portal.example-health.example/status"


def test_the_stand_in_s_address_is_given_where_there_is_one_and_passes_look(database: Database) -> None:
    pended(database)
    with database.write(ACTOR) as session:
        change_portal_setting(session, SLUG, ACTOR, NOW, base_url="http://example-payer.localhost:8123")
    found = listed(database)
    assert (found.why, found.address) == ("", "http://example-payer.localhost:8123/status")


def test_the_reason_is_the_clinic_s_decision_or_the_profile_s(database: Database) -> None:
    assert "not permitted" in listed(database).why
    with database.write(ACTOR) as session:
        decide_automation(session, SLUG, "permitted", "Our contract", ACTOR, NOW)
        decide_automation(session, "evicore", "permitted", "Our contract", ACTOR, NOW)
    assert listed(database).why == ""
    assert listed(database, "evicore").why == load("evicore").needs_person


def test_a_profile_that_nobody_confirmed_on_the_live_portal_is_read_by_staff_even_where_permitted(
    database: Database,
) -> None:
    with database.write(ACTOR) as session:
        decide_automation(session, "availity", "permitted", "Our contract", ACTOR, NOW)
    assert "profile verify availity" in listed(database, "availity").why
    setting = PortalSetting(portal="availity", automation="permitted")
    confirmed = replace(load("availity"), seen_live=date(2026, 11, 1))
    assert read_by_staff(confirmed, setting) == ""


@pytest.mark.parametrize("slug", slugs())
def test_no_portal_s_address_can_hold_a_patient_s_data(slug: str) -> None:
    profile = load(slug)
    addresses = [search_address(profile, None), *(search_address(profile, None, s) for s in profile.search)]
    for address in addresses:
        assert address.startswith("https://")
        assert "{" not in address


def test_what_staff_read_as_they_browse_leaves_the_list_and_the_last_one_ends_it(database: Database) -> None:
    first, second = pended(database), pended(database, patient=BRUNO)
    with database.write(ACTOR) as session:
        open_task(
            session, kind="to_look_at", title="t", why="w", next_step="n", dedupe_key=list_key(SLUG),
            actor=ACTOR, now=NOW, portal=SLUG,
        )  # fmt: skip
    browse(database, first)
    found = listed(database)
    assert [item.authorization.id for item in found.items] == [second]
    assert [(r.authorization_id, r.state, r.read_by) for r, _ in found.refreshed] == [
        (first, "accepted", "desk")
    ]
    with database.read() as session:
        assert [task.kind for task in queries.open_tasks(session)] == ["to_look_at"]
    browse(database, second)
    assert listed(database).items == ()
    with database.read() as session:
        assert queries.open_tasks(session) == []


def test_a_reading_that_waits_for_a_person_is_told_and_its_request_stays_due(database: Database) -> None:
    one = pended(database, patient=ADA)
    browse(database, one, UNSURE)
    found = listed(database)
    assert [item.authorization.id for item in found.items] == [one]
    assert [(r.authorization_id, r.state) for r, _ in found.refreshed] == [(one, "waiting")]


def test_a_portal_without_a_profile_has_no_list(database: Database) -> None:
    with pytest.raises(UnknownPortal):
        listed(database, "no_such_portal")
