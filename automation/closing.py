"""Closes a tab so that it is closed.

Chromium says yes to a close that meets a navigation at its commit, and drops it; Playwright then waits for
the tab's end without limit (https://github.com/microsoft/playwright/issues/42366). Asked again, it closes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

#: Seconds that a tab may take before it is asked again, and how often it is asked.
SECONDS, TIMES = 1.0, 10


async def close_page(page: Page) -> None:
    """Closes it; one that is closed already is left so. Raises PlaywrightError when the browser does not."""
    closing = asyncio.ensure_future(page.close())
    try:
        for _ in range(TIMES):
            done, _ = await asyncio.wait({closing}, timeout=SECONDS)
            if done:
                return await closing
            # It may end between the look and the asking.
            with suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(SECONDS):
                    again = await page.context.new_cdp_session(page)
                    await again.send("Page.close")
    finally:
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
    raise PlaywrightError("A tab did not close.")
