"""Rows of a clinic's own list -> authorizations: which column is which, which rows belong together, what they
say.

Rows with the same number of the same payer are one authorization: their codes become its lines, and where
their dates differ the dates are the lines'. Rows without a number are each their own.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from portal_profiles.vocabulary import AuthorizationType, Determination, NumberKind, Unit
from server.actions.authorization_input import AuthorizationInput, LineInput, NumberInput
from server.db.keys import person_key
from server.errors import FieldProblem, Problem
from server.interchange.cells import (
    CellProblem,
    CodeCell,
    codes_of,
    date_of,
    folded,
    identifier_of,
    list_of,
    quantities_of,
    text_of,
    word_of,
)
from server.interchange.column_names import HEADERS, MEASURED_COLUMNS, NUMBER_COLUMNS, VOCABULARIES
from server.interchange.spreadsheet import Cell, Row
from server.matching.compare import code_key, identifier_key, name_key
from server.matching.facts import Patient

DATES = frozenset({"birth_date", "requested", "decided", "effective", "expiry", "service_date"})
IDENTIFIERS = frozenset({"member_id", "payer_id", *NUMBER_COLUMNS})
LISTS = frozenset({"diagnoses", "rendering_npis", "modifiers"})
QUANTITIES = frozenset({*MEASURED_COLUMNS, "requested_quantity", "used"})
#: A word in these that nobody knows is told and left out; an unknown unit makes its row unusable.
LEFT_OUT_WHEN_UNKNOWN = frozenset(
    {"level_of_care", "component", "type", "certification_kind", "requested_by"}
)
#: Measures that count encounters: the codes of one encounter share the number (domain facts, 6.2: a visit may
#: carry
#: several codes). Units, hours, minutes and months count one code only.
SHARED_MEASURES = frozenset({Unit.VISITS, Unit.DAYS})
#: What every row of one authorization must say alike.
ALIKE = (
    "payer_id", "payer_name", "plan", "portal", "member_id", "last_name", "first_name", "birth_date", "type",
    "certification_kind", "requested_by", "requesting_npi", "billing_npi", "facility_npi", "place_of_service",
    "level_of_care", "requested", "decided", "service_date", "issuer",
)  # fmt: skip
HEADER_ROWS = 30
FEWEST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class OwnNames:
    """What a mapping file adds to the usual names.

    columns: folded header -> field; defaults: field -> text, for rows whose cell is empty; words: field ->
    folded cell text -> word; day_first: whether 3/4/2026 is the third of April. digest: of the file.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    day_first: bool = False
    digest: str = ""


