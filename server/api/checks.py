"""Checks: does a service, as it is planned, entered or billed, match what was approved?

The quickest path of the server: an extension asks at each change of a form. One write transaction takes the
device's nonce, the record of the check and the audit entries; identical checks are kept each time, none is
folded away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, ValidationError, fields, validates_schema

from portal_profiles.interpret import page_service
from portal_profiles.vocabulary import Checkpoint, Component, Determination, FieldName, LevelOfCare, Unit
from server.actions.check_service import ServiceCheck, check_service, finding_json
from server.api import profiles
from server.api.authorizations import AuthorizationSchema, authorization_json
from server.api.errors import field_problems
from server.api.fields import LocalDate, PageText, Quantity, Text, Word, texts
from server.api.resource import Resource, Strict
from server.context import context
from server.matching import facts
from server.matching.finding import Candidate, Severity, Verdict
from server.security.access import claim_nonce, current_actor
from server.security.roles import Role

resource = Resource("checks", "checks", "Match checks of a service against what was approved")

#: Bytes of a check's body: a page's text is some tens of kilobytes.
PAGE_LIMIT = 2 * 1024 * 1024
_PATIENT_KEYS = ("member_id", "last_name", "first_name", "birth_date")
#: Names of the vocabulary where a service's key is another.
_ON_PAGE = {
    "payer_name": "payer",
    "payer_id": "payer",
    "last_name": "patient_last_name",
    "first_name": "patient_first_name",
    "date_from": "service_from",
    "date_to": "service_to",
}
#: What belongs to one row of a form, and not to the rows beside it.
_OF_A_ROW = frozenset({"procedure_code", "modifiers", "component", "quantity", "unit", "revenue_code"})
_UNREADABLE = "What is typed here could not be read, so it was not compared."


class ServiceSchema(Strict):
    """One procedure that is planned, entered or billed. Anything may be missing: what is missing gives no
    finding.
    """

    payer_id = Text(40)
    payer_name = Text(200)
    plan = Text(200)
    member_id = Text(80)
    last_name = Text(120)
    first_name = Text(120)
    birth_date = LocalDate()
    reference_number = Text(80)
    referral_number = Text(80)
    procedure_code = Text(20)
    modifiers = texts(4, 8)
    component = Word(Component)
    quantity = Quantity()
    unit = Word(Unit)
    diagnoses = texts(10)
    requesting_npi = Text(20)
    rendering_npi = Text(20)
    billing_npi = Text(20)
    facility_npi = Text(20)
    place_of_service = Text(4)
    type_of_bill = Text(4)
    revenue_code = Text(4)
    level_of_care = Word(LevelOfCare)
    date_from = LocalDate()
    date_to = LocalDate()
    admission_date = LocalDate()


class CheckInSchema(Strict):
    """Either `service`, or `portal` and `page`. authorization_id: the one that the person chose; it alone is
    compared.
    """

    checkpoint = Word(Checkpoint, required=True)
    service = fields.Nested(ServiceSchema)
    portal = Text(60)
    page = PageText()
    authorization_id = fields.Integer(strict=True, allow_none=True)

    @validates_schema
    def _one_half(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("service" in data) == ("page" in data):
            raise ValidationError("Neither or both were sent. Send service, or portal and page.", "service")
        if "page" in data and not data.get("portal"):
            raise ValidationError("Missing beside page. Send the portal's slug.", "portal")


class FindingSchema(Schema):
    """One rule's verdict on one field. field: a name of the vocabulary; carc: the likely X12 claim adjustment
    code.
    """

    rule = fields.String(required=True)
    severity = Word(Severity, required=True)
    field = Word(FieldName, required=True)
    message = fields.String(required=True)
    why = fields.String(required=True)
    next_step = fields.String(required=True)
    approved = fields.String(required=True, allow_none=True)
    entered = fields.String(required=True, allow_none=True)
    carc = fields.String(required=True, allow_none=True)
    line = fields.Integer(required=True, allow_none=True)
    allowed_by = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    row = fields.Integer(
        required=True, allow_none=True, metadata={"description": "further row of a form, from 0; else null"}
    )


class CandidateSchema(Schema):
    """One authorization that the service may belong to, with what speaks for and against it."""

    authorization_id = fields.Integer(required=True)
    line = fields.Integer(required=True, allow_none=True)
    score = fields.Integer(required=True)
    reasons = fields.List(fields.String(), required=True)
    label = fields.String(required=True, metadata={"description": "number, code and dates; no name"})


class UnreadableSchema(Schema):
    """A field of the page that holds something which could not be read; it was not compared."""

    field = fields.String(required=True)
    message = fields.String(required=True)
    row = fields.Integer(required=True, allow_none=True)


class StandingSchema(Schema):
    """An authorization under which the service is approved or asked for already."""

    authorization_id = fields.Integer(required=True)
    determination = Word(Determination, required=True)
    read_at = fields.AwareDateTime(required=True, allow_none=True)
    label = fields.String(required=True, metadata={"description": "number, code and dates; no name"})


class BeforeRequestSchema(Schema):
    """What is worth knowing before the request is sent. required: unknown, as long as no requirement list is
    kept; it is never guessed. standing: empty where no such authorization is on file.
    """

    required = fields.String(required=True, metadata={"enum": ["unknown"]})
    standing = fields.List(fields.Nested(StandingSchema), required=True)


class CheckSchema(Schema):
    """What a check answers. checked: fields that both halves state. tie: the best two can't be told apart."""

    id = fields.Integer(required=True, metadata={"description": "of the record of this check"})
    verdict = Word(Verdict, required=True)
    authorization = fields.Nested(AuthorizationSchema, required=True, allow_none=True)
    line = fields.Integer(required=True, allow_none=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    tie = fields.Boolean(required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)
    checked = fields.List(Word(FieldName), required=True)
    unreadable = fields.List(fields.Nested(UnreadableSchema), required=True)
    before_request = fields.Nested(BeforeRequestSchema, required=True, allow_none=True)
    checked_at = fields.AwareDateTime(required=True)


@resource.post(
    "", access=Role.VIEWER, answers=CheckSchema, body=CheckInSchema, errors=(404,), body_limit=PAGE_LIMIT,
    claims_nonce=True,
)  # fmt: skip
def run_check(sent: dict[str, Any]) -> Response:
    """Check a service against the authorizations kept.

    Send the service as JSON, or a portal's page as the reader gives it. A verdict is match, caution,
    mismatch, no_authorization, or undetermined where too little was stated to choose or to compare.
    """
    actor, known = current_actor(), context()
    if "page" in sent:
        entered = from_page(sent["portal"], sent["page"])
    else:
        entered = Entered(to_service(sent["service"]), {}, [])
    now, today = known.clock(), known.today()
    with known.database.write(actor.label) as db:
        claim_nonce(db, now)
        check = check_service(
            db, entered.service, sent["checkpoint"], actor.label, now, today,
            portal=sent.get("portal"), authorization_id=sent.get("authorization_id"), rows=entered.rows,
        )  # fmt: skip
    choice, chosen, parts = check.choice, check.choice.chosen, check.chosen
    return jsonify(
        {
            "id": check.id,
            "verdict": check.verdict.value,
            "authorization": authorization_json(parts.row, parts.lines, parts.numbers) if parts else None,
            "line": chosen.line if chosen is not None else None,
            "candidates": [
                _candidate_json(c, check) for c in choice.candidates if c.authorization_id in check.shown
            ],
            "tie": choice.tie,
            "findings": [{**finding_json(finding), "row": row} for row, finding in check.findings],
            "checked": [name.value for name in check.checked],
            "unreadable": entered.unreadable,
            "before_request": _before_request(check) if "page" in sent else None,
            "checked_at": now.isoformat(),
        }
    )


def to_service(stated: Mapping[str, Any]) -> facts.Service:
    """The facts of loaded `ServiceSchema` data."""
    rest: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in stated.items()
        if key not in _PATIENT_KEYS
    }
    return facts.Service(patient=facts.Patient(**{k: stated.get(k) for k in _PATIENT_KEYS}), **rest)


