"""Takes back a reading that was written into the record, as long as nothing has changed the record since."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.actions.before_reading import put_back
from server.actions.close_task import close_task
from server.db import queries
from server.db.tables import Authorization, DeterminationChange, FindingOverride, Reading, Task
from server.errors import Problem
from server.security import audit


class Why(StrEnum):
    """Why a reading is taken back."""

    WRONG_RECORD = "wrong_record"
    MISREAD = "misread"
    RECORDED_BY_MISTAKE = "recorded_by_mistake"


def undo_reading(session: Session, reading_id: int, why: Why, actor: str, now: datetime) -> Authorization:
    """The record as it was before the reading; the reading stays, rejected, with who took it back and why.

    Tasks that the reading opened are closed, those that it closed are open again, and so are the overrides
    that it ended. Raises Problem `not_found` (404), `not_written` (409) where the reading changed nothing
    that could be put back, `changed_since` (409) where something newer changed the record.
    """
    row = session.get(Reading, reading_id)
    authorization = (
        queries.authorization(session, row.authorization_id)
        if row is not None and row.authorization_id is not None
        else None
    )
    if row is None or authorization is None:
        raise Problem("not_found", "There is no such reading.", 404)
    if row.state != "accepted" or row.before is None:
        raise Problem(
            "not_written", "This reading is not part of the record, so it cannot be taken back.", 409
        )
    if authorization.version != row.version_after or _is_followed(session, row):
        raise Problem(
            "changed_since",
            "Something newer has changed this authorization. Correct it by hand in the dashboard.",
            409,
        )
    was = _determinations(authorization)
    put_back(authorization, row.before)
    authorization.version += 1
    authorization.updated_at = now
    row.state = "rejected"
    row.taken_back_at, row.taken_back_by, row.taken_back_why = now, actor, why.value
    for number, determination in _determinations(authorization).items():
        if determination is not None and was.get(number) != determination:
            session.add(
                DeterminationChange(
                    authorization_id=authorization.id,
                    line_number=number,
                    determination=determination,
                    text=authorization.determination_text if number is None else None,
                    at=now,
                    source="undo",
                    actor=actor,
                    reading_id=row.id,
                )
            )
    _turn_tasks_back(session, row, actor, now)
    for override in session.scalars(
        select(FindingOverride).where(FindingOverride.ended_by_reading_id == row.id)
    ):
        override.ending = override.ended_at = None
        override.ended_by_authorization_id = override.ended_by_reading_id = None
    session.flush()
    detail = {"reading": row.id, "why": why.value, "version": authorization.version}
    audit.record(session, actor, "reading.taken_back", f"authorization:{authorization.id}", detail, now=now)
    return authorization


def _determinations(authorization: Authorization) -> dict[int | None, str | None]:
    """Line number (None: the whole) -> what is decided of it."""
    return {None: authorization.determination} | {
        line.number: line.determination for line in authorization.lines
    }


def _is_followed(session: Session, row: Reading) -> bool:
    """Whether a later reading was written, even one that agreed in everything."""
    later = select(Reading.id).where(
        Reading.authorization_id == row.authorization_id, Reading.id > row.id, Reading.state == "accepted"
    )
    return session.scalar(later.limit(1)) is not None


def _turn_tasks_back(session: Session, row: Reading, actor: str, now: datetime) -> None:
    mine = select(Task).where(Task.authorization_id == row.authorization_id)
    for task in session.scalars(mine.where(Task.reading_id == row.id, Task.state == "open")).all():
        close_task(session, task.id, actor, now, "The reading was taken back.")
    written_at = datetime.fromisoformat((row.before or {}).get("written_at", row.read_at.isoformat()))
    closed = mine.where(Task.state == "done", Task.closed_at == written_at).where(
        or_(Task.reading_id.is_(None), Task.reading_id != row.id)
    )
    for task in session.scalars(closed).all():
        task.state = "open"
        task.closed_at = task.closed_by = task.closing_note = None
        audit.record(session, actor, "task.opened", f"task:{task.id}", {"kind": task.kind}, now=now)
