"""What somebody would write by hand for this portal alone, for the benchmarks: no guard, no retry."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from portal_profiles.query import Query

INIT = """document.addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.textContent = "#claims-menu { display: none !important }";
  document.head.append(style);
})"""
READ = """() => Object.fromEntries([...document.querySelectorAll(".abyss-label")].map((label) =>
  [label.textContent.trim(), label.nextElementSibling?.textContent.trim() ?? ""]))"""


async def check(
    page: Page, base: str, query: Query, organization: str
) -> tuple[Page, str, str, Locator | None]:
    """Looks a request up and gives the page, its status and member ID, and where a letter would be linked."""
    await page.goto("about:blank")
    await page.goto(f"{base}/#/", wait_until="commit")
    await page.get_by_test_id("prior-authorizations-link").click()
    await page.get_by_label("Tax ID").select_option(label=organization)
    by = "Reference Number" if query.reference_number else "Member ID and DOB"
    await page.get_by_label("Search by").click()
    await page.get_by_role("option", name=by, exact=True).click()
    if query.reference_number:
        await page.get_by_label("Reference Number", exact=True).fill(query.reference_number)
    else:
        assert query.birth_date
        assert query.service_from
        assert query.service_to
        await page.get_by_label("Member ID").fill(query.member_id or "")
        await page.get_by_label("Date of Birth").fill(f"{query.birth_date:%m/%d/%Y}")
        await page.get_by_label("First Service Date").fill(f"{query.service_from:%m/%d/%Y}")
        await page.get_by_label("Last Service Date").fill(f"{query.service_to:%m/%d/%Y}")
    await page.get_by_role("button", name="Search", exact=True).click()
    row = page.locator("#prior-authorization-results tr").filter(has_text=query.procedure_codes[0])
    heading = page.get_by_role("heading", name="Case Details")
    await heading.or_(row).first.wait_for()
    if await row.count():
        await row.get_by_role("link").click()
    await page.get_by_role("button", name="Services").click()
    await page.get_by_role("button", name="Care providers").click()
    for card in ("#decision", "#member"):
        await page.locator(f"{card} .abyss-label").first.wait_for()
    read = await page.evaluate(READ)
    letter = page.get_by_role("link", name="Prior Authorization Letter (PDF)")
    return page, read["Status"], read["Member ID"], letter
