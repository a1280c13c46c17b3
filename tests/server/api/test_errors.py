"""One error shape for everything that can go wrong, and nothing in it of what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from server.api.errors import field_problems
from server.db.session import Database
from server.security.access import needs
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, bearer


def error_of(response: TestResponse) -> dict[str, Any]:
    body = response.get_json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["message"].endswith(".")
    for problem in error["fields"]:
        assert set(problem) == {"field", "message", "remedy", "row"}
    return error


@pytest.fixture
def headers(database: Database) -> dict[str, str]:
    return bearer(database, Role.ADMINISTRATOR)


def test_an_address_that_is_not_there(client: FlaskClient) -> None:
    response = client.get("/api/v1/nothing")
    assert (response.status_code, error_of(response)["code"]) == (404, "not_found")


def test_a_method_that_is_not_taken_names_those_that_are(client: FlaskClient) -> None:
    response = client.get("/api/v1/checks")
    assert (response.status_code, error_of(response)["code"]) == (405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]


def test_a_body_that_is_not_json(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post("/api/v1/checks", data="checkpoint=claim", headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (415, "not_json")


@pytest.mark.parametrize("body", [b"{", b'{"checkpoint": ', b"\xff\xfe", b""])
def test_a_body_that_is_cut_off(client: FlaskClient, headers: dict[str, str], body: bytes) -> None:
    response = client.post("/api/v1/checks", data=body, content_type="application/json", headers=headers)
    assert response.status_code in (400, 422)
    assert error_of(response)["code"] in ("malformed", "invalid")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"3", b"null"])
def test_a_body_that_is_not_an_object(client: FlaskClient, headers: dict[str, str], body: bytes) -> None:
    response = client.post("/api/v1/checks", data=body, content_type="application/json", headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (422, "invalid")


def test_a_body_that_is_too_large(client: FlaskClient, headers: dict[str, str]) -> None:
    body = json.dumps({**AUTHORIZATION, "notes": "x" * 1_100_000})
    response = client.post(
        "/api/v1/authorizations", data=body, content_type="application/json", headers=headers
    )
    assert (response.status_code, error_of(response)["code"]) == (413, "too_large")


def test_an_unforeseen_failure_gives_a_reference_and_no_details(
    app: Flask, headers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    @needs(Role.VIEWER)
    def fails() -> str:
        raise ValueError("Ada Lindqvist XYZ100200301")

    app.add_url_rule("/api/v1/fails", "fails", fails)
    response = app.test_client().get("/api/v1/fails", headers=headers)
    error = error_of(response)
    assert (response.status_code, error["code"]) == (500, "unforeseen")
    assert "Lindqvist" not in response.get_data(as_text=True)
    assert "ValueError" not in response.get_data(as_text=True)
    reference = error["message"].split()[-1].rstrip(".")
    assert len(reference) == 12
    assert reference in capsys.readouterr().out


def test_a_field_with_a_name_that_is_no_name_is_not_repeated(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    body = {"checkpoint": "claim", "service": {"Ada Lindqvist": 1}}
    response = client.post("/api/v1/checks", json=body, headers=headers)
    assert [problem["field"] for problem in error_of(response)["fields"]] == ["service.(unnamed)"]


def test_an_address_outside_the_api_answers_a_page(client: FlaskClient) -> None:
    response = client.get("/nothing-here")
    assert response.status_code == 404
    assert response.mimetype == "text/html"


messages = st.recursive(
    st.lists(st.text(max_size=40), min_size=1, max_size=2),
    lambda inner: st.dictionaries(st.one_of(st.text(max_size=10), st.integers(0, 9)), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["json", "query"]), messages, min_size=1))
def test_every_message_becomes_a_problem_with_a_remedy(given_messages: dict[str, Any]) -> None:
    def count(part: Any) -> int:
        return sum(map(count, part.values())) if isinstance(part, dict) else len(part)

    found = list(field_problems(given_messages))
    assert len(found) == count(given_messages)
    assert all(problem.field and problem.remedy for problem in found)
