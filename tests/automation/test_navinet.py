"""The ways of NaviNet: each plan its own screens and words, stale rows, a range that is too short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from automation import sandbox
from automation.outcomes import Outcome, OutcomeKind
from automation.sandbox import create_app
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from portal_profiles.stand_in import State
from portal_profiles.vocabulary import Determination, NumberKind
from tests.automation.every_page import pages_of, wrong_with
from tests.automation.robot import Visit

SLUG = "navinet"
LOG = "/medical-authorizations-log/medical-mutual/"
INQUIRY = "/authorizations/independence/"
Serve = Callable[..., Visit]


def the_query(here: Visit, row: str) -> Query:
    """The clinic's row of that name."""
    expected = sandbox.expected(SLUG)
    return next(query for query in here.queries() if expected[query.id].row == row)


def look(here: Visit, query: Query, profile: Profile | None = None) -> Outcome:
    (outcome,) = here.look([query], profile=profile)
    return outcome


def asked(here: Visit) -> list[tuple[str, str]]:
    """(method, path) of everything the sandbox was asked."""
    return [(entry["method"], entry["path"]) for entry in here.counts["entries"]]


@pytest.mark.browser
def test_a_stale_row_is_refreshed_before_it_is_opened(visit: Serve) -> None:
    here = visit(SLUG)
    outcome = look(here, the_query(here, "approved_two_lines"))
    assert outcome.reading is not None
    assert outcome.reading.determination is Determination.APPROVED
    paths = [path for _, path in asked(here)]
    refreshed = next(n for n, path in enumerate(paths) if path.endswith("/refresh"))
    opened = next(n for n, path in enumerate(paths) if path.startswith(LOG + "entries/"))
    assert refreshed < opened
    assert sum(path.endswith("/refresh") for path in paths) == 1
    assert here.counts["acts"] == []


@pytest.mark.browser
def test_a_row_that_is_opened_without_a_refresh_still_says_pending(visit: Serve) -> None:
    here = visit(SLUG)
    page = here.profile.pages["mm_log_filtered"]
    rows = {"items": replace(page.rows["items"], refresh=None, refreshed=None)}
    hasty = replace(here.profile, pages={**here.profile.pages, page.name: replace(page, rows=rows)})
    outcome = look(here, the_query(here, "approved_two_lines"), hasty)
    assert outcome.reading is not None
    assert outcome.reading.determination is Determination.PENDED


@pytest.mark.browser
def test_a_row_that_never_says_it_is_fresh_is_not_opened(visit: Serve) -> None:
    here = visit(SLUG, page_seconds=1.5)
    page = here.profile.pages["mm_log_filtered"]
    refreshed = replace(page.rows["items"].refreshed, value="Status refreshed")  # type: ignore[type-var]
    rows = {"items": replace(page.rows["items"], refreshed=refreshed)}
    strict = replace(here.profile, pages={**here.profile.pages, page.name: replace(page, rows=rows)})
    outcome = look(here, the_query(here, "approved_two_lines"), strict)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert outcome.message == "The row could not be refreshed."
    assert not any(path.startswith(LOG + "entries/") for _, path in asked(here))


@pytest.mark.browser
def test_nothing_in_the_latest_30_days_is_not_said_to_be_missing(visit: Serve) -> None:
    here = visit(SLUG, page_seconds=1.5)
    *others, search = here.profile.search
    steps = tuple(
        step
        for step in search.steps
        if step.locator is None or step.locator.value not in ("Date Range", "From", "To")
    )
    narrow = replace(here.profile, search=(*others, replace(search, steps=steps)))
    outcome = look(here, the_query(here, "nine_digits"), narrow)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED


@pytest.mark.browser
def test_a_request_number_is_not_searched_by_and_its_request_is_found_by_the_member(visit: Serve) -> None:
    here = visit(SLUG)
    query = replace(the_query(here, "more_information"), reference_number="REQ-31008")
    outcome = look(here, query)
    assert outcome.kind is OutcomeKind.READ
    assert outcome.reading is not None
    assert [(n.kind, n.value) for n in outcome.reading.numbers] == [(NumberKind.REQUEST, "REQ-31008")]
    assert outcome.identity is not None
    assert "reference_number" in outcome.identity.agree


@pytest.mark.browser
def test_of_a_plan_without_a_screen_in_the_profile_nothing_is_asked(visit: Serve) -> None:
    here = visit(SLUG)
    outcome = look(here, replace(the_query(here, "nine_digits"), payer="Horizon"))
    assert outcome.kind is OutcomeKind.COULD_NOT_LOOK
    assert "payer" in outcome.message
    assert asked(here) == []


@pytest.mark.browser
def test_a_timer_that_asks_whether_anyone_is_there_is_answered(visit: Serve) -> None:
    here = visit(SLUG, timer=0.3)
    outcomes = here.look(here.queries("read", 2))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.READ] * 2
    assert here.counts["acts"] == []


def app_of(**hazards: object) -> tuple[State, FlaskClient]:
    """A fresh sandbox and a browser-less client of it."""
    state = State(sandbox.records(SLUG), hazards)
    return state, create_app(state).test_client()


def enter(client: FlaskClient, username: str = "riverbend.robot") -> None:
    """Signs in at the identity provider and takes its ticket back."""
    password = next(a.password for a in sandbox.records(SLUG).accounts if a.username == username)
    page = client.post("/identity/sign-in", data={"username": username, "password": password}).text
    client.post("/signed-in", data={"ticket": page.split('name="ticket" value="')[1].split('"')[0]})


def test_every_page_says_what_it_is_and_names_nobody_in_its_title() -> None:
    state, client = app_of()
    details = [
        (LOG + "entries/" if r.payer.name == "Medical Mutual of Ohio" else INQUIRY) + r.id
        for r in state.records.authorizations
    ]
    pages = pages_of(client, enter, [*details, "/plan-central/independence"])
    assert len(pages) > len(details) + 10
    assert wrong_with(pages, state) == []


def test_a_ticket_signs_in_once() -> None:
    state, client = app_of()
    enter(client)
    ticket = next(iter(state.visits))
    other = client.application.test_client()
    assert other.post("/signed-in", data={"ticket": ticket}).headers["Location"] == "/identity/sign-in"
    assert other.get("/").status_code == 302
    assert client.get("/").status_code == 200


def test_only_the_requests_of_the_plan_are_shown_on_its_screens() -> None:
    state, client = app_of()
    enter(client)
    carmen = next(r for r in state.records.authorizations if r.numbers.get(NumberKind.CASE))
    assert client.get(INQUIRY + carmen.id).status_code == 200
    assert client.get(LOG + "entries/" + carmen.id).status_code == 404


def test_a_request_that_is_sent_counts_as_an_act_and_gets_a_request_number() -> None:
    state, client = app_of()
    enter(client)
    sent = {"member_id": "XYZ100200303", "procedure_code": "97113"}
    page = client.post(INQUIRY + "new", data=sent, follow_redirects=True).text
    assert "REQ-" in page
    acts = [entry for entry in state.journal if entry.what == "act"]
    assert [(act.method, act.path) for act in acts] == [("POST", INQUIRY + "new")]
