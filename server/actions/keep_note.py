"""Keeps what staff add to an authorization by hand: a note, or a call with the payer."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import queries
from server.db.tables import CaseNote
from server.errors import FieldProblem, Problem
from server.security import audit


class NoteKind(StrEnum):
    """call: a talk with the payer on the phone. note: anything else."""

    NOTE = "note"
    CALL = "call"


#: A clock that is a little ahead is no mistake of the person's.
_AHEAD = timedelta(minutes=10)


def keep_note(
    session: Session,
    authorization_id: int,
    kind: NoteKind,
    text: str,
    actor: str,
    now: datetime,
    *,
    at: datetime | None = None,
    representative: str | None = None,
    call_reference: str | None = None,
    sent_key: str | None = None,
) -> CaseNote:
    """The kept note. at: when the call was, now where it is not said. sent_key: sent twice, it is kept once.

    Raises Problem `not_found` (404), or `invalid` (422): a call needs who was spoken to or the call's
    reference, and cannot lie in the future; a note needs words.
    """
    if sent_key is not None:
        known = session.scalar(select(CaseNote).where(CaseNote.sent_key == sent_key))
        if known is not None:
            if known.authorization_id != authorization_id:
                raise Problem("key_used", "This key was used for something else. Send a new one.", 409)
            return known
    if queries.authorization(session, authorization_id) is None:
        raise Problem("not_found", "There is no such authorization.", 404)
    text = text.strip()
    representative = (representative or "").strip() or None
    call_reference = (call_reference or "").strip() or None
    wrong = []
    if kind is NoteKind.CALL and representative is None and call_reference is None:
        wrong.append(
            FieldProblem(
                "representative", "Missing.", "Give who you spoke to, or the call's reference number."
            )
        )
    if kind is NoteKind.NOTE and not text:
        wrong.append(FieldProblem("text", "Missing.", "Write the note."))
    if at is not None and at > now + _AHEAD:
        wrong.append(FieldProblem("at", "It lies in the future.", "Give the day and time of the call."))
    if wrong:
        raise Problem("invalid", "The note was not kept.", 422, tuple(wrong))
    is_call = kind is NoteKind.CALL
    row = CaseNote(
        authorization_id=authorization_id,
        kind=kind.value,
        at=at or now,
        text=text,
        representative=representative if is_call else None,
        call_reference=call_reference if is_call else None,
        written_at=now,
        actor=actor,
        sent_key=sent_key,
    )
    session.add(row)
    session.flush()
    detail = {"note": row.id, "kind": kind.value}
    audit.record(session, actor, "note.kept", f"authorization:{authorization_id}", detail, now=now)
    return row
