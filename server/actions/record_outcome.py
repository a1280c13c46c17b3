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

from automation.outcomes import Outcome, OutcomeKind, Stops
from portal_profiles.vocabulary import Determination
from server.actions.close_task import close_tasks_of
from server.actions.keep_evidence import keep_evidence
from server.actions.next_due import after_a_failure
from server.actions.open_task import open_task
from server.actions.record_reading import record_reading
from server.actions.save_portal_account import close_portal_account
from server.db import queries
from server.db.session import local_date
from server.db.tables import Authorization, PortalAccount, RunItem
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
    item = session.scalar(
        select(RunItem).where(RunItem.run_id == run_id, RunItem.authorization_id == authorization_id)
    )
    authorization = queries.authorization(session, authorization_id)
    if item is None or authorization is None:
        raise Problem("not_found", "The run has no such authorization.", 404)
    if item.outcome is not None:
        return Recorded(False, item.reading_id)
    reading_id = None
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
            keep_evidence(
                session,
                evidence.content,
                kind=evidence.kind,
                media_type=evidence.media_type,
                actor=actor,
                now=now,
                authorization_id=authorization_id,
                run_id=run_id,
            )
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
    _ask_a_person(session, outcome, authorization, run_id, actor, now, account_id)
    if outcome.kind.looked and account_id is not None:
        close_tasks_of(session, f"account:{account_id}", actor, now, "Signing in works.")
    if outcome.kind is OutcomeKind.READ:
        close_tasks_of(
            session, f"page_changed:{outcome.portal}", actor, now, "A page of this portal was read."
        )
    session.flush()
    return Recorded(True, reading_id)


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
) -> None:
    """One open task a cause, and the account closed where nobody may sign in again before a person has seen
    to it."""
    kind = outcome.kind
    if kind not in _TITLES:
        return
    key, own = f"{kind.value}:{authorization.id}", True
    if kind.stops is not Stops.NOTHING:
        key, own = (
            f"account:{account_id}" if account_id is not None else f"{kind.value}:{outcome.portal}",
            False,
        )
    elif kind in _OF_THE_PORTAL:
        key, own = f"{kind.value}:{outcome.portal}", False
    why = kind.why if outcome.message == kind.why else f"{kind.why} {outcome.message}"
    open_task(
        session,
        kind=kind.value,
        title=_TITLES[kind],
        why=why,
        next_step=kind.next_step,
        dedupe_key=key,
        actor=actor,
        now=now,
        authorization_id=authorization.id if own else None,
        portal=outcome.portal,
        run_id=run_id,
    )
    if kind.closes_account and account_id is not None:
        account = session.get(PortalAccount, account_id)
        if account is not None and account.state == "open":
            close_portal_account(session, account, kind.why, actor, now)
