"""Rows of a CSV, XLSX, XLS or ODS file, as people really save them. What a row means is decided elsewhere.

CSV: UTF-8 with or without its mark, UTF-16 with its mark, otherwise Windows-1252; comma, semicolon, tab or
bar, whichever the first rows hold most evenly. Row numbers are those that a spreadsheet program shows, from
1.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO

import python_calamine

from server.errors import Problem

#: A cell as the file gives it: CSV cells are text; a workbook's may be numbers, dates and truth values.
Cell = str | float | int | bool | date | datetime | time | timedelta | None
Row = tuple[int, Sequence[Cell]]
#: A file of this machine, or the content of one that was sent here and is on no disk.
Source = Path | bytes

DELIMITERS = (",", ";", "\t", "|")
_WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TextTable:
    """A delimited text file; `rows` reads it anew each time, one row at a time."""

    source: Source
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[Row]:
        """(row number, cells) of every row that is not blank. Raises Problem naming a row that can't be
        read.
        """
        with _as_text(self.source, self.encoding) as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            number = 0
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise Problem(
                        "file_row", f"Row {number} is not a row of a CSV file. Save the file again."
                    ) from error
                if any(cells):
                    yield number, cells


@dataclass(frozen=True, slots=True)
class Workbook:
    """One sheet of a workbook; the file is read once and kept while this is."""

    sheet: python_calamine.CalamineSheet
    name: str

    def rows(self) -> Iterator[Row]:
        """(row number, cells) of every row that is not blank."""
        for number, cells in enumerate(self.sheet.iter_rows(), 1):
            if any(cell not in ("", None) for cell in cells):
                yield number, cells


def open_table(source: Source, sheet: str | None = None) -> TextTable | Workbook:
    """The table in a file, told by its content and not by its name.

    sheet: which one of a workbook; without it the first visible one that has rows. Raises Problem.
    """
    try:
        with _opened(source) as file:
            start = file.read(8)
    except OSError as error:
        raise Problem(
            "file_unreadable", "The file can't be opened. Check its name and who may read it."
        ) from error
    if start.startswith(_WORKBOOK_MARKS):
        return _open_workbook(source, sheet)
    encoding = _encoding(source)
    return TextTable(source, encoding, _delimiter(source, encoding))


def _open_workbook(source: Source, wanted: str | None) -> Workbook:
    try:
        book = python_calamine.load_workbook(io.BytesIO(source) if isinstance(source, bytes) else source)
        names = [
            info.name
            for info in book.sheets_metadata
            if info.visible == python_calamine.SheetVisibleEnum.Visible
            and info.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        if wanted is not None and wanted not in book.sheet_names:
            raise Problem(
                "no_sheet", f"The workbook has no such sheet. It has: {', '.join(book.sheet_names)}."
            )
        for name in [wanted] if wanted is not None else names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height:
                return Workbook(sheet, name)
    except python_calamine.PasswordError as error:
        raise Problem("file_locked", "The workbook has a password. Save a copy without it.") from error
    except python_calamine.CalamineError as error:
        raise Problem("file_unreadable", "The workbook can't be read. Open it and save it again.") from error
    raise Problem("file_empty", "The workbook has no sheet with rows.")


def _opened(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _as_text(source: Source, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(_opened(source), encoding=encoding, newline="")


def _encoding(source: Source) -> str:
    with _opened(source) as file:
        start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _windows_1252(source)
    return "utf-8"


def _windows_1252(source: Source) -> str:
    with _opened(source) as file:
        try:
            while chunk := file.read(_CHUNK):
                chunk.decode("cp1252")
        except UnicodeDecodeError as error:
            raise Problem(
                "file_encoding", "The file is neither UTF-8 nor Windows-1252. Save it as CSV UTF-8."
            ) from error
    return "cp1252"


def _delimiter(source: Source, encoding: str) -> str:
    """The delimiter that cuts the first rows into most cells, the same number in most of them."""
    with _as_text(source, encoding) as file:
        lines = [line for _, line in zip(range(25), file, strict=False) if line.strip()]
    if not lines:
        raise Problem("file_empty", "The file has no rows.")
    best, best_score = ",", (-1, -1)
    for delimiter in DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            continue  # `rows` will name the row
        common = max(set(widths), key=lambda width: (widths.count(width), width))
        score = (widths.count(common) * (common > 1), common)
        if score > best_score:
            best, best_score = delimiter, score
    return best
