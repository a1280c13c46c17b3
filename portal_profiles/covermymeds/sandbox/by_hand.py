"""What somebody would write by hand for this portal alone, for the benchmarks: no guard, no retry."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from portal_profiles.query import Query

INIT = ""
READ = """() => Object.fromEntries([...document.querySelectorAll("dt")].map((dt) =>
  [dt.textContent.trim(), dt.nextElementSibling?.textContent.trim() ?? ""]))"""


async def check(
    page: Page, base: str, query: Query, organization: str
) -> tuple[Page, str, str, Locator | None]:
    """Looks a request up and gives the page, its status and member ID, and where a letter would be linked."""
    await page.goto(f"{base}/dashboard", wait_until="commit")
    heading = page.get_by_role("heading", name="Request for medication")
    number = query.reference_number or ""
    if len(number) == 6 and number.isalnum():
        await page.get_by_label("Enter Key").fill(number)
        await page.get_by_role("button", name="Go").click()
        tab = page
    else:
        assert query.birth_date
        await page.get_by_label("Show archived").check()
        who = f"{query.first_name} {query.last_name}"
        box = page.get_by_label("Search")
        await box.fill(f"{who} {query.birth_date:%m/%d/%Y}")
        await box.press("End")
        await page.locator(".matches").wait_for()
        async with page.context.expect_page() as opening:
            await page.locator("table.requests tr").filter(has_text=who).get_by_role("link").click()
        tab = await opening.value
        heading = tab.get_by_role("heading", name="Request for medication")
    await heading.wait_for()
    read = await tab.evaluate(READ)
    letter = tab.get_by_role("link", name="Determination notice (PDF)")
    return tab, read["Plan Outcome"], read["Member ID"], letter
