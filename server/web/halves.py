"""The two halves of one authorization as rows for the page: approved, the notch between, entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal_profiles.vocabulary import FieldName, NumberKind
from server.db.tables import Authorization, AuthorizationLine, CheckRecord
from server.web.words import day, figure, label, words

#: Severity of a finding on the row's field -> tone of the notch, its sign, and the word a screen reader says.
NOTCHES = {
    "denial": ("bad", "✕", "does not match"),
    "caution": ("warn", "▲", "check this"),
    "allowed": ("good", "✓", "allowed by the payer's rule"),
}
MATCHES = ("good", "✓", "matches")
NOT_COMPARED = ("", "○", "not compared")


@dataclass(frozen=True, slots=True)
class HalfRow:
    """One field: what each half says, and how the two stand to each other."""

    label: str
    approved: str
    entered: str
    tone: str
    sign: str
    word: str


def rows(authorization: Authorization, check: CheckRecord | None) -> list[HalfRow]:
    """Every field that either half states. check: the service it was last compared with, if any."""
    service: Mapping[str, Any] = check.service if check is not None else {}
    worst = _worst(check.findings if check is not None else [])
    line = _line(authorization, service)
    shown = []
    for field, approved, entered in _fields(authorization, line, service):
        if not approved and not entered:
            continue
        if field.value in worst:
            tone, sign, word = NOTCHES[worst[field.value]]
        elif approved and entered and check is not None:
            tone, sign, word = MATCHES
        else:
            tone, sign, word = NOT_COMPARED
        shown.append(HalfRow(label(field.value), approved, entered, tone, sign, word))
    return shown


def _worst(findings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    order = ("allowed", "caution", "denial")
    worst: dict[str, str] = {}
    for finding in findings:
        field, severity = finding["field"], finding["severity"]
        if field not in worst or order.index(severity) > order.index(worst[field]):
            worst[field] = severity
    return worst


def _line(authorization: Authorization, service: Mapping[str, Any]) -> AuthorizationLine | None:
    code = service.get("procedure_code")
    return next((line for line in authorization.lines if line.code == code), None) or next(
        iter(authorization.lines), None
    )


def _fields(
    a: Authorization, line: AuthorizationLine | None, service: Mapping[str, Any]
) -> list[tuple[FieldName, str, str]]:
    def entered(key: str) -> str:
        value = service.get(key)
        if value is None:
            return ""
        if isinstance(value, list):
            return " ".join(str(part) for part in value)
        if key.startswith("date_") or key in {"birth_date", "admission_date"}:
            return day(date.fromisoformat(str(value)))
        return str(value)

    numbers = {number.kind: number.value for number in a.reference_numbers}
    codes = " ".join(
        each.code + (f"–{each.code_end}" if each.code_end else "") for each in a.lines if each.code
    )
    window = f"{day(a.effective)} – {day(a.expiry)}" if a.effective or a.expiry else ""
    unit = f" {words(line.unit)}" if line is not None and line.unit else ""
    quantity = f"{figure(line.quantity)}{unit}" if line is not None and line.quantity is not None else ""
    said = entered("quantity") + (f" {words(service['unit'])}" if service.get("unit") else "")
    return [
        (FieldName.PAYER, a.payer_id or a.payer_name or "", entered("payer_id") or entered("payer_name")),
        (FieldName.PLAN, a.plan or "", entered("plan")),
        (FieldName.MEMBER_ID, a.member_id or "", entered("member_id")),
        (FieldName.PATIENT_LAST_NAME, a.last_name or "", entered("last_name")),
        (FieldName.PATIENT_FIRST_NAME, a.first_name or "", entered("first_name")),
        (FieldName.BIRTH_DATE, day(a.birth_date) if a.birth_date else "", entered("birth_date")),
        (
            FieldName.REFERENCE_NUMBER,
            numbers.get(NumberKind.AUTHORIZATION.value, ""),
            entered("reference_number"),
        ),
        (FieldName.REFERRAL_NUMBER, numbers.get(NumberKind.REFERRAL.value, ""), entered("referral_number")),
        (FieldName.PROCEDURE_CODE, codes, entered("procedure_code")),
        (FieldName.MODIFIERS, " ".join(line.modifiers) if line is not None else "", entered("modifiers")),
        (FieldName.COMPONENT, words(line.component) if line and line.component else "", entered("component")),
        (FieldName.QUANTITY, quantity, said.strip()),
        (FieldName.UNIT, "", ""),
        (FieldName.DIAGNOSES, " ".join(a.diagnoses), entered("diagnoses")),
        (FieldName.REQUESTING_NPI, a.requesting_npi or "", entered("requesting_npi")),
        (FieldName.RENDERING_NPI, " ".join(a.rendering_npis), entered("rendering_npi")),
        (FieldName.BILLING_NPI, a.billing_npi or "", entered("billing_npi")),
        (FieldName.FACILITY_NPI, a.facility_npi or "", entered("facility_npi")),
        (FieldName.PLACE_OF_SERVICE, a.place_of_service or "", entered("place_of_service")),
        (FieldName.LEVEL_OF_CARE, a.level_of_care or "", entered("level_of_care")),
        (FieldName.SERVICE_FROM, window, entered("date_from")),
        (FieldName.SERVICE_TO, window, entered("date_to")),
        (FieldName.ADMISSION_DATE, "", entered("admission_date")),
    ]
