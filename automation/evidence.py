"""What backs an outcome: the page's picture, the payer's letter, the text behind each value."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterable
from datetime import datetime

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Page
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from automation.outcomes import Evidence
from automation.reading import Seen
from portal_profiles.profile import Profile

PICTURE, LETTER, TEXT = "picture", "letter", "text"

logging.getLogger("pypdf").setLevel(logging.ERROR)


async def picture(page: Page, frame: Frame | None = None) -> Evidence | None:
    """The whole page as PNG, an inner frame shown at its full height. None when the page is gone.

    The frame is grown in our own browser only, after the page was read.
    """
    try:
        if frame is not None and frame != page.main_frame and not frame.is_detached():
            height, element = await asyncio.gather(
                frame.evaluate("document.documentElement.scrollHeight"), frame.frame_element()
            )
            await element.evaluate("(el, height) => { el.style.minHeight = `${height}px`; }", height)
            await element.dispose()
        content = await page.screenshot(full_page=True, animations="disabled", caret="hide", timeout=15_000)
    except PlaywrightError:
        return None
    return Evidence(PICTURE, "image/png", content)


def text(profile: Profile, seen: Seen, at: datetime) -> Evidence:
    """The text that each value came from, as JSON, with the profile's version and when it was read."""
    kept = {
        "portal": profile.slug,
        "profile_version": profile.version,
        "page": seen.page.name if seen.page else None,
        "read_at": at.isoformat(),
        "fields": seen.text.get("fields", {}),
        "rows": seen.text.get("rows", {}),
        "problems": seen.text.get("problems", []),
    }
    return Evidence(TEXT, "application/json", json.dumps(kept, ensure_ascii=False, sort_keys=True).encode())


def letter(content: bytes | None, numbers: Iterable[str]) -> tuple[Evidence | None, tuple[str, ...]]:
    """A letter as evidence, and what is wrong with it.

    numbers: the authorization's own, one of which the letter must name. What is no PDF is not kept; a letter
    that
    names none of the numbers is kept and said to be so, because it may be a scan, or another request's.
    """
    if content is None:
        return None, ("The letter could not be fetched.",)
    if not content.startswith(b"%PDF"):
        return None, ("The letter's link gave something that is not a PDF; it was not kept.",)
    kept = Evidence(LETTER, "application/pdf", content)
    try:
        said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # pypdf reports a damaged file by any of these, by where in the file the damage is.
        return kept, (f"The letter's text could not be read ({type(error).__name__}).",)
    plain = _plain(said)
    if not any(_plain(number) in plain for number in numbers if _plain(number)):
        return kept, ("The letter names none of this authorization's numbers: check that it belongs to it.",)
    return kept, ()


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()
