"""One browser for every saved page: pages are served from memory, and nothing else is let through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Route, async_playwright

from automation.browser import launch
from automation.closing import close_page
from portal_profiles.reader import reader_script

ORIGIN = "http://saved.localhost"

ReadPage = Callable[[str, str, str, Any], Any]


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of the browser's own, so that other tests may run theirs."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def browser(loop: asyncio.AbstractEventLoop) -> Iterator[Browser]:
    """One browser, kept for the whole session."""

    async def start() -> tuple[Any, Browser]:
        playwright = await async_playwright().start()
        return playwright, await launch(playwright)

    playwright, browser = loop.run_until_complete(start())
    yield browser

    async def stop() -> None:
        await browser.close()
        await playwright.stop()

    loop.run_until_complete(stop())


@pytest.fixture
def in_reader(loop: asyncio.AbstractEventLoop, browser: Browser) -> ReadPage:
    """Loads HTML under a name, puts the built reader in, and evaluates an expression with one argument."""

    async def evaluate(name: str, html: str, expression: str, argument: Any) -> Any:
        async def answer(route: Route) -> None:
            if route.request.url == f"{ORIGIN}/{name}":
                await route.fulfill(body=html, content_type="text/html; charset=utf-8")
            else:
                await route.abort()

        page = await browser.new_page()
        try:
            await page.route("**/*", answer)
            await page.goto(f"{ORIGIN}/{name}", wait_until="load")
            await page.evaluate(reader_script())
            return await page.evaluate(expression, argument)
        finally:
            await close_page(page)

    return lambda name, html, expression, argument: loop.run_until_complete(
        evaluate(name, html, expression, argument)
    )
