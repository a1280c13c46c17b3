"""Writes how one attempt ended: exactly once for each item of a run, in one transaction with all that
follows.

A failed check changes no status and no value: it ages the record (when it was last looked at, and how that
ended) and asks a person where one is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from automation.evidence import PICTURE
from automation.outcomes import Outcome, OutcomeKind, Stops
from portal_profiles import catalogue
from portal_profiles.interpret import BY_FALLBACK
from portal_profiles.vocabulary import Determination
from server.actions.close_task import close_tasks_of
from server.actions.keep_evidence import keep_evidence
from server.actions.next_due import after_a_failure
from server.actions.open_task import open_task
from server.actions.place_authorization import Router
from server.actions.record_reading import record_reading
from server.actions.save_portal_account import close_portal_account
from server.db import queries
from server.db.session import local_date, night_of
from server.db.tables import Authorization, PortalAccount, PortalNight, RunItem
from server.db.tables import Evidence as EvidenceRow
from server.errors import Problem
from server.security import audit

#: What one cause stops for many authorizations is one task, not one each.
_OF_THE_PORTAL = frozenset({OutcomeKind.PAGE_CHANGED})

_TITLES: dict[OutcomeKind, str] = {
    OutcomeKind.NOT_FOUND: "The portal has no such request",
    OutcomeKind.AMBIGUOUS: "Several requests in the portal match",
    OutcomeKind.WRONG_PATIENT: "The portal shows another patient",
    OutcomeKind.COULD_NOT_LOOK: "The status could not be looked up",
    OutcomeKind.PAGE_CHANGED: "The portal's pages have changed",
    OutcomeKind.CODE_NEEDED: "A portal asks for a sign-in code",
    OutcomeKind.CHALLENGE_SHOWN: "A portal asks whether a person is there",
    OutcomeKind.TERMS_SHOWN: "A portal shows terms to accept",
    OutcomeKind.CREDENTIALS_REFUSED: "A portal refused the password",
    OutcomeKind.PASSWORD_EXPIRED: "A portal's password has expired",
    OutcomeKind.LOCKED: "A portal account is locked",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """first: False when this item had its outcome already and nothing was written. reading_id: where one was
    kept."""

    first: bool
    reading_id: int | None = None


def record_outcome(
    session: Session,
    outcome: Outcome,
    *,
    run_id: int,
    actor: str,
    now: datetime,
    account_id: int | None = None,
) -> Recorded:
    """Writes the outcome of the run's item for authorization number `outcome.query_id`.

    Raises Problem `not_found` (404) where the run has no such item. A second outcome for an item is not
    written.
    """
    authorization_id = int(outcome.query_id)
    _count_requests(session, outcome, now)
    item = session.scalar(
        select(RunItem).where(RunItem.run_id == run_id, RunItem.authorization_id == authorization_id)
    )
    authorization = queries.authorization(session, authorization_id)
    if item is None or authorization is None:
        raise Problem("not_found", "The run has no such authorization.", 404)
    if item.outcome is not None:
        return Recorded(False, item.reading_id)
    reading_id, picture_id = None, None
    if outcome.reading is not None and outcome.identity is not None:
        reading_id = record_reading(
            session,
            outcome.reading,
            outcome.identity,
            authorization_id,
            read_by=actor,
            now=now,
            run_id=run_id,
            evidence=outcome.evidence,
            unlike=outcome.kind is not OutcomeKind.READ,
        ).id
    else:
        _age(session, authorization, outcome, now)
        for evidence in outcome.evidence:
            kept = keep_evidence(
                session,
                evidence.content,
                kind=evidence.kind,
                media_type=evidence.media_type,
                actor=actor,
                now=now,
                authorization_id=authorization_id,
                run_id=run_id,
            )
            picture_id = kept.id if kept.kind == PICTURE else picture_id
        audit.record(
            session,
            actor,
            "authorization.look_failed",
            f"authorization:{authorization_id}",
            {"outcome": outcome.kind.value, "run": run_id},
            now=now,
        )
    item.outcome, item.message = outcome.kind.value, outcome.message
    item.attempts, item.finished_at, item.reading_id = outcome.attempts, now, reading_id
    if reading_id is not None:
        picture_id = session.scalar(
            select(EvidenceRow.id).where(EvidenceRow.reading_id == reading_id, EvidenceRow.kind == PICTURE)
        )
    _ask_a_person(session, outcome, authorization, run_id, actor, now, account_id, picture_id)
    _tell_of_drift(session, outcome, run_id, actor, now, picture_id)
    if outcome.kind.looked and account_id is not None:
        close_tasks_of(session, f"account:{account_id}", actor, now, "Signing in works.")
    session.flush()
    return Recorded(True, reading_id)


def _count_requests(session: Session, outcome: Outcome, now: datetime) -> None:
    """Adds what the portal was sent to its night, which every pass of the night takes its budget from."""
    if not outcome.requests:
        return
    night = session.get(PortalNight, (outcome.portal, night_of(session, now)))
    if night is None:
        night = PortalNight(portal=outcome.portal, night=night_of(session, now), requests=0)
        session.add(night)
    night.requests += outcome.requests


def _age(session: Session, authorization: Authorization, outcome: Outcome, now: datetime) -> None:
    """The record says that it was tried and how that ended; it stays due where it was not even begun."""
    if outcome.attempts == 0 and not outcome.kind.looked:
        return
    authorization.last_looked_at = now
    authorization.last_outcome = outcome.kind.value
    authorization.next_due = after_a_failure(
        Determination(authorization.determination),
        authorization.expiry,
        authorization.service_date,
        local_date(session, now),
    )


def _ask_a_person(
    session: Session,
    outcome: Outcome,
    authorization: Authorization,
    run_id: int,
    actor: str,
    now: datetime,
    account_id: int | None,
    picture_id: int | None,
) -> None:
    """One open task a cause, and the account closed where nobody may sign in again before a person has seen
    to it."""
    kind = outcome.kind
    if kind not in _TITLES or (outcome.drift and kind in _OF_THE_PORTAL):
        return
    key, own = f"{kind.value}:{authorization.id}", True
    if kind.stops is not Stops.NOTHING:
        key, own = (
            f"account:{account_id}" if account_id is not None else f"{kind.value}:{outcome.portal}",
            False,
        )
    elif kind in _OF_THE_PORTAL:
        key, own = drift_key(outcome.portal), False
    why = kind.why if outcome.message == kind.why else f"{kind.why} {outcome.message}"
    next_step = kind.next_step
    if kind is OutcomeKind.COULD_NOT_LOOK:
        next_step = _where_else(session, outcome, authorization, now) or next_step
    open_task(
        session,
        kind=kind.value,
        title=_TITLES[kind],
        why=why,
        next_step=next_step,
        dedupe_key=key,
        actor=actor,
        now=now,
        authorization_id=authorization.id if own else None,
        portal=outcome.portal,
        run_id=run_id,
        evidence_id=picture_id if kind in _OF_THE_PORTAL else None,
        problems=outcome.problems if kind in _OF_THE_PORTAL else (),
    )
    if kind.closes_account and account_id is not None:
        account = session.get(PortalAccount, account_id)
        if account is not None and account.state == "open":
            close_portal_account(session, account, kind.why, actor, now)


def _where_else(session: Session, outcome: Outcome, authorization: Authorization, now: datetime) -> str:
    """What to do where the payer's rules say something of where it is looked up; else empty."""
    route = Router(session, local_date(session, now)).route(authorization)
    if route.rule is None or route.portal is None:
        return ""
    source = f"payer rule {route.rule.id}: {route.rule.cited()}"
    if route.portal == outcome.portal:
        return (
            "Read the reason, then ask the payer where it is kept: a rule led here and may be out of date "
            f"({source})."
        )
    return (
        f"Look it up at {catalogue.name_of(route.portal)}, and name that portal on the record if it is there "
        f"({source})."
    )


