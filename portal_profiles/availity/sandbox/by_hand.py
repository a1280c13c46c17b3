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

    async def pick(name: str, text: str) -> None:
        box = frame.get_by_role("combobox", name=name)
        await box.fill(text)
        await frame.get_by_role("option").filter(has_text=text).click()

    await pick("Organization", organization)
    await pick("Payer", query.payer or "")
    if query.reference_number:
        await frame.get_by_label("Certification or reference number").check()
        await frame.get_by_label("Certification/Reference Number").fill(query.reference_number)
    else:
        assert query.birth_date
        assert query.service_from
        assert query.service_to
        await frame.get_by_label("Member ID").fill(query.member_id or "")
        await frame.get_by_label("Patient Date of Birth", exact=True).fill(f"{query.birth_date:%m/%d/%Y}")
        await pick("Requesting Provider", query.requesting_npi or "")
        await frame.get_by_label("From Date", exact=True).fill(f"{query.service_from:%m/%d/%Y}")
        await frame.get_by_label("To Date", exact=True).fill(f"{query.service_to:%m/%d/%Y}")
    await frame.get_by_role("button", name="Search", exact=True).click()
    heading = frame.get_by_role("heading", name="Authorization Details")
    row = frame.locator("#resultsTable tbody tr").filter(has_text=query.procedure_codes[0])
    await heading.or_(row).first.wait_for()
    if await row.count():
        await row.get_by_role("link", name="View").click()
        await heading.wait_for()
    shown = await (await heading.element_handle()).owner_frame()
    assert shown
    read = await shown.evaluate(READ)
    letter = frame.get_by_role("link", name="Determination Letter (PDF)")
    return page, read["Status"], read["Member ID"], letter
