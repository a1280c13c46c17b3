"""Adds a person of the clinic."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from server.db.tables import User
from server.errors import FieldProblem, Problem
from server.security import audit, passwords, people
from server.security.roles import Role

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def create_user(
    session: Session,
    email: str,
    name: str,
    role: Role,
    actor: str,
    now: datetime,
    password: str | None = None,
) -> User:
    """The new person. Without a password they sign in with a one-time link.

    Raises Problem `invalid` (422) for an address that is none or a password that is too short, `exists`
    (409).
    """
    key = people.email_key(email)
    if not _EMAIL.fullmatch(key) or len(key) > 200:
        raise Problem(
            "invalid",
            "The person could not be added.",
            422,
            (
                FieldProblem(
                    "email", "This is not an e-mail address.", "Give one such as name@clinic.example."
                ),
            ),
        )
    if people.find(session, key) is not None:
        raise Problem("exists", "Somebody with this address is already known.", 409)
    user = User(
        email=key,
        name=name.strip()[:120] or key,
        role=role.value,
        password_hash=passwords.digest(password) if password is not None else None,
        active=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    audit.record(session, actor, "user.created", f"user:{user.id}", {"role": role.value}, now=now)
    return user
