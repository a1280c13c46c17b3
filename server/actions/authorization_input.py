"""What a person, a script or a file says of one authorization, and whether it may come in.

Refused (an error that names the field and what to do): a word, date, number or text that its field can't
hold; an authorization without a payer or without a patient to find it by; a code, modifier, diagnosis or
place of service of an impossible shape; an NPI that is not ten digits; dates out of order.

Only warned about (kept as it is) where the caller says so: an NPI of ten digits whose check digit or first
digit is wrong. Payers' own lists carry such numbers (domain facts, section 5), so an import keeps them, while
a person who types one is stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import String

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
from server.db import tables
from server.errors import FieldProblem, Problem
from server.matching import formats
from server.matching.compare import code_key, code_kind, identifier_key
from server.matching.facts import Patient, Rate
from server.matching.formats import FormatProblem

Word = TypeVar("Word", bound=StrEnum)

PERIODS = ("day", "week", "month")
OLDEST_BIRTH_YEAR = 1880
LARGEST_QUANTITY = Decimal(999_999)


@dataclass(frozen=True, slots=True)
class LineInput:
    """One procedure: see `server.db.tables.AuthorizationLine`."""

    number: int
    code: str | None = None
    code_end: str | None = None
    service_type: str | None = None
    modifiers: tuple[str, ...] = ()
    component: Component | None = None
    quantity: Decimal | None = None
    unit: Unit | None = None
    rate: Rate | None = None
    used: Decimal | None = None
    determination: Determination | None = None
    effective: date | None = None
    expiry: date | None = None
    rendering_npis: tuple[str, ...] = ()
    requested_code: str | None = None
    requested_quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NumberInput:
    """One number as issued."""

    value: str
    kind: NumberKind = NumberKind.AUTHORIZATION
    issuer: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationInput:
    """All that can be written of one authorization: see `server.db.tables.Authorization`."""

    determination: Determination
    payer_id: str | None = None
    payer_name: str | None = None
    plan: str | None = None
    portal: str | None = None
    patient: Patient = field(default_factory=Patient)
    type: AuthorizationType = AuthorizationType.PRIOR
    certification_kind: CertificationKind | None = None
    requested_by: RequestMethod | None = None
    determination_text: str | None = None
    lines: tuple[LineInput, ...] = ()
    diagnoses: tuple[str, ...] = ()
    requesting_npi: str | None = None
    rendering_npis: tuple[str, ...] = ()
    billing_npi: str | None = None
    facility_npi: str | None = None
    place_of_service: str | None = None
    level_of_care: LevelOfCare | None = None
    requested: date | None = None
    decided: date | None = None
    effective: date | None = None
    expiry: date | None = None
    service_date: date | None = None
    reference_numbers: tuple[NumberInput, ...] = ()
    notes: str | None = None


def authorization_input(plain: Mapping[str, Any]) -> AuthorizationInput:
    """An authorization from plain JSON with the keys of the API (a value that has its type already stays as
    it is).

    Raises Problem `invalid` (422) that names every field that can't be read. Shapes of codes and the order of
    dates are judged by `check` when it is saved.
    """
    reader = _Reader()
    data = reader.authorization(plain)
    if data is None or reader.problems:
        raise Problem("invalid", "The authorization was not accepted.", 422, tuple(reader.problems))
    return data


class _Reader:
    """Collects what can't be read, field by field, instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def authorization(self, plain: Mapping[str, Any]) -> AuthorizationInput | None:
        self._known_only(plain, AuthorizationInput, "")
        determination = self._word(plain, "determination", Determination)
        if determination is None and not any(p.field == "determination" for p in self.problems):
            self._refuse("determination", "It is missing.", f"Give one of: {', '.join(Determination)}.")
        patient = self._part(plain, "patient", Patient)
        lines = [self._line(part, f"lines[{i}]", i + 1) for i, part in enumerate(self._parts(plain, "lines"))]
        numbers = [
            self._number(part, f"reference_numbers[{i}]")
            for i, part in enumerate(self._parts(plain, "reference_numbers"))
        ]
        read: dict[str, Any] = {
            "patient": Patient(
                self._text(patient, "member_id", "patient."),
                self._text(patient, "last_name", "patient."),
                self._text(patient, "first_name", "patient."),
                self._date(patient, "birth_date", "patient."),
            ),
            "type": self._word(plain, "type", AuthorizationType) or AuthorizationType.PRIOR,
            "certification_kind": self._word(plain, "certification_kind", CertificationKind),
            "requested_by": self._word(plain, "requested_by", RequestMethod),
            "level_of_care": self._word(plain, "level_of_care", LevelOfCare),
            "diagnoses": self._texts(plain, "diagnoses"),
            "rendering_npis": self._texts(plain, "rendering_npis"),
            "lines": tuple(lines),
            "reference_numbers": tuple(number for number in numbers if number is not None),
        }
        for name in ("requested", "decided", "effective", "expiry", "service_date"):
            read[name] = self._date(plain, name)
        for name in (
            "payer_id", "payer_name", "plan", "portal", "determination_text", "requesting_npi", "billing_npi",
            "facility_npi", "place_of_service", "notes",
        ):  # fmt: skip
            read[name] = self._text(plain, name)
        return None if determination is None else AuthorizationInput(determination, **read)

    def _line(self, plain: Mapping[str, Any], where: str, position: int) -> LineInput:
        self._known_only(plain, LineInput, f"{where}.")
        at = f"{where}."
        rate = self._part(plain, "rate", Rate, at)
        rate_quantity = self._quantity(rate, "quantity", f"{at}rate.")
        if rate and (rate_quantity is None or rate.get("per") not in PERIODS):
            self._refuse(
                f"{at}rate", "A rate needs a quantity and a period.", "Give per as day, week or month."
            )
        return LineInput(
            number=self._whole(plain, "number", at) or position,
            code=self._text(plain, "code", at),
            code_end=self._text(plain, "code_end", at),
            service_type=self._text(plain, "service_type", at),
            modifiers=self._texts(plain, "modifiers", at),
            component=self._word(plain, "component", Component, at),
            quantity=self._quantity(plain, "quantity", at),
            unit=self._word(plain, "unit", Unit, at),
            rate=Rate(rate_quantity, str(rate.get("per")), self._whole(rate, "periods", f"{at}rate."))
            if rate_quantity is not None
            else None,
            used=self._quantity(plain, "used", at),
            determination=self._word(plain, "determination", Determination, at),
            effective=self._date(plain, "effective", at),
            expiry=self._date(plain, "expiry", at),
            rendering_npis=self._texts(plain, "rendering_npis", at),
            requested_code=self._text(plain, "requested_code", at),
            requested_quantity=self._quantity(plain, "requested_quantity", at),
        )

    def _number(self, plain: Mapping[str, Any], where: str) -> NumberInput | None:
        self._known_only(plain, NumberInput, f"{where}.")
        at = f"{where}."
        value = self._text(plain, "value", at)
        kind = self._word(plain, "kind", NumberKind, at) or NumberKind.AUTHORIZATION
        if value is None:
            self._refuse(f"{at}value", "It is missing.", "Give the number as issued, or leave the entry out.")
            return None
        return NumberInput(value, kind, self._text(plain, "issuer", at), self._text(plain, "label", at))

    def _refuse(self, name: str, message: str, remedy: str) -> None:
        self.problems.append(FieldProblem(name, message, remedy))

    def _known_only(self, plain: Mapping[str, Any], shape: type[Any], at: str) -> None:
        for name in plain.keys() - {f.name for f in fields(shape)}:
            self._refuse(f"{at}{name}"[:80], "There is no such field.", "Leave it out, or correct its name.")

    def _part(self, plain: Mapping[str, Any], name: str, shape: type[Any], at: str = "") -> Mapping[str, Any]:
        part = plain.get(name)
        if part is None:
            return {}
        if isinstance(part, shape):
            return {f.name: getattr(part, f.name) for f in fields(shape)}
        if not isinstance(part, Mapping):
            self._refuse(f"{at}{name}", "It is not an object.", "Give an object with named values.")
            return {}
        self._known_only(part, shape, f"{at}{name}.")
        return part

    def _parts(self, plain: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        given = plain.get(name) or []
        if (
            isinstance(given, str)
            or not isinstance(given, Sequence)
            or any(not isinstance(p, Mapping) for p in given)
        ):
            self._refuse(name, "It is not a list of objects.", "Give a list, empty where there is nothing.")
            return []
        return list(given)

    def _text(self, plain: Mapping[str, Any], name: str, at: str = "") -> str | None:
        value = plain.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._refuse(f"{at}{name}", "It is not text.", "Give it in quotation marks.")
            return None
        return value.strip() or None

    def _texts(self, plain: Mapping[str, Any], name: str, at: str = "") -> tuple[str, ...]:
        given = plain.get(name) or ()
        if (
            isinstance(given, str)
            or not isinstance(given, Sequence)
            or any(not isinstance(t, str) for t in given)
        ):
            self._refuse(
                f"{at}{name}", "It is not a list of texts.", "Give a list, empty where there is nothing."
            )
            return ()
        return tuple(text.strip() for text in given if text.strip())

    def _word(self, plain: Mapping[str, Any], name: str, words: type[Word], at: str = "") -> Word | None:
        value = plain.get(name)
        if value is None or value == "":
            return None
        try:
            return words(value)
        except ValueError:
            self._refuse(
                f"{at}{name}", "It is not a word of this field.", f"Give one of: {', '.join(words)}."
            )
            return None

    def _date(self, plain: Mapping[str, Any], name: str, at: str = "") -> date | None:
        value = plain.get(name)
        if value is None or value == "" or (isinstance(value, date) and not isinstance(value, datetime)):
            return value or None
        try:
            if not isinstance(value, str) or len(value) != 10:
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self._refuse(f"{at}{name}", "It is not a calendar date.", "Give YYYY-MM-DD.")
            return None

    def _quantity(self, plain: Mapping[str, Any], name: str, at: str = "") -> Decimal | None:
        value = plain.get(name)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
                raise InvalidOperation
            number = Decimal(str(value))
            if not number.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            self._refuse(f"{at}{name}", "It is not a number.", "Give digits, with a point for decimals.")
            return None
        return number

    def _whole(self, plain: Mapping[str, Any], name: str, at: str) -> int | None:
        value = plain.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 9999:
            self._refuse(f"{at}{name}", "It is not a whole number from 1 on.", "Correct it, or leave it out.")
            return None
        return value


@dataclass(frozen=True, slots=True)
class Checked:
    """errors: why it may not come in. warnings: what is kept although it looks wrong."""

    errors: tuple[FieldProblem, ...]
    warnings: tuple[FieldProblem, ...]


def check(
    data: AuthorizationInput, today: date, row: int | None = None, *, forgiven: frozenset[str] | None = None
) -> Checked:
    """Judges shapes, lengths, order of dates and completeness. row: of the imported file, for its messages.

    An NPI of ten digits that is not valid is an error, but for those in `forgiven`, where it is a warning;
    None forgives all.
    """
    errors: list[FieldProblem] = []
    warnings: list[FieldProblem] = []
    for name, problem, only_warn in _findings(data, today, forgiven):
        (warnings if only_warn else errors).append(FieldProblem(name, problem.message, problem.remedy, row))
    return Checked(tuple(errors), tuple(warnings))


def _findings(
    data: AuthorizationInput, today: date, forgiven: frozenset[str] | None
) -> Iterator[tuple[str, FormatProblem, bool]]:
    yield from _complete(data)
    yield from _too_long(data)
    for name in ("requesting_npi", "billing_npi", "facility_npi"):
        yield from _npi(name, getattr(data, name), forgiven)
    for npi in data.rendering_npis:
        yield from _npi("rendering_npis", npi, forgiven)
    for diagnosis in data.diagnoses:
        yield from _shape("diagnoses", diagnosis, _diagnosis_problem)
    if data.place_of_service:
        yield from _shape("place_of_service", data.place_of_service, _place_problem)
    yield from _dates_in_order(data, today)
    seen: set[int] = set()
    for index, line in enumerate(data.lines):
        yield from _line_findings(line, f"lines[{index}].", forgiven)
        if line.number in seen:
            yield (
                f"lines[{index}].number",
                FormatProblem("Two lines have this number.", "Number them apart."),
                False,
            )
        seen.add(line.number)


def _line_findings(
    line: LineInput, at: str, forgiven: frozenset[str] | None
) -> Iterator[tuple[str, FormatProblem, bool]]:
    for name in ("code", "code_end", "requested_code"):
        code = getattr(line, name)
        if _unfit(code, _LINE_COLUMNS[name]):
            yield f"{at}{name}", _TOO_LONG, False
        elif code:
            yield from _shape(f"{at}{name}", code, _code_problem)
    for modifier in line.modifiers:
        yield from _shape(f"{at}modifiers", modifier, _modifier_problem)
    for npi in line.rendering_npis:
        yield from _npi(f"{at}rendering_npis", npi, forgiven)
    for name in ("quantity", "used", "requested_quantity"):
        yield from _quantity_findings(f"{at}{name}", getattr(line, name))
    if line.rate is not None:
        yield from _quantity_findings(f"{at}rate", line.rate.quantity)
        if line.rate.per not in PERIODS:
            yield (
                f"{at}rate",
                FormatProblem("A rate needs a period.", "Give per as day, week or month."),
                False,
            )
    if line.effective and line.expiry and line.expiry < line.effective:
        yield (
            f"{at}expiry",
            FormatProblem("It lies before the line's effective date.", "Correct one of them."),
            False,
        )


def _complete(data: AuthorizationInput) -> Iterator[tuple[str, FormatProblem, bool]]:
    if not (data.payer_id or data.payer_name):
        yield "payer", FormatProblem("The payer is missing.", "Give the payer's id or name."), False
    if not data.patient.member_id and not (data.patient.last_name and data.patient.birth_date):
        remedy = "Give the member ID, or the last name and the birth date."
        yield "patient", FormatProblem("The patient can't be found by what is given.", remedy), False


def _dates_in_order(data: AuthorizationInput, today: date) -> Iterator[tuple[str, FormatProblem, bool]]:
    if data.effective and data.expiry and data.expiry < data.effective:
        yield (
            "expiry",
            FormatProblem("It lies before the effective date.", "Correct one of the two dates."),
            False,
        )
    if data.requested and data.decided and data.decided < data.requested:
        yield (
            "decided",
            FormatProblem("It lies before the date of the request.", "Correct one of them."),
            False,
        )
    born = data.patient.birth_date
    if born and (born > today or born.year < OLDEST_BIRTH_YEAR):
        yield (
            "patient.birth_date",
            FormatProblem("Nobody alive was born then.", "Correct the birth date."),
            False,
        )


def _quantity_findings(name: str, value: Decimal | None) -> Iterator[tuple[str, FormatProblem, bool]]:
    if value is None:
        return
    exponent = value.as_tuple().exponent
    if value < 0 or value > LARGEST_QUANTITY or not isinstance(exponent, int) or exponent < -3:
        yield (
            name,
            FormatProblem("It is not a possible quantity.", "Give 0 or more, at most three decimals."),
            False,
        )


_TEXT_COLUMNS = {
    column.name: column.type.length
    for column in tables.table_of(tables.Authorization).columns
    if isinstance(column.type, String) and column.type.length
}
_LINE_COLUMNS = {
    column.name: column.type.length
    for column in tables.table_of(tables.AuthorizationLine).columns
    if isinstance(column.type, String) and column.type.length
}
_TOO_LONG = FormatProblem("It is too long, or holds characters that can't be kept.", "Shorten or retype it.")


def _too_long(data: AuthorizationInput) -> Iterator[tuple[str, FormatProblem, bool]]:
    for name in ("payer_id", "payer_name", "plan", "portal", "determination_text"):
        if _unfit(getattr(data, name), _TEXT_COLUMNS[name]):
            yield name, _TOO_LONG, False
    for name in ("member_id", "last_name", "first_name"):
        if _unfit(getattr(data.patient, name), _TEXT_COLUMNS[name]):
            yield f"patient.{name}", _TOO_LONG, False
    if _unfit(data.notes, 4000):
        yield "notes", _TOO_LONG, False
    for number in data.reference_numbers:
        if _unfit(number.value, 80) or _unfit(number.issuer, 120) or _unfit(number.label, 120):
            yield "reference_numbers", _TOO_LONG, False
        elif not identifier_key(number.value):
            yield (
                "reference_numbers",
                FormatProblem("It has no letter or digit.", "Give the number issued."),
                False,
            )
    for index, line in enumerate(data.lines):
        if _unfit(line.service_type, _LINE_COLUMNS["service_type"]):
            yield f"lines[{index}].service_type", _TOO_LONG, False


def _unfit(text: str | None, longest: int) -> bool:
    return text is not None and (len(text) > longest or "\x00" in text)


def _npi(
    name: str, npi: str | None, forgiven: frozenset[str] | None
) -> Iterator[tuple[str, FormatProblem, bool]]:
    if npi and (problem := _npi_problem(npi)):
        digits = identifier_key(npi)
        ten_digits = len(digits) == 10 and digits.isascii() and digits.isdigit()
        yield name, problem, ten_digits and (forgiven is None or digits in forgiven)


def _shape(
    name: str, text: str, problem_of: Callable[[str], FormatProblem | None]
) -> Iterator[tuple[str, FormatProblem, bool]]:
    if problem := problem_of(text):
        yield name, problem, False


# The same few codes and NPIs come again and again in a file of 100,000 rows: each is judged once.
_npi_problem = lru_cache(4096)(formats.npi_problem)
_diagnosis_problem = lru_cache(4096)(formats.diagnosis_problem)
_modifier_problem = lru_cache(1024)(formats.modifier_problem)
_place_problem = lru_cache(256)(formats.place_of_service_problem)


@lru_cache(4096)
def _code_problem(text: str) -> FormatProblem | None:
    """A procedure code of the kind that its length says: CPT/HCPCS, revenue code, NDC or ICD-10-PCS."""
    problem_of = {
        "revenue": formats.revenue_code_problem,
        "ndc": formats.ndc_problem,
        "inpatient": formats.inpatient_procedure_problem,
    }.get(code_kind(code_key(text)), formats.procedure_code_problem)
    return problem_of(text)
