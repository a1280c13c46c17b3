"""A person signs in with a password, or with a one-time link.

Refusals are counted for each person: from the fifth on, each closes the door for longer (30 s, doubled each
time, at most 15 minutes). What an unknown address is told, and how long it takes, is the same as for a wrong
password.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from server.db.session import Database
from server.db.tables import User
from server.errors import Problem
from server.security import audit, passwords, people, tokens

FREE_REFUSALS = 4
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)


def sign_in(database: Database, email: str, password: str, now: datetime) -> User:
    """The person, signed in. Raises Problem `sign_in_refused` (401) or `sign_in_waits` (429).

    Takes the database instead of a session: the slow comparison of the password must not hold the write lock,
    and a refusal must be kept although it is raised.
    """
    with database.read() as session:
        user = people.find(session, email)
        kept = user.password_hash if user is not None and user.active else None
        _check_wait(user, now)
    right = passwords.fits(password, kept)
    if user is None:
        with database.write("sign-in") as session:
            audit.record(session, "nobody", "sign_in.refused", "user:unknown", now=now)
        raise _refused()
    with database.write(user.email) as session:
        user = session.get_one(User, user.id)
        # Again under the lock: of many tries sent at once, only the first may pass the wait.
        _check_wait(user, now)
        if right and user.password_hash == kept:
            user.refused_count, user.refused_until = 0, None
            user.signed_in_at = now
            if passwords.is_outdated(user.password_hash or ""):
                user.password_hash = passwords.digest(password)
            audit.record(
                session, user.email, "sign_in.accepted", f"user:{user.id}", {"by": "password"}, now=now
            )
            return user
        user.refused_count += 1
        if user.refused_count > FREE_REFUSALS:
            doublings = min(user.refused_count - FREE_REFUSALS - 1, 10)
            user.refused_until = now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT)
        audit.record(session, user.email, "sign_in.refused", f"user:{user.id}", now=now)
    raise _refused()


def sign_in_by_link(database: Database, secret: str, now: datetime) -> User:
    """The person whose one-time link this is, signed in. Raises Problem `link_refused` (401)."""
    with database.write("sign-in") as session:
        user = tokens.use_link(session, secret, now)
        if user is not None:
            user.signed_in_at = now
            user.refused_count, user.refused_until = 0, None
            audit.record(session, user.email, "sign_in.accepted", f"user:{user.id}", {"by": "link"}, now=now)
            return user
        audit.record(session, "nobody", "sign_in.refused", "user:unknown", {"by": "link"}, now=now)
    raise Problem(
        "link_refused",
        "This sign-in link is used up or too old. Make a new one: tallystick user link EMAIL",
        401,
    )


def _check_wait(user: User | None, now: datetime) -> None:
    if user is not None and user.refused_until is not None and user.refused_until > now:
        seconds = int((user.refused_until - now).total_seconds()) + 1
        raise Problem("sign_in_waits", f"Too many refused sign-ins. Try again in {seconds} seconds.", 429)


def _refused() -> Problem:
    return Problem("sign_in_refused", "The address or the password is not right.", 401)
