"""Checks a claim before it is billed: each service line against the authorizations kept.

Beyond what the engine says of one service, a claim shows its lines together: units billed on several lines
are held together against what remains, and a line for another procedure beside the one that was authorized is
a service of its own, not a defect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import chain

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal_profiles.vocabulary import Checkpoint, FieldName
from server.actions.check_service import CANDIDATES_SHOWN, finding_json, service_json
from server.db import queries
from server.db.tables import CheckRecord
from server.interchange.claims import Claim, ClaimKind, ClaimLine, services_of
from server.matching.engine import evaluate
from server.matching.facts import Authorization, PayerRule, Policy, Service
from server.matching.finding import CheckResult, Finding, Severity, Verdict
from server.security import audit

_KEPT = insert(CheckRecord)
#: A denial on one of these does not tell that an authorization for another procedure belongs elsewhere.
_SAY_LITTLE = frozenset(
    {FieldName.PROCEDURE_CODE, FieldName.REFERENCE_NUMBER, FieldName.QUANTITY, FieldName.UNIT}
)
_WORST_FIRST = (
    Verdict.MISMATCH,
    Verdict.NO_AUTHORIZATION,
    Verdict.UNDETERMINED,
    Verdict.CAUTION,
    Verdict.MATCH,
)


_NOTHING_COVERS = Finding(
    rule="no_authorization",
    severity=Severity.CAUTION,
    field=FieldName.REFERENCE_NUMBER,
    message="No authorization on file covers this service; whether one is required is not known.",
    why="Most services need no authorization, but one that does is denied without it (CARC 197).",
    next_step="Ask the payer, unless it is sure that this service needs none.",
    carc="197",
)


@dataclass(slots=True)
class Tally:
    """What is carried from claim to claim of one file.

    counted: what its lines took so far, (authorization id, its line) -> quantity in that line's unit.
    rules: the payers' rules, by payer, each read once.
    """

    counted: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    rules: dict[str, tuple[PayerRule, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """One service line, as it was asked and answered."""

    line: ClaimLine
    service: Service
    verdict: Verdict
    authorization_id: int | None
    findings: tuple[Finding, ...]

    @property
    def would_be_denied(self) -> bool:
        """Whether something stated does not fit."""
        return any(finding.severity is Severity.DENIAL for finding in self.findings)


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim with the answers for its lines. findings: of the claim as a whole."""

    claim: Claim
    lines: tuple[CheckedLine, ...]
    findings: tuple[Finding, ...]

    @property
    def would_be_denied(self) -> bool:
        """Whether the claim or any of its lines would be."""
        return bool(self.findings) or any(line.would_be_denied for line in self.lines)

    @property
    def verdict(self) -> Verdict:
        """The worst of its lines; a claim that would be rejected whole is a mismatch, one without lines is
        undetermined."""
        if self.findings:
            return Verdict.MISMATCH
        verdicts = {line.verdict for line in self.lines}
        return next((v for v in _WORST_FIRST if v in verdicts), Verdict.UNDETERMINED)


def check_claim(
    session: Session, claim: Claim, actor: str, now: datetime, today: date, tally: Tally
) -> CheckedClaim:
    """Checks every line in a write session and keeps each answer, with the sight of the candidates in the
    audit chain.

    tally: of the file's claims before. This claim's lines are added to it, so that visits billed on lines of
    their own are held together against what remains; a void claim adds none.
    """
    on_file: dict[tuple[object, ...], list[Authorization]] = {}
    asked = []
    for line, stated in zip(claim.lines, _services(session, claim), strict=True):
        key = (stated.reference_number, stated.referral_number, stated.date_from)
        if key not in on_file:
            on_file[key] = queries.candidates_for(session, stated)
        candidates = [_less_counted(candidate, tally) for candidate in on_file[key]]
        service = _with_approved_provider(stated, claim, line, candidates)
        payers = {payer for payer in (service.payer_id, *(c.payer_id for c in candidates)) if payer}
        for payer in payers - tally.rules.keys():
            tally.rules[payer] = queries.payer_rules(session, payer)
        rules = tuple(chain.from_iterable(tally.rules[payer] for payer in sorted(payers)))
        result = evaluate(service, candidates, Policy(today, Checkpoint.CLAIM, rules))
        if not _is_for_another_procedure(result):
            _count(service, result, candidates, tally)
        asked.append((service, result))
    fitted = {
        result.choice.chosen.authorization_id
        for _, result in asked
        if result.choice.chosen is not None and not _is_for_another_procedure(result)
    }
    lines = tuple(
        _checked(line, service, result, fitted)
        for line, (service, result) in zip(claim.lines, asked, strict=True)
    )
    done = CheckedClaim(claim, lines, _findings_of(claim))
    _keep(session, done, [result for _, result in asked], actor, now)
    return done


