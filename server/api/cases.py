"""Cases: one authorization as staff need it beside a portal: notes, calls, how fresh it is, what to fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal_profiles.vocabulary import FieldName
from server.actions.fill_form import fill_form
from server.actions.keep_note import NoteKind, keep_note
from server.api import profiles
from server.api.authorizations import AuthorizationWithHistorySchema, note_sight, with_history
from server.api.fields import PageText, SentKey, Text, Word
from server.api.resource import Resource, Strict
from server.context import context
from server.db import queries
from server.db.tables import CaseNote, Reading, Run
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("cases", "cases", "One authorization as staff need it beside a portal")

#: Bytes of a form's text: some tens of kilobytes.
PAGE_LIMIT = 2 * 1024 * 1024


class NoteInSchema(Strict):
    """A note, or a call with the payer. at: when the call was; now where it is left out."""

    kind = Word(NoteKind, required=True)
    text = Text(4000)
    at = fields.AwareDateTime(allow_none=True)
    representative = Text(120)
    call_reference = Text(80)
    sent_key = SentKey()


class NoteSchema(Schema):
    """One note or call as it is kept."""

    id = fields.Integer(required=True)
    kind = Word(NoteKind, required=True)
    at = fields.AwareDateTime(required=True)
    text = fields.String(required=True)
    representative = fields.String(required=True, allow_none=True)
    call_reference = fields.String(required=True, allow_none=True)
    written_at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)


class LastReadingSchema(Schema):
    """The newest look that was written into the record: when, and whether a pass or a person made it."""

    at = fields.AwareDateTime(required=True)
    by = fields.String(required=True, metadata={"enum": ["nightly", "check_now", "attended", "person"]})
    reading_id = fields.Integer(required=True)


class LastCheckSchema(Schema):
    """The newest comparison with a service: the other half as it was then. service: as a check takes it."""

    at = fields.AwareDateTime(required=True)
    checkpoint = fields.String(required=True)
    service = fields.Dict(required=True)
    findings = fields.List(fields.Dict(), required=True)


class CaseSchema(Schema):
    """One authorization with what was noted on it, newest first, how fresh it is, and its other half."""

    authorization = fields.Nested(AuthorizationWithHistorySchema, required=True)
    last_reading = fields.Nested(LastReadingSchema, required=True, allow_none=True)
    last_check = fields.Nested(LastCheckSchema, required=True, allow_none=True)
    portal_name = fields.String(required=True, allow_none=True)
    notes = fields.List(fields.Nested(NoteSchema), required=True)


class FormSchema(Strict):
    """A request form as the reader gives it."""

    portal = Text(60, required=True, allow_none=False)
    page = PageText(required=True)


class StepSchema(Schema):
    """One empty field and the texts that mean its value there, the likeliest first. where: as the reader
    names it, such as member_id or procedures[0].quantity.
    """

    where = fields.String(required=True)
    field = Word(FieldName, required=True)
    texts = fields.List(fields.String(), required=True)


class LeftSchema(Schema):
    """One field that stays the person's, and why."""

    where = fields.String(required=True)
    field = Word(FieldName, required=True)
    why = fields.String(
        required=True, metadata={"enum": ["unknown", "several", "not_here", "no_row", "cannot_write"]}
    )


class FillingSchema(Schema):
    """What to type into the empty fields, in the order of the form."""

    steps = fields.List(fields.Nested(StepSchema), required=True)
    left = fields.List(fields.Nested(LeftSchema), required=True)


@resource.get("/<int:authorization_id>", access=Role.VIEWER, answers=CaseSchema, errors=(404,))
def read(authorization_id: int) -> Response:
    """One authorization with its history, its notes and how fresh its status is."""
    with context().database.read() as db:
        shown = with_history(db, authorization_id)
        slug = shown["portal"]
        case = {
            "authorization": shown,
            "last_reading": _last_reading(db, authorization_id),
            "last_check": _last_check(db, authorization_id),
            "portal_name": profiles.name_of(slug) if slug else None,
            "notes": [note_json(note) for note in queries.notes_of(db, authorization_id)],
        }
    note_sight("authorization.seen", [authorization_id])
    return jsonify(case)


@resource.post(
    "/<int:authorization_id>/notes", access=Role.SCHEDULER, answers=NoteSchema, status=201, body=NoteInSchema,
    errors=(404, 409),
)  # fmt: skip
def add_note(sent: dict[str, Any], authorization_id: int) -> Response:
    """Add a note, or a call with the payer: who was spoken to, the call's reference, and when."""
    actor, known = current_actor(), context()
    with known.database.write(actor.label) as db:
        row = keep_note(
            db, authorization_id, sent["kind"], sent.get("text") or "", actor.label, known.clock(),
            at=sent.get("at"), representative=sent.get("representative"),
            call_reference=sent.get("call_reference"), sent_key=sent.get("sent_key"),
        )  # fmt: skip
        shown = note_json(row)
    response = jsonify(shown)
    response.status_code = 201
    return response


@resource.post(
    "/<int:authorization_id>/filling", access=Role.SCHEDULER, answers=FillingSchema, body=FormSchema,
    errors=(404, 409), body_limit=PAGE_LIMIT,
)  # fmt: skip
def filling(sent: dict[str, Any], authorization_id: int) -> Response:
    """What of the authorization goes into the empty fields of a request form.

    A field that holds anything is never part of it; a form that names another patient is refused (409).
    """
    actor, known = current_actor(), context()
    profile = profiles.load(sent["portal"])
    with known.database.write(actor.label) as db:
        found = fill_form(db, profile, sent["page"], authorization_id, actor.label, known.clock())
    return jsonify(
        {
            "steps": [
                {"where": step.where, "field": step.field.value, "texts": list(step.texts)}
                for step in found.steps
            ],
            "left": [{"where": one.where, "field": one.field.value, "why": one.why} for one in found.left],
        }
    )


def note_json(note: CaseNote) -> dict[str, Any]:
    """A note as JSON."""
    return {
        "id": note.id,
        "kind": note.kind,
        "at": note.at.isoformat(),
        "text": note.text,
        "representative": note.representative,
        "call_reference": note.call_reference,
        "written_at": note.written_at.isoformat(),
        "actor": note.actor,
    }


def _last_check(db: Session, authorization_id: int) -> dict[str, Any] | None:
    check = queries.last_check_of(db, authorization_id)
    if check is None:
        return None
    return {
        "at": check.at.isoformat(),
        "checkpoint": check.checkpoint,
        "service": check.service,
        "findings": check.findings,
    }


def _last_reading(db: Session, authorization_id: int) -> dict[str, Any] | None:
    rows: Sequence[Any] = db.execute(
        select(Reading.id, Reading.read_at, Run.kind)
        .outerjoin(Run, Run.id == Reading.run_id)
        .where(Reading.authorization_id == authorization_id, Reading.state == "accepted")
        .order_by(Reading.id.desc())
        .limit(1)
    ).all()
    if not rows:
        return None
    reading_id, at, kind = rows[0]
    return {"at": at.isoformat(), "by": kind or "person", "reading_id": reading_id}
