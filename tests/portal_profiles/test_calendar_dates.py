"""Dates are read in the declared format and in no other, and never shift."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_profiles.calendar_dates import DateProblem, check_format, read_date, write_date

FORMATS = ("MM/DD/YYYY", "M/D/YYYY", "YYYY-MM-DD", "DD.MM.YYYY", "DD-MMM-YYYY", "MMMM D, YYYY", "YYYYMMDD")


@given(day=st.dates(min_value=date(1000, 1, 1)), format_=st.sampled_from(FORMATS))
def test_a_date_that_is_written_is_read_as_the_same_day(day: date, format_: str) -> None:
    assert read_date(write_date(day, format_), format_) == day


@given(text=st.text(max_size=12), format_=st.sampled_from(FORMATS))
def test_any_text_is_a_date_or_a_problem(text: str, format_: str) -> None:
    try:
        read = read_date(text, format_)
    except DateProblem:
        return
    assert read_date(write_date(read, format_), format_) == read


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("3/12/1961", "MM/DD/YYYY"),
        ("03/12/61", "MM/DD/YYYY"),
        ("13/03/1961", "MM/DD/YYYY"),
        ("02/30/2026", "MM/DD/YYYY"),
        ("03/12/1961 (subscriber)", "MM/DD/YYYY"),
        ("1961-03-12", "MM/DD/YYYY"),
        ("Foo 3, 2026", "MMM D, YYYY"),
        ("", "MM/DD/YYYY"),
    ],
)
def test_another_format_or_an_impossible_day_is_a_problem(text: str, format_: str) -> None:
    with pytest.raises(DateProblem) as raised:
        read_date(text, format_)
    assert not text or text not in str(raised.value)


def test_a_time_beside_the_date_is_read_over() -> None:
    assert read_date("11/03/2026 11:59 PM", "MM/DD/YYYY hh:mm A") == date(2026, 11, 3)
    assert read_date("Nov. 3, 2026", "MMM D, YYYY") == date(2026, 11, 3)
    with pytest.raises(DateProblem, match="no time to write"):
        write_date(date(2026, 11, 3), "MM/DD/YYYY hh:mm")


@pytest.mark.parametrize("format_", ["MM/DD/YY", "MM/YYYY", "", "MM/DD/YYYY DD", "DD/YYYY"])
def test_a_format_needs_one_year_of_four_digits_one_month_and_one_day(format_: str) -> None:
    with pytest.raises(DateProblem, match="YYYY"):
        check_format(format_)
