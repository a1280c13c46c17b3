"""One cell of text is read as the profile declares, or refused without repeating it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_profiles.profile import FieldSpec, Locator, ValueKind, folded
from portal_profiles.values import PersonName, Quantity, ValueProblem, Word, read_value
from portal_profiles.vocabulary import (
    AuthorizationType,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    Unit,
)

WORDS = {
    "determination": {"approved": "approved", "pended": "pended"},
    "unit": {"visits": "visits", "days": "days"},
    "level_of_care": {"outpatient": "outpatient", "op": "outpatient"},
    "component": {"26": "professional"},
    "place_of_service": {"office": "11"},
    "authorization_type": {"referral": "referral"},
}


def spec(kind: ValueKind, **more: Any) -> FieldSpec:
    return FieldSpec(key="it", find=Locator("beside", "It"), kind=kind, **more)


DATE = spec(ValueKind.DATE, format="MM/DD/YYYY")
NUMBER = spec(ValueKind.NUMBER, number_kind=NumberKind.AUTHORIZATION)
KEY = spec(ValueKind.NUMBER, number_kind=NumberKind.KEY)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (spec(ValueKind.TEXT), "  Example  PPO ", "Example PPO"),
        (DATE, "03/12/1961", date(1961, 3, 12)),
        (
            spec(ValueKind.DATE, format="MM/DD/YYYY", range="start"),
            "11/02/2026 - 12/18/2026",
            date(2026, 11, 2),
        ),
        (spec(ValueKind.DATE, format="MM/DD/YYYY", range="end"), "11/02/2026–12/18/2026", date(2026, 12, 18)),
        (
            spec(ValueKind.DATE, format="YYYY-MM-DD", range="end"),
            "2026-11-02 through 2026-12-18",
            date(2026, 12, 18),
        ),
        (spec(ValueKind.IDENTIFIER), "00xyZ 100-01", "00xyZ 100-01"),
        (NUMBER, "007A", "007A"),
        (KEY, "TPBNPV", "TPBNPV"),
        (spec(ValueKind.NAME), "LINDQVIST, ADA M", PersonName("LINDQVIST, ADA M", "LINDQVIST", "ADA M")),
        (spec(ValueKind.NAME), "Ada Lindqvist", PersonName("Ada Lindqvist")),
        (spec(ValueKind.NPI), "1234567893", "1234567893"),
        (spec(ValueKind.NPI), "Dr. Noor Salim (NPI: 1234567893)", "1234567893"),
        (spec(ValueKind.CODE), "97110", "97110"),
        (spec(ValueKind.CODE), "j1745", "J1745"),
        (spec(ValueKind.CODE), "97110 - as the payer describes it", "97110"),
        (spec(ValueKind.CODE), "0169-4132-12", "0169-4132-12"),
        (spec(ValueKind.CODES), "M54.5, m25561; G43.909", ("M54.5", "M25561", "G43.909")),
        (spec(ValueKind.CODES), "M54.5 M25.561", ("M54.5", "M25.561")),
        (spec(ValueKind.CODES), "M17.11 - one, of several; G43.909", ("M17.11", "G43.909")),
        (spec(ValueKind.MODIFIERS), "gp, 59/RT", ("GP", "59", "RT")),
        (spec(ValueKind.QUANTITY), "12", Quantity(Decimal(12))),
        (spec(ValueKind.QUANTITY), "1,200.5 Visits", Quantity(Decimal("1200.5"), Unit.VISITS)),
        (spec(ValueKind.UNIT), "DAYS", Unit.DAYS),
        (spec(ValueKind.DETERMINATION), " approved ", Word(Determination.APPROVED, "approved")),
        (spec(ValueKind.PLACE_OF_SERVICE), "Office", "11"),
        (spec(ValueKind.PLACE_OF_SERVICE), "22", "22"),
        (spec(ValueKind.PLACE_OF_SERVICE), "22 - as the payer calls it", "22"),
        (spec(ValueKind.LEVEL_OF_CARE), "Outpatient", LevelOfCare.OUTPATIENT),
        (spec(ValueKind.COMPONENT), "26", Component.PROFESSIONAL),
        (spec(ValueKind.AUTHORIZATION_TYPE), "Referral", AuthorizationType.REFERRAL),
    ],
)
def test_a_text_is_read_as_declared(field: FieldSpec, text: str, value: object) -> None:
    assert read_value(field, text, WORDS) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (DATE, "1961-03-12"),
        (DATE, "02/30/2026"),
        (spec(ValueKind.DATE, format="MM/DD/YYYY", range="start"), "11/02/2026"),
        (spec(ValueKind.IDENTIFIER), "XYZ***301"),
        (spec(ValueKind.IDENTIFIER), "XYZ100 (subscriber)"),
        (spec(ValueKind.IDENTIFIER), "Not available"),
        (NUMBER, "Not yet assigned"),
        (NUMBER, "See A1, A2"),
        (spec(ValueKind.NAME), "LIN*****, A"),
        (spec(ValueKind.NPI), "12345"),
        (spec(ValueKind.NPI), "1234567893 or 1003000126"),
        (spec(ValueKind.NPI), "12345678931"),
        (spec(ValueKind.CODE), "Physical therapy"),
        (spec(ValueKind.CODE), "97110-GP"),
        (spec(ValueKind.CODE), "97110, 97140"),
        (spec(ValueKind.CODES), "M54.5, see chart 2"),
        (spec(ValueKind.MODIFIERS), "GP, physical"),
        (spec(ValueKind.QUANTITY), "3 visits a week"),
        (spec(ValueKind.QUANTITY), "12 sessions"),
        (spec(ValueKind.QUANTITY), "3 of 12"),
        (spec(ValueKind.QUANTITY), "-3"),
        (spec(ValueKind.UNIT), "visit or day"),
        (spec(ValueKind.PLACE_OF_SERVICE), "Field hospital"),
        (spec(ValueKind.PLACE_OF_SERVICE), "221"),
        (spec(ValueKind.LEVEL_OF_CARE), "Outpatient or observation"),
    ],
)
def test_what_cannot_be_read_as_declared_is_refused_and_not_repeated(field: FieldSpec, text: str) -> None:
    with pytest.raises(ValueProblem) as raised:
        read_value(field, text, WORDS)
    assert text not in str(raised.value)


@pytest.mark.parametrize("text", ["", "  ", "-", "—", "N/A", "None"])
@pytest.mark.parametrize("kind", [kind for kind in ValueKind if kind is not ValueKind.DETERMINATION])
def test_nothing_is_nothing_and_no_problem(kind: ValueKind, text: str) -> None:
    assert read_value(spec(kind, format="MM/DD/YYYY"), text, WORDS) is None


@pytest.mark.parametrize(
    "text", ["Approved pending records", "Not approved", "Approved.", "appr", "-", "N/A"]
)
def test_a_status_word_that_is_not_listed_whole_is_unrecognised_and_kept_verbatim(text: str) -> None:
    assert read_value(spec(ValueKind.DETERMINATION), text, WORDS) == Word(Determination.UNRECOGNISED, text)


@given(text=st.text(min_size=1, max_size=40))
def test_no_text_becomes_a_status_unless_the_profile_lists_it(text: str) -> None:
    value = read_value(spec(ValueKind.DETERMINATION), text, WORDS)
    if value is not None:
        assert isinstance(value, Word)
        listed = folded(text) in WORDS["determination"]
        assert (value.determination is not Determination.UNRECOGNISED) == listed


def test_a_selects_committed_value_is_looked_up_after_its_text() -> None:
    level = spec(ValueKind.LEVEL_OF_CARE)
    assert read_value(level, "Day surgery", WORDS, committed="OP") is LevelOfCare.OUTPATIENT
    assert read_value(spec(ValueKind.PLACE_OF_SERVICE), "Day surgery", WORDS, committed="24") == "24"


@settings(deadline=None)
@given(text=st.text(max_size=30), kind=st.sampled_from(list(ValueKind)))
def test_any_text_gives_a_value_or_a_problem_and_no_other_error(text: str, kind: ValueKind) -> None:
    with suppress(ValueProblem):
        read_value(spec(kind, format="MM/DD/YYYY"), text, WORDS, committed=text)


@given(amount=st.decimals(min_value=0, max_value=10**6, places=2), unit=st.sampled_from(["visits", "days"]))
def test_a_quantity_keeps_its_unit_and_every_digit(amount: Decimal, unit: str) -> None:
    assert read_value(spec(ValueKind.QUANTITY), f"{amount} {unit}", WORDS) == Quantity(amount, Unit(unit))


KEYED = r"(?:.+) \(Key: (.+)\)"


def test_of_a_text_that_holds_more_the_one_group_is_the_value() -> None:
    text = "Ada  Lindqvist\n(key: NT4HJ4)"
    assert read_value(spec(ValueKind.TEXT, pattern=KEYED), text, WORDS) == "NT4HJ4"
    assert read_value(spec(ValueKind.NAME, pattern=r"(.+) \(Key: .+\)"), text, WORDS) == PersonName(
        "Ada Lindqvist"
    )


@pytest.mark.parametrize("text", ["Ada Lindqvist", "Ada (Key: )", "Ada (Key: NT4HJ4) and more"])
def test_a_text_of_another_shape_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueProblem, match="is not written as the profile says"):
        read_value(spec(ValueKind.TEXT, pattern=KEYED), text, WORDS)


def test_an_empty_text_says_nothing_whatever_its_shape_should_be() -> None:
    assert read_value(spec(ValueKind.TEXT, pattern=KEYED), " ", WORDS) is None