@dataclass(frozen=True, slots=True)
class Entered:
    """What a page says: its service, the form's further rows, and the fields that could not be read."""

    service: facts.Service
    rows: Mapping[int, facts.Service]
    unreadable: list[dict[str, Any]]


def from_page(slug: str, page: Mapping[str, Any]) -> Entered:
    """A portal's page as services, one for each row of the form that says anything.

    The profile on the server interprets it. A field whose value does not fit is reported, never guessed and
    never compared. Raises Problem `not_found` (404) for an unknown portal.
    """
    stated = page_service(profiles.load(slug), page)
    unreadable = [
        {"field": problem["field"], "message": problem["message"], "row": problem["row"]}
        for problem in stated.pop("problems", ())
    ]
    others = stated.pop("lines", ())
    loaded = _readable(stated, None, unreadable)
    shared = {key: value for key, value in loaded.items() if key not in _OF_A_ROW}
    rows = {
        row["row"]: to_service(
            {**shared, **_readable({k: v for k, v in row.items() if k != "row"}, row["row"], unreadable)}
        )
        for row in others
    }
    return Entered(to_service(loaded), rows, unreadable)


def _readable(stated: dict[str, Any], row: int | None, unreadable: list[dict[str, Any]]) -> dict[str, Any]:
    """What of it fits `ServiceSchema`, loaded; the rest goes to `unreadable`."""
    try:
        return dict(_SERVICE.load(stated))
    except ValidationError as error:
        wrong = sorted({re.split(r"[.\[]", problem.field)[0] for problem in field_problems(error.messages)})
        unreadable += [{"field": _ON_PAGE.get(key, key), "message": _UNREADABLE, "row": row} for key in wrong]
        return dict(_SERVICE.load({key: value for key, value in stated.items() if key not in wrong}))


def label(authorization: facts.Authorization) -> str:
    """An authorization in a few words that name no patient: its number, first code, determination, dates."""
    parts = [number.value for number in authorization.reference_numbers[:1]]
    parts += [line.code for line in authorization.lines[:1] if line.code]
    parts.append(authorization.determination.value.replace("_", " "))
    if authorization.effective or authorization.expiry:
        parts.append(f"{authorization.effective or '?'} to {authorization.expiry or '?'}")
    return " · ".join(parts)


def _before_request(check: ServiceCheck) -> dict[str, Any]:
    standing = []
    for number in check.standing:
        authorization = check.authorizations[number]
        standing.append(
            {
                "authorization_id": int(number),
                "determination": authorization.determination.value,
                "read_at": authorization.read_at.isoformat() if authorization.read_at else None,
                "label": label(authorization),
            }
        )
    return {"required": "unknown", "standing": standing}


def _candidate_json(candidate: Candidate, check: ServiceCheck) -> dict[str, Any]:
    return {
        "authorization_id": int(candidate.authorization_id),
        "line": candidate.line,
        "score": candidate.score,
        "reasons": list(candidate.reasons),
        "label": label(check.authorizations[candidate.authorization_id]),
    }


_SERVICE = ServiceSchema()
