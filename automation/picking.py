"""A person clicks what a profile is to read: `tallystick profile record`. Any page, in a browser one sees.

Clicks with Alt held pick; all others are the person's own, to sign in, to search and to open a record. What
is picked comes as locators with how many elements each finds, never as a value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import BrowserContext, Frame, Page
from playwright.async_api import Error as PlaywrightError

from portal_profiles.reader import picker_script

#: Ways of a locator, and what else one may have; anything else that a page hands over is not taken.
_PARTS = frozenset({"label", "role", "name", "beside", "test_id", "text", "css", "id", "column", "within"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One locator as the profile writes it, and how many elements it finds."""

    locator: Mapping[str, Any]
    count: int


@dataclass(frozen=True, slots=True)
class Pick:
    """One element that was picked.

    proposals: its locators, best first. row: the rows it stands in, where it is in a table. frame: the
    locator of its iframe, if it is in one. html: the snapshot of the document, with patients' data.
    """

    proposals: tuple[Proposal, ...]
    row: Proposal | None
    frame: Mapping[str, Any] | None
    html: str


async def snapshot(document: Page | Frame) -> str:
    """The document as HTML that shows the same, patients' data included: scrub it before it is kept."""
    html: str = await document.evaluate(
        f"() => {{\n{picker_script()}\nreturn TallystickPicker.snapshot();\n}}"
    )
    return html


async def record(
    context: BrowserContext,
    url: str,
    on_pick: Callable[[Pick], Awaitable[bool]],
    ready: asyncio.Event | None = None,
) -> None:
    """Opens the address and hands over each pick, until `on_pick` gives False or the window closes.

    ready: set once the page stands and listens.
    """
    picks: asyncio.Queue[Pick | None] = asyncio.Queue()

    async def picked(source: Mapping[str, Any], given: object) -> None:
        document = source["frame"]
        pick = _pick(given, await _frame(document), await snapshot(document))
        if pick is not None:
            await picks.put(pick)

    await context.expose_binding("tallystickPicked", picked)
    await context.add_init_script(picker_script())
    page = await context.new_page()
    page.on("close", lambda _: picks.put_nowait(None))
    await page.goto(url)
    if ready is not None:
        ready.set()
    while (pick := await picks.get()) is not None:
        if not await on_pick(pick):
            return


async def _frame(document: Frame) -> Mapping[str, Any] | None:
    """The locator of the iframe in which the document lives, or None for the page itself."""
    if document.parent_frame is None:
        return None
    try:
        element = await document.frame_element()
        name = await element.evaluate("el => el.id || el.name || el.title")
    except PlaywrightError:
        return {"css": "iframe"}
    quoted = str(name).replace("\\", "\\\\").replace('"', '\\"')
    return (
        {"css": f'iframe[id="{quoted}"], iframe[name="{quoted}"], iframe[title="{quoted}"]'}
        if name
        else {"css": "iframe"}
    )


def _pick(given: object, frame: Mapping[str, Any] | None, html: str) -> Pick | None:
    """What the page handed over, or None when it has not the shape of a pick: pages can call us too."""
    if not isinstance(given, Mapping) or not isinstance(given.get("proposals"), list):
        return None
    proposals = tuple(one for entry in given["proposals"] if (one := _proposal(entry)) is not None)
    return Pick(proposals, _proposal(given.get("row")), frame, html) if proposals else None


def _proposal(given: object) -> Proposal | None:
    if not isinstance(given, Mapping) or not isinstance(given.get("count"), int):
        return None
    locator = given.get("locator")
    if not isinstance(locator, Mapping) or not _is_locator(locator):
        return None
    return Proposal(locator, given["count"])


def _is_locator(given: object) -> bool:
    if not isinstance(given, Mapping) or not given or not set(given) <= _PARTS:
        return False
    return all(
        _is_locator(value) if key == "within" else isinstance(value, str) and 0 < len(value) <= 500
        for key, value in given.items()
    )
