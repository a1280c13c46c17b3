"""Queries come and go as JSON; a mistake names the key and the remedy."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_profiles.query import Query, QueryError

WORDS = st.none() | st.text(min_size=1, max_size=12).map(str.strip).filter(bool)
DAYS = st.none() | st.dates()


@given(
    st.builds(
        Query,
        id=st.text(min_size=1, max_size=5).map(str.strip).filter(bool),
        reference_number=WORDS,
        member_id=WORDS,
        last_name=WORDS,
        first_name=WORDS,
        birth_date=DAYS,
        payer=WORDS,
        plan=WORDS,
        service_from=DAYS,
        service_to=DAYS,
        requesting_npi=WORDS,
        procedure_codes=st.lists(st.text(min_size=1, max_size=6), max_size=3).map(tuple),
    )
)
def test_a_query_survives_being_written_and_read(query: Query) -> None:
    assert Query.from_json(query.to_json()) == query


@pytest.mark.parametrize(
    ("data", "field", "remedy"),
    [
        ({}, "id", "is missing"),
        ({"id": "1", "member": "X"}, "member", "is not a key of a query"),
        ({"id": "1", "member_id": 100}, "member_id", "leading zeros"),
        ({"id": "1", "birth_date": "03/12/1961"}, "birth_date", "YYYY-MM-DD"),
        ({"id": "1", "procedure_codes": "97110"}, "procedure_codes", "list of codes"),
    ],
)
def test_a_mistake_names_the_key_and_the_remedy(data: dict[str, object], field: str, remedy: str) -> None:
    with pytest.raises(QueryError, match=remedy) as raised:
        Query.from_json(data)
    assert raised.value.field == field


def test_what_is_blank_is_not_known() -> None:
    query = Query.from_json({"id": "1", "member_id": " ", "birth_date": "1961-03-12"})
    assert (query.member_id, query.birth_date) == (None, date(1961, 3, 12))
    assert not query.has("member_id")
    assert query.has("birth_date")
