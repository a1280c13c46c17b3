"""What of an authorization goes into the empty fields of a request form that a person has open.

Nothing is sent anywhere: the extension types it, one field after the other, when the person asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal_profiles.interpret import page_service
from portal_profiles.profile import FieldSpec, PageKind, Profile
from portal_profiles.values import Words
from portal_profiles.vocabulary import Component, FieldName, LevelOfCare, NumberKind, Unit
from portal_profiles.writing import fields_to_fill, texts_for
from server.db import queries
from server.db.tables import Authorization, AuthorizationLine
from server.errors import Problem
from server.matching.compare import identifier_key, name_key
from server.security import audit


@dataclass(frozen=True, slots=True)
class FillStep:
    """One empty field: where it stands (as the reader's `locateField` names it), which element of an
    authorization it is, and the texts that mean its value there, the likeliest first.
    """

    where: str
    field: FieldName
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An empty field that a person fills. why: unknown, several, not_here, no_row, cannot_write."""

    where: str
    field: FieldName
    why: str


@dataclass(frozen=True, slots=True)
class Filling:
    """steps in the order of the form; left: the empty fields that stay the person's."""

    steps: tuple[FillStep, ...]
    left: tuple[LeftOut, ...]


def fill_form(
    session: Session,
    profile: Profile,
    page: Mapping[str, Any],
    authorization_id: int,
    actor: str,
    now: datetime,
) -> Filling:
    """What to type, in a write session. page: the reader's PageText of the form as it stands.

    A field that holds anything is never part of it. Raises Problem `not_found` (404), `no_form` (422) for a
    page that is none, `another_patient` (409) where the form already names somebody else.
    """
    authorization = queries.authorization(session, authorization_id)
    if authorization is None:
        raise Problem("not_found", "There is no such authorization.", 404)
    spec = profile.pages.get(page.get("page") or "")
    if spec is None or spec.kind is not PageKind.REQUEST_FORM:
        raise Problem("no_form", "This page is no request form that the profile knows.", 422)
    stated = page_service(profile, page)
    if _names_another(stated, authorization):
        raise Problem(
            "another_patient",
            "The form already names another patient than the authorization. Nothing was filled in.",
            409,
        )
    words = profile.words_on(spec)
    steps: list[FillStep] = []
    left: list[LeftOut] = []
    lines = _lines_by_row(profile, page, authorization)
    for where, field, row, text in fields_to_fill(profile, page):
        name = field.field
        if name is None or text:
            continue
        line = lines.get(row if row is not None else 0)
        if text is None:
            if row is None and _value(name, authorization, line) not in (None, ()):
                left.append(LeftOut(where, name, "not_here"))
            continue
        _one(where, field, name, _value(name, authorization, line), words, steps, left)
    rows = {row for _, _, row, _ in fields_to_fill(profile, page) if row is not None}
    without_row = len(authorization.lines) - max(1, len(rows))
    for number in range(without_row):
        at = len(authorization.lines) - without_row + number
        left.append(LeftOut(f"lines[{at}]", FieldName.PROCEDURE_CODE, "no_row"))
    audit.record(
        session,
        actor,
        "form.filled",
        f"authorization:{authorization_id}",
        {"portal": profile.slug, "page": spec.name, "fields": [step.where for step in steps]},
        now=now,
    )
    return Filling(tuple(steps), tuple(left))


def _one(
    where: str,
    spec: FieldSpec,
    name: FieldName,
    value: Any,
    words: Words,
    steps: list[FillStep],
    left: list[LeftOut],
) -> None:
    if value is _SEVERAL:
        left.append(LeftOut(where, name, "several"))
    elif value in (None, ()):
        left.append(LeftOut(where, name, "unknown"))
    elif texts := texts_for(spec, value, words):
        steps.append(FillStep(where, name, texts))
    else:
        left.append(LeftOut(where, name, "cannot_write"))


def _names_another(stated: Mapping[str, Any], authorization: Authorization) -> bool:
    """Whether anything that the form says of its patient differs from the record's."""
    pairs = (
        (identifier_key(stated.get("member_id")), authorization.member_key),
        (
            stated.get("birth_date"),
            authorization.birth_date.isoformat() if authorization.birth_date else None,
        ),
        (name_key(stated.get("last_name")), name_key(authorization.last_name)),
        (name_key(stated.get("first_name")), name_key(authorization.first_name)),
    )
    return any(typed and known and typed != known for typed, known in pairs)


def _lines_by_row(
    profile: Profile, page: Mapping[str, Any], authorization: Authorization
) -> dict[int, AuthorizationLine]:
    """Row of the form -> the line that goes there: the one whose code stands in it, else the next that is
    left.
    """
    codes: dict[int, str] = {}
    for _, field, row, text in fields_to_fill(profile, page):
        if field.field is FieldName.PROCEDURE_CODE:
            codes[row or 0] = identifier_key(text or "")
    left = list(authorization.lines)
    found: dict[int, AuthorizationLine] = {}
    for row, code in codes.items():
        own = next(
            (line for line in left if code and code in (_key(line.code), _key(line.requested_code))), None
        )
        if own is not None:
            left.remove(own)
            found[row] = own
    for row, code in codes.items():
        if not code and left:
            found[row] = left.pop(0)
    if not codes and left:
        found[0] = left[0]
    return found


def _key(code: str | None) -> str | None:
    return identifier_key(code) if code else None


#: More than one is approved, so a person chooses.
_SEVERAL = object()


def _value(name: FieldName, a: Authorization, line: AuthorizationLine | None) -> Any:
    """What the record says of one element, as `texts_for` takes it; None where it says nothing."""
    match name:
        case FieldName.PAYER:
            return a.payer_name
        case FieldName.PLAN:
            return a.plan
        case FieldName.MEMBER_ID:
            return a.member_id
        case FieldName.PATIENT_NAME:
            return f"{a.last_name}, {a.first_name}" if a.last_name and a.first_name else None
        case FieldName.PATIENT_LAST_NAME:
            return a.last_name
        case FieldName.PATIENT_FIRST_NAME:
            return a.first_name
        case FieldName.BIRTH_DATE:
            return a.birth_date
        case FieldName.DIAGNOSES:
            return tuple(a.diagnoses)
        case FieldName.REQUESTING_NPI:
            return a.requesting_npi
        case FieldName.RENDERING_NPI:
            npis = (line.rendering_npis if line is not None else None) or a.rendering_npis
            return _SEVERAL if len(npis) > 1 else npis[0] if npis else None
        case FieldName.BILLING_NPI:
            return a.billing_npi
        case FieldName.FACILITY_NPI:
            return a.facility_npi
        case FieldName.PLACE_OF_SERVICE:
            return a.place_of_service
        case FieldName.LEVEL_OF_CARE:
            return LevelOfCare(a.level_of_care) if a.level_of_care else None
        case FieldName.SERVICE_FROM:
            return a.service_date or (line.effective if line is not None else None) or a.effective
        case FieldName.SERVICE_TO:
            return a.service_date or (line.expiry if line is not None else None) or a.expiry
        case FieldName.REFERENCE_NUMBER | FieldName.REFERRAL_NUMBER:
            kind = NumberKind.REFERRAL if name is FieldName.REFERRAL_NUMBER else NumberKind.AUTHORIZATION
            values = [number.value for number in a.reference_numbers if number.kind == kind.value]
            return _SEVERAL if len(values) > 1 else values[0] if values else None
    return _value_of_line(name, line) if line is not None else None


def _value_of_line(name: FieldName, line: AuthorizationLine) -> Any:
    match name:
        case FieldName.PROCEDURE_CODE:
            return _SEVERAL if line.code_end else line.code or line.requested_code
        case FieldName.MODIFIERS:
            return tuple(line.modifiers)
        case FieldName.COMPONENT:
            return Component(line.component) if line.component else None
        case FieldName.QUANTITY:
            return line.quantity if line.quantity is not None else line.requested_quantity
        case FieldName.UNIT:
            return Unit(line.unit) if line.unit else None
    return None
