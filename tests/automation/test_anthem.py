"""The ways of Anthem behind Availity: an interstitial now and then, three searches, closed sections."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from automation import sandbox
from automation.outcomes import Outcome
from automation.sandbox import create_app, records
from portal_profiles.stand_in import State
from portal_profiles.vocabulary import NumberKind
from tests.automation.every_page import pages_of, wrong_with
from tests.automation.robot import Visit

SLUG = "anthem"
API = "/ms/api/availity/internal/onb/"
ICR = "/icr/"
Serve = Callable[..., Visit]


def sign_in(client: FlaskClient, state: State) -> None:
    """Signs in with the password and the app's code."""
    account = state.accounts["riverbend.robot"]
    client.post(f"{API}sign-in", json={"userId": account.username, "password": account.password})
    client.post(f"{API}two-step", json={"code": account.code(state.clock())})


def member() -> tuple[FlaskClient, State]:
    state = State(records(SLUG))
    client = create_app(state).test_client()
    sign_in(client, state)
    return client, state


def found(client: FlaskClient, **form: str) -> str:
    return client.post(f"{ICR}case-status/search", data=form, follow_redirects=True).text


def test_every_page_says_that_it_is_a_stand_in_names_nobody_in_its_title_and_loads_nothing() -> None:
    state = State(records(SLUG))
    client = create_app(state).test_client()
    cases = [f"{ICR}case/{record.id}" for record in state.records.authorizations]
    pages = pages_of(client, lambda visitor: sign_in(visitor, state), cases)
    assert len(pages) > len(cases) + 6
    assert wrong_with(pages, state) == []


def test_a_range_of_dates_finds_the_cases_of_the_whole_tax_id() -> None:
    client, state = member()
    text = found(client, by="dates", **{"from": "12/08/2026", "to": "12/10/2026"})
    listed = {r.id for r in state.records.authorizations if f"{ICR}case/{r.id}" in text}
    assert listed == {"icr01", "icr09", "icr11"}


def test_a_tracking_id_is_not_what_the_search_by_number_looks_for() -> None:
    client, _ = member()
    assert "XYZ100200301" in found(client, by="number", number="0020041833")
    assert "XYZ100200301" not in found(client, by="number", number="08100460")
    assert "XYZ100200301" not in found(client, by="number", number="20041833")


def test_an_update_of_a_case_is_an_act() -> None:
    client, state = member()
    client.get(f"{ICR}case/icr02")
    assert state.counts()["acts"] == []
    client.post(f"{ICR}case/icr02/update")
    assert [act["path"] for act in state.counts()["acts"]] == [f"{ICR}case/icr02/update"]  # type: ignore[attr-defined]


def looked_at(here: Visit, row: str) -> Outcome:
    expected = sandbox.expected(SLUG)
    (outcome,) = here.look([query for query in here.queries() if expected[query.id].row == row])
    return outcome


@pytest.mark.browser
def test_the_interstitial_is_passed_where_it_stands_and_the_closed_decision_is_opened(visit: Serve) -> None:
    here = visit(SLUG)
    outcome = looked_at(here, "approved")
    assert outcome.reading is not None
    assert {(number.kind, number.value) for number in outcome.reading.numbers} == {
        (NumberKind.TRACKING, "08100460"),
        (NumberKind.REFERENCE, "0020041833"),
    }
    assert {item.kind for item in outcome.evidence} == {"picture", "text", "letter"}
    assert sum(entry["path"].endswith("/which") for entry in here.counts["entries"]) == 1
    assert here.counts["acts"] == []
