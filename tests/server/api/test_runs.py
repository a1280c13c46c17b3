"""Passes over HTTP: what was due, how each look ended, and asking for one now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from server.db.session import Database
from server.db.tables import Run, RunItem
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, NOW, bearer


@pytest.fixture
def headers(database: Database) -> dict[str, str]:
    return bearer(database, Role.SCHEDULER)


@pytest.fixture
def runs(client: FlaskClient, headers: dict[str, str], database: Database) -> list[int]:
    """A finished pass with two looks and one that is left, and a running one without any."""
    ids = []
    for number in range(3):
        numbers = [{"value": f"A-{number}", "kind": "authorization"}]
        body = {**AUTHORIZATION, "reference_numbers": numbers}
        ids.append(client.post("/api/v1/authorizations", json=body, headers=headers).get_json()["id"])
    with database.write("test") as db:
        first = Run(
            kind="nightly", portal="example_payer", state="stopped", started_at=NOW, started_by="schedule"
        )
        second = Run(
            kind="check_now", state="running", started_at=NOW + timedelta(hours=1), started_by="somebody"
        )
        db.add_all([first, second])
        db.flush()
        for authorization_id, outcome in zip(ids, ("read", "not_found", None), strict=True):
            db.add(
                RunItem(
                    run_id=first.id, authorization_id=authorization_id, portal="example_payer",
                    outcome=outcome, attempts=1 if outcome else 0,
                )
            )  # fmt: skip
        return [first.id, second.id]


def test_the_newest_pass_comes_first_with_its_ledger(
    client: FlaskClient, headers: dict[str, str], runs: list[int]
) -> None:
    shown = client.get("/api/v1/runs", headers=headers).get_json()
    assert [item["id"] for item in shown["items"]] == runs[::-1]
    assert (shown["total"], shown["page"]) == (2, 1)
    ledger = shown["items"][1]
    assert (ledger["due"], ledger["left"], ledger["outcomes"]) == (3, 1, {"read": 1, "not_found": 1})
    assert (shown["items"][0]["due"], shown["items"][0]["outcomes"]) == (0, {})


def test_a_list_of_passes_comes_in_pages(
    client: FlaskClient, headers: dict[str, str], runs: list[int]
) -> None:
    shown = client.get("/api/v1/runs?page=2&page_size=1", headers=headers).get_json()
    assert [item["id"] for item in shown["items"]] == runs[:1]


def test_one_pass_shows_each_look(client: FlaskClient, headers: dict[str, str], runs: list[int]) -> None:
    shown = client.get(f"/api/v1/runs/{runs[0]}", headers=headers).get_json()
    assert [item["outcome"] for item in shown["items"]] == ["read", "not_found", None]
    assert (shown["due"], shown["left"]) == (3, 1)
    missing = client.get("/api/v1/runs/99", headers=headers)
    assert (missing.status_code, missing.get_json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 409, "nothing_due"),
        ({"authorization_id": 99}, 404, "not_found"),
        ({"authorization_id": "1"}, 422, "invalid"),
        ({"everything": True}, 422, "invalid"),
    ],
)
def test_a_pass_that_cannot_begin_says_why(
    client: FlaskClient, headers: dict[str, str], body: dict[str, Any], status: int, code: str
) -> None:
    response = client.post("/api/v1/runs", json=body, headers=headers)
    assert (response.status_code, response.get_json()["error"]["code"]) == (status, code)


def test_a_pass_that_was_asked_for_is_answered_at_once(
    client: FlaskClient, headers: dict[str, str], runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def check_now(_database: Database, actor: str, _now: object, **wanted: Any) -> int:
        asked.append({"actor": actor, **wanted})
        return runs[1]

    monkeypatch.setattr("server.api.runs.queue.check_now", check_now)
    response = client.post("/api/v1/runs", json={"authorization_id": 1}, headers=headers)
    assert (response.status_code, response.get_json()["id"]) == (201, runs[1])
    assert asked == [{"actor": "scheduler@riverbend.example (token)", "authorization_id": 1, "portal": None}]
