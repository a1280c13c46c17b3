"""Deletes evidence that the clinic keeps no longer: the encrypted file goes, the row and its entries on the
audit chain stay, so that what was there, until when and by what rule can still be told.

Kept back, however old: evidence of an open task or of its authorization, and of a reading that waits for a
person. HIPAA asks that documentation of what was done be kept six years from its making (45 CFR
164.316(b)(2)(i)); state law and payers' contracts may ask for longer. Nothing is deleted unless the clinic
says after how many days.
"""

from __future__ import annotations

import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from server.actions.hold_lease import give_back_lease, take_lease
from server.db.session import Database
from server.db.tables import Evidence, Reading, Task
from server.errors import Problem
from server.security import audit

#: Who holds it may rely on the evidence files: a backup that they stay, a removal that nobody copies them.
LEASE_NAME = "evidence"
LEASE = timedelta(hours=2)
BATCH = 200
SIX_YEARS_IN_DAYS = 2192


@dataclass(frozen=True, slots=True)
class RemovedEvidence:
    """count, size (bytes): what was removed, or would be. kept_back: as old, but somebody still needs it."""

    count: int
    size: int
    kept_back: int


def remove_evidence(
    database: Database, days: int, actor: str, now: datetime, *, dry_run: bool = False
) -> RemovedEvidence:
    """Removes evidence made more than `days` days ago, a few at a time, each with its audit entry.

    dry_run: nothing is removed. Raises Problem `evidence_in_use` (409) while a backup is being written.
    """
    before = now - timedelta(days=days)
    with database.read() as session:
        old = session.scalar(select(func.count()).select_from(Evidence).where(*_old(before))) or 0
        count, size = session.execute(
            select(func.count(), func.coalesce(func.sum(Evidence.size), 0)).where(*_old(before), ~_needed())
        ).one()
    counted = RemovedEvidence(count, int(size), old - count)
    if dry_run:
        return counted
    holder = f"{socket.gethostname()}:{uuid.uuid4().hex[:8]}"
    with database.write(actor) as session:
        hold_evidence(session, holder, now)
    removed = freed = 0
    try:
        _finish_what_was_cut_off(database)
        while True:
            with database.write(actor) as session:
                done = _remove_some(session, before, days, actor, now)
            if not done:
                break
            removed, freed = removed + len(done), freed + sum(done)
    finally:
        with database.write(actor) as session:
            give_back_lease(session, LEASE_NAME, holder)
    return RemovedEvidence(removed, freed, counted.kept_back)


def hold_evidence(session: Session, holder: str, now: datetime) -> None:
    """Takes the lease on the evidence files. Raises Problem `evidence_in_use` (409) where another has it."""
    if not take_lease(session, LEASE_NAME, holder, now, LEASE):
        raise Problem(
            "evidence_in_use",
            "A backup is being written, or evidence is being removed. Try again when that has ended.",
            409,
        )


def _old(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Evidence.created_at < before, Evidence.removed_at.is_(None))


def _needed() -> ColumnElement[bool]:
    """Whether a person still has something to do with it."""
    task = exists().where(
        Task.state == "open",
        or_(
            Task.evidence_id == Evidence.id,
            Task.reading_id == Evidence.reading_id,
            Task.authorization_id == Evidence.authorization_id,
        ),
    )
    waiting = exists().where(Reading.id == Evidence.reading_id, Reading.state == "waiting")
    return or_(task, waiting)


def _remove_some(session: Session, before: datetime, days: int, actor: str, now: datetime) -> list[int]:
    """Removes the oldest of them; gives the size of each. The files go once the transaction is committed."""
    rows = session.scalars(
        select(Evidence).where(*_old(before), ~_needed()).order_by(Evidence.id).limit(BATCH)
    ).all()
    for row in rows:
        row.removed_at = now
        detail = {"id": row.id, "sha256": row.sha256, "path": row.path, "after_days": days}
        audit.record(session, actor, audit.EVIDENCE_REMOVED, f"evidence:{row.id}", detail, now=now)
        session.info["gone_files"].append(audit.evidence_file(session, row.path))
    return [row.size for row in rows]


def _finish_what_was_cut_off(database: Database) -> None:
    """Deletes files whose removal was written but not carried out, because the machine stopped between."""
    with database.read() as session:
        paths = session.scalars(select(Evidence.path).where(Evidence.removed_at.is_not(None))).all()
    for path in paths:
        (database.vault.evidence_dir / path).unlink(missing_ok=True)
