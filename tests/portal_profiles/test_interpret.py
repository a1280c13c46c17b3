"""A page's text becomes a reading: sides apart, kinds apart, per line, and nothing guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_profiles.interpret import interpret, interpret_row, match_rows, page_service
from portal_profiles.query import Query
from portal_profiles.reading import Reading, ReadNumber
from portal_profiles.schema import parse
from portal_profiles.vocabulary import Determination, NumberKind, Unit
from tests.portal_profiles.example import FILE, example, example_profile

PROFILE = example_profile()


def page_text(
    page: str, problems: tuple[dict[str, Any], ...] = (), rows: Any = None, **fields: str
) -> dict[str, Any]:
    def cell(text: str) -> dict[str, Any]:
        return {"text": text, "shown": True, "editable": False, "way": 0}

    return {
        "slug": "example_payer",
        "page": page,
        "fits": [page],
        "overlays": [],
        "url_path": "/",
        "fields": {key: cell(text) for key, text in fields.items()},
        "rows": {
            key: [{n: cell(t) for n, t in row.items()} for row in each] for key, each in (rows or {}).items()
        },
        "problems": list(problems),
    }


def test_numbers_keep_their_kind_their_label_and_their_value_as_issued() -> None:
    text = page_text("detail", authorization_number="007a-B", reference="R-1", tracking="t9")
    assert interpret(PROFILE, text).numbers == (
        ReadNumber(NumberKind.AUTHORIZATION, "Authorization number", "007a-B"),
        ReadNumber(NumberKind.REFERENCE, "Reference number", "R-1"),
        ReadNumber(NumberKind.TRACKING, "Tracking ID", "t9"),
    )


def test_a_pages_own_words_come_before_the_profiles_and_are_said_there_only() -> None:
    data = example()
    data["pages"]["detail"]["words"] = {"determination": {"Certified": "approved", "Pended": "submitted"}}
    profile = parse(data, FILE)

    def read(page: str, word: str) -> Determination | None:
        return interpret(profile, page_text(page, determination=word)).determination

    assert read("detail", "CERTIFIED") is Determination.APPROVED
    assert read("detail", "Pended") is Determination.SUBMITTED
    assert read("detail", "Denied") is Determination.DENIED
    assert read("confirmation", "Pended") is Determination.PENDED
    assert read("confirmation", "Certified") is Determination.UNRECOGNISED


def test_numbers_under_one_label_have_the_kind_of_their_shape() -> None:
    data = example()
    kinds = {r"A?\d{9}": "authorization", r"EXT-\d+": "transaction"}
    for page in ("detail", "request_form"):
        data["pages"][page]["fields"]["number"] = {
            "beside": "Number", "field": "reference_number", "number_kinds": kinds,
        }  # fmt: skip
    profile = parse(data, FILE)

    def read(number: str) -> tuple[ReadNumber, ...]:
        return interpret(profile, page_text("detail", number=number)).numbers

    assert read("a104478215") == (ReadNumber(NumberKind.AUTHORIZATION, "Number", "a104478215"),)
    assert read("EXT-20417") == (ReadNumber(NumberKind.TRANSACTION, "Number", "EXT-20417"),)
    other = interpret(profile, page_text("detail", number="PA104478215"))
    assert (other.numbers, other.problems) == (
        (),
        ("fields.number: has a shape that the profile does not know",),
    )
    typed = {n: page_service(profile, page_text("request_form", number=n)) for n in ("104478215", "EXT-7")}
    assert typed == {"104478215": {"reference_number": "104478215"}, "EXT-7": {}}


def test_requested_and_approved_values_of_a_line_are_kept_apart() -> None:
    row = {
        "requested_code": "97530", "procedure_code": "97110", "requested_quantity": "24 visits",
        "quantity": "8 visits", "used": "2 visits", "determination": "Approved with changes",
        "effective_date": "10/25/2026", "expiry_date": "12/24/2026",
    }  # fmt: skip
    (line,) = interpret(PROFILE, page_text("detail", rows={"lines": [row]})).lines
    assert (line.requested_code, line.code) == ("97530", "97110")
    assert (line.requested_quantity, line.approved_quantity, line.used_quantity) == (
        Decimal(24),
        Decimal(8),
        Decimal(2),
    )
    assert (line.unit, line.determination) == (Unit.VISITS, Determination.MODIFIED)
    assert (line.effective, line.expiry) == (date(2026, 10, 25), date(2026, 12, 24))


def test_a_quantity_in_another_unit_than_the_approved_one_is_left_out_and_said() -> None:
    reading = interpret(
        PROFILE,
        page_text("detail", rows={"lines": [{"requested_quantity": "24 visits", "quantity": "8 days"}]}),
    )
    assert (reading.lines[0].approved_quantity, reading.lines[0].requested_quantity) == (Decimal(8), None)
    assert reading.problems == ("rows.lines[0]: the requested quantity is in another unit",)


def test_lines_decided_apart_keep_their_own_decisions_and_numbers() -> None:
    rows = {"lines": [{"line_number": "3", "determination": "Approved"}, {"determination": "Denied"}]}
    lines = interpret(PROFILE, page_text("detail", determination="Partially approved", rows=rows)).lines
    assert [(line.number, line.determination) for line in lines] == [
        (3, Determination.APPROVED),
        (2, Determination.DENIED),
    ]


def test_an_unknown_word_is_unrecognised_kept_verbatim_and_raised() -> None:
    rows = {"lines": [{"determination": "Certified in part"}]}
    reading = interpret(PROFILE, page_text("detail", determination="Approved pending records", rows=rows))
    assert (reading.determination, reading.determination_text) == (
        Determination.UNRECOGNISED,
        "Approved pending records",
    )
    assert reading.lines[0].determination_text == "Certified in part"
    assert len(reading.problems) == 2


def test_a_page_that_shows_no_status_has_none() -> None:
    reading = interpret(PROFILE, page_text("detail", determination="", member_id="XYZ100200301"))
    assert (reading.determination, reading.determination_text) == (None, None)


def test_two_places_that_say_different_statuses_say_none() -> None:
    data = example()
    data["pages"]["detail"]["fields"]["banner"] = {"css": ".banner", "field": "determination"}
    profile = parse(data, FILE)
    reading = interpret(profile, page_text("detail", determination="Approved", banner="Denied"))
    assert reading.determination is Determination.UNRECOGNISED
    assert "differs from another place" in reading.problems[0]
    assert (
        interpret(profile, page_text("detail", determination="Denied", banner="Denied")).determination
        == "denied"
    )


def test_what_was_requested_is_not_taken_for_what_is_approved() -> None:
    data = example()
    asked = {
        "beside": "Requested dates",
        "field": "effective_date",
        "side": "requested",
        "format": "MM/DD/YYYY",
    }
    data["pages"]["detail"]["fields"]["asked_from"] = asked
    reading = interpret(parse(data, FILE), page_text("detail", asked_from="11/02/2026"))
    assert reading.effective is None
    assert reading.texts["asked_from"] == "11/02/2026"


def test_the_text_behind_every_value_is_kept() -> None:
    text = page_text(
        "detail", determination="Approved", note="Call us", rows={"lines": [{"quantity": "8 visits"}]}
    )
    assert interpret(PROFILE, text).texts == {
        "determination": "Approved",
        "note": "Call us",
        "lines[0].quantity": "8 visits",
    }


def test_the_readers_problems_are_told_with_labels_and_no_value() -> None:
    said = {
        "where": "fields.determination",
        "problem": "nothing",
        "count": 0,
        "candidates": ["Review status"],
    }
    reading = interpret(PROFILE, page_text("detail", (said,), member_id="bad value!"))
    assert reading.problems == (
        "fields.determination: is not on the page; nearest to it: Review status",
        "fields.member_id: is more than one identifier",
    )


@pytest.mark.parametrize(
    ("fits", "said"), [([], "no page"), (["results", "no_results"], "more than one page")]
)
def test_a_page_that_is_not_known_gives_no_value(fits: list[str], said: str) -> None:
    reading = interpret(
        PROFILE, {**page_text("detail", determination="Approved"), "page": None, "fits": fits}
    )
    assert reading == Reading("example_payer", PROFILE.version, problems=(reading.problems[0],))
    assert said in reading.problems[0]


ADA = Query(
    id="1", reference_number="R-1", member_id="XYZ100200301", last_name="Lindqvist", first_name="Ada",
    birth_date=date(1961, 3, 12), service_from=date(2026, 11, 2), procedure_codes=("97110", "97140"),
)  # fmt: skip
ROW = {
    "reference": "R-1", "member_id": "XYZ100200301", "patient_name": "LINDQVIST, ADA",
    "birth_date": "03/12/1961",
    "procedure_code": "97110", "service_from": "11/02/2026", "status": "Approved",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([ROW], (0,)),
        ([], ()),
        ([{**ROW, "member_id": "XYZ100200302"}], ()),
        ([{**ROW, "procedure_code": "70553"}, ROW], (1,)),
        ([ROW, ROW], (0, 1)),
        ([{**ROW, "birth_date": "12/03/1961"}], ()),
        ([{**ROW, "patient_name": "LINDQVIST, AMY"}], ()),
        ([{**ROW, "member_id": "XYZ***301"}], ()),
        ([{key: text for key, text in ROW.items() if key != "member_id"}], ()),
        ([{**ROW, "birth_date": ""}], ()),
    ],
)
def test_a_result_row_is_opened_only_when_every_match_cell_agrees(
    rows: list[dict[str, str]], found: tuple[int, ...]
) -> None:
    assert match_rows(PROFILE, page_text("results", rows={"items": rows}), ADA) == found


def test_no_row_matches_a_query_that_has_nothing_to_compare() -> None:
    assert match_rows(PROFILE, page_text("results", rows={"items": [ROW]}), Query(id="1")) == ()


def test_a_result_row_is_a_reading_of_its_own() -> None:
    reading = interpret_row(PROFILE, page_text("results", rows={"items": [{}, ROW]}), 1)
    assert (reading.member_id, reading.determination) == ("XYZ100200301", Determination.APPROVED)
    assert reading.numbers == (ReadNumber(NumberKind.REFERENCE, "Reference", "R-1"),)


def test_a_request_form_becomes_a_service_with_its_further_procedures_as_lines() -> None:
    text = page_text(
        "request_form",
        member_id="XYZ100200301", patient_last_name="Lindqvist", birth_date="03/12/1961",
        payer="Example Health",
        diagnoses="M54.5, M25.561", place_of_service="Office", service_from="11/09/2026",
        reference_number="007A",
        rows={"procedures": [
            {"procedure_code": "", "quantity": ""},
            {"procedure_code": "97110", "modifiers": "GP", "quantity": "2", "unit": "visits"},
            {"procedure_code": "97140", "quantity": "1.5"},
        ]},
    )  # fmt: skip
    assert page_service(PROFILE, text) == {
        "member_id": "XYZ100200301",
        "last_name": "Lindqvist",
        "birth_date": "1961-03-12",
        "payer_name": "Example Health",
        "diagnoses": ["M54.5", "M25.561"],
        "place_of_service": "11",
        "date_from": "2026-11-09",
        "reference_number": "007A",
        "procedure_code": "97110",
        "modifiers": ["GP"],
        "quantity": 2,
        "unit": "visits",
        "lines": [{"row": 2, "procedure_code": "97140", "quantity": 1.5}],
    }


def test_what_is_half_typed_is_a_problem_of_its_field_and_row_and_no_value() -> None:
    text = page_text("request_form", service_from="11/9", rows={"procedures": [{"quantity": "two"}]})
    assert page_service(PROFILE, text) == {
        "problems": [
            {"field": "service_from", "message": "is not written MM/DD/YYYY", "row": None},
            {"field": "quantity", "message": "is no amount", "row": 0},
        ]
    }


def test_an_empty_form_and_an_unknown_page_are_no_service() -> None:
    assert page_service(PROFILE, page_text("request_form", member_id="", payer="")) == {}
    assert page_service(PROFILE, {**page_text("request_form", member_id="X1"), "page": None}) == {}


CELLS = st.dictionaries(st.sampled_from(sorted(PROFILE.pages["detail"].fields)), st.text(max_size=25))
LINES = st.lists(
    st.dictionaries(
        st.sampled_from(sorted(PROFILE.pages["detail"].rows["lines"].cells)), st.text(max_size=15)
    ),
    max_size=3,
)


@settings(deadline=None)
@given(cells=CELLS, lines=LINES)
def test_any_text_gives_a_reading_that_survives_being_written_and_read(
    cells: dict[str, str], lines: list[dict[str, str]]
) -> None:
    reading = interpret(PROFILE, page_text("detail", (), {"lines": lines}, **cells))
    assert Reading.from_json(reading.to_json()) == reading
    listed = PROFILE.words["determination"]
    if reading.determination not in (None, Determination.UNRECOGNISED):
        assert reading.determination_text is not None
        assert " ".join(reading.determination_text.split()).casefold() in listed
