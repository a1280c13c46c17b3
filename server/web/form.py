"""What a person typed into the dashboard's forms, as the plain values that actions take, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from portal_profiles.vocabulary import LevelOfCare, NumberKind, Unit
from server.actions.authorization_input import AuthorizationInput, authorization_input
from server.db.tables import Authorization, AuthorizationLine
from server.errors import FieldProblem, Problem
from server.matching import facts
from server.web.words import figure

_TEXTS = (
    "payer_id", "payer_name", "plan", "portal", "type", "certification_kind", "requested_by", "determination",
    "requesting_npi", "billing_npi", "facility_npi", "place_of_service", "level_of_care", "requested",
    "decided", "effective", "expiry", "service_date", "notes",
)  # fmt: skip
_PATIENT = ("member_id", "last_name", "first_name", "birth_date")


def read_date(text: str) -> date | None:
    """An ISO date as browsers send it; None when empty. Raises Problem `invalid` (422)."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise _invalid("date", "This is not a date.", "Pick one, or leave the field empty.") from None


def read_time(text: str, zone: ZoneInfo) -> datetime | None:
    """A day and time on the clinic's wall, as browsers send it; None when empty. Raises Problem `invalid`
    (422).
    """
    if not text.strip():
        return None
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _invalid("at", "This is no day and time.", "Pick one, or leave the field empty.") from None
    return said.replace(tzinfo=zone)


def version(form: Mapping[str, str]) -> int:
    """The version that the form was filled from. Raises Problem `invalid` (422)."""
    text = form.get("version", "")
    if not text.isdigit():
        raise _invalid("version", "The form is out of date.", "Open it again.")
    return int(text)


def authorization(form: Mapping[str, str], row: Authorization | None = None) -> AuthorizationInput:
    """The authorization that the form states.

    row: what is kept now; its lines and numbers that the form does not speak of stay as they are.
    Raises Problem `invalid` (422) naming each field.
    """
    plain: dict[str, Any] = {key: form.get(key, "").strip() or None for key in _TEXTS}
    plain["patient"] = {key: form.get(key, "").strip() or None for key in _PATIENT}
    plain["diagnoses"] = _several(form, "diagnoses")
    plain["rendering_npis"] = _several(form, "rendering_npi")
    plain["lines"] = _lines(form, row)
    plain["reference_numbers"] = _numbers(form, row)
    if row is not None and plain["determination"] == row.determination:
        plain["determination_text"] = row.determination_text
    return authorization_input(plain)


def _lines(form: Mapping[str, str], row: Authorization | None) -> list[dict[str, Any]]:
    kept = {line.code: line for line in row.lines} if row is not None else {}
    lines = []
    codes: list[str | None] = [*_several(form, "procedure_code")]
    if not codes and row is not None:
        codes = [line.code for line in row.lines if line.code is None]
    for position, code in enumerate(codes, start=1):
        line: dict[str, Any] = _line_plain(kept[code]) if code in kept else {"code": code}
        line["number"] = position
        if position == 1:
            line["modifiers"] = _several(form, "modifiers")
            line["quantity"] = form.get("quantity", "").strip() or None
            line["unit"] = form.get("unit", "") or None
        lines.append(line)
    return lines


def _line_plain(line: AuthorizationLine) -> dict[str, Any]:
    rate = None
    if line.rate_quantity is not None:
        rate = {"quantity": line.rate_quantity, "per": line.rate_per, "periods": line.rate_periods}
    same = (
        "code", "code_end", "service_type", "modifiers", "component", "quantity", "unit", "used",
        "determination", "effective", "expiry", "rendering_npis", "requested_code", "requested_quantity",
    )  # fmt: skip
    return {**{key: getattr(line, key) for key in same}, "rate": rate}


def _numbers(form: Mapping[str, str], row: Authorization | None) -> list[dict[str, Any]]:
    typed = form.get("reference_number", "").strip()
    kept = [
        {"value": n.value, "kind": n.kind, "issuer": n.issuer, "label": n.label}
        for n in (row.reference_numbers if row is not None else ())
    ]
    ours = [n for n in kept if n["kind"] == NumberKind.AUTHORIZATION.value]
    if typed and typed not in [n["value"] for n in ours]:
        kept = [n for n in kept if n not in ours[:1]]
        kept.append({"value": typed, "kind": NumberKind.AUTHORIZATION.value, "issuer": None, "label": None})
    return kept


def values_of(row: Authorization) -> dict[str, Any]:
    """What the form shows of a kept authorization."""
    first = row.lines[0] if row.lines else None
    ours = [n.value for n in row.reference_numbers if n.kind == NumberKind.AUTHORIZATION.value]
    return {
        **{key: getattr(row, key) for key in (*_TEXTS, *_PATIENT)},
        "version": row.version,
        "reference_number": ours[0] if ours else "",
        "procedure_code": " ".join(line.code for line in row.lines if line.code),
        "modifiers": " ".join(first.modifiers) if first else "",
        "quantity": figure(first.quantity) if first and first.quantity is not None else "",
        "unit": first.unit if first else "",
        "diagnoses": " ".join(row.diagnoses),
        "rendering_npi": " ".join(row.rendering_npis),
    }


def wrong(problem: Problem) -> dict[str, str]:
    """field of the form -> what is wrong and what to do; a problem of no one field stands under "form"."""
    said: dict[str, str] = {}
    for field in problem.fields:
        name = field.field.split(".")[-1].split("[")[0]
        name = {"code": "procedure_code", "rendering_npis": "rendering_npi", "value": "reference_number"}.get(
            name, name
        )
        said.setdefault(name, f"{field.message} {field.remedy}".strip())
    return said or {"form": problem.message}


def service(form: Mapping[str, str], patient: facts.Patient, payer_id: str | None) -> facts.Service:
    """The planned service that the form states, of this patient; what is empty is not known.

    Raises Problem `invalid` (422).
    """

    def text(key: str) -> str | None:
        return form.get(key, "").strip() or None

    quantity = text("quantity")
    try:
        amount = Decimal(quantity) if quantity is not None else None
    except InvalidOperation:
        raise _invalid("quantity", "This is not a number.", "Give digits, such as 12.") from None
    if amount is not None and not (amount.is_finite() and amount >= 0):
        raise _invalid("quantity", "This is not a possible quantity.", "Give 0 or more.")
    return facts.Service(
        payer_id=payer_id,
        patient=patient,
        reference_number=text("reference_number"),
        procedure_code=text("procedure_code"),
        modifiers=tuple(_several(form, "modifiers")),
        quantity=amount,
        unit=Unit(form["unit"]) if form.get("unit") in list(Unit) else None,
        diagnoses=tuple(_several(form, "diagnoses")),
        rendering_npi=text("rendering_npi"),
        billing_npi=text("billing_npi"),
        facility_npi=text("facility_npi"),
        place_of_service=text("place_of_service"),
        level_of_care=LevelOfCare(form["level_of_care"])
        if form.get("level_of_care") in list(LevelOfCare)
        else None,
        date_from=read_date(form.get("date_from", "")),
        date_to=read_date(form.get("date_to", "")),
    )


def _several(form: Mapping[str, str], key: str) -> list[str]:
    return form.get(key, "").replace(",", " ").split()


def _invalid(field: str, message: str, remedy: str) -> Problem:
    return Problem("invalid", "That was not taken.", 422, (FieldProblem(field, message, remedy),))
