"""Lists of which only the rows in view are in the page: gone through from top to end before a row is chosen.

What is not scrolled to is not there for a reader, so a row out of view would pass for missing, and a second
one that matches would never be noticed. Both passes run in the page, one call each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from automation.outcomes import Ended, OutcomeKind
from automation.reading import Eye, Seen
from portal_profiles.interpret import near

# `steady` gives the rows once they stand still and fill the box to less than half a row: a window that was
# scrolled away is not taken for the next one. `lead` is the height of what heads the rows in the box. Rows
# are told apart by their texts: those that are alike are counted as often as they are ever seen together. The
# list is left at its top, where it was found.
_GO_THROUGH = """
  const until = performance.now() + a.ms;
  const boxes = TallystickReader.locate(document, a.scroll);
  if (boxes.length !== 1)
    return {
      problem: `its scrolling box is there ${boxes.length} times`,
      near: boxes.length ? [] : TallystickReader.nearest(document, a.part, a.scroll),
    };
  const box = boxes[0];
  const key = (row) => JSON.stringify(Object.keys(row).sort().map((cell) => [cell, row[cell].text]));
  let lead = box.scrollTop > 0 ? 0 : null;
  const fills = (elements) => {
    const view = box.getBoundingClientRect(), rects = elements.map((el) => el.getBoundingClientRect());
    const slack = Math.min(...rects.map((rect) => rect.height)) / 2;
    const end = Math.min(view.bottom, view.top + box.scrollHeight - box.scrollTop);
    const top = Math.min(...rects.map((rect) => rect.top)) - view.top;
    lead ??= top;
    return top < lead + slack && Math.max(...rects.map((rect) => rect.bottom)) > end - slack;
  };
  const inPage = () => TallystickReader.read(document, a.part).rows[a.rows] ?? [];
  const steady = async () => {
    for (let last = ''; ;) {
      const rows = inPage();
      const elements = TallystickReader.locateRows(document, a.part, a.page, a.rows);
      const now = JSON.stringify(rows);
      if (now === last && rows.length > 0 && rows.length === elements.length && fills(elements))
        return { rows, elements };
      if (performance.now() >= until) return null;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  if (a.wanted === null && box.scrollHeight <= box.clientHeight) return { rows: inPage() };
  const found = new Map();
  for (box.scrollTop = 0; ;) {
    let here = await steady();
    if (here === null) return { problem: 'its rows did not come' };
    if (a.wanted !== null) {
      const wanted = key(a.wanted);
      const at = here.rows.findIndex((row) => key(row) === wanted);
      if (at >= 0) {
        here.elements[at].scrollIntoView({ block: 'center' });
        here = await steady();
        const now = here === null ? -1 : here.rows.findIndex((row) => key(row) === wanted);
        return now < 0 ? { problem: 'the row went away while it was scrolled to' } : { index: now };
      }
    }
    const together = Map.groupBy(here.rows, key);
    for (const [name, rows] of together)
      if (rows.length > (found.get(name)?.length ?? 0)) found.set(name, rows);
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) break;
    box.scrollTop += Math.max(1, Math.floor(box.clientHeight / 2));
  }
  if (a.wanted !== null) return { problem: 'the row is there no more' };
  box.scrollTop = 0;
  return await steady() === null
    ? { problem: 'its rows did not come' } : { rows: [...found.values()].flat() };
"""


async def gone_through(eye: Eye, seen: Seen, rows: str, seconds: float) -> Seen:
    """The look with every row of the list `rows`, in view or not. Raises Ended when it does not end."""
    answer = await _go_through(eye, seen, rows, seconds, None)
    return replace(seen, text={**seen.text, "rows": {**seen.text["rows"], rows: answer["rows"]}})


async def scrolled_to(eye: Eye, seen: Seen, rows: str, row: Mapping[str, Any], seconds: float) -> int:
    """Brings a row into view and gives its place among the rows that are then in the page. Raises Ended."""
    answer = await _go_through(eye, seen, rows, seconds, row)
    return int(answer["index"])


async def _go_through(
    eye: Eye, seen: Seen, rows: str, seconds: float, wanted: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    assert seen.page is not None
    spec = seen.page.rows[rows]
    assert spec.scroll is not None
    frame = await eye.frame_of(seen.page.frame)
    problem = "its frame is not there"
    if frame is not None:
        eye.round_trips += 1
        answer: Mapping[str, Any] = await eye.in_page.ask(
            frame,
            _GO_THROUGH,
            {
                "part": {"pages": {seen.page.name: seen.page.reading_part()}},
                "page": seen.page.name,
                "rows": rows,
                "scroll": spec.scroll.to_json(),
                "wanted": wanted,
                "ms": seconds * 1000,
            },
        )
        if "problem" not in answer:
            return answer
        problem = f"{answer['problem']}{near(answer.get('near', ()))}"
    raise Ended(
        OutcomeKind.PAGE_CHANGED,
        "The list could not be gone through to its end.",
        (f"rows.{rows}: {problem}",),
    )
