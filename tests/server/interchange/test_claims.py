"""A claim's services: the line's own value first, then the claim's; void claims and placeholder numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal_profiles.vocabulary import Unit
from server.interchange.claims import (
    Claim,
    ClaimKind,
    ClaimLine,
    Diagnosis,
    DiagnosisRole,
    is_placeholder,
    services_of,
)
from server.matching.facts import Patient, Service

LINE = ClaimLine(
    number=1,
    code="70551",
    modifiers=("26",),
    quantity=Decimal(1),
    unit=Unit.UNITS,
    diagnoses=("M545",),
    date_from=date(2026, 3, 4),
)
CLAIM = Claim(
    id="RB-1",
    kind=ClaimKind.PROFESSIONAL,
    frequency="1",
    place_of_service="11",
    payer_id="EXH01",
    payer_name="Example Health",
    patient=Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12)),
    reference_number="EH7700001",
    diagnoses=(Diagnosis("M545", DiagnosisRole.OTHER), Diagnosis("G43909", DiagnosisRole.PRINCIPAL)),
    billing_npi="1992999957",
    rendering_npi="1234567893",
    lines=(LINE,),
)


def only(claim: Claim) -> Service:
    (service,) = services_of(claim)
    return service


def test_a_line_becomes_one_service_with_what_the_claim_says_for_it() -> None:
    assert only(CLAIM) == Service(
        payer_id="EXH01",
        payer_name="Example Health",
        patient=CLAIM.patient,
        reference_number="EH7700001",
        procedure_code="70551",
        modifiers=("26",),
        quantity=Decimal(1),
        unit=Unit.UNITS,
        diagnoses=("M545",),
        rendering_npi="1234567893",
        billing_npi="1992999957",
        place_of_service="11",
        date_from=date(2026, 3, 4),
    )


def test_what_the_line_states_comes_before_the_claim() -> None:
    line = replace(
        LINE,
        reference_number="EH7700002",
        referral_number="R2",
        rendering_npi="1003000126",
        place_of_service="22",
        facility_npi="1992999957",
    )
    service = only(replace(CLAIM, referral_number="R1", facility_npi="1003000126", lines=(line,)))
    assert service.reference_number == "EH7700002"
    assert service.referral_number == "R2"
    assert service.rendering_npi == "1003000126"
    assert service.place_of_service == "22"
    assert service.facility_npi == "1992999957"


def test_rendering_falls_back_to_billing() -> None:
    assert only(replace(CLAIM, rendering_npi=None)).rendering_npi == "1992999957"


def test_who_ordered_is_not_who_rendered() -> None:
    service = only(replace(CLAIM, lines=(replace(LINE, ordering_npi="1003000126"),)))
    assert (service.requesting_npi, service.rendering_npi) == ("1003000126", "1234567893")


def test_without_pointers_the_principal_diagnosis_comes_first_and_roles_apart_are_left_out() -> None:
    admitting = Diagnosis("R079", DiagnosisRole.ADMITTING)
    claim = replace(CLAIM, diagnoses=(admitting, *CLAIM.diagnoses), lines=(replace(LINE, diagnoses=()),))
    assert only(claim).diagnoses == ("G43909", "M545")


def test_an_institutional_line_without_dates_has_the_statements() -> None:
    claim = replace(
        CLAIM,
        kind=ClaimKind.INSTITUTIONAL,
        statement_from=date(2026, 3, 1),
        statement_to=date(2026, 3, 5),
        admission_date=date(2026, 3, 1),
        lines=(replace(LINE, date_from=None),),
    )
    service = only(claim)
    assert (service.date_from, service.date_to) == (date(2026, 3, 1), date(2026, 3, 5))
    assert service.admission_date == date(2026, 3, 1)
    assert service.facility_npi == "1992999957"


def test_a_void_claim_has_no_quantity_to_check() -> None:
    service = only(replace(CLAIM, frequency="8"))
    assert (service.quantity, service.unit) == (None, None)


def test_a_placeholder_counts_as_no_number() -> None:
    claim = replace(CLAIM, reference_number="NPN", referral_number="9999999")
    assert (only(claim).reference_number, only(claim).referral_number) == (None, None)


@pytest.mark.parametrize("number", ["NPN", "n/a", "XXXXX 9999999999", "000", "X9999999", "---0000"])
def test_a_number_that_only_fills_the_field_is_a_placeholder(number: str) -> None:
    assert is_placeholder(number)


@pytest.mark.parametrize("number", ["EH7700001", "0012345", "99", "A9999", "MAA36169000029", "XA7", "1"])
def test_a_number_as_payers_issue_them_is_none(number: str) -> None:
    assert not is_placeholder(number)
