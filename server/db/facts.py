"""Rows of the database as the plain facts that the match engine takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal_profiles.vocabulary import (
    AuthorizationType,
    CertificationKind,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    RequestMethod,
    Unit,
)
from server.db import tables
from server.matching import facts


def to_facts(row: tables.Authorization) -> facts.Authorization:
    """One authorization with its lines and numbers."""
    return authorization_facts(row, row.lines, row.reference_numbers)


def authorization_facts(row: Any, lines: Iterable[Any], numbers: Iterable[Any]) -> facts.Authorization:
    """The same from rows of plain selects: anything with the columns' names as attributes."""
    return facts.Authorization(
        id=str(row.id),
        payer_id=row.payer_id,
        payer_name=row.payer_name,
        plan=row.plan,
        patient=facts.Patient(
            member_id=row.member_id,
            last_name=row.last_name,
            first_name=row.first_name,
            birth_date=row.birth_date,
        ),
        type=AuthorizationType(row.type),
        certification_kind=CertificationKind(row.certification_kind) if row.certification_kind else None,
        requested_by=RequestMethod(row.requested_by) if row.requested_by else None,
        determination=Determination(row.determination),
        reference_numbers=tuple(
            facts.ReferenceNumber(number.value, NumberKind(number.kind), number.issuer) for number in numbers
        ),
        lines=tuple(line_facts(line) for line in lines),
        diagnoses=tuple(row.diagnoses),
        requesting_npi=row.requesting_npi,
        rendering_npis=tuple(row.rendering_npis),
        billing_npi=row.billing_npi,
        facility_npi=row.facility_npi,
        place_of_service=row.place_of_service,
        level_of_care=LevelOfCare(row.level_of_care) if row.level_of_care else None,
        requested=row.requested,
        decided=row.decided,
        effective=row.effective,
        expiry=row.expiry,
        read_at=row.determination_read_at,
    )


def line_facts(line: Any) -> facts.ApprovedLine:
    """One line. A line whose approved code is not known has none: what was asked for was not approved by
    that.
    """
    rate = None
    if line.rate_quantity is not None and line.rate_per is not None:
        rate = facts.Rate(line.rate_quantity, line.rate_per, line.rate_periods)
    return facts.ApprovedLine(
        code=line.code,
        code_end=line.code_end,
        service_type=line.service_type,
        modifiers=tuple(line.modifiers),
        component=Component(line.component) if line.component else None,
        quantity=line.quantity,
        unit=Unit(line.unit) if line.unit else None,
        rate=rate,
        used=line.used,
        determination=Determination(line.determination) if line.determination else None,
        effective=line.effective,
        expiry=line.expiry,
        rendering_npis=tuple(line.rendering_npis),
        number=line.number,
    )


def payer_rule_facts(row: tables.PayerRule) -> facts.PayerRule:
    """One payer rule; its name is the id that findings show."""
    return facts.PayerRule(
        id=row.name,
        payer_id=row.payer_id,
        kind=facts.PayerRuleKind(row.kind),
        data=row.data,
        source=row.source,
        source_date=row.source_date,
        plan=row.plan,
        effective=row.effective,
        expiry=row.expiry,
    )
