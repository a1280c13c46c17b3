"""Goes on with a run that a crash, a power cut or Ctrl-C left unfinished."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.actions.start_run import ATTENDED, CHECK_NOW, RUNNING, STOPPED
from server.db.tables import Run, RunItem


def resume_run(session: Session, kind: str, portal: str | None, now: datetime) -> Run | None:
    """The newest unfinished run of this kind and scope, running again; None when there is none.

    Call it only while holding the lease of passes: a run that says it is running is then nobody's. Older
    unfinished ones of the same scope are closed, because their items are due again by themselves.
    """
    unfinished = list(
        session.scalars(
            select(Run)
            .where(Run.kind == kind, Run.portal.is_(portal) if portal is None else Run.portal == portal)
            .where(Run.state.in_([RUNNING, STOPPED]), Run.finished_at.is_(None))
            .order_by(Run.id.desc())
        )
    )
    left = [run for run in unfinished if _has_left(session, run)]
    for run in unfinished:
        if run not in left[:1]:
            run.state, run.finished_at = STOPPED, now
            run.message = run.message or "It was stopped; what was left is part of a later run."
    if not left:
        return None
    left[0].state, left[0].heartbeat_at = RUNNING, now
    return left[0]


def close_abandoned(session: Session, now: datetime, silence: timedelta) -> int:
    """Closes checks that a person asked for and whose process has died since; gives how many.

    silence: how long without a heartbeat. They are not gone on with: whoever asked has looked elsewhere by
    now.
    """
    runs = session.scalars(
        select(Run).where(
            Run.kind.in_([CHECK_NOW, ATTENDED]), Run.state == RUNNING, Run.heartbeat_at < now - silence
        )
    ).all()
    for run in runs:
        run.state, run.finished_at, run.message = STOPPED, now, "The program ended before it was through."
    return len(runs)


def _has_left(session: Session, run: Run) -> bool:
    left = select(RunItem.id).where(RunItem.run_id == run.id, RunItem.outcome.is_(None)).limit(1)
    return session.scalar(left) is not None
