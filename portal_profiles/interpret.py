"""A page's text -> a Reading, and a request form's text -> a service: what the profile declares, and no more.

Requested and approved values are kept apart, numbers keep their kinds, status words are matched whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from portal_profiles.identity import Identity, identifier_key, identify, same_name
from portal_profiles.profile import FieldSpec, PageKind, PageSpec, Profile, RowsSpec, Side, ValueKind
from portal_profiles.query import Query
from portal_profiles.reading import Reading, ReadLine, ReadNumber
from portal_profiles.values import PersonName, Quantity, Value, ValueProblem, Word, Words, read_value
from portal_profiles.vocabulary import PROVISIONAL, Component, Determination, FieldName, Unit

__all__ = ["Identity", "Reading", "identify", "interpret", "interpret_row", "match_rows", "page_service"]

#: Which attribute of a Reading each element is.
_ATTRIBUTE: Mapping[FieldName, str] = {
    FieldName.PAYER: "payer",
    FieldName.PLAN: "plan",
    FieldName.MEMBER_ID: "member_id",
    FieldName.PATIENT_LAST_NAME: "last_name",
    FieldName.PATIENT_FIRST_NAME: "first_name",
    FieldName.BIRTH_DATE: "birth_date",
    FieldName.AUTHORIZATION_TYPE: "authorization_type",
    FieldName.EFFECTIVE_DATE: "effective",
    FieldName.EXPIRY_DATE: "expiry",
    FieldName.REQUESTED_DATE: "requested",
    FieldName.DECIDED_DATE: "decided",
    FieldName.SERVICE_FROM: "service_from",
    FieldName.SERVICE_TO: "service_to",
    FieldName.ADMISSION_DATE: "admission",
    FieldName.REQUESTING_NPI: "requesting_npi",
    FieldName.RENDERING_NPI: "rendering_npi",
    FieldName.BILLING_NPI: "billing_npi",
    FieldName.FACILITY_NPI: "facility_npi",
    FieldName.PLACE_OF_SERVICE: "place_of_service",
    FieldName.LEVEL_OF_CARE: "level_of_care",
}

#: Which key of a service each element of a request form is.
_SERVICE_KEY: Mapping[FieldName, str] = {
    FieldName.PAYER: "payer_name",
    FieldName.PLAN: "plan",
    FieldName.MEMBER_ID: "member_id",
    FieldName.PATIENT_LAST_NAME: "last_name",
    FieldName.PATIENT_FIRST_NAME: "first_name",
    FieldName.BIRTH_DATE: "birth_date",
    FieldName.REFERENCE_NUMBER: "reference_number",
    FieldName.REFERRAL_NUMBER: "referral_number",
    FieldName.PROCEDURE_CODE: "procedure_code",
    FieldName.MODIFIERS: "modifiers",
    FieldName.COMPONENT: "component",
    FieldName.UNIT: "unit",
    FieldName.REQUESTING_NPI: "requesting_npi",
    FieldName.RENDERING_NPI: "rendering_npi",
    FieldName.BILLING_NPI: "billing_npi",
    FieldName.FACILITY_NPI: "facility_npi",
    FieldName.PLACE_OF_SERVICE: "place_of_service",
    FieldName.LEVEL_OF_CARE: "level_of_care",
    FieldName.SERVICE_FROM: "date_from",
    FieldName.SERVICE_TO: "date_to",
    FieldName.ADMISSION_DATE: "admission_date",
}

#: A rows table with one of these holds service lines.
_OF_A_LINE = frozenset({FieldName.PROCEDURE_CODE, FieldName.QUANTITY, FieldName.DETERMINATION})

_TextOf = Mapping[str, Any]


def interpret(profile: Profile, page_text: Mapping[str, Any]) -> Reading:
    """The reading that a page's text (the reader's PageText) gives under this profile.

    A page that is none of the profile's, or several, gives a Reading with only a problem.
    """
    page = _page(profile, page_text)
    if page is None:
        several = len(page_text.get("fits") or ()) > 1
        problem = (
            "page: more than one page of the profile fits" if several else "page: no page of the profile fits"
        )
        return Reading(profile.slug, profile.version, problems=(problem,))
    gathered = _Gathered(profile, page)
    for said in page_text.get("problems") or ():
        nearest = near(said.get("candidates") or ())
        gathered.problems.append(f"{said['where']}: {_SAID[said['problem']]}{nearest}")
    for key, cell in (page_text.get("fields") or {}).items():
        if key in page.fields:
            gathered.take(page.fields[key], cell, key, f"fields.{key}")
    lines: list[ReadLine] = []
    for key, rows in page.rows.items():
        for index, row in enumerate((page_text.get("rows") or {}).get(key) or ()):
            if page.kind is not PageKind.RESULTS and _holds_lines(rows):
                lines.append(_line(gathered, rows, row, index, len(lines) + 1))
            else:
                for name, cell in row.items():
                    gathered.texts[f"{key}[{index}].{name}"] = str(cell.get("text", ""))
    return gathered.reading(page.name, lines)


def interpret_row(profile: Profile, page_text: Mapping[str, Any], index: int) -> Reading:
    """One row of a result list as a reading of its own, for comparison with the query."""
    page = _page(profile, page_text)
    if page is None or profile.results is None or profile.results.rows not in page.rows:
        return Reading(profile.slug, profile.version, problems=("page: is no result list of the profile",))
    rows = page.rows[profile.results.rows]
    gathered = _Gathered(profile, page)
    for name, cell in page_text["rows"][rows.key][index].items():
        if name in rows.cells:
            gathered.take(rows.cells[name], cell, name, f"rows.{rows.key}[{index}].cells.{name}")
    return gathered.reading(page.name, [])


def match_rows(profile: Profile, page_text: Mapping[str, Any], query: Query) -> tuple[int, ...]:
    """The positions of the result rows that may be opened for this query.

    Every declared match cell for which the query has a value must be there and agree, and at least one must.
    None: not found among these; several: ambiguous. Never the first one for want of a match.
    """
    page = _page(profile, page_text)
    results = profile.results
    if page is None or results is None or results.rows not in page.rows:
        return ()
    cells = page.rows[results.rows].cells
    found = []
    for index, row in enumerate((page_text.get("rows") or {}).get(results.rows) or ()):
        words = profile.words_on(page)
        answers = [_cell_agrees(words, cells[name], row.get(name), query) for name in results.match]
        told = [answer for answer in answers if answer is not None]
        if told and all(told):
            found.append(index)
    return tuple(found)


def page_service(profile: Profile, page_text: Mapping[str, Any]) -> dict[str, Any]:
    """What is typed on a request form, as the JSON service of a check: keys as in `POST /api/v1/checks`.

    Dates are YYYY-MM-DD, amounts numbers; what is empty is left out. The first procedure row that says
    anything is part of the service itself; the rest are under "lines" as objects of line keys with their
    "row" (from 0). "problems" lists {"field", "message", "row"} for what is typed and can't be read; it is
    there only if any is.
    """
    page = _page(profile, page_text)
    if page is None:
        return {}
    service: dict[str, Any] = {}
    problems: list[dict[str, Any]] = []
    words = profile.words_on(page)
    for key, cell in (page_text.get("fields") or {}).items():
        if key in page.fields:
            _take_typed(words, page.fields[key], cell, service, problems, None)
    lines: list[dict[str, Any]] = []
    for key, rows in page.rows.items():
        for index, row in enumerate((page_text.get("rows") or {}).get(key) or ()):
            line: dict[str, Any] = {}
            for name, cell in row.items():
                if name in rows.cells:
                    _take_typed(words, rows.cells[name], cell, line, problems, index)
            if line:
                lines.append({"row": index, **line})
    if lines:
        first, *others = lines
        service.update({name: value for name, value in first.items() if name != "row"})
        if others:
            service["lines"] = others
    if problems:
        service["problems"] = problems
    return service


# ---- gathering a reading ----

#: What is said of a value that only a fallback found: the profile's first way is to be mended.
BY_FALLBACK = "was found by a second way only"
#: What stands in a problem before the page's own labels and names.
NEAREST = "; nearest to it: "

_SAID = {
    "nothing": "is not on the page",
    "several": "is on the page more than once",
    "fallback": BY_FALLBACK,
    "disagree": "is shown differently in two places",
    "failed": "could not be looked at: the page broke it",
}

_UNKNOWN_WORD = "says a word that the profile does not know"


def near(candidates: Iterable[str]) -> str:
    """What of the page's own wording is nearest to what was not found, as the end of a sentence."""
    listed = ", ".join(str(one) for one in candidates)
    return f"{NEAREST}{listed}" if listed else ""


