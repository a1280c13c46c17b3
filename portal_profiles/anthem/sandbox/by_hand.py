"""What somebody would write by hand for this portal alone, for the benchmarks: no guard, no retry."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from portal_profiles.query import Query

SHELL = "/static/web/onb/onboarding-ui-apps/navigation/#/"
INIT = """document.addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.textContent = "#onetrust-consent-sdk { display: none !important }";
  document.head.append(style);
})"""
READ = """() => Object.fromEntries([...document.querySelectorAll("dt")].map((dt) =>
  [dt.textContent.trim(), dt.nextElementSibling?.textContent.trim() ?? ""]))"""


async def check(
    page: Page, base: str, query: Query, organization: str
) -> tuple[Page, str, str, Locator | None]:
    """Looks a request up and gives the page, its status and member ID, and where a letter would be linked."""
    await page.goto(base + SHELL, wait_until="commit")
    await page.get_by_role("button", name="Patient Registration").click()
    await page.get_by_role("link", name="Authorizations & Referrals").click()
    frame = page.frame_locator("#newBodyFrame")
    await frame.get_by_role("link", name="Auth/Referral Inquiry").click()
    await frame.get_by_label("Organization").select_option(label=organization)
    await frame.get_by_label("Payer").select_option(label=query.payer)
    await frame.get_by_role("button", name="Next").click()
    other, cases = frame.locator("[id='radio.other']"), frame.get_by_role("link", name="Check Case Status")
    await other.or_(cases).first.wait_for()
    if await other.count():
        await other.check()
        await frame.get_by_role("button", name="Next").click()
    await cases.click()
    if query.reference_number:
        await frame.get_by_role("tab", name="By Reference/Authorization Request Number").click()
        await frame.get_by_label("Reference/Authorization Request Number").fill(query.reference_number)
    else:
        assert query.birth_date
        assert query.service_from
        assert query.service_to
        await frame.get_by_role("tab", name="By Member").click()
        await frame.get_by_label("Member ID").fill(query.member_id or "")
        await frame.get_by_label("Member Date of Birth").fill(f"{query.birth_date:%m/%d/%Y}")
        await frame.get_by_label("Service From").fill(f"{query.service_from:%m/%d/%Y}")
        await frame.get_by_label("Service To").fill(f"{query.service_to:%m/%d/%Y}")
    await frame.get_by_role("button", name="Search").click()
    row = frame.locator("#caseResults [role=row]").filter(has_text=query.procedure_codes[0])
    await row.get_by_role("link").click()
    heading = frame.get_by_role("heading", name="Case Overview")
    await frame.get_by_role("button", name="Service Details").click()
    letters = frame.get_by_role("button", name="Letters Summary")
    if await letters.count():
        await letters.click()
    shown = await (await heading.element_handle()).owner_frame()
    assert shown
    read = await shown.evaluate(READ)
    return page, read["Status"], read["Member ID"], frame.get_by_role("link", name="Decision Letter (PDF)")
