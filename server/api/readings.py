"""Readings: what a portal says of an authorization, taken from the page that a person has open."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.actions.capture_reading import capture_reading
from server.actions.undo_reading import Why, undo_reading
from server.api import profiles
from server.api.authorizations import AuthorizationWithHistorySchema, note_sight, with_history
from server.api.fields import PageText, SentKey, Text, Word
from server.api.resource import Resource, Strict
from server.context import context
from server.db import tables
from server.errors import Problem
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("readings", "readings", "What a portal said, page by page")

#: Bytes of a request: a picture of a long page, in base64, beside the page's text.
PICTURE_LIMIT = 16 * 1024 * 1024
#: Seconds that a page may have waited to be sent.
_LONGEST_WAIT = 366 * 24 * 3600
_PNG = b"\x89PNG\r\n\x1a\n"
_OUTCOMES = {"accepted": "read", "waiting": "identity_unconfirmed", "rejected": "wrong_patient"}
_MESSAGES = {
    "accepted": "The page was recorded.",
    "waiting": "The page was kept. It shows too little to be sure whose it is, so a person must confirm it.",
    "rejected": "The page is another patient's. Nothing of it was kept.",
}


class Picture(fields.Field[bytes]):
    """A PNG in base64."""

    default_error_messages = {"invalid": "Not a picture. Send a PNG in base64."}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        try:
            content = base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise self.make_error("invalid") from error
        if not content.startswith(_PNG):
            raise self.make_error("invalid")
        return content


class ReadingInSchema(Strict):
    """A portal's page as the reader gives it. authorization_id: the one that the person chose. check_id: of
    the request whose confirmation the page is. sent_key: a random key of the sender's; what is sent again
    under the same key is answered again and kept once. seconds_ago: how long ago the page was seen, where it
    had to wait to be sent; an age and not a time, since clocks differ.
    """

    portal = Text(60, required=True, allow_none=False)
    page = PageText(required=True)
    authorization_id = fields.Integer(strict=True, allow_none=True)
    picture = Picture(allow_none=True, metadata={"type": "string", "format": "byte"})
    check_id = fields.Integer(strict=True, allow_none=True)
    sent_key = SentKey()
    seconds_ago = fields.Integer(
        strict=True, load_default=0,
        validate=validate.Range(0, _LONGEST_WAIT, error="Not an age in seconds, of at most a year."),
    )  # fmt: skip


class UndoSchema(Strict):
    """Why a reading is taken back."""

    why = Word(Why, required=True)


class UndoneSchema(Schema):
    """The record as it is again."""

    reading = fields.Nested(lambda: ReadingSchema(), required=True)
    authorization = fields.Nested(AuthorizationWithHistorySchema, required=True)


class ReadingSchema(Schema):
    """One reading as it is kept. values: typed; texts: the page's text behind each; identity: what agreed."""

    id = fields.Integer(required=True)
    authorization_id = fields.Integer(required=True, allow_none=True)
    run_id = fields.Integer(required=True, allow_none=True)
    portal = fields.String(required=True)
    profile_version = fields.String(required=True)
    page = fields.String(required=True)
    read_at = fields.AwareDateTime(required=True)
    read_by = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["accepted", "waiting", "rejected"]})
    determination = fields.String(required=True, allow_none=True)
    determination_text = fields.String(required=True, allow_none=True)
    values = fields.Dict(required=True)
    texts = fields.Dict(required=True)
    identity = fields.Dict(required=True)
    can_undo = fields.Boolean(required=True)
    taken_back_at = fields.AwareDateTime(required=True, allow_none=True)
    taken_back_by = fields.String(required=True, allow_none=True)
    taken_back_why = fields.String(required=True, allow_none=True)


class RecordedSchema(Schema):
    """What became of a page. changes: the fields of the authorization that it changed."""

    state = fields.String(required=True, metadata={"enum": ["accepted", "waiting", "rejected"]})
    outcome = fields.String(
        required=True, metadata={"enum": ["read", "identity_unconfirmed", "wrong_patient"]}
    )
    message = fields.String(required=True)
    reading = fields.Nested(ReadingSchema, required=True)
    authorization = fields.Nested(AuthorizationWithHistorySchema, required=True, allow_none=True)
    changes = fields.List(fields.String(), required=True)


