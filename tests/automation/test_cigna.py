"""The ways of Cigna's portal: codes by mail, shadow roots, one address for everything, requests in a tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from automation import sandbox
from automation.outcomes import OutcomeKind
from automation.sandbox import create_app
from portal_profiles.profile import Locator, Step
from portal_profiles.query import Query
from portal_profiles.stand_in import State
from tests.automation.every_page import pages_of, wrong_with
from tests.automation.robot import Visit

SLUG = "cigna"
GRAPHQL = "/apollo-graphql"
Serve = Callable[..., Visit]


def the_query(here: Visit, row: str) -> Query:
    """The clinic's row of that name."""
    expected = sandbox.expected(SLUG)
    return next(query for query in here.queries() if expected[query.id].row == row)


@pytest.mark.browser
def test_a_code_that_is_mailed_is_a_persons_to_give_and_none_is_sent_for(visit: Serve) -> None:
    here = visit(SLUG)
    outcomes = here.look(here.queries(many=2), account=here.account("riverbend.desk"))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.CODE_NEEDED] * 2
    account = here.served.states[SLUG].accounts["riverbend.desk"]
    assert (account.sent, account.codes_refused) == ([], 0)


@pytest.mark.browser
def test_a_device_that_a_person_had_remembered_is_asked_for_no_code(visit: Serve) -> None:
    here = visit(SLUG)
    state = here.served.remembered(SLUG, "riverbend.desk")
    outcomes = here.look(here.queries("read", 2), account=here.account("riverbend.desk", state))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.READ] * 2
    assert here.counts["accounts"]["riverbend.desk"]["sign_ins"] == 1


@pytest.mark.browser
def test_values_are_read_out_of_nested_shadow_roots(visit: Serve) -> None:
    here = visit(SLUG)
    (outcome,) = here.look([the_query(here, "lines_decided_apart")])
    assert outcome.reading is not None
    assert outcome.reading.patient_name == "Bruno Okafor"
    assert [(line.code, line.approved_quantity) for line in outcome.reading.lines] == [
        ("29880", Decimal(1)),
        ("29877", Decimal(0)),
    ]


@pytest.mark.browser
def test_a_mutation_never_leaves_whatever_its_button_is_called(visit: Serve) -> None:
    here = visit(SLUG, page_seconds=1.5)
    detail = here.profile.pages["detail"]
    appealing = (*detail.steps, Step("click", Locator("id", "appeal")))
    pages = {**here.profile.pages, "detail": replace(detail, steps=appealing)}
    (outcome,) = here.look([the_query(here, "denied")], profile=replace(here.profile, pages=pages))
    assert f"blocked POST to {GRAPHQL}" in outcome.problems
    assert here.counts["acts"] == []


@pytest.mark.browser
def test_what_is_managed_elsewhere_is_not_said_to_be_missing(visit: Serve) -> None:
    here = visit(SLUG)
    queries = [the_query(here, row) for row in ("delegated_to_evicore", "another_site")]
    outcomes = here.look(queries)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.COULD_NOT_LOOK] * 2


@pytest.mark.browser
def test_a_dialog_that_asks_whether_anyone_is_there_is_answered(visit: Serve) -> None:
    here = visit(SLUG, timer=0.3)
    outcomes = here.look(here.queries("read", 2))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.READ] * 2


def app_of(**hazards: object) -> tuple[State, FlaskClient]:
    """A fresh sandbox and a browser-less client of it."""
    state = State(sandbox.records(SLUG), hazards)
    return state, create_app(state).test_client()


def give_password(client: FlaskClient, username: str = "riverbend.robot") -> str:
    """Gives the account's password; the address that this leads to."""
    password = next(a.password for a in sandbox.records(SLUG).accounts if a.username == username)
    answer = client.post("/app/login", data={"username": username, "password": password})
    return answer.headers["Location"]


def test_every_page_says_what_it_is_and_names_nobody_in_its_title() -> None:
    state, client = app_of()
    details = [f"/app/precertification/{r.id}" for r in state.records.authorizations]
    pages = pages_of(client, give_password, details)
    assert len(pages) > len(details) + 3
    assert wrong_with(pages, state) == []


def test_a_code_and_the_wish_to_be_remembered_spare_the_next_code() -> None:
    state, client = app_of()
    assert give_password(client, "riverbend.desk") == "/app/verify-code"
    client.post("/app/verify-code/send")
    code = state.accounts["riverbend.desk"].sent[-1]
    client.post("/app/verify-code", data={"code": code, "remember": "yes"})
    assert client.get("/app/dashboard").status_code == 200
    client.delete_cookie("chcp_session")
    assert give_password(client, "riverbend.desk") == "/app/dashboard"
    other = client.application.test_client()
    assert give_password(other, "riverbend.desk") == "/app/verify-code"


def test_a_patient_is_known_by_id_and_birth_date_together() -> None:
    state, client = app_of()
    give_password(client)

    def find(born: str) -> object:
        sent = {"operationName": "Patient", "query": "query Patient { name }"}
        variables = {"memberId": "XYZ100200301", "birthDate": born}
        answer = client.post(GRAPHQL, json={**sent, "variables": variables}).get_json()
        return answer["data"]["Patient"]

    assert find("03/12/1961") is not None
    assert find("03/13/1961") is None
    assert state.counts()["acts"] == []


def test_a_mutation_counts_as_an_act_though_it_goes_where_queries_go() -> None:
    state, client = app_of()
    give_password(client)
    client.post(GRAPHQL, json={"operationName": "AppealRequest", "query": "mutation AppealRequest { done }"})
    acts = [entry for entry in state.journal if entry.what == "act"]
    assert [(act.method, act.path) for act in acts] == [("POST", f"{GRAPHQL}#AppealRequest")]
