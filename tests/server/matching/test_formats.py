from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.matching.formats import (
    PLACES_OF_SERVICE,
    FormatProblem,
    diagnosis_problem,
    inpatient_procedure_problem,
    modifier_problem,
    ndc_11,
    ndc_problem,
    npi_problem,
    place_of_service_problem,
    procedure_code_problem,
    revenue_code_problem,
    type_of_bill_problem,
    utn_problem,
)


@pytest.mark.parametrize("npi", ["1234567893", "1003000126", "1992999957", " 1234567893 "])
def test_an_npi_with_its_check_digit_is_fine(npi: str) -> None:
    assert npi_problem(npi) is None


@pytest.mark.parametrize(
    "npi", ["9876543210", "1234567890", "123456789", "12345678931", "3234567893", "Dr. X"]
)
def test_an_npi_that_cannot_be_is_told(npi: str) -> None:
    assert npi_problem(npi) is not None


@given(st.sampled_from("12"), st.text(alphabet="0123456789", min_size=8, max_size=8))
def test_exactly_one_check_digit_fits_each_npi(first: str, rest: str) -> None:
    fine = [digit for digit in "0123456789" if npi_problem(first + rest + digit) is None]
    assert len(fine) == 1
    prefixed = "80840" + first + rest + fine[0]
    doubled = [int(c) * (1 + i % 2) for i, c in enumerate(reversed(prefixed))]
    assert sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


@given(st.integers(0, 8), st.sampled_from(["1234567893", "1003000126", "1992999957"]), st.integers(1, 9))
def test_one_wrong_digit_breaks_an_npi(position: int, npi: str, shift: int) -> None:
    wrong = str((int(npi[position]) + shift) % 10)
    assert npi_problem(npi[:position] + wrong + npi[position + 1 :]) is not None


@pytest.mark.parametrize(
    "code", ["99213", "0001F", "0042T", "0240U", "0002M", "J1745", "g0378", "A0427", "V2020"]
)
def test_procedure_codes_of_every_series_are_fine(code: str) -> None:
    assert procedure_code_problem(code) is None


@pytest.mark.parametrize("code", ["9921", "992133", "W0001", "99-21", "XXXXX", "70551-26", "", "J174A"])
def test_what_is_no_procedure_code_is_told(code: str) -> None:
    assert procedure_code_problem(code) is not None


@pytest.mark.parametrize("code", ["G43.909", "g43909", "I10", "U07.1", "C7A.00", "S72.001A", "M1A.0110"])
def test_icd_10_cm_codes_are_fine_with_and_without_dot(code: str) -> None:
    assert diagnosis_problem(code) is None


@pytest.mark.parametrize("code", ["250.00", "G4", "G43.9091234", "GG3", "G439.09", "I10.", "1G0", ""])
def test_what_is_no_icd_10_cm_code_is_told(code: str) -> None:
    assert diagnosis_problem(code) is not None


def test_icd_10_pcs_has_seven_characters_without_i_and_o() -> None:
    assert inpatient_procedure_problem("0DT60ZZ") is None
    assert inpatient_procedure_problem("ODT60ZZ") is not None
    assert inpatient_procedure_problem("0DT60Z") is not None


def test_a_modifier_has_two_characters() -> None:
    assert modifier_problem("26") is None
    assert modifier_problem("rt") is None
    assert modifier_problem("2") is not None
    assert modifier_problem("RT LT") is not None


def test_a_place_of_service_is_one_in_use() -> None:
    assert place_of_service_problem("11") is None
    assert place_of_service_problem("2") is None
    for unassigned in ("00", "28", "59", "98", "111", "AA", ""):
        assert place_of_service_problem(unassigned) is not None


def test_the_places_of_service_are_those_of_the_cms_file() -> None:
    shared = Path(os.environ.get("TALLYSTICK_SHARED", Path(__file__).parents[4] / "shared"))
    listed = shared / "data" / "code_lists" / "cms_place_of_service_CLM-POS-CD.fsh"
    if not listed.is_file():
        pytest.skip("the CMS place of service file is not beside the repository (TALLYSTICK_SHARED)")
    codes = re.findall(r'#(\d\d) "(?!UNASSIGNED)', listed.read_text())
    assert set(codes) == PLACES_OF_SERVICE


@pytest.mark.parametrize(
    ("text", "eleven"),
    [
        ("0002-1433-80", "00002143380"),
        ("50242-040-62", "50242004062"),
        ("12345-6789-1", "12345678901"),
        ("00002143380", "00002143380"),
        ("00002-1433-80", "00002143380"),
        ("0002143380", None),
        ("1-2-3", None),
        ("0002143380A", None),
        ("000021433-80", None),
    ],
)
def test_an_ndc_is_padded_only_where_its_dashes_say_how(text: str, eleven: str | None) -> None:
    assert ndc_11(text) == eleven


def test_a_bare_ten_digit_ndc_is_called_ambiguous() -> None:
    problem = ndc_problem("0002143380")
    assert isinstance(problem, FormatProblem)
    assert "three different drugs" in problem.message
    assert "dashes" in problem.remedy
    assert str(problem) == f"{problem.message} {problem.remedy}"
    assert ndc_problem("0002-1433-80") is None
    assert "11 digits" in str(ndc_problem("12"))


def test_revenue_codes_and_types_of_bill_may_lack_their_leading_zero() -> None:
    assert revenue_code_problem("0762") is None
    assert revenue_code_problem("762") is None
    assert revenue_code_problem("76") is not None
    for fine in ("131", "0131", "11A", "0837"):
        assert type_of_bill_problem(fine) is None
    for wrong in ("13", "1310", "A31", "013"):
        assert type_of_bill_problem(wrong) is not None


def test_a_medicare_tracking_number_has_its_shape() -> None:
    assert utn_problem("AB A12345678901") is None
    assert utn_problem("12H12345678901") is None
    assert utn_problem("12B12345678901") is not None
    assert utn_problem("12H1234567890") is not None


ALL = (
    npi_problem,
    procedure_code_problem,
    diagnosis_problem,
    inpatient_procedure_problem,
    modifier_problem,
    place_of_service_problem,
    ndc_problem,
    revenue_code_problem,
    type_of_bill_problem,
    utn_problem,
)


@given(st.text(max_size=16))
def test_any_text_is_either_fine_or_told_with_a_remedy(text: str) -> None:
    for problem_of in ALL:
        problem = problem_of(text)
        assert problem is None or (problem.message and problem.remedy)


@given(st.text(alphabet="0123456789", min_size=6, max_size=16))
def test_no_message_repeats_the_value(text: str) -> None:
    for problem_of in ALL:
        assert text not in str(problem_of(text))
