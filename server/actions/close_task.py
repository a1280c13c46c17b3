"""Takes a task off the worklist: done by a person, or because its cause is gone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.tables import Task
from server.errors import Problem
from server.security import audit


def close_task(session: Session, task_id: int, actor: str, now: datetime, note: str | None = None) -> Task:
    """The closed task; closing it again changes nothing. Raises Problem `not_found` (404)."""
    task = session.get(Task, task_id)
    if task is None:
        raise Problem("not_found", "There is no such task.", 404)
    if task.state == "open":
        _close(session, task, actor, now, note)
    return task


def close_tasks_of(session: Session, dedupe_key: str, actor: str, now: datetime, note: str) -> int:
    """Closes every open task of one cause that is gone; gives how many there were."""
    tasks = session.scalars(select(Task).where(Task.dedupe_key == dedupe_key, Task.state == "open")).all()
    for task in tasks:
        _close(session, task, actor, now, note)
    return len(tasks)


def _close(session: Session, task: Task, actor: str, now: datetime, note: str | None) -> None:
    task.state = "done"
    task.closed_at, task.closed_by, task.closing_note = now, actor, note
    audit.record(session, actor, "task.closed", f"task:{task.id}", {"kind": task.kind}, now=now)
