"""Begins a run: which authorizations it is to look at, each an item without an outcome yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.tables import Authorization, Run, RunItem

NIGHTLY, CHECK_NOW, ATTENDED = "nightly", "check_now", "attended"
RUNNING, FINISHED, STOPPED = "running", "finished", "stopped"


def start_run(
    session: Session,
    kind: str,
    authorizations: Iterable[Authorization],
    actor: str,
    now: datetime,
    portal: str | None,
) -> Run:
    """The new run over these authorizations (each must name a portal). kind: nightly, check_now or attended;
    portal:
    its scope, None for every portal."""
    run = Run(kind=kind, portal=portal, state=RUNNING, started_at=now, started_by=actor, heartbeat_at=now)
    session.add(run)
    session.flush()
    add_items(session, run, authorizations)
    return run


def add_items(session: Session, run: Run, authorizations: Iterable[Authorization]) -> int:
    """Adds what the run does not have yet, and gives how many that were."""
    known = set(session.scalars(select(RunItem.authorization_id).where(RunItem.run_id == run.id)))
    new = [a for a in authorizations if a.id not in known and a.portal is not None]
    session.add_all(RunItem(run_id=run.id, authorization_id=a.id, portal=a.portal, attempts=0) for a in new)
    session.flush()
    return len(new)
