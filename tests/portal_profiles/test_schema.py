"""Every mistake in a profile names the file, the key and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_profiles.profile import PageKind, Side, ValueKind
from portal_profiles.query import Query
from portal_profiles.schema import KINDS_OF_FIELD, ProfileError, parse
from portal_profiles.vocabulary import Determination, FieldName, NumberKind
from tests.portal_profiles.example import FILE, example, mistakes

Change = Callable[[dict[str, Any]], object]


def test_the_example_has_no_mistake() -> None:
    assert mistakes(example()) == {}


def test_an_error_names_the_file_the_key_and_the_remedy() -> None:
    data = example()
    del data["name"]
    with pytest.raises(ProfileError) as raised:
        parse(data, FILE)
    assert (raised.value.file, raised.value.key, raised.value.remedy) == (FILE, "name", "is missing: add it")
    assert str(raised.value) == f"{FILE}: name: is missing: add it"


def test_all_mistakes_are_told_at_once() -> None:
    data = example()
    del data["name"]
    data["version"] = "1.0"
    data["hosts"][0]["origin"] = "http://portal.example"
    assert set(mistakes(data)) == {"name", "version", "hosts[0].origin"}


@pytest.mark.parametrize(
    ("change", "key", "remedy"),
    [
        (lambda d: d.update(summry="x"), "summry", "did you mean summary?"),
        (lambda d: d["pages"]["detail"].update(sing=[]), "pages.detail.sing", "did you mean sign?"),
        (
            lambda d: d["pages"]["detail"]["fields"]["birth_date"].update(fromat="x"),
            "pages.detail.fields.birth_date.fromat",
            "did you mean format?",
        ),
        (
            lambda d: d["pages"]["sign_in"]["steps"][0].update(valeu="x"),
            "pages.sign_in.steps[0].valeu",
            "value?",
        ),
        (lambda d: d["pace"].update(breakr=1), "pace.breakr", "did you mean breaker?"),
        (lambda d: d["due"].update(denied=1), "due.denied", "is unknown"),
        (lambda d: d["pages"]["home"].update(kind="hom"), "pages.home.kind", "did you mean home?"),
    ],
)
def test_an_unknown_key_or_word_is_refused_with_the_nearest_valid_one(
    change: Change, key: str, remedy: str
) -> None:
    data = example()
    change(data)
    assert remedy in mistakes(data)[key]


@pytest.mark.parametrize(
    ("change", "key", "remedy"),
    [
        (lambda d: d["pages"]["home"].update(sign=[]), "pages.home.sign", "at least one visible sign"),
        (lambda d: d["pages"]["home"].update(kind="detail"), "pages", "none is of kind home"),
        (
            lambda d: d["pages"]["home"]["sign"].append({"css": "a", "text": "b"}),
            "pages.home.sign[2]",
            "exactly one of",
        ),
        (lambda d: d["pages"]["home"]["sign"].append({}), "pages.home.sign[2]", "none is given"),
        (
            lambda d: d["pages"]["home"]["sign"].append({"column": "A"}),
            "pages.home.sign[2]",
            "cells of rows only",
        ),
        (lambda d: d["pages"]["home"]["sign"][0].update(name=""), "pages.home.sign[0].name", "is empty"),
        (
            lambda d: d["pages"]["detail"]["fields"]["plan"].update(exact=False),
            "pages.detail.fields.plan.exact",
            "whole label",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["birth_date"].pop("format"),
            "pages.detail.fields.birth_date.format",
            "a date needs its format",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["birth_date"].update(format="MM/DD/YY"),
            "pages.detail.fields.birth_date.format",
            "YYYY",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["tracking"].pop("number_kind"),
            "pages.detail.fields.tracking.number_kind",
            "numbers have kinds",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"].update(membr_id={"beside": "Member"}),
            "pages.detail.fields.membr_id.field",
            "did you mean member_id?",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["member_id"].update(
                {"as": "date", "format": "MM/DD/YYYY"}
            ),
            "pages.detail.fields.member_id.as",
            "use identifier",
        ),
        (
            lambda d: d["pages"]["request_form"]["fields"]["place_of_service"].pop("stand_in"),
            "pages.request_form.fields.place_of_service.stand_in",
            "visible front",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["plan"].update(compare=True),
            "pages.detail.fields.plan.compare",
            "needs a fallback",
        ),
        (
            lambda d: d["pages"]["terms"].update(steps=[{"do": "click", "text": "Read"}]),
            "pages.terms.steps",
            "is only read",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["plan"].update(pattern="Plan: .+"),
            "pages.detail.fields.plan.pattern",
            "exactly one group",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["plan"].update(pattern="Plan: (.+"),
            "pages.detail.fields.plan.pattern",
            "",
        ),
        (
            lambda d: d["pages"]["detail"].update(steps=[{"do": "click", "text": "Withdraw request"}]),
            "pages.detail.steps[0]",
            "a look never acts",
        ),
        (
            lambda d: d["search"][0]["steps"][1].update(value="{referense_number}"),
            "search[0].steps[1].value",
            "is unknown; the names are",
        ),
        (
            lambda d: d["search"][1]["steps"][2].update(value="{birth_date}"),
            "search[1].steps[2].value",
            "needs a date format",
        ),
        (lambda d: d["search"][0].update(needs=["member_id"]), "search[0].steps[1].value", "is not in needs"),
        (
            lambda d: d["search"][0]["steps"][0].update(path="status"),
            "search[0].steps[0].path",
            "must start with /",
        ),
        (
            lambda d: d["search"][0]["steps"][0].update(value="x"),
            "search[0].steps[0].value",
            "is not for goto",
        ),
        (
            lambda d: d["search"][0]["steps"].append({"do": "wait", "page": "resutls"}),
            "search[0].steps[3].page",
            "did you mean results?",
        ),
        (
            lambda d: d["search"][0]["steps"].append({"do": "fill", "label": "X", "value": "{password}"}),
            "search[0].steps[3].value",
            "is not in needs",
        ),
        (lambda d: d["results"].update(rows="itms"), "results.rows", "did you mean items?"),
        (lambda d: d["results"].update(match=["memberid"]), "results.match[0]", "did you mean member_id?"),
        (lambda d: d["results"].update(match=["status"]), "results.match[0]", "nothing that a query has"),
        (lambda d: d.pop("results"), "results", "is missing"),
        (
            lambda d: d["words"]["determination"].update(Okay="aproved"),
            'words.determination."Okay"',
            "approved?",
        ),
        (
            lambda d: d["words"]["determination"].update(Odd="unrecognised"),
            'words.determination."Odd"',
            "'unrecognised'",
        ),
        (
            lambda d: d["words"]["determination"].update({"APPROVED ": "denied"}),
            'words.determination."APPROVED "',
            "listed twice",
        ),
        (
            lambda d: d["words"]["place_of_service"].update(Home="12a"),
            'words.place_of_service."Home"',
            "two digits",
        ),
        (lambda d: d["words"].pop("determination"), "words.determination", "is missing"),
        (lambda d: d["pace"].update(start="23:00"), "pace.start", "outside hours"),
        (
            lambda d: d["pace"].update(between_checks_seconds=[9, 1]),
            "pace.between_checks_seconds",
            "swap them",
        ),
        (lambda d: d["expect"].update(minimum_read=2), "expect.minimum_read", "from 0 to 1"),
        (lambda d: d["expect"].update(most_changed_pages=0), "expect.most_changed_pages", "1 or more"),
        (lambda d: d["expect"].update(most_unknown_words=0), "expect.most_unknown_words", "1 or more"),
        (lambda d: d["letter"].update(button={"text": "Letter"}), "letter", "exactly one of link"),
        (lambda d: d["letter"].pop("link"), "letter", "exactly one of link"),
        (lambda d: d["terms"].update(text=""), "terms.source", "needs its text and source"),
        (
            lambda d: d["hosts"][0].update(origin="https://a.example/path"),
            "hosts[0].origin",
            "scheme and host only",
        ),
        (lambda d: d["hosts"][0].update(source="heard"), "hosts[0].source", "documented"),
        (lambda d: d.update(seen_live="yesterday"), "seen_live", "2026-11-20"),
        (lambda d: d.update(fictional="yes"), "fictional", "true or false"),
        (lambda d: d["pages"].update({"Bad Name": {}}), "pages.Bad Name", "small letters"),
        (lambda d: d.update(pages=[]), "pages", "must be a table"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_remedy(change: Change, key: str, remedy: str) -> None:
    data = example()
    change(data)
    assert remedy in mistakes(data)[key]


@pytest.mark.parametrize(
    ("change", "key", "remedy"),
    [
        (lambda d: d["search"][0].update(when={"payr": "Blue"}), "search[0].when.payr.key", "payer?"),
        (lambda d: d["search"][0].update(when={"payer": "Blue("}), "search[0].when.payer.value", "regular"),
        (
            lambda d: d["search"][0].update(when={"birth_date": ".*"}),
            "search[0].when.birth_date.key",
            "is unknown",
        ),
        (
            lambda d: d["pages"]["results"]["rows"]["items"].update(refresh={"text": "Update"}),
            "pages.results.rows.items.refreshed",
            "go together",
        ),
        (
            lambda d: d["pages"]["results"]["rows"]["items"].update(
                refresh={"text": "Save"}, refreshed={"text": "Up to date"}
            ),
            "pages.results.rows.items.refresh",
            "a look never acts",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["tracking"].update(number_kinds={"T.*": "tracking"}),
            "pages.detail.fields.tracking.number_kinds",
            "drop one",
        ),
        (
            lambda d: d["pages"]["detail"]["fields"]["plan"].update(number_kinds={"T.*": "tracking"}),
            "pages.detail.fields.plan.number_kinds",
            "numbers only",
        ),
        (
            lambda d: d["pages"]["detail"].update(words={"determination": {"Okay": "aproved"}}),
            'pages.detail.words.determination."Okay"',
            "approved?",
        ),
    ],
)
def test_what_one_plan_of_a_portal_has_for_itself_is_checked_too(
    change: Change, key: str, remedy: str
) -> None:
    data = example()
    change(data)
    assert remedy in mistakes(data)[key]


def test_a_page_with_status_words_of_its_own_needs_none_of_the_profiles() -> None:
    data = example()
    words = data["words"].pop("determination")
    for page in ("results", "detail", "confirmation"):
        data["pages"][page]["words"] = {"determination": words}
    assert mistakes(data) == {}


def test_a_search_serves_the_queries_whose_values_have_its_shapes() -> None:
    data = example()
    data["search"][0]["when"] = {"payer": "Blue( Meridian)?", "reference_number": r"A?\d{8,9}"}
    search = parse(data, FILE).search[0]
    assert search.serves(Query("1", payer="blue  meridian", reference_number="a123456789"))
    assert not search.serves(Query("1", payer="Blue Meridian Federal", reference_number="A123456789"))
    assert not search.serves(Query("1", payer="Blue", reference_number="REQ-123456789"))
    assert not search.serves(Query("1", reference_number="A123456789"))


@pytest.mark.parametrize(
    "word", ["Submit", "Save draft", "Withdraw", "Cancel", "Archive", "Accept all", "Delete", "Send"]
)
def test_a_listed_click_that_would_act_is_refused_outside_the_sign_in(word: str) -> None:
    click = {"do": "click", "role": "button", "name": word}
    searching = example()
    searching["search"][0]["steps"].append(click)
    assert "a look never acts" in mistakes(searching)["search[0].steps[3]"]
    banner = example()
    banner["pages"]["cookies"]["steps"] = [click]
    assert "a look never acts" in mistakes(banner)["pages.cookies.steps[0]"]
    rows = example()
    rows["results"]["open"] = {"role": "button", "name": word}
    assert "a look never acts" in mistakes(rows)["results.open"]
    button = example()
    button["letter"] = {"button": {"role": "button", "name": word}}
    assert "a look never acts" in mistakes(button)["letter.button"]
    paged = example()
    paged["pages"]["results"]["rows"]["items"]["next"] = {"role": "button", "name": word}
    assert "a look never acts" in mistakes(paged)["pages.results.rows.items.next"]
    letter = example()
    letter["letter"]["link"] = {"role": "link", "name": word}
    assert "a look never acts" in mistakes(letter)["letter.link"]


@pytest.mark.parametrize(
    "locator", [{"id": "btnSubmitRequest"}, {"css": "[name=resend]"}, {"test_id": "saveLine"}]
)
def test_an_acting_word_counts_inside_an_id_too(locator: dict[str, str]) -> None:
    data = example()
    data["search"][0]["steps"].append({"do": "click", **locator})
    assert "a look never acts" in mistakes(data)["search[0].steps[3]"]


def test_a_click_by_value_needs_what_it_fills_in() -> None:
    data = example()
    data["search"][0]["steps"].append({"do": "click", "role": "link", "value": "{plan}"})
    assert "is not in needs" in mistakes(data)["search[0].steps[3].value"]
    data["search"][0]["needs"].append("plan")
    assert mistakes(data) == {}


def test_a_detail_page_may_unfold_what_starts_closed() -> None:
    data = example()
    data["pages"]["detail"]["steps"] = [{"do": "click", "role": "button", "name": "Service lines"}]
    assert mistakes(data) == {}


def test_signing_in_itself_may_be_sent_off() -> None:
    data = example()
    data["pages"]["sign_in"]["steps"][2] = {"do": "click", "role": "button", "name": "Submit"}
    assert mistakes(data) == {}


def test_a_password_is_typed_on_sign_in_pages_only() -> None:
    data = example()
    data["pages"]["organization"]["steps"][0] = {"do": "fill", "label": "Organization", "value": "{password}"}
    assert "sign-in pages only" in mistakes(data)["pages.organization.steps[0].value"]


def test_what_the_profile_leaves_out_has_its_usual_value() -> None:
    data = example()
    for part in ("pace", "due", "expect", "terms", "network", "letter"):
        del data[part]
    profile = parse(data, FILE)
    assert profile.due.days[Determination.APPROVED] == 7
    assert Determination.DENIED not in profile.due.days
    assert (profile.terms.automation, profile.letter) == ("unknown", None)
    assert profile.pace.between_checks_seconds == (4.0, 12.0)


def test_a_key_names_its_element_and_the_page_whose_value_it_is() -> None:
    profile = parse(example(), FILE)
    status = profile.pages["detail"].fields["determination"]
    assert (status.field, status.kind, status.side) == (
        FieldName.DETERMINATION,
        ValueKind.DETERMINATION,
        Side.APPROVED,
    )
    reference = profile.pages["detail"].fields["reference"]
    assert (reference.field, reference.number_kind) == (FieldName.REFERENCE_NUMBER, NumberKind.REFERENCE)
    assert profile.pages["request_form"].fields["member_id"].side is Side.REQUESTED
    lines = profile.pages["detail"].rows["lines"].cells
    assert (lines["requested_quantity"].side, lines["used"].side) == (Side.REQUESTED, Side.USED)


def test_the_reading_part_has_no_step_no_word_and_no_host() -> None:
    part = parse(example(), FILE).reading_part()
    assert set(part) == {"slug", "version", "pages"}
    shown = repr(part)
    assert "{password}" not in shown
    assert "example-health.example" not in shown
    assert "partially_approved" not in shown


def test_a_base_url_stands_in_for_every_host_and_keeps_the_path() -> None:
    profile = parse(example(), FILE)
    assert profile.url("/sign-in", "sign-in") == "https://signin.example-health.example/sign-in"
    assert profile.url("/x", "app") == "https://portal.example-health.example/x"
    assert profile.url("/x", "app", "http://127.0.0.1:20111/ignored") == "http://127.0.0.1:20111/x"


def test_every_element_of_an_authorization_can_be_read_as_something() -> None:
    assert set(KINDS_OF_FIELD) == set(FieldName)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(key=st.sampled_from(sorted(example())), value=JSON)
def test_whatever_stands_in_a_key_is_a_profile_or_a_mistake_with_a_remedy(key: str, value: object) -> None:
    data = example()
    data[key] = value
    for path, remedy in mistakes(data).items():
        assert path
        assert remedy


def test_every_kind_of_page_is_in_the_example() -> None:
    kinds = {page.kind for page in parse(example(), FILE).pages.values()}
    assert kinds == set(PageKind)
