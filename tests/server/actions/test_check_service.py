"""A check finds its candidates, keeps what it was asked and answered, and notes each sight."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal_profiles.vocabulary import Checkpoint, FieldName, LevelOfCare, Unit
from server.actions.check_service import ServiceCheck, check_service, service_json
from server.actions.save_payer_rules import save_payer_rules
from server.db.session import Database
from server.db.tables import AuditEntry, CheckRecord
from server.matching import facts
from server.matching.finding import Severity, Verdict
from tests.server.records import ACTOR, NOW, ada, keep

ADA = facts.Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12))
SERVICE = facts.Service(
    payer_id="EXH01",
    payer_name="Example Health",
    patient=ADA,
    reference_number="A-0001",
    procedure_code="97110",
    modifiers=("GP",),
    quantity=Decimal(1),
    unit=Unit.VISITS,
    diagnoses=("M54.50",),
    rendering_npi="1003000126",
    place_of_service="11",
    date_from=date(2026, 11, 20),
)


def run(
    database: Database,
    service: facts.Service = SERVICE,
    *,
    authorization_id: int | None = None,
    rows: dict[int, facts.Service] | None = None,
) -> ServiceCheck:
    with database.write(ACTOR) as session:
        return check_service(
            session, service, Checkpoint.PRE_SERVICE, ACTOR, NOW, date(2026, 11, 2),
            authorization_id=authorization_id, rows=rows,
        )  # fmt: skip


def test_a_match_is_kept_with_what_was_asked(database: Database) -> None:
    number = keep(database)
    check = run(database)
    assert (check.verdict, check.findings) == (Verdict.MATCH, ())
    assert check.chosen is not None
    assert check.chosen.row.id == number
    assert check.shown == (str(number),)
    with database.read() as session:
        kept = session.scalars(select(CheckRecord)).one()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "check.run")).one()
    assert (kept.verdict, kept.authorization_id, kept.actor) == ("match", number, ACTOR)
    assert kept.service == service_json(SERVICE)
    assert (entry.subject, entry.detail) == (
        f"authorization:{number}",
        {"checkpoint": "pre_service", "verdict": "match"},
    )


def test_each_candidate_that_is_shown_is_a_sight(database: Database) -> None:
    ids = [
        keep(database, ada(reference_numbers=[{"value": f"A-{n}", "kind": "authorization"}]))
        for n in range(3)
    ]
    check = run(database, replace(SERVICE, reference_number=None))
    assert check.choice.tie
    assert check.chosen is None
    with database.read() as session:
        subjects = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "check.run")).all()
    assert sorted(subjects) == [f"authorization:{number}" for number in ids]


def test_a_further_row_is_held_against_the_authorization_that_was_chosen(database: Database) -> None:
    keep(database)
    check = run(database, rows={2: replace(SERVICE, procedure_code="97140")})
    assert check.verdict is Verdict.MISMATCH
    assert {(row, finding.field) for row, finding in check.findings} == {(2, FieldName.PROCEDURE_CODE)}


def test_a_row_that_agrees_leaves_the_verdict(database: Database) -> None:
    keep(database)
    assert run(database, rows={1: SERVICE}).verdict is Verdict.MATCH


def test_the_one_that_a_person_chose_is_compared_though_it_is_another_patients(database: Database) -> None:
    number = keep(database)
    other = replace(
        SERVICE,
        patient=facts.Patient("XYZ100200310", "Petrov", "Jonas", date(1966, 1, 15)),
        reference_number=None,
    )
    assert run(database, other).chosen is None
    check = run(database, other, authorization_id=number)
    assert check.verdict is Verdict.MISMATCH
    assert check.chosen is not None
    assert FieldName.MEMBER_ID in {finding.field for _, finding in check.findings}


def test_one_that_does_not_exist_is_no_candidate(database: Database) -> None:
    keep(database)
    check = run(database, authorization_id=99)
    assert (check.chosen, check.choice.candidates) == (None, ())


def test_the_payers_own_rules_count(database: Database) -> None:
    keep(database)
    elsewhere = replace(SERVICE, place_of_service="12")
    before = [finding.severity for _, finding in run(database, elsewhere).findings]
    assert before
    assert set(before) != {Severity.ALLOWED}
    rule = facts.PayerRule(
        id="EXH01-place", payer_id="EXH01", kind=facts.PayerRuleKind.EQUIVALENT_PLACE,
        data={"approved": "11", "allowed": "12"}, source="Example Health provider manual",
        source_date=date(2026, 1, 1),
    )  # fmt: skip
    with database.write(ACTOR) as session:
        save_payer_rules(session, [rule], ACTOR, NOW)
    after = [finding for _, finding in run(database, elsewhere).findings]
    assert [(finding.severity, finding.allowed_by) for finding in after] == [
        (Severity.ALLOWED, "EXH01-place")
    ]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (facts.Service(), {}),
        (
            facts.Service(quantity=Decimal("1.5"), unit=Unit.HOURS, level_of_care=LevelOfCare.INPATIENT),
            {"quantity": "1.5", "unit": "hours", "level_of_care": "inpatient"},
        ),
        (
            facts.Service(patient=facts.Patient(birth_date=date(1961, 3, 12)), diagnoses=("M54.50",)),
            {"birth_date": "1961-03-12", "diagnoses": ["M54.50"]},
        ),
    ],
)
def test_what_is_not_stated_is_not_kept(service: facts.Service, expected: dict[str, object]) -> None:
    assert service_json(service) == expected
