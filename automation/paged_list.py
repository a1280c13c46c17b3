"""Result lists that come in pages: gone through from the first to the last before a row is chosen.

A row on a page that is not looked at would pass for missing, and a second one that matches would never be
noticed. Only the control that the profile declares is pressed, and never one with an acting word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from playwright.async_api import Error as PlaywrightError

from automation.outcomes import Ended, OutcomeKind, TechnicalFault
from automation.reading import Seen
from automation.session import Session
from automation.steps import StepFailed
from portal_profiles.profile import Locator, PageKind
from portal_profiles.query import Query

#: A list of more pages than this is not one patient's.
MOST_PAGES = 20

# How many controls for the next page can be pressed: one on the last page is gone, or disabled.
_NEXT = """
  const off = (el) => el.matches(':disabled, [aria-disabled=true], .disabled, .disabled *');
  return TallystickReader.locate(document, a.next).filter((el) => !off(el)).length;
"""


async def pages_of(session: Session, first: Seen, rows: str) -> list[Seen]:
    """Every page of the list whose first page is shown; the last one is shown then.

    Raises Ended for a list that has no end or more than one way on, TechnicalFault for a page that does not
    come.
    """
    shown = [first]
    while await _goes_on(session, shown[-1], rows):
        if len(shown) == MOST_PAGES:
            raise Ended(OutcomeKind.COULD_NOT_LOOK, f"The list has more than {MOST_PAGES} pages.")
        shown.append(await next_page(session, shown[-1], rows))
    return shown


def together(shown: Sequence[Seen], rows: str) -> Seen:
    """The pages of a list as one look, which has every row in order."""
    every = [row for page in shown for row in page.text["rows"][rows]]
    return replace(shown[0], text={**shown[0].text, "rows": {**shown[0].text["rows"], rows: every}})


def place_of(shown: Sequence[Seen], rows: str, index: int) -> tuple[int, int]:
    """On which page (from 0) the row at this place of all of them is, and where there."""
    for number, page in enumerate(shown):
        if index < (many := len(page.text["rows"][rows])):
            return number, index
        index -= many
    raise IndexError(index)


async def next_page(session: Session, seen: Seen, rows: str) -> Seen:
    """Presses what leads on and waits until other rows stand there, and stand still. Raises Ended and
    TechnicalFault."""
    assert seen.page is not None
    control = _control(seen, rows)
    hands = session.hands_for(Query(id=""))
    hands.frame = seen.page.frame
    try:
        await hands.press_down(lambda: hands.find(control, clicks=True))
    except StepFailed as failed:
        raise Ended(OutcomeKind.PAGE_CHANGED, "The list could not be paged.", (str(failed),)) from None
    loop = asyncio.get_running_loop()
    deadline = loop.time() + hands.seconds
    before: tuple[float, Any] = (seen.born, seen.text["rows"][rows])
    last: tuple[float, Any] | None = None
    while True:
        fresh = await session.see(PageKind.RESULTS)
        now = (fresh.born, fresh.text["rows"][rows])
        if now != before and now == last:
            return fresh
        last = now
        if loop.time() >= deadline:
            raise TechnicalFault("The list's next page did not come.")
        await asyncio.sleep(0.03)


def row_again(seen: Seen, rows: str, row: Mapping[str, Any], index: int) -> int:
    """Where a row stands that was chosen before: at its place, as it was. Raises Ended when it does not."""
    listed = seen.text["rows"][rows]
    if index < len(listed) and listed[index] == row:
        return index
    raise Ended(OutcomeKind.PAGE_CHANGED, "The list changed while its pages were gone through.")


async def _goes_on(session: Session, seen: Seen, rows: str) -> bool:
    assert seen.page is not None
    frame = await session.eye.frame_of(seen.page.frame)
    if frame is None:
        raise TechnicalFault("The list went away.")
    session.eye.round_trips += 1
    control = _control(seen, rows)
    try:
        count: int = await session.eye.in_page.ask(frame, _NEXT, {"next": control.to_json()})
    except PlaywrightError as error:
        raise TechnicalFault("The list went away.") from error
    if count > 1:
        problem = f"rows.{rows}: what leads to the next page is there {count} times"
        raise Ended(OutcomeKind.PAGE_CHANGED, "The list could not be paged.", (problem,))
    return count == 1


def _control(seen: Seen, rows: str) -> Locator:
    assert seen.page is not None
    control = seen.page.rows[rows].next
    assert control is not None
    return control
