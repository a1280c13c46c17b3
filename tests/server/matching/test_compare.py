from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.matching.compare import (
    code_key,
    code_kind,
    date_slip,
    diagnosis_key,
    given_names,
    identifier_key,
    in_code_range,
    name_key,
    ndc_readings,
    place_key,
    typing_slip,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A001-23 45", "A0012345"),
        (" a0012345\t", "A0012345"),
        ("A001–2345", "A0012345"),
        ("00123", "00123"),
        ("", ""),
        (None, ""),
        ("AUTH/77", "AUTH/77"),
    ],
)
def test_an_identifier_keeps_its_zeros_and_loses_spaces_dashes_and_case(text: str | None, key: str) -> None:
    assert identifier_key(text) == key


@given(st.text(alphabet="abcXYZ0189- \u2013", max_size=20))
def test_an_identifiers_key_is_its_own_key(text: str) -> None:
    assert identifier_key(identifier_key(text)) == identifier_key(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Brien", "OBRIEN"),
        ("García-López", "Garcia Lopez"),
        ("Halvorsen Jr.", "Halvorsen"),
        ("Dr. Noor Salim", "Noor Salim"),
        ("Sørensen", "Sorensen"),
        ("Straße", "Strasse"),
        ("de la Cruz", "DELACRUZ"),
    ],
)
def test_names_agree_without_accents_punctuation_titles_and_suffixes(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_a_name_that_is_only_a_suffix_is_kept() -> None:
    assert name_key("III") == "III"


def test_given_names_come_apart() -> None:
    assert given_names("Ada M.") == ("ADA", "M")
    assert given_names("Anne-Marie") == ("ANNE", "MARIE")
    assert given_names(None) == ()


@pytest.mark.parametrize(
    ("text", "key", "kind"),
    [
        ("j1745", "J1745", "procedure"),
        (" 70551 ", "70551", "procedure"),
        ("0001u", "0001U", "procedure"),
        ("450", "0450", "revenue"),
        ("0450", "0450", "revenue"),
        ("0002-1433-80", "00002143380", "ndc"),
        ("50242-040-62", "50242004062", "ndc"),
        ("12345-6789-1", "12345678901", "ndc"),
        ("00002-1433-80", "00002143380", "ndc"),
        ("0002143380", "0002143380", "ndc"),
        ("0DT60ZZ", "0DT60ZZ", "inpatient"),
        ("", "", "other"),
    ],
)
def test_a_code_has_one_key_and_the_kind_of_its_shape(text: str, key: str, kind: str) -> None:
    assert code_key(text) == key
    assert code_kind(key) == kind


def test_a_bare_ten_digit_ndc_has_three_readings() -> None:
    assert ndc_readings("0002143380") == ("00002143380", "00021043380", "00021433800")
    assert ndc_readings("00002143380") == ("00002143380",)
    assert ndc_readings("ABC") == ()


@pytest.mark.parametrize(
    ("code", "start", "end", "inside"),
    [
        ("J0000", "J0000", "J9999", True),
        ("J9999", "J0000", "J9999", True),
        ("J1745", "J9999", "J0000", True),
        ("K0001", "J0000", "J9999", False),
        ("A4253", "A0000", "E9999", True),
        ("99213", "A0000", "E9999", False),
        ("0240U", "0001U", "0500U", True),
        ("00240", "0001U", "0500U", False),
        ("0240T", "0001U", "0500U", False),
        ("0240T", "00100", "69999", False),
        ("97110", "97110", "97530", True),
        ("9711", "97110", "97530", False),
        ("0120", "0100", "0219", True),
    ],
)
def test_a_code_range_is_inclusive_and_stays_in_its_series(
    code: str, start: str, end: str, inside: bool
) -> None:
    assert in_code_range(code, start, end) is inside


def test_a_diagnosis_is_compared_undotted_in_upper_case() -> None:
    assert diagnosis_key("g43.909") == diagnosis_key("G43909") == "G43909"


def test_a_place_of_service_gets_its_leading_zero_back() -> None:
    assert place_key("2") == "02"
    assert place_key(" 11 ") == "11"


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("XYZ123", "XYZ132", "two neighbouring characters are swapped"),
        ("XYZ123", "XYZ124", "one character differs"),
        ("XYZ123", "XYZ1123", "one character is missing or one too many"),
        ("XYZ123", "XYZ321", None),
        ("XYZ123", "XYZ123", None),
        ("XYZ123", "XYZ12345", None),
        ("", "X", None),
    ],
)
def test_a_typing_slip_is_told_by_its_kind(one: str, other: str, slip: str | None) -> None:
    assert typing_slip(one, other) == slip
    assert typing_slip(other, one) == slip


@pytest.mark.parametrize(
    ("other", "slip"),
    [
        (date(1961, 12, 3), "day and month are swapped"),
        (date(1961, 3, 13), "one digit differs"),
        (date(1916, 3, 12), "two neighbouring digits are swapped"),
        (date(1961, 3, 21), "two neighbouring digits are swapped"),
        (date(1990, 7, 4), None),
        (date(1961, 3, 12), None),
    ],
)
def test_a_slip_in_a_date_is_told_by_its_kind(other: date, slip: str | None) -> None:
    assert date_slip(date(1961, 3, 12), other) == slip


@given(st.dates(), st.dates())
def test_a_date_slip_is_the_same_from_both_sides(one: date, other: date) -> None:
    assert date_slip(one, other) == date_slip(other, one)
