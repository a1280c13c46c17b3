"""A tab that the gate does not let go anywhere is closed: one that stays open slows what lies below it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

from automation.network import Gate
from automation.pace import Budget
from tests.automation.robot import Robot, Serve

pytestmark = pytest.mark.browser


async def tabs(page: Page) -> list[str]:
    """The tabs that the browser itself has in this page's window, reported to Playwright or not."""
    cdp = await page.context.new_cdp_session(page)
    own = (await cdp.send("Target.getTargetInfo"))["targetInfo"]["browserContextId"]
    known = (await cdp.send("Target.getTargets"))["targetInfos"]
    await cdp.detach()
    return [one["url"] for one in known if one["type"] == "page" and one["browserContextId"] == own]


async def only_one_is_left(page: Page) -> None:
    async with asyncio.timeout(20):
        while len(await tabs(page)) > 1:
            await asyncio.sleep(0.02)


def at_the_door(robot: Robot, visit: Serve, then: Callable[[Page, Gate], Awaitable[None]]) -> None:
    """Does something on the portal's first page, behind the gate."""
    here = visit("example_payer")
    base_url = here.served.url("example_payer")

    async def work() -> None:
        context = await robot.browser.new_context()
        gate = Gate(here.profile, base_url, Budget(20))
        await gate.stand_before(context)
        page = await context.new_page()
        await page.goto(base_url)
        try:
            await then(page, gate)
        finally:
            await context.close()

    robot.do(work())


def test_a_tab_that_goes_to_another_host_is_closed(robot: Robot, visit: Serve) -> None:
    async def opens_twice(page: Page, gate: Gate) -> None:
        for _ in range(2):
            await page.evaluate("void window.open('http://elsewhere.localhost/')")
            await only_one_is_left(page)
        assert not page.is_closed()

    at_the_door(robot, visit, opens_twice)


def test_a_tab_whose_document_is_caught_is_closed(robot: Robot, visit: Serve) -> None:
    async def catches(page: Page, gate: Gate) -> None:
        async with gate.catching() as caught:
            await page.evaluate("void window.open('/letter.pdf')")
            assert (await caught).url.endswith("/letter.pdf")
        await only_one_is_left(page)
        assert not page.is_closed()

    at_the_door(robot, visit, catches)


def test_a_page_that_would_leave_for_another_host_stays_as_it_is(robot: Robot, visit: Serve) -> None:
    async def leaves(page: Page, gate: Gate) -> None:
        before = await page.content()
        async with page.expect_event("requestfailed"):
            await page.evaluate("location.href = 'http://elsewhere.localhost/'")
        assert await page.content() == before
        assert len(await tabs(page)) == 1

    at_the_door(robot, visit, leaves)
