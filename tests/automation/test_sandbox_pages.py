"""What the sandboxes' pages do in a real browser, as the public sources describe the portals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from playwright.async_api import FrameLocator, Page, expect

from automation.browser import started_browser
from automation.sandbox import Served, serve
from portal_profiles.stand_in import Account

pytestmark = pytest.mark.browser
MILLISECONDS = 10_000


def visit(slug: str, steps: Callable[[Page, Served, Account], Awaitable[None]], **hazards: object) -> Served:
    """Runs the steps in a fresh browser page at a fresh sandbox; gives the sandbox, which has ended."""

    async def run(served: Served) -> None:
        async with started_browser() as browser:
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(MILLISECONDS)
            faults: list[str] = []
            page.on("pageerror", lambda error: faults.append(error.message))
            await steps(page, served, next(iter(served.states[slug].accounts.values())))
            assert faults == []

    with serve([slug], hazards=hazards) as served:
        asyncio.run(run(served))
    return served


async def uncover(page: Page) -> None:
    """Takes the cookie banner of this document away, in our own browser only."""
    await page.locator("#onetrust-consent-sdk").evaluate("(banner) => banner.remove()")


async def sign_in(page: Page, served: Served, account: Account) -> None:
    """Signs in; the nag after it and the next cookie banner still stand."""
    await page.goto(served.url("availity"))
    await uncover(page)
    await page.locator("#userId").fill(account.username)
    await page.locator("#password").fill(account.password)
    await page.get_by_role("button", name="Sign In").click()
    await page.get_by_label("Authenticate me using my Authenticator app").check()
    await page.get_by_role("button", name="Continue").click()
    box = page.locator("[id='2fa-totp-input-token-page-content-grid'] input")
    await box.fill(account.code(datetime.now(UTC)))
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("button", name="Update Now")).to_be_attached()


async def enter(page: Page, served: Served, account: Account) -> None:
    """Signs in and passes the nag after it."""
    await sign_in(page, served, account)
    await uncover(page)
    await page.get_by_role("button", name="Continue").click()


async def launch(page: Page, name: str) -> FrameLocator:
    """Opens an application by way of the shell's menu; gives its frame."""
    await page.get_by_role("button", name="Patient Registration").click()
    await page.get_by_role("link", name="Authorizations & Referrals").click()
    frame = page.frame_locator("iframe#newBodyFrame")
    await frame.get_by_role("link", name=name).click()
    return frame


async def choose(frame: FrameLocator, select: str, text: str) -> None:
    """Chooses in the styled list in front of a hidden select."""
    field = frame.locator(f".select2-field[data-select='{select}']")
    await field.locator(".select2-choice").click()
    if await field.locator(".select2-input").count():
        await field.locator(".select2-input").fill(text)
    await field.get_by_role("option", name=text).first.click()


async def pick(frame: FrameLocator, name: str, text: str) -> None:
    """Types into a list that is looked up, and chooses what it offers then."""
    box = frame.get_by_role("combobox", name=name)
    await box.click()
    await box.fill(text)
    await frame.get_by_role("option").filter(has_text=text).click()


def test_the_cookie_banner_comes_back_and_covers_the_controls() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await page.goto(served.url("availity"))
        await page.get_by_role("button", name="Accept All Cookies").click()
        await expect(page.locator("#onetrust-banner-sdk")).to_have_count(0)
        await page.reload()
        await expect(page.locator("#onetrust-banner-sdk")).to_be_visible()
        covers = """() => {
          const { x, y } = document.getElementById("userId").getBoundingClientRect();
          return document.elementFromPoint(x + 2, y + 2).className;
        }"""
        assert await page.evaluate(covers) == "onetrust-pc-dark-filter"

    visit("availity", steps)


def test_an_application_lives_in_the_frame_that_the_hash_names() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await enter(page, served, account)
        await expect(page.locator("iframe#newBodyFrame")).to_have_count(0)
        frame = await launch(page, "Auth/Referral Inquiry")
        await expect(frame.get_by_role("button", name="Search")).to_be_visible()
        assert "#/loadApp/?appUrl=%2Fstatic%2Fweb%2F" in page.url

    visit("availity", steps)


def test_the_payer_list_comes_after_the_organization() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await enter(page, served, account)
        frame = await launch(page, "Auth/Referral Inquiry")
        await expect(frame.get_by_role("combobox", name="Organization")).to_be_visible()
        await expect(frame.get_by_role("combobox", name="Payer")).to_have_count(0)
        await pick(frame, "Organization", account.organizations[0])
        await pick(frame, "Payer", "Blue Meridian")

    visit("availity", steps)


def test_a_date_is_typed_section_by_section_or_taken_from_the_components_calendar() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await enter(page, served, account)
        frame = await launch(page, "Auth/Referral Inquiry")
        since = frame.get_by_label("From Date", exact=True)
        await since.click()
        await page.keyboard.press("Home")
        await page.keyboard.type("12092026")
        await expect(since).to_have_value("12/09/2026")
        until = frame.get_by_label("To Date", exact=True)
        await until.fill("01/05/2027")
        await frame.get_by_role("button", name="Choose date, selected date is Jan 5, 2027").click()
        await frame.get_by_role("gridcell", name="28").click()
        await expect(until).to_have_value("01/28/2027")

    visit("availity", steps)