def _keep(
    session: Session, done: CheckedClaim, results: list[CheckResult], actor: str, now: datetime
) -> None:
    """One record a line, and one entry in the audit chain for each authorization that was seen."""
    kept = [
        {
            "at": now,
            "actor": actor,
            "checkpoint": Checkpoint.CLAIM.value,
            "portal": None,
            "authorization_id": line.authorization_id,
            "verdict": line.verdict.value,
            "service": service_json(line.service),
            "findings": [finding_json(finding) for finding in line.findings],
        }
        for line in done.lines
    ]
    if kept:
        session.execute(_KEPT, kept)
    seen = dict.fromkeys(
        candidate.authorization_id
        for result in results
        for candidate in result.choice.candidates[:CANDIDATES_SHOWN]
    )
    detail = {"checkpoint": Checkpoint.CLAIM.value, "verdict": done.verdict.value}
    subjects = [f"authorization:{seen_id}" for seen_id in seen] or ["check"]
    audit.record_many(session, actor, [("check.run", subject, detail) for subject in subjects], now=now)


def _is_for_another_procedure(result: CheckResult) -> bool:
    return any(f.field is FieldName.PROCEDURE_CODE and f.severity is Severity.DENIAL for f in result.findings)


def _checked(line: ClaimLine, service: Service, result: CheckResult, fitted: Collection[str]) -> CheckedLine:
    """The engine's answer, as far as it can be known of a claim.

    Most services need no authorization, and which do is not known here. So that nothing on file covers a line
    is a caution, unless the claim's number or all else says that an authorization is meant for it.
    fitted: ids of those that some line of the claim fits.
    """
    chosen = result.choice.chosen
    if result.verdict is Verdict.NO_AUTHORIZATION:
        findings = result.findings
        if service.reference_number is None:
            findings = (*(f for f in findings if f.rule != _NOTHING_COVERS.rule), _nothing_covers(service))
        return CheckedLine(line, service, result.verdict, None, findings)
    if chosen is not None and _is_for_another_procedure(result):
        beside = chosen.authorization_id in fitted
        elsewhere = service.reference_number is None and any(
            finding.severity is Severity.DENIAL and finding.field not in _SAY_LITTLE
            for finding in result.findings
        )
        if beside or elsewhere:
            return CheckedLine(line, service, Verdict.NO_AUTHORIZATION, None, (_nothing_covers(service),))
    return CheckedLine(
        line, service, result.verdict, int(chosen.authorization_id) if chosen else None, result.findings
    )


def _nothing_covers(service: Service) -> Finding:
    return replace(_NOTHING_COVERS, entered=service.procedure_code or service.revenue_code)


def _services(session: Session, claim: Claim) -> list[Service]:
    """The claim's services, under the dependent's own member ID (4010) where nothing is on file under the
    subscriber's."""
    services = services_of(claim)
    own_id = claim.patient_own_id
    if own_id is None or not services or queries.candidates_for(session, services[0]):
        return services
    return [replace(s, patient=replace(s.patient, member_id=own_id)) for s in services]


def _with_approved_provider(
    service: Service, claim: Claim, line: ClaimLine, candidates: Iterable[Authorization]
) -> Service:
    """An institutional claim that names no rendering provider names an attending and an operating one: the
    one of them who was approved renders it (X223 leaves the rendering loop out when it is the attending)."""
    if claim.kind is not ClaimKind.INSTITUTIONAL or line.rendering_npi or claim.rendering_npi:
        return service
    approved = {
        npi
        for candidate in candidates
        for npis in (candidate.rendering_npis, *(a.rendering_npis for a in candidate.lines))
        for npi in npis
    }
    named = (claim.attending_npi, claim.operating_npi, claim.other_operating_npi)
    found = next((npi for npi in named if npi in approved), None)
    return replace(service, rendering_npi=found) if found else service


def _less_counted(authorization: Authorization, tally: Tally) -> Authorization:
    """The authorization with what earlier lines take as used."""
    taken = {line.number: tally.counted.get((authorization.id, line.number)) for line in authorization.lines}
    if not any(taken.values()):
        return authorization
    lines = (
        replace(line, used=(line.used or Decimal(0)) + (taken[line.number] or Decimal(0)))
        if taken[line.number]
        else line
        for line in authorization.lines
    )
    return replace(authorization, lines=tuple(lines))


def _count(service: Service, result: CheckResult, candidates: Iterable[Authorization], tally: Tally) -> None:
    """Adds what the service takes of the line it was held against, where both count in one measure."""
    chosen = result.choice.chosen
    if chosen is None or chosen.line is None or service.quantity is None:
        return
    key = (chosen.authorization_id, chosen.line)
    for candidate in candidates:
        for line in candidate.lines:
            if (candidate.id, line.number) == key and line.unit is service.unit:
                tally.counted[key] = tally.counted.get(key, Decimal(0)) + service.quantity


def _findings_of(claim: Claim) -> tuple[Finding, ...]:
    """What makes the payer reject the claim as a whole."""
    if not claim.lacks_original_number:
        return ()
    return (
        Finding(
            rule="original_claim_named",
            severity=Severity.DENIAL,
            field=FieldName.REFERENCE_NUMBER,
            message=f"Frequency {claim.frequency} without the payer's number of the earlier claim (REF*F8).",
            why="A replacement or void names the claim that it is about; without that number it is rejected.",
            next_step="Add the payer's claim number from the remittance, or send a new claim (frequency 1).",
            carc="16",
        ),
    )
