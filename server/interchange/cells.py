"""One cell of a clinic's list -> a value. A cell that can't be what its column says is named, never guessed.

Excel's traps are known: scientific notation (digits are lost), numbers where identifiers belong (leading
zeros may be lost), dates as serial numbers, two-digit years.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

from server.interchange.column_names import VOCABULARIES, WORDS
from server.interchange.spreadsheet import Cell

EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_DIGITS = 15
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;/|\n\t]+")
_SPACED = re.compile(r"[,;/|\s]+")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: +\d{1,2}:\d{2}.*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}(?: .*)?")
_NAMED_MONTH = re.compile(r"(?:(\d{1,2})[ -]([A-Za-z]{3,9})|([A-Za-z]{3,9})\.? (\d{1,2}),?)[ -](\d{4})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CODE = re.compile(r"([0-9A-Za-z]{5})[-: ]([0-9A-Za-z]{2}(?:[-: ,][0-9A-Za-z]{2}){0,3})")
_CODE_RANGE = re.compile(r"([0-9A-Za-z]{5}) ?(?:-|–|to|thru) ?([0-9A-Za-z]{5})", re.IGNORECASE)
_UNIT_BEHIND = re.compile(r"(\d[\d,]*(?:\.\d+)?) *([A-Za-z].*)?")


class CellProblem(Exception):
    """What is wrong with a cell, and what to do about it. Never holds the cell's own text."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def folded(text: str) -> str:
    """Headers and words for comparison: "Case #" and "case number" are the same."""
    return "".join(c for c in text.replace("#", " number ").lower() if c.isalnum())


def text_of(cell: Cell) -> str:
    """The cell as text, trimmed; whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return str(cell)


def identifier_of(cell: Cell) -> str:
    """A member ID or a number as issued. Raises CellProblem where Excel has taken digits away."""
    if isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= 10**EXCEL_DIGITS:
        raise CellProblem(
            f"Excel keeps {EXCEL_DIGITS} digits of a number: the last ones were lost.",
            "Format the column as text and enter the number again.",
        )
    if isinstance(cell, date | time | timedelta):
        raise CellProblem("Excel has turned it into a date.", "Format the column as text and enter it again.")
    text = text_of(cell)
    if _SCIENTIFIC.fullmatch(text):
        raise CellProblem(
            "Excel has turned it into scientific notation: digits were lost.",
            "Format the column as text and enter the number again.",
        )
    return text


def date_of(cell: Cell, *, day_first: bool = False) -> date | None:
    """A calendar date: a date cell, ISO, m/d/yyyy (d/m/yyyy where the mapping says so), yyyymmdd, 3-Apr-2026.

    A number in a workbook is Excel's serial number of a day. Raises CellProblem.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float | int) and not isinstance(cell, bool) and 10_000 <= cell <= 80_000:
        return EXCEL_EPOCH + timedelta(days=int(cell))
    text = text_of(cell)
    return _date_of_text(text, day_first) if text else None


@lru_cache(8192)
def _date_of_text(text: str, day_first: bool) -> date:
    year, month, day = "", "", ""
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day = match.groups()
    elif match := _SLASHED.fullmatch(text):
        first, second, year = match.groups()
        month, day = (second, first) if day_first else (first, second)
    elif match := _NAMED_MONTH.fullmatch(text):
        day_a, month_a, month_b, day_b, year = match.groups()
        day = day_a or day_b
        name = (month_a or month_b)[:3].lower()
        month = str(_MONTHS.index(name) + 1) if name in _MONTHS else ""
    elif _SHORT_YEAR.fullmatch(text):
        raise CellProblem("Its year has two digits.", "Write the year with four digits.")
    elif _SERIAL.fullmatch(text):
        raise CellProblem(
            "It is Excel's number of a day, not a date.", "Format the column as a date and save again."
        )
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        pass  # said below, with every other text that is no date
    order = "d/m/yyyy" if day_first else "m/d/yyyy"
    raise CellProblem("It is not a calendar date.", f"Write {order} or yyyy-mm-dd.")


def quantity_of(cell: Cell) -> tuple[Decimal, str] | None:
    """A quantity and the word behind it: "12 visits" is (12, "visits"). Raises CellProblem."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return Decimal(text_of(cell)), ""
    text = text_of(cell)
    if not text:
        return None
    match = _UNIT_BEHIND.fullmatch(text)
    if match is None:
        raise CellProblem("It is not a quantity.", "Write a number from 0 on, one for each procedure code.")
    try:
        return Decimal(match[1].replace(",", "")), match[2] or ""
    except InvalidOperation as error:
        raise CellProblem(
            "It is not a quantity.", "Write a number from 0 on, one for each procedure code."
        ) from error


def quantities_of(cell: Cell) -> list[tuple[Decimal, str]]:
    """Every quantity of a cell: "12; 8" holds two. A comma between three digits is one of thousands."""
    text = text_of(cell)
    if isinstance(cell, str) and re.search(r"[;/|\n]|,(?!\d{3}\b)", text):
        return [
            found for part in re.split(r"[;/|\n]|,(?!\d{3}\b)", text) if (found := quantity_of(part.strip()))
        ]
    found = quantity_of(cell)
    return [found] if found else []


def list_of(cell: Cell) -> tuple[str, ...]:
    """The codes of a cell, however they are separated."""
    return tuple(part for part in _SPACED.split(text_of(cell)) if part)


#: code, last code of a range or None, modifiers
CodeCell = tuple[str, str | None, tuple[str, ...]]


@lru_cache(8192)
def _codes_of_text(text: str) -> tuple[CodeCell, ...]:
    codes: list[CodeCell] = []
    for part in filter(None, (part.strip() for part in _BETWEEN.split(text))):
        if _SCIENTIFIC.fullmatch(part):
            raise CellProblem(
                "Excel has turned it into scientific notation.",
                "Format the column as text and enter the code again.",
            )
        if match := _CODE_RANGE.fullmatch(part):
            codes.append((match[1].upper(), match[2].upper(), ()))
        elif match := _CODE.fullmatch(part):
            codes.append((match[1].upper(), None, tuple(m.upper() for m in re.split(r"[-: ,]", match[2]))))
        else:
            codes += [(piece.upper(), None, ()) for piece in part.split()]
    return tuple(codes)


def codes_of(cell: Cell) -> tuple[CodeCell, ...]:
    """Every procedure code of a cell, with a range's end and the modifiers behind it: "97110-GP, 97112"."""
    return _codes_of_text(text_of(cell))


def word_of(field: str, cell: Cell, own_words: Mapping[str, str]) -> StrEnum | None:
    """The vocabulary's word for what a cell says; None where nobody has said what it means.

    own_words: folded text -> word, of the clinic's mapping file; they come first.
    """
    text = folded(text_of(cell))
    own = own_words.get(text)
    return _known_words(field).get(folded(own) if own is not None else text)


@lru_cache(16)
def _known_words(field: str) -> Mapping[str, StrEnum]:
    known = {folded(word): word for word in VOCABULARIES[field]}
    return known | {folded(text): word for text, word in WORDS.get(field, {}).items()}
