"""The ways of Carelon: one address for everything, a row for each plan, two layouts, a late dialog."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from playwright.async_api import expect

from automation import sandbox
from automation.browser import started_browser
from automation.outcomes import OutcomeKind
from automation.sandbox import create_app, records, serve
from portal_profiles.profile import Locator, Step
from portal_profiles.stand_in import State
from tests.automation.every_page import pages_of, wrong_with
from tests.automation.robot import Serve

SLUG = "carelon"
PAGE = "/Default.aspx"
CONTROLS = "ctl00$asPrimary$ctl00$"


def in_session(client: FlaskClient, state: State, username: str = "riverbend.robot") -> None:
    """Signs in as a person does: name, password, a code by e-mail, and the HIPAA page."""
    account = state.accounts[username]
    client.post(PAGE, data={f"{CONTROLS}txtLoginId": username, f"{CONTROLS}btnLookup": "Continue"})
    client.post("/okta/password", data={"credentials.passcode": account.password})
    client.post("/okta/challenge", data={"way": "email"})
    client.post("/okta/code", data={"credentials.passcode": account.sent[-1]})
    client.post(PAGE, data={f"{CONTROLS}cmdAgreeContinue": "I Agree"})


def member() -> tuple[FlaskClient, State]:
    """Somebody who is signed in."""
    state = State(records(SLUG))
    client = create_app(state).test_client()
    in_session(client, state)
    return client, state


def find_order(client: FlaskClient, number: str) -> str:
    data = {f"{CONTROLS}txtOrderNumber": number, f"{CONTROLS}cmdFindOrder": "Find This Order"}
    return client.post(PAGE, data=data).text


def test_every_page_says_that_it_is_a_stand_in_names_nobody_in_its_title_and_loads_nothing() -> None:
    state = State(records(SLUG))
    client = create_app(state).test_client()
    pages = pages_of(client, lambda visitor: in_session(visitor, state), ["/Letter.aspx/k101"])
    assert len(pages) >= 4
    for number in ("004418835", "204419015", "000000000"):
        pages[number] = find_order(client, number)
    assert wrong_with(pages, state) == []


def test_without_the_hipaa_page_nothing_of_a_member_is_shown() -> None:
    state = State(records(SLUG))
    client = create_app(state).test_client()
    client.post(PAGE, data={f"{CONTROLS}txtLoginId": "riverbend.robot", f"{CONTROLS}btnLookup": "Continue"})
    client.post("/okta/password", data={"credentials.passcode": state.accounts["riverbend.robot"].password})
    client.post("/okta/challenge", data={"way": "phone"})
    client.post("/okta/code", data={"credentials.passcode": state.accounts["riverbend.robot"].sent[-1]})
    assert "XYZ" not in find_order(client, "004418835")
    client.post(PAGE, data={f"{CONTROLS}cmdAgreeContinue": "I Agree"})
    assert "XYZ100200301" in find_order(client, "004418835")


def test_every_page_of_the_one_address_carries_its_view_state() -> None:
    client, _ = member()
    states = {
        text.partition('name="__VIEWSTATE"')[2].split('value="')[1].split('"')[0]
        for text in (client.get(PAGE).text, find_order(client, "004418835"), find_order(client, "204419015"))
    }
    assert len(states) == 3
    assert all(base64.b64decode(value) for value in states)


def test_an_order_number_keeps_its_leading_zeros() -> None:
    client, _ = member()
    assert "XYZ100200301" in find_order(client, "004418835")
    assert "XYZ100200301" not in find_order(client, "4418835")


def test_a_withdrawal_is_counted_as_an_act_though_it_posts_to_the_address_of_a_search() -> None:
    client, state = member()
    find_order(client, "004418835")
    assert state.counts()["acts"] == []
    client.post(PAGE, data={f"{CONTROLS}cmdWithdraw": "Withdraw this Request"})
    assert [(act["method"], act["path"]) for act in state.counts()["acts"]] == [("POST", PAGE)]  # type: ignore[attr-defined]


@pytest.mark.browser
def test_a_profile_that_would_withdraw_is_refused_at_the_click(visit: Serve) -> None:
    here = visit(SLUG, page_seconds=2)
    query = next(query for query in here.queries("read") if query.reference_number)
    withdraw = Step("click", Locator("id", "asPrimary_ctl00_cmdWithdraw"))
    by_number = here.profile.search[0]
    steps = (*by_number.steps, Step("wait", page="order"), withdraw)
    acting = replace(here.profile, search=(replace(by_number, steps=steps),))
    known = here.inside()
    (outcome,) = here.look([query], account=known, profile=acting)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert any("withdraw" in problem for problem in outcome.problems)
    assert here.counts["acts"] == []


@pytest.mark.browser
def test_a_plan_that_the_member_has_no_row_for_is_never_replaced_by_another(visit: Serve) -> None:
    here = visit(SLUG, page_seconds=2)
    expected = sandbox.expected(SLUG)
    query = next(query for query in here.queries() if expected[query.id].row == "approved")
    elsewhere = replace(query, plan="Blue Meridian HMO")
    (outcome,) = here.look([elsewhere], account=here.inside())
    assert (outcome.kind, outcome.reading) == (OutcomeKind.COULD_NOT_LOOK, None)
    assert "plan" in outcome.message
    assert "Blue Meridian" not in f"{outcome.message} {outcome.problems}"


@pytest.mark.browser
def test_the_warning_of_duplicates_comes_after_the_page_and_covers_it() -> None:
    async def steps() -> None:
        with serve([SLUG]) as served:
            account = served.states[SLUG].accounts["riverbend.desk"]
            async with started_browser() as browser:
                page = await browser.new_page()
                await page.goto(served.url(SLUG))
                await page.locator("#asPrimary_ctl00_txtLoginId").fill(account.username)
                await page.locator("#asPrimary_ctl00_btnLookup").click()
                await page.get_by_label("Password").fill(account.password)
                await page.get_by_role("button", name="Verify").click()
                await page.get_by_role("button", name="Send Email").click()
                await page.get_by_label("Enter Code").fill(account.sent[-1])
                await page.get_by_role("button", name="Verify Code").click()
                await page.get_by_role("button", name="I Agree").click()
                for label, value in (
                    ("Date of Service", "12/07/2026"),
                    ("First Name", "Greta"),
                    ("Last Name", "Moreau"),
                    ("Member ID", "XYZ100200307"),
                    ("Date of Birth", "06/21/1949"),
                ):
                    await page.get_by_label(label, exact=True).fill(value)
                await page.get_by_role("button", name="Find This Member").click()
                await page.get_by_role("link", name="Blue Meridian PPO").click()
                await expect(page.get_by_role("heading", name="Member History")).to_be_visible()
                warning = page.get_by_role("dialog", name="Duplicate Order Review")
                await expect(warning).to_be_visible()
                await page.get_by_role("button", name="Close").click()
                await expect(warning).to_be_hidden()
                await page.get_by_role("link", name="204419610").click()
                await expect(page.locator("#asPrimary_ctl00_lblReqStatSumm")).to_have_text("Approved")

    asyncio.run(steps())
