from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portal_profiles.vocabulary import Determination, LevelOfCare, NumberKind, Unit
from server.errors import Problem
from server.interchange.authorization_rows import (
    Group,
    OwnNames,
    RowReader,
    find_layout,
    make_group,
    read_own_names,
)
from server.interchange.spreadsheet import Cell

HEADER = [
    "Payer",
    "Member ID",
    "Patient Name",
    "DOB",
    "Auth #",
    "Status",
    "CPT",
    "Units",
    "Start Date",
    "End Date",
]
ADA: list[Cell] = [
    "Example Health", "XYZ100200301", "Lindqvist, Ada", "3/12/1961", "A-0001", "Approved", "97110", "12",
    "10/5/2026", "12/31/2026",
]  # fmt: skip


def group(header: list[Any], *rows: list[Any], own: OwnNames | None = None) -> Group:
    table = [(number, row) for number, row in enumerate([header, *rows], 1)]
    reader = RowReader(find_layout(table, own or OwnNames()))
    return make_group([reader.read(row) for row in table[1:]])


def with_cells(**cells: Cell) -> list[Cell]:
    row = list(ADA)
    for header, cell in cells.items():
        row[HEADER.index(header.replace("_", " ").replace("Auth number", "Auth #"))] = cell
    return row


def problems(found: Group) -> list[tuple[str, int | None]]:
    return [(problem.field, problem.row) for problem in found.problems]


def test_one_row_is_one_authorization() -> None:
    data = group(HEADER, ADA).data
    assert data is not None
    assert (data.payer_name, data.patient.member_id) == ("Example Health", "XYZ100200301")
    assert (data.patient.last_name, data.patient.first_name) == ("Lindqvist", "Ada")
    assert data.patient.birth_date == date(1961, 3, 12)
    assert data.determination is Determination.APPROVED
    assert [(number.value, number.kind) for number in data.reference_numbers] == [
        ("A-0001", NumberKind.AUTHORIZATION)
    ]
    assert [(line.code, line.quantity, line.unit) for line in data.lines] == [
        ("97110", Decimal(12), Unit.UNITS)
    ]
    assert (data.effective, data.expiry) == (date(2026, 10, 5), date(2026, 12, 31))


@pytest.mark.parametrize(
    "header",
    [
        "PAYOR|Subscriber ID|patient name|D.O.B.|authorization number|auth status|CPT Codes|approved "
        "units|From|To",
        "insurance|Policy #|Name|Date Of Birth|Prior Auth #|Decision|Procedure(s)|# Units|Valid From|Thru",
    ],
)  # fmt: skip
def test_columns_are_found_by_the_names_that_people_give_them(header: str) -> None:
    assert group(header.split("|"), ADA).data == group(HEADER, ADA).data


def test_titles_above_the_header_are_passed_over() -> None:
    table: list[tuple[int, list[Cell]]] = [
        (1, ["Riverbend Clinic"]),
        (2, ["Approvals", "2026"]),
        (4, list(HEADER)),
        (5, ADA),
    ]
    layout = find_layout(table, OwnNames())
    assert layout.header_row == 4


def test_a_file_without_a_header_is_refused() -> None:
    with pytest.raises(Problem) as raised:
        find_layout([(1, ADA)], OwnNames())
    assert raised.value.code == "no_header"


def test_two_columns_of_one_meaning_are_refused_by_name() -> None:
    with pytest.raises(Problem) as raised:
        find_layout([(1, [*HEADER, "Member Number"])], OwnNames())
    assert '"Member ID" and "Member Number"' in raised.value.fields[0].message


def test_a_column_that_means_nothing_is_said() -> None:
    assert find_layout([(1, [*HEADER, "Favourite colour", ""])], OwnNames()).ignored == ("Favourite colour",)


def test_several_codes_of_a_cell_are_lines() -> None:
    data = group(HEADER, with_cells(CPT="97110-GP, 97112", Units="12; 8")).data
    assert data is not None
    assert [(line.number, line.code, line.modifiers, line.quantity) for line in data.lines] == [
        (1, "97110", ("GP",), Decimal(12)),
        (2, "97112", (), Decimal(8)),
    ]


def test_one_number_of_units_for_several_codes_is_not_guessed_apart() -> None:
    assert problems(group(HEADER, with_cells(CPT="97110, 97112"))) == [("quantity", 2)]


def test_visits_are_shared_by_the_codes_of_a_visit() -> None:
    header = [name.replace("Units", "Visits") for name in HEADER]
    data = group(header, with_cells(CPT="97110, 97112")).data
    assert data is not None
    assert [(line.quantity, line.unit) for line in data.lines] == [(Decimal(12), Unit.VISITS)] * 2


def test_two_measures_in_one_row_are_refused() -> None:
    assert problems(group([*HEADER, "Visits"], [*ADA, "12"])) == [("quantity_visits", 2)]


def test_a_measure_behind_the_number_must_not_contradict_its_column() -> None:
    assert problems(group(HEADER, with_cells(Units="12 visits"))) == [("quantity_units", 2)]
    data = group([*HEADER[:7], "Qty", *HEADER[8:]], with_cells(Units="12 visits")).data
    assert data is not None
    assert data.lines[0].unit is Unit.VISITS


