from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal_profiles.vocabulary import Determination, NumberKind, Unit
from server.actions.authorization_input import authorization_input, check
from server.actions.save_authorization import (
    create_authorization,
    first_look,
    input_of,
    update_authorization,
)
from server.db import queries
from server.db.session import Database
from server.db.tables import AuditEntry, Authorization
from server.errors import Problem
from tests.server.records import ACTOR, ADA, BRUNO, NOW, ada, keep, plain

TODAY = date(2026, 11, 2)


def fields_refused(database: Database, **changes: Any) -> list[str]:
    with database.write(ACTOR) as session:
        with pytest.raises(Problem) as raised:
            create_authorization(session, ada(**changes), ACTOR, NOW)
        assert session.scalars(select(Authorization)).all() == []
    assert raised.value.code == "invalid"
    assert all(problem.remedy for problem in raised.value.fields)
    return [problem.field for problem in raised.value.fields]


def unreadable(**changes: Any) -> list[str]:
    with pytest.raises(Problem) as raised:
        ada(**changes)
    return [problem.field for problem in raised.value.fields]


def test_what_is_kept_is_what_was_given(either_database: Database) -> None:
    data = ada(
        lines=[
            {
                "code": "97110",
                "modifiers": ["GP"],
                "quantity": "12.5",
                "unit": "hours",
                "rate": {"quantity": 3, "per": "week", "periods": 8},
                "effective": "2026-10-05",
                "expiry": "2026-11-30",
                "determination": "approved",
                "rendering_npis": ["1003000126"],
                "requested_code": "97112",
                "requested_quantity": 20,
                "component": "professional",
            },
            {"code": "00100", "code_end": "00199"},
            {"service_type": "3"},
        ],
        type="concurrent",
        certification_kind="pre_certification",
        requested_by="delegated_vendor",
        level_of_care="outpatient",
        service_date="2026-11-20",
        portal="example_payer",
        notes="call back",
        reference_numbers=[
            {
                "value": "0012 34-A",
                "kind": "authorization",
                "issuer": "Example Review",
                "label": "Certification #",
            },
            {"value": "C77", "kind": "case"},
        ],
    )
    own = keep(either_database, data)
    with either_database.read() as session:
        row = queries.authorization(session, own)
        assert row is not None
        assert input_of(row) == data
        assert (row.version, row.created_at, row.next_due) == (1, NOW, TODAY)
        assert row.reference_numbers[0].value_key == "001234A"


def test_the_first_determination_of_whole_and_lines_begins_the_history(database: Database) -> None:
    own = keep(database, ada(lines=[{"code": "97110", "determination": "approved"}, {"code": "97112"}]))
    with database.read() as session:
        known = [(c.line_number, c.determination, c.source, c.actor) for c in queries.history(session, own)]
    assert known == [(None, "approved", "person", ACTOR), (1, "approved", "person", ACTOR)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"requesting_npi": "1234567890"}, "requesting_npi"),
        ({"requesting_npi": "123456789"}, "requesting_npi"),
        ({"rendering_npis": ["3003000126"]}, "rendering_npis"),
        ({"diagnoses": ["M54.50", "54"]}, "diagnoses"),
        ({"place_of_service": "77"}, "place_of_service"),
        ({"lines": [{"code": "9711"}, {"code": "9711X"}]}, "lines[1].code"),
        ({"lines": [{"code": "1234567890"}]}, "lines[0].code"),
        ({"lines": [{"code": "97110", "modifiers": ["GPX"]}]}, "lines[0].modifiers"),
        ({"lines": [{"code": "97110", "quantity": -1}]}, "lines[0].quantity"),
        ({"lines": [{"code": "97110", "quantity": "1.2345"}]}, "lines[0].quantity"),
        (
            {"lines": [{"code": "97110", "effective": "2026-11-02", "expiry": "2026-11-01"}]},
            "lines[0].expiry",
        ),
        ({"lines": [{"number": 1}, {"number": 1}]}, "lines[1].number"),
        ({"effective": "2026-12-31", "expiry": "2026-10-05"}, "expiry"),
        ({"requested": "2026-10-06"}, "decided"),
        ({"payer_id": None, "payer_name": " "}, "payer"),
        ({"patient": {"last_name": "Lindqvist"}}, "patient"),
        ({"patient": {**ADA, "birth_date": "2026-11-03"}}, "patient.birth_date"),
        ({"patient": {**ADA, "last_name": "L" * 121}}, "patient.last_name"),
        ({"patient": {**ADA, "last_name": "Lind\x00qvist"}}, "patient.last_name"),
        ({"reference_numbers": [{"value": "--", "kind": "case"}]}, "reference_numbers"),
        ({"notes": "n" * 4001}, "notes"),
    ],
)
def test_what_can_not_be_right_is_refused_by_its_field(
    database: Database, changes: dict[str, Any], field: str
) -> None:
    assert fields_refused(database, **changes) == [field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"determination": None}, "determination"),
        ({"determination": "Approved!"}, "determination"),
        ({"effective": "10/05/2026"}, "effective"),
        ({"effective": "2026-02-30"}, "effective"),
        ({"patient": "Ada"}, "patient"),
        ({"patient": {**ADA, "ssn": "1"}}, "patient.ssn"),
        ({"colour": "red"}, "colour"),
        ({"diagnoses": "M54.50"}, "diagnoses"),
        ({"lines": [{"code": 97110}]}, "lines[0].code"),
        ({"lines": [{"code": "97110", "quantity": True}]}, "lines[0].quantity"),
        ({"lines": [{"code": "97110", "quantity": "NaN"}]}, "lines[0].quantity"),
        ({"lines": [{"code": "97110", "rate": {"quantity": 3}}]}, "lines[0].rate"),
        ({"lines": {"code": "97110"}}, "lines"),
        ({"reference_numbers": [{"kind": "case"}]}, "reference_numbers[0].value"),
        ({"reference_numbers": [{"value": "1", "kind": "lucky"}]}, "reference_numbers[0].kind"),
    ],
)
def test_what_can_not_be_read_is_named_by_its_field(changes: dict[str, Any], field: str) -> None:
    assert unreadable(**changes) == [field]


