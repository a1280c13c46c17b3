"""Templates of steps are checked when a profile is loaded and never show a value in an error."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_profiles.template import NAMES, TemplateError, fill, slots


def test_names_are_filled_and_dates_are_written_in_their_format() -> None:
    values = {"member_id": "XYZ100200301", "birth_date": date(1961, 3, 12), "last_name": "Lindqvist"}
    assert fill("{last_name} / {birth_date:M/D/YYYY}", values) == "Lindqvist / 3/12/1961"
    assert fill("{member_id}", values) == "XYZ100200301"


@pytest.mark.parametrize(
    ("template", "remedy"),
    [
        ("{membr_id}", "is unknown"),
        ("{id}", "is unknown"),
        ("{birth_date}", "needs a date format"),
        ("{birth_date:MM/YY}", "needs a date format"),
        ("{member_id:MM}", "is not a date"),
        ("{member_id", "a brace is open"),
        ("member_id}", "a brace is open"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template: str, remedy: str) -> None:
    with pytest.raises(TemplateError, match=remedy):
        slots(template)


@pytest.mark.parametrize("known", [{}, {"member_id": None}, {"member_id": ""}])
def test_what_is_not_known_is_named_and_nothing_is_typed(known: dict[str, object]) -> None:
    with pytest.raises(TemplateError, match="member_id"):
        fill("{last_name} {member_id}", {"last_name": "Lindqvist", **known})


def test_an_error_shows_no_value() -> None:
    with pytest.raises(TemplateError) as raised:
        fill("{password} {code}", {"password": "s3cret"})
    assert "s3cret" not in str(raised.value)


@given(value=st.text(min_size=1))
def test_a_value_with_braces_is_typed_as_it_is(value: str) -> None:
    assert fill("{member_id}", {"member_id": value}) == value


def test_every_name_can_be_asked_for() -> None:
    for name in NAMES:
        dated = name in ("birth_date", "service_from", "service_to")
        assert slots(f"{{{name}:MM/DD/YYYY}}" if dated else f"{{{name}}}") == (name,)
