from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from server.actions.authorization_input import authorization_input
from server.actions.change_portal_setting import change_portal_setting
from server.actions.save_authorization import create_authorization
from server.db.session import Database
from server.db.tables import AuditEntry
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, NOW, bearer

ADDRESS = "/api/v1/portals/cigna/to-look-at"


def test_a_portal_s_list_says_what_to_type_and_where(app: Flask, database: Database) -> None:
    with database.write("test") as db:
        pended = {**AUTHORIZATION, "portal": "cigna", "determination": "pended"}
        create_authorization(db, authorization_input(pended), "test", NOW)
    answer = app.test_client().get(ADDRESS, headers=bearer(database, Role.SCHEDULER))
    assert answer.status_code == 200
    said = answer.get_json()
    assert (said["total"], said["pages_known"], said["refreshed"]) == (1, True, [])
    (item,) = said["items"]
    assert item["address"] == "https://cignaforhcp.cigna.com/app/patient/search"
    assert {"field": "member_id", "text": "XYZ100200301"} in item["typed"]
    assert (item["last_name"], item["first_name"]) == ("Lindqvist", "Ada")


def test_only_those_who_work_on_requests_are_shown_the_list(app: Flask, database: Database) -> None:
    for role in Role:
        answer = app.test_client().get(ADDRESS, headers=bearer(database, role))
        assert answer.status_code == (200 if role.at_least(Role.SCHEDULER) else 403)


def test_a_portal_without_a_profile_is_not_found(app: Flask, database: Database) -> None:
    answer = app.test_client().get(
        "/api/v1/portals/nowhere/to-look-at", headers=bearer(database, Role.SCHEDULER)
    )
    assert answer.status_code == 404


def test_the_portals_that_staff_look_at_are_counted_without_a_patient(app: Flask, database: Database) -> None:
    with database.write("test") as db:
        for number in range(2):
            pended = {**AUTHORIZATION, "portal": "cigna", "determination": "pended"}
            pended["reference_numbers"] = [{"value": f"R-{number}", "kind": "reference"}]
            create_authorization(db, authorization_input(pended), "test", NOW)
    counts = "/api/v1/portals/to-look-at"
    for role in Role:
        answer = app.test_client().get(counts, headers=bearer(database, role))
        assert answer.status_code == (200 if role.at_least(Role.SCHEDULER) else 403)
    said = app.test_client().get(counts, headers=bearer(database, Role.SCHEDULER)).get_json()
    [one] = said["portals"]
    assert (one["slug"], one["total"]) == ("cigna", 2)
    assert "permitted" in one["why"]
    assert "Lindqvist" not in str(said)


def test_a_portal_that_passes_look_at_is_not_among_them(app: Flask, database: Database) -> None:
    with database.write("test") as db:
        pended = {**AUTHORIZATION, "portal": "example_payer", "determination": "pended"}
        create_authorization(db, authorization_input(pended), "test", NOW)
        change_portal_setting(db, "example_payer", "test", NOW, base_url="http://example-payer.localhost:1")
    answer = app.test_client().get("/api/v1/portals/to-look-at", headers=bearer(database, Role.SCHEDULER))
    assert answer.get_json() == {"portals": []}


def test_each_patient_on_the_list_is_audited_as_seen(app: Flask, database: Database) -> None:
    with database.write("test") as db:
        pended = {**AUTHORIZATION, "portal": "cigna", "determination": "pended"}
        shown = create_authorization(db, authorization_input(pended), "test", NOW).id
    app.test_client().get(ADDRESS, headers=bearer(database, Role.SCHEDULER))
    with database.read() as db:
        seen = list(db.scalars(select(AuditEntry.subject).where(AuditEntry.action == "authorization.listed")))
    assert seen == [f"authorization:{shown}"]
