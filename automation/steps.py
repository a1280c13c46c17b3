"""The verbs that a profile may use, one function each, and the guard that keeps a look from acting.

Every element is found by the shared reader's own rules, in the page. Before a click outside the sign-in, the
live
element's wording (accessible name, text, value, id, address) is checked, and checked once more by the browser
at
the very click: on one portal the button that says Next and the one that says Submit are the same element.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urldefrag

from playwright.async_api import ElementHandle, Frame, Page
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator as PlaywrightLocator
from playwright.async_api import TimeoutError as PlaywrightTimeout

from automation.outcomes import Ended, OutcomeKind, TechnicalFault
from automation.reading import FRAME_SECONDS, NEXT_SECONDS, SELECTORS, Eye, Seen, css_of, named
from portal_profiles.acting_words import ACTING_PATTERN
from portal_profiles.interpret import near
from portal_profiles.profile import Locator, PageSpec, Profile, Step
from portal_profiles.template import TemplateError, fill, slots

#: What the browser throws, into its own page, when a click was about to act; `Session` listens for it.
REFUSED = "Tallystick only looks"

#: What is typed on sign-in pages only, into controls that the shared reader never finds.
SECRETS = frozenset({"password", "code"})

#: One try of a click; what lies over the element is cleared between tries.
CLICK_SECONDS = 2.0

# Gives the one visible element, or the word that it must not bear, or how many there were when time was up.
_FIND = """
  const acting = a.acting && new RegExp(a.acting, 'i');
  const folded = (text) => text.replace(/\\s+/g, ' ').trim().toLowerCase();
  const glued = (letter) => /[\\p{L}\\p{N}]/u.test(letter ?? '');
  const hasWord = (text, word) => {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
      if (!glued(text[at - 1]) && !glued(text[at + word.length])) return true;
    return false;
  };
  const isRow = (el) => el.matches('tr,[role=row]');
  const wording = (el) => [
    isRow(el) ? '' : el.innerText, el.matches('button,input') ? el.value : '', el.id, el.getAttribute('name'),
    el.getAttribute('aria-label'), el.title, el.getAttribute('alt'), el.getAttribute('data-testid'),
    ...(el.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => id &&
    document.getElementById(id)?.innerText),
    el.pathname, el.hasAttribute('formaction') ? el.getAttribute('formaction') : '',
  ];
  const acts = (el) => wording(el).map((t) => t && acting.exec(t)?.[0]).find(Boolean);
  const controls =
  'a,button,input,select,summary,[role=button],[role=link],[role=menuitem],[role=tab],[role=option]';
  const sends = (el) => el.form?.querySelector('button:not([type]),[type=submit],[type=image]');
  const until = performance.now() + a.ms;
  for (;;) {
    const late = performance.now() >= until;
    const row = a.row && TallystickReader.locateRows(document, a.part, a.row.page, a.row.rows)[a.row.index];
    let found = a.row && !row ? [] : TallystickReader.locate(document, a.locator, row ?? null);
    const offered = found.length;
    if (a.text !== null) found = found.filter((el) => folded(el.innerText) === folded(a.text));
    if (a.word !== null) found = found.filter((el) => hasWord(folded(el.innerText), folded(a.word)));
    // While the document arrives, what is to answer may not listen yet.
    if (found.length === 1 && (late || document.readyState !== 'loading')) {
      const el = found[0];
      if (!acting) return el;
      const checked = a.key ? sends(el) ?? el : el;
      const word = acts(checked);
      if (word) return 'acts:' + word.toLowerCase();
      window.addEventListener('click', (event) => {
        const target = event.composedPath()[0];
        const word = [target.closest?.(controls), el].map((e) => e && acts(e)).find(Boolean);
        if (!word) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        throw new Error(a.refused + ': ' + word.toLowerCase());
      }, { capture: true, once: true });
      return el;
    }
    if (late) {
      const near = found.length ? [] : TallystickReader.nearest(document, a.part, a.locator);
      return 'count:' + JSON.stringify([found.length, offered, near]);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
"""


# Types into controls one after the other, as keys would. Gives null, or [which, how many there were when time
# was up, what is nearest], or [which, -1, []] for a control that did not take the text as it is (a mask, a
# date picker).
_TYPE = """
  const until = performance.now() + a.ms;
  for (const [index, { locator, value }] of a.fills.entries()) {
    let found;
    while ((found = TallystickReader.locate(document, locator)).length !== 1
      || (document.readyState === 'loading' && performance.now() < until)) {
      if (performance.now() >= until)
        return [index, found.length, found.length ? [] : TallystickReader.nearest(document, null, locator)];
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const [el] = found;
    if (!el.matches('input, textarea') || el.disabled || el.readOnly) return [index, -1, []];
    el.focus();
    el.select();
    document.execCommand(value === '' ? 'delete' : 'insertText', false, value);
    if (el.value !== value) return [index, -1, []];
    el.blur();
  }
  return null;
"""

# Chooses the one option that fits, in one trip, as a person's choice is heard: input and change. Gives null,
# "offers" when no option or several fit, "used" for a control that stays disabled or is no list, or [how many
# controls there were when time was up, what is nearest].
_SELECT = """
  const folded = (text) => text.replace(/\\s+/g, ' ').trim().toLowerCase();
  const until = performance.now() + a.ms;
  for (;;) {
    const found = TallystickReader.locate(document, a.locator);
    const late = performance.now() >= until;
    if (found.length === 1 && (late || document.readyState !== 'loading')) {
      const [el] = found;
      if (!el.matches('select')) return 'used';
      const fits = [...el.options].filter((o) => [o.text, o.value].some((t) => folded(t) === a.wanted));
      // Options may come after their list.
      if (fits.length !== 1 && late) return 'offers';
      if (fits.length === 1 && !el.matches(':disabled') && !fits[0].disabled) {
        el.value = fits[0].value;
        fits[0].selected = true;
        el.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
        el.dispatchEvent(new Event('change', { bubbles: true }));
        return null;
      }
      if (late) return 'used';
    }
    if (late)
      return [found.length, found.length ? [] : TallystickReader.nearest(document, null, a.locator)];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
"""

# The document behind a link, or at an address of the portal's own, asked for from within the page: with its
# session, and through our gate.
_FETCH = """
  let address = a.address;
  if (address === null) {
    const [el, ...others] = TallystickReader.locate(document, a.locator);
    if (!el || others.length) return 'nothing';
    if (!el.href) return null;
    address = el.href;
  }
  const answer = await fetch(address, { credentials: 'include' }).catch(() => null);
  if (!answer || !answer.ok) return null;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (bytes.length > a.most) return null;
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return 'base64:' + btoa(text);
"""

#: A letter is a few pages; what is larger is not one.
MOST_LETTER_BYTES = 20_000_000


class StepFailed(Exception):
    """A step could not be done because the page is not as the profile says. Names the step, never a value."""


class NotOffered(StepFailed):
    """What a step chooses among stands there, as the profile says, and what the record names is not among
    it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list on a page, counted from 0 as the reader gives them."""

    page: PageSpec
    rows: str
    index: int


@dataclass(slots=True)
class Hands:
    """One tab that steps are done in.

    values: what templates are filled with. seconds: how long a page may take. may_act: True on sign-in pages
    only.
    frame: where elements are looked for, None for the page itself. settle: waits for one of the pages named
    (all when
    none is), clears overlays, and raises what the page it finds means.
    """

    page: Page
    eye: Eye
    profile: Profile
    base_url: str | None
    values: Mapping[str, object]
    seconds: float
    settle: Callable[[tuple[PageSpec, ...]], Awaitable[Seen]]
    clear: Callable[[], Awaitable[bool]]
    may_act: bool = False
    frame: Locator | None = None

    async def find(
        self,
        locator: Locator,
        *,
        clicks: bool = False,
        key: bool = False,
        text: str | None = None,
        word: str | None = None,
        row: Row | None = None,
    ) -> ElementHandle:
        """The one visible element of a locator, awaited for at most `seconds`.

        clicks: it is to be clicked, so its wording is checked (key: by Enter, so what its form would send
        is). text:
        the whole text it must have; word: a part of it, as a word of its own. row: look only inside this row
        of a list.
        Raises StepFailed when there is none or several (NotOffered when none of several has the text), Ended
        when it would act.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.seconds
        while True:
            frame = await self.eye.frame_of(self.frame)
            left = max(0.0, deadline - loop.time())
            if frame is not None:
                self.eye.round_trips += 1
                try:
                    found = await self.eye.in_page.ask_for_element(
                        frame,
                        _FIND,
                        {
                            "locator": locator.to_json(),
                            "row": {"page": row.page.name, "rows": row.rows, "index": row.index}
                            if row
                            else None,
                            "part": {"pages": {row.page.name: row.page.reading_part()}} if row else None,
                            "text": text,
                            "word": word,
                            "key": key,
                            "ms": left * 1000,
                            "acting": ACTING_PATTERN if clicks and not self.may_act else None,
                            "refused": REFUSED,
                        },
                    )
                    if isinstance(found, ElementHandle):
                        return found
                    if found.startswith("acts:"):
                        raise Ended(
                            OutcomeKind.PAGE_CHANGED,
                            "A click was refused: a look never acts.",
                            (f"{named(locator)} says {found.removeprefix('acts:')!r}",),
                        )
                    count, offered, candidates = json.loads(found.removeprefix("count:"))
                    if text is not None and offered and not count:
                        raise NotOffered(f"{named(locator)} is there 0 times with the text wanted")
                    raise StepFailed(f"{named(locator)} is there {count} times{near(candidates)}")
                except PlaywrightError as error:
                    if self.page.is_closed():
                        raise TechnicalFault("The browser's tab closed.") from error
                    # The document was replaced while it was searched: the next one is searched.
            if loop.time() >= deadline:
                raise StepFailed(f"{named(locator)} is not there")
            await asyncio.sleep(NEXT_SECONDS if frame is not None else FRAME_SECONDS)

    async def press_down(self, find: Callable[[], Awaitable[ElementHandle]]) -> None:
        """Finds and clicks; clears what lies over the element between tries. Raises StepFailed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.seconds
        while True:
            element = await find()
            self.eye.round_trips += 1
            try:
                await element.click(timeout=CLICK_SECONDS * 1000, no_wait_after=True)
                return
            except PlaywrightTimeout:
                cleared = await self.clear()
                if not cleared and loop.time() >= deadline:
                    raise StepFailed("something lies over what is to be clicked") from None
            except PlaywrightError as error:
                if self.page.is_closed() or loop.time() >= deadline:
                    raise TechnicalFault("The page went away under a click.") from error

    def filled(self, template: str) -> str:
        """A step's template with this query's and account's values. Raises Ended naming what is not known."""
        try:
            return fill(template, self.values)
        except TemplateError as error:
            raise Ended(
                OutcomeKind.COULD_NOT_LOOK, f"The record or account is incomplete: {error}"
            ) from error


async def goto(hands: Hands, step: Step) -> None:
    """Opens an address of the portal's own, and waits until a page of the profile stands."""
    assert step.path is not None
    url = hands.profile.url(step.path, step.host, hands.base_url)
    if "#" in url and urldefrag(url).url == urldefrag(hands.page.url).url:
        # The same document would stay, with the last patient's answer in it.
        await hands.page.goto("about:blank")
    hands.frame = None
    await open_url(hands.page, url, hands.seconds)
    hands.eye.round_trips += 1
    await hands.settle(())


async def open_url(page: Page, url: str, seconds: float) -> None:
    """Goes there, until the document begins to arrive. Raises TechnicalFault."""
    try:
        await page.goto(url, wait_until="commit", timeout=seconds * 1000)
    except PlaywrightTimeout as error:
        raise TechnicalFault("The portal did not answer in time.") from error
    except PlaywrightError as error:
        if page.is_closed():
            raise TechnicalFault("The browser's tab closed.") from error
        raise TechnicalFault("The portal could not be reached.") from error


async def click(hands: Hands, step: Step) -> None:
    """Clicks the one element that fits; with a value, the one of them whose whole text it is."""
    locator = _locator(step)
    text = None if step.value is None else hands.filled(step.value)
    try:
        await hands.press_down(lambda: hands.find(locator, clicks=True, text=text))
    except NotOffered as failed:
        if not (names := slots(step.value or "")):
            # The profile's own word is gone, so it is the page that changed.
            raise StepFailed(str(failed)) from None
        raise NotOffered(f"{named(locator)}: none is this record's {', '.join(names)}") from None


async def type_in(hands: Hands, step: Step) -> None:
    """Fills a text control; what stood there is replaced."""
    template = step.value or ""
    hands.eye.round_trips += 1
    if hands.may_act and SECRETS.intersection(slots(template)):
        frame = await hands.eye.frame_of(hands.frame)
        if frame is None:
            raise StepFailed(f"{named(_locator(step))} is not there")
        control = _secret_control(frame, _locator(step))
        await _tried(control.fill(hands.filled(template), timeout=hands.seconds * 1000), step)
        return
    element = await hands.find(_locator(step))
    await _tried(element.fill(hands.filled(template), timeout=hands.seconds * 1000), step)


async def type_all(hands: Hands, steps: Sequence[Step]) -> None:
    """Fills several text controls of one page in one trip to it; a control that wants keys is given them."""
    left = list(steps)
    while left:
        frame = await hands.eye.frame_of(hands.frame)
        if frame is None:
            return await type_in(hands, left[0])
        fills = [
            {"locator": _locator(step).to_json(), "value": hands.filled(step.value or "")} for step in left
        ]
        hands.eye.round_trips += 1
        try:
            given = {"fills": fills, "ms": hands.seconds * 1000}
            stuck = await hands.eye.in_page.ask(frame, _TYPE, given)
        except PlaywrightError as error:
            raise TechnicalFault("The page went away while it was filled in.") from error
        if stuck is None:
            return None
        index, count, candidates = stuck
        if count >= 0:
            raise StepFailed(f"{named(_locator(left[index]))} is there {count} times{near(candidates)}")
        await type_in(hands, left[index])
        left = left[index + 1 :]
    return None


async def fetched(hands: Hands, link: Locator) -> tuple[bool, bytes | None]:
    """Whether the page has this link, and what it leads to: None when that is no document, refused or breaks
    off."""
    said = await _fetch(hands, link, None)
    return said != "nothing", _bytes_of(said)


async def asked_for(hands: Hands, address: str) -> bytes | None:
    """The document at an address, by the page's own session; None when there is none or it is refused."""
    return _bytes_of(await _fetch(hands, None, address))


async def _fetch(hands: Hands, link: Locator | None, address: str | None) -> str | None:
    frame = await hands.eye.frame_of(hands.frame)
    if frame is None:
        return "nothing"
    hands.eye.round_trips += 1
    said: str | None = await hands.eye.in_page.ask(
        frame,
        _FETCH,
        {"locator": link and link.to_json(), "address": address, "most": MOST_LETTER_BYTES},
    )
    return said


def _bytes_of(said: str | None) -> bytes | None:
    if said is None or not said.startswith("base64:"):
        return None
    return base64.b64decode(said.removeprefix("base64:"))


async def is_there(hands: Hands, locator: Locator) -> bool:
    """Whether exactly one visible element of the page is this."""
    frame = await hands.eye.frame_of(hands.frame)
    if frame is None:
        return False
    hands.eye.round_trips += 1
    counting = "return TallystickReader.locate(document, a).length;"
    count: int = await hands.eye.in_page.ask(frame, counting, locator.to_json())
    return count == 1


async def select(hands: Hands, step: Step) -> None:
    """Chooses the one option of a list whose text or value is the given one, white space and case folded."""
    locator = _locator(step)
    wanted = " ".join(hands.filled(step.value or "").split()).lower()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + hands.seconds
    while True:
        frame = await hands.eye.frame_of(hands.frame)
        left = max(0.0, deadline - loop.time())
        if frame is not None:
            hands.eye.round_trips += 1
            given = {"locator": locator.to_json(), "wanted": wanted, "ms": left * 1000}
            try:
                said = await hands.eye.in_page.ask(frame, _SELECT, given)
                break
            except PlaywrightError as error:
                if hands.page.is_closed():
                    raise TechnicalFault("The browser's tab closed.") from error
                # The document was replaced while it was searched: the next one is searched.
        if left == 0.0:
            raise StepFailed(f"{named(locator)} is not there")
        await asyncio.sleep(NEXT_SECONDS if frame is not None else FRAME_SECONDS)
    if said == "offers":
        raise StepFailed(f"{named(locator)} does not offer what is to be chosen")
    if said == "used":
        raise StepFailed(f"{named(locator)} can't be used")
    if said is not None:
        raise StepFailed(f"{named(locator)} is there {said[0]} times{near(said[1])}")


async def pick(hands: Hands, step: Step) -> None:
    """Opens a list that loads as one types, types, and clicks the one entry whose whole text is the given
    one, or with an `option` that is not exact, the one in whose text it is a word of its own."""
    wanted = hands.filled(step.value or "")
    locator = _locator(step)
    await hands.press_down(lambda: hands.find(locator, clicks=True))
    box = await hands.find(step.search or locator)
    hands.eye.round_trips += 1
    await _tried(box.fill(wanted, timeout=hands.seconds * 1000), step)
    option = step.option or Locator("role", "option")
    whole, part = (wanted, None) if option.exact else (None, wanted)
    await hands.press_down(lambda: hands.find(option, clicks=True, text=whole, word=part))


async def refresh(hands: Hands, row: Row, opening: Locator) -> None:
    """Brings a row's stale values up to date: points at the row, presses what its profile declares, and waits
    until the row shows that they are."""
    rows = row.page.rows[row.rows]
    assert rows.refresh is not None
    assert rows.refreshed is not None
    control = rows.refresh
    element = await hands.find(opening, row=row)
    hands.eye.round_trips += 1
    try:
        # What lies over the row is cleared at the press.
        await element.hover(timeout=CLICK_SECONDS * 1000)
    except PlaywrightTimeout:
        await hands.clear()
    except PlaywrightError as error:
        raise TechnicalFault("The page went away under the pointer.") from error
    await hands.press_down(lambda: hands.find(control, clicks=True, row=row))
    await hands.find(rows.refreshed, row=row)


async def press(hands: Hands, step: Step) -> None:
    """Presses a key in a control, or in whatever has the focus. Enter counts as a click on what the form
    sends with."""
    assert step.key is not None
    focus = step.locator or Locator("css", ":focus")
    sends = step.key.lower() in ("enter", "space", " ", "numpadenter")
    element = await hands.find(focus, clicks=sends, key=sends)
    hands.eye.round_trips += 1
    await _tried(element.press(step.key, no_wait_after=True, timeout=hands.seconds * 1000), step)


async def hide(hands: Hands, step: Step) -> None:
    """Hides an element in our own browser only: nothing is accepted or answered."""
    element = await hands.find(_locator(step))
    hands.eye.round_trips += 1
    await element.evaluate("(el) => el.style.setProperty('display', 'none', 'important')")


async def wait(hands: Hands, step: Step) -> None:
    """Waits for a page; later steps look for their elements in the iframe that it lives in."""
    assert step.page is not None
    spec = hands.profile.pages[step.page]
    seen = await hands.settle((spec,))
    if spec not in seen.fits:
        raise StepFailed(f"the page {spec.name} did not come")
    hands.frame = spec.frame


VERBS: Mapping[str, Callable[[Hands, Step], Awaitable[None]]] = {
    "goto": goto,
    "click": click,
    "fill": type_in,
    "select": select,
    "pick": pick,
    "press": press,
    "hide": hide,
    "wait": wait,
}


async def do(hands: Hands, steps: tuple[Step, ...]) -> None:
    """Does the steps in order. Raises StepFailed (with the step's number), Ended or TechnicalFault."""
    number = 0
    while number < len(steps):
        together = _typed_together(hands, steps[number:])
        try:
            if together > 1:
                await type_all(hands, steps[number : number + together])
            else:
                await VERBS[steps[number].do](hands, steps[number])
        except StepFailed as failed:
            raise type(failed)(f"step {number + 1} ({steps[number].do}): {failed}") from None
        number += max(together, 1)


def _typed_together(hands: Hands, steps: tuple[Step, ...]) -> int:
    """How many of the next steps fill plain text controls, one after the other."""
    for count, step in enumerate(steps):
        secret = hands.may_act and SECRETS.intersection(slots(step.value or ""))
        if step.do != "fill" or secret:
            return count
    return len(steps)


def _secret_control(frame: Frame, locator: Locator) -> PlaywrightLocator:
    """A control for a password or a code. The shared reader never finds one, so Playwright does."""
    if locator.way == "label":
        folded = r"\s+".join(re.escape(word) for word in locator.value.split())
        pattern = rf"^\s*{folded}\s*[:*]?\s*$" if locator.exact else folded
        return frame.get_by_label(re.compile(pattern, re.IGNORECASE)).filter(visible=True)
    if locator.way not in SELECTORS:
        raise StepFailed(f"{named(locator)}: a password or code is found by label, id, test_id or css")
    return frame.locator(css_of(locator)).filter(visible=True)


async def _tried(doing: Awaitable[object], step: Step) -> None:
    try:
        await doing
    except PlaywrightTimeout:
        raise StepFailed(f"{named(_locator(step))} can't be used") from None
    except PlaywrightError as error:
        raise TechnicalFault("The page went away while it was filled in.") from error


def _locator(step: Step) -> Locator:
    return step.locator or Locator("css", ":focus")
