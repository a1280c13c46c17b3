"""Walks a portal as the profile says, and ticks off what it meets: `tallystick profile verify`.

In a browser that is shown, a person signs in with the clinic's own account, and the robot only reads on; one
known authorization is looked up. Each sign, field and word ends confirmed, differing, or unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from automation.guards import the_row
from automation.inspecting import inspect
from automation.outcomes import Ended, OutcomeKind, TechnicalFault
from automation.pace import Budget, OneTimeCodes, SystemClock
from automation.reading import Seen
from automation.session import INSIDE, Account, Session
from automation.steps import Row, open_url
from portal_profiles.differences import Difference, State, compare
from portal_profiles.identity import WRONG_PATIENT, identify
from portal_profiles.interpret import interpret
from portal_profiles.profile import PageKind, PageSpec, Profile, folded
from portal_profiles.query import Query

#: How long a person may take to sign in, in seconds.
TO_SIGN_IN = 600.0
#: How often it is looked at meanwhile where they have got to, in seconds.
LOOK_AGAIN = 0.25


class Tick(StrEnum):
    """What the live portal said of one thing that the profile declares."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk ticked: "pages.detail.sign label 'Status'" -> tick. ended: why it stopped early."""

    ticks: Mapping[str, Tick]
    differences: Mapping[str, tuple[Difference, ...]]
    ended: str | None = None

    def count(self, tick: Tick) -> int:
        """How many things were ticked so."""
        return sum(one is tick for one in self.ticks.values())

    @property
    def read(self) -> bool:
        """Whether the one known authorization was read, and nothing met on the way differed."""
        return self.ended is None and self.count(Tick.DIFFERS) == 0 and self.count(Tick.CONFIRMED) > 0


async def verify(
    profile: Profile,
    query: Query,
    *,
    browser: Browser,
    account: Account | None,
    base_url: str | None = None,
    codes: OneTimeCodes | None = None,
) -> Verified:
    """Signs in (account None: waits for the person who does), looks the query up, and ticks what it meets.

    Never raises for the portal: what stopped the walk is in `ended`.
    """
    session = await Session.open(
        browser,
        profile,
        account or Account("", ""),
        base_url=base_url,
        codes=codes,
        clock=SystemClock(),
        budget=Budget(profile.pace.requests_per_night),
    )
    walk = _Walk(profile, session)
    try:
        if account is None:
            await walk.wait_for_person(base_url)
        else:
            await session.sign_in()
        await walk.look_up(query)
        return walk.verified(None)
    except Ended as ended:
        return walk.verified(ended.message)
    except TechnicalFault as fault:
        return walk.verified(str(fault))
    finally:
        await session.close()


