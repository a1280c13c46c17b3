"""Overrides: a person goes on though a finding speaks against it; later each says how it ended."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from server.actions.override_finding import Ending, Reason, override_finding
from server.api.fields import Text, Word
from server.api.resource import Resource, Strict
from server.api.runs import PageSchema
from server.context import context
from server.db import queries
from server.db.tables import FindingOverride
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("overrides", "overrides", "Findings that people passed over, and how that ended")


class OverrideInSchema(Strict):
    """Which finding of which check, and why. finding: its position in the check's list, from 0."""

    check_id = fields.Integer(strict=True, required=True)
    finding = fields.Integer(strict=True, required=True)
    reason = Word(Reason, required=True)
    note = Text(500)


class OverrideSchema(Schema):
    """One override. ending: what the payer did then, null while it has not answered."""

    id = fields.Integer(required=True)
    check_id = fields.Integer(required=True)
    finding = fields.Integer(required=True)
    authorization_id = fields.Integer(required=True, allow_none=True)
    rule = fields.String(required=True)
    reason = Word(Reason, required=True)
    note = fields.String(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    ending = Word(Ending, required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_by_authorization_id = fields.Integer(required=True, allow_none=True)


class OverrideListSchema(Schema):
    """One page of overrides, newest first."""

    items = fields.List(fields.Nested(OverrideSchema), required=True)


@resource.post(
    "", access=Role.SCHEDULER, answers=OverrideSchema, status=201, body=OverrideInSchema, errors=(404, 409)
)
def override(sent: dict[str, Any]) -> Response:
    """Go on though a finding speaks against it. It is logged, and compared later with what the payer did.

    The same finding of the same check is overridden once: sent again, the first one is answered.
    """
    actor, known = current_actor(), context()
    with known.database.write(actor.label) as db:
        row = override_finding(
            db, sent["check_id"], sent["finding"], sent["reason"], actor.label, known.clock(),
            note=sent.get("note"),
        )  # fmt: skip
        shown = _as_json(row)
    response = jsonify(shown)
    response.status_code = 201
    return response


@resource.get("", access=Role.VIEWER, answers=OverrideListSchema, query=PageSchema)
def list_overrides(asked: dict[str, Any]) -> Response:
    """The overrides, newest first."""
    with context().database.read() as db:
        rows = queries.overrides(db, asked["page_size"], (asked["page"] - 1) * asked["page_size"])
    return jsonify({"items": [_as_json(row) for row, _ in rows]})


def _as_json(row: FindingOverride) -> dict[str, Any]:
    return {
        "id": row.id,
        "check_id": row.check_id,
        "finding": row.position,
        "authorization_id": row.authorization_id,
        "rule": row.rule,
        "reason": row.reason,
        "note": row.note,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "ending": row.ending,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "ended_by_authorization_id": row.ended_by_authorization_id,
    }
