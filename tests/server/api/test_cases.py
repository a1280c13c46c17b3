"""What staff do beside a portal: calls noted, warnings overridden, readings taken back, forms filled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal_profiles.catalogue import load
from portal_profiles.interpret import page_service
from server.actions.open_task import open_task
from server.api.cases import CaseSchema, FillingSchema
from server.api.checks import CheckSchema
from server.db.session import Database
from server.db.tables import AuditEntry, Authorization, CaseNote, Reading, Task
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, NOW, Browser, Clock, bearer
from tests.server.api.test_pages import ada, cells, check, detail, form, headers, page_text, record

__all__ = ["ada", "check", "headers", "record"]

KEY = "0b0e5b7e-8f0e-4a53-9f43-8ad0f6e0f1aa"
CALL: dict[str, Any] = {
    "kind": "call",
    "text": "Approved until March; the letter follows.",
    "representative": "Maria at utilization review",
    "call_reference": "C-881204",
    "at": "2026-11-16T14:20:00+00:00",
}


@pytest.fixture
def send(client: FlaskClient, headers: dict[str, str]) -> Any:
    def ask(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/{path}", json=body, headers=headers)

    return ask


def empty_form(rows: int = 1, **typed: str) -> dict[str, Any]:
    """The example portal's request form; what is not typed is empty."""
    names = [
        "member_id",
        "patient_last_name",
        "patient_first_name",
        "birth_date",
        "payer",
        "reference_number",
        "requesting_npi",
        "rendering_npi",
        "facility_npi",
        "place_of_service",
        "level_of_care",
        "diagnoses",
        "service_from",
        "service_to",
    ]
    row = dict.fromkeys(("procedure_code", "modifiers", "quantity", "unit"), "")
    return page_text(
        "request_form",
        cells(**{name: typed.get(name, "") for name in names}),
        {"procedures": [cells(**row) for _ in range(rows)]},
    )


# ---- cases, notes, calls ----


def test_a_case_is_the_record_with_its_notes_and_how_fresh_it_is(
    send: Any, record: Any, client: FlaskClient, headers: dict[str, str], ada: int, clock: Clock
) -> None:
    record(detail())
    send(f"cases/{ada}/notes", CALL)
    case = client.get(f"/api/v1/cases/{ada}", headers=headers).get_json()
    assert CaseSchema().validate(case) == {}
    assert case["authorization"]["id"] == ada
    assert case["portal_name"] == load("example_payer").name
    assert (case["last_reading"]["by"], case["last_reading"]["at"]) == ("person", NOW.isoformat())
    [note] = case["notes"]
    assert (note["representative"], note["call_reference"]) == (CALL["representative"], "C-881204")
    assert note["at"] == "2026-11-16T14:20:00+00:00"


def test_a_case_shows_the_newest_service_that_it_was_compared_with(
    check: Any, client: FlaskClient, headers: dict[str, str], ada: int
) -> None:
    before = client.get(f"/api/v1/cases/{ada}", headers=headers).get_json()
    assert before["last_check"] is None
    row = {"procedure_code": "97110", "modifiers": "GP", "unit": "visits"}
    check(form([{**row, "quantity": "999"}]))
    check(form())
    case = client.get(f"/api/v1/cases/{ada}", headers=headers).get_json()
    assert CaseSchema().validate(case) == {}
    assert case["last_check"]["checkpoint"] == "portal_entry"
    assert case["last_check"]["service"]["member_id"] == "XYZ100200301"
    assert case["last_check"]["service"]["quantity"] == "1"
    assert case["last_check"]["findings"] == []


def test_a_call_needs_who_was_spoken_to_or_its_reference_and_lies_not_ahead(send: Any, ada: int) -> None:
    nobody = send(f"cases/{ada}/notes", {"kind": "call", "text": "They said yes."})
    assert nobody.status_code == 422
    assert nobody.get_json()["error"]["fields"][0]["field"] == "representative"
    ahead = send(f"cases/{ada}/notes", {**CALL, "at": "2026-11-17T14:20:00+00:00"})
    assert ahead.get_json()["error"]["fields"][0]["field"] == "at"
    assert send(f"cases/{ada}/notes", {"kind": "note"}).status_code == 422
    assert send("cases/99/notes", CALL).status_code == 404