@resource.post(
    "", access=Role.SCHEDULER, answers=RecordedSchema, status=201, body=ReadingInSchema, errors=(404, 409),
    body_limit=PICTURE_LIMIT,
)  # fmt: skip
def record(sent: dict[str, Any]) -> Response:
    """Record what the open page says of an authorization.

    The profile on the server interprets it. It changes the record only where it is surely this
    authorization's; else it waits for a person, and another patient's page is not kept at all.
    """
    actor, known = current_actor(), context()
    profile = profiles.load(sent["portal"])
    key = sent.get("sent_key")
    now = known.clock()
    with known.database.write(actor.label) as db:
        row = _sent_before(db, key, actor.label)
        changes: tuple[str, ...] = ()
        if row is None:
            captured = capture_reading(
                db, profile, sent["page"], actor=actor.label, now=now,
                authorization_id=sent.get("authorization_id"), picture=sent.get("picture"),
                sent_key=key, check_id=sent.get("check_id"),
                seen_at=now - timedelta(seconds=sent["seconds_ago"]),
            )  # fmt: skip
            row, changes = captured.row, captured.changes
        shown = None
        if row.state == "accepted" and row.authorization_id is not None:
            shown = with_history(db, row.authorization_id)
    response = jsonify(
        {
            "state": row.state,
            "outcome": _OUTCOMES[row.state],
            "message": _MESSAGES[row.state],
            "reading": _as_json(row),
            "authorization": shown,
            "changes": list(changes),
        }
    )
    response.status_code = 201
    return response


@resource.post(
    "/<int:reading_id>/undo", access=Role.SCHEDULER, answers=UndoneSchema, body=UndoSchema, errors=(404, 409)
)
def undo(sent: dict[str, Any], reading_id: int) -> Response:
    """Take back a reading that was written into the record.

    The record is again as it was before, as long as nothing newer has changed it (409). The reading stays,
    rejected, with who took it back and why.
    """
    actor, known = current_actor(), context()
    with known.database.write(actor.label) as db:
        authorization = undo_reading(db, reading_id, sent["why"], actor.label, known.clock())
        row = db.get_one(tables.Reading, reading_id)
        shown = with_history(db, authorization.id)
    return jsonify({"reading": _as_json(row), "authorization": shown})


def _sent_before(db: Session, key: str | None, actor: str) -> tables.Reading | None:
    """The reading kept under this key already. Raises Problem `key_used` (409) for somebody else's."""
    if key is None:
        return None
    row = db.scalar(select(tables.Reading).where(tables.Reading.sent_key == key))
    if row is not None and row.read_by != actor:
        raise Problem("key_used", "This key was used for something else. Send a new one.", 409)
    return row


@resource.get("/<int:reading_id>", access=Role.VIEWER, answers=ReadingSchema, errors=(404,))
def read(reading_id: int) -> Response:
    """One reading: its values, the page's text behind each, and which identifiers agreed."""
    with context().database.read() as db:
        row = db.get(tables.Reading, reading_id)
    if row is None:
        raise Problem("not_found", "There is no such reading.", 404)
    if row.authorization_id is not None:
        note_sight("reading.seen", [row.authorization_id])
    return jsonify(_as_json(row))


def _as_json(row: tables.Reading) -> dict[str, Any]:
    return {
        "id": row.id,
        "authorization_id": row.authorization_id,
        "run_id": row.run_id,
        "portal": row.portal,
        "profile_version": row.profile_version,
        "page": row.page,
        "read_at": row.read_at.isoformat(),
        "read_by": row.read_by,
        "state": row.state,
        "determination": row.determination,
        "determination_text": row.determination_text,
        "values": row.values,
        "texts": row.texts,
        "identity": row.identity,
        "can_undo": row.state == "accepted" and row.version_after is not None,
        "taken_back_at": row.taken_back_at.isoformat() if row.taken_back_at else None,
        "taken_back_by": row.taken_back_by,
        "taken_back_why": row.taken_back_why,
    }
