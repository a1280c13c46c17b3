"""What holds for every test."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

#: Milliseconds that a tab may take before it is asked again, and how often it is asked: `automation.closing`.
PATIENCE_MS, TIMES = 1_000, 10


def _closed(page: Page, **options: Any) -> None:
    """Closes a tab for good: Chromium drops a close that meets a navigation, and Playwright waits on."""
    for _ in range(TIMES):
        if page.is_closed():
            return
        try:
            with page.expect_event("close", timeout=PATIENCE_MS):
                _close(page, **options, run_before_unload=True)  # the one that does not wait without limit
        except PlaywrightTimeout:
            continue
    raise AssertionError("A tab did not close.")


_close = Page.close
Page.close = _closed  # type: ignore[method-assign, assignment]