def test_a_note_that_is_sent_twice_is_kept_once_and_audited(send: Any, ada: int, database: Database) -> None:
    first = send(f"cases/{ada}/notes", {**CALL, "sent_key": KEY})
    again = send(f"cases/{ada}/notes", {**CALL, "sent_key": KEY})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(CaseNote)) == 1
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "note.kept")).one()
    assert entry.subject == f"authorization:{ada}"
    assert "Maria" not in str(entry.detail)


def test_a_viewer_sees_a_case_and_adds_nothing(client: FlaskClient, database: Database, ada: int) -> None:
    viewer = bearer(database, Role.VIEWER)
    assert client.get(f"/api/v1/cases/{ada}", headers=viewer).status_code == 200
    for path, body in (
        (f"cases/{ada}/notes", CALL),
        (f"cases/{ada}/filling", {"portal": "example_payer", "page": empty_form()}),
        ("overrides", {"check_id": 1, "finding": 0, "reason": "payer_said_so"}),
        ("readings/1/undo", {"why": "misread"}),
    ):
        assert client.post(f"/api/v1/{path}", json=body, headers=viewer).status_code == 403, path


# ---- overrides ----


def test_a_finding_is_overridden_by_its_place_in_its_check(send: Any, check: Any, ada: int) -> None:
    answer = check(form(rendering_npi="1003000126"))
    assert CheckSchema().validate(answer) == {}
    sent = {"check_id": answer["id"], "finding": 0, "reason": "payer_said_so"}
    made = send("overrides", sent)
    assert made.status_code == 201
    shown = made.get_json()
    assert (shown["rule"], shown["authorization_id"], shown["ending"]) == (
        "rendering_provider_differs",
        ada,
        None,
    )
    assert send("overrides", sent).get_json() == shown
    assert send("overrides", {**sent, "finding": 7}).status_code == 404
    assert send("overrides", {**sent, "reason": "because"}).status_code == 422


def test_overrides_are_listed_newest_first(
    send: Any, check: Any, client: FlaskClient, headers: dict[str, str], ada: int
) -> None:
    for npi in ("1003000126", "1992999957"):
        number = check(form(rendering_npi=npi))["id"]
        send("overrides", {"check_id": number, "finding": 0, "reason": "record_is_wrong"})
    listed = client.get("/api/v1/overrides", headers=headers).get_json()["items"]
    assert [one["id"] for one in listed] == [2, 1]


# ---- before a request ----


def test_what_is_approved_already_for_the_service_is_said_before_the_request_is_sent(
    check: Any, ada: int
) -> None:
    told = check(form())["before_request"]
    assert told["required"] == "unknown"
    [standing] = told["standing"]
    assert (standing["authorization_id"], standing["determination"]) == (ada, "approved")
    assert "A-7731904" in standing["label"]
    assert "Lindqvist" not in standing["label"]


@pytest.mark.parametrize(
    "change",
    [{"service_from": "03/20/2027"}, {"member_id": "XYZ100200305", "patient_last_name": "Nakamura"}],
    ids=["after it ends", "another patient"],
)
def test_what_does_not_stand_is_no_duplicate(check: Any, ada: int, change: dict[str, str]) -> None:
    assert check(form(None, **change))["before_request"]["standing"] == []


def test_another_procedure_is_no_duplicate(check: Any, ada: int) -> None:
    rows = [{"procedure_code": "70551", "quantity": "1", "unit": "units"}]
    assert check(form(rows))["before_request"]["standing"] == []


