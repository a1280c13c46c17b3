"""A reading is accepted only when two identifiers agree, one of them the patient's, and none disagrees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal_profiles.identity import Identity, identifier_key, identify, same_name
from portal_profiles.query import Query
from portal_profiles.reading import Reading, ReadNumber
from portal_profiles.vocabulary import NumberKind

ADA = Query(
    id="1",
    reference_number="R-0044120",
    member_id="XYZ100200301",
    last_name="Lindqvist",
    first_name="Ada",
    birth_date=date(1961, 3, 12),
)
PAGE = Reading(
    portal="example_payer",
    profile_version="2026.11.1",
    member_id="xyz 100-200-301",
    patient_name="LINDQVIST, ADA M",
    last_name="LINDQVIST",
    first_name="ADA M",
    birth_date=date(1961, 3, 12),
    numbers=(
        ReadNumber(NumberKind.TRACKING, "Tracking ID", "T1"),
        ReadNumber(NumberKind.REFERENCE, "Reference", "R0044120"),
    ),
)
NAMELESS: dict[str, Any] = {"patient_name": None, "last_name": None, "first_name": None}


def test_a_page_on_which_everything_agrees_is_accepted() -> None:
    assert identify(PAGE, ADA) == Identity(
        ("member_id", "birth_date", "name", "reference_number"), (), "accepted"
    )


@pytest.mark.parametrize(
    ("page", "agree", "verdict"),
    [
        (replace(PAGE, numbers=(), **NAMELESS), ("member_id", "birth_date"), "accepted"),
        (replace(PAGE, birth_date=None, **NAMELESS), ("member_id", "reference_number"), "accepted"),
        (replace(PAGE, member_id=None, numbers=()), ("birth_date", "name"), "accepted"),
        (replace(PAGE, birth_date=None, numbers=(), **NAMELESS), ("member_id",), "needs_person"),
        (replace(PAGE, member_id=None, birth_date=None, **NAMELESS), ("reference_number",), "needs_person"),
        (replace(PAGE, member_id=None, birth_date=None, numbers=(), **NAMELESS), (), "needs_person"),
    ],
)
def test_two_must_agree_and_one_of_them_is_the_patients(
    page: Reading, agree: tuple[str, ...], verdict: str
) -> None:
    assert identify(page, ADA) == Identity(agree, (), verdict)


@pytest.mark.parametrize(
    ("page", "disagree"),
    [
        (replace(PAGE, member_id="XYZ100200302"), "member_id"),
        (replace(PAGE, member_id="XYZ1002003010"), "member_id"),
        (replace(PAGE, birth_date=date(1961, 12, 3)), "birth_date"),
        (replace(PAGE, patient_name="LINDQVIST, AMY"), "name"),
        (replace(PAGE, patient_name=None, first_name="AMY"), "name"),
        (replace(PAGE, patient_name=None, last_name="LINDGREN", first_name=None), "name"),
    ],
)
def test_one_disagreeing_identifier_of_the_patient_is_a_wrong_patient(page: Reading, disagree: str) -> None:
    found = identify(page, ADA)
    assert (found.disagree, found.verdict) == ((disagree,), "wrong_patient")


def test_another_number_of_the_same_patient_waits_for_a_person() -> None:
    other = replace(PAGE, numbers=(ReadNumber(NumberKind.REFERENCE, "Reference", "R-0044121"),))
    assert identify(other, ADA).verdict == "needs_person"
    assert identify(other, ADA).disagree == ("reference_number",)


def test_what_the_query_does_not_know_is_not_compared() -> None:
    found = identify(PAGE, Query(id="1", member_id="XYZ100200301", last_name="Lindqvist"))
    assert found == Identity(("member_id",), (), "needs_person")


@given(member_id=st.text("ABXYZ0123456789", min_size=1, max_size=14))
def test_no_other_member_id_is_ever_accepted(member_id: str) -> None:
    assume(member_id != "XYZ100200301")
    assert identify(replace(PAGE, member_id=member_id), ADA).verdict == "wrong_patient"
    assert identify(PAGE, replace(ADA, member_id=member_id)).verdict == "wrong_patient"


@given(days=st.integers(-40000, 20000).filter(bool))
def test_no_other_birth_date_is_ever_accepted(days: int) -> None:
    other = date(1961, 3, 12) + timedelta(days=days)
    assert identify(replace(PAGE, birth_date=other), ADA).verdict == "wrong_patient"
    assert identify(PAGE, replace(ADA, birth_date=other)).verdict == "wrong_patient"


@given(last=st.text("abcdefghij", min_size=1, max_size=9), first=st.text("klmnopqr", min_size=1, max_size=9))
def test_no_other_name_is_ever_accepted(last: str, first: str) -> None:
    for other in (replace(ADA, last_name=last), replace(ADA, first_name=first)):
        assert identify(PAGE, other).verdict == "wrong_patient"


@given(
    number=st.text("R0123456789-", min_size=1, max_size=12).filter(lambda text: any(map(str.isdigit, text)))
)
def test_no_other_reference_number_is_ever_accepted(number: str) -> None:
    assume(identifier_key(number) not in ("R0044120", "T1"))
    assert identify(PAGE, replace(ADA, reference_number=number)).verdict == "needs_person"


@given(st.sets(st.sampled_from(["birth_date", "last_name", "first_name", "reference_number"])))
def test_however_little_is_known_a_patient_who_disagrees_is_never_accepted(unknown: set[str]) -> None:
    less: dict[str, Any] = dict.fromkeys(unknown)
    assert identify(replace(PAGE, member_id="XYZ100200303"), replace(ADA, **less)).verdict == "wrong_patient"


@pytest.mark.parametrize(
    ("shown", "last", "first"),
    [
        ("LINDQVIST, ADA", "Lindqvist", "Ada"),
        ("Lindqvist,Ada Maria", "Lindqvist", "Ada"),
        ("LINDQVIST, ADA M", "Lindqvist", "Ada Maria"),
        ("Ada Lindqvist", "Lindqvist", "Ada"),
        ("Ada M. Lindqvist", "Lindqvist", "Ada"),
        ("MUÑOZ, JOSÉ", "Munoz", "Jose"),
        ("OBRIEN, SEAN", "O'Brien", "Sean"),
        ("SMITH-JONES, ANNA", "Smith Jones", "Anna"),
        ("Anna Smith Jones", "Smith-Jones", "Anna"),
        ("VAN DER BERG, EVA", "van der Berg", "Eva"),
        ("KING JR, PAUL", "King", "Paul"),
        ("KING, PAUL III", "King", "Paul"),
        ("JEAN-LUC MOREAU", "Moreau", "Jean Luc"),
    ],
)
def test_one_name_may_be_written_in_several_ways(shown: str, last: str, first: str) -> None:
    assert same_name(shown, last, first) is True


@pytest.mark.parametrize(
    ("shown", "last", "first"),
    [
        ("LINDQVIST, A", "Lindqvist", "Ada"),
        ("LINDQVIST, ADAM", "Lindqvist", "Ada"),
        ("LINDQVIST, ADA B", "Lindqvist", "Ada Maria"),
        ("ADA, LINDQVIST", "Lindqvist", "Ada"),
        ("Lindqvist Ada", "Lindqvist", "Ada"),
        ("Taylor Jordan", "Taylor", "Jordan"),
        ("LIND, ADA", "Lindqvist", "Ada"),
        ("Lindqvist", "Lindqvist", "Ada"),
    ],
)
def test_two_names_are_not_one(shown: str, last: str, first: str) -> None:
    assert same_name(shown, last, first) is False


def test_half_a_name_is_no_answer() -> None:
    assert same_name("LINDQVIST, ADA", "Lindqvist", None) is None
    assert same_name("LINDQVIST, ADA", None, "Ada") is None


@given(st.text(max_size=20), st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=10))
def test_any_text_can_be_compared_as_a_name(shown: str, last: str, first: str) -> None:
    assert same_name(shown, last, first) in (True, False)
