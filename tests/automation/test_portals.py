"""The robot in a real Chromium at every sandbox: a clean pass, and every hazard that a portal can be."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from automation import sandbox
from automation.night import Event
from automation.outcomes import Outcome, OutcomeKind
from portal_profiles.catalogue import load, slugs
from portal_profiles.profile import Locator, Step
from portal_profiles.vocabulary import Determination, NumberKind
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser

#: Found by listing: a new portal is sent through all of this by being there. Those that only a person signs
#: in to have tests of their own (test_portals_that_a_person_opens.py).
SLUGS = tuple(slug for slug in slugs() if slug in sandbox.slugs() and load(slug).unattended)
#: Those whose sign-in asks for the code of an authenticator app.
WITH_CODES = tuple(slug for slug in SLUGS if "totp" in load(slug).sign_in.methods)
#: Those whose requests link to the payer's letter.
WITH_LETTERS = tuple(slug for slug in SLUGS if load(slug).letter is not None)
Serve = Callable[..., Visit]


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def nothing_was_changed(visit: Visit) -> bool:
    return (visit.counts["acts"], visit.counts["submitted"]) == ([], 0)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_pass_reads_what_the_portals_records_say_and_changes_nothing(visit: Serve, slug: str) -> None:
    here = visit(slug)
    queries = here.queries()
    expected = sandbox.expected(slug)
    outcomes = here.look(queries)
    assert [outcome.query_id for outcome in outcomes] == [query.id for query in queries]
    for outcome in outcomes:
        wanted = expected[outcome.query_id]
        assert outcome.kind.value == wanted.outcome, (wanted.row, outcome.message, outcome.problems)
        if outcome.reading is None:
            continue
        reading = outcome.reading
        assert (reading.determination, reading.determination_text) == (
            wanted.determination,
            wanted.determination_text,
        ), wanted.row
        assert {(n.kind, n.value) for n in reading.numbers} == set(wanted.numbers), wanted.row
        confirmed = [n.value for n in reading.numbers if n.kind is NumberKind.AUTHORIZATION]
        assert confirmed == ([wanted.authorization_number] if wanted.authorization_number else [])
        assert [
            (line.requested_quantity, line.approved_quantity, line.determination) for line in reading.lines
        ] == [
            (
                Decimal(line.requested),
                None if line.approved is None else Decimal(line.approved),
                line.determination,
            )
            for line in wanted.lines
        ], wanted.row
    assert nothing_was_changed(here)
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_a_reading_keeps_the_whole_page_its_letter_and_the_text_of_each_value(
    visit: Serve, slug: str
) -> None:
    here = visit(slug)
    outcome = next(o for o in here.look(here.queries("read", 1)))
    kept = {item.kind: item.content for item in outcome.evidence}
    assert set(kept) == {"picture", "text"} | ({"letter"} if slug in WITH_LETTERS else set())
    assert kept.get("letter", b"%PDF").startswith(b"%PDF")
    width, height = struct.unpack(">II", kept["picture"][16:24])
    assert width == 1280
    assert height > 900, "the frame's content is cut off"
    text = json.loads(kept["text"])
    assert outcome.reading is not None
    assert text["profile_version"] == outcome.reading.profile_version
    assert text["fields"]["determination"]["text"] == outcome.reading.determination_text


STOPS = {
    "maintenance": "maintenance",
    "terms": "terms_shown",
    "challenge": "challenge_shown",
    "locked": "locked",
    "expired_password": "password_expired",
    "refused": "credentials_refused",
}


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("hazard", STOPS)
def test_what_stops_a_sign_in_is_every_querys_outcome(visit: Serve, slug: str, hazard: str) -> None:
    here = visit(slug, **{hazard: True})
    outcomes = here.look(here.queries(many=3))
    assert kinds(outcomes) == [STOPS[hazard]] * 3
    account = here.counts["accounts"]["riverbend.robot"]
    assert account["passwords_refused"] <= 1
    assert account["locked"] is False
    assert nothing_was_changed(here)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_refused_password_is_sent_exactly_once(visit: Serve, slug: str) -> None:
    here = visit(slug)
    wrong = replace(here.account(), password="not the password")
    assert set(kinds(here.look(here.queries(many=5), account=wrong))) == {"credentials_refused"}
    assert here.counts["accounts"]["riverbend.robot"]["passwords_refused"] == 1


@pytest.mark.parametrize("slug", WITH_CODES)
def test_without_an_authenticator_a_code_is_a_persons_to_give(visit: Serve, slug: str) -> None:
    here = visit(slug)
    outcomes = here.look(here.queries(many=2), account=replace(here.account(), totp_secret=None))
    assert kinds(outcomes) == ["code_needed"] * 2
    assert here.counts["accounts"]["riverbend.robot"]["codes_refused"] == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_an_unknown_word_is_kept_verbatim_and_raised_to_a_person(visit: Serve, slug: str) -> None:
    here = visit(slug, unknown_word="Approved pending step 2")
    (outcome,) = here.look(here.queries("read", 1))
    assert outcome.kind is OutcomeKind.READ
    assert outcome.reading is not None
    assert outcome.reading.determination is Determination.UNRECOGNISED
    assert outcome.reading.determination_text == "Approved pending step 2"
    assert outcome.person


@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_found_is_said_by_a_page_made_for_it(visit: Serve, slug: str) -> None:
    here = visit(slug, no_result=True)
    assert kinds(here.look(here.queries("read", 2))) == ["not_found"] * 2


@pytest.mark.parametrize("slug", SLUGS)
def test_two_that_match_are_ambiguous_and_neither_is_opened(visit: Serve, slug: str) -> None:
    here = visit(slug, duplicates=True)
    (outcome,) = here.look(here.queries("read", 1))
    assert outcome.kind is OutcomeKind.AMBIGUOUS
    assert outcome.reading is None


@pytest.mark.parametrize("slug", SLUGS)
def test_of_another_patients_page_nothing_is_kept(visit: Serve, slug: str) -> None:
    here = visit(slug, wrong_patient=True)
    (outcome,) = here.look(here.queries("read", 1))
    assert outcome.kind is OutcomeKind.WRONG_PATIENT
    assert outcome.reading is None
    assert outcome.evidence == ()


@pytest.mark.parametrize("slug", SLUGS)
def test_labels_that_changed_overnight_end_as_a_changed_page_with_its_picture(
    visit: Serve, slug: str
) -> None:
    here = visit(slug)

    def change(event: Event) -> None:
        if event.what == "signed_in":
            here.served.states[slug].hazards.switch({"changed_label": True})

    by_number = [query for query in here.queries("read") if query.reference_number][:1]
    (outcome,) = here.look(by_number, on_event=change)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert [item.kind for item in outcome.evidence] == ["picture"]
    assert outcome.problems
    assert nothing_was_changed(here)


@pytest.mark.parametrize("slug", SLUGS)
def test_labels_that_changed_at_the_door_are_a_changed_page_and_no_password_is_sent(
    visit: Serve, slug: str
) -> None:
    here = visit(slug, page_seconds=2, changed_label=True)
    outcomes = here.look(here.queries("read", 2))
    assert set(kinds(outcomes)) == {"page_changed"}
    assert here.counts["accounts"]["riverbend.robot"]["passwords_refused"] == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_a_session_that_ends_in_the_middle_is_signed_in_again_and_no_query_is_lost(
    visit: Serve, slug: str
) -> None:
    here = visit(slug, signed_out=6)
    outcomes = here.look(here.queries("read", 3))
    assert kinds(outcomes) == ["read"] * 3
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 2
    assert here.counts["accounts"]["riverbend.robot"]["codes_refused"] == 0


@pytest.mark.parametrize("slug", WITH_LETTERS)
def test_a_letter_that_is_no_pdf_is_a_problem_of_a_good_reading(visit: Serve, slug: str) -> None:
    here = visit(slug, letter_not_pdf=True)
    (outcome,) = here.look(here.queries("read", 1))
    assert outcome.kind is OutcomeKind.READ
    assert {item.kind for item in outcome.evidence} == {"picture", "text"}
    assert any("not a PDF" in problem for problem in outcome.problems)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("hazard", ["error_rate", "dropped"])
def test_a_portal_that_fails_now_and_then_costs_time_and_never_a_query(
    visit: Serve, slug: str, hazard: str
) -> None:
    here = visit(slug, page_seconds=2, **{hazard: 0.1})
    queries = here.queries("read", 3)
    outcomes = here.look(queries)
    assert [outcome.query_id for outcome in outcomes] == [query.id for query in queries]
    assert set(kinds(outcomes)) <= {"read", "timed_out", "not_started"}
    assert here.counts["accounts"]["riverbend.robot"]["locked"] is False
    assert nothing_was_changed(here)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_slow_portal_is_waited_for(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=10, slow=350)
    assert kinds(here.look(here.queries("read", 1))) == ["read"]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_portal_that_is_slower_than_its_profile_allows_is_timed_out(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=1, slow=1600)
    profile = replace(here.profile, pace=replace(here.profile.pace, attempts=1))
    assert kinds(here.look(here.queries("read", 2), profile=profile)) == ["timed_out", "not_started"]


@pytest.mark.parametrize("slug", SLUGS)
def test_an_account_without_the_role_could_not_look(visit: Serve, slug: str) -> None:
    here = visit(slug)
    outcomes = here.look(here.queries("read", 1), account=here.account("riverbend.norole"))
    assert kinds(outcomes) == ["could_not_look"]
    assert "role" in outcomes[0].message


@pytest.mark.parametrize("slug", SLUGS)
def test_a_saved_state_spares_the_next_pass_the_sign_in(visit: Serve, slug: str) -> None:
    here = visit(slug)
    here.look(here.queries("read", 1))
    (state,) = here.states
    assert kinds(here.look(here.queries("read", 1), account=here.account(state=state))) == ["read"]
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@pytest.mark.parametrize("slug", WITH_CODES)
def test_a_code_that_another_pass_has_used_is_followed_by_the_next_windows(visit: Serve, slug: str) -> None:
    here = visit(slug)
    state = here.served.states[slug]
    account = state.accounts["riverbend.robot"]
    account.used_codes.add(account.code(here.clock.now()))
    assert kinds(here.look(here.queries("read", 1))) == ["read"]
    assert here.counts["accounts"]["riverbend.robot"]["codes_refused"] <= 1


def test_a_timer_that_asks_whether_anyone_is_there_does_not_end_the_pass(visit: Serve) -> None:
    here = visit("availity", timer=1)
    assert set(kinds(here.look(here.queries("read", 2)))) <= {"read", "signed_out"}
    assert nothing_was_changed(here)


def test_a_post_that_no_profile_lists_as_a_search_never_leaves(visit: Serve) -> None:
    here = visit("example_payer", page_seconds=1.5)
    strict = replace(here.profile, network=replace(here.profile.network, allowed_posts=()))
    (outcome,) = here.look(here.queries("read", 1), profile=strict)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert "blocked POST to /status" in outcome.problems
    assert all(
        entry["method"] == "GET" or "sign-in" in entry["path"] or entry["path"] == "/organization"
        for entry in here.counts["entries"]
    )


def test_a_profile_that_opens_by_withdrawing_is_refused_at_the_click(visit: Serve) -> None:
    here = visit("example_payer", page_seconds=1.5)
    profile = here.profile
    query = next(query for query in here.queries("read") if query.reference_number)
    withdraw = Step("click", Locator("role", "button", "Withdraw request"))
    search = replace(
        profile.search[0], steps=(*profile.search[0].steps, Step("wait", page="detail"), withdraw)
    )
    (outcome,) = here.look([query], profile=replace(profile, search=(search,)))
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert any("withdraw" in problem for problem in outcome.problems)
    assert nothing_was_changed(here)