def test_what_was_denied_is_no_duplicate(
    check: Any, client: FlaskClient, headers: dict[str, str], ada: int, database: Database
) -> None:
    kept = client.get(f"/api/v1/authorizations/{ada}", headers=headers)
    writable = {
        key: value
        for key, value in kept.get_json().items()
        if key in ("payer_id", "payer_name", "patient", "lines", "effective", "expiry", "portal")
    }
    for line in writable["lines"]:
        line.pop("remaining")
    changed = client.put(
        f"/api/v1/authorizations/{ada}",
        json={**writable, "determination": "denied"},
        headers={**headers, "If-Match": kept.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.get_json()
    assert check(form())["before_request"]["standing"] == []


# ---- capture ----


def test_a_reading_that_is_sent_twice_is_kept_once(record: Any, ada: int, database: Database) -> None:
    first = record(detail(), sent_key=KEY)
    again = record(detail(), sent_key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json()["reading"] == again.get_json()["reading"]
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Reading)) == 1


def test_a_page_that_waited_to_be_sent_never_writes_over_a_newer_look(
    record: Any, send: Any, client: FlaskClient, headers: dict[str, str], ada: int
) -> None:
    def known() -> dict[str, Any]:
        return dict(client.get(f"/api/v1/authorizations/{ada}", headers=headers).get_json())

    record(detail())
    newest = known()
    late = record(detail(determination="Denied"), seconds_ago=3600).get_json()
    assert late["state"] == "accepted"
    assert late["reading"]["read_at"] < newest["determination_read_at"]
    assert (late["changes"], late["reading"]["can_undo"]) == ([], False)
    after = known()
    for same in ("version", "determination", "determination_read_at", "last_looked_at", "last_outcome"):
        assert after[same] == newest[same]
    assert record(detail(), seconds_ago=-1).status_code == 422


def test_the_undo_of_a_page_that_waited_opens_the_tasks_again_that_it_closed(
    record: Any, send: Any, database: Database, ada: int
) -> None:
    with database.write("test") as db:
        task = open_task(
            db, kind="not_found", title="Not found", why="-", next_step="-", severity="caution",
            dedupe_key=f"not_found:{ada}", actor="test", now=datetime(2026, 11, 1, tzinfo=UTC),
            authorization_id=ada,
        )  # fmt: skip
        number = task.id
    reading = record(detail(), seconds_ago=600).get_json()["reading"]
    with database.read() as db:
        assert db.get_one(Task, number).state == "done"
    assert send(f"readings/{reading['id']}/undo", {"why": "misread"}).status_code == 200
    with database.read() as db:
        assert db.get_one(Task, number).state == "open"


def test_somebody_elses_key_opens_nothing(record: Any, browser: Browser, ada: int) -> None:
    record(detail(), sent_key=KEY)
    body = {"portal": "example_payer", "page": detail(), "sent_key": KEY}
    taken = browser.ask("POST", "/api/v1/readings", body)
    assert (taken.status_code, taken.get_json()["error"]["code"]) == (409, "key_used")


def test_a_recorded_page_is_taken_back(
    record: Any, send: Any, client: FlaskClient, headers: dict[str, str], ada: int
) -> None:
    before = client.get(f"/api/v1/authorizations/{ada}", headers=headers).get_json()
    reading = record(detail()).get_json()["reading"]
    assert reading["can_undo"] is True
    undone = send(f"readings/{reading['id']}/undo", {"why": "wrong_record"})
    assert undone.status_code == 200
    after = undone.get_json()["authorization"]
    same = ("expiry", "determination", "reference_numbers", "lines", "determination_read_at", "last_outcome")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    kept = undone.get_json()["reading"]
    assert (kept["state"], kept["taken_back_why"], kept["can_undo"]) == ("rejected", "wrong_record", False)
    assert kept["taken_back_by"] == "scheduler@riverbend.example (token)"
    again = send(f"readings/{reading['id']}/undo", {"why": "wrong_record"})
    assert again.status_code == 409


def confirmation(**changes: str) -> dict[str, Any]:
    shown = {
        "determination": "Received",
        "member_id": "XYZ100200301",
        "patient_name": "LINDQVIST, ADA",
        "tracking": "T-90001",
        **changes,
    }
    return page_text("confirmation", cells(**shown))


def test_a_confirmation_of_a_request_just_typed_becomes_a_record_of_it(
    record: Any, check: Any, ada: int, database: Database
) -> None:
    rows = [{"procedure_code": "97140", "modifiers": "GP", "quantity": "8", "unit": "visits"}]
    typed = check(form(rows, service_from="12/01/2026"))
    answer = record(confirmation(), check_id=typed["id"])
    assert answer.status_code == 201, answer.get_json()
    made = answer.get_json()["authorization"]
    assert made["id"] != ada
    assert (made["determination"], made["portal"], made["requested_by"]) == (
        "submitted", "example_payer", "portal",
    )  # fmt: skip
    assert [(n["kind"], n["value"]) for n in made["reference_numbers"]] == [("tracking", "T-90001")]
    [line] = made["lines"]
    assert (line["code"], line["requested_code"], line["requested_quantity"]) == (None, "97140", 8)
    assert made["service_date"] == "2026-12-01"
    again = record(confirmation()).get_json()
    assert again["authorization"]["id"] == made["id"], "the number leads to it from now on"


@pytest.mark.parametrize("case", ["no check", "too long ago", "another patient"])
def test_a_confirmation_that_is_of_no_known_request_makes_no_record(
    record: Any, check: Any, ada: int, database: Database, clock: Clock, case: str
) -> None:
    sent: dict[str, Any] = {} if case == "no check" else {"check_id": check(form())["id"]}
    page = confirmation()
    if case == "too long ago":
        clock.forward(timedelta(hours=5).total_seconds())
    if case == "another patient":
        page = confirmation(member_id="XYZ100200302", patient_name="OKAFOR, BRUNO")
    answer = record(page, **sent)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Authorization)) == 1


