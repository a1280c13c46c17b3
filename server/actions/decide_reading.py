"""A person says whose page it was, for a reading that showed too little to be sure."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal_profiles.reading import Reading
from server.actions.close_task import close_tasks_of
from server.actions.record_reading import apply_reading
from server.db import queries, tables
from server.errors import Problem
from server.security import audit


def accept_reading(session: Session, reading_id: int, actor: str, now: datetime) -> int:
    """The same patient: the record is changed by the reading. Gives the authorization's id.

    Raises Problem `not_found` (404), or `decided` (409) where it waits no longer.
    """
    row, authorization = _waiting(session, reading_id)
    row.state = "accepted"
    authorization.last_outcome = "read"
    reading = Reading.from_json({**row.values, "texts": row.texts})
    apply_reading(session, authorization, row, reading, actor, now)
    _decided(session, row, authorization, actor, now)
    return authorization.id


def reject_reading(session: Session, reading_id: int, actor: str, now: datetime) -> int:
    """Somebody else's page: what was read of it is forgotten. Gives the authorization's id.

    Raises Problem `not_found` (404), or `decided` (409) where it waits no longer.
    """
    row, authorization = _waiting(session, reading_id)
    row.state = "rejected"
    row.values, row.texts, row.determination, row.determination_text = {}, {}, None, None
    _decided(session, row, authorization, actor, now)
    return authorization.id


def _waiting(session: Session, reading_id: int) -> tuple[tables.Reading, tables.Authorization]:
    row = session.get(tables.Reading, reading_id)
    authorization = (
        queries.authorization(session, row.authorization_id)
        if row is not None and row.authorization_id is not None
        else None
    )
    if row is None or authorization is None:
        raise Problem("not_found", "There is no such reading.", 404)
    if row.state != "waiting":
        raise Problem("decided", "Somebody has already decided on this reading.", 409)
    return row, authorization


def _decided(
    session: Session, row: tables.Reading, authorization: tables.Authorization, actor: str, now: datetime
) -> None:
    subject = f"authorization:{authorization.id}"
    audit.record(session, actor, f"reading.{row.state}", subject, {"reading": row.id}, now=now)
    key = f"identity_unconfirmed:{authorization.id}"
    close_tasks_of(session, key, actor, now, f"The reading was {row.state}.")
