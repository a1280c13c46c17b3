"""Authorizations: the approved half of the tally. Create, read, list, search, update with ETag.

Patient data is never part of an address: a search by member ID, name or number is a POST.
Every answer that shows a patient's record adds one entry for each of them to the audit chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, jsonify, request
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal_profiles.vocabulary import (
    AuthorizationType,
    CertificationKind,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    RequestMethod,
    Unit,
)
from server.actions.authorization_input import authorization_input
from server.actions.save_authorization import create_authorization, update_authorization
from server.api.fields import LocalDate, Quantity, Text, Word, quantity_json, texts
from server.api.resource import Resource, Strict
from server.api.runs import PageSchema
from server.context import context
from server.db import queries
from server.db.tables import Authorization, AuthorizationLine, DeterminationChange, ReferenceNumber
from server.errors import Problem
from server.security import audit
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("authorizations", "authorizations", "What payers decided on requested services")


class PatientSchema(Strict):
    """A member of a plan."""

    member_id = Text(80)
    last_name = Text(120)
    first_name = Text(120)
    birth_date = LocalDate()


class RateSchema(Strict):
    """A limit in time beside the total, such as 3 visits per week for 8 weeks."""

    quantity = Quantity(required=True, allow_none=False)
    per = fields.String(
        required=True,
        validate=validate.OneOf(["day", "week", "month"], error="Not a period. Send day, week or month."),
    )
    periods = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(1, 999, error="Out of range. Send 1 to 999.")
    )


class LineInSchema(Strict):
    """One procedure. code and the values beside it are what was approved; requested_* what was asked for."""

    number = fields.Integer(
        strict=True, validate=validate.Range(1, 999, error="Out of range. Send 1 to 999.")
    )
    code = Text(20)
    code_end = Text(20)
    service_type = Text(10)
    modifiers = texts(2, 4)
    component = Word(Component)
    quantity = Quantity()
    unit = Word(Unit)
    rate = fields.Nested(RateSchema, allow_none=True)
    used = Quantity()
    determination = Word(Determination)
    effective = LocalDate()
    expiry = LocalDate()
    rendering_npis = texts(20)
    requested_code = Text(20)
    requested_quantity = Quantity()


class LineSchema(LineInSchema):
    """One procedure as it is kept. remaining: approved less used, null when either is not known."""

    remaining = Quantity(allow_none=True, required=True)


class ReferenceNumberInSchema(Strict):
    """One number as issued. kind decides whether it may go on a claim."""

    value = Text(80, required=True, allow_none=False)
    kind = Word(NumberKind, required=True)
    issuer = Text(120)
    label = Text(120)


class ReferenceNumberSchema(ReferenceNumberInSchema):
    """One number as it is kept."""

    first_seen_at = fields.AwareDateTime(required=True)


class ChangeSchema(Schema):
    """One determination that the authorization, or one line of it, ever had."""

    line_number = fields.Integer(required=True, allow_none=True)
    determination = Word(Determination, required=True)
    text = fields.String(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)
    source = fields.String(required=True)
    actor = fields.String(required=True)


class AuthorizationInSchema(Strict):
    """What can be written of an authorization. A PUT replaces all of it: what is left out becomes unknown."""

    payer_id = Text(40)
    payer_name = Text(200)
    plan = Text(200)
    portal = Text(60)
    patient = fields.Nested(PatientSchema, required=True)
    type = Word(AuthorizationType, load_default=AuthorizationType.PRIOR, allow_none=False)
    certification_kind = Word(CertificationKind)
    requested_by = Word(RequestMethod)
    determination = Word(Determination, required=True)
    determination_text = Text(200)
    lines = fields.List(
        fields.Nested(LineInSchema),
        validate=validate.Length(max=200, error="Too many. Send at most 200 lines."),
    )
    diagnoses = texts(10)
    requesting_npi = Text(20)
    rendering_npis = texts(20)
    billing_npi = Text(20)
    facility_npi = Text(20)
    place_of_service = Text(2)
    level_of_care = Word(LevelOfCare)
    requested = LocalDate()
    decided = LocalDate()
    effective = LocalDate()
    expiry = LocalDate()
    service_date = LocalDate()
    reference_numbers = fields.List(
        fields.Nested(ReferenceNumberInSchema),
        validate=validate.Length(max=50, error="Too many. Send at most 50 numbers."),
    )
    notes = Text(4000)


class AuthorizationSchema(AuthorizationInSchema):
    """An authorization as it is kept. version is its ETag."""

    id = fields.Integer(required=True)
    version = fields.Integer(required=True)
    portal_by_rule = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the payer rule that says on which portal it is; null: somebody named it"},
    )
    lines = fields.List(fields.Nested(LineSchema), required=True)
    reference_numbers = fields.List(fields.Nested(ReferenceNumberSchema), required=True)
    determination_read_at = fields.AwareDateTime(required=True, allow_none=True)
    last_looked_at = fields.AwareDateTime(required=True, allow_none=True)
    last_outcome = fields.String(required=True, allow_none=True)
    next_due = fields.Date(required=True, allow_none=True)


class AuthorizationWithHistorySchema(AuthorizationSchema):
    """An authorization with every determination it ever had, oldest first."""

    history = fields.List(fields.Nested(ChangeSchema), required=True)


class AuthorizationListSchema(Schema):
    """One page of authorizations, newest first, without their history."""

    items = fields.List(fields.Nested(AuthorizationSchema), required=True)
    page = fields.Integer(required=True)
    page_size = fields.Integer(required=True)
    total = fields.Integer(required=True)


class FilterSchema(PageSchema):
    """Which authorizations, by nothing of a patient."""

    payer_id = Text(40, allow_none=False)
    determination = Word(Determination, allow_none=False)
    portal = Text(60, allow_none=False)
    expires_before = LocalDate(allow_none=False, metadata={"description": "expiry date before this day"})


class SearchSchema(FilterSchema):
    """Which authorizations, by a patient's data too. q: a member ID or reference number in full, or the
    beginning of a last name; spaces, dashes and letter case do not matter.
    """

    q = Text(120)
    member_id = Text(80)


@resource.get("", access=Role.VIEWER, answers=AuthorizationListSchema, query=FilterSchema)
def list_authorizations(asked: dict[str, Any]) -> Response:
    """One page of authorizations, newest first, filtered by nothing of a patient."""
    return _page(asked, "authorization.listed")


@resource.post("/search", access=Role.VIEWER, answers=AuthorizationListSchema, body=SearchSchema)
def search_authorizations(asked: dict[str, Any]) -> Response:
    """Search by member ID, reference number or last name, beside the filters of the list.

    A POST, since patient data is never part of an address.
    """
    return _page(asked, "authorization.found")


@resource.post(
    "", access=Role.SCHEDULER, answers=AuthorizationWithHistorySchema, status=201, body=AuthorizationInSchema,
    errors=(409,), etag=True,
)  # fmt: skip
def create(sent: dict[str, Any]) -> Response:
    """Add an authorization. Formats are checked at the door; what is wrong is named field by field."""
    actor, known = current_actor(), context()
    with known.database.write(actor.label) as db:
        row = create_authorization(db, authorization_input(sent), actor.label, known.clock(), source="api")
        shown = with_history(db, row.id)
    return _tagged(shown, 201)


@resource.get(
    "/<int:authorization_id>",
    access=Role.VIEWER,
    answers=AuthorizationWithHistorySchema,
    errors=(404,),
    etag=True,
)
def read(authorization_id: int) -> Response:
    """One authorization with its history. The ETag is needed to change it."""
    with context().database.read() as db:
        shown = with_history(db, authorization_id)
    note_sight("authorization.seen", [authorization_id])
    return _tagged(shown)


@resource.put(
    "/<int:authorization_id>", access=Role.SCHEDULER, answers=AuthorizationWithHistorySchema,
    body=AuthorizationInSchema, errors=(404, 409, 412, 428), etag=True, if_match=True,
)  # fmt: skip
def replace(sent: dict[str, Any], authorization_id: int) -> Response:
    """Replace what can be written of an authorization, if it is still the version that was read."""
    expected = expected_version()
    actor, known = current_actor(), context()
    with known.database.write(actor.label) as db:
        row = update_authorization(
            db,
            authorization_id,
            expected,
            authorization_input(sent),
            actor.label,
            known.clock(),
            source="api",
        )
        if (
            row.version == expected
        ):  # nothing differed, so no change was noted: the answer is a sight all the same
            audit.record(db, actor.label, "authorization.seen", f"authorization:{row.id}", now=known.clock())
        shown = with_history(db, authorization_id)
    return _tagged(shown)


def expected_version() -> int:
    """The version in If-Match. Raises Problem 428 when there is none, 412 when it is not one of ours."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise Problem(
            "if_match_needed",
            "Send If-Match with the ETag that you read, so that no one's change is lost.",
            428,
        )
    tag = header.strip('"')
    if not (tag.isascii() and tag.isdigit()):
        raise Problem("changed_meanwhile", "If-Match is not an ETag of this record. Read it again.", 412)
    return int(tag)