# ---- fill ----


def test_an_empty_form_is_filled_so_that_it_says_what_the_record_says(send: Any, ada: int) -> None:
    page = empty_form()
    answer = send(f"cases/{ada}/filling", {"portal": "example_payer", "page": page}).get_json()
    assert FillingSchema().validate(answer) == {}
    texts = {step["where"]: step["texts"][0] for step in answer["steps"]}
    assert texts["member_id"] == "XYZ100200301"
    assert texts["birth_date"] == "03/12/1961"
    assert texts["procedures[0].quantity"] == "12"
    filled = dict(page, fields={key: {"text": texts.get(key, "")} for key in page["fields"]})
    filled["rows"] = {
        "procedures": [
            {key: {"text": texts.get(f"procedures[0].{key}", "")} for key in page["rows"]["procedures"][0]}
        ]
    }
    service = page_service(load("example_payer"), filled)
    assert "problems" not in service
    assert (service["procedure_code"], service["quantity"], service["unit"]) == ("97110", 12, "visits")
    assert (service["date_from"], service["date_to"]) == ("2026-10-01", "2026-12-31")
    assert service["place_of_service"] == "11"
    left = {one["where"]: one["why"] for one in answer["left"]}
    assert left == {"requesting_npi": "unknown", "facility_npi": "unknown"}


def test_what_is_typed_already_is_never_part_of_it(send: Any, ada: int) -> None:
    page = empty_form(member_id="XYZ100200301", service_from="12/01/2026")
    answer = send(f"cases/{ada}/filling", {"portal": "example_payer", "page": page}).get_json()
    assert not {"member_id", "service_from"} & {step["where"] for step in answer["steps"]}


def test_a_form_that_names_another_patient_gets_nothing(send: Any, ada: int) -> None:
    page = empty_form(patient_last_name="Okafor")
    answer = send(f"cases/{ada}/filling", {"portal": "example_payer", "page": page})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "another_patient")
    assert send(f"cases/{ada}/filling", {"portal": "example_payer", "page": detail()}).status_code == 422


def test_a_line_for_which_the_form_has_no_row_is_said(
    send: Any, client: FlaskClient, headers: dict[str, str]
) -> None:
    lines = [{"code": code, "quantity": 4, "unit": "visits"} for code in ("97110", "97140")]
    made = client.post("/api/v1/authorizations", json={**AUTHORIZATION, "lines": lines}, headers=headers)
    number = made.get_json()["id"]
    page = empty_form()
    answer = send(f"cases/{number}/filling", {"portal": "example_payer", "page": page}).get_json()
    assert {"where": "lines[1]", "field": "procedure_code", "why": "no_row"} in answer["left"]
    two = send(f"cases/{number}/filling", {"portal": "example_payer", "page": empty_form(rows=2)}).get_json()
    codes = [step["texts"][0] for step in two["steps"] if step["field"] == "procedure_code"]
    assert codes == ["97110", "97140"]
