"""Makes a secret that opens the door: a one-time sign-in link, a pairing code, an API token. Shown once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from server.db.tables import User
from server.errors import Problem
from server.security import audit, tokens

LONGEST_TOKEN_DAYS = 366


def issue_link(session: Session, user: User, actor: str, now: datetime) -> str:
    """The secret part of a one-time sign-in link. Raises Problem `disabled` (409)."""
    _check(user)
    audit.record(session, actor, "access.link_issued", f"user:{user.id}", now=now)
    return tokens.issue_link(session, user.id, now)


def issue_pairing_code(session: Session, user: User, actor: str, now: datetime) -> str:
    """A code of 8 characters with which this person's extension is paired. Raises Problem `disabled`
    (409).
    """
    _check(user)
    audit.record(session, actor, "access.pairing_issued", f"user:{user.id}", now=now)
    return tokens.issue_pairing_code(session, user.id, now)


def issue_api_token(session: Session, user: User, name: str, days: int, actor: str, now: datetime) -> str:
    """An API token with the person's role. Raises Problem `disabled` (409) or `invalid` (422)."""
    _check(user)
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise Problem("invalid", f"A token lasts 1 to {LONGEST_TOKEN_DAYS} days.", 422)
    audit.record(
        session, actor, "access.token_issued", f"user:{user.id}", {"name": name, "days": days}, now=now
    )
    return tokens.issue_api_token(session, user.id, now, name=name[:120], days=days)


def _check(user: User) -> None:
    if not user.active:
        raise Problem("disabled", "This person's access has ended. Enable it first.", 409)
