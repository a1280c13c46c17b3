"""Who gets in: nobody, unless a view says so and the request proves who asks."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.routing import Rule

from server.actions.revoke_device import revoke_device
from server.db.session import Database
from server.db.tables import AuditEntry, Device, User
from server.security import access, audit
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, NOW, Browser, Clock, bearer

#: What is open to anyone; every other address needs a role. Adding one here is a decision.
PUBLIC = {
    ("GET", "/api/openapi.json"),
    ("POST", "/api/v1/devices/pair"),
    ("GET", "/static/<path:filename>"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/link/<secret>"),
    ("POST", "/sign-in/link/<secret>"),
    ("POST", "/sign-out"),
}
BODIES: dict[str, dict[str, object]] = {
    "/api/v1/checks": {"checkpoint": "pre_service", "service": {}},
    "/api/v1/authorizations": AUTHORIZATION,
}


def methods_of(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule


def address(rule: Rule) -> str:
    filled = {
        name: 1 if "int" in type(rule._converters[name]).__name__.lower() else "x" for name in rule.arguments
    }
    built = rule.build(filled)
    assert built is not None
    return built[1]


def error_code(response: object) -> str:
    return str(response.get_json()["error"]["code"])  # type: ignore[attr-defined]


def test_every_address_of_the_app_declares_who_may_use_it(app: Flask) -> None:
    undeclared = [
        f"{method} {rule.rule}"
        for method, rule in methods_of(app)
        if access.declared(app, rule.endpoint, method) is None
    ]
    assert not undeclared


def test_only_the_listed_addresses_are_public(app: Flask) -> None:
    public = {
        (method, rule.rule)
        for method, rule in methods_of(app)
        if (need := access.declared(app, rule.endpoint, method)) is not None and need.role is None
    }
    assert public == PUBLIC


def test_an_address_that_declares_nothing_answers_nobody(app: Flask, database: Database) -> None:
    app.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "secret")
    response = app.test_client().get("/api/v1/forgotten", headers=bearer(database, Role.ADMINISTRATOR))
    assert response.status_code == 403
    assert error_code(response) == "not_declared"


def test_nobody_gets_401_at_every_address_that_needs_a_role(app: Flask, client: FlaskClient) -> None:
    wrong = []
    for method, rule in methods_of(app):
        need = access.declared(app, rule.endpoint, method)
        if need is None or need.role is None or not rule.rule.startswith("/api/"):
            continue
        response = client.open(address(rule), method=method, json=BODIES.get(rule.rule, {}))
        if response.status_code != 401 or error_code(response) != "access_needed":
            wrong.append((method, rule.rule, response.status_code))
    assert not wrong


@pytest.mark.parametrize("role", list(Role))
def test_each_role_below_the_declared_one_gets_403_and_the_others_get_in(
    app: Flask, client: FlaskClient, database: Database, role: Role
) -> None:
    headers = bearer(database, role)
    wrong = []
    for method, rule in methods_of(app):
        need = access.declared(app, rule.endpoint, method)
        if need is None or need.role is None or not rule.rule.startswith("/api/"):
            continue
        body = None if method == "GET" else BODIES.get(rule.rule, {})
        response = client.open(address(rule), method=method, headers=headers, json=body)
        refused = response.status_code == 403 and error_code(response) == "role_too_low"
        if refused == role.at_least(need.role) or response.status_code in (401, 500):
            wrong.append((method, rule.rule, need.role.value, response.status_code))
    assert not wrong


def test_a_signed_request_gets_in(browser: Browser) -> None:
    response = browser.ask("GET", "/api/v1/devices/me")
    assert response.status_code == 200
    assert response.get_json() == {
        "device_id": browser.device,
        "name": "Front desk",
        "clinic": "Riverbend Clinic",
        "user": "The scheduler",
        "role": "scheduler",
    }


def test_the_query_is_part_of_what_is_signed(browser: Browser) -> None:
    assert browser.ask("GET", "/api/v1/runs?page=2").status_code == 200
    header = browser.header("GET", "/api/v1/runs?page=2")
    response = browser.client.get("/api/v1/runs?page=3", headers={"Authorization": header})
    assert (response.status_code, error_code(response)) == (401, "signature_wrong")


def test_a_changed_body_is_refused(browser: Browser) -> None:
    sent = json.dumps({"checkpoint": "pre_service", "service": {}}).encode()
    header = browser.header("POST", "/api/v1/checks", sent)
    response = browser.client.post(
        "/api/v1/checks",
        data=sent.replace(b"pre_service", b"pre_billing"),
        content_type="application/json",
        headers={"Authorization": header},
    )
    assert (response.status_code, error_code(response)) == (401, "signature_wrong")


def test_another_method_is_refused(browser: Browser) -> None:
    header = browser.header("GET", "/api/v1/devices/me")
    response = browser.client.delete(f"/api/v1/devices/{browser.device}", headers={"Authorization": header})
    assert (response.status_code, error_code(response)) == (401, "signature_wrong")


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/api/v1/devices/me", b""),
        ("POST", "/api/v1/checks", b'{"checkpoint": "pre_service", "service": {}}'),
        ("POST", "/api/v1/checks", b'{"checkpoint": "never"}'),
    ],
    ids=["read", "check", "refused check"],
)
def test_the_same_request_is_not_taken_twice(browser: Browser, method: str, target: str, body: bytes) -> None:
    headers = {"Authorization": browser.header(method, target, body)}
    kind = "application/json" if body else None
    first = browser.client.open(target, method=method, data=body, content_type=kind, headers=headers)
    assert first.status_code in (200, 422)
    again = browser.client.open(target, method=method, data=body, content_type=kind, headers=headers)
    assert (again.status_code, error_code(again)) == (401, "replayed")


def test_a_replayed_check_leaves_no_trace_but_the_first(browser: Browser, database: Database) -> None:
    body = b'{"checkpoint": "pre_service", "service": {}}'
    headers = {"Authorization": browser.header("POST", "/api/v1/checks", body)}
    for _ in range(3):
        browser.client.post("/api/v1/checks", data=body, content_type="application/json", headers=headers)
    with database.read() as db:
        runs = db.scalars(select(AuditEntry).where(AuditEntry.action == "check.run")).all()
    assert len(runs) == 1


@pytest.mark.parametrize("seconds", [-121, 121, 86_400])
def test_a_clock_that_is_off_is_said_to_be_off(browser: Browser, clock: Clock, seconds: int) -> None:
    header = browser.header("GET", "/api/v1/devices/me", time=int(clock.now.timestamp()) + seconds)
    response = browser.client.get("/api/v1/devices/me", headers={"Authorization": header})
    assert (response.status_code, error_code(response)) == (401, "clock_off")


@pytest.mark.parametrize("seconds", [-120, 120])
def test_a_clock_two_minutes_off_is_good_enough(browser: Browser, clock: Clock, seconds: int) -> None:
    header = browser.header("GET", "/api/v1/devices/me", time=int(clock.now.timestamp()) + seconds)
    assert browser.client.get("/api/v1/devices/me", headers={"Authorization": header}).status_code == 200


def test_a_nonce_is_remembered_for_as_long_as_its_time_is_good(browser: Browser, clock: Clock) -> None:
    header = browser.header("GET", "/api/v1/devices/me", time=int(clock.now.timestamp()) + 120)
    assert browser.client.get("/api/v1/devices/me", headers={"Authorization": header}).status_code == 200
    clock.forward(239)
    assert browser.ask("GET", "/api/v1/devices/me").status_code == 200
    response = browser.client.get("/api/v1/devices/me", headers={"Authorization": header})
    assert error_code(response) == "replayed"


def test_a_revoked_device_is_refused_at_once(browser: Browser, database: Database, clock: Clock) -> None:
    assert browser.ask("GET", "/api/v1/devices/me").status_code == 200
    with database.write("test") as db:
        revoke_device(db, browser.device, "test", clock.now)
    response = browser.ask("GET", "/api/v1/devices/me")
    assert (response.status_code, error_code(response)) == (401, "device_revoked")


def test_whether_a_device_was_revoked_is_told_only_to_who_holds_its_key(
    browser: Browser, database: Database, clock: Clock
) -> None:
    with database.write("test") as db:
        revoke_device(db, browser.device, "test", clock.now)
    stranger = Browser(browser.client, clock, browser.device)
    assert error_code(stranger.ask("GET", "/api/v1/devices/me")) == "signature_wrong"


def test_a_device_that_is_not_known_is_refused(client: FlaskClient, clock: Clock) -> None:
    response = Browser(client, clock, secrets.token_hex(8)).ask("GET", "/api/v1/devices/me")
    assert (response.status_code, error_code(response)) == (401, "device_unknown")


def test_a_device_has_the_role_of_its_person_now_and_not_when_it_was_paired(
    browser: Browser, database: Database
) -> None:
    body = AUTHORIZATION
    assert browser.ask("POST", "/api/v1/authorizations", body).status_code == 201
    with database.write("test") as db:
        db.execute(update(User).where(User.role == "scheduler").values(role="viewer"))
        audit.record(db, "test", "user.changed", "user:3", now=NOW)
    assert error_code(browser.ask("POST", "/api/v1/authorizations", body)) == "role_too_low"


def test_the_device_of_a_person_whose_access_ended_is_refused(browser: Browser, database: Database) -> None:
    with database.write("test") as db:
        db.execute(update(User).where(User.role == "scheduler").values(active=False))
        audit.record(db, "test", "user.changed", "user:3", now=NOW)
    assert browser.ask("GET", "/api/v1/devices/me").status_code == 401


def test_when_a_device_was_seen_is_kept_to_the_minute(
    browser: Browser, database: Database, clock: Clock
) -> None:
    def seen() -> object:
        with database.read() as db:
            return db.get_one(Device, browser.device).seen_at

    browser.ask("GET", "/api/v1/devices/me")
    assert seen() == NOW
    clock.forward(30)
    browser.ask("GET", "/api/v1/devices/me")
    assert seen() == NOW
    clock.forward(31)
    browser.ask("GET", "/api/v1/devices/me")
    assert seen() == clock.now


@pytest.mark.parametrize("token", ["", "x", "a" * 43])
def test_an_unknown_api_token_is_refused(client: FlaskClient, token: str) -> None:
    response = client.get("/api/v1/runs", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, error_code(response)) == (401, "token_refused")


def test_an_api_token_that_is_too_old_is_refused(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    headers = bearer(database, Role.VIEWER)
    assert client.get("/api/v1/runs", headers=headers).status_code == 200
    clock.now += timedelta(days=1)
    assert error_code(client.get("/api/v1/runs", headers=headers)) == "token_refused"


def sign_in(client: FlaskClient, database: Database, role: Role, **more: object) -> None:
    with database.read() as db:
        user = db.scalars(select(User).where(User.role == role.value)).one()
    with client.session_transaction() as session:
        session.update(user_id=user.id, epoch=user.session_epoch, **more)


def test_a_cookie_reads_without_and_writes_with_the_csrf_token_only(
    client: FlaskClient, database: Database
) -> None:
    sign_in(client, database, Role.SCHEDULER, csrf="the token of this session")
    body = AUTHORIZATION
    assert client.get("/api/v1/runs").status_code == 200
    assert error_code(client.post("/api/v1/authorizations", json=body)) == "csrf"
    wrong = client.post("/api/v1/authorizations", json=body, headers={"X-CSRF-Token": "another"})
    assert (wrong.status_code, error_code(wrong)) == (403, "csrf")
    right = client.post(
        "/api/v1/authorizations", json=body, headers={"X-CSRF-Token": "the token of this session"}
    )
    assert right.status_code == 201


def test_a_cookie_of_a_session_that_never_had_a_token_writes_nothing(
    client: FlaskClient, database: Database
) -> None:
    sign_in(client, database, Role.SCHEDULER)
    response = client.post("/api/v1/checks", json=BODIES["/api/v1/checks"], headers={"X-CSRF-Token": ""})
    assert error_code(response) == "csrf"


def test_a_cookie_of_an_earlier_epoch_is_refused(client: FlaskClient, database: Database) -> None:
    sign_in(client, database, Role.VIEWER)
    assert client.get("/api/v1/runs").status_code == 200
    with database.write("test") as db:
        db.execute(update(User).values(session_epoch=User.session_epoch + 1))
        audit.record(db, "test", "user.changed", "user:all", now=NOW)
    assert client.get("/api/v1/runs").status_code == 401


def test_a_cookie_of_a_person_whose_access_ended_is_refused(client: FlaskClient, database: Database) -> None:
    sign_in(client, database, Role.VIEWER)
    with database.write("test") as db:
        db.execute(update(User).values(active=False))
        audit.record(db, "test", "user.changed", "user:all", now=NOW)
    assert client.get("/api/v1/runs").status_code == 401


def test_a_forged_cookie_is_nobody(client: FlaskClient) -> None:
    client.set_cookie("tallystick", "eyJ1c2VyX2lkIjoxLCJlcG9jaCI6MX0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    assert client.get("/api/v1/runs").status_code == 401