def test_a_request_key_is_no_authorization_number() -> None:
    data = group([*HEADER, "Request Key"], [*with_cells(Auth_number=""), "NT4HJ4"]).data
    assert data is not None
    assert [(n.kind, n.value) for n in data.reference_numbers] == [(NumberKind.KEY, "NT4HJ4")]


def test_rows_of_one_number_are_lines_of_one_authorization() -> None:
    found = group(HEADER, ADA, with_cells(CPT="97112", Units="8"), ADA)
    assert found.rows == (2, 3, 4)
    assert found.data is not None
    assert [(line.number, line.code) for line in found.data.lines] == [(1, "97110"), (2, "97112")]


def test_rows_with_dates_of_their_own_give_them_to_their_lines() -> None:
    found = group(HEADER, ADA, with_cells(CPT="97112", Start_Date="11/1/2026", End_Date="11/30/2026"))
    assert found.data is not None
    assert (found.data.effective, found.data.expiry) == (date(2026, 10, 5), date(2026, 12, 31))
    assert [(line.effective, line.expiry) for line in found.data.lines] == [
        (date(2026, 10, 5), date(2026, 12, 31)),
        (date(2026, 11, 1), date(2026, 11, 30)),
    ]


def test_approved_and_denied_rows_are_a_partial_approval_told_per_line() -> None:
    data = group(HEADER, ADA, with_cells(CPT="97112", Status="Denied")).data
    assert data is not None
    assert data.determination is Determination.PARTIALLY_APPROVED
    assert [line.determination for line in data.lines] == [Determination.APPROVED, Determination.DENIED]


def test_rows_of_one_number_that_contradict_each_other_are_refused() -> None:
    assert problems(group(HEADER, ADA, with_cells(Member_ID="XYZ100200302"))) == [("member_id", 3)]
    assert problems(group(HEADER, ADA, with_cells(Status="Pending"))) == [("determination", 3)]


def test_a_status_that_nobody_has_explained_is_kept_verbatim_as_unrecognised() -> None:
    found = group(HEADER, with_cells(Status="Parked by Bob"))
    assert found.data is not None
    assert found.data.determination is Determination.UNRECOGNISED
    assert found.data.determination_text == "Parked by Bob"
    assert [warning.field for warning in found.warnings] == ["determination"]


def test_an_unknown_word_elsewhere_is_left_out_with_a_warning_and_an_unknown_unit_refused() -> None:
    found = group([*HEADER, "Level of Care"], [*ADA, "upstairs"])
    assert found.data is not None
    assert found.data.level_of_care is None
    assert [warning.field for warning in found.warnings] == ["level_of_care"]
    assert problems(group([*HEADER, "Unit Type"], [*ADA, "bunches"])) == [("unit", 2)]


def test_a_row_with_more_cells_than_the_header_is_refused() -> None:
    assert problems(group(HEADER, [*ADA, "extra"])) == [("row", 2)]
    assert problems(group(HEADER, [*ADA, "", None])) == []


def test_first_name_before_last_name_without_a_comma_is_taken_apart() -> None:
    data = group(HEADER, with_cells(Patient_Name="Ada Maria Lindqvist")).data
    assert data is not None
    assert (data.patient.last_name, data.patient.first_name) == ("Lindqvist", "Ada Maria")


def test_no_problem_repeats_a_cell() -> None:
    found = group(HEADER, with_cells(DOB="some day", Units="plenty", Auth_number="1.23E+11"))
    assert sorted(problem.field for problem in found.problems) == [
        "authorization_number",
        "birth_date",
        "quantity_units",
    ]
    told = " ".join(problem.message + problem.remedy for problem in found.problems)
    assert not [cell for cell in ("some day", "plenty", "1.23E+11") if cell in told]


def mapping(tmp_path: Path, text: str) -> OwnNames:
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    return read_own_names(path)


def test_a_mapping_file_adds_columns_defaults_words_and_the_order_of_dates(tmp_path: Path) -> None:
    own = mapping(
        tmp_path,
        """
        [columns]
        "Karte" = "member_id"
        "DOB" = ""
        [defaults]
        level_of_care = "outpatient"
        payer_id = "EXH01"
        [words.determination]
        "OK'd" = "approved"
        [dates]
        order = "day_first"
        """,
    )
    header = [name.replace("Member ID", "Karte") for name in HEADER]
    found = group(header, with_cells(Status="ok'd", Start_Date="5/10/2026", End_Date="31/12/2026"), own=own)
    assert found.data is not None
    assert found.data.patient.member_id == "XYZ100200301"
    assert found.data.patient.birth_date is None
    assert found.data.determination is Determination.APPROVED
    assert (found.data.level_of_care, found.data.payer_id) == (LevelOfCare.OUTPATIENT, "EXH01")
    assert (found.data.effective, found.data.expiry) == (date(2026, 10, 5), date(2026, 12, 31))


def test_every_mistake_of_a_mapping_file_is_named_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(Problem) as raised:
        mapping(
            tmp_path,
            """
            [colums]
            [columns]
            "Karte" = "membre"
            [defaults]
            colour = "red"
            [words.determination]
            "ja" = "yes"
            [words.plan]
            "a" = "b"
            [dates]
            order = "backwards"
            """,
        )
    assert [problem.field for problem in raised.value.fields] == [
        "colums", "columns.Karte", "defaults.colour", "words.determination.ja", "words.plan", "dates.order",
    ]  # fmt: skip


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="not TOML"):
        mapping(tmp_path, "[columns")
