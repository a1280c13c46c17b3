"""The shared reader in a portal's documents: put into each of them once, before any script of its own.

Sending the reader with each question would be most of what goes to the browser. An init script puts it, and
what the profile says of each document, behind a name that is this window's own: frozen, not to be redefined,
and made of the browser's own functions as they are before the page could put others in their place. A page
that comes without it (nothing may run there by itself) is sent the whole with each question.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from playwright.async_api import BrowserContext, ElementHandle, Frame

from portal_profiles.profile import Locator, PageKind, Profile
from portal_profiles.reader import reader_script

#: What a document without the reader answers.
_ABSENT = "tallystick: the reader is not here"

#: So many elements are kept at most from check to check (about 7 kB each, in robot and driver): over a night
#: of 2,000 checks they would be some 15,000.
MANY_ELEMENTS = 200

# Gives the reader, what the profile says of each document, and whose turn it is: a look that another one for
# the same pages has followed ends, because nobody waits for it.
_MAKE = """
  const { TallystickReader } = globalThis;
  delete globalThis.TallystickReader;
  const frozen = (value) => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
    return value;
  };
  const given = frozen(%s), turns = given.map(() => 0);
  const turn = (document) => (turns[document] += 1);
  const isLast = (document, mine) => turns[document] === mine;
  return Object.freeze({ TallystickReader, given, turn, isLast });
"""


class InPage:
    """The reader in the documents of one window, with what a profile says of them.

    frames: where the profile's pages live: None for the page itself, and each iframe that it declares.
    found: elements that were found in them, until `let_go`.
    sent_whole: how often a document had to be sent the reader, because it was not there.
    """

    def __init__(self, profile: Profile) -> None:
        self.frames = tuple(dict.fromkeys([None, *(spec.frame for spec in profile.pages.values())]))
        self.sent_whole = 0
        self._name = f"tallystick_{token_hex(16)}"
        self._installed = False
        self.found: list[ElementHandle] = []
        given = json.dumps([_given(profile, frame) for frame in self.frames])
        self._make = f"(() => {{\n{reader_script()}\n{_MAKE % given}\n}})()"

    async def install(self, context: BrowserContext) -> None:
        """Every document that the window opens from now on has the reader."""
        name = json.dumps(self._name)
        await context.add_init_script(
            f"Object.defineProperty(globalThis, {name}, {{ value: {self._make} }});"
        )
        self._installed = True

    async def ask(self, frame: Frame, body: str, given: Any = None) -> Any:
        """What a function body gives in this document. It knows `a` (given), TallystickReader, and `given`,
        `turn` and `isLast` of the script above. Raises Playwright's Error."""
        if self._installed:
            answer = await frame.evaluate(self._short(body), given)
            if answer != _ABSENT:
                return answer
            self.sent_whole += 1
        return await frame.evaluate(self._whole(body), given)

    async def ask_for_element(self, frame: Frame, body: str, given: Any = None) -> ElementHandle | str:
        """Likewise, for a body that gives an element or a text."""
        scripts = [self._short(body), self._whole(body)] if self._installed else [self._whole(body)]
        for script in scripts:
            handle = await frame.evaluate_handle(script, given)
            if (element := handle.as_element()) is not None:
                self.found.append(element)
                return element
            said = str(await handle.json_value())
            if said != _ABSENT:
                return said
            self.sent_whole += 1
        raise AssertionError("the whole script found no reader in itself")

    async def let_go(self) -> None:
        """Forgets the elements that were found so far, once they are many: Playwright keeps each until then,
        the document it was in gone or not, and forgetting costs a trip for each."""
        if len(self.found) < MANY_ELEMENTS:
            return
        found, self.found = self.found, []
        await asyncio.gather(*(element.dispose() for element in found))

    def _short(self, body: str) -> str:
        name, absent = json.dumps(self._name), json.dumps(_ABSENT)
        there = f"const there = globalThis[{name}];\nif (there === undefined) return {absent};"
        return f"async (a) => {{\n{there}\n{_TAKE}\n{body}\n}}"

    def _whole(self, body: str) -> str:
        return f"async (a) => {{\nconst there = {self._make};\n{_TAKE}\n{body}\n}}"


_TAKE = "const { TallystickReader, given, turn, isLast } = there;"


def _given(profile: Profile, frame: Locator | None) -> Mapping[str, object]:
    """The reading part of the pages that live in one document, and for each overlay that is only to be
    hidden, its locators."""
    specs = [spec for spec in profile.pages.values() if spec.frame == frame]
    hides = {
        spec.name: [step.locator.to_json() for step in spec.steps if step.locator is not None]
        for spec in specs
        if spec.kind is PageKind.OVERLAY and spec.steps and all(step.do == "hide" for step in spec.steps)
    }
    pages = {spec.name: spec.reading_part() for spec in specs}
    return {"part": {**profile.reading_part(), "pages": pages}, "hides": hides}
