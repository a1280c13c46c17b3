"""Closing a tab that is on its way to another page: a real Chromium drops such a close in silence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from automation.closing import close_page
from tests.automation.robot import Robot

pytestmark = pytest.mark.browser

#: How often it is tried: Chromium drops about every third of such closes.
TRIES = 12


class _Leads(BaseHTTPRequestHandler):
    """A page that leads on by itself, and the page that it leads to."""

    def do_GET(self) -> None:
        leads = b'<meta http-equiv="refresh" content="0; URL=/there">' if self.path == "/" else b""
        with suppress(ConnectionError):  # the browser has gone on
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(leads + b"<p>A page.</p>")

    def log_message(self, *told: object) -> None:
        """Nothing is told of each request."""


@pytest.fixture
def leads() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Leads) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        serving.join()


async def on_its_way(context: BrowserContext, address: str) -> Page:
    """A tab that is leaving its page just now."""
    page = await context.new_page()
    await page.goto(address)
    with suppress(PlaywrightError):  # the page may be gone by then
        await page.evaluate("1")
    return page


def test_a_tab_that_is_on_its_way_to_another_page_closes(robot: Robot, leads: str) -> None:
    async def work() -> None:
        context = await robot.browser.new_context()
        for _ in range(TRIES):
            page = await on_its_way(context, leads)
            async with asyncio.timeout(20):
                await close_page(page)
            assert page.is_closed()
        await context.close()

    robot.do(work())


def test_a_window_whose_tabs_are_on_their_way_closes(robot: Robot, leads: str) -> None:
    async def work() -> None:
        for _ in range(TRIES):
            context = await robot.browser.new_context()
            await on_its_way(context, leads)
            async with asyncio.timeout(20):
                await context.close()

    robot.do(work())


def test_closing_a_closed_tab_does_nothing(robot: Robot) -> None:
    async def work() -> None:
        page = await robot.browser.new_page()
        await page.close()
        await close_page(page)
        await page.context.close()

    robot.do(work())