def _tell_of_drift(
    session: Session, outcome: Outcome, run_id: int, actor: str, now: datetime, picture_id: int | None
) -> None:
    """A portal that was stopped because it has changed is one task, with the picture and what was odd; what
    only a fallback found is one for information."""
    if outcome.drift:
        open_task(
            session,
            kind=OutcomeKind.PAGE_CHANGED.value,
            title="A portal has changed and was stopped",
            why=f"{outcome.drift} What was left stays due; no status was changed.",
            next_step="Look at the picture and at what was not found; correct the portal's profile.",
            dedupe_key=drift_key(outcome.portal),
            actor=actor,
            now=now,
            portal=outcome.portal,
            run_id=run_id,
            evidence_id=picture_id,
            problems=outcome.problems,
        )
    by_fallback = tuple(problem for problem in outcome.problems if BY_FALLBACK in problem)
    if outcome.kind is OutcomeKind.READ and by_fallback:
        open_task(
            session,
            kind="found_by_fallback",
            title="A portal's page was read by a second way only",
            why="The identifiers on the page agree with the record, so it was read; the first way finds"
            " nothing any more.",
            next_step="Correct the portal's profile before the second way is gone too.",
            dedupe_key=f"found_by_fallback:{outcome.portal}",
            actor=actor,
            now=now,
            severity="info",
            portal=outcome.portal,
            run_id=run_id,
            evidence_id=picture_id,
            problems=by_fallback,
        )


def drift_key(portal: str) -> str:
    """The cause under which everything that is changed on one portal is one task."""
    return f"{OutcomeKind.PAGE_CHANGED.value}:{portal}"
