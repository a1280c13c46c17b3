"""A portal's request form typed into as its sandbox/form_cases.toml says, and what is marked in it then.

The words of the file are explained in portal_profiles/example_payer/sandbox/form_cases.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import FrameLocator, Page

import portal_profiles
from automation.sandbox import Served
from portal_profiles.catalogue import load, slugs
from tests.e2e.extension_browser import Eyes, until

FILE = "form_cases.toml"
LEVELS = ("denial", "caution")
#: CSS pixels: what a mark's frame stands out over its control (extension/lib/marks.ts), and rounding.
AROUND, NEARLY = 3, 1.5

#: All in one task, as one person's paste would be: the extension reads the page once, when it has settled.
TYPE = """
(typed) => {
  for (const [css, value] of typed) {
    const control = document.querySelector(css);
    if (control instanceof HTMLSelectElement) {
      const has = () => [...control.options].find((one) => one.value === value || one.textContent === value);
      if (!has()) control.add(new Option(value, value));  // one whose options are looked up
      control.value = has().value;
    } else {
      // As keys do: past the page's own watch over its control's value (React keeps one).
      const kind = control instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
      Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(control, value);
    }
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
"""

BOXES = """
(controls) => Object.fromEntries(
  Object.entries(controls)
    .map(([name, css]) => [name, document.querySelector(css)])
    .filter(([, element]) => element?.checkVisibility())
    .map(([name, element]) => [name, element.getBoundingClientRect()])
    .map(([name, box]) => [name, [box.left, box.top, box.right, box.bottom]]),
)
"""


@dataclass(frozen=True, slots=True)
class Control:
    """Where a value is set, and which element a mark of it stands beside.

    picked: the value is typed into it and then chosen from the list that opens.
    """

    set: str
    marked: str
    picked: bool = False

    @classmethod
    def of(cls, told: str | Mapping[str, str]) -> Control:
        """One control of the file: its selector, { set, marked }, or { pick }."""
        if isinstance(told, str):
            return cls(told, told)
        if "pick" in told:
            return cls(told["pick"], told["pick"], picked=True)
        return cls(told["set"], told["marked"])


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the form: what to press to come to it, what agrees there, and a mistake."""

    press: str | None
    fill: Mapping[str, str]
    anchor: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """marked: control -> level ("denial" or "caution"). summary: what the summary alone tells, a level or
    "could_not"; empty otherwise.
    """

    case: str
    step: int
    typed: Mapping[str, str]
    marked: Mapping[str, str]
    summary: str

    @property
    def clean(self) -> bool:
        """Whether all agrees, and must be said to."""
        return not self.marked and not self.summary


@dataclass(frozen=True, slots=True)
class Table:
    """One portal's file. Raises KeyError or ValueError when it is not as it must be."""

    slug: str
    open: str
    cookie: str
    frame: str | None
    record: Mapping[str, Any]
    controls: Mapping[str, Control]
    steps: Sequence[Step]
    cases: Sequence[Case]

    @classmethod
    def of(cls, slug: str) -> Table:
        """Reads a portal's file."""
        told = tomllib.loads((Path(portal_profiles.__file__).parent / slug / "sandbox" / FILE).read_text())
        controls = {name: Control.of(one) for name, one in told["controls"].items()}
        steps = [Step(one.get("press"), one["fill"], one["anchor"]) for one in told["steps"]]
        cases = [
            Case(
                one["case"],
                one.get("step", 1),
                one.get("typed", {}),
                one.get("marked", {}),
                one.get("summary", ""),
            )
            for one in told["cases"]
        ]
        named = [name for step in steps for name in (*step.fill, *step.anchor)]
        named += [name for case in cases for name in (*case.typed, *case.marked)]
        if unknown := sorted(set(named) - controls.keys()):
            raise ValueError(f"{slug}: {FILE} names no control {', '.join(unknown)}")
        levels = {level for case in cases for level in case.marked.values()}
        if wrong := sorted(levels - set(LEVELS)):
            raise ValueError(f"{slug}: {FILE} has levels {', '.join(wrong)}; there are {', '.join(LEVELS)}")
        return cls(
            slug,
            told["open"],
            told["cookie"],
            told.get("frame"),
            told["record"],
            controls,
            steps,
            cases,
        )


def with_request_forms() -> tuple[str, ...]:
    """The portals whose profile knows a request form."""
    return tuple(
        slug for slug in slugs() if any(page.kind == "request_form" for page in load(slug).pages.values())
    )


def sign_in_by_session(page: Page, portal: Served, table: Table) -> None:
    """Gives the page's browser a session of the portal's sandbox, as its sign-in would."""
    state = portal.states[table.slug]
    account = state.records.accounts[0]
    _, visit = state.give_password(account.username, account.password)
    if visit is None:
        raise AssertionError(f"the sandbox of {table.slug} does not let its first account in")
    state.let_in(visit)
    visit.organization = account.organizations[0]
    visit.accepted_terms = True
    page.context.add_cookies([{"name": table.cookie, "value": visit.token, "url": portal.url(table.slug)}])


@dataclass(slots=True)
class Form:
    """A portal's request form, open in a page. step: at which of the form's steps it stands, from 1."""

    page: Page
    eyes: Eyes
    table: Table
    step: int = 1
    agreeing: dict[str, str] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)

    @property
    def _where(self) -> Page | FrameLocator:
        return self.page.frame_locator(self.table.frame) if self.table.frame else self.page

    def type(self, values: Mapping[str, str]) -> None:
        """Sets the controls to these values over those that agree; what stands so already is left alone."""
        wanted = {**self.agreeing, **values}
        for name in self.standing.keys() - wanted.keys():
            wanted[name] = ""
        changed = [
            (self.table.controls[name], value)
            for name, value in wanted.items()
            if self.standing.get(name, "") != value
        ]
        self.standing = wanted
        typed = [[control.set, value] for control, value in changed if not control.picked]
        self._where.locator("body").evaluate(f"(_, typed) => ({TYPE})(typed)", typed)
        for control, value in changed:
            if control.picked:
                self._pick(control, value)

    def _pick(self, control: Control, value: str) -> None:
        """Types into a list that is looked up, and chooses the entry by its keys: not by the mouse, because
        a banner or a nag may lie over it.
        """
        box = self._where.locator(control.set)
        box.focus()
        box.fill(value)
        if not value:
            return
        self._where.get_by_role("option").filter(has_text=value).wait_for()
        box.press("ArrowDown")
        box.press("Enter")

    def start(self) -> None:
        """Fills in the first step."""
        self._where.locator(self.table.controls[next(iter(self.table.steps[0].fill))].set).wait_for(
            state="attached"
        )
        self._fill()

    def go_to(self, step: int) -> None:
        """Leads to a later step of the form, everything before it filled in so that it agrees."""
        while self.step < step:
            self.type({})
            self.step += 1
            # Not by the mouse: a banner or a nag may lie over it.
            self._where.locator(self.table.steps[self.step - 1].press or "").dispatch_event("click")
            self._fill()

    def _fill(self) -> None:
        self.agreeing |= self.table.steps[self.step - 1].fill
        self.type({})

    def _boxes(self) -> dict[str, Sequence[float]]:
        """Control -> left, top, right, bottom in the window, CSS pixels."""
        inner: dict[str, list[float]] = self._where.locator("body").evaluate(
            f"(_, controls) => ({BOXES})(controls)",
            {name: control.marked for name, control in self.table.controls.items()},
        )
        outer = self.page.locator(self.table.frame).bounding_box() if self.table.frame else None
        x, y = (outer["x"], outer["y"]) if outer else (0.0, 0.0)
        return {name: (b[0] + x, b[1] + y, b[2] + x, b[3] + y) for name, b in inner.items()}

    def marks(self) -> dict[str, str]:
        """Control -> level of what is marked now. A mark that belongs to no control is named by its place."""
        frames = self.eyes.find("frame")
        boxes = self._boxes() if frames else {}
        found = {}
        for frame in frames:
            try:
                left, top, right, bottom = self.eyes.box(frame)
            except PlaywrightError:  # taken away between the two looks
                continue
            at = (left + AROUND, top + AROUND, right - AROUND, bottom - AROUND)
            name = next((name for name, box in boxes.items() if _same(box, at)), f"no control, at {at}")
            found[name] = next(level for level in LEVELS if frame.has_class(level))
        return found

    def answered(self, case: Case) -> dict[str, str]:
        """Types a case and gives what is marked once it is answered.

        A mark goes and comes only with an answer to what is typed. So a clean case is typed over a mistake,
        and answered when that mark is gone; a fault over what agrees, and answered when there is a mark.
        """
        if not case.clean:
            self.type({})
            until(lambda: not self.eyes.find("frame"), self.page, what=f"nothing marked before {case.case!r}")
            self.type(case.typed)
            if case.summary:
                until(
                    lambda: any(one.has_class(case.summary) for one in self.eyes.find("summary")),
                    self.page,
                    what=f"a summary for {case.case!r}",
                )
                return self.marks()
            until(lambda: self.eyes.find("frame"), self.page, what=f"a mark for {case.case!r}")
            return self.marks()
        anchor = dict(self.table.steps[self.step - 1].anchor)
        self.type({**case.typed, **anchor})
        until(
            lambda: anchor.keys() <= self.marks().keys(), self.page, what=f"the mistake before {case.case!r}"
        )
        self.type(case.typed)
        until(lambda: not anchor.keys() & self.marks().keys(), self.page, what=f"an answer to {case.case!r}")
        return self.marks()


def _same(box: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(a - b) < NEARLY for a, b in zip(box, other, strict=True))
