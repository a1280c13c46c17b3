"""Codes over HTTP: what is waited for, and giving one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from server.actions.ask_for_code import ask_for_code
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.db.session import Database
from server.security.roles import Role
from tests.server.api.conftest import NOW, Clock, bearer


@pytest.fixture
def request_id(database: Database) -> int:
    with database.write("test") as db:
        account = save_portal_account(db, "cigna", "robot", AccountSecrets("a password"), "test", NOW)
        until = NOW + timedelta(minutes=10)
        return ask_for_code(db, account, "email", run_id=None, actor="robot", now=NOW, expires_at=until).id


def test_what_is_waited_for_is_listed_until_it_is_answered(
    client: FlaskClient, database: Database, request_id: int
) -> None:
    headers = bearer(database, Role.SCHEDULER)
    (item,) = client.get("/api/v1/code-requests", headers=headers).get_json()["items"]
    assert (item["id"], item["portal"], item["method"]) == (request_id, "cigna", "email")
    path = f"/api/v1/code-requests/{request_id}/answer"
    answer = client.post(path, json={"code": "480611"}, headers=headers)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "answered")
    assert "480611" not in answer.text
    assert client.get("/api/v1/code-requests", headers=headers).get_json()["items"] == []
    again = client.post(path, json={"code": "480611"}, headers=headers)
    assert (again.status_code, again.get_json()["error"]["code"]) == (409, "code_answered")


def test_a_code_that_comes_too_late_is_a_conflict(
    client: FlaskClient, database: Database, request_id: int, clock: Clock
) -> None:
    headers = bearer(database, Role.SCHEDULER)
    clock.forward(600)
    answer = client.post(
        f"/api/v1/code-requests/{request_id}/answer", json={"code": "480611"}, headers=headers
    )
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "code_too_late")


def test_an_empty_code_names_its_field(client: FlaskClient, database: Database, request_id: int) -> None:
    answer = client.post(
        f"/api/v1/code-requests/{request_id}/answer",
        json={"code": ""},
        headers=bearer(database, Role.SCHEDULER),
    )
    assert answer.status_code == 422
    assert answer.get_json()["error"]["fields"][0]["field"] == "code"
