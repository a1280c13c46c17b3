"""Puts something that needs a person on the worklist; the same cause twice is one task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.tables import Task
from server.security import audit


def open_task(
    session: Session,
    *,
    kind: str,
    title: str,
    why: str,
    next_step: str,
    dedupe_key: str,
    actor: str,
    now: datetime,
    severity: str = "caution",
    authorization_id: int | None = None,
    portal: str | None = None,
    run_id: int | None = None,
    reading_id: int | None = None,
    due: date | None = None,
    evidence_id: int | None = None,
    problems: Sequence[str] = (),
) -> Task:
    """The open task for this cause: a new one, or the one that is open already, with its words brought up to
    date.

    title, why and next_step hold no patient's data: the authorization is linked by its id. severity: denial,
    caution or info. evidence_id: the page's picture; problems: what was odd on it (no values).
    """
    task = session.scalar(select(Task).where(Task.dedupe_key == dedupe_key, Task.state == "open"))
    if task is None:
        task = Task(kind=kind, dedupe_key=dedupe_key, state="open", created_at=now)
        session.add(task)
    elif (task.why, task.next_step, task.severity, task.due, task.problems) == (
        why,
        next_step,
        severity,
        due,
        list(problems),
    ):
        return task
    is_new = task.id is None
    task.title, task.why, task.next_step = title, why, next_step
    task.severity, task.due = severity, due
    task.authorization_id, task.portal = authorization_id, portal
    task.run_id, task.reading_id = run_id, reading_id
    task.evidence_id, task.problems = evidence_id, list(problems)
    session.flush()
    detail = {"kind": kind, "authorization_id": authorization_id}
    audit.record(
        session, actor, "task.opened" if is_new else "task.changed", f"task:{task.id}", detail, now=now
    )
    return task
