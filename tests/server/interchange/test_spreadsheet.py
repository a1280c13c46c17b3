from datetime import date
from pathlib import Path

import openpyxl
import pytest

from server.errors import Problem
from server.interchange.spreadsheet import TextTable, open_table

ROWS = [["Member ID", "Name", "Units"], ["XYZ100200301", "Núñez", "12"], ["XYZ100200302", "Okafor", "8"]]


def text_file(tmp_path: Path, encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(end.join(delimiter.join(row) for row in ROWS).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_text_is_read_in_the_codepage_and_with_the_delimiter_that_it_has(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    table = open_table(text_file(tmp_path, encoding, delimiter))
    assert [(number, list(cells)) for number, cells in table.rows()] == [
        (1, ROWS[0]),
        (2, ROWS[1]),
        (3, ROWS[2]),
    ]


def test_a_table_can_be_read_twice(tmp_path: Path) -> None:
    table = open_table(text_file(tmp_path, end="\n"))
    assert list(table.rows()) == list(table.rows())


def test_commas_in_quotation_marks_do_not_hide_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        'Name;CPT\n"Lindqvist, Ada";"97110, 97112, 97140"\n"Okafor, Bruno";"97110, 97112, 97530"\n'
    )
    table = open_table(path)
    assert isinstance(table, TextTable)
    assert table.delimiter == ";"


def test_rows_have_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('A,B\n\n"two\nlines",1\n,\nlast,2\n')
    assert [(number, list(cells)) for number, cells in open_table(path).rows()] == [
        (1, ["A", "B"]),
        (3, ["two\nlines", "1"]),
        (5, ["last", "2"]),
    ]


def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Empty"
    hidden = book.create_sheet("Hidden")
    hidden.append(["not this one"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("List")
    sheet["B3"], sheet["C3"] = "Member ID", "Start"
    sheet["B5"], sheet["C5"] = 100200301, date(2026, 10, 5)
    path = tmp_path / "list.data"
    book.save(path)
    return path


def test_a_workbook_is_told_by_its_content_and_its_first_visible_sheet_with_rows_is_read(
    tmp_path: Path,
) -> None:
    rows = list(open_table(workbook(tmp_path)).rows())
    assert [number for number, _ in rows] == [3, 5]
    assert list(rows[1][1]) == [100200301.0, date(2026, 10, 5)]


def test_another_sheet_is_read_when_it_is_named(tmp_path: Path) -> None:
    assert [list(cells) for _, cells in open_table(workbook(tmp_path), "Hidden").rows()] == [["not this one"]]
    with pytest.raises(Problem) as raised:
        open_table(workbook(tmp_path), "Nowhere")
    assert raised.value.code == "no_sheet"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n \n", "file_empty"),
        (b"PK\x03\x04 no workbook", "file_unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 locked", "file_unreadable"),
        (b"Name\n\x81\x8d\n", "file_encoding"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(Problem) as raised:
        open_table(path)
    assert raised.value.code == code


def test_a_row_that_is_no_row_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"A,B\n1,{'x' * 140_000}\n")
    with pytest.raises(Problem, match="Row 2"):
        list(open_table(path).rows())
