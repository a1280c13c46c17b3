"""Changes what a person may do, whether they may sign in, or their password.

Each change raises `session_epoch`: every browser that is signed in as that person must sign in again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.db.tables import AccessToken, User
from server.errors import Problem
from server.security import audit, passwords
from server.security.roles import Role


def set_role(session: Session, user: User, role: Role, actor: str, now: datetime) -> None:
    """Gives the person another role. Raises Problem `last_administrator` (409)."""
    if user.role == Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, user)
    user.role = role.value
    user.session_epoch += 1
    audit.record(session, actor, "user.role_set", f"user:{user.id}", {"role": role.value}, now=now)


def disable_user(session: Session, user: User, actor: str, now: datetime) -> None:
    """Ends the person's access: browsers, links, tokens. Raises Problem `last_administrator` (409)."""
    _keep_an_administrator(session, user)
    user.active = False
    user.session_epoch += 1
    session.execute(delete(AccessToken).where(AccessToken.user_id == user.id))
    audit.record(session, actor, "user.disabled", f"user:{user.id}", now=now)


def enable_user(session: Session, user: User, actor: str, now: datetime) -> None:
    """Lets the person sign in again."""
    user.active = True
    user.refused_count, user.refused_until = 0, None
    audit.record(session, actor, "user.enabled", f"user:{user.id}", now=now)


def set_password(session: Session, user: User, password: str, actor: str, now: datetime) -> None:
    """Sets the person's password and ends the wait after refusals. Raises Problem `password_length` (422)."""
    user.password_hash = passwords.digest(password)
    user.refused_count, user.refused_until = 0, None
    user.session_epoch += 1
    audit.record(session, actor, "user.password_set", f"user:{user.id}", now=now)


def _keep_an_administrator(session: Session, user: User) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(User)
        .where(User.role == Role.ADMINISTRATOR.value, User.active.is_(True), User.id != user.id)
    )
    if user.role == Role.ADMINISTRATOR and user.active and not others:
        raise Problem(
            "last_administrator", "This is the last administrator. Make somebody else one first.", 409
        )
