"""Looks at a page through the shared reader: one `evaluate` a document, which waits in the page for a sign.

The reader that the extension runs beside staff runs here inside the portal's page, so both read the same.
Each
document (the page itself and each declared iframe) gets one call, which returns as soon as a wanted page fits
and
its required values stand; nothing waits for the network to fall silent, because portals never do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Page

from automation.in_page import InPage
from automation.outcomes import TechnicalFault
from portal_profiles.interpret import near
from portal_profiles.profile import Locator, PageKind, PageSpec, Profile

#: Pages that end what is being done, wherever they show up.
STOPPING = frozenset(
    {
        PageKind.TERMS,
        PageKind.MAINTENANCE,
        PageKind.LOCKED,
        PageKind.CHALLENGE,
        PageKind.CREDENTIALS_REFUSED,
        PageKind.PASSWORD_EXPIRED,
        PageKind.SIGNED_OUT,
        PageKind.PLAN_NOT_SERVED,
        PageKind.ROLE_MISSING,
        PageKind.ERROR,
    }
)

#: After the sign of a page fits, its required values may take this share of the page's time to stand.
SHARE_FOR_VALUES = 0.25

#: How long it takes until the document that takes another's place is asked, and until it is looked again for
#: an iframe that was not there, in seconds.
NEXT_SECONDS, FRAME_SECONDS = 0.005, 0.02

# What runs in the page. A page that was already acted on counts again only in a new document (timeOrigin
# differs), so the form that was just sent is not taken for the answer. What only lies over a page and is
# declared to be hidden is hidden here and now: banners come back with every page, and each would cost three
# more trips to the browser. A document that still arrives is waited for: its list may lack its last rows.
# A page that is large to look at is looked at less often. A look that nobody waits for any more,
# because another document answered first, ends with the next one.
_LOOK = """
  const { part, hides } = given[a.document], mine = turn(a.document);
  const began = performance.now();
  const until = performance.now() + a.ms, valuesUntil = performance.now() + a.valuesMs;
  const stale = performance.timeOrigin === a.born ? a.actedOn : null;
  const live = (fits) => fits.filter((name) => name !== stale);
  const hide = (locator) => {
    const found = TallystickReader.locate(document, locator);
    if (found.length === 1) found[0].style.setProperty('display', 'none', 'important');
    return found.length === 1;
  };
  for (;;) {
    const now = performance.now();
    const late = now >= until;
    const whole = document.readyState !== 'loading';
    const fits = live(TallystickReader.classify(document, part).fits);
    const banner = fits.find((name) => hides[name]?.every(hide));
    if (banner !== undefined && !late) continue;
    if (late || (whole && fits.some((name) => a.wanted.includes(name)))) {
      const text = TallystickReader.read(document, part);
      const lacks = text.problems.some((p) => p.problem === 'nothing');
      if (late || !lacks || performance.now() >= valuesUntil)
        return { text, fits: live(text.fits), born: performance.timeOrigin, state: document.readyState };
    }
    const busy = performance.now() - now, patient = now - began > 2000;
    await new Promise((resolve) => setTimeout(resolve, patient ? 50 : Math.min(50, 10 + 2 * busy)));
    if (!isLast(a.document, mine)) return null;
  }
"""

# Which of some locators find nothing, and what is nearest to each.
_MISSING = """
  const missing = [];
  for (const [index, sign] of a.signs.entries())
    if (TallystickReader.locate(document, sign).length === 0)
      missing.push([index, TallystickReader.nearest(document, a.part, sign)]);
  return missing;
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look gave. page: the one page that fits, None when none or several do.

    text: the PageText of the document it is in; born: that document's time origin; fits: every page that fits
    in any
    document; loading: the document had not arrived in full when time was up.
    """

    page: PageSpec | None
    text: Mapping[str, Any]
    born: float
    fits: tuple[PageSpec, ...]
    loading: bool = False

    @property
    def kind(self) -> PageKind | None:
        """What the page is for."""
        return self.page.kind if self.page is not None else None

    @property
    def problems(self) -> tuple[str, ...]:
        """The reader's problems as sentences: where, what, and the labels that are on the page instead."""
        return sentences(self.text.get("problems", ()))