def test_every_unreadable_field_is_named_at_once() -> None:
    assert unreadable(type="x", expiry="x", lines=[{"unit": "x"}]) == ["lines[0].unit", "type", "expiry"]


def test_no_message_repeats_a_value(database: Database) -> None:
    with database.write(ACTOR) as session, pytest.raises(Problem) as raised:
        create_authorization(
            session,
            ada(patient={"last_name": "Lindqvist"}, requesting_npi="1234567890", diagnoses=["zzqq"]),
            ACTOR,
            NOW,
        )
    for secret in ("Lindqvist", "1234567890", "zzqq"):
        assert secret not in raised.value.as_text()


def test_values_that_have_their_type_already_are_taken() -> None:
    data = authorization_input(
        plain(
            determination=Determination.PENDED,
            expiry=date(2026, 12, 31),
            patient=ada().patient,
            lines=[{"quantity": Decimal(3), "unit": Unit.DAYS}],
        )
    )
    assert (data.determination, data.expiry) == (Determination.PENDED, date(2026, 12, 31))
    assert data.lines[0].quantity == Decimal(3)
    assert data.patient == ada().patient


def test_a_wrong_check_digit_only_warns_where_the_caller_forgives_it(database: Database) -> None:
    data = ada(requesting_npi="1234567890")
    checked = check(data, TODAY)
    assert checked.errors == ()
    assert [warning.field for warning in checked.warnings] == ["requesting_npi"]
    with database.write(ACTOR) as session:
        row = create_authorization(session, data, ACTOR, NOW, strict=False)
        assert row.requesting_npi == "1234567890"


def test_an_old_wrong_check_digit_does_not_stand_in_the_way_of_a_change(database: Database) -> None:
    with database.write(ACTOR) as session:
        own = create_authorization(session, ada(requesting_npi="1234567890"), ACTOR, NOW, strict=False).id
        update_authorization(
            session, own, 1, ada(requesting_npi="1234567890", place_of_service="12"), ACTOR, NOW
        )
        with pytest.raises(Problem) as raised:
            update_authorization(session, own, 2, ada(requesting_npi="9876543210"), ACTOR, NOW)
    assert [problem.field for problem in raised.value.fields] == ["requesting_npi"]


