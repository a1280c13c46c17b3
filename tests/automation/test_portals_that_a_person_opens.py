"""Portals whose sign-in is a person's: the robot never begins alone, and reads on in a session that one has.

Found by listing: every profile with pages, a sandbox and `unattended = false` is sent through all of this.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from automation import sandbox
from automation.night import check_portal
from automation.outcomes import Outcome, OutcomeKind
from portal_profiles.catalogue import load, slugs
from portal_profiles.vocabulary import Determination, NumberKind
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser

SLUGS = tuple(slug for slug in slugs() if slug in sandbox.slugs() and not load(slug).unattended)
Serve = Callable[..., Visit]

#: What a sign-in that is a person's ends in, whichever page asks for the person.
A_PERSONS = {"code_needed", "terms_shown"}


def opened_by_a_person(here: Visit, username: str = "riverbend.robot") -> bytes:
    """The browser's state after a person gave password and code and agreed to what the portal asks."""
    state = here.served.states[here.slug]
    _, session = state.give_password(username, state.accounts[username].password)
    assert session is not None
    state.let_in(session)
    session.accepted_terms = True
    cookie = {
        "name": importlib.import_module(f"portal_profiles.{here.slug}.sandbox.routes").COOKIE,
        "value": session.token,
        "domain": urlsplit(here.served.url(here.slug)).hostname,
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    return json.dumps({"cookies": [cookie], "origins": []}).encode()


def look(here: Visit, outcome: str | None = None, many: int | None = None) -> list[Outcome]:
    """A pass over so many of the clinic's rows in a session that a person opened."""
    return here.look(here.queries(outcome, many), account=here.account(state=opened_by_a_person(here)))


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def nothing_was_changed(here: Visit) -> bool:
    return (here.counts["acts"], here.counts["submitted"]) == ([], 0)


@pytest.mark.parametrize("slug", SLUGS)
def test_at_the_portal_itself_nothing_is_begun_and_the_reason_is_said(visit: Serve, slug: str) -> None:
    here = visit(slug)

    async def alone() -> list[Outcome]:
        queries = here.queries(many=2)
        looking = check_portal(here.profile, here.account(), queries, browser=here.robot.browser)
        return [outcome async for outcome in looking]

    outcomes = here.robot.do(alone())
    assert kinds(outcomes) == ["not_started"] * 2
    assert here.profile.attended_because
    assert here.profile.attended_because in outcomes[0].message


@pytest.mark.parametrize("slug", SLUGS)
def test_a_pass_in_a_persons_session_reads_what_the_records_say(visit: Serve, slug: str) -> None:
    here = visit(slug)
    expected = sandbox.expected(slug)
    outcomes = look(here)
    assert [outcome.query_id for outcome in outcomes] == [query.id for query in here.queries()]
    for outcome in outcomes:
        wanted = expected[outcome.query_id]
        assert outcome.kind.value == wanted.outcome, (wanted.row, outcome.message, outcome.problems)
        if outcome.reading is None:
            continue
        reading = outcome.reading
        said = (reading.determination, reading.determination_text)
        assert said == (wanted.determination, wanted.determination_text), wanted.row
        assert {(n.kind, n.value) for n in reading.numbers} == set(wanted.numbers), wanted.row
        confirmed = [n.value for n in reading.numbers if n.kind is NumberKind.AUTHORIZATION]
        assert confirmed == ([wanted.authorization_number] if wanted.authorization_number else [])
        lines = [(ln.requested_quantity, ln.approved_quantity, ln.determination) for ln in reading.lines]
        assert lines == [
            (Decimal(ln.requested), None if ln.approved is None else Decimal(ln.approved), ln.determination)
            for ln in wanted.lines
        ], wanted.row
    assert nothing_was_changed(here)
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_alone_at_the_door_it_stops_for_a_person_and_asks_for_no_code(visit: Serve, slug: str) -> None:
    here = visit(slug)
    outcomes = here.look(here.queries(many=3))
    assert len(set(kinds(outcomes))) == 1
    assert set(kinds(outcomes)) <= A_PERSONS
    assert all(outcome.person for outcome in outcomes)
    assert here.served.states[slug].accounts["riverbend.robot"].sent == []
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 0


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    ("hazard", "ends"),
    [
        ("locked", {"locked"}),
        ("expired_password", {"password_expired"}),
        ("refused", {"credentials_refused"}),
        ("challenge", {"challenge_shown"}),
        ("maintenance", {"maintenance"}),
    ],
)
def test_what_stands_at_the_door_is_told_and_a_password_is_refused_at_most_once(
    visit: Serve, slug: str, hazard: str, ends: set[str]
) -> None:
    here = visit(slug, **{hazard: True})
    outcomes = here.look(here.queries(many=2))
    assert set(kinds(outcomes)) <= ends | A_PERSONS
    account = here.counts["accounts"]["riverbend.robot"]
    assert account["passwords_refused"] <= 1
    assert not account["locked"]
    if account["passwords_refused"]:
        assert set(kinds(outcomes)) == ends


