"""Authorizations over HTTP: create, read, list, search, replace, and the trace that each sight leaves."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from server.api.authorizations import AuthorizationWithHistorySchema
from server.db.session import Database
from server.db.tables import AuditEntry
from server.security.audit import verify
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, bearer

PEOPLE = [
    ("XYZ100200301", "Lindqvist", "Ada", "1961-03-12"),
    ("XYZ100200302", "Okafor", "Bruno", "1978-11-05"),
    ("XYZ100200303", "Tevez", "Carmen", "1990-07-04"),
]


@pytest.fixture
def scheduler(database: Database) -> dict[str, str]:
    return bearer(database, Role.SCHEDULER)


def variant(number: int, **changes: Any) -> dict[str, Any]:
    member_id, last_name, first_name, birth_date = PEOPLE[number % len(PEOPLE)]
    return {
        **AUTHORIZATION,
        "patient": {
            "member_id": member_id,
            "last_name": last_name,
            "first_name": first_name,
            "birth_date": birth_date,
        },
        "reference_numbers": [{"value": f"A-{7731904 + number}", "kind": "authorization"}],
        **changes,
    }


@pytest.fixture
def three(client: FlaskClient, scheduler: dict[str, str]) -> list[int]:
    """Ada approved at EXH01, Bruno pended at BLM02, Carmen denied at EXH01 and expiring early."""
    bodies = [
        variant(0),
        variant(
            1, payer_id="BLM02", payer_name="Blue Meridian", determination="pended", portal="example_payer"
        ),
        variant(2, determination="denied", expiry="2026-10-31"),
    ]
    made = [client.post("/api/v1/authorizations", json=body, headers=scheduler) for body in bodies]
    return [response.get_json()["id"] for response in made]


def seen(database: Database, action: str) -> list[tuple[str, str]]:
    with database.read() as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.seq))
        return [(entry.actor, entry.subject) for entry in entries]


def test_what_is_created_reads_back_the_same(client: FlaskClient, scheduler: dict[str, str]) -> None:
    made = client.post("/api/v1/authorizations", json=AUTHORIZATION, headers=scheduler)
    assert made.status_code == 201
    read = client.get(f"/api/v1/authorizations/{made.get_json()['id']}", headers=scheduler)
    shown = read.get_json()
    assert shown == made.get_json()
    assert read.headers["ETag"] == made.headers["ETag"] == '"1"'
    for key, value in AUTHORIZATION.items():
        if key not in ("lines", "reference_numbers"):
            assert shown[key] == value
    line = shown["lines"][0]
    assert {key: line[key] for key in AUTHORIZATION["lines"][0]} == AUTHORIZATION["lines"][0]
    assert line["remaining"] == 8
    assert shown["reference_numbers"][0]["value"] == "A-7731904"
    assert [(h["determination"], h["source"]) for h in shown["history"]] == [("approved", "api")]


def test_an_answer_is_what_its_schema_says(client: FlaskClient, scheduler: dict[str, str]) -> None:
    shown = client.post("/api/v1/authorizations", json=AUTHORIZATION, headers=scheduler).get_json()
    schema = AuthorizationWithHistorySchema()
    assert set(schema.fields) == set(shown)
    assert set(schema.fields["lines"].inner.schema.fields) == set(shown["lines"][0])  # type: ignore[attr-defined]
    assert schema.validate(shown) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"determination": "fine"}, "determination"),
        ({"effective": "10/01/2026"}, "effective"),
        ({"effective": "2026-02-30"}, "effective"),
        ({"expiry": "2026-09-30"}, "expiry"),
        ({"patient": {"member_id": 100200301}}, "patient.member_id"),
        ({"patient": {}}, "patient"),
        ({"patient": {"member_id": "XYZ100200301", "nickname": "x"}}, "patient.nickname"),
        ({"billing_npi": "1992999958"}, "billing_npi"),
        ({"diagnoses": ["not one"]}, "diagnoses"),
        ({"place_of_service": "ZZ"}, "place_of_service"),
        ({"lines": [{"code": "97110", "quantity": -1}]}, "lines[0].quantity"),
        ({"lines": [{"code": "97110", "quantity": "twelve"}]}, "lines[0].quantity"),
        ({"lines": [{"code": "97110", "unit": "sessions"}]}, "lines[0].unit"),
        ({"lines": [{"code": "97"}]}, "lines[0].code"),
        ({"reference_numbers": [{"kind": "authorization"}]}, "reference_numbers[0].value"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy_and_without_its_value(
    client: FlaskClient, scheduler: dict[str, str], change: dict[str, Any], field: str
) -> None:
    response = client.post("/api/v1/authorizations", json={**AUTHORIZATION, **change}, headers=scheduler)
    assert response.status_code == 422
    error = response.get_json()["error"]
    assert error["code"] == "invalid"
    named = [problem for problem in error["fields"] if problem["field"] == field]
    assert named, error
    assert all(problem["message"] and problem["remedy"] for problem in error["fields"])
    for value in ("Lindqvist", "XYZ100200301", "100200301", "1961", "1992999958", "twelve", "A-7731904"):
        assert value not in response.get_data(as_text=True)


def test_an_authorization_that_is_not_there_is_not_found(
    client: FlaskClient, scheduler: dict[str, str]
) -> None:
    response = client.get("/api/v1/authorizations/999", headers=scheduler)
    assert (response.status_code, response.get_json()["error"]["code"]) == (404, "not_found")


def test_a_replacement_needs_the_etag_that_was_read(
    client: FlaskClient, scheduler: dict[str, str], three: list[int]
) -> None:
    address = f"/api/v1/authorizations/{three[0]}"
    body = variant(0, expiry="2027-01-31")
    without = client.put(address, json=body, headers=scheduler)
    assert (without.status_code, without.get_json()["error"]["code"]) == (428, "if_match_needed")
    foreign = client.put(address, json=body, headers={**scheduler, "If-Match": '"abc"'})
    assert (foreign.status_code, foreign.get_json()["error"]["code"]) == (412, "changed_meanwhile")
    changed = client.put(address, json=body, headers={**scheduler, "If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.get_json()["expiry"] == "2027-01-31"
    stale = client.put(address, json=variant(0), headers={**scheduler, "If-Match": '"1"'})
    assert (stale.status_code, stale.get_json()["error"]["code"]) == (412, "changed_meanwhile")
    assert client.get(address, headers=scheduler).get_json()["expiry"] == "2027-01-31"


def test_a_new_determination_joins_the_history(
    client: FlaskClient, scheduler: dict[str, str], three: list[int]
) -> None:
    address = f"/api/v1/authorizations/{three[0]}"
    changed = client.put(
        address, json=variant(0, determination="denied"), headers={**scheduler, "If-Match": '"1"'}
    )
    assert [h["determination"] for h in changed.get_json()["history"]] == ["approved", "denied"]


def test_a_list_comes_in_pages_newest_first(
    client: FlaskClient, scheduler: dict[str, str], three: list[int]
) -> None:
    first = client.get("/api/v1/authorizations?page_size=2", headers=scheduler).get_json()
    second = client.get("/api/v1/authorizations?page_size=2&page=2", headers=scheduler).get_json()
    assert [item["id"] for item in first["items"] + second["items"]] == three[::-1]
    assert (first["total"], first["page"], first["page_size"], second["page"]) == (3, 1, 2, 2)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("payer_id=EXH01", [2, 0]),
        ("determination=pended", [1]),
        ("portal=example_payer", [1]),
        ("expires_before=2026-12-31", [2]),
        ("payer_id=EXH01&determination=approved", [0]),
        ("payer_id=nobody", []),
    ],
)
def test_a_list_is_filtered(
    client: FlaskClient, scheduler: dict[str, str], three: list[int], query: str, expected: list[int]
) -> None:
    shown = client.get(f"/api/v1/authorizations?{query}", headers=scheduler).get_json()
    assert [item["id"] for item in shown["items"]] == [three[index] for index in expected]


@pytest.mark.parametrize("name", ["q", "member_id", "last_name", "birth_date"])
def test_patient_data_in_an_address_is_refused(
    client: FlaskClient, scheduler: dict[str, str], name: str
) -> None:
    response = client.get(f"/api/v1/authorizations?{name}=x", headers=scheduler)
    assert response.status_code == 422
    assert response.get_json()["error"]["fields"][0]["field"] == name


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page_size=201", "determination=fine", "expires_before=soon"]
)
def test_a_filter_that_cannot_be_read_is_named(
    client: FlaskClient, scheduler: dict[str, str], query: str
) -> None:
    response = client.get(f"/api/v1/authorizations?{query}", headers=scheduler)
    assert response.status_code == 422
    problem = response.get_json()["error"]["fields"][0]
    assert problem["field"] == query.partition("=")[0]
    assert problem["remedy"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"member_id": "xyz 100-200-302"}, [1]),
        ({"q": "XYZ100200303"}, [2]),
        ({"q": "a7731904"}, [0]),
        ({"q": "LIND"}, [0]),
        ({"q": "Tevez", "determination": "approved"}, []),
        ({"payer_id": "EXH01"}, [2, 0]),
        ({"q": "Nakamura"}, []),
    ],
)
def test_a_search_finds_by_number_member_or_name_however_they_are_typed(
    client: FlaskClient,
    scheduler: dict[str, str],
    three: list[int],
    asked: dict[str, Any],
    expected: list[int],
) -> None:
    shown = client.post("/api/v1/authorizations/search", json=asked, headers=scheduler)
    assert shown.status_code == 200
    assert [item["id"] for item in shown.get_json()["items"]] == [three[index] for index in expected]


def test_each_sight_of_a_record_is_on_the_audit_chain_under_the_record(
    client: FlaskClient, scheduler: dict[str, str], three: list[int], database: Database
) -> None:
    who = "scheduler@riverbend.example (token)"
    client.get(f"/api/v1/authorizations/{three[1]}", headers=scheduler)
    client.get("/api/v1/authorizations?payer_id=EXH01", headers=scheduler)
    client.post("/api/v1/authorizations/search", json={"q": "Lind"}, headers=scheduler)
    client.put(
        f"/api/v1/authorizations/{three[0]}", json=variant(0), headers={**scheduler, "If-Match": '"1"'}
    )
    assert seen(database, "authorization.seen") == [
        (who, f"authorization:{three[1]}"),
        (who, f"authorization:{three[0]}"),
    ]
    assert seen(database, "authorization.listed") == [
        (who, f"authorization:{three[2]}"),
        (who, f"authorization:{three[0]}"),
    ]
    assert seen(database, "authorization.found") == [(who, f"authorization:{three[0]}")]
    with database.read() as db:
        assert verify(db).findings == ()


def test_a_look_at_nothing_leaves_no_entry(
    client: FlaskClient, scheduler: dict[str, str], database: Database
) -> None:
    with database.read() as db:
        before = len(db.scalars(select(AuditEntry)).all())
    client.get("/api/v1/authorizations", headers=scheduler)
    client.get("/api/v1/authorizations/7", headers=scheduler)
    with database.read() as db:
        assert len(db.scalars(select(AuditEntry)).all()) == before