class _Gathered:
    """Values of one page while they are being read; conflicting ones are dropped and said."""

    def __init__(self, profile: Profile, page: PageSpec) -> None:
        self.profile = profile
        self.kind = page.kind
        self.words = profile.words_on(page)
        self.values: dict[str, Any] = {}
        self.numbers: list[ReadNumber] = []
        self.texts: dict[str, str] = {}
        self.problems: list[str] = []
        self._dropped: set[str] = set()

    def value(self, spec: FieldSpec, cell: _TextOf, key: str, where: str) -> Value:
        text = str(cell.get("text", ""))
        self.texts[key] = text
        try:
            return read_value(spec, text, self.words, cell.get("value"))
        except ValueProblem as problem:
            self.problems.append(f"{where}: {problem}")
            return None

    def take(self, spec: FieldSpec, cell: _TextOf, key: str, where: str) -> None:
        value = self.value(spec, cell, key, where)
        usual = Side.REQUESTED if self.kind is PageKind.REQUEST_FORM else Side.APPROVED
        if value is None or spec.side is not usual:
            return
        if spec.kind is ValueKind.NUMBER:
            kind = spec.kind_of(str(value))
            if kind is None:
                self.problems.append(f"{where}: has a shape that the profile does not know")
                return
            label = spec.find.value if spec.find.way in ("beside", "label", "column") else spec.key
            self.numbers.append(ReadNumber(kind, label, str(value)))
        elif isinstance(value, PersonName):
            self.set("patient_name", value.text, where)
            if value.last and value.first:
                self.values.setdefault("last_name", value.last)
                self.values.setdefault("first_name", value.first)
        elif isinstance(value, Word):
            self.set("determination", value.determination, where)
            self.values.setdefault("determination_text", value.text)
            if value.determination is Determination.UNRECOGNISED:
                self.problems.append(f"{where}: {_UNKNOWN_WORD}")
        elif spec.field is FieldName.DIAGNOSES:
            codes = value if isinstance(value, tuple) else (str(value),)
            self.values["diagnoses"] = (*self.values.get("diagnoses", ()), *codes)
        elif spec.field is not None and spec.field in _ATTRIBUTE:
            self.set(_ATTRIBUTE[spec.field], value, where)

    def set(self, name: str, value: object, where: str) -> None:
        if name in self._dropped:
            return
        if name in self.values and self.values[name] != value:
            self._dropped.add(name)
            self.values.pop(name)
            if name == "determination":
                self.values["determination"] = Determination.UNRECOGNISED
            self.problems.append(f"{where}: differs from another place on the page that says {name}")
            return
        self.values[name] = value

    def reading(self, page: str, lines: list[ReadLine]) -> Reading:
        return Reading(
            portal=self.profile.slug,
            profile_version=self.profile.version,
            page=page,
            kind=self.kind.value,
            numbers=tuple(self.numbers),
            lines=tuple(lines),
            texts=self.texts,
            problems=tuple(self.problems),
            **self.values,
        )


