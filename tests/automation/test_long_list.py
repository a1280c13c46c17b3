"""Lists of which only the rows in view are in the page, in a real Chromium: gone through to their end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from automation.closing import close_page
from automation.long_list import gone_through, scrolled_to
from automation.outcomes import Ended, OutcomeKind
from automation.reading import Eye, Seen
from portal_profiles.catalogue import load
from portal_profiles.profile import FieldSpec, Locator, PageKind, PageSpec, Profile, RowsSpec, ValueKind
from tests.automation.robot import Robot

pytestmark = pytest.mark.browser

CELLS = {"name": FieldSpec("name", Locator("css", "b"), ValueKind.TEXT)}
ROWS = RowsSpec("items", Locator("css", "#box .row"), CELLS, scroll=Locator("id", "box"))
LISTED = PageSpec("results", PageKind.RESULTS, (Locator("css", "#box"),), rows={"items": ROWS})
PROFILE: Profile = replace(load("example_payer"), pages={"results": LISTED}, results=None)

# Rows of 40 pixels in a box of 120; what is scrolled out of view leaves the page, DELAY ms after the scroll.
PAGE = """<style>#box { height: 120px; overflow-y: auto; position: relative }
.row { position: absolute; height: 40px }</style><div id="box"><div id="whole"></div></div><script>
const names = NAMES, box = document.getElementById("box"), whole = document.getElementById("whole");
whole.style.height = names.length * 40 + "px";
const draw = () => {
  const first = Math.floor(box.scrollTop / 40), last = Math.ceil((box.scrollTop + 120) / 40);
  whole.replaceChildren(...names.slice(first, last).map((name, at) => {
    const row = document.createElement("div");
    row.className = "row";
    row.style.top = (first + at) * 40 + "px";
    row.innerHTML = `<b>${name}</b>`;
    return row;
  }));
};
box.addEventListener("scroll", () => DELAY === null || setTimeout(draw, DELAY));
draw();
</script>"""

Look = Callable[[Eye, Seen], Coroutine[Any, Any, Any]]


@pytest.fixture
def at_list(robot: Robot) -> Callable[..., Any]:
    """Opens a list of these names and does something with it."""

    def open_it(names: list[str], looking: Look, delay: int | None = 0) -> Any:
        async def run() -> Any:
            page = await robot.browser.new_page()
            try:
                script = PAGE.replace("NAMES", repr(names)).replace(
                    "DELAY", "null" if delay is None else str(delay)
                )
                await page.set_content(script)
                eye = Eye(PROFILE, page)
                return await looking(eye, await eye.look((LISTED,), 5.0))
            finally:
                await close_page(page)

        return robot.do(run())

    return open_it


def shown(seen: Seen) -> list[str]:
    return [row["name"]["text"] for row in seen.text["rows"]["items"]]


@pytest.mark.parametrize("many", [4, 11])
@pytest.mark.parametrize("delay", [0, 80])
def test_rows_out_of_view_are_found_however_late_they_are_drawn(
    at_list: Callable[..., Any], delay: int, many: int
) -> None:
    names = [f"Row {number}" for number in range(many)]

    async def look(eye: Eye, seen: Seen) -> tuple[list[str], list[str]]:
        return shown(seen), shown(await gone_through(eye, seen, "items", 10.0))

    in_view, all_of_it = at_list(names, look, delay)
    assert in_view == names[:3]
    assert sorted(all_of_it) == sorted(names)


def test_two_rows_alike_stay_two(at_list: Callable[..., Any]) -> None:
    names = ["First", "Second", "Third", "Twin", "Twin", "Last"]

    async def look(eye: Eye, seen: Seen) -> list[str]:
        return shown(await gone_through(eye, seen, "items", 10.0))

    assert sorted(at_list(names, look)) == sorted(names)


@pytest.mark.parametrize("delay", [0, 80])
@pytest.mark.parametrize("wanted", ["Row 0", "Row 5", "Row 10"])
def test_a_row_is_brought_into_view_and_its_place_is_told(
    at_list: Callable[..., Any], wanted: str, delay: int
) -> None:
    async def look(eye: Eye, seen: Seen) -> str:
        whole = await gone_through(eye, seen, "items", 10.0)
        row = next(row for row in whole.text["rows"]["items"] if row["name"]["text"] == wanted)
        place = await scrolled_to(eye, seen, "items", row, 10.0)
        return shown(await eye.look((LISTED,), 5.0))[place]

    assert at_list([f"Row {number}" for number in range(11)], look, delay) == wanted


def test_a_list_that_does_not_draw_its_next_rows_is_not_taken_for_its_end(
    at_list: Callable[..., Any],
) -> None:
    async def look(eye: Eye, seen: Seen) -> Ended:
        with pytest.raises(Ended) as ended:
            await gone_through(eye, seen, "items", 0.6)
        return ended.value

    ended = at_list([f"Row {number}" for number in range(11)], look, None)
    assert ended.kind is OutcomeKind.PAGE_CHANGED
    assert ended.problems == ("rows.items: its rows did not come",)


def test_a_row_that_went_away_meanwhile_is_not_replaced_by_another(at_list: Callable[..., Any]) -> None:
    async def look(eye: Eye, seen: Seen) -> Ended:
        row = {"name": {"text": "Row 99", "shown": True, "editable": False, "way": 0}}
        with pytest.raises(Ended) as ended:
            await scrolled_to(eye, seen, "items", row, 10.0)
        return ended.value

    assert at_list([f"Row {number}" for number in range(5)], look).problems == (
        "rows.items: the row is there no more",
    )


@pytest.mark.parametrize(
    ("rest", "all_of_it", "loading"),
    [
        ("document.write('<p class=row><b>Twin</b></p></div>'); document.close()", ["First", "Twin"], False),
        ("", ["First"], True),
    ],
)
def test_a_list_of_which_a_part_has_arrived_is_waited_for_and_told(
    robot: Robot, rest: str, all_of_it: list[str], loading: bool
) -> None:
    arriving = f"""<script>addEventListener('load', () => {{
      document.open();
      document.write("<div id=box><p class=row><b>First</b></p>");
      setTimeout(() => {{ {rest} }}, 300);
    }});</script>"""

    async def look() -> tuple[list[str], bool]:
        page = await robot.browser.new_page()
        try:
            await page.set_content(arriving, wait_until="commit")
            await page.wait_for_function("document.querySelector('#box') !== null")
            seen = await Eye(PROFILE, page).look((LISTED,), 0.5 if loading else 20.0)
            return shown(seen), seen.loading
        finally:
            await close_page(page)

    assert robot.do(look()) == (all_of_it, loading)
