"""The ways of One Healthcare ID and of its prior authorization tool, as public sources tell them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.async_api import BrowserContext, expect

from automation import sandbox
from automation.outcomes import Outcome
from portal_profiles.catalogue import load
from portal_profiles.vocabulary import Determination, NumberKind
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser

SLUG = "unitedhealthcare"
Serve = Callable[..., Visit]


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def test_a_device_that_a_person_had_remembered_needs_no_code(visit: Serve) -> None:
    here = visit(SLUG)
    state = here.served.remembered(SLUG, "riverbend.robot")
    known = replace(here.account(state=state), totp_secret=None)
    assert kinds(here.look(here.queries("read", 2), account=known)) == ["read", "read"]
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1
    (kept,) = here.states
    here.served.states[SLUG].visits.clear()
    again = replace(known, browser_state=kept)
    assert kinds(here.look(here.queries("read", 1), account=again)) == ["read"]


def test_the_device_is_remembered_when_the_step_is_skipped_from_now_on(visit: Serve) -> None:
    here = visit(SLUG)
    account = here.served.states[SLUG].accounts["riverbend.desk"]

    async def to_the_code(context: BrowserContext) -> None:
        page = await context.new_page()
        await page.goto(here.served.url(SLUG))
        await page.locator("input#username:visible").fill(account.username)
        await page.locator("#btnLogin:visible").click()
        await page.locator("#login-pwd").fill(account.password)
        await page.locator("#btnLogin:visible").click()
        asked = page.get_by_role("button", name="Text a code to my phone")
        await expect(asked.or_(page.get_by_role("button", name="Not now"))).to_be_visible()
        if await asked.is_visible():
            await asked.click()
            box = page.get_by_label("Code from text or call")
            await expect(box).to_be_visible()
            await box.fill(account.sent[-1])
            await page.get_by_label("Skip this step on this device").filter(visible=True).check()
            await page.locator("#btnVerify:visible").click()
        await expect(page.get_by_role("button", name="Not now")).to_be_visible()
        await page.goto(f"{here.served.url(SLUG)}/sign-out")

    async def twice() -> None:
        context = await here.robot.browser.new_context()
        await to_the_code(context)
        await to_the_code(context)
        await context.close()

    here.robot.do(twice())
    assert account.sign_ins == 2
    assert len(account.sent) == 1


@pytest.mark.parametrize("secret", [None, "MZXW6YTBOJRGCZLTMZXW6YTBOJRGCZLT"])
def test_a_code_that_only_a_telephone_receives_is_a_persons_to_give(visit: Serve, secret: str | None) -> None:
    here = visit(SLUG)
    account = replace(here.account("riverbend.desk"), totp_secret=secret)
    assert kinds(here.look(here.queries(many=2), account=account)) == ["code_needed", "code_needed"]
    assert here.served.states[SLUG].accounts["riverbend.desk"].sent == []


def test_a_firewalls_page_stops_the_portal_at_once(visit: Serve) -> None:
    here = visit(SLUG, challenge=True)
    outcomes = here.look(here.queries(many=4))
    assert kinds(outcomes) == ["challenge_shown"] * 4
    assert [entry["path"] for entry in here.counts["entries"]] == ["/", "/oneapp/index.html"]


def test_a_decision_id_is_read_as_one_and_finds_nothing(visit: Serve) -> None:
    here = visit(SLUG)
    (query,) = (
        query
        for query in here.queries("not_found")
        if sandbox.expected(SLUG)[query.id].row == "a_decision_id_is_no_number"
    )
    held = {record.numbers[NumberKind.DECISION] for record in here.served.states[SLUG].records.authorizations}
    assert query.reference_number in held
    (read, asked) = here.look([here.queries("read", 1)[0], query])
    assert asked.kind.value == "not_found"
    assert read.reading is not None
    assert NumberKind.DECISION in {number.kind for number in read.reading.numbers}


def test_the_tax_id_used_last_stands_chosen_and_sees_other_cases(visit: Serve) -> None:
    here = visit(SLUG)
    profile = load(SLUG)
    search = profile.search[1]
    careless = replace(search, steps=tuple(step for step in search.steps if step.do != "select"))
    queries = [query for query in here.queries("read") if not query.reference_number][:1]
    profile = replace(here.profile, search=(careless,))
    assert kinds(here.look(queries, profile=profile)) == ["not_found"]
    assert kinds(here.look(queries)) == ["read"]


def test_what_is_folded_is_opened_before_it_is_read(visit: Serve) -> None:
    here = visit(SLUG)
    queries = here.queries("read", 1)
    (whole,) = here.look(queries)
    pages = {**here.profile.pages, "detail": replace(here.profile.pages["detail"], steps=())}
    (folded,) = here.look(queries, profile=replace(here.profile, pages=pages))
    assert whole.reading is not None
    assert folded.reading is not None
    assert [line.determination for line in whole.reading.lines] == [Determination.APPROVED] * 2
    assert whole.reading.requesting_npi == "1234567893"
    assert folded.reading.lines == ()
    assert folded.reading.requesting_npi is None


def test_a_card_that_fails_is_a_fault_and_no_half_page(visit: Serve) -> None:
    here = visit(SLUG, page_seconds=2)
    asked = here.queries("read", 1)

    async def fail_one_card() -> None:
        state = here.served.states[SLUG]
        account = state.accounts["riverbend.robot"]
        context = await here.robot.browser.new_context()
        page = await context.new_page()
        await page.route("**/services", lambda route: route.fulfill(status=500, body="no"))
        _, session = state.give_password(account.username, account.password)
        assert session is not None
        assert state.give_code(session, account.code(datetime.now(UTC))) == "in"
        session.organization = account.organizations[0]
        url = here.served.url(SLUG)
        await context.add_cookies([{"name": "uhc_session", "value": session.token, "url": url}])
        await page.goto(f"{url}/#/")
        record = state.records.authorizations[0]
        await page.evaluate("address => { location.hash = address; }", _address(record.id))
        await expect(page.get_by_test_id("loading-close-button")).to_be_visible()
        await expect(page.get_by_test_id("loading-error-message")).to_have_count(2)
        await context.close()

    here.robot.do(fail_one_card())
    assert kinds(here.look(asked)) == ["read"]


def _address(record_id: str) -> str:
    """Where a case is shown; the claims side writes its addresses the same way."""
    return (
        "#/prior-authorization/summary/"
        + base64.urlsafe_b64encode(json.dumps({"id": record_id}).encode()).decode()
    )


def test_every_page_says_that_it_is_a_sandbox_and_loads_nothing_from_elsewhere() -> None:
    pages = [(page, page.read_text("utf-8")) for page in (load(SLUG).folder / "pages").glob("*.html")]
    assert len(pages) > 30
    for page, html in pages:
        assert "Sandbox: a stand-in for" in html, page.name
        assert "http" not in html, page.name
