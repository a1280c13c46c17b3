"""A claim as a file states it, and the services on it as the check engine wants them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal_profiles.vocabulary import Unit
from server.interchange.x12 import Place, ReadProblem
from server.matching.facts import Patient, Service


class ClaimKind(StrEnum):
    """Which claim transaction: 837P, 837I or 837D."""

    PROFESSIONAL = "professional"
    INSTITUTIONAL = "institutional"
    DENTAL = "dental"


class DiagnosisRole(StrEnum):
    """What a diagnosis on the claim is for (X12 HI qualifiers; ICD-10 ones begin with A)."""

    PRINCIPAL = "principal"  # ABK, BK
    OTHER = "other"  # ABF, BF
    ADMITTING = "admitting"  # ABJ, BJ
    REASON_FOR_VISIT = "reason_for_visit"  # APR, PR
    EXTERNAL_CAUSE = "external_cause"  # ABN, BN


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One code as sent (no dot). icd: 10 or 9, by its qualifier."""

    code: str
    role: DiagnosisRole
    icd: int = 10


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """Another payer of the same patient (loops 2320 and 2330). Its numbers are never this claim's."""

    payer_id: str | None = None
    payer_name: str | None = None
    responsibility: str | None = None
    reference_number: str | None = None
    referral_number: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of one segment in its file, terminator not included: for rewriting it byte for byte."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One service line. Providers, place and numbers are its own: None where it leaves them to the claim.

    code_qualifier: SV101-1 (HC, AD, ...). unit_code: the file's own word for the measure; `unit` is None when
    it has no equal in our words. diagnoses: those that SV107 points to, in its order. date_to: None for one
    day. reference_number, referral_number: REF*G1 and REF*9F in loop 2400; never filled in an 837I, which
    has none there.
    """

    number: int
    code: str | None = None
    code_end: str | None = None
    code_qualifier: str | None = None
    modifiers: tuple[str, ...] = ()
    revenue_code: str | None = None
    charge: Decimal | None = None
    quantity: Decimal | None = None
    unit: Unit | None = None
    unit_code: str | None = None
    place_of_service: str | None = None
    diagnoses: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    rendering_npi: str | None = None
    facility_npi: str | None = None
    ordering_npi: str | None = None
    referring_npi: str | None = None
    supervising_npi: str | None = None
    reference_number: str | None = None
    referral_number: str | None = None
    other_payers: tuple[OtherPayer, ...] = ()
    control_number: str | None = None
    ndc: str | None = None
    ndc_quantity: Decimal | None = None
    ndc_unit: str | None = None
    place: Place | None = field(default=None, compare=False)
    reference_span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. Everything a file may leave out is None or empty; `problems` says what could not be read.

    id: CLM01, the provider's own claim number. frequency: CLM05-3 (1 original, 7 replacement, 8 void).
    place_of_service or type_of_bill (facility, class and frequency together): by CLM05-2.
    payer: the one the claim is sent to (2010BB). responsibility: SBR01 (P, S, T ...).
    subscriber: who holds the policy; patient: the dependent, or the subscriber; its member_id is the
    subscriber's, `patient_own_id` what a file states for the dependent beside it (4010).
    original_claim_number: REF*F8. peer_review_number: REF*G4, which is no authorization number.
    """

    id: str | None
    kind: ClaimKind | None = None
    version: str | None = None
    frequency: str | None = None
    charge: Decimal | None = None
    place_of_service: str | None = None
    type_of_bill: str | None = None
    payer_id: str | None = None
    payer_name: str | None = None
    responsibility: str | None = None
    group_name: str | None = None
    subscriber: Patient = field(default_factory=Patient)
    patient: Patient = field(default_factory=Patient)
    patient_own_id: str | None = None
    reference_number: str | None = None
    referral_number: str | None = None
    peer_review_number: str | None = None
    original_claim_number: str | None = None
    other_payers: tuple[OtherPayer, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    statement_from: date | None = None
    statement_to: date | None = None
    admission_date: date | None = None
    billing_npi: str | None = None
    rendering_npi: str | None = None
    attending_npi: str | None = None
    operating_npi: str | None = None
    other_operating_npi: str | None = None
    referring_npi: str | None = None
    supervising_npi: str | None = None
    facility_npi: str | None = None
    lines: tuple[ClaimLine, ...] = ()
    problems: tuple[ReadProblem, ...] = ()
    place: Place | None = field(default=None, compare=False)
    reference_span: Span | None = field(default=None, compare=False)

    @property
    def is_void(self) -> bool:
        """Frequency 8: the claim takes back an earlier one, so nothing is delivered with it."""
        return self.frequency == "8"

    @property
    def lacks_original_number(self) -> bool:
        """A replacement (7) or void (8) that does not say which claim it is about (REF*F8)."""
        return self.frequency in ("7", "8") and self.original_claim_number is None


def is_placeholder(number: str) -> bool:
    """Whether a number only fills the field: NPN and its like, one character repeated, or a mask of X and 9.

    Such a number is shown as it stands and never trusted: found in real files (domain 2.6).
    """
    key = number.replace(" ", "").replace("-", "").upper()
    return (
        key in {"NPN", "NA", "N/A", "NONE", "PENDING", "TBD", "UNKNOWN", "NOTREQUIRED", "ONFILE", "TEST"}
        or (len(key) >= 3 and len(set(key)) == 1)
        or (len(key) >= 4 and not key.strip("X9"))
    )


def services_of(claim: Claim) -> list[Service]:
    """The services of a claim, one a line in the claim's order: the line's own value first, then the claim's.

    - rendering falls back to billing: the rendering loop is absent when both are the same (domain 2.2). For
      an 837I too: payers match an institutional claim on the facility that bills it.
    - the facility of an 837I is the billing provider unless another is named; of an 837P it stays unknown.
    - a line without dates of its own has the statement's (inpatient lines carry none).
    - a placeholder number counts as no number. A void claim has no quantity: it delivers nothing.
    """
    institutional = claim.kind is ClaimKind.INSTITUTIONAL
    principal_first = sorted(
        (d for d in claim.diagnoses if d.role in (DiagnosisRole.PRINCIPAL, DiagnosisRole.OTHER)),
        key=lambda d: d.role is not DiagnosisRole.PRINCIPAL,
    )
    of_claim = tuple(d.code for d in principal_first)
    services = []
    for line in claim.lines:
        dated = line.date_from is not None
        services.append(
            Service(
                payer_id=claim.payer_id,
                payer_name=claim.payer_name,
                patient=claim.patient,
                reference_number=_trusted(line.reference_number or claim.reference_number),
                referral_number=_trusted(line.referral_number or claim.referral_number),
                procedure_code=line.code,
                modifiers=line.modifiers,
                quantity=None if claim.is_void else line.quantity,
                unit=None if claim.is_void else line.unit,
                diagnoses=line.diagnoses or of_claim,
                requesting_npi=line.ordering_npi or line.referring_npi or claim.referring_npi,
                rendering_npi=line.rendering_npi or claim.rendering_npi or claim.billing_npi,
                billing_npi=claim.billing_npi,
                facility_npi=line.facility_npi
                or claim.facility_npi
                or (claim.billing_npi if institutional else None),
                place_of_service=line.place_of_service or claim.place_of_service,
                type_of_bill=claim.type_of_bill,
                revenue_code=line.revenue_code,
                date_from=line.date_from if dated else claim.statement_from,
                date_to=line.date_to if dated else claim.statement_to,
                admission_date=claim.admission_date,
            )
        )
    return services


def _trusted(number: str | None) -> str | None:
    return None if number is None or is_placeholder(number) else number
