"""Paired browsers: a code is traded for a key once, and what a device may see and end."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from server.actions.issue_access import issue_pairing_code
from server.db.session import Database
from server.db.tables import AuditEntry, Device, User
from server.security.roles import Role
from tests.server.api.conftest import NOW, Browser, Clock, bearer


def code_for(database: Database, role: Role) -> str:
    with database.write("test") as db:
        user = db.scalars(select(User).where(User.role == role.value)).one()
        return issue_pairing_code(db, user, "test", NOW)


def pair(client: FlaskClient, code: str, jwk: dict[str, Any]) -> Any:
    body = {"code": code, "name": "Front desk", "public_key": jwk}
    return client.post("/api/v1/devices/pair", json=body)


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: f" {code[:4]}-{code[4:]} "])
def test_a_code_is_traded_for_a_device_that_may_ask(
    client: FlaskClient, database: Database, clock: Clock, typed: Any
) -> None:
    browser = Browser(client, clock)
    response = pair(client, typed(code_for(database, Role.BILLER)), browser.jwk())
    assert response.status_code == 201
    assert response.get_json()["clinic"] == "Riverbend Clinic"
    assert response.get_json()["user"] == "The biller"
    browser.device = response.get_json()["device_id"]
    assert browser.ask("GET", "/api/v1/devices/me").get_json()["user"] == "The biller"


def test_a_code_works_once(client: FlaskClient, database: Database, clock: Clock) -> None:
    code = code_for(database, Role.BILLER)
    assert pair(client, code, Browser(client, clock).jwk()).status_code == 201
    again = pair(client, code, Browser(client, clock).jwk())
    assert (again.status_code, again.get_json()["error"]["code"]) == (401, "pairing_refused")


def test_a_code_ends_after_ten_minutes(client: FlaskClient, database: Database, clock: Clock) -> None:
    code = code_for(database, Role.BILLER)
    clock.forward(600)
    assert pair(client, code, Browser(client, clock).jwk()).status_code == 401


def test_after_five_wrong_tries_the_right_code_is_refused_too(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    code = code_for(database, Role.BILLER)
    for _ in range(5):
        assert pair(client, "AAAAAAAA", Browser(client, clock).jwk()).status_code == 401
    assert pair(client, code, Browser(client, clock).jwk()).status_code == 401


def test_after_four_wrong_tries_the_right_code_still_works(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    code = code_for(database, Role.BILLER)
    for _ in range(4):
        pair(client, "AAAAAAAA", Browser(client, clock).jwk())
    assert pair(client, code, Browser(client, clock).jwk()).status_code == 201


def test_a_key_that_is_not_usable_does_not_spend_the_code(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    code = code_for(database, Role.BILLER)
    browser = Browser(client, clock)
    refused = pair(client, code, {**browser.jwk(), "x": "AAAA"})
    assert refused.status_code == 422
    assert refused.get_json()["error"]["fields"][0]["field"] == "public_key"
    assert pair(client, code, browser.jwk()).status_code == 201


def test_a_key_that_carries_its_private_half_is_refused(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    refused = pair(client, code_for(database, Role.BILLER), {**Browser(client, clock).jwk(), "d": "AAAA"})
    assert refused.status_code == 422


def test_pairing_and_refused_pairing_are_on_the_audit_chain(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    code = code_for(database, Role.BILLER)
    pair(client, "AAAAAAAA", Browser(client, clock).jwk())
    device_id = pair(client, code, Browser(client, clock).jwk()).get_json()["device_id"]
    with database.read() as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.action.like("device.%"))).all()
    assert [(e.action, e.actor, e.subject) for e in entries] == [
        ("device.pairing_refused", "nobody", "device:unknown"),
        ("device.paired", "biller@riverbend.example", f"device:{device_id}"),
    ]


def test_everyone_sees_their_own_devices_and_an_administrator_all(
    browser: Browser, client: FlaskClient, database: Database, clock: Clock
) -> None:
    pair(client, code_for(database, Role.BILLER), Browser(client, clock).jwk())

    def users(headers: dict[str, str]) -> list[str]:
        items = client.get("/api/v1/devices", headers=headers).get_json()["items"]
        return sorted(item["user"] for item in items)

    assert users(bearer(database, Role.SCHEDULER)) == ["The scheduler"]
    assert users(bearer(database, Role.VIEWER)) == []
    assert users(bearer(database, Role.ADMINISTRATOR)) == ["The biller", "The scheduler"]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 404), (Role.BILLER, 404), (Role.SCHEDULER, 200), (Role.ADMINISTRATOR, 200)],
)
def test_a_device_is_revoked_by_its_own_person_or_an_administrator(
    browser: Browser, client: FlaskClient, database: Database, role: Role, status: int
) -> None:
    response = client.delete(f"/api/v1/devices/{browser.device}", headers=bearer(database, role))
    assert response.status_code == status
    with database.read() as db:
        assert (db.get_one(Device, browser.device).revoked_at is not None) == (status == 200)
    assert browser.ask("GET", "/api/v1/devices/me").status_code == (401 if status == 200 else 200)


def test_a_device_may_revoke_itself(browser: Browser) -> None:
    gone = browser.ask("DELETE", f"/api/v1/devices/{browser.device}")
    assert gone.status_code == 200
    assert gone.get_json()["revoked_at"] == NOW.isoformat()
    assert browser.ask("GET", "/api/v1/devices/me").status_code == 401


def test_who_am_i_is_for_devices_only(client: FlaskClient, database: Database) -> None:
    response = client.get("/api/v1/devices/me", headers=bearer(database, Role.VIEWER))
    assert (response.status_code, response.get_json()["error"]["code"]) == (404, "not_found")