def _page(profile: Profile, page_text: Mapping[str, Any]) -> PageSpec | None:
    name = page_text.get("page")
    return profile.pages.get(name) if isinstance(name, str) else None


def _holds_lines(rows: RowsSpec) -> bool:
    return any(cell.field in _OF_A_LINE for cell in rows.cells.values())


def _line(gathered: _Gathered, rows: RowsSpec, row: Mapping[str, Any], index: int, position: int) -> ReadLine:
    """One row as a line; a quantity in another unit than the approved one is left out and said."""
    values: dict[str, Any] = {"number": position}
    quantities: dict[Side, Quantity] = {}
    for name, cell in row.items():
        spec = rows.cells.get(name)
        if spec is None:
            continue
        where = f"rows.{rows.key}[{index}].cells.{name}"
        value = gathered.value(spec, cell, f"{rows.key}[{index}].{name}", where)
        if name == "line_number" and isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,3}", value):
            values["number"] = int(value)
        elif isinstance(value, Quantity):
            quantities[spec.side] = value
        elif spec.field is FieldName.PROCEDURE_CODE and value is not None:
            values["requested_code" if spec.side is Side.REQUESTED else "code"] = value
        elif value is None or spec.side is not Side.APPROVED:
            continue
        elif isinstance(value, Word):
            values["determination"], values["determination_text"] = value.determination, value.text
            if value.determination is Determination.UNRECOGNISED:
                gathered.problems.append(f"{where}: {_UNKNOWN_WORD}")
        elif isinstance(value, Unit):
            values["unit"] = value
        elif isinstance(value, Component):
            values["component"] = value
        elif spec.field is FieldName.MODIFIERS:
            values["modifiers"] = value
        elif spec.field is FieldName.EFFECTIVE_DATE:
            values["effective"] = value
        elif spec.field is FieldName.EXPIRY_DATE:
            values["expiry"] = value
    unit = values.get("unit")
    for side in (Side.APPROVED, Side.REQUESTED, Side.USED):
        quantity = quantities.get(side)
        if quantity is None:
            continue
        unit = unit or quantity.unit
        if quantity.unit not in (None, unit):
            gathered.problems.append(f"rows.{rows.key}[{index}]: the {side} quantity is in another unit")
            continue
        values[f"{side.value}_quantity"] = quantity.amount
    return ReadLine(**{**values, "unit": unit})