def test_providers_are_looked_up_as_one_types_and_only_a_chosen_one_stays() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await enter(page, served, account)
        frame = await launch(page, "Auth/Referral Inquiry")
        provider = frame.get_by_role("combobox", name="Requesting Provider")
        await pick(frame, "Organization", account.organizations[0])
        async with page.expect_request(lambda one: "/providers" in one.url and "q=10030" in one.url):
            await provider.fill("10030")
        await expect(frame.get_by_role("option")).to_have_count(1)
        await frame.get_by_label("Member ID").click()
        await expect(provider).to_have_value("")
        await pick(frame, "Requesting Provider", "1003000126")
        await expect(provider).to_have_value("Riverbend Rehabilitation (1003000126)")

    visit("availity", steps)


def test_another_sign_in_takes_the_whole_window_to_the_logout_page() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await enter(page, served, account)
        for session in served.states["availity"].visits.values():
            session.ended = "elsewhere"
        await page.get_by_role("button", name="Patient Registration").click()
        await page.get_by_role("link", name="Authorizations & Referrals").click()
        await expect(page.get_by_role("heading", name="You have been logged out")).to_be_visible()
        assert "logout" in page.url

    visit("availity", steps)


def test_the_timer_asks_when_nothing_is_typed_or_clicked() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await sign_in(page, served, account)
        await uncover(page)
        asked = page.get_by_role("dialog", name="Session about to end")
        await expect(asked).to_be_visible()
        await page.get_by_role("button", name="Keep working").click()
        await expect(asked).to_be_hidden()

    visit("availity", steps, timer=2)


def test_next_and_submit_are_one_element_and_earlier_steps_stay_hidden() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await enter(page, served, account)
        frame = await launch(page, "Authorization Request")
        button = frame.locator("#authWizardNextButton")
        await choose(frame, "organization", "Riverbend Clinic")
        await choose(frame, "requestType", "Outpatient")
        await choose(frame, "payer", "Blue Meridian")
        await frame.locator("[id='subscriber.memberId']").fill("XYZ100200301")
        await frame.locator("[id='patient.birthDate']").fill("03/12/1961")
        await button.click()
        await pick(frame, "Requesting Provider", "1992999957")
        await frame.locator("[id='requestingProvider.phone']").fill("5550100")
        await button.click()
        place = frame.locator(".select2-container:has(+ #placeOfServiceCode)")
        before = await place.get_attribute("id")
        await choose(frame, "placeOfServiceCode", "11 - Office")
        assert await place.get_attribute("id") != before
        await frame.locator("#fromDate").fill("12/03/2026")
        await frame.locator("#toDate").fill("01/28/2027")
        await frame.locator("#quantity").fill("16")
        await choose(frame, "quantityTypeCode", "Units")
        await choose(frame, "diagnoses.0.code", "R26.89")
        await choose(frame, "procedures.0.code", "97112")
        await expect(button).to_have_text("Next")
        for _ in range(3):
            await button.click()
        await expect(frame.get_by_text("Authorization - Undetermined")).to_be_visible()
        await expect(button).to_have_text("Submit")
        await expect(frame.locator("[id='subscriber.memberId']")).to_be_hidden()
        await expect(frame.locator("[id='subscriber.memberId']")).to_have_value("XYZ100200301")
        await expect(frame.locator("#summary")).to_contain_text("12/02/2026")
        assert served.states["availity"].requests == []
        await button.click()
        await expect(frame.get_by_role("heading", name="Authorization Request Sent")).to_be_visible()

    served = visit("availity", steps)
    sent = served.states["availity"].requests[0]["fields"]
    assert (sent["procedures.0.code"], sent["fromDate"]) == ("97112", "12/03/2026")
    assert sent["requestingProvider"] == "1992999957"
    acts = [entry.path for entry in served.states["availity"].journal if entry.what == "act"]
    assert [path.rsplit("/", 1)[-1] for path in acts] == ["evaluate", "submit"]


def test_the_styled_list_of_the_fictional_form_sets_the_hidden_select() -> None:
    async def steps(page: Page, served: Served, account: Account) -> None:
        await page.goto(served.url("example_payer") + "/sign-in")
        await page.get_by_label("User name").fill(account.username)
        await page.get_by_label("Password").fill(account.password)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("One-time code").fill(account.code(datetime.now(UTC)))
        await page.get_by_role("button", name="Continue").click()
        await page.goto(served.url("example_payer") + "/requests/new")
        await page.locator("#place-shown").click()
        await page.get_by_role("option", name="Outpatient hospital").click()
        await expect(page.locator("#place-shown")).to_have_text("Outpatient hospital")
        await expect(page.locator("[id='place.of.service']")).to_have_value("22")
        await expect(page.locator("[id='place.of.service']")).to_be_hidden()

    visit("example_payer", steps)
