"""The words that every part shares: determinations, page fields, kinds of numbers, units, levels of care.

Portals, X12 and FHIR each say these things in their own way; here each is said once.
"""

from __future__ import annotations

from enum import StrEnum


class Determination(StrEnum):
    """What the payer has decided on an authorization, or on one of its lines.

    Source of the equivalents: X12 278 HCR01 (005010X217) and the Da Vinci PAS review action code,
    which is drawn from the same X12 element 306.
    """

    NOT_REQUIRED = "not_required"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    PENDED = "pended"
    MORE_INFORMATION_NEEDED = "more_information_needed"
    APPROVED = "approved"
    PARTIALLY_APPROVED = "partially_approved"
    MODIFIED = "modified"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOID = "void"
    IN_APPEAL = "in_appeal"
    UNRECOGNISED = "unrecognised"


#: X12 278 HCR01 and FHIR PAS reviewAction code -> Determination. `CT` (contact payer) decides nothing:
#: it is a task for a person, so it maps to UNRECOGNISED and never to a status.
FROM_REVIEW_ACTION: dict[str, Determination] = {
    "A1": Determination.APPROVED,
    "A2": Determination.PARTIALLY_APPROVED,
    "A3": Determination.DENIED,
    "A4": Determination.PENDED,
    "A6": Determination.MODIFIED,
    "C": Determination.CANCELLED,
    "CT": Determination.UNRECOGNISED,
    "NA": Determination.NOT_REQUIRED,
}

#: Determinations under which the approved lines, units and dates may be relied on.
APPROVING = frozenset({Determination.APPROVED, Determination.PARTIALLY_APPROVED, Determination.MODIFIED})

#: Determinations that no longer change by themselves: the night job does not look again.
CLOSED = frozenset({Determination.DENIED, Determination.CANCELLED, Determination.EXPIRED, Determination.VOID})


class NumberKind(StrEnum):
    """What a number on a portal page is. Kinds are never mixed: only AUTHORIZATION (also called certification
    number, X12 REF*G1) goes on a claim as prior authorization, only REFERRAL as REF*9F."""

    AUTHORIZATION = "authorization"
    REFERRAL = "referral"
    REFERENCE = "reference"
    CASE = "case"
    REQUEST = "request"
    ORDER = "order"
    TRACKING = "tracking"
    TRANSACTION = "transaction"
    DECISION = "decision"
    ADMINISTRATIVE = "administrative"
    KEY = "key"


#: Kinds that a payer gives before or beside its decision; they never replace an authorization number and
#: never go on a claim (X12 REF*NT is one of them).
PROVISIONAL = frozenset(
    {
        NumberKind.CASE,
        NumberKind.REQUEST,
        NumberKind.ORDER,
        NumberKind.TRACKING,
        NumberKind.TRANSACTION,
        NumberKind.DECISION,
        NumberKind.ADMINISTRATIVE,
        NumberKind.KEY,
    }
)


class Unit(StrEnum):
    """The measure of a quantity. Never converted without a payer's rule (X12 HSD01, SV103)."""

    UNITS = "units"
    VISITS = "visits"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"
    MONTHS = "months"


class LevelOfCare(StrEnum):
    """The setting's level: inpatient, observation and outpatient are decided apart by payers."""

    INPATIENT = "inpatient"
    OBSERVATION = "observation"
    OUTPATIENT = "outpatient"


class Component(StrEnum):
    """Which part of a procedure: professional (modifier 26), technical or facility (TC), or both."""

    PROFESSIONAL = "professional"
    TECHNICAL = "technical"
    GLOBAL = "global"


class AuthorizationType(StrEnum):
    """The five kinds of payer approval."""

    PRIOR = "prior"
    CONCURRENT = "concurrent"
    RETROSPECTIVE = "retrospective"
    REFERRAL = "referral"
    STEP_THERAPY = "step_therapy"


class CertificationKind(StrEnum):
    """Administrative confirmation of cover, or clinical review of the service itself."""

    PRE_CERTIFICATION = "pre_certification"
    PRIOR_AUTHORIZATION = "prior_authorization"


class RequestMethod(StrEnum):
    """How the authorization was asked for."""

    PORTAL = "portal"
    CLEARINGHOUSE = "clearinghouse"
    PHONE = "phone"
    EHR = "ehr"
    DELEGATED_VENDOR = "delegated_vendor"


class Checkpoint(StrEnum):
    """Where in the workflow a check ran."""

    SCHEDULING = "scheduling"
    VERIFICATION = "verification"
    PRE_SERVICE = "pre_service"
    MONITORING = "monitoring"
    PORTAL_ENTRY = "portal_entry"
    PRE_BILLING = "pre_billing"
    CLAIM = "claim"
    REMITTANCE = "remittance"


class FieldName(StrEnum):
    """Every field that a page, a service or an authorization can have; findings and marks name one."""

    PAYER = "payer"
    PLAN = "plan"
    MEMBER_ID = "member_id"
    PATIENT_NAME = "patient_name"
    PATIENT_LAST_NAME = "patient_last_name"
    PATIENT_FIRST_NAME = "patient_first_name"
    BIRTH_DATE = "birth_date"
    AUTHORIZATION_TYPE = "authorization_type"
    DETERMINATION = "determination"
    REFERENCE_NUMBER = "reference_number"
    REFERRAL_NUMBER = "referral_number"
    PROCEDURE_CODE = "procedure_code"
    MODIFIERS = "modifiers"
    COMPONENT = "component"
    QUANTITY = "quantity"
    UNIT = "unit"
    DIAGNOSES = "diagnoses"
    REQUESTING_NPI = "requesting_npi"
    RENDERING_NPI = "rendering_npi"
    BILLING_NPI = "billing_npi"
    FACILITY_NPI = "facility_npi"
    PLACE_OF_SERVICE = "place_of_service"
    LEVEL_OF_CARE = "level_of_care"
    SERVICE_FROM = "service_from"
    SERVICE_TO = "service_to"
    ADMISSION_DATE = "admission_date"
    REQUESTED_DATE = "requested_date"
    DECIDED_DATE = "decided_date"
    EFFECTIVE_DATE = "effective_date"
    EXPIRY_DATE = "expiry_date"
