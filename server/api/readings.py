"""Readings: what a portal says of an authorization, taken from the page that a person has open."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from server.actions.capture_reading import capture_reading
from server.api import profiles
from server.api.authorizations import AuthorizationWithHistorySchema, note_sight, with_history
from server.api.fields import PageText, Text
from server.api.resource import Resource, Strict
from server.context import context
from server.db import tables
from server.errors import Problem
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("readings", "readings", "What a portal said, page by page")

#: Bytes of a request: a picture of a long page, in base64, beside the page's text.
PICTURE_LIMIT = 16 * 1024 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
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
    """A portal's page as the reader gives it. authorization_id: the one that the person chose."""

    portal = Text(60, required=True, allow_none=False)
    page = PageText(required=True)
    authorization_id = fields.Integer(strict=True, allow_none=True)
    picture = Picture(allow_none=True, metadata={"type": "string", "format": "byte"})


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
    with known.database.write(actor.label) as db:
        captured = capture_reading(
            db, profile, sent["page"], actor=actor.label, now=known.clock(),
            authorization_id=sent.get("authorization_id"), picture=sent.get("picture"),
        )  # fmt: skip
        row = captured.row
        shown = with_history(db, captured.authorization.id) if row.state == "accepted" else None
        outcome = captured.authorization.last_outcome
    response = jsonify(
        {
            "state": row.state,
            "outcome": outcome,
            "message": _MESSAGES[row.state],
            "reading": _as_json(row),
            "authorization": shown,
            "changes": list(captured.changes),
        }
    )
    response.status_code = 201
    return response


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
    }
