"""What somebody would write by hand for this portal alone, for the benchmarks: no guard, no retry."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from portal_profiles.query import Query

INIT = ""
READ = """(details) => Object.fromEntries([...details.shadowRoot.querySelectorAll("cigna-field")].map(
  (field) => [field.getAttribute("label"), field.textContent.trim()]))"""


async def check(
    page: Page, base: str, query: Query, organization: str
) -> tuple[Page, str, str, Locator | None]:
    """Looks a request up and gives the page, its status and member ID, and where a letter would be linked."""
    assert query.birth_date
    assert query.service_from
    await page.goto(f"{base}/app/patient/search", wait_until="commit")
    await page.get_by_label("Patient ID").fill(query.member_id or "")
    await page.get_by_label("Date of birth").fill(f"{query.birth_date:%m/%d/%Y}")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("tab", name="Precertification").click()
    row = page.locator(".request[role=row]").filter(has_text=query.member_id)
    row = row.filter(has_text=query.procedure_codes[0]).filter(has_text=f"{query.service_from:%m/%d/%Y}")
    async with page.context.expect_page() as opening:
        await row.get_by_role("link", name="View details").click()
    tab = await opening.value
    await tab.get_by_role("button", name="Procedures").click()
    read = await tab.locator("cigna-precert-details").evaluate(READ)
    return tab, read["Status"], read["Member ID"], None
