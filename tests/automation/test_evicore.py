"""The ways of eviCore: a box to tick at each sign-in, two older portals, cases in tabs of their own."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from automation import sandbox
from automation.outcomes import OutcomeKind
from automation.sandbox import create_app, records
from portal_profiles.catalogue import load
from portal_profiles.stand_in import State
from tests.automation.every_page import pages_of, wrong_with
from tests.automation.robot import Serve

SLUG = "evicore"
SCREENS = "/Preauthorization/screens/"


def sign_in(client: FlaskClient, state: State, *, agree: bool = True) -> str:
    """Signs in; without agreeing it leads nowhere."""
    account = state.accounts["riverbend.robot"]
    given = {"userid": account.username, "password": account.password} | ({"hipaa": "on"} if agree else {})
    return client.post(f"{SCREENS}Login.aspx", data=given).text


def guest() -> tuple[FlaskClient, State]:
    state = State(records(SLUG))
    return create_app(state).test_client(), state


def test_every_page_says_that_it_is_a_stand_in_names_nobody_in_its_title_and_loads_nothing() -> None:
    client, state = guest()
    cases = [f"{SCREENS}CaseView.aspx/{record.id}" for record in state.records.authorizations]
    pages = pages_of(client, lambda visitor: sign_in(visitor, state), cases)
    assert len(pages) > len(cases) + 4
    assert wrong_with(pages, state) == []


def test_without_agreeing_no_password_is_looked_at() -> None:
    client, state = guest()
    assert "must agree" in sign_in(client, state, agree=False)
    assert state.accounts["riverbend.robot"].sign_ins == 0
    sign_in(client, state)
    assert state.accounts["riverbend.robot"].sign_ins == 1


def test_one_button_leads_from_each_portal_to_the_other() -> None:
    client, state = guest()
    sign_in(client, state)
    assert "<h1>CareCore National Portal</h1>" in client.get(f"{SCREENS}Home.aspx").text
    client.post(f"{SCREENS}Switch.aspx")
    assert "<h1>MedSolutions Portal</h1>" in client.get(f"{SCREENS}Home.aspx").text


def test_a_request_takes_ten_procedures_and_gives_a_case_number_only() -> None:
    client, state = guest()
    sign_in(client, state)
    assert client.get(f"{SCREENS}NewRequest.aspx").text.count(">CPT Code<") == 10
    sent = {"member": "XYZ100200301", "cpt1": "71270", "icd": "R91.1"}
    page = client.post(f"{SCREENS}NewRequest.aspx", data=sent, follow_redirects=True).text
    assert f"<span>{state.requests[0]['number']}</span>" in page
    assert "Authorization Number" not in page
    assert [act["path"] for act in state.counts()["acts"]] == [f"{SCREENS}NewRequest.aspx"]  # type: ignore[attr-defined]


def test_the_profile_says_how_little_of_it_is_known() -> None:
    profile = load(SLUG)
    described = {name for name, page in profile.pages.items() if not page.invented}
    assert described == {"hipaa_disclosure", "sign_in"}
    assert "invented" in profile.summary
    assert "nothing public" in profile.attended_because


@pytest.mark.browser
def test_a_number_of_another_patient_is_seen_in_the_list_and_its_case_not_opened(visit: Serve) -> None:
    here = visit(SLUG)
    expected = sandbox.expected(SLUG)
    query = next(q for q in here.queries() if expected[q.id].row == "another_patients_number")
    (outcome,) = here.look([query], account=here.inside())
    assert outcome.kind is OutcomeKind.WRONG_PATIENT
    assert not any("CaseView" in entry["path"] for entry in here.counts["entries"])


@pytest.mark.browser
def test_nothing_is_typed_into_a_sign_in_whose_box_is_not_ticked(visit: Serve) -> None:
    here = visit(SLUG)
    (outcome,) = here.look(here.queries(many=1))
    assert outcome.kind is OutcomeKind.TERMS_SHOWN
    assert all(entry["method"] == "GET" for entry in here.counts["entries"])
