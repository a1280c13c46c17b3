"""Ends a run: finished when every item has its outcome, stopped (to go on later) when some are left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.actions.start_run import FINISHED, STOPPED
from server.db.tables import Run, RunItem


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a run did. due = the sum of `outcomes` + left, at any moment."""

    due: int
    outcomes: Counter[str]
    left: int


def ledger_of(session: Session, run_id: int) -> Ledger:
    """Counts the run's items by their outcome."""
    query = select(RunItem.outcome, func.count()).where(RunItem.run_id == run_id).group_by(RunItem.outcome)
    counts: dict[str | None, int] = {row[0]: int(row[1]) for row in session.execute(query)}
    left = counts.pop(None, 0)
    outcomes = Counter({str(outcome): count for outcome, count in counts.items()})
    return Ledger(left + outcomes.total(), outcomes, left)


def finish_run(session: Session, run_id: int, now: datetime, message: str | None = None) -> Ledger:
    """Closes the run as far as it went, and gives its ledger."""
    ledger = ledger_of(session, run_id)
    run = session.get_one(Run, run_id)
    run.message = message
    if ledger.left:
        run.state = STOPPED
    else:
        run.state, run.finished_at = FINISHED, now
    return ledger