def with_history(db: Session, authorization_id: int) -> dict[str, Any]:
    """AuthorizationWithHistory as JSON. Raises Problem `not_found` (404)."""
    row = queries.authorization(db, authorization_id)
    if row is None:
        raise Problem("not_found", "There is no such authorization.", 404)
    return {**as_json(row), "history": [_change_json(c) for c in queries.history(db, authorization_id)]}


def as_json(row: Authorization) -> dict[str, Any]:
    """Authorization as JSON, from its row with lines and numbers loaded."""
    return authorization_json(row, row.lines, row.reference_numbers)


def authorization_json(
    row: Any,
    lines: Sequence[AuthorizationLine] | Sequence[Any],
    numbers: Iterable[ReferenceNumber] | Iterable[Any],
) -> dict[str, Any]:
    """The same from anything with the columns' names as attributes."""
    return {
        "id": row.id,
        "version": row.version,
        "payer_id": row.payer_id,
        "payer_name": row.payer_name,
        "plan": row.plan,
        "portal": row.portal,
        "portal_by_rule": row.portal_by_rule,
        "patient": {
            "member_id": row.member_id,
            "last_name": row.last_name,
            "first_name": row.first_name,
            "birth_date": _text(row.birth_date),
        },
        "type": row.type,
        "certification_kind": row.certification_kind,
        "requested_by": row.requested_by,
        "determination": row.determination,
        "determination_text": row.determination_text,
        "determination_read_at": _text(row.determination_read_at),
        "lines": [_line_json(line) for line in lines],
        "diagnoses": row.diagnoses,
        "requesting_npi": row.requesting_npi,
        "rendering_npis": row.rendering_npis,
        "billing_npi": row.billing_npi,
        "facility_npi": row.facility_npi,
        "place_of_service": row.place_of_service,
        "level_of_care": row.level_of_care,
        "requested": _text(row.requested),
        "decided": _text(row.decided),
        "effective": _text(row.effective),
        "expiry": _text(row.expiry),
        "service_date": _text(row.service_date),
        "reference_numbers": [
            {
                "value": number.value,
                "kind": number.kind,
                "issuer": number.issuer,
                "label": number.label,
                "first_seen_at": _text(number.first_seen_at),
            }
            for number in numbers
        ],
        "last_looked_at": _text(row.last_looked_at),
        "last_outcome": row.last_outcome,
        "next_due": _text(row.next_due),
        "notes": row.notes,
    }


