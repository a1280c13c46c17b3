"""What a check answers: findings, the choice among authorizations, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal_profiles.vocabulary import FieldName


class Severity(StrEnum):
    """How a comparison ended: it would be denied, a person should look, or a payer's rule allows it."""

    DENIAL = "denial"
    CAUTION = "caution"
    ALLOWED = "allowed"


class Verdict(StrEnum):
    """The whole check in one word. UNDETERMINED: too little was known to choose or to compare."""

    MATCH = "match"
    CAUTION = "caution"
    MISMATCH = "mismatch"
    NO_AUTHORIZATION = "no_authorization"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict on one field.

    approved / entered: what each half says, as a person would write it. carc: likely X12 claim adjustment
    reason code, None when the finding foretells no denial. allowed_by: id of the payer's rule behind ALLOWED
    or a lowered severity; source: that rule's source and date in words.
    """

    rule: str
    severity: Severity
    field: FieldName
    message: str
    why: str
    next_step: str
    approved: str | None = None
    entered: str | None = None
    carc: str | None = None
    line: int | None = None
    allowed_by: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One authorization that the service may belong to. reasons: what speaks for it and against it."""

    authorization_id: str
    line: int | None
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """candidates: best first. tie: the best two cannot be told apart, so none is chosen."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate | None
    tie: bool = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The answer of `evaluate`: verdict, the choice with its reasons, and the findings on the chosen one.

    checked: the fields that were really compared, with or without a finding. A field that is not in it was
    not checked: never show it as clear.
    """

    verdict: Verdict
    choice: Choice
    findings: tuple[Finding, ...]
    checked: tuple[FieldName, ...] = ()
