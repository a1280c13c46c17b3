"""The extension reads every saved page of every portal as the robot does: both give its golden text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, Route, sync_playwright

from tests.e2e.extension_browser import ExtensionBrowser, ended_after, extension_browser, until
from tests.portal_profiles.test_saved_pages import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("extension_reads")]


@pytest.fixture(autouse=True)
def _limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A browser that stops answering fails its test."""
    with ended_after(120, tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExtensionBrowser]:
    """A browser that is paired with no clinic: reading a page needs none."""
    with extension_browser(playwright, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def tab(browser: ExtensionBrowser) -> Page:
    return browser.context.new_page()


def read(browser: ExtensionBrowser, tab: int) -> dict[str, Any] | None:
    """The page of this tab as the extension has read it."""
    told = browser.desk.evaluate("(tab) => chrome.runtime.sendMessage({ type: 'tab/view', tab })", tab)
    page: dict[str, Any] | None = told["answer"]["page"]
    if page is not None:
        page.pop("version", None)
    return page


@pytest.mark.parametrize(("slug", "page"), PAGES, ids=[f"{slug}-{page.stem}" for slug, page in PAGES])
def test_a_saved_page_is_read_as_the_robot_reads_it(
    browser: ExtensionBrowser, tab: Page, slug: str, page: Path
) -> None:
    html, address = page.read_text(encoding="utf-8"), f"http://{slug.replace('_', '-')}.localhost/{page.name}"
    golden = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["page_text"]

    def answer(route: Route) -> None:
        if route.request.url == address:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    tab.route("**/*", answer)
    try:
        tab.goto(address)
        number = browser.tab_of(tab)
        until(lambda: read(browser, number) == golden, tab, 20, f"{slug}/{page.name} as the robot reads it")
    finally:
        tab.unroute("**/*", answer)