class Eye:
    """Looks at the pages of one tab through one profile."""

    def __init__(self, profile: Profile, page: Page, in_page: InPage | None = None) -> None:
        self.in_page = in_page or InPage(profile)
        self._page = page
        self._profile = profile
        self._frames: dict[Locator, Frame] = {}
        self.round_trips = 0

    async def look(self, wanted: Collection[PageSpec], seconds: float, acted_on: Seen | None = None) -> Seen:
        """Waits until one of the wanted pages (or one that stops everything, or an overlay) fits, at most
        `seconds`.

        acted_on: the look whose page was just sent off; the same page in the same document is not an answer.
        Gives what is there when time is up. Raises TechnicalFault when the tab is gone.
        """
        names = {spec.name for spec in wanted} | {
            spec.name for spec in self._profile.pages_of(*STOPPING, PageKind.OVERLAY)
        }
        deadline = asyncio.get_running_loop().time() + seconds
        tasks: dict[asyncio.Task[dict[str, Any] | None], Locator | None] = {}
        last: dict[Locator | None, dict[str, Any]] = {}
        try:
            for frame in self.in_page.frames:
                tasks[asyncio.create_task(self._read(frame, names, deadline, acted_on))] = frame
            while tasks:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    frame = tasks.pop(task)
                    if (result := task.result()) is not None:
                        last[frame] = result
                        if names.intersection(result["fits"]):
                            return self._decide(last)
            return self._decide(last)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def missing(self, pages: Collection[PageSpec]) -> tuple[str, ...]:
        """The declared signs of these pages that are not to be seen now and what is nearest to each, as
        sentences for its author: at most `MOST_MISSING`, those of the page that lacks least first."""
        found: list[tuple[tuple[bool, float], list[str]]] = []
        for spec in pages:
            frame = await self.frame_of(spec.frame)
            if frame is None:
                found.append(((True, 1.0), [f"{spec.name}: its frame is not there"]))
                continue
            self.round_trips += 1
            part = {"pages": {spec.name: spec.reading_part()}}
            try:
                absent: list[tuple[int, list[str]]] = await self.in_page.ask(
                    frame, _MISSING, {"signs": [locator.to_json() for locator in spec.sign], "part": part}
                )
            except PlaywrightError:
                absent = []
            lacks = [
                f"{spec.name}: its sign {named(spec.sign[index])} is not to be seen{near(candidates)}"
                for index, candidates in absent
            ]
            share = len(lacks) / len(spec.sign)
            another = share == 1 and not any(candidates for _, candidates in absent)
            found.append(((another, share), lacks))
        said = [sentence for _, lacks in sorted(found, key=lambda one: one[0]) for sentence in lacks]
        return tuple(said[:MOST_MISSING])

    async def frame_of(self, locator: Locator | None) -> Frame | None:
        """The page's own frame, or the iframe that the profile declares; None while it is not there."""
        if locator is None:
            return self._page.main_frame
        known = self._frames.get(locator)
        if known is not None and not known.is_detached():
            return known
        self.round_trips += 2
        element = await self._page.query_selector(css_of(locator))
        if element is None:
            return None
        self.in_page.found.append(element)
        frame = await element.content_frame()
        if frame is not None:
            self._frames[locator] = frame
        return frame

    async def _read(
        self, where: Locator | None, names: set[str], deadline: float, acted_on: Seen | None
    ) -> dict[str, Any] | None:
        """One document's answer: goes on over navigations until a wanted page fits or time is up."""
        loop = asyncio.get_running_loop()
        while True:
            left, frame = deadline - loop.time(), None
            try:
                frame = await self.frame_of(where)
                if frame is not None:
                    self.round_trips += 1
                    answer: dict[str, Any] | None = await asyncio.wait_for(
                        self.in_page.ask(
                            frame,
                            _LOOK,
                            {
                                "document": self.in_page.frames.index(where),
                                "wanted": sorted(names),
                                "ms": max(0, left) * 1000,
                                "valuesMs": max(0, left) * 1000 * SHARE_FOR_VALUES,
                                "actedOn": acted_on.page.name if acted_on and acted_on.page else None,
                                "born": acted_on.born if acted_on else None,
                            },
                        ),
                        max(left, 0) + 5,
                    )
                    return answer
            except TimeoutError:
                return None
            except PlaywrightError as error:
                if self._page.is_closed():
                    raise TechnicalFault("The browser's tab closed.") from error
                # The document was replaced while it was read: the next one is asked the same.
            if loop.time() >= deadline:
                return None
            await asyncio.sleep(NEXT_SECONDS if frame is not None else FRAME_SECONDS)

    def _decide(self, answers: Mapping[Locator | None, dict[str, Any]]) -> Seen:
        """Which page this is. What stops comes first, then overlays, then an iframe's page, then the page
        around it."""
        fitting = [
            (self._profile.pages[name], answer)
            for where, answer in sorted(answers.items(), key=lambda item: item[0] is None)
            for name in answer["fits"]
        ]
        fits = tuple(spec for spec, _ in fitting)
        first = next(iter(answers.values()), None)

        def seen(spec: PageSpec | None, answer: dict[str, Any] | None) -> Seen:
            if answer is None:
                return Seen(spec, {"fields": {}, "rows": {}, "problems": []}, 0.0, fits, loading=True)
            return Seen(spec, answer["text"], answer["born"], fits, answer["state"] == "loading")

        for spec, answer in fitting:
            if spec.kind in STOPPING:
                return seen(spec, answer)
        for spec, answer in fitting:
            if spec.kind is PageKind.OVERLAY:
                return seen(spec, answer)
        for answer in (a for where, a in answers.items() if where is not None and a["fits"]):
            return seen(self._single(answer), answer)
        top = answers.get(None)
        return seen(self._single(top) if top is not None else None, top or first)

    def _single(self, answer: dict[str, Any]) -> PageSpec | None:
        specs = [self._profile.pages[name] for name in answer["fits"]]
        under = [spec for spec in specs if spec.kind is not PageKind.OVERLAY]
        return under[0] if len(under) == 1 else None


#: How many signs that are not to be seen are told: the pages that are least like this one are left out.
MOST_MISSING = 6

#: The ways of a locator that are a CSS selector.
SELECTORS: Mapping[str, str] = {"css": "%s", "id": '[id="%s"]', "test_id": '[data-testid="%s"]'}


def css_of(locator: Locator) -> str:
    """The CSS selector of a locator by css, id or test_id. Raises KeyError for another way."""
    return SELECTORS[locator.way] % locator.value


def named(locator: Locator) -> str:
    """A locator for a person: its way and what it looks for."""
    return f"{locator.way} {locator.name or locator.value!r}"


def sentences(problems: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The reader's problems for a person: where, what, and the labels that stand near; never a value."""
    return tuple(_sentence(problem) for problem in problems)


def _sentence(problem: Mapping[str, Any]) -> str:
    what = {
        "nothing": "is not on the page",
        "several": f"is there {problem.get('count', 'several')} times",
        "fallback": "was found only by a fallback",
        "disagree": "reads differently in its two places",
    }.get(str(problem["problem"]), str(problem["problem"]))
    return f"{problem['where']} {what}{near(problem.get('candidates', ()))}"
