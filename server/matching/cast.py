"""The synthetic case that every rule's examples start from: one approval and one service that agree in
everything.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from portal_profiles.vocabulary import Determination, LevelOfCare, NumberKind, Unit
from server.matching.facts import (
    ApprovedLine,
    Authorization,
    Patient,
    PayerRule,
    PayerRuleKind,
    ReferenceNumber,
    Service,
)

ADA = Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12))
BRUNO = Patient("XYZ100200302", "Okafor", "Bruno", date(1978, 11, 5))

INDIVIDUAL_NPI = "1234567893"
OTHER_INDIVIDUAL_NPI = "1003000126"
GROUP_NPI = "1992999957"

APPROVED_LINE = ApprovedLine(code="70551", quantity=Decimal(2), unit=Unit.UNITS)

APPROVAL = Authorization(
    id="1",
    payer_id="EXH01",
    payer_name="Example Health",
    plan="Gold PPO",
    patient=ADA,
    determination=Determination.APPROVED,
    reference_numbers=(ReferenceNumber("A0012345"),),
    lines=(APPROVED_LINE,),
    diagnoses=("G43.909",),
    rendering_npis=(INDIVIDUAL_NPI,),
    billing_npi=GROUP_NPI,
    place_of_service="22",
    level_of_care=LevelOfCare.OUTPATIENT,
    effective=date(2026, 2, 1),
    expiry=date(2026, 4, 30),
)

SERVICE = Service(
    payer_id="EXH01",
    payer_name="Example Health",
    plan="Gold PPO",
    patient=ADA,
    reference_number="A0012345",
    procedure_code="70551",
    quantity=Decimal(1),
    unit=Unit.UNITS,
    diagnoses=("G43.909",),
    rendering_npi=INDIVIDUAL_NPI,
    billing_npi=GROUP_NPI,
    place_of_service="22",
    level_of_care=LevelOfCare.OUTPATIENT,
    date_from=date(2026, 3, 2),
)


def approval(**changes: Any) -> Authorization:
    """The approval with some of its attributes changed."""
    return replace(APPROVAL, **changes)


def approval_of(**changes: Any) -> Authorization:
    """The approval with some attributes of its one line changed."""
    return replace(APPROVAL, lines=(replace(APPROVED_LINE, **changes),))


def service(**changes: Any) -> Service:
    """The service with some of its attributes changed."""
    return replace(SERVICE, **changes)


def numbered(value: str, kind: NumberKind) -> tuple[ReferenceNumber, ...]:
    """One reference number of a kind."""
    return (ReferenceNumber(value, kind),)


def payer_rule(kind: PayerRuleKind, **data: object) -> PayerRule:
    """A rule of the fictional payer Example Health."""
    return PayerRule("example-rule", "EXH01", kind, data, "Example Health manual", date(2026, 1, 5))
