"""The two halves of the tally, and what a payer's practice adds: plain frozen values, no behaviour beyond
reading.

Every attribute may be missing (`None` or an empty tuple): a field that is not known gives no finding.
Dates are the payer's local calendar dates, inclusive at both ends. Quantities are never without their
measure. Identifiers are kept exactly as issued or typed; `server.matching.compare` normalises when it
compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from portal_profiles.vocabulary import (
    AuthorizationType,
    CertificationKind,
    Checkpoint,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    RequestMethod,
    Unit,
)
from server.matching.payer_rules import PayerRule as PayerRule
from server.matching.payer_rules import PayerRuleKind as PayerRuleKind


@dataclass(frozen=True, slots=True)
class Patient:
    """A member of a plan, as one side of the tally names them."""

    member_id: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class ReferenceNumber:
    """One number as issued. `issuer` may be a delegated vendor and differ from the payer (domain 6.12)."""

    value: str
    kind: NumberKind = NumberKind.AUTHORIZATION
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit in time beside the total: X12 HSD, e.g. 3 visits per week for 8 weeks.

    per: "day", "week" or "month". periods: for how many of them, or None when only the dates bound it.
    """

    quantity: Decimal
    per: str
    periods: int | None = None


@dataclass(frozen=True, slots=True)
class ApprovedLine:
    """One approved procedure. What a line states overrides the authorization's own value (X12 2000F over
    2000E).

    code: CPT/HCPCS, NDC (11 digits) or revenue code; code_end closes a range (X12 SV101-8).
    service_type: X12 UM03 category when no procedure was named: any code of that category.
    used: what the ledger has counted so far in the same unit; None when nothing was ever counted.
    """

    code: str | None = None
    code_end: str | None = None
    service_type: str | None = None
    modifiers: tuple[str, ...] = ()
    component: Component | None = None
    quantity: Decimal | None = None
    unit: Unit | None = None
    rate: Rate | None = None
    used: Decimal | None = None
    determination: Determination | None = None
    effective: date | None = None
    expiry: date | None = None
    rendering_npis: tuple[str, ...] = ()
    number: int = 1


@dataclass(frozen=True, slots=True)
class Authorization:
    """The approved half of the tally."""

    id: str
    payer_id: str | None = None
    payer_name: str | None = None
    plan: str | None = None
    patient: Patient = field(default_factory=Patient)
    type: AuthorizationType = AuthorizationType.PRIOR
    certification_kind: CertificationKind | None = None
    requested_by: RequestMethod | None = None
    determination: Determination = Determination.UNRECOGNISED
    reference_numbers: tuple[ReferenceNumber, ...] = ()
    lines: tuple[ApprovedLine, ...] = ()
    diagnoses: tuple[str, ...] = ()
    requesting_npi: str | None = None
    rendering_npis: tuple[str, ...] = ()
    billing_npi: str | None = None
    facility_npi: str | None = None
    place_of_service: str | None = None
    level_of_care: LevelOfCare | None = None
    requested: date | None = None
    decided: date | None = None
    effective: date | None = None
    expiry: date | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """The other half: one procedure that is planned, entered or billed. Anything may be missing.

    date_to is None for a service of one day. diagnoses: principal or pointed-to first.
    revenue_code and type_of_bill: institutional claims only. `unit` None means the source did not say.
    """

    payer_id: str | None = None
    payer_name: str | None = None
    plan: str | None = None
    patient: Patient = field(default_factory=Patient)
    reference_number: str | None = None
    referral_number: str | None = None
    procedure_code: str | None = None
    modifiers: tuple[str, ...] = ()
    component: Component | None = None
    quantity: Decimal | None = None
    unit: Unit | None = None
    diagnoses: tuple[str, ...] = ()
    requesting_npi: str | None = None
    rendering_npi: str | None = None
    billing_npi: str | None = None
    facility_npi: str | None = None
    place_of_service: str | None = None
    type_of_bill: str | None = None
    revenue_code: str | None = None
    level_of_care: LevelOfCare | None = None
    date_from: date | None = None
    date_to: date | None = None
    admission_date: date | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a check may know besides the two halves. `today` is the clinic's local date: rules have no clock.

    stale_after_days: a status read longer ago than this is told as stale.
    """

    today: date
    checkpoint: Checkpoint = Checkpoint.PRE_SERVICE
    payer_rules: tuple[PayerRule, ...] = ()
    stale_after_days: int = 7
    rules_by_payer: Mapping[str, tuple[PayerRule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_payer: dict[str, tuple[PayerRule, ...]] = {}
        for rule in self.payer_rules:
            by_payer[rule.payer_key] = (*by_payer.get(rule.payer_key, ()), rule)
        object.__setattr__(self, "rules_by_payer", by_payer)
