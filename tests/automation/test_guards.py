"""Which row, which request, and whether the page is whole: nothing is ever the first one for want of a
better."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.guards import lacking, the_row, unlike
from automation.outcomes import Ended, OutcomeKind
from automation.reading import Seen
from portal_profiles.catalogue import load
from portal_profiles.identity import identify
from portal_profiles.query import Query
from portal_profiles.reading import Reading, ReadLine, ReadNumber
from portal_profiles.vocabulary import Determination, NumberKind

PROFILE = load("example_payer")
ADA = Query(
    id="1",
    member_id="XYZ100200301",
    last_name="Lindqvist",
    first_name="Ada",
    birth_date=date(1961, 3, 12),
    service_from=date(2026, 12, 1),
    service_to=date(2026, 12, 31),
    procedure_codes=("97110",),
)


def row(**cells: str) -> dict[str, dict[str, Any]]:
    """A row of the result list as the reader gives it; Ada's request unless said otherwise."""
    usual = {
        "reference": "26110417",
        "member_id": "XYZ100200301",
        "patient_name": "Lindqvist, Ada",
        "birth_date": "03/12/1961",
        "procedure_code": "97110",
        "service_from": "12/01/2026",
        "service_to": "12/31/2026",
        "status": "Approved",
    }
    return {
        name: {"text": text, "shown": True, "editable": False, "way": 0}
        for name, text in {**usual, **cells}.items()
    }


def listed(*rows: dict[str, Any]) -> Seen:
    text = {
        "page": "results",
        "fits": ["results"],
        "fields": {},
        "rows": {"items": list(rows)},
        "problems": [],
    }
    return Seen(PROFILE.pages["results"], text, 0.0, (PROFILE.pages["results"],))


def ends(seen: Seen, query: Query = ADA) -> OutcomeKind:
    with pytest.raises(Ended) as caught:
        the_row(PROFILE, seen, query)
    assert "XYZ" not in str(caught.value)
    return caught.value.kind


def test_the_one_row_that_agrees_is_opened_wherever_it_stands() -> None:
    assert the_row(PROFILE, listed(row(procedure_code="72148"), row(), row(procedure_code="97140")), ADA) == 1


def test_a_list_of_other_requests_only_is_no_answer() -> None:
    assert (
        ends(listed(row(procedure_code="72148"), row(service_from="11/01/2026")))
        is OutcomeKind.COULD_NOT_LOOK
    )


def test_two_rows_that_both_agree_are_ambiguous() -> None:
    assert ends(listed(row(), row(reference="26119999"))) is OutcomeKind.AMBIGUOUS


def test_of_two_rows_the_number_rules_one_out() -> None:
    query = replace(ADA, reference_number="2611 9999")
    assert the_row(PROFILE, listed(row(), row(reference="26119999")), query) == 1


def test_a_list_without_rows_is_a_changed_page_and_not_not_found() -> None:
    assert ends(listed()) is OutcomeKind.PAGE_CHANGED


def test_the_number_under_another_patients_name_is_a_wrong_patient() -> None:
    query = replace(ADA, reference_number="26110417")
    other = row(member_id="XYZ100200302", patient_name="Okafor, Bruno", birth_date="11/05/1978")
    assert ends(listed(other), query) is OutcomeKind.WRONG_PATIENT


@given(st.lists(st.sampled_from(["member_id", "patient_name", "birth_date", "procedure_code"]), min_size=1))
def test_no_row_is_opened_that_differs_in_anything(names: list[str]) -> None:
    other = {
        "member_id": "XYZ100200399",
        "patient_name": "Tevez, Carmen",
        "birth_date": "12/03/1961",
        "procedure_code": "97112",
    }
    assert ends(listed(row(**{name: other[name] for name in names}))) is not OutcomeKind.READ


def reading(**said: Any) -> Reading:
    usual: dict[str, Any] = {
        "member_id": "XYZ100200301",
        "birth_date": date(1961, 3, 12),
        "determination": Determination.APPROVED,
        "numbers": (ReadNumber(NumberKind.REFERENCE, "Reference number", "26110417"),),
        "lines": (ReadLine(1, code="97110"),),
    }
    return Reading("example_payer", "2026.11.1", **{**usual, **said})


def differs(said: Reading, query: Query) -> tuple[str, ...]:
    return unlike(said, identify(said, query), query)


def test_a_page_of_another_procedure_is_not_this_request_where_no_number_says_so() -> None:
    assert "procedure_code" in differs(reading(lines=(ReadLine(1, code="72148"),)), ADA)[0]


def test_a_page_of_other_dates_is_not_this_request_where_no_number_says_so() -> None:
    assert "dates" in differs(reading(effective=date(2027, 3, 1), expiry=date(2027, 4, 1)), ADA)[0]


def test_the_number_settles_it_even_if_the_payer_approved_another_code_and_time() -> None:
    query = replace(ADA, reference_number="26110417")
    said = reading(lines=(ReadLine(1, code="72148"),), effective=date(2027, 3, 1), expiry=date(2027, 4, 1))
    assert differs(said, query) == ()


def test_the_code_that_was_asked_for_is_as_good_as_the_approved_one() -> None:
    assert differs(reading(lines=(ReadLine(1, code="97112", requested_code="97110"),)), ADA) == ()


def test_a_page_that_says_neither_code_nor_dates_is_not_unlike() -> None:
    assert differs(reading(lines=()), ADA) == ()


def detail(*problems: dict[str, Any]) -> Seen:
    return Seen(PROFILE.pages["detail"], {"problems": list(problems)}, 0.0, (PROFILE.pages["detail"],))


@pytest.mark.parametrize("problem", ["nothing", "several", "disagree"])
def test_a_required_value_that_is_missing_doubled_or_contradicted_is_lacking(problem: str) -> None:
    said = {"where": "fields.determination", "problem": problem, "count": 2, "candidates": ["Review outcome"]}
    (sentence,) = lacking(detail(said))
    assert sentence.startswith("fields.determination")
    assert "Review outcome" in sentence


def test_a_value_that_is_not_required_or_was_found_by_its_fallback_is_not_lacking() -> None:
    assert lacking(detail({"where": "fields.plan", "problem": "several", "count": 2, "candidates": []})) == ()
    assert (
        lacking(detail({"where": "fields.member_id", "problem": "fallback", "count": 1, "candidates": []}))
        == ()
    )
