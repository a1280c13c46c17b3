"""Finding the people who may sign in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.tables import User
from server.errors import Problem


def email_key(email: str) -> str:
    """The address as it is kept and looked up: trimmed, lower-case."""
    return email.strip().lower()


def find(session: Session, email: str) -> User | None:
    """The person with this address; None when there is none."""
    return session.scalar(select(User).where(User.email == email_key(email)))


def person(session: Session, email: str) -> User:
    """The person with this address. Raises Problem `not_found` (404)."""
    user = find(session, email)
    if user is None:
        raise Problem("not_found", "Nobody with this address is known here. See: tallystick user list", 404)
    return user


def everybody(session: Session) -> list[User]:
    """All people, by address, those who may no longer sign in too."""
    return list(session.scalars(select(User).order_by(User.email)))