def note_sight(action: str, authorization_ids: Sequence[int]) -> None:
    """Adds one audit entry for each patient's record that is about to be shown to the current actor."""
    if not authorization_ids:
        return
    actor, known = current_actor(), context()
    seen: list[tuple[str, str, dict[str, Any]]] = [
        (action, f"authorization:{n}", {}) for n in authorization_ids
    ]
    with known.database.write(actor.label) as db:
        audit.record_many(db, actor.label, seen, now=known.clock())


def _line_json(line: Any) -> dict[str, Any]:
    rate = None
    if line.rate_quantity is not None:
        rate = {
            "quantity": quantity_json(line.rate_quantity),
            "per": line.rate_per,
            "periods": line.rate_periods,
        }
    both_known = line.quantity is not None and line.used is not None
    return {
        "number": line.number,
        "code": line.code,
        "code_end": line.code_end,
        "service_type": line.service_type,
        "modifiers": line.modifiers,
        "component": line.component,
        "quantity": quantity_json(line.quantity),
        "unit": line.unit,
        "rate": rate,
        "used": quantity_json(line.used),
        "remaining": quantity_json(line.quantity - line.used) if both_known else None,
        "determination": line.determination,
        "effective": _text(line.effective),
        "expiry": _text(line.expiry),
        "rendering_npis": line.rendering_npis,
        "requested_code": line.requested_code,
        "requested_quantity": quantity_json(line.requested_quantity),
    }


def _change_json(change: DeterminationChange) -> dict[str, Any]:
    return {
        "line_number": change.line_number,
        "determination": change.determination,
        "text": change.text,
        "at": _text(change.at),
        "source": change.source,
        "actor": change.actor,
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value.isoformat())


def _tagged(shown: dict[str, Any], status: int = 200) -> Response:
    response = jsonify(shown)
    response.status_code = status
    response.set_etag(str(shown["version"]))
    return response


def _page(asked: dict[str, Any], action: str) -> Response:
    wanted = queries.AuthorizationFilter(
        text=asked.get("q"),
        member_id=asked.get("member_id"),
        payer_id=asked.get("payer_id"),
        determination=asked.get("determination"),
        portal=asked.get("portal"),
        expires_before=asked.get("expires_before"),
    )
    with context().database.read() as db:
        page = queries.list_authorizations(db, wanted, asked["page"], asked["page_size"])
        items = [as_json(row) for row in page.items]
    note_sight(action, [row.id for row in page.items])
    return jsonify({"items": items, "page": page.number, "page_size": page.size, "total": page.total})
