"""What somebody would write by hand for this portal alone, for the benchmarks: no guard, no retry."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from portal_profiles.query import Query

INIT = ""
READ = """() => Object.fromEntries([...document.querySelectorAll("dt, .pair span:first-child")].map((label) =>
  [label.textContent.trim(), label.nextElementSibling?.textContent.trim() ?? ""]))"""


async def check(
    page: Page, base: str, query: Query, organization: str
) -> tuple[Page, str, str, Locator | None]:
    """Looks a request up and gives the page, its status and member ID, and where a letter would be linked."""
    if (query.payer or "").startswith("Medical Mutual"):
        await medical_mutual(page, base, query)
    else:
        await independence(page, base, query)
    heading = page.get_by_role("heading", name="Authorization", exact=False).and_(page.locator("h1"))
    await heading.filter(has_text="Details").wait_for()
    read = await page.evaluate(READ)
    status = read.get("Status") or read["Transaction Status"]
    return page, status, read["Member ID"], page.get_by_role("link", name="View/Print as PDF")


async def medical_mutual(page: Page, base: str, query: Query) -> None:
    """By number, or by the log, whose rows are stale until they are refreshed."""
    await page.goto(f"{base}/plan-central/medical-mutual", wait_until="commit")
    if query.reference_number:
        await page.get_by_role("link", name="Medical Authorizations", exact=True).click()
        await page.get_by_label("Authorization or Reference Number").fill(query.reference_number)
        await page.get_by_role("button", name="Search").click()
        row = page.locator("#searchResults tbody tr").filter(has_text=query.procedure_codes[0])
        await row.or_(page.get_by_role("heading", name="Medical Authorization Details")).first.wait_for()
        if not await row.count():
            return  # one request of that number is opened at once
    else:
        assert query.service_from
        assert query.service_to
        await page.get_by_role("link", name="Medical Authorizations Log").click()
        await page.get_by_label("Member ID").fill(query.member_id or "")
        await page.get_by_label("Date of Service From").fill(f"{query.service_from:%m/%d/%Y}")
        await page.get_by_label("Date of Service To").fill(f"{query.service_to:%m/%d/%Y}")
        await page.get_by_role("button", name="Apply").click()
        row = page.locator("#log tbody tr").filter(has_text=query.procedure_codes[0])
        row = row.filter(has_text=query.member_id).filter(has_text=f"{query.service_from:%m/%d/%Y}")
        # The button is seen only while the pointer is over its row.
        await row.locator(".refresh").dispatch_event("click")
        await row.get_by_text("Up to date").wait_for()
    await row.locator("td").first.click()


async def independence(page: Page, base: str, query: Query) -> None:
    """By the plan's own number, or by the provider with a range of one's own."""
    await page.goto(f"{base}/plan-central/independence", wait_until="commit")
    await page.get_by_role("link", name="Authorizations", exact=True).click()
    number = query.reference_number or ""
    if number and not number.startswith("REQ"):
        await page.get_by_label("Authorization Number").fill(number)
    else:
        assert query.service_from
        assert query.service_to
        await page.get_by_label("Requesting or Servicing Provider").fill(query.requesting_npi or "")
        await page.get_by_role("option").filter(has_text=query.requesting_npi).click()
        await page.get_by_label("Date Range").select_option("custom")
        await page.get_by_label("From").fill(f"{query.service_from:%m/%d/%Y}")
        await page.get_by_label("To", exact=True).fill(f"{query.service_to:%m/%d/%Y}")
        await page.get_by_label("Member ID").fill(query.member_id or "")
    await page.get_by_role("button", name="Search").click()
    row = page.locator("#authorizationResults tbody tr").filter(has_text=query.procedure_codes[0])
    await row.or_(page.get_by_role("heading", name="Authorization Inquiry Details")).first.wait_for()
    if not await row.count():
        return
    await row.locator("td").first.click()
