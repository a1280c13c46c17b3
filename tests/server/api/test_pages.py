"""What staff have open in a portal: a request form is checked, a status page is recorded."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from server.api.readings import RecordedSchema
from server.db.session import Database
from server.db.tables import AuditEntry, Evidence, Reading, Task
from server.security.audit import verify
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, Browser, bearer

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


def cells(**texts: str) -> dict[str, dict[str, Any]]:
    return {key: {"text": text, "shown": True, "editable": True, "way": 0} for key, text in texts.items()}


def page_text(page: str | None, shown: dict[str, Any], rows: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "slug": "example_payer",
        "version": "2026.11.1",
        "page": page,
        "fits": [page] if page else [],
        "url_path": "/requests",
        "fields": shown,
        "rows": rows or {},
        "problems": [],
    }


def form(procedures: list[dict[str, str]] | None = None, **changes: str) -> dict[str, Any]:
    typed = {
        "member_id": "XYZ100200301",
        "patient_last_name": "Lindqvist",
        "patient_first_name": "Ada",
        "birth_date": "03/12/1961",
        "rendering_npi": "1234567893",
        "service_from": "11/20/2026",
        "service_to": "",
        "reference_number": "",
        **changes,
    }
    rows = procedures or [{"procedure_code": "97110", "modifiers": "GP", "quantity": "1", "unit": "visits"}]
    return page_text("request_form", cells(**typed), {"procedures": [cells(**row) for row in rows]})


def detail(**changes: str) -> dict[str, Any]:
    shown = {
        "determination": "Approved",
        "member_id": "XYZ100200301",
        "patient_name": "LINDQVIST, ADA",
        "birth_date": "03/12/1961",
        "authorization_number": "A-7731904",
        "tracking": "T-55",
        "effective_date": "10/01/2026 - 01/31/2027",
        "expiry_date": "10/01/2026 - 01/31/2027",
        **changes,
    }
    return page_text("detail", cells(**{key: text for key, text in shown.items() if text}))


@pytest.fixture
def headers(database: Database) -> dict[str, str]:
    return bearer(database, Role.SCHEDULER)


@pytest.fixture
def ada(client: FlaskClient, headers: dict[str, str]) -> int:
    """The id of Ada's approved authorization."""
    body = {**AUTHORIZATION, "portal": "example_payer"}
    return int(client.post("/api/v1/authorizations", json=body, headers=headers).get_json()["id"])


@pytest.fixture
def check(client: FlaskClient, headers: dict[str, str]) -> Any:
    def ask(page: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"checkpoint": "portal_entry", "portal": "example_payer", "page": page, **more}
        response = client.post("/api/v1/checks", json=body, headers=headers)
        assert response.status_code == 200, response.get_data(as_text=True)
        answer: dict[str, Any] = response.get_json()
        return answer

    return ask


@pytest.fixture
def record(client: FlaskClient, headers: dict[str, str]) -> Any:
    def ask(page: dict[str, Any], **more: Any) -> Any:
        body = {"portal": "example_payer", "page": page, **more}
        return client.post("/api/v1/readings", json=body, headers=headers)

    return ask


def test_a_form_that_agrees_is_a_match_though_it_has_no_number_yet(check: Any, ada: int) -> None:
    answer = check(form())
    assert (answer["verdict"], answer["findings"], answer["unreadable"]) == ("match", [], [])
    assert answer["authorization"]["id"] == ada
    assert "reference_number" not in answer["checked"]
    assert {"member_id", "procedure_code", "rendering_npi", "service_from"} <= set(answer["checked"])


def test_a_field_that_differs_is_found_under_its_name_on_the_page(check: Any, ada: int) -> None:
    answer = check(form(rendering_npi="1003000126"))
    assert answer["verdict"] == "mismatch"
    assert [(f["field"], f["row"]) for f in answer["findings"]] == [("rendering_npi", None)]


def test_an_empty_form_finds_nothing(check: Any, ada: int) -> None:
    answer = check(page_text("request_form", {}))
    assert (answer["verdict"], answer["findings"], answer["checked"]) == ("undetermined", [], [])


def test_a_further_row_of_the_form_is_compared_too(check: Any, ada: int) -> None:
    good = {"procedure_code": "97110", "quantity": "1", "unit": "visits"}
    answer = check(form([good, {"procedure_code": "99999"}]))
    assert answer["verdict"] == "mismatch"
    assert {(f["field"], f["row"]) for f in answer["findings"]} == {("procedure_code", 1)}