@dataclass
class _Walk:
    """What has been met so far."""

    profile: Profile
    session: Session
    met: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    words: set[tuple[str, str]] = field(default_factory=set)

    async def wait_for_person(self, base_url: str | None) -> None:
        """Opens the door, and looks until somebody is inside. The robot types and clicks nothing here."""
        sign_in = self.profile.sign_in
        self.session.gate.signing_in = True
        door = self.profile.url(sign_in.open, "sign-in", base_url)
        await open_url(self.session.page, door, self.profile.pace.page_seconds)
        loop = asyncio.get_running_loop()
        until = loop.time() + TO_SIGN_IN
        shown = self.profile.pages_of(*INSIDE, PageKind.SIGN_IN, PageKind.CODE, PageKind.PICKER)
        while loop.time() < until:
            try:
                seen = await self.session.eye.look(shown, LOOK_AGAIN)
                await self.meet(seen)
            except TechnicalFault:
                if self.session.page.is_closed():
                    raise
                continue  # the person went on to another page meanwhile: that one is looked at next
            if seen.kind in INSIDE:
                self.session.gate.signing_in = False
                return
            await asyncio.sleep(LOOK_AGAIN)
        raise Ended(OutcomeKind.CODE_NEEDED, "Nobody signed in within ten minutes.")

    async def look_up(self, query: Query) -> None:
        """Searches, opens and reads; each page that is met is ticked."""
        profile, session = self.profile, self.session
        search = next((one for one in profile.search if one.complete(query) and one.serves(query)), None)
        if search is None:
            raise Ended(OutcomeKind.COULD_NOT_LOOK, "No search of the profile is for what is known of it.")
        await self.meet(await session.see())
        hands = session.hands_for(query)
        for step in search.steps:
            await session.do(hands, (step,))
            if step.do == "goto":
                await self.meet(await session.see())
        seen = await session.see(PageKind.RESULTS, PageKind.NO_RESULTS, PageKind.DETAIL)
        await self.meet(seen)
        if seen.kind is PageKind.NO_RESULTS:
            raise Ended(OutcomeKind.NOT_FOUND, "The portal finds nothing by it.")
        if seen.kind is PageKind.RESULTS:
            seen = await self._open(seen, query)
        assert seen.page is not None
        if seen.page.steps:
            hands.frame = seen.page.frame
            await session.do(hands, seen.page.steps)
            seen = await session.see(PageKind.DETAIL)
        if identify(interpret(profile, seen.text), query).verdict == WRONG_PATIENT:
            raise Ended(OutcomeKind.WRONG_PATIENT, "The page is another patient's. Nothing of it was kept.")
        await self.meet(seen)

    async def _open(self, seen: Seen, query: Query) -> Seen:
        results, listed = self.profile.results, seen.page
        assert results is not None
        assert listed is not None
        hands = self.session.hands_for(query)
        hands.frame = listed.frame
        row = Row(listed, results.rows, the_row(self.profile, seen, query))
        clicking = hands.press_down(lambda: hands.find(results.open, clicks=True, row=row))
        if results.opens == "tab":
            await self.session.opened_tab(clicking)
        else:
            await self.session.tried(clicking, "The row could not be opened.")
        return await self.session.see(PageKind.DETAIL, acted_on=None if results.opens == "tab" else seen)

    async def meet(self, seen: Seen) -> None:
        """Compares the page that is seen with the profile, once."""
        page = seen.page
        if page is None or (page.name in self.met and page.kind is not PageKind.DETAIL):
            return
        try:
            document = await self.session.eye.frame_of(page.frame)
            if document is None:
                return
            found = (await inspect(document, [page]))[page.name]
        except PlaywrightError as error:
            raise TechnicalFault("The page went away while it was compared with the profile.") from error
        self.met[page.name] = compare(self.profile, page, found)
        self.words |= set(_words(page, found.text))

    def verified(self, ended: str | None) -> Verified:
        """Everything that the profile declares with its tick."""
        ticks: dict[str, Tick] = {}
        for page in self.profile.pages.values():
            for one in self.met.get(page.name, ()):
                tick = Tick.DIFFERS if one.differs else Tick.CONFIRMED
                ticks[f"pages.{page.name}.{one.part} {one.name}"] = (
                    Tick.UNSEEN if one.state is State.NOT_SHOWN else tick
                )
            if page.name not in self.met:
                ticks[f"pages.{page.name}"] = Tick.UNSEEN
        for kind, words in self.profile.words.items():
            for word in words:
                ticks[f"words.{kind} {word}"] = Tick.CONFIRMED if (kind, word) in self.words else Tick.UNSEEN
        return Verified(ticks, self.met, ended)


def _words(page: PageSpec, text: Mapping[str, object]) -> list[tuple[str, str]]:
    """The portal's words that stand on the page, each with its kind."""
    found: list[tuple[str, str]] = []
    fields, rows = text.get("fields", {}), text.get("rows", {})
    assert isinstance(fields, Mapping)
    assert isinstance(rows, Mapping)
    for key, spec in page.fields.items():
        if key in fields:
            found.append((spec.kind.value, folded(str(fields[key]["text"]))))
    for key, table in page.rows.items():
        for row in rows.get(key, ()):
            found += [
                (table.cells[name].kind.value, folded(str(cell["text"])))
                for name, cell in row.items()
                if name in table.cells
            ]
    return found
