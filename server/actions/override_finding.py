"""A person goes on though a finding speaks against it; later the record says how that ended.

The reasons are few and fixed, so that they can be counted: which rules people pass over, and who was right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal_profiles.vocabulary import APPROVING, CLOSED, Checkpoint, Determination
from server.actions.check_service import service_of_json
from server.db import queries
from server.db.facts import to_facts
from server.db.session import local_date
from server.db.tables import Authorization, CheckRecord, DeterminationChange, FindingOverride
from server.errors import Problem
from server.matching import facts
from server.matching.compare import identifier_key
from server.matching.engine import check
from server.matching.finding import Severity
from server.security import audit


class Reason(StrEnum):
    """Why a person goes on."""

    PAYER_SAID_SO = "payer_said_so"
    CHANGE_REQUESTED = "change_requested"
    RECORD_IS_WRONG = "record_is_wrong"
    ANOTHER_SERVICE = "another_service"
    OTHER = "other"


class Ending(StrEnum):
    """What the payer did after an override.

    accepted: what was entered is what is approved now. otherwise: approved, but the finding still holds.
    refused: denied, cancelled, expired or made void.
    """

    ACCEPTED = "accepted"
    OTHERWISE = "approved_otherwise"
    REFUSED = "refused"


def override_finding(
    session: Session,
    check_id: int,
    position: int,
    reason: Reason,
    actor: str,
    now: datetime,
    *,
    note: str | None = None,
) -> FindingOverride:
    """The override of the finding at `position` (from 0) of a check that was run; once given it stays.

    Raises Problem `not_found` (404) for a check or finding that there is none of, `nothing_to_override` (409)
    where the payer's rule allows it anyway, `note_needed` (422) for the reason "other" without words.
    """
    record = session.get(CheckRecord, check_id)
    if record is None or not 0 <= position < len(record.findings):
        raise Problem("not_found", "There is no such finding.", 404)
    finding = record.findings[position]
    if finding["severity"] == Severity.ALLOWED.value:
        raise Problem("nothing_to_override", "The payer's rule allows it: there is nothing to override.", 409)
    if reason is Reason.OTHER and not (note or "").strip():
        raise Problem("note_needed", "Say in a few words why.", 422)
    known = session.scalar(
        select(FindingOverride).where(
            FindingOverride.check_id == check_id, FindingOverride.position == position
        )
    )
    if known is not None:
        return known
    row = FindingOverride(
        check_id=check_id,
        authorization_id=record.authorization_id,
        position=position,
        rule=finding["rule"],
        reason=reason.value,
        note=(note or "").strip() or None,
        at=now,
        actor=actor,
    )
    session.add(row)
    session.flush()
    subject = f"authorization:{record.authorization_id}" if record.authorization_id is not None else "check"
    detail = {
        "override": row.id,
        "check": check_id,
        "rule": row.rule,
        "field": finding["field"],
        "reason": reason.value,
    }
    audit.record(session, actor, "check.overridden", subject, detail, now=now)
    return row


def end_overrides(
    session: Session,
    authorization: Authorization,
    actor: str,
    now: datetime,
    *,
    reading_id: int | None = None,
) -> list[FindingOverride]:
    """The overrides that what is known of an authorization now ends, ended.

    An authorization answers an override that was made against it, or one for the same member's same
    procedure. What was already so when the override was made answers nothing.
    """
    word = Determination(authorization.determination)
    if word not in APPROVING and word not in CLOSED:
        return []
    waiting = session.execute(
        select(FindingOverride, CheckRecord)
        .join(CheckRecord, CheckRecord.id == FindingOverride.check_id)
        .where(FindingOverride.ending.is_(None))
        .order_by(FindingOverride.id)
    ).all()
    ended = []
    for override, record in waiting:
        finding = record.findings[override.position]
        stated = _stated(record.service, finding.get("row"))
        if not _answers(authorization, override, stated):
            continue
        is_news = _has_decided_since(session, authorization, override.at)
        if word in CLOSED:
            ending = Ending.REFUSED if is_news else None
        elif not _still_found(session, authorization, stated, finding, record, now):
            ending = Ending.ACCEPTED
        else:
            ending = Ending.OTHERWISE if is_news else None
        if ending is None:
            continue
        override.ending, override.ended_at = ending.value, now
        override.ended_by_authorization_id, override.ended_by_reading_id = authorization.id, reading_id
        detail = {"override": override.id, "ending": ending.value, "reading": reading_id}
        audit.record(session, actor, "override.ended", f"authorization:{authorization.id}", detail, now=now)
        ended.append(override)
    return ended


def end_overrides_of_import(session: Session, actor: str, now: datetime) -> None:
    """`end_overrides` for each authorization that was written at `now` and may answer an open override."""
    waiting = session.execute(
        select(FindingOverride.authorization_id, CheckRecord.service)
        .join(CheckRecord, CheckRecord.id == FindingOverride.check_id)
        .where(FindingOverride.ending.is_(None))
    ).all()
    ids = {number for number, _ in waiting if number is not None}
    members = {
        identifier_key(str(service["member_id"])) for _, service in waiting if service.get("member_id")
    }
    if not waiting:
        return
    written = select(Authorization.id).where(
        or_(Authorization.id.in_(ids), Authorization.member_key.in_(members)), Authorization.updated_at == now
    )
    for number in session.scalars(written).all():
        authorization = queries.authorization(session, number)
        if authorization is not None:
            end_overrides(session, authorization, actor, now)


def _stated(service: Mapping[str, Any], row: int | None) -> Mapping[str, Any]:
    """What the finding's own row of the form stated; the service itself where the finding is of no row."""
    rows: Mapping[str, Mapping[str, Any]] = service.get("rows", {})
    return rows.get(str(row), service) if row is not None else service


def _answers(authorization: Authorization, override: FindingOverride, stated: Mapping[str, Any]) -> bool:
    if override.authorization_id == authorization.id:
        return True
    member, code = stated.get("member_id"), stated.get("procedure_code")
    if not member or not code or identifier_key(str(member)) != authorization.member_key:
        return False
    codes = {line.code for line in authorization.lines} | {
        line.requested_code for line in authorization.lines
    }
    return code in codes


def _has_decided_since(session: Session, authorization: Authorization, since: datetime) -> bool:
    changes = select(DeterminationChange.id).where(
        DeterminationChange.authorization_id == authorization.id,
        DeterminationChange.at > since,
        DeterminationChange.source != "undo",
    )
    return session.scalar(changes.limit(1)) is not None


def _still_found(
    session: Session,
    authorization: Authorization,
    stated: Mapping[str, Any],
    finding: Mapping[str, Any],
    record: CheckRecord,
    now: datetime,
) -> bool:
    """Whether the same rule still speaks against the same field, held against what is approved now."""
    rules = queries.payer_rules(session, authorization.payer_id)
    policy = facts.Policy(local_date(session, now), Checkpoint(record.checkpoint), rules)
    present = check(service_of_json(stated), to_facts(authorization), policy)
    return any(
        one.rule == finding["rule"]
        and one.field.value == finding["field"]
        and one.severity is not Severity.ALLOWED
        for one in present
    )
