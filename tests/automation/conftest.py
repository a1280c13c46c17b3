"""The browser that a module's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import settings
from playwright.async_api import async_playwright

from automation import sandbox
from automation.browser import launch
from tests.automation.robot import Robot, Visit

# How long one example takes depends on what else the machine does, and says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="module")
def robot() -> Iterator[Robot]:
    """A real Chromium for the whole module."""
    with asyncio.Runner() as runner:
        playwright = runner.run(async_playwright().start())
        browser = runner.run(launch(playwright))
        yield Robot(runner, browser)
        runner.run(browser.close())
        runner.run(playwright.stop())


@pytest.fixture
def visit(robot: Robot) -> Iterator[Callable[..., Visit]]:
    """Serves a sandbox with hazards and gives a visit to it."""
    with ExitStack() as stack:

        def serve(slug: str, page_seconds: float = 4.0, **hazards: object) -> Visit:
            served = stack.enter_context(sandbox.serve([slug], hazards=hazards))
            return Visit(slug, served, robot, page_seconds)

        yield serve
