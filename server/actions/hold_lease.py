"""A lock by name that outlives no crash: it is somebody's until a time, and must be renewed before.

It lives in the database, so it holds across processes and machines, on SQLite and PostgreSQL alike: writers
come one at a time (`Database.write`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.db.tables import Lease


def take_lease(session: Session, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """Takes or renews the lease for `length` from now. False when another holder has it still."""
    lease = session.get(Lease, name)
    if lease is None:
        session.add(Lease(name=name, holder=holder, until=now + length))
        session.flush()
        return True
    if lease.holder != holder and lease.until > now:
        return False
    lease.holder, lease.until = holder, now + length
    return True


def give_back_lease(session: Session, name: str, holder: str) -> None:
    """Frees the lease where it is this holder's; another's stays."""
    lease = session.get(Lease, name)
    if lease is not None and lease.holder == holder:
        session.delete(lease)