@pytest.mark.parametrize("slug", SLUGS)
def test_terms_that_come_up_in_the_session_are_a_persons_to_accept(visit: Serve, slug: str) -> None:
    here = visit(slug, terms=True)
    assert kinds(look(here, many=2)) == ["terms_shown"] * 2
    assert nothing_was_changed(here)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_session_that_ends_in_the_middle_waits_for_the_person_and_loses_no_query(
    visit: Serve, slug: str
) -> None:
    here = visit(slug, signed_out=10)
    outcomes = look(here, "read")
    assert len(outcomes) == len(here.queries("read"))
    first = kinds(outcomes).index(next(kind for kind in kinds(outcomes) if kind != "read"))
    assert first > 0
    assert set(kinds(outcomes)[first:]) <= A_PERSONS
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_an_unknown_word_is_kept_verbatim_and_raised_to_a_person(visit: Serve, slug: str) -> None:
    here = visit(slug, unknown_word="Approved pending step 2")
    (outcome,) = look(here, "read", 1)
    assert outcome.reading is not None
    assert outcome.reading.determination is Determination.UNRECOGNISED
    assert outcome.reading.determination_text == "Approved pending step 2"
    assert outcome.person


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    ("hazard", "ends"),
    [("no_result", "not_found"), ("duplicates", "ambiguous"), ("wrong_patient", "wrong_patient")],
)
def test_what_is_not_surely_this_record_is_not_read(visit: Serve, slug: str, hazard: str, ends: str) -> None:
    here = visit(slug, **{hazard: True})
    (outcome,) = look(here, "read", 1)
    assert (outcome.kind.value, outcome.reading) == (ends, None)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_status_without_its_label_is_a_changed_page_with_its_picture(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=2, changed_label=True)
    (outcome,) = look(here, "read", 1)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert [item.kind for item in outcome.evidence] == ["picture"]
    assert outcome.problems


@pytest.mark.parametrize("slug", SLUGS)
def test_a_letter_that_is_no_pdf_is_a_problem_of_a_good_reading(visit: Serve, slug: str) -> None:
    here = visit(slug, letter_not_pdf=True)
    (outcome,) = look(here, "read", 1)
    assert outcome.kind is OutcomeKind.READ
    assert {item.kind for item in outcome.evidence} == {"picture", "text"}
    assert any("not a PDF" in problem for problem in outcome.problems)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("hazard", ["error_rate", "dropped"])
def test_a_portal_that_fails_now_and_then_costs_time_and_never_a_query(
    visit: Serve, slug: str, hazard: str
) -> None:
    here = visit(slug, page_seconds=2, **{hazard: 0.1})
    outcomes = look(here, "read", 3)
    assert len(outcomes) == 3
    assert set(kinds(outcomes)) <= {"read", "timed_out", "not_started"}
    assert nothing_was_changed(here)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_slow_portal_is_waited_for_and_one_that_is_too_slow_is_timed_out(visit: Serve, slug: str) -> None:
    assert kinds(look(visit(slug, page_seconds=10, slow=350), "read", 1)) == ["read"]
    here = visit(slug, page_seconds=1, slow=1600)
    profile = replace(here.profile, pace=replace(here.profile.pace, attempts=1))
    state = opened_by_a_person(here)
    outcomes = here.look(here.queries("read", 1), account=here.account(state=state), profile=profile)
    assert kinds(outcomes) == ["timed_out"]


@pytest.mark.parametrize("slug", SLUGS)
def test_an_account_without_the_role_could_not_look(visit: Serve, slug: str) -> None:
    here = visit(slug)
    without = here.account("riverbend.norole", opened_by_a_person(here, "riverbend.norole"))
    (outcome,) = here.look(here.queries("read", 1), account=without)
    assert outcome.kind is OutcomeKind.COULD_NOT_LOOK
    assert "role" in outcome.message
