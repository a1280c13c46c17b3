"""Looks at a document for `portal_profiles.differences`: through the reader, in a browser."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from playwright.async_api import Frame, Page, Route

from portal_profiles.differences import Difference, Found, asking, compare, likeliest
from portal_profiles.profile import PageSpec, Profile
from portal_profiles.reader import reader_script

#: Where a saved page is opened; nothing else is let through to it.
ORIGIN = "http://saved.localhost/"

_INSPECT = """
  const count = (locator) => TallystickReader.locate(document, locator).length;
  return a.map(({ name, sign, absent, part }) => ({
    sign: sign.map(count), absent: absent.map(count),
    text: TallystickReader.read(document, { slug: '', version: '', pages: { [name]: part } }),
  }));
"""


@cache
def _script() -> str:
    return f"(a) => {{\n{reader_script()}\n{_INSPECT}\n}}"


async def inspect(document: Page | Frame, pages: Collection[PageSpec]) -> dict[str, Found]:
    """For each of these pages of a profile, what of it is to be found in the document now."""
    asked = [
        {
            "name": page.name,
            "sign": [locator.to_json() for locator in page.sign],
            "absent": [locator.to_json() for locator in page.absent],
            "part": asking(page),
        }
        for page in pages
    ]
    answers = await document.evaluate(_script(), asked)
    return {
        page.name: Found(tuple(answer["sign"]), tuple(answer["absent"]), answer["text"])
        for page, answer in zip(pages, answers, strict=True)
    }


async def open_saved(page: Page, html: str) -> None:
    """Shows a saved page, and lets it ask for nothing."""

    async def answer(route: Route) -> None:
        if route.request.url == ORIGIN:
            await route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            await route.abort()

    await page.route("**/*", answer)
    await page.goto(ORIGIN, wait_until="load")


async def differences(
    page: Page, profile: Profile, html: str, name: str | None = None
) -> tuple[PageSpec | None, tuple[Difference, ...]]:
    """A saved page beside the profile's page of this name, or the one that it is likeliest to be.

    Gives (None, ()) when it could be none of them, or several.
    """
    await open_saved(page, html)
    pages = [profile.pages[name]] if name else list(profile.pages.values())
    found = await inspect(page, pages)
    chosen = name or likeliest(found)
    if chosen is None:
        return None, ()
    return profile.pages[chosen], compare(profile, profile.pages[chosen], found[chosen])