# ---- comparing a result row ----


def _cell_agrees(words: Words, spec: FieldSpec, cell: _TextOf | None, query: Query) -> bool | None:
    """Whether a match cell agrees; None when the query has nothing to compare it with."""
    wanted = _wanted(spec, query)
    if wanted is None:
        return None
    if cell is None:
        return False
    try:
        value = read_value(spec, str(cell.get("text", "")), words, cell.get("value"))
    except ValueProblem:
        # What can't be read does not agree; the row is not opened.
        return False
    if isinstance(value, PersonName):
        return same_name(value.text, query.last_name, query.first_name) is True
    if isinstance(wanted, tuple):
        return value in wanted
    if isinstance(value, date) or isinstance(wanted, date):
        return value == wanted
    return isinstance(value, str) and identifier_key(value) == identifier_key(str(wanted))


def _wanted(spec: FieldSpec, query: Query) -> str | date | tuple[str, ...] | None:
    if spec.kind is ValueKind.NUMBER:
        return query.reference_number
    match spec.field:
        case FieldName.PATIENT_NAME:
            return query.last_name if query.last_name and query.first_name else None
        case FieldName.PATIENT_LAST_NAME:
            return query.last_name
        case FieldName.PATIENT_FIRST_NAME:
            return query.first_name
        case FieldName.PROCEDURE_CODE:
            return query.procedure_codes or None
        case FieldName.MEMBER_ID:
            return query.member_id
        case FieldName.BIRTH_DATE:
            return query.birth_date
        case FieldName.SERVICE_FROM:
            return query.service_from
        case FieldName.SERVICE_TO:
            return query.service_to
        case FieldName.REQUESTING_NPI:
            return query.requesting_npi
    return None


# ---- a request form as a service ----


def _take_typed(
    words: Words,
    spec: FieldSpec,
    cell: _TextOf,
    service: dict[str, Any],
    problems: list[dict[str, Any]],
    row: int | None,
) -> None:
    name = spec.field
    if name is None or name is FieldName.DETERMINATION or spec.side is not Side.REQUESTED:
        return
    if spec.number_kind in PROVISIONAL:
        return
    try:
        value = read_value(spec, str(cell.get("text", "")), words, cell.get("value"))
    except ValueProblem as problem:
        problems.append({"field": name.value, "message": str(problem), "row": row})
        return
    if value is None or (spec.number_kinds and spec.kind_of(str(value)) in {None, *PROVISIONAL}):
        return
    for key, plain in _typed(name, value):
        service[key] = plain


def _typed(name: FieldName, value: Value) -> Iterator[tuple[str, Any]]:
    if isinstance(value, PersonName):
        if value.last and value.first:
            yield from (("last_name", value.last), ("first_name", value.first))
    elif isinstance(value, Quantity):
        yield "quantity", _number(value.amount)
        if value.unit is not None:
            yield "unit", value.unit.value
    elif name is FieldName.DIAGNOSES:
        yield "diagnoses", list(value) if isinstance(value, tuple) else [value]
    elif name in _SERVICE_KEY:
        yield _SERVICE_KEY[name], _plain(value)


def _plain(value: Value) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)
