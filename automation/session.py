"""One account's browser context: signing in page by page, one-time codes, the saved state, a lost session.

What signing in may meet, and what follows, is decided by the kind of page that fits, never by a portal's
name.
A password is sent again only after a technical fault; once refused, never.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Response, WebError
from playwright.async_api import Error as PlaywrightError

from automation import steps
from automation.closing import close_page
from automation.in_page import InPage
from automation.network import Gate
from automation.outcomes import Ended, OutcomeKind, TechnicalFault
from automation.pace import Budget, Clock, OneTimeCodes
from automation.people import CodeAsked, CodeEnd, People
from automation.reading import Eye, Seen
from automation.window import Window
from portal_profiles.profile import (
    PUSH,
    PUSH_NUMBER,
    SIGN_IN_KINDS,
    STEP_KINDS,
    TOTP,
    TYPED_BY_A_PERSON,
    Locator,
    PageKind,
    PageSpec,
    Profile,
    Step,
)
from portal_profiles.query import Query
from portal_profiles.values import ValueProblem, read_value

#: Which outcome a page means, wherever it shows up.
MEANS: dict[PageKind, OutcomeKind] = {
    PageKind.TERMS: OutcomeKind.TERMS_SHOWN,
    PageKind.MAINTENANCE: OutcomeKind.MAINTENANCE,
    PageKind.LOCKED: OutcomeKind.LOCKED,
    PageKind.CHALLENGE: OutcomeKind.CHALLENGE_SHOWN,
    PageKind.CREDENTIALS_REFUSED: OutcomeKind.CREDENTIALS_REFUSED,
    PageKind.PASSWORD_EXPIRED: OutcomeKind.PASSWORD_EXPIRED,
    PageKind.SIGNED_OUT: OutcomeKind.SIGNED_OUT,
    PageKind.PLAN_NOT_SERVED: OutcomeKind.COULD_NOT_LOOK,
    PageKind.ROLE_MISSING: OutcomeKind.COULD_NOT_LOOK,
}
_SAYS = {
    PageKind.PLAN_NOT_SERVED: "The portal does not serve this plan: the status lives elsewhere.",
    PageKind.ROLE_MISSING: "The account's role does not include looking up authorizations.",
}
#: What is said where the portal lists what can be asked about, and the record's own is not on the list.
NOT_OFFERED = "The portal does not offer what the record says, such as its plan. It may live elsewhere."
#: How much a document keeps for its window alone; a document that may keep nothing has none.
_KEPT_HERE = "() => { try { return sessionStorage.length; } catch { return 0; } }"
#: Pages that only somebody who is signed in sees.
INSIDE = frozenset({PageKind.HOME, PageKind.SEARCH, PageKind.RESULTS, PageKind.NO_RESULTS, PageKind.DETAIL})

#: An overlay that comes back more often than this after being dealt with is not one.
MOST_OVERLAYS = 4
#: How long an overlay that was pressed is given before its page's document is asked for, and between looks.
SETTLING_SECONDS = 0.1
#: How often one page of the sign-in may be gone through: a used code is answered by the next one, once.
MOST_CODES = 2
#: Characters of the longest number that a person is asked to choose.
MOST_OF_A_NUMBER = 20
#: How long one look lasts while a person signs in by hand, and how long is waited between two, in seconds.
PERSON_LOOK_SECONDS, PERSON_EVERY_SECONDS = 1.0, 0.5
#: What a person who signs in by hand is told when they do not come, by the page that stands there then.
_LEFT_TO_A_PERSON = frozenset(
    {PageKind.TERMS, PageKind.CHALLENGE, PageKind.LOCKED, PageKind.PASSWORD_EXPIRED}
)
#: How long one look lasts while a push is waited for, and how long is waited between two, in seconds.
PUSH_LOOK_SECONDS, PUSH_EVERY_SECONDS = 2.0, 1.0


@dataclass(frozen=True, slots=True)
class Account:
    """One sign-in to one portal. browser_state: what `Session.state` gave after an earlier sign-in, or
    None. window: the one it has had so far, None for a new one."""

    username: str
    password: str = field(repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    organization: str | None = None
    browser_state: bytes | None = field(default=None, repr=False)
    window: Window | None = None


class Session:
    """A signed-in (or signing-in) browser context of one account on one portal."""

    def __init__(
        self,
        profile: Profile,
        account: Account,
        context: BrowserContext,
        page: Page,
        gate: Gate,
        in_page: InPage,
        *,
        base_url: str | None,
        codes: OneTimeCodes | None,
        keeper: Callable[[bytes], None] | None,
        people: People | None,
        clock: Clock,
    ) -> None:
        self.profile = profile
        self.gate = gate
        self.page = page
        self.eye = Eye(profile, page, in_page)
        self._account = account
        self._context = context
        self._base_url = base_url
        self._keeper = keeper
        self._seconds = profile.pace.page_seconds
        self._codes = codes
        self._people = people
        self._clock = clock
        self._asked: CodeAsked | None = None
        self._refused_clicks: list[str] = []
        self._round_trips = 0
        self._dealt_with: Seen | None = None
        self._dealt_until = 0.0
        context.on("weberror", self._heard)

    @classmethod
    async def open(
        cls,
        browser: Browser,
        profile: Profile,
        account: Account,
        *,
        base_url: str | None,
        codes: OneTimeCodes | None,
        budget: Budget,
        clock: Clock,
        keeper: Callable[[bytes], None] | None = None,
        time_zone: str | None = None,
        people: People | None = None,
    ) -> Session:
        """A context of its own, with the account's saved state, behind the gate. Raises TechnicalFault."""
        state: Any = json.loads(account.browser_state) if account.browser_state else None
        try:
            context = await browser.new_context(
                storage_state=state,
                **(account.window or Window(time_zone=time_zone)).options(),
                service_workers="block",
                accept_downloads=False,
            )
            gate = Gate(profile, base_url, budget)
            await gate.stand_before(context)
            in_page = InPage(profile)
            await in_page.install(context)
            page = await context.new_page()
        except PlaywrightError as error:
            raise TechnicalFault("The browser did not open a window.") from error
        return cls(
            profile,
            account,
            context,
            page,
            gate,
            in_page,
            base_url=base_url,
            codes=codes,
            keeper=keeper,
            people=people,
            clock=clock,
        )

    async def close(self) -> None:
        """Closes the context; the portal's session is kept, so that the next pass need not sign in."""
        try:
            await self._context.close()
        except PlaywrightError:
            # The browser ended first, and the context with it.
            return

    async def keeps_for_itself(self) -> bool:
        """Whether a page of this window keeps something that a new window would not have (session storage).
        Raises PlaywrightError when the window is gone."""
        for frame in self.page.frames:
            if await frame.evaluate(_KEPT_HERE):
                return True
        return False

    async def let_go(self) -> None:
        """Forgets what was found for checks that are over."""
        try:
            await self.eye.in_page.let_go()
        except PlaywrightError:
            # The browser ended first, and everything in it; the next check says so.
            return

    @property
    def round_trips(self) -> int:
        """Calls into the browser so far."""
        return self._round_trips + self.eye.round_trips + self.eye.in_page.sent_whole

    # ---- signing in ----

    async def sign_in(self) -> None:
        """Goes through whatever pages the portal shows until one that only members see.

        Raises Ended with what stopped it, TechnicalFault when the portal or the line failed.
        """
        self.gate.signing_in = True
        self.gate.forget()
        try:
            await self._go_in()
            await self._code_ended(CodeEnd.USED)
            await self.keep_state()
        except Ended as ended:
            refused = ended.kind in (OutcomeKind.CODE_NEEDED, OutcomeKind.LOCKED)
            await self._code_ended(CodeEnd.REFUSED if refused else CodeEnd.USED)
            raise
        finally:
            await self._code_ended(CodeEnd.EXPIRED)
            self.gate.signing_in = False

    async def let_person_in(self, minutes: float, *, opened: bool = False) -> None:
        """Waits until a person has signed in by hand, or has seen to what the portal asks: the robot waits.

        opened: the window stands where the person is needed; else the sign-in is opened first. Raises Ended
        when nobody has come so far in time or closes the window, or the portal says that it is closed.
        """
        gate, until = self.gate, self._clock.now() + timedelta(minutes=minutes)
        gate.a_person_drives = True
        seen: Seen | None = None
        try:
            if not opened:
                await self._open_sign_in()
            while self._clock.now() < until:
                seen = await self.eye.look(self.profile.pages_of(*INSIDE), PERSON_LOOK_SECONDS)
                if seen.kind in INSIDE:
                    break
                if seen.kind is PageKind.MAINTENANCE:
                    raise Ended(OutcomeKind.MAINTENANCE)
                await self._clock.sleep(PERSON_EVERY_SECONDS)
            else:
                late = f"Nobody had signed in within {minutes:g} minutes."
                kind = seen.kind if seen is not None else None
                means = MEANS[kind] if kind in _LEFT_TO_A_PERSON else OutcomeKind.CODE_NEEDED
                raise Ended(means, late)
        except (TechnicalFault, PlaywrightError):
            if self.page.is_closed():
                closed = "The window was closed before anybody had signed in."
                raise Ended(OutcomeKind.SIGNED_OUT, closed) from None
            raise
        finally:
            gate.a_person_drives = False
            gate.forget()
        await self.keep_state()

    async def _go_in(self) -> None:
        gone_through: dict[str, int] = {}
        last: Seen | None = None
        await self._open_sign_in()
        for _ in range(self.profile.sign_in.most_pages):
            seen = await self._look(tuple(self.profile.pages.values()), acted_on=last)
            if seen.kind is PageKind.SIGNED_OUT and not gone_through:
                # A saved state that has run out can land here; the door itself is one step further.
                gone_through["signed_out"] = 1
                await self._open_sign_in()
                continue
            spec = seen.page
            if spec is None:
                self._raise_for_silence(seen)
                if last is not None and _stays(last, seen):
                    # The same document, nothing known said: a code may have been used by another pass a
                    # moment ago.
                    self._raise_for_staying(last)
                    assert last.page is not None
                    gone_through[last.page.name] += 1
                    await self._pass_page(last, gone_through[last.page.name])
                    continue
                raise Ended(
                    OutcomeKind.PAGE_CHANGED,
                    "The sign-in showed a page that is not known.",
                    await self.eye.missing(self.profile.pages_of(*STEP_KINDS, PageKind.HOME)),
                )
            self._raise_for(seen)
            if spec.kind is not PageKind.CODE or last is None or spec != last.page:
                # Another page is past the code that was asked for.
                await self._code_ended(CodeEnd.USED)
            if spec.kind in INSIDE:
                return
            if spec.kind not in STEP_KINDS:
                raise Ended(OutcomeKind.PAGE_CHANGED, f"The sign-in led to the page {spec.name}.")
            gone_through[spec.name] = gone_through.get(spec.name, 0) + 1
            await self._pass_page(seen, gone_through[spec.name])
            last = seen
        raise Ended(OutcomeKind.PAGE_CHANGED, "The sign-in had more pages than its profile allows.")

    async def _open_sign_in(self) -> None:
        sign_in = self.profile.sign_in
        await steps.open_url(
            self.page, self.profile.url(sign_in.open, "sign-in", self._base_url), self._seconds
        )
        self._round_trips += 1

    async def _pass_page(self, seen: Seen, times: int) -> None:
        """Does the steps of one page of the sign-in."""
        spec = seen.page
        assert spec is not None
        asks = " ".join(step.value or "" for step in spec.steps)
        if times > 1 and "{password}" in asks:
            raise Ended(
                OutcomeKind.CREDENTIALS_REFUSED, "The portal came back to the password. It was sent once."
            )
        code = None
        if spec.kind is PageKind.CODE:
            method = self._way_past(spec)
            if method == PUSH and not spec.steps:
                await self._wait_for_push(seen)
                return
        if "{code}" in asks:
            code = await self._code_for(spec, times)
        elif times > MOST_CODES:
            raise Ended(OutcomeKind.PAGE_CHANGED, f"The sign-in comes back to the page {spec.name}.")
        hands = self._hands(may_act=spec.kind in SIGN_IN_KINDS)
        hands.frame = spec.frame
        hands.values = {
            "username": self._account.username,
            "password": self._account.password,
            "organization": self._account.organization,
            "code": code,
        }
        await self._do(hands, spec)

    def _way_past(self, spec: PageSpec) -> str:
        """Which second factor gets past a page; the robot's own goes first. Raises Ended where none does."""
        ways = self.profile.sign_in.ways_past(spec)
        if self._codes is not None and TOTP in ways:
            return TOTP
        persons = next((way for way in ways if way in (*TYPED_BY_A_PERSON, PUSH)), None)
        if persons is None or self._people is None:
            raise Ended(OutcomeKind.CODE_NEEDED)
        return persons

    async def _code_for(self, spec: PageSpec, times: int) -> str:
        """The code to type, for the `times`th time on this page. Raises Ended where there is none."""
        method = self._way_past(spec)
        if method == TOTP:
            assert self._codes is not None
            if times > MOST_CODES:
                raise Ended(OutcomeKind.CODE_NEEDED, "The portal refused two codes of this account's app.")
            return await self._codes.next()
        assert self._people is not None
        if times > 1:
            await self._code_ended(CodeEnd.REFUSED)
        if times > MOST_CODES:
            raise Ended(OutcomeKind.CODE_NEEDED, "The portal refused two codes that a person gave.")
        self._asked = asked = self._asking(method, again=times > 1)
        code = await self._people.code(asked)
        if code is None:
            await self._code_ended(CodeEnd.EXPIRED)
            raise Ended(OutcomeKind.CODE_NEEDED, "Nobody gave the code in time.")
        return code

    async def _wait_for_push(self, shown: Seen) -> None:
        """Waits until the page goes by itself, because a person agreed on a telephone. Raises Ended when it
        stays."""
        assert self._people is not None
        self._asked = asked = self._asking(PUSH, number=self._number_to_choose(shown))
        await self._people.push(asked)
        known = tuple(self.profile.pages.values())
        while self._clock.now() < asked.until:
            seen = await self._look(known, acted_on=shown, seconds=PUSH_LOOK_SECONDS)
            if seen.page is not None and seen.page != shown.page:
                return
            # The same page drawn anew waits still.
            shown = seen if seen.page is not None else shown
            await self._clock.sleep(PUSH_EVERY_SECONDS)
        await self._code_ended(CodeEnd.EXPIRED)
        raise Ended(OutcomeKind.CODE_NEEDED, "Nobody agreed on the telephone in time.")

    def _number_to_choose(self, shown: Seen) -> str:
        """What a push's page says must be chosen on the telephone. One that can't be read is not told: a
        wrong one would have the sign-in refused."""
        spec = shown.page.fields.get(PUSH_NUMBER) if shown.page is not None else None
        cell = shown.text["fields"].get(PUSH_NUMBER)
        if spec is None or cell is None:
            return ""
        try:
            number = str(read_value(spec, cell["text"], self.profile.words))
        except ValueProblem:
            return ""
        return number if len(number) <= MOST_OF_A_NUMBER else ""

    def _asking(self, method: str, *, again: bool = False, number: str = "") -> CodeAsked:
        now = self._clock.now()
        until = now + timedelta(minutes=self.profile.sign_in.code_minutes)
        return CodeAsked(self.profile.slug, method, now, until, again, number)

    async def _code_ended(self, how: CodeEnd) -> None:
        """Tells whoever was asked how it ended; nothing where nobody was, or it was told already."""
        asked, self._asked = self._asked, None
        if asked is not None and self._people is not None:
            await self._people.ended(asked, how)

    async def keep_state(self) -> None:
        """Gives the window's state to whoever keeps it. Raises TechnicalFault."""
        if self._keeper is None:
            return
        try:
            state = await self._context.storage_state(indexed_db=True)
        except PlaywrightError as error:
            raise TechnicalFault("The browser's state could not be kept.") from error
        self._keeper(json.dumps(state).encode())

    # ---- looking, for the pass ----

    async def see(self, *kinds: PageKind, acted_on: Seen | None = None) -> Seen:
        """Waits for a page of one of these kinds (any, when none is given), overlays dealt with.

        Raises Ended for a page that stops, and for one that is not of these kinds (with what is missing of
        them); TechnicalFault when the portal failed or owes its answer.
        """
        wanted = self.profile.pages_of(*kinds) if kinds else tuple(self.profile.pages.values())
        seen = await self._look(wanted, acted_on=acted_on)
        self._raise_for(seen)
        if seen.kind in SIGN_IN_KINDS:
            raise Ended(OutcomeKind.SIGNED_OUT, "The portal asks to sign in again.")
        if seen.page is None or seen.loading or (kinds and seen.kind not in kinds):
            self._raise_for_silence(seen)
            if kinds:
                raise Ended(OutcomeKind.PAGE_CHANGED, "", await self.eye.missing(wanted))
        return seen

    def hands_for(self, query: Query) -> steps.Hands:
        """Hands that fill a query's values, and click nothing that acts."""
        hands = self._hands(may_act=False)
        hands.values = {
            **{name: getattr(query, name) for name in query.__slots__},
            "organization": self._account.organization,
        }
        return hands

    async def do(self, hands: steps.Hands, doing: tuple[Step, ...]) -> None:
        """Does the steps of a search. Raises Ended (page_changed when the page is not as declared),
        TechnicalFault."""
        await self.tried(steps.do(hands, doing), "A step of the search could not be done.")

    async def tried(self, doing: Awaitable[None], otherwise: str) -> None:
        """Awaits something done with hands; when the page does not let it, raises what the page explains it
        by, and else page_changed with the sentence `otherwise`."""
        try:
            await doing
        except steps.StepFailed as failed:
            self._raise_for_silence(None)
            # The page may have become one that explains it.
            seen = await self._look((), seconds=0.0)
            self._raise_for(seen)
            if seen.kind in SIGN_IN_KINDS:
                raise Ended(OutcomeKind.SIGNED_OUT, "The portal asks to sign in again.") from None
            if isinstance(failed, steps.NotOffered):
                raise Ended(OutcomeKind.COULD_NOT_LOOK, NOT_OFFERED, (str(failed),)) from None
            raise Ended(OutcomeKind.PAGE_CHANGED, otherwise, (str(failed),)) from None

    def refusals(self) -> tuple[str, ...]:
        """Clicks and requests that were stopped since the last time this was asked; each could have acted."""
        refused = (*self._refused_clicks, *dict.fromkeys(self.gate.blocked))
        self._refused_clicks.clear()
        self.gate.blocked.clear()
        return refused

    async def letter_pressed(self, hands: steps.Hands, button: Locator) -> tuple[bool, bytes | None]:
        """Whether the page has this button, and the document that pressing it downloads or opens, in memory
        only: None when none comes. A tab that it opens is closed again."""
        if not await steps.is_there(hands, button):
            return False, None
        opened: list[Page] = []

        def noted(page: Page) -> None:
            opened.append(page)

        self._context.on("page", noted)
        try:
            async with self.gate.catching() as caught:
                await hands.press_down(lambda: hands.find(button, clicks=True))
                found = await asyncio.wait_for(caught, self._seconds)
            if isinstance(found, Response):
                content: bytes | None = await found.body()
            else:
                content = await steps.asked_for(hands, found.url)
        except (TimeoutError, steps.StepFailed, PlaywrightError):
            # It is said of the reading that its letter could not be fetched.
            content = None
        finally:
            self._context.remove_listener("page", noted)
            for page in opened:
                await close_page(page)
        return True, content if content and len(content) <= steps.MOST_LETTER_BYTES else None

    async def opened_tab(self, clicking: Coroutine[Any, Any, None]) -> Page:
        """Clicks, and looks at the tab that this opens from now on; gives the one that was left."""
        left = self.page
        try:
            async with self._context.expect_page(timeout=self._seconds * 1000) as opening:
                await clicking
            self._turn_to(await opening.value)
        except PlaywrightError as error:
            raise TechnicalFault("The portal did not open its tab.") from error
        return left

    async def back_from(self, left: Page) -> None:
        """Closes the tab that was opened, and looks at the one that was left again."""
        opened = self.page
        self._turn_to(left)
        await close_page(opened)

    def _turn_to(self, page: Page) -> None:
        self._round_trips += self.eye.round_trips
        self.page = page
        self.eye = Eye(self.profile, page, self.eye.in_page)

    # ---- inner parts ----

    def _hands(self, *, may_act: bool) -> steps.Hands:
        async def settle(wanted: tuple[PageSpec, ...]) -> Seen:
            if self.gate.signing_in:
                return await self._look(wanted or tuple(self.profile.pages.values()))
            return await self._see_any(wanted)

        return steps.Hands(
            page=self.page,
            eye=self.eye,
            profile=self.profile,
            base_url=self._base_url,
            values={},
            seconds=self._seconds,
            settle=settle,
            clear=self._clear,
            may_act=may_act,
        )

    async def _see_any(self, wanted: tuple[PageSpec, ...]) -> Seen:
        if not wanted:
            return await self.see()
        seen = await self._look(wanted)
        self._raise_for(seen)
        if not any(spec in seen.fits for spec in wanted):
            self._raise_for_silence(seen)
        return seen

    async def _look(
        self, wanted: tuple[PageSpec, ...], *, acted_on: Seen | None = None, seconds: float | None = None
    ) -> Seen:
        """A look after which no overlay lies over the page."""
        for _ in range(MOST_OVERLAYS):
            seen = await self.eye.look(wanted, self._seconds if seconds is None else seconds, acted_on)
            while seen.kind is PageKind.OVERLAY and await self._is_leaving(seen):
                seen = await self.eye.look(wanted, self._seconds if seconds is None else seconds, acted_on)
            if seen.kind is not PageKind.OVERLAY:
                return seen
            await self._hide(seen)
        raise Ended(OutcomeKind.PAGE_CHANGED, "Something keeps lying over the page.")

    async def _is_leaving(self, seen: Seen) -> bool:
        """Whether this overlay was dealt with and the portal still owes the page that this leads to: then it
        is only waited for, because dealing with it twice could press something on the page behind it."""
        dealt = self._dealt_with
        if dealt is None or (dealt.page, dealt.born) != (seen.page, seen.born):
            return False
        if not self.gate.leaving:
            # What is pressed begins to lead somewhere a moment later.
            await asyncio.sleep(SETTLING_SECONDS)
        if not self.gate.leaving:
            self._dealt_with = None
            return False
        await asyncio.sleep(SETTLING_SECONDS)
        if asyncio.get_running_loop().time() >= self._dealt_until:
            raise TechnicalFault("The portal did not answer in time.")
        return True

    async def _clear(self) -> bool:
        """Deals with an overlay, where there is one now."""
        seen = await self.eye.look((), 0.0)
        self._raise_for(seen)
        if seen.kind is not PageKind.OVERLAY:
            return False
        if not await self._is_leaving(seen):
            await self._hide(seen)
        return True

    async def _hide(self, seen: Seen) -> None:
        assert seen.page is not None
        if not seen.page.steps:
            raise Ended(
                OutcomeKind.PAGE_CHANGED, f"{seen.page.name} lies over the page, and a person must answer it."
            )
        hands = self._hands(may_act=False)
        hands.frame = seen.page.frame
        await self._do(hands, seen.page)
        self._dealt_with = seen
        self._dealt_until = asyncio.get_running_loop().time() + self._seconds

    async def _do(self, hands: steps.Hands, spec: PageSpec) -> None:
        try:
            await steps.do(hands, spec.steps)
        except steps.StepFailed as failed:
            self._raise_for_silence(None)
            raise Ended(
                OutcomeKind.PAGE_CHANGED, f"The page {spec.name} is not as its profile says.", (str(failed),)
            ) from None

    def _raise_for(self, seen: Seen) -> None:
        """Raises what a stopping page means."""
        if seen.kind is PageKind.ERROR:
            self._raise_for_refusal()
            raise TechnicalFault("The portal showed its error page.")
        if seen.kind is not None and seen.kind in MEANS:
            raise Ended(MEANS[seen.kind], _SAYS.get(seen.kind, ""))

    def _raise_for_silence(self, seen: Seen | None) -> None:
        """Raises TechnicalFault where the portal failed, or where its answer has not come; Ended where its
        firewall refused."""
        self._raise_for_refusal()
        if self.gate.faults:
            self.gate.forget()
            raise TechnicalFault("The portal answered with an error.")
        if self.gate.waiting or (seen is not None and seen.loading):
            raise TechnicalFault("The portal did not answer in time.")

    def _raise_for_refusal(self) -> None:
        """A page that was forbidden, and none that the profile knows, is a firewall's: never asked again."""
        if self.gate.refused:
            raise Ended(
                OutcomeKind.CHALLENGE_SHOWN,
                "The portal refused the page (a firewall, as it seems). It is not asked again.",
            )

    def _raise_for_staying(self, last: Seen) -> None:
        """Raises what it means when a page of the sign-in stays after its steps, unless it asked for a
        code."""
        assert last.page is not None
        asked = " ".join(step.value or "" for step in last.page.steps)
        if "{password}" in asked:
            raise Ended(
                OutcomeKind.CREDENTIALS_REFUSED, "The sign-in page stayed after the password was sent once."
            )
        if "{code}" not in asked:
            raise Ended(OutcomeKind.PAGE_CHANGED, f"The page {last.page.name} stayed after its steps.")

    def _heard(self, error: WebError) -> None:
        message = error.error.message
        if steps.REFUSED in message:
            self._refused_clicks.append(f"refused a click on {message.rsplit(': ', 1)[-1]!r}")


def _stays(last: Seen, seen: Seen) -> bool:
    """Whether the page that was gone through is still what stands there."""
    return last.page is not None and last.page.name in seen.text.get("fits", ())