def read_own_names(path: Path) -> OwnNames:
    """A mapping file: [columns] "Their header" = "field"; [defaults] field = "text"; [words.field] "Their
    word" = "word"; [dates] order = "month_first" or "day_first". Raises Problem naming the key.
    """
    try:
        content = path.read_bytes()
        given = tomllib.loads(content.decode())
    except OSError as error:
        raise Problem(
            "mapping", "The mapping file can't be opened. Check its name and who may read it."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem("mapping", "The mapping file is not TOML. See: tallystick import --help") from error
    problems = list(_mapping_problems(given))
    if problems:
        raise Problem("mapping", "The mapping file can't be used.", 400, tuple(problems))
    return OwnNames(
        columns={folded(header): name for header, name in given.get("columns", {}).items()},
        defaults=given.get("defaults", {}),
        words={
            name: {folded(text): word for text, word in words.items()}
            for name, words in given.get("words", {}).items()
        },
        day_first=given.get("dates", {}).get("order") == "day_first",
        digest=hashlib.sha256(content).hexdigest(),
    )


def _mapping_problems(given: Mapping[str, Any]) -> Iterable[FieldProblem]:
    for name in given.keys() - {"columns", "defaults", "words", "dates"}:
        yield FieldProblem(name, "There is no such table.", "Use columns, defaults, words and dates.")
    for table in ("columns", "defaults", "dates"):
        for key, value in given.get(table, {}).items():
            if not isinstance(value, str):
                yield FieldProblem(f"{table}.{key}", "It is not text.", "Put it in quotation marks.")
    known = ", ".join(HEADERS)
    for header, name in given.get("columns", {}).items():
        if name and name not in HEADERS:
            remedy = f'Give one of: {known}; or "" to pass the column over.'
            yield FieldProblem(f"columns.{header}", "There is no such field.", remedy)
    for name in given.get("defaults", {}).keys() - HEADERS.keys():
        yield FieldProblem(f"defaults.{name}", "There is no such field.", f"Use one of: {known}.")
    for name, words in given.get("words", {}).items():
        if name not in VOCABULARIES:
            yield FieldProblem(f"words.{name}", "It has no words.", f"Use one of: {', '.join(VOCABULARIES)}.")
            continue
        for text, word in words.items():
            if word not in list(VOCABULARIES[name]):
                remedy = f"Give one of: {', '.join(VOCABULARIES[name])}."
                yield FieldProblem(f"words.{name}.{text}", "It is not a word of this field.", remedy)
    if given.get("dates", {}).get("order", "month_first") not in ("month_first", "day_first"):
        yield FieldProblem("dates.order", "It is not an order.", "Give month_first or day_first.")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a file is which.

    header_row: its number; columns: (index, field, header) of those that are used; ignored: headers of the
    others; width: number of columns.
    """

    header_row: int
    columns: tuple[tuple[int, str, str], ...]
    ignored: tuple[str, ...]
    width: int
    own: OwnNames

    @property
    def digest(self) -> bytes:
        """Of everything but the rows that decides what the rows mean."""
        return hashlib.sha256(f"{self.own.digest} {[name for _, name, _ in self.columns]}".encode()).digest()

    @property
    def fields(self) -> frozenset[str]:
        """The fields for which there is a column or a default."""
        return frozenset(name for _, name, _ in self.columns) | self.own.defaults.keys()


_USUAL = {folded(header): name for name, headers in HEADERS.items() for header in headers}


def find_layout(rows: Iterable[Row], own: OwnNames) -> Layout:
    """The layout of the first rows: the header is the row that names most columns, titles above it are passed
    over.

    Raises Problem where no row looks like a header, or where two columns mean the same field.
    """
    known = {**_USUAL, **own.columns}
    best: Layout | None = None
    for number, cells in (row for row, _ in zip(rows, range(HEADER_ROWS), strict=False)):
        headers = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        columns = [
            (index, known[folded(header)], header)
            for index, header in enumerate(headers)
            if header and known.get(folded(header))
        ]
        if len(columns) > (len(best.columns) if best else FEWEST_COLUMNS - 1):
            used = {index for index, _, _ in columns}
            ignored = tuple(header for index, header in enumerate(headers) if header and index not in used)
            best = Layout(number, tuple(columns), ignored, len(headers), own)
    if best is None:
        raise Problem(
            "no_header",
            "No row of the file names its columns. Give it a header such as Member ID, Payer, CPT, Start "
            "Date, or a "
            "mapping file. See: tallystick import --help",
        )
    _refuse_two_of_a_kind(best)
    return best


def _refuse_two_of_a_kind(layout: Layout) -> None:
    first: dict[str, str] = {}
    problems = []
    for _, name, header in layout.columns:
        if name in first and name not in LISTS:
            problems.append(
                FieldProblem(
                    name,
                    f'The columns "{first[name]}" and "{header}" both mean this.',
                    "Remove or rename one, or say in a mapping file what it is.",
                    layout.header_row,
                )
            )
        first.setdefault(name, header)
    if problems:
        raise Problem("columns", "The columns of the file are not clear.", 400, tuple(problems))


@dataclass(slots=True)
class RowValues:
    """What one row says: typed values by field; empty cells are not there. digest: of its cells that are
    used.
    """

    number: int
    digest: bytes
    values: dict[str, Any]
    problems: list[FieldProblem]
    warnings: list[FieldProblem]


Parser = Callable[[Cell], Any]


class RowReader:
    """Reads the rows of one layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._columns = [(index, name, self._parser(name)) for index, name, _ in layout.columns]
        self._defaults = [(name, text, self._parser(name)) for name, text in layout.own.defaults.items()]
        self._words: dict[tuple[str, str], StrEnum | None] = {}
        keyed = {"payer_id", "payer_name", *NUMBER_COLUMNS}
        self._key_columns = [(index, name) for index, name, _ in layout.columns if name in keyed]

    def group_key(self, cells: Sequence[Cell]) -> object:
        """What rows of one authorization have in common; the whole row where it has no number."""
        said = {
            name: text
            for index, name in self._key_columns
            if index < len(cells) and (text := text_of(cells[index]))
        }
        for name in NUMBER_COLUMNS:
            if name in said:
                payer = said.get("payer_id") or said.get("payer_name") or ""
                return (name, identifier_key(payer), identifier_key(said[name]))
        return tuple(cells)

    def read(self, row: Row) -> RowValues:
        """The row's values, with every cell that can't be read."""
        number, cells = row
        raw = "\x1f".join([str(cells[index]) if index < len(cells) else "" for index, _, _ in self._columns])
        found = RowValues(number, hashlib.blake2b(raw.encode(), digest_size=16).digest(), {}, [], [])
        values = found.values
        for index, name, parse in self._columns:
            cell = cells[index] if index < len(cells) else None
            if cell is None or cell == "":
                continue
            self._take(found, name, cell, parse)
        for name, text, parse in self._defaults:
            if name not in values:
                self._take(found, name, text, parse)
        if len(cells) > self.layout.width and any(
            cell not in (None, "") for cell in cells[self.layout.width :]
        ):
            found.problems.append(
                FieldProblem(
                    "row",
                    "It has more cells than the header.",
                    "Put cells that hold the delimiter in quotation marks.",
                    number,
                )
            )
        return found

    def _take(self, found: RowValues, name: str, cell: Cell, parse: Parser) -> None:
        try:
            value = parse(cell)
        except CellProblem as problem:
            found.problems.append(FieldProblem(name, problem.message, problem.remedy, found.number))
            return
        if value is None or value == "" or value == () or value == []:
            return
        if name in VOCABULARIES:
            self._take_word(found, name, cell)
        elif name in LISTS and name in found.values:
            found.values[name] += value
        else:
            found.values[name] = value

    def _take_word(self, found: RowValues, name: str, cell: Cell) -> None:
        text = text_of(cell)
        if (name, text) not in self._words:
            self._words[name, text] = word_of(name, text, self.layout.own.words.get(name, {}))
        word = self._words[name, text]
        if name == "determination":
            found.values["determination_text"] = text[:200]
        if word is not None:
            found.values[name] = word
            return
        remedy = f'Say in a mapping file what it means: [words.{name}], "their word" = "ours".'
        message = "Nobody has said what this word means."
        if name == "determination":
            found.values[name] = Determination.UNRECOGNISED
            found.warnings.append(
                FieldProblem(name, f"{message} It is kept as unrecognised.", remedy, found.number)
            )
        elif name in LEFT_OUT_WHEN_UNKNOWN:
            found.warnings.append(FieldProblem(name, f"{message} It is left out.", remedy, found.number))
        else:
            found.problems.append(FieldProblem(name, message, remedy, found.number))

    def _parser(self, name: str) -> Parser:
        if name in DATES:
            return partial(date_of, day_first=self.layout.own.day_first)
        if name in QUANTITIES:
            return quantities_of
        if name in ("procedure_code", "requested_code"):
            return codes_of
        if name in LISTS:
            return list_of
        if name in IDENTIFIERS:
            return identifier_of
        return text_of


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one authorization, read. stated: fields of `AuthorizationInput` that the file says
    something of.

    digest: equal where the rows say the same as before. data is None where a problem stands in the way.
    """

    rows: tuple[int, ...]
    digest: str
    data: AuthorizationInput | None
    stated: frozenset[str]
    problems: tuple[FieldProblem, ...]
    warnings: tuple[FieldProblem, ...]


class _GroupReader:
    """Makes one authorization of its rows."""

    def __init__(self, rows: Sequence[RowValues], settings: bytes) -> None:
        self.rows = rows
        self.settings = settings
        self.problems = [problem for row in rows for problem in row.problems]
        self.warnings = [warning for row in rows for warning in row.warnings]

    def group(self) -> Group:
        said = self._alike()
        lines = self._lines()
        numbers = self._numbers(said)
        determination = self._determination()
        effective = [row.values["effective"] for row in self.rows if "effective" in row.values]
        expiry = [row.values["expiry"] for row in self.rows if "expiry" in row.values]
        last_name, first_name = self._name(said)
        data = AuthorizationInput(
            determination=determination or Determination.UNRECOGNISED,
            payer_id=said.get("payer_id"),
            payer_name=said.get("payer_name"),
            plan=said.get("plan"),
            portal=said.get("portal"),
            patient=Patient(said.get("member_id"), last_name, first_name, said.get("birth_date")),
            type=said.get("type", AuthorizationType.PRIOR),
            certification_kind=said.get("certification_kind"),
            requested_by=said.get("requested_by"),
            determination_text=self._first("determination_text") if determination else None,
            lines=lines,
            diagnoses=self._union("diagnoses"),
            requesting_npi=said.get("requesting_npi"),
            rendering_npis=self._union("rendering_npis"),
            billing_npi=said.get("billing_npi"),
            facility_npi=said.get("facility_npi"),
            place_of_service=said.get("place_of_service"),
            level_of_care=said.get("level_of_care"),
            requested=said.get("requested"),
            decided=said.get("decided"),
            effective=min(effective, default=None),
            expiry=max(expiry, default=None),
            service_date=said.get("service_date"),
            reference_numbers=numbers,
            notes="\n".join(dict.fromkeys(row.values["notes"] for row in self.rows if "notes" in row.values))
            or None,
        )
        stated = {name for name in said if name != "issuer"}
        stated |= {
            name
            for name in ("diagnoses", "rendering_npis", "effective", "expiry", "notes")
            if getattr(data, name)
        }
        if determination is not None:
            stated |= {"determination", "determination_text"}
        if lines:
            stated.add("lines")
        if numbers:
            stated.add("reference_numbers")
        return Group(
            tuple(row.number for row in self.rows),
            hashlib.sha256(self.settings + b"".join(sorted(row.digest for row in self.rows))).hexdigest(),
            None if self.problems else data,
            frozenset(stated),
            tuple(self.problems),
            tuple(self.warnings),
        )

    def _alike(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for row in self.rows:
            for name in (*ALIKE, "patient_name"):
                value = row.values.get(name)
                if value is None:
                    continue
                if said.setdefault(name, value) != value and name != "patient_name":
                    self._refuse(
                        row,
                        name,
                        "Rows of this authorization say different things here.",
                        "Make the rows agree.",
                    )
        return said

    def _name(self, said: dict[str, Any]) -> tuple[str | None, str | None]:
        """Last and first name: their own columns, or "Last, First" (also "First Last") of one column."""
        whole = said.pop("patient_name", None)
        last, first = said.get("last_name"), said.get("first_name")
        if whole is None or last is not None:
            return last, first
        before, comma, after = whole.partition(",")
        if not comma:
            after, _, before = whole.rpartition(" ")
        said["last_name"], said["first_name"] = before.strip() or None, first or after.strip() or None
        return said["last_name"], said["first_name"]

    def _determination(self) -> Determination | None:
        """The one that the rows share; approved and denied rows together are a partial approval, told per
        line.
        """
        said = {row.values["determination"] for row in self.rows if "determination" in row.values}
        if len(said) <= 1:
            return next(iter(said), None)
        if said <= {
            Determination.APPROVED,
            Determination.MODIFIED,
            Determination.PARTIALLY_APPROVED,
            Determination.DENIED,
        }:
            return Determination.PARTIALLY_APPROVED
        self._refuse(
            self.rows[-1],
            "determination",
            "Rows of this authorization say different things here.",
            "Make the rows agree.",
        )
        return None

    def _numbers(self, said: dict[str, Any]) -> tuple[NumberInput, ...]:
        numbers: dict[tuple[NumberKind, str], NumberInput] = {}
        for row in self.rows:
            for name, kind in NUMBER_COLUMNS.items():
                if value := row.values.get(name):
                    numbers.setdefault(
                        (kind, identifier_key(value)), NumberInput(value, kind, said.get("issuer"))
                    )
        return tuple(numbers.values())

    def _lines(self) -> tuple[LineInput, ...]:
        dates = {(row.values.get("effective"), row.values.get("expiry")) for row in self.rows}
        words = {row.values.get("determination") for row in self.rows}
        providers = {row.values.get("rendering_npis") for row in self.rows}
        lines: list[LineInput] = []
        seen: set[LineInput] = set()
        for row in self.rows:
            own: dict[str, Any] = {}
            if len(dates) > 1:
                own["effective"], own["expiry"] = row.values.get("effective"), row.values.get("expiry")
            if len(words) > 1:
                own["determination"] = row.values.get("determination")
            if len(providers) > 1:
                own["rendering_npis"] = row.values.get("rendering_npis", ())
            for line in self._lines_of(row, own):
                if line in seen:
                    continue  # the same row twice says nothing more
                seen.add(line)
                lines.append(line)
        return tuple(_numbered(line, position) for position, line in enumerate(lines, 1))

    def _lines_of(self, row: RowValues, own: Mapping[str, Any]) -> list[LineInput]:
        values = row.values
        codes: Sequence[CodeCell | None] = values.get("procedure_code", ())
        requested: Sequence[CodeCell] = values.get("requested_code", ())
        service_type = values.get("service_type")
        amounts, unit = self._amounts(row)
        if not codes:
            if not (requested or service_type or amounts):
                return []
            codes = [None] * max(len(requested), 1)
        shared = len(amounts) == 1 and (unit in SHARED_MEASURES or len(codes) == 1)
        if amounts and not shared and len(amounts) != len(codes):
            self._refuse(
                row,
                "quantity",
                "The row has several codes, but not one quantity for each.",
                'Write one row for each code, or as many quantities as codes: "12; 8".',
            )
            amounts = []
        lines = []
        for position, code in enumerate(codes):
            asked = requested[position] if position < len(requested) else None
            lines.append(
                LineInput(
                    number=0,
                    code=code[0] if code else None,
                    code_end=code[1] if code else None,
                    service_type=service_type,
                    modifiers=tuple(
                        dict.fromkeys(
                            (*(code[2] if code else ()), *(m.upper() for m in values.get("modifiers", ())))
                        )
                    ),
                    component=values.get("component"),
                    quantity=(amounts[0] if shared else amounts[position]) if amounts else None,
                    unit=unit if amounts else None,
                    used=self._single(row, "used", len(codes), unit),
                    requested_code=asked[0] if asked else None,
                    requested_quantity=self._single(row, "requested_quantity", len(codes), unit),
                    **own,
                )
            )
        return lines

    def _amounts(self, row: RowValues) -> tuple[list[Decimal], Unit | None]:
        """The approved quantities of a row and their one measure."""
        filled = [name for name in MEASURED_COLUMNS if name in row.values]
        if not filled:
            return [], None
        if len(filled) > 1:
            self._refuse(
                row,
                filled[1],
                "The row gives its quantity in two measures.",
                "Keep the one that was approved.",
            )
            return [], None
        found: list[tuple[Decimal, str]] = row.values[filled[0]]
        said: Unit | None = row.values.get("unit") or MEASURED_COLUMNS[filled[0]]
        for word in {text for _, text in found if text}:
            own = word_of("unit", word, {})
            if own is None or (said is not None and own is not said):
                self._refuse(
                    row, filled[0], "The measure behind the number is not clear.", "Write the number only."
                )
                return [], None
            said = Unit(own)
        return [amount for amount, _ in found], said

    def _single(self, row: RowValues, name: str, codes: int, unit: Unit | None) -> Decimal | None:
        found: list[tuple[Decimal, str]] = row.values.get(name, [])
        if not found:
            return None
        if len(found) > 1 or (codes > 1 and unit not in SHARED_MEASURES):
            self._refuse(
                row, name, "It does not say which code it belongs to.", "Write one row for each code."
            )
            return None
        return found[0][0]

    def _union(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for row in self.rows for text in row.values.get(name, ())))

    def _first(self, name: str) -> str | None:
        return next((row.values[name] for row in self.rows if name in row.values), None)

    def _refuse(self, row: RowValues, name: str, message: str, remedy: str) -> None:
        problem = FieldProblem(name, message, remedy, row.number)
        if problem not in self.problems:
            self.problems.append(problem)


def _numbered(line: LineInput, number: int) -> LineInput:
    return LineInput(number, *(getattr(line, name) for name in LineInput.__slots__[1:]))


def make_group(rows: Sequence[RowValues], settings: bytes = b"") -> Group:
    """One authorization of the rows that belong together. settings: `Layout.digest`."""
    return _GroupReader(rows, settings).group()


def import_key(data: AuthorizationInput) -> str:
    """Payer, patient and codes: by which an authorization without a number is found when the file comes
    again.
    """
    patient = data.patient
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    who = identifier_key(patient.member_id) or f"{person_key(patient.last_name)} {born}"
    codes = sorted({code_key(line.code or line.requested_code) for line in data.lines})
    payer = identifier_key(data.payer_id) or name_key(data.payer_name)
    return hashlib.sha256("\x1f".join((payer, who, *codes)).encode()).hexdigest()


def dates_of(data: Any) -> tuple[date | None, ...]:
    """The dates by which two authorizations with the same import key are told apart; also of a database
    row.
    """
    return (data.requested, data.service_date, data.effective, data.expiry)
