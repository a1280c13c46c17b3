from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_profiles.vocabulary import Determination, LevelOfCare, Unit
from server.interchange.cells import (
    CellProblem,
    codes_of,
    date_of,
    folded,
    identifier_of,
    list_of,
    quantities_of,
    text_of,
    word_of,
)
from server.interchange.column_names import HEADERS, VOCABULARIES, WORDS
from server.interchange.spreadsheet import Cell


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-04", date(2026, 3, 4)),
        ("3/4/2026", date(2026, 3, 4)),
        ("03-04-2026", date(2026, 3, 4)),
        ("20260304", date(2026, 3, 4)),
        ("2026-03-04 00:00:00", date(2026, 3, 4)),
        ("3/4/2026 12:00 AM", date(2026, 3, 4)),
        ("4-Mar-2026", date(2026, 3, 4)),
        ("March 4, 2026", date(2026, 3, 4)),
        (date(2026, 3, 4), date(2026, 3, 4)),
        (datetime.fromisoformat("2026-03-04T05:06"), date(2026, 3, 4)),
        (46085.0, date(2026, 3, 4)),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_read_as_people_and_excel_write_it(cell: Cell, expected: date | None) -> None:
    assert date_of(cell) == expected


def test_day_and_month_change_places_only_where_the_mapping_says_so() -> None:
    assert date_of("3/4/2026", day_first=True) == date(2026, 4, 3)
    assert date_of("2026-03-04", day_first=True) == date(2026, 3, 4)


@pytest.mark.parametrize("cell", ["3/4/26", "13/13/2026", "2026-02-30", "46085", "soon", "4-Foo-2026", 12.0])
def test_what_is_no_clear_date_is_refused(cell: Cell) -> None:
    with pytest.raises(CellProblem):
        date_of(cell)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_date_is_the_same_however_it_is_written(day: date) -> None:
    assert date_of(day.isoformat()) == date_of(f"{day.month}/{day.day}/{day.year}") == day
    assert date_of(f"{day:%d/%m/%Y}", day_first=True) == date_of(f"{day:%Y%m%d}") == day


@pytest.mark.parametrize(
    ("cell", "kept"), [("00123", "00123"), (123.0, "123"), (" A-1 ", "A-1"), ("12E5", "12E5"), (None, "")]
)
def test_an_identifier_stays_as_it_was_issued(cell: Cell, kept: str) -> None:
    assert identifier_of(cell) == kept


@pytest.mark.parametrize(
    "cell", ["1.23457E+11", "1,2E+10", "1E+05", 1234567890123456.0, datetime.fromisoformat("2026-03-04")]
)
def test_an_identifier_that_excel_has_spoilt_is_refused(cell: Cell) -> None:
    with pytest.raises(CellProblem) as raised:
        identifier_of(cell)
    assert "text" in raised.value.remedy


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("97110", [("97110", None, ())]),
        (97110.0, [("97110", None, ())]),
        ("97110, 97112;97140", [("97110", None, ()), ("97112", None, ()), ("97140", None, ())]),
        ("97110 97112", [("97110", None, ()), ("97112", None, ())]),
        ("97110-gp", [("97110", None, ("GP",))]),
        ("99213-25-GC, j1745", [("99213", None, ("25", "GC")), ("J1745", None, ())]),
        ("00100-00199", [("00100", "00199", ())]),
        ("50242-040-62", [("50242-040-62", None, ())]),
        ("", []),
    ],
)
def test_the_codes_of_a_cell_are_taken_apart(cell: Cell, codes: list[object]) -> None:
    assert list(codes_of(cell)) == codes


@pytest.mark.parametrize(
    ("cell", "amounts"),
    [
        ("12", [(Decimal(12), "")]),
        (12.0, [(Decimal(12), "")]),
        ("12 visits", [(Decimal(12), "visits")]),
        ("1,200", [(Decimal(1200), "")]),
        ("12; 8", [(Decimal(12), ""), (Decimal(8), "")]),
        ("12, 8", [(Decimal(12), ""), (Decimal(8), "")]),
        ("2.5 hrs", [(Decimal("2.5"), "hrs")]),
        ("", []),
    ],
)
def test_the_quantities_of_a_cell_keep_the_word_behind_them(cell: Cell, amounts: list[object]) -> None:
    assert quantities_of(cell) == amounts


@pytest.mark.parametrize("cell", ["many", "-3", "3-5", "x12"])
def test_what_is_no_quantity_is_refused(cell: Cell) -> None:
    with pytest.raises(CellProblem):
        quantities_of(cell)


def test_lists_are_taken_apart_however_they_are_separated() -> None:
    assert list_of("M54.50; G89.29,R26.2 M25.5") == ("M54.50", "G89.29", "R26.2", "M25.5")


def test_words_are_the_vocabularys_the_usual_ones_then_the_clinics_own() -> None:
    assert word_of("determination", "More information needed", {}) is Determination.MORE_INFORMATION_NEEDED
    assert word_of("determination", "PENDING", {}) is Determination.PENDED
    assert word_of("unit", "Hrs.", {}) is Unit.HOURS
    assert word_of("level_of_care", "IP", {}) is LevelOfCare.INPATIENT
    assert word_of("determination", "OK'd", {}) is None
    assert word_of("determination", "OK'd", {folded("OK'd"): "approved"}) is Determination.APPROVED
    assert word_of("determination", "pending", {"pending": "submitted"}) is Determination.SUBMITTED


def test_no_header_means_two_fields() -> None:
    owners: dict[str, set[str]] = {}
    for name, headers in HEADERS.items():
        for header in headers:
            owners.setdefault(folded(header), set()).add(name)
    assert {header: names for header, names in owners.items() if len(names) > 1} == {}


def test_every_usual_word_belongs_to_the_vocabulary_of_its_field() -> None:
    for name, words in WORDS.items():
        assert {type(word) for word in words.values()} == {VOCABULARIES[name]}


@given(st.one_of(st.none(), st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.datetimes()))
def test_no_cell_breaks_a_parser(cell: Cell) -> None:
    for parse in (date_of, identifier_of, codes_of, quantities_of, list_of, text_of):
        told = refusal(parse, cell)
        if isinstance(cell, str) and len(cell.strip()) > 8:
            assert cell.strip() not in told


def refusal(parse: Callable[[Cell], object], cell: Cell) -> str:
    """What a parser says against a cell; empty where it takes it."""
    try:
        parse(cell)
    except CellProblem as problem:
        return problem.message + problem.remedy
    return ""
