"""Sign-in codes that a pass waits for: which are asked for now, and the way to give one."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select

from server.actions.answer_code import answer_code
from server.api.fields import Text
from server.api.resource import Resource, Strict
from server.context import context
from server.db.tables import CodeRequest
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("code_requests", "code-requests", "Sign-in codes that a pass waits for")


class CodeRequestSchema(Schema):
    """One sign-in that waits for a person. method push: it is approved on the account's telephone."""

    id = fields.Integer(required=True)
    portal = fields.String(required=True)
    run_id = fields.Integer(required=True, allow_none=True)
    method = fields.String(required=True, metadata={"enum": ["email", "text", "call", "push"]})
    state = fields.String(
        required=True, metadata={"enum": ["open", "answered", "used", "refused", "expired"]}
    )
    asked_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    number = fields.String(
        required=True, metadata={"description": "What must be chosen on the telephone; empty where none is."}
    )


class CodeRequestListSchema(Schema):
    """Those that are open now, the most urgent first."""

    items = fields.List(fields.Nested(CodeRequestSchema), required=True)


class AnswerSchema(Strict):
    """The code as the portal's message has it."""

    code = Text(20, required=True)


def _as_json(asked: CodeRequest) -> dict[str, Any]:
    shown = ("id", "portal", "run_id", "method", "state", "asked_at", "expires_at", "number")
    return {name: getattr(asked, name) for name in shown}


@resource.get("", access=Role.VIEWER, answers=CodeRequestListSchema)
def list_code_requests() -> dict[str, Any]:
    """What is waited for now."""
    known = context()
    query = (
        select(CodeRequest)
        .where(CodeRequest.state == "open", CodeRequest.expires_at > known.clock())
        .order_by(CodeRequest.expires_at, CodeRequest.id)
    )
    with known.database.read() as db:
        return {"items": [_as_json(asked) for asked in db.scalars(query)]}


@resource.post(
    "/<int:request_id>/answer",
    access=Role.SCHEDULER,
    answers=CodeRequestSchema,
    body=AnswerSchema,
    errors=(404, 409),
)
def give_code(asked: dict[str, Any], request_id: int) -> dict[str, Any]:
    """Give the code that the waiting pass types at the portal. Too late, or the second one, is a 409."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        return _as_json(answer_code(db, request_id, asked["code"] or "", actor.label, known.clock()))