def test_what_cannot_be_read_is_reported_and_not_guessed(check: Any, ada: int) -> None:
    answer = check(form(birth_date="13/45/1961", rendering_npi="not a number"))
    assert [entry["field"] for entry in answer["unreadable"]] == ["birth_date", "rendering_npi"]
    assert not {"birth_date", "rendering_npi"} & set(answer["checked"])
    assert "13/45" not in str(answer["unreadable"])


def test_a_page_that_is_none_of_the_profile_is_undetermined(check: Any, ada: int) -> None:
    assert check(page_text(None, {}))["verdict"] == "undetermined"


@pytest.mark.parametrize(
    "broken",
    [
        [],
        "page",
        {"page": 3},
        {"page": "request_form", "fits": "request_form"},
        {"page": "request_form", "fields": ["member_id"]},
        {"page": "request_form", "fields": {"member_id": "XYZ100200301"}},
        {"page": "request_form", "fields": {"member_id": {"text": 3}}},
        {"page": "request_form", "rows": {"procedures": {}}},
        {"page": "request_form", "rows": {"procedures": [["x"]]}},
        {"page": "request_form", "problems": [{"where": "fields.member_id", "problem": "new"}]},
        {"page": "request_form", "problems": [{"problem": "nothing"}]},
        {"page": "request_form", "problems": [{"where": "x", "problem": "nothing", "candidates": [1]}]},
    ],
)
@pytest.mark.parametrize("address", ["checks", "readings"])
def test_a_page_of_another_shape_is_named(
    client: FlaskClient, headers: dict[str, str], broken: Any, address: str
) -> None:
    body = {"portal": "example_payer", "page": broken}
    if address == "checks":
        body["checkpoint"] = "portal_entry"
    response = client.post(f"/api/v1/{address}", json=body, headers=headers)
    assert response.status_code == 422
    assert response.get_json()["error"]["fields"][0]["field"] == "page"
    assert "XYZ100200301" not in response.get_data(as_text=True)


def test_a_status_page_with_the_records_own_number_changes_the_record(
    record: Any, ada: int, database: Database
) -> None:
    response = record(detail(), picture=base64.b64encode(PNG).decode())
    assert response.status_code == 201, response.get_data(as_text=True)
    answer = response.get_json()
    assert (answer["state"], answer["outcome"]) == ("accepted", "read")
    assert answer["authorization"]["id"] == ada
    assert answer["authorization"]["expiry"] == "2027-01-31"
    assert answer["authorization"]["last_outcome"] == "read"
    assert set(answer["changes"]) == {"expiry", "reference_numbers"}
    kinds = {number["kind"]: number["value"] for number in answer["authorization"]["reference_numbers"]}
    assert kinds == {"authorization": "A-7731904", "tracking": "T-55"}
    assert RecordedSchema().validate(answer) == {}
    with database.read() as db:
        assert sorted(db.scalars(select(Evidence.kind))) == ["picture", "text"]
        assert verify(db).findings == ()


def test_a_status_page_without_a_number_waits_for_a_person(
    record: Any, ada: int, client: FlaskClient, headers: dict[str, str], database: Database
) -> None:
    answer = record(detail(authorization_number="", tracking="", determination="Denied")).get_json()
    assert (answer["state"], answer["outcome"], answer["authorization"]) == (
        "waiting",
        "identity_unconfirmed",
        None,
    )
    assert answer["changes"] == []
    kept = client.get(f"/api/v1/authorizations/{ada}", headers=headers).get_json()
    assert kept["determination"] == "approved"
    with database.read() as db:
        assert [task.kind for task in db.scalars(select(Task))] == ["identity_unconfirmed"]


def test_another_patients_page_is_not_kept(record: Any, ada: int, database: Database) -> None:
    page = detail(
        member_id="XYZ100200302",
        patient_name="OKAFOR, BRUNO",
        birth_date="11/05/1978",
        determination="Denied",
    )
    answer = record(page, authorization_id=ada, picture=base64.b64encode(PNG).decode()).get_json()
    assert (answer["state"], answer["outcome"], answer["authorization"]) == (
        "rejected",
        "wrong_patient",
        None,
    )
    assert (answer["reading"]["values"], answer["reading"]["texts"]) == ({}, {})
    with database.read() as db:
        assert db.scalars(select(Evidence)).all() == []
        assert db.scalars(select(Reading.determination)).one() is None


def test_a_page_that_leads_to_no_record_is_not_found(record: Any, ada: int) -> None:
    response = record(
        detail(
            member_id="XYZ100200310",
            patient_name="PETROV, JONAS",
            birth_date="01/15/1966",
            authorization_number="A-1",
            tracking="",
        )
    )
    assert (response.status_code, response.get_json()["error"]["code"]) == (404, "not_found")


