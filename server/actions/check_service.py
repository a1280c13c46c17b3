"""Checks a planned, entered or billed service against the authorizations kept, and keeps what was asked and
answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert
from sqlalchemy.orm import Session

from portal_profiles.vocabulary import Checkpoint, Component, FieldName, LevelOfCare, Unit
from server.db import queries
from server.db.prepared import Prepared
from server.db.tables import CheckRecord, table_of
from server.matching import facts
from server.matching.already_there import already_there
from server.matching.engine import check, checked_fields, evaluate
from server.matching.finding import Candidate, CheckResult, Choice, Finding, Severity, Verdict
from server.security import audit

#: How many candidates an answer shows; the others are counted only.
CANDIDATES_SHOWN = 10
_KEPT = Prepared(
    insert(table_of(CheckRecord))
    .values(
        {
            name: bindparam(name)
            for name in (
                "at",
                "actor",
                "checkpoint",
                "portal",
                "authorization_id",
                "verdict",
                "service",
                "findings",
            )
        }
    )
    .returning(table_of(CheckRecord).c.id)
)
_DATES = frozenset({"birth_date", "date_from", "date_to", "admission_date"})
_WORDS: Mapping[str, type[StrEnum]] = {"component": Component, "unit": Unit, "level_of_care": LevelOfCare}
_WORSE = (Verdict.MATCH, Verdict.UNDETERMINED, Verdict.CAUTION, Verdict.NO_AUTHORIZATION, Verdict.MISMATCH)


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """id: of the record of the check. verdict, findings and checked are those of the service and of the
    form's further rows together.

    findings: each beside its row (None: the service itself). checked: the fields that were really compared; a
    field that is not in it is never to be shown as clear. authorizations: every candidate by its id. chosen:
    the rows of the chosen one. shown: ids of the candidates that an answer may show (each was noted as seen).
    standing: ids of those under which the service is approved or asked for already, where the check is of a
    request that is being typed.
    """

    id: int
    verdict: Verdict
    choice: Choice
    findings: tuple[tuple[int | None, Finding], ...]
    checked: tuple[FieldName, ...]
    authorizations: Mapping[str, facts.Authorization]
    chosen: queries.Parts | None
    shown: tuple[str, ...]
    standing: tuple[str, ...] = ()


def check_service(
    session: Session,
    service: facts.Service,
    checkpoint: Checkpoint,
    actor: str,
    now: datetime,
    today: date,
    *,
    portal: str | None = None,
    authorization_id: int | None = None,
    rows: Mapping[int, facts.Service] | None = None,
) -> ServiceCheck:
    """Runs one check in a write session and keeps it, with the sight of each candidate in the audit chain.

    today: the clinic's local date. authorization_id: the one that a person chose; then it alone is a
    candidate, and one that does not exist is no candidate at all. rows: further procedures of the same
    request, by their row; they are compared with the authorization that was chosen for the service.
    """
    if authorization_id is None:
        on_file = queries.candidate_parts(session, service)
    else:
        on_file = queries.parts_of(session, [authorization_id])
    candidates = [parts.facts() for parts in on_file]
    payers = sorted({payer for payer in (service.payer_id, *(c.payer_id for c in candidates)) if payer})
    rules = tuple(rule for payer in payers for rule in queries.payer_rules(session, payer))
    policy = facts.Policy(today, checkpoint, rules)
    if authorization_id is not None and candidates:
        result = _against(service, candidates[0], policy)
    else:
        result = evaluate(service, candidates, policy)
    chosen = result.choice.chosen
    by_id = {candidate.id: candidate for candidate in candidates}
    chosen_parts = next((p for p in on_file if chosen and str(p.row.id) == chosen.authorization_id), None)
    findings: list[tuple[int | None, Finding]] = [(None, finding) for finding in result.findings]
    verdict, checked = result.verdict, dict.fromkeys(result.checked)
    if chosen is not None and rows:
        for row, other in rows.items():
            of_row = _against(other, by_id[chosen.authorization_id], policy)
            findings += [(row, finding) for finding in of_row.findings]
            verdict = max(verdict, of_row.verdict, key=_WORSE.index)
            checked.update(dict.fromkeys(of_row.checked))
    shown = tuple(dict.fromkeys(c.authorization_id for c in result.choice.candidates[:CANDIDATES_SHOWN]))
    stated = service_json(service)
    if rows:
        stated["rows"] = {str(row): service_json(other) for row, other in rows.items()}
    kept = _KEPT.added(
        session,
        at=now,
        actor=actor,
        checkpoint=checkpoint.value,
        portal=portal,
        authorization_id=int(chosen.authorization_id) if chosen is not None else None,
        verdict=verdict.value,
        service=stated,
        findings=[{**finding_json(finding), "row": row} for row, finding in findings],
    )
    detail = {"checkpoint": checkpoint.value, "verdict": verdict.value}
    subjects = [f"authorization:{shown_id}" for shown_id in shown] or ["check"]
    audit.record_many(session, actor, [("check.run", subject, detail) for subject in subjects], now=now)
    standing: tuple[str, ...] = ()
    if checkpoint is Checkpoint.PORTAL_ENTRY:
        services = [service, *(rows or {}).values()]
        standing = already_there(services, result.choice.candidates[:CANDIDATES_SHOWN], by_id, policy)
    return ServiceCheck(
        kept, verdict, result.choice, tuple(findings), tuple(checked), by_id, chosen_parts, shown, standing
    )


def _against(service: facts.Service, authorization: facts.Authorization, policy: facts.Policy) -> CheckResult:
    """The answer for the one authorization that was chosen, though the engine might not have chosen it."""
    result = evaluate(service, [authorization], policy)
    if result.choice.chosen is not None:
        return result
    findings = check(service, authorization, policy)
    severities = {finding.severity for finding in findings}
    verdict = Verdict.UNDETERMINED
    if Severity.DENIAL in severities:
        verdict = Verdict.MISMATCH
    elif Severity.CAUTION in severities:
        verdict = Verdict.CAUTION
    line = next((finding.line for finding in findings if finding.line is not None), None)
    chosen = Candidate(authorization.id, line, 0, ("for: a person chose it",))
    choice = Choice((chosen,), chosen)
    return CheckResult(verdict, choice, findings, checked_fields(service, authorization, policy))


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON, as the API answers it and the record keeps it."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "field": finding.field.value,
        "message": finding.message,
        "why": finding.why,
        "next_step": finding.next_step,
        "approved": finding.approved,
        "entered": finding.entered,
        "carc": finding.carc,
        "line": finding.line,
        "allowed_by": finding.allowed_by,
        "source": finding.source,
    }


def service_of_json(stated: Mapping[str, Any]) -> facts.Service:
    """The service that `service_json` gave this of; what belongs to no service (further rows) is left out."""
    patient: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for part, of in ((facts.Patient, patient), (facts.Service, rest)):
        for field in fields(part):
            if field.name not in stated:
                continue
            value = stated[field.name]
            if isinstance(value, list):
                value = tuple(value)
            elif field.name in _DATES:
                value = date.fromisoformat(value)
            elif field.name == "quantity":
                value = Decimal(value)
            elif field.name in _WORDS:
                value = _WORDS[field.name](value)
            of[field.name] = value
    return facts.Service(patient=facts.Patient(**patient), **rest)


def service_json(service: facts.Service) -> dict[str, Any]:
    """What was stated of a service as flat JSON, in the names of the API; what is not known is left out."""
    stated: dict[str, Any] = {}
    for part in (service.patient, service):
        for field in fields(part):
            value = getattr(part, field.name)
            if value is None or value == () or isinstance(value, facts.Patient):
                continue
            if isinstance(value, tuple):
                stated[field.name] = list(value)
            elif isinstance(value, date):
                stated[field.name] = value.isoformat()
            else:
                stated[field.name] = str(value) if isinstance(value, Decimal) else value
    return stated
