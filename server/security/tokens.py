"""Secrets that open the door once or for a script. Each is shown when it is made; only its SHA-256 is kept.

link: a one-time sign-in address, 15 minutes. pairing: 8 characters typed into an extension, 10 minutes, 5
wrong tries. api: for a script, until it expires or is withdrawn.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.db.tables import AccessToken, User

LINK_LASTS = timedelta(minutes=15)
PAIRING_LASTS = timedelta(minutes=10)
PAIRING_TRIES = 5
PAIRING_LENGTH = 8
#: No letters or digits that look alike: a person reads the code from one screen and types it into another.
PAIRING_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def digest(secret: str) -> str:
    """The hexadecimal SHA-256 under which a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_link(session: Session, user_id: int, now: datetime) -> str:
    """A new one-time sign-in secret for one person."""
    return _issue(session, "link", secrets.token_urlsafe(32), user_id, now, now + LINK_LASTS)


def issue_pairing_code(session: Session, user_id: int, now: datetime) -> str:
    """A new pairing code for one person; earlier codes of theirs that are still open stop working."""
    session.execute(
        update(AccessToken)
        .where(AccessToken.kind == "pairing", AccessToken.user_id == user_id, AccessToken.used_at.is_(None))
        .values(used_at=now)
    )
    code = "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(PAIRING_LENGTH))
    return _issue(session, "pairing", code, user_id, now, now + PAIRING_LASTS)


def issue_api_token(session: Session, user_id: int, now: datetime, *, name: str, days: int) -> str:
    """A new API token with the person's role. name: what it is for; days: how long it works."""
    return _issue(session, "api", secrets.token_urlsafe(32), user_id, now, now + timedelta(days=days), name)


def use_link(session: Session, secret: str, now: datetime) -> User | None:
    """The person whose link this is, once; None when it is unknown, used, too old, or they may not sign
    in.
    """
    return _use_once(session, "link", secret, now)


def use_pairing_code(session: Session, code: str, now: datetime) -> User | None:
    """The person whose pairing code this is, once; None otherwise.

    A wrong code is counted against every code that is open: after PAIRING_TRIES of them none works any more.
    So the caller commits its transaction also when the answer is None.
    """
    cleaned = "".join(code.upper().split()).replace("-", "")
    user = _use_once(session, "pairing", cleaned, now)
    if user is None:
        session.execute(
            update(AccessToken)
            .where(AccessToken.kind == "pairing", AccessToken.used_at.is_(None), AccessToken.expires_at > now)
            .values(tries=AccessToken.tries + 1)
        )
    return user


def user_of_api_token(session: Session, secret: str, now: datetime) -> User | None:
    """The person whose API token this is; None when it is unknown, withdrawn, too old, or they may not sign
    in.
    """
    token = session.get(AccessToken, digest(secret))
    if token is None or token.kind != "api" or token.expires_at <= now:
        return None
    return _active(session, token.user_id)


def _use_once(session: Session, kind: str, secret: str, now: datetime) -> User | None:
    token = session.scalar(
        select(AccessToken).where(
            AccessToken.digest == digest(secret),
            AccessToken.kind == kind,
            AccessToken.used_at.is_(None),
            AccessToken.expires_at > now,
            AccessToken.tries < PAIRING_TRIES,
        )
    )
    if token is None:
        return None
    token.used_at = now
    return _active(session, token.user_id)


def _active(session: Session, user_id: int) -> User | None:
    user = session.get(User, user_id)
    return user if user is not None and user.active else None


def _issue(
    session: Session,
    kind: str,
    secret: str,
    user_id: int,
    now: datetime,
    expires_at: datetime,
    name: str | None = None,
) -> str:
    session.add(
        AccessToken(
            digest=digest(secret),
            kind=kind,
            name=name,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return secret