def test_a_change_raises_the_version_and_says_which_fields(either_database: Database) -> None:
    own = keep(either_database)
    with either_database.write("noor@riverbend.example") as session:
        changed = ada(
            determination="modified",
            lines=[{"code": "97110", "modifiers": ["GP"], "quantity": 8, "unit": "visits"}],
        )
        row = update_authorization(session, own, 1, changed, "noor@riverbend.example", NOW)
        assert (row.version, row.lines[0].quantity) == (2, Decimal(8))
    with either_database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert entry is not None
        assert entry.action == "authorization.changed"
        assert entry.detail == {"source": "person", "version": 2, "fields": ["determination", "lines"]}
        assert [c.determination for c in queries.history(session, own)] == ["approved", "modified"]


def test_a_change_that_changes_nothing_leaves_version_and_chain_alone(either_database: Database) -> None:
    own = keep(either_database)
    with either_database.write(ACTOR) as session:
        assert update_authorization(session, own, 1, ada(), ACTOR, NOW).version == 1
    with either_database.read() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1


def test_somebody_elses_change_meanwhile_is_never_lost(database: Database) -> None:
    own = keep(database)
    with database.write(ACTOR) as session:
        update_authorization(session, own, 1, ada(notes="first"), ACTOR, NOW)
    with database.write(ACTOR) as session, pytest.raises(Problem) as raised:
        update_authorization(session, own, 1, ada(notes="second"), ACTOR, NOW)
    assert (raised.value.code, raised.value.status) == ("changed_meanwhile", 412)


def test_lines_and_numbers_that_are_left_out_go_and_the_others_stay_the_same_rows(database: Database) -> None:
    first = {"value": "A-0001", "kind": "authorization"}
    own = keep(
        database,
        ada(
            reference_numbers=[first, {"value": "C1", "kind": "case"}],
            lines=[{"code": "97110"}, {"code": "97112"}],
        ),
    )
    with database.write(ACTOR) as session:
        row = queries.authorization(session, own)
        assert row is not None
        kept_ids = (row.reference_numbers[0].id, row.lines[1].id)
        update_authorization(
            session,
            own,
            None,
            ada(
                reference_numbers=[first, {"value": "D2", "kind": "decision"}],
                lines=[{"number": 2, "code": "97112"}],
            ),
            ACTOR,
            NOW,
        )
    with database.read() as session:
        row = queries.authorization(session, own)
        assert row is not None
        assert [number.value for number in row.reference_numbers] == ["A-0001", "D2"]
        assert (row.reference_numbers[0].id, row.lines[0].id) == kept_ids
        assert [line.code for line in row.lines] == ["97112"]


def test_a_payers_number_is_in_the_record_once(either_database: Database) -> None:
    own = keep(either_database)
    with either_database.write(ACTOR) as session:
        with pytest.raises(Problem) as raised:
            create_authorization(
                session,
                ada(patient=BRUNO, reference_numbers=[{"value": "a 0001", "kind": "authorization"}]),
                ACTOR,
                NOW,
            )
        assert raised.value.status == 409
        assert f"Authorization {own}" in raised.value.fields[0].message
        other_payer = ada(patient=BRUNO, payer_id="BLM02")
        assert create_authorization(session, other_payer, ACTOR, NOW).id != own
        other_kind = ada(reference_numbers=[{"value": "A-0001", "kind": NumberKind.REFERRAL}])
        assert create_authorization(session, other_kind, ACTOR, NOW).id != own


def test_an_authorization_that_is_not_there_can_not_be_changed(database: Database) -> None:
    with database.write(ACTOR) as session, pytest.raises(Problem) as raised:
        update_authorization(session, 999, 1, ada(), ACTOR, NOW)
    assert raised.value.status == 404


@pytest.mark.parametrize("closed", ["denied", "cancelled", "expired", "void", "not_required", "draft"])
def test_what_can_no_longer_change_at_the_payer_is_never_due(closed: str) -> None:
    assert first_look("example_payer", Determination(closed), None, TODAY) is None


def test_an_approval_is_looked_at_until_its_last_day() -> None:
    assert first_look("example_payer", Determination.APPROVED, TODAY, TODAY) == TODAY
    assert first_look("example_payer", Determination.APPROVED, date(2026, 11, 1), TODAY) is None
    assert first_look(None, Determination.PENDED, None, TODAY) is None


def test_a_change_of_determination_decides_anew_whether_it_is_due(database: Database) -> None:
    own = keep(database, ada(portal="example_payer"))
    with database.write(ACTOR) as session:
        assert (
            update_authorization(
                session, own, 1, ada(portal="example_payer", determination="denied"), ACTOR, NOW
            ).next_due
            is None
        )
