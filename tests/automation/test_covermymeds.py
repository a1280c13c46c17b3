"""The ways of CoverMyMeds as public text has them: keys, mailed codes, a workflow that decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from playwright.async_api import BrowserContext, expect

from automation import sandbox
from automation.outcomes import Outcome, OutcomeKind
from portal_profiles.catalogue import load
from portal_profiles.query import Query
from portal_profiles.vocabulary import PROVISIONAL, Determination, NumberKind
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser

SLUG = "covermymeds"
Serve = Callable[..., Visit]


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def row(here: Visit, name: str) -> Query:
    """The query of one of the clinic's rows."""
    expected = sandbox.expected(SLUG)
    return next(query for query in here.queries() if expected[query.id].row == name)


def look(here: Visit, *queries: Query) -> list[Outcome]:
    """A pass on a device that a person had remembered."""
    state = here.served.remembered(SLUG, "riverbend.robot")
    return here.look(queries, account=here.account(state=state))


def test_on_a_remembered_device_the_password_is_enough(visit: Serve) -> None:
    here = visit(SLUG)
    assert kinds(look(here, *here.queries("read", 2))) == ["read", "read"]
    account = here.served.states[SLUG].accounts["riverbend.robot"]
    assert (account.sign_ins, account.sent) == (1, [])
    (kept,) = here.states
    here.served.states[SLUG].visits.clear()
    assert kinds(here.look(here.queries("read", 1), account=here.account(state=kept))) == ["read"]


def test_the_device_is_remembered_when_a_person_asks_for_it(visit: Serve) -> None:
    here = visit(SLUG)
    account = here.served.states[SLUG].accounts["riverbend.desk"]

    async def log_in(context: BrowserContext) -> None:
        page = await context.new_page()
        await page.goto(f"{here.served.url(SLUG)}/dashboard")
        await page.locator("#username").fill(account.username)
        await page.locator("#password").fill(account.password)
        await page.locator("#login-button").click()
        mail = page.get_by_role("button", name="Send me an email")
        dashboard = page.get_by_role("button", name="Newest First")
        await expect(mail.or_(dashboard)).to_be_visible()
        if await mail.is_visible():
            await mail.click()
            await page.get_by_role("button", name="Enter a verification code instead").click()
            await page.get_by_label("Enter Code").fill(account.sent[-1])
            await page.get_by_label("Do not challenge me on this device again").check()
            await page.get_by_role("button", name="Verify").click()
        await expect(dashboard).to_be_visible()
        assert page.url.endswith("/dashboard")
        await page.goto(f"{here.served.url(SLUG)}/sign-out")

    async def twice() -> None:
        context = await here.robot.browser.new_context()
        await log_in(context)
        await log_in(context)
        await context.close()

    here.robot.do(twice())
    assert account.sign_ins == 2
    assert len(account.sent) == 1


@pytest.mark.parametrize(
    ("name", "workflow", "determination"),
    [
        ("approved", "PA Response", Determination.APPROVED),
        ("denied_step_therapy", "PA Response", Determination.DENIED),
        ("answer_without_outcome", "PA Response", Determination.UNRECOGNISED),
        ("archived", "Archived", Determination.APPROVED),
        ("plan_asks_questions", "Question Request", Determination.PENDED),
        ("denied_under_appeal", "Appeal Request", Determination.DENIED),
    ],
)
def test_only_the_plans_outcome_decides_whatever_the_workflow_says(
    visit: Serve, name: str, workflow: str, determination: Determination
) -> None:
    here = visit(SLUG)
    (outcome,) = look(here, row(here, name))
    assert outcome.reading is not None
    assert outcome.reading.texts["workflow_status"].startswith(f"{workflow} on: ")
    assert outcome.reading.determination is determination
    assert outcome.person is (determination is Determination.UNRECOGNISED)


def test_a_key_is_never_an_authorization_number(visit: Serve) -> None:
    here = visit(SLUG)
    asked = row(here, "approved"), row(here, "approved_no_number_yet")
    with_number, without = (outcome.reading for outcome in look(here, *asked))
    assert with_number is not None
    assert without is not None
    assert {n.kind for n in with_number.numbers} == {NumberKind.KEY, NumberKind.AUTHORIZATION}
    assert [(n.kind, n.value) for n in without.numbers] == [(NumberKind.KEY, asked[1].reference_number)]
    assert NumberKind.KEY in PROVISIONAL


def test_what_is_no_key_is_looked_for_by_name_and_matched_with_no_other_number(visit: Serve) -> None:
    here = visit(SLUG)
    pended = replace(row(here, "still_pended"), reference_number="PA-0048999")
    (outcome,) = look(here, pended)
    # One request of that patient is listed, under a key that the record does not have: it is not opened.
    assert outcome.kind is OutcomeKind.COULD_NOT_LOOK
    assert outcome.reading is None
    asked = [entry["path"] for entry in here.counts["entries"]]
    assert "/requests/key" not in asked
    assert not any(path.startswith("/request/view/") for path in asked)


def test_a_patients_archived_request_counts_when_the_dashboard_is_searched(visit: Serve) -> None:
    here = visit(SLUG)
    without_key = replace(row(here, "archived"), reference_number=None)
    assert kinds(look(here, without_key)) == ["ambiguous"]
    search = here.profile.search[1]
    careless = replace(search, steps=tuple(step for step in search.steps if step.do != "click"))
    profile = replace(here.profile, search=(careless,))
    state = here.served.remembered(SLUG, "riverbend.robot")
    (outcome,) = here.look([without_key], account=here.account(state=state), profile=profile)
    assert outcome.kind is OutcomeKind.IDENTITY_UNCONFIRMED, "the other request was taken for it"


@pytest.mark.parametrize(("button", "word"), [("Archive", "archive"), ("Cancel Request", "cancel")])
def test_a_request_is_never_put_away_by_a_look(visit: Serve, button: str, word: str) -> None:
    here = visit(SLUG)
    search = here.profile.search[0]
    go = search.steps[-1]
    assert go.locator is not None
    search = replace(search, steps=(*search.steps, replace(go, locator=replace(go.locator, name=button))))
    profile = replace(here.profile, search=(search,))
    state = here.served.remembered(SLUG, "riverbend.robot")
    (outcome,) = here.look([row(here, "approved")], account=here.account(state=state), profile=profile)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert any(f"'{word}'" in problem for problem in outcome.problems)
    assert here.counts["acts"] == []


def test_a_drugs_code_quantity_and_days_are_read(visit: Serve) -> None:
    here = visit(SLUG)
    (outcome,) = look(here, row(here, "less_than_asked"))
    assert outcome.reading is not None
    (line,) = outcome.reading.lines
    assert line.code == "99999030330"
    assert (line.requested_quantity, line.approved_quantity) == (Decimal(60), Decimal(30))
    assert outcome.reading.texts["medication[0].days_supply"] == "30"


def test_every_page_says_that_it_is_a_sandbox_and_loads_nothing_from_elsewhere() -> None:
    pages = [(page, page.read_text("utf-8")) for page in (load(SLUG).folder / "pages").glob("*.html")]
    assert len(pages) > 30
    for page, html in pages:
        assert "Sandbox: a stand-in for" in html, page.name
        assert "http" not in html, page.name
