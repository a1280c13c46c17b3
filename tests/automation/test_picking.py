"""Picking in a real browser: what a click with Alt proposes, and a snapshot that shows the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page

from automation.closing import close_page
from automation.inspecting import ORIGIN, open_saved
from automation.picking import Pick, record, snapshot
from portal_profiles.catalogue import load
from portal_profiles.reader import picker_script, reader_script
from portal_profiles.scrubbing import scrub
from tests.automation.robot import Robot

pytestmark = pytest.mark.browser

PROFILE = load("example_payer")
FOLDER = PROFILE.folder / "pages"


def saved(name: str) -> str:
    return (FOLDER / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture
def picked(robot: Robot) -> Callable[[str, str], Pick]:
    """Records a page, clicks the element with Alt held, and gives the pick."""

    async def pick(html: str, selector: str) -> Pick:
        context = await robot.browser.new_context()
        picks: list[Pick] = []
        ready = asyncio.Event()

        async def on_pick(pick: Pick) -> bool:
            picks.append(pick)
            return False

        await context.route(
            "**/*", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8")
        )
        recording = asyncio.create_task(record(context, ORIGIN, on_pick, ready))
        try:
            await ready.wait()
            page = context.pages[-1]
            await page.click(selector, modifiers=["Alt"])
            await asyncio.wait_for(recording, 20)
            assert page.url == ORIGIN
        finally:
            recording.cancel()
            await context.close()
        (found,) = picks
        return found

    return lambda html, selector: robot.do(pick(html, selector))


Picked = Callable[[str, str], Pick]


def locators(pick: Pick) -> list[Any]:
    return [dict(one.locator) for one in pick.proposals]


def test_a_value_is_proposed_by_the_label_beside_it_first(picked: Picked) -> None:
    pick = picked(saved("detail_approved"), "dt:text-is('Member ID') + dd")
    assert locators(pick)[0] == {"beside": "Member ID"}
    assert pick.proposals[0].count == 1
    assert "css" in locators(pick)[-1]


def test_a_control_is_proposed_by_its_label_first(picked: Picked) -> None:
    pick = picked(saved("request_form_empty"), "input >> nth=0")
    assert locators(pick)[0] == {"label": "Member ID"}


def test_a_button_is_proposed_by_role_and_name_and_is_not_pressed(picked: Picked) -> None:
    pick = picked(saved("search"), "button")
    assert locators(pick)[0] == {"role": "button", "name": "Search"}


def test_a_cell_is_proposed_by_its_column_with_the_rows_it_stands_in(picked: Picked) -> None:
    pick = picked(saved("detail_approved"), "table#lines tbody tr >> nth=1 >> td >> nth=7")
    assert locators(pick)[0] == {"column": "Decision"}
    assert pick.row is not None
    assert pick.row.locator == {"css": "table#lines tbody tr"}
    assert pick.row.count == 2


def test_a_test_id_comes_before_a_path(picked: Picked) -> None:
    found = locators(picked(saved("detail_approved"), "[data-testid=validity]"))
    assert found.index({"beside": "Approved dates"}) < found.index({"test_id": "validity"})


def test_what_others_have_too_comes_last_and_says_how_many(picked: Picked) -> None:
    html = "<dl><dt>Status</dt><dd>A</dd><dt>Status</dt><dd id=second>B</dd></dl>"
    pick = picked(html, "#second")
    assert pick.proposals[-1].count == 2
    assert pick.proposals[-1].locator == {"beside": "Status"}
    assert pick.proposals[0].locator == {"id": "second"}


def test_no_proposal_holds_a_value(picked: Picked) -> None:
    pick = picked(saved("detail_approved"), "dt:text-is('Patient') + dd")
    assert "LINDQVIST" not in repr(pick.proposals)


def test_every_proposal_finds_as_many_as_it_says(picked: Picked, robot: Robot) -> None:
    html = saved("detail_approved")
    pick = picked(html, "dt:text-is('Status') + dd")

    async def count(page: Page) -> list[int]:
        await open_saved(page, html)
        await page.evaluate(reader_script())
        wanted = [dict(one.locator) for one in pick.proposals]
        ask = "all => all.map(one => TallystickReader.locate(document, one).length)"
        found: list[int] = await page.evaluate(ask, wanted)
        return found

    async def ask() -> list[int]:
        page = await robot.browser.new_page()
        try:
            return await count(page)
        finally:
            await close_page(page)

    assert robot.do(ask()) == [one.count for one in pick.proposals]


async def _read(page: Page, html: str) -> Any:
    await open_saved(page, html)
    await page.evaluate(reader_script())
    return await page.evaluate("part => TallystickReader.read(document, part)", PROFILE.reading_part())


@pytest.mark.parametrize("name", ["detail_approved", "results", "request_form_filled", "home_under_cookies"])
def test_a_snapshot_reads_as_its_page_and_scrubbed_it_is_still_that_page(name: str, robot: Robot) -> None:
    async def both() -> tuple[Any, Any, Any]:
        page = await robot.browser.new_page()
        again = await robot.browser.new_page()
        scrubbed = await robot.browser.new_page()
        try:
            first = await _read(page, saved(name))
            html = await snapshot(page)
            return first, await _read(again, html), await _read(scrubbed, scrub(html, PROFILE))
        finally:
            for one in (page, again, scrubbed):
                await close_page(one)

    first, again, scrubbed = robot.do(both())
    assert again == first
    for part in ("page", "fits", "overlays"):
        assert scrubbed[part] == first[part]
    assert scrubbed["fields"].keys() == first["fields"].keys()
    assert {key: len(rows) for key, rows in scrubbed["rows"].items()} == {
        key: len(rows) for key, rows in first["rows"].items()
    }


def test_a_snapshot_has_shadow_roots_and_typed_values_but_no_secret(robot: Robot) -> None:
    async def take() -> str:
        page = await robot.browser.new_page()
        try:
            await page.set_content("<div id=host></div><input id=a><input id=b type=password>")
            await page.evaluate(
                "document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML = '<b>In</b>'"
            )
            await page.fill("#a", "typed")
            await page.fill("#b", "hunter2")
            return await snapshot(page)
        finally:
            await close_page(page)

    html = robot.do(take())
    assert '<template shadowrootmode="open"><b>In</b></template>' in html
    assert 'value="typed"' in html
    assert "hunter2" not in html


def test_a_page_that_calls_the_picker_itself_hands_over_nothing(robot: Robot) -> None:
    async def call() -> list[Pick]:
        context = await robot.browser.new_context()
        picks: list[Pick] = []
        ready = asyncio.Event()

        async def on_pick(pick: Pick) -> bool:
            picks.append(pick)
            return True

        await context.route("**/*", lambda route: route.fulfill(body="<p>x</p>", content_type="text/html"))
        recording = asyncio.create_task(record(context, ORIGIN, on_pick, ready))
        await ready.wait()
        page = context.pages[-1]
        for given in ("'x'", "{proposals: [{locator: {evil: 'x'}, count: 1}]}", "{proposals: [{count: 1}]}"):
            await page.evaluate(f"tallystickPicked({given})")
        await close_page(page)
        await asyncio.wait_for(recording, 20)
        await context.close()
        return picks

    assert robot.do(call()) == []


def test_the_picker_is_built() -> None:
    assert "TallystickPicker" in picker_script()