def test_a_page_that_leads_to_several_records_asks_which(
    record: Any, ada: int, client: FlaskClient, headers: dict[str, str]
) -> None:
    twin = {**AUTHORIZATION, "reference_numbers": [{"value": "A-7731905", "kind": "authorization"}]}
    second = client.post("/api/v1/authorizations", json=twin, headers=headers).get_json()["id"]
    response = record(detail(authorization_number="", tracking=""))
    assert (response.status_code, response.get_json()["error"]["code"]) == (409, "ambiguous")
    assert f"{ada}, {second}" in response.get_json()["error"]["fields"][0]["message"]
    by_number = record(detail(authorization_number="A-7731905")).get_json()
    assert by_number["authorization"]["id"] == second


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (form(), "not_a_status_page"),
        (page_text(None, {}), "not_a_status_page"),
        (detail(determination=""), "page_changed"),
        (
            {
                **detail(),
                "problems": [
                    {"where": "fields.member_id", "problem": "several", "count": 2, "candidates": []}
                ],
            },
            "page_changed",
        ),
    ],
    ids=["form", "unknown page", "no status", "member id twice"],
)
def test_a_page_that_is_not_surely_a_whole_status_page_changes_nothing(
    record: Any, ada: int, database: Database, page: dict[str, Any], code: str
) -> None:
    response = record(page)
    assert (response.status_code, response.get_json()["error"]["code"]) == (422, code)
    with database.read() as db:
        assert db.scalars(select(Reading)).all() == []


def test_a_word_that_the_profile_does_not_know_leaves_the_status_as_it_was(record: Any, ada: int) -> None:
    answer = record(detail(determination="Kept under advisement")).get_json()
    assert answer["authorization"]["determination"] == "approved"
    assert answer["reading"]["determination_text"] == "Kept under advisement"


@pytest.mark.parametrize("picture", ["not base64!", base64.b64encode(b"GIF89a").decode(), 3])
def test_a_picture_that_is_no_png_is_refused(record: Any, ada: int, picture: Any) -> None:
    response = record(detail(), picture=picture)
    assert response.status_code == 422
    assert response.get_json()["error"]["fields"][0]["field"] == "picture"


def test_a_reading_can_be_looked_at_again_and_the_look_is_noted(
    record: Any, ada: int, client: FlaskClient, database: Database
) -> None:
    reading = record(detail()).get_json()["reading"]
    shown = client.get(f"/api/v1/readings/{reading['id']}", headers=bearer(database, Role.VIEWER))
    assert shown.get_json() == reading
    assert reading["texts"]["determination"] == "Approved"
    assert client.get("/api/v1/readings/99", headers=bearer(database, Role.VIEWER)).status_code == 404
    with database.read() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "reading.seen")).one()
    assert (entry.actor, entry.subject) == ("viewer@riverbend.example (token)", f"authorization:{ada}")


def test_a_paired_browser_records_in_its_persons_name(browser: Browser, ada: int) -> None:
    answer = browser.ask("POST", "/api/v1/readings", {"portal": "example_payer", "page": detail()})
    assert answer.status_code == 201
    assert answer.get_json()["reading"]["read_by"] == "scheduler@riverbend.example (device d0d0d0d0d0d0d0d0)"


def test_a_portal_whose_pages_nobody_described_is_listed_with_its_reason(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    listed = client.get("/api/v1/profiles", headers=headers).get_json()["items"]
    unknown = next(item for item in listed if not item["pages_known"])
    assert unknown["unattended"] is False
    assert unknown["attended_because"]
    one = client.get(f"/api/v1/profiles/{unknown['slug']}", headers=headers).get_json()
    assert one["reading_part"]["pages"] == {}


def test_profiles_are_listed_and_one_gives_its_reading_part(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    listed = client.get("/api/v1/profiles", headers=headers).get_json()["items"]
    example = next(item for item in listed if item["slug"] == "example_payer")
    assert example["fictional"] is True
    assert example["hosts"][0]["origin"] == "https://portal.example-health.example"
    one = client.get("/api/v1/profiles/example_payer", headers=headers).get_json()
    assert "detail" in one["reading_part"]["pages"]
    assert "steps" not in str(one["reading_part"])
    assert (example["pages_known"], example["attended_because"]) == (True, "")
    missing = client.get("/api/v1/profiles/no_such", headers=headers)
    assert (missing.status_code, missing.get_json()["error"]["code"]) == (404, "not_found")
