"""An override is kept with who, when and why, and later says what the payer did."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal_profiles.reading import Reading, ReadLine, ReadNumber
from portal_profiles.vocabulary import Checkpoint, Determination, NumberKind, Unit
from server.actions.check_service import check_service, service_json, service_of_json
from server.actions.import_authorizations import import_authorizations
from server.actions.override_finding import Reason, override_finding
from server.actions.save_authorization import create_authorization
from server.actions.undo_reading import Why, undo_reading
from server.db import tables
from server.db.session import Database
from server.errors import Problem
from server.interchange.spreadsheet import open_table
from server.matching import facts
from tests.server.actions.test_record_reading import APPROVED, NOW, PENDED, SURE, read
from tests.server.records import ada, keep

CHECKED = NOW + timedelta(hours=1)
LATER = NOW + timedelta(days=2)
TYPED = facts.Service(
    payer_id="EXH01",
    patient=facts.Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12)),
    procedure_code="97110",
    modifiers=("GP",),
    quantity=Decimal(30),
    unit=Unit.VISITS,
    date_from=date(2026, 11, 10),
)


def overridden(
    database: Database, service: facts.Service = TYPED, reason: Reason = Reason.PAYER_SAID_SO
) -> int:
    """Checks the service and passes over its finding on the quantity; gives the override's id."""
    with database.write("desk") as session:
        check = check_service(session, service, Checkpoint.PORTAL_ENTRY, "desk", CHECKED, date(2026, 11, 2))
        position = next(n for n, (_, f) in enumerate(check.findings) if f.field == "quantity")
        return override_finding(session, check.id, position, reason, "desk", CHECKED).id


def override(database: Database, one: int) -> tables.FindingOverride:
    with database.read() as session:
        return session.get_one(tables.FindingOverride, one)


def of_units(quantity: int, determination: Determination = Determination.APPROVED) -> Reading:
    line = ReadLine(1, code="97110", modifiers=("GP",), unit=Unit.VISITS, approved_quantity=Decimal(quantity))
    return replace(
        APPROVED, determination=determination, lines=(line,), effective=date(2026, 10, 5),
        numbers=(ReadNumber(NumberKind.AUTHORIZATION, "Authorization number", "A-0001"),),
    )  # fmt: skip


def test_a_service_survives_being_written_and_read() -> None:
    assert service_of_json(service_json(TYPED)) == TYPED


def test_it_is_kept_with_the_check_the_rule_the_person_and_the_reason(either_database: Database) -> None:
    one = keep(either_database)
    kept = override(either_database, overridden(either_database))
    assert (kept.authorization_id, kept.rule, kept.reason, kept.actor, kept.at) == (
        one, "units_exceed_remaining", "payer_said_so", "desk", CHECKED,
    )  # fmt: skip
    assert kept.ending is None
    with either_database.read() as session:
        entry = session.scalars(
            select(tables.AuditEntry).where(tables.AuditEntry.action == "check.overridden")
        ).one()
    assert entry.detail["rule"] == "units_exceed_remaining"


def test_what_is_approved_later_as_it_was_entered_bears_the_person_out(either_database: Database) -> None:
    one = keep(either_database)
    made = overridden(either_database)
    row = read(either_database, one, of_units(30), SURE, LATER)
    kept = override(either_database, made)
    assert (kept.ending, kept.ended_at, kept.ended_by_reading_id) == ("accepted", LATER, row.id)


def test_a_look_that_brings_nothing_new_ends_nothing(database: Database) -> None:
    one = keep(database)
    made = overridden(database)
    read(database, one, of_units(12), SURE, LATER)
    assert override(database, made).ending is None


def test_a_later_denial_bears_the_warning_out(database: Database) -> None:
    one = keep(database)
    made = overridden(database)
    read(database, one, of_units(12, Determination.DENIED), SURE, LATER)
    assert override(database, made).ending == "refused"


def test_a_new_approval_of_the_same_procedure_answers_too(database: Database) -> None:
    keep(database)
    made = overridden(database)
    numbers = [{"value": "A-0002", "kind": "authorization"}]
    lines = [{"code": "97110", "modifiers": ["GP"], "quantity": 20, "unit": "visits"}]
    with database.write("desk") as session:
        other = create_authorization(session, ada(reference_numbers=numbers, lines=lines), "desk", LATER).id
    kept = override(database, made)
    assert (kept.ending, kept.ended_by_authorization_id) == ("approved_otherwise", other)


def test_another_patients_approval_answers_nothing(database: Database) -> None:
    keep(database)
    made = overridden(database)
    other = {
        "member_id": "XYZ100200302",
        "last_name": "Okafor",
        "first_name": "Bruno",
        "birth_date": "1978-11-05",
    }
    keep(database, ada(patient=other, reference_numbers=[{"value": "A-0009", "kind": "authorization"}]))
    assert override(database, made).ending is None


def test_an_imported_approval_answers(database: Database) -> None:
    keep(database)
    made = overridden(database)
    file = (
        "payer id,member id,last name,first name,date of birth,status,authorization number,"
        "cpt,units,unit,start,end\n"
        "EXH01,XYZ100200301,Lindqvist,Ada,03/12/1961,approved,A-0003,97110,40,visits,10/05/2026,12/31/2026\n"
    )
    with database.write("biller") as session:
        report = import_authorizations(session, open_table(file.encode()), "biller", LATER)
    assert report.created == 1, report
    assert override(database, made).ending == "accepted"


def test_taking_the_reading_back_opens_the_override_again(database: Database) -> None:
    one = keep(database)
    made = overridden(database)
    row = read(database, one, of_units(30), SURE, LATER)
    with database.write("desk") as session:
        undo_reading(session, row.id, Why.WRONG_RECORD, "desk", LATER + timedelta(minutes=1))
    assert override(database, made).ending is None


def test_the_same_finding_is_overridden_once_and_other_needs_words(database: Database) -> None:
    keep(database)
    made = overridden(database)
    with database.write("desk") as session:
        known = session.get_one(tables.FindingOverride, made)
        again = override_finding(
            session, known.check_id, known.position, Reason.OTHER, "desk", LATER, note="x"
        )
        assert again.id == made
        with pytest.raises(Problem) as raised:
            override_finding(session, known.check_id, 99, Reason.PAYER_SAID_SO, "desk", LATER)
        assert raised.value.code == "not_found"
    with pytest.raises(Problem) as raised:
        overridden(database, replace(TYPED, quantity=Decimal(31)), Reason.OTHER)
    assert raised.value.code == "note_needed"


def test_a_record_that_waits_ends_nothing(database: Database) -> None:
    keep(database)
    made = overridden(database)
    keep(database, PENDED)
    assert override(database, made).ending is None
