"""One portal's pass as a story: sign in, search, read, report. Exactly one outcome for every query.

signed in?  no ──▶ sign in, page by page ──▶ refused, locked, a person needed: every query left ends so
    │
for each query: search ─▶ none ─▶ not found
                    ├──▶ a list ─▶ the one row that agrees ─▶ its page
                    └──▶ its page ─▶ read ─▶ whose is it? ─▶ read | wrong patient | a person confirms
    │
technical faults: tried again, later and later, inside a budget; too many in a row: the portal is left alone
a page that is not as the profile says: looked for once more, anew; too many of them: the portal has drifted
"""

from __future__ import annotations

import asyncio
import random as randomness
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, Frame, Page
from playwright.async_api import Error as PlaywrightError

from automation import evidence, steps
from automation.drift import Drift
from automation.guards import lacking, the_row, unlike
from automation.long_list import gone_through, scrolled_to
from automation.outcomes import Ended, Evidence, Outcome, OutcomeKind, Stops, TechnicalFault
from automation.pace import Breaker, Budget, Clock, OneTimeCodes, SystemClock, backoff, between_checks
from automation.paged_list import next_page, pages_of, place_of, row_again, together
from automation.people import People
from automation.reading import Seen
from automation.session import Account, Session
from automation.steps import Row, StepFailed, refresh
from portal_profiles.identity import ACCEPTED, WRONG_PATIENT, Identity, identify
from portal_profiles.interpret import NEAREST, interpret
from portal_profiles.profile import PageKind, Profile, Search, folded
from portal_profiles.query import Query
from portal_profiles.reading import Reading

#: What is said of every query that a portal's drift leaves for a later pass.
DRIFTED = "The portal has changed and was stopped."

#: What a person at the window of an attended pass sees to, so that the pass goes on.
_A_PERSON_CAN_HELP = frozenset(
    {OutcomeKind.CHALLENGE_SHOWN, OutcomeKind.TERMS_SHOWN, OutcomeKind.CODE_NEEDED, OutcomeKind.SIGNED_OUT}
)
#: How often a person is asked for help with one authorization.
MOST_HELP = 2

#: Looks after which a window is closed and the same session gone on with in a new one: Playwright keeps every
#: request of a window until it closes.
LOOKS_IN_A_WINDOW = 100

#: Outcomes that say something about the portal's health, not about one authorization.
_FAILURES = frozenset({OutcomeKind.TIMED_OUT, OutcomeKind.PAGE_CHANGED})


@dataclass(frozen=True, slots=True)
class Event:
    """What a pass is doing now. what: signing_in, signed_in, looking, waiting (between checks or tries),
    person_needed (an attended pass waits at its window, until `until`)."""

    portal: str
    what: str
    query_id: str | None = None
    until: datetime | None = None


async def check_portal(
    profile: Profile,
    account: Account,
    queries: Sequence[Query],
    *,
    browser: Browser,
    base_url: str | None = None,
    keeper: Callable[[bytes], None] | None = None,
    clock: Clock | None = None,
    random: randomness.Random | None = None,
    on_event: Callable[[Event], None] | None = None,
    until: datetime | None = None,
    time_zone: str | None = None,
    people: People | None = None,
    usual_read: float | None = None,
    requests_left: int | None = None,
    attended: float | None = None,
    halted: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Outcome]:
    """Looks every query up on one portal with one account, and yields one outcome for each, in order.

    base_url: a sandbox that stands in for every host of the profile. keeper: is given the browser's state
    (cookies,
    secret) after each sign-in, to be kept encrypted. until: aware time after which nothing more is begun.
    time_zone: IANA name of the clinic's, for pages that show local dates. people: who gives a code that the
    portal sends to a person, while the pass waits; without, such a portal ends in code_needed. attended:
    minutes that a person at the (headed) browser has to sign in by hand, and to see to whatever asks for a
    person later; the robot types nothing of the sign-in then, and portals that need a person are begun too.
    usual_read: the share (0 to 1) of looks that gave a reading on the portal's earlier nights, where known.
    requests_left: how many requests earlier passes of this night have left; None for the profile's whole
    budget. halted: asked before each check; once it is true nothing more is begun, because another account's
    pass has met what stops the portal.
    Raises ValueError when two queries have the same id; nothing of the portal is raised, it becomes an
    outcome.
    """
    if len({query.id for query in queries}) != len(queries):
        raise ValueError("Two queries have the same id; each needs its own.")
    the_pass = _Pass(
        profile,
        account,
        browser,
        base_url=base_url,
        keeper=keeper,
        clock=clock or SystemClock(),
        random=random or randomness.SystemRandom(),
        on_event=on_event or (lambda event: None),
        until=until,
        time_zone=time_zone,
        people=people,
        drift=Drift(profile.expect, usual_read),
        budget=Budget(profile.pace.requests_per_night if requests_left is None else requests_left),
        attended=attended,
        halted=halted,
    )
    left = deque(queries)
    try:
        while left:
            outcome = await the_pass.check(left.popleft())
            yield replace(outcome, requests=the_pass.spent())
            if left:
                await the_pass.rest()
    finally:
        await the_pass.close()


class _Pass:
    """What one pass knows as it goes: its session, its budget, its breaker, and whether it was stopped."""

    def __init__(
        self,
        profile: Profile,
        account: Account,
        browser: Browser,
        *,
        base_url: str | None,
        keeper: Callable[[bytes], None] | None,
        clock: Clock,
        random: randomness.Random,
        on_event: Callable[[Event], None],
        until: datetime | None,
        time_zone: str | None,
        people: People | None,
        drift: Drift,
        budget: Budget,
        attended: float | None,
        halted: Callable[[], bool],
    ) -> None:
        self._profile = profile
        self._account = account
        self._browser = browser
        self._base_url = base_url
        self._keeper = keeper
        self._clock = clock
        self._random = random
        self._on_event = on_event
        self._until = until
        self._time_zone = time_zone
        self._people = people
        self._budget = budget
        self._told = budget.left
        self._attended = attended
        self._halted = halted
        self._breaker = Breaker(profile.pace.breaker)
        self._drift = drift
        self._session: Session | None = None
        self._looks_in_window = 0
        self._codes: OneTimeCodes | None = None
        self._proved = False
        self._must_sign_in = account.browser_state is None or attended is not None
        self._stopped: tuple[OutcomeKind, str] | None = None
        alone = attended is None and base_url is None
        if not profile.pages or (not profile.unattended and alone):
            self._stopped = (OutcomeKind.NOT_STARTED, profile.needs_person)
        if account.totp_secret:
            try:
                self._codes = OneTimeCodes(account.totp_secret, clock)
            except ValueError as error:
                self._stopped = (OutcomeKind.CODE_NEEDED, str(error))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def spent(self) -> int:
        """How many requests were made since this was last asked."""
        spent, self._told = self._told - self._budget.left, self._budget.left
        return spent

    async def rest(self) -> None:
        """Lets time pass before the next check, unless nothing more will be asked."""
        if self._stopped or self._breaker.open or is_loopback(self._base_url):
            return
        self._tell("waiting")
        await self._clock.sleep(between_checks(self._profile.pace, self._random))

    async def check(self, query: Query) -> Outcome:
        """One outcome for one query, whatever happens."""
        if self._stopped is None:
            self._stopped = self._limit()
        if self._stopped is not None:
            kind, message = self._stopped
            return self._outcome(query, kind, message)
        search = next((s for s in self._profile.search if s.complete(query) and s.serves(query)), None)
        if search is None:
            return self._outcome(query, OutcomeKind.COULD_NOT_LOOK, _why_no_search(self._profile, query))
        outcome = await self._tried(query, search)
        if self._session is not None:
            await self._session.let_go()
            await self._window_in_time(self._session)
        if outcome.kind in _FAILURES:
            self._breaker.failed()
        else:
            self._breaker.worked()
        drifted = outcome.drift or self._drift.count(outcome)
        if drifted and self._stopped is None:
            self._stopped = (OutcomeKind.NOT_STARTED, f"{DRIFTED} {drifted}")
        return replace(outcome, drift=drifted)

    async def _window_in_time(self, session: Session) -> None:
        """Leaves a window that has seen many looks: the next one goes on in a new one, signed in as it is.
        A window that keeps something for itself, or is a person's, stays."""
        self._looks_in_window += 1
        if self._looks_in_window < LOOKS_IN_A_WINDOW or self._attended is not None:
            return
        self._looks_in_window = 0
        try:
            if await session.keeps_for_itself():
                return
            await session.keep_state()
        except (TechnicalFault, PlaywrightError):
            # It is gone, or on its way somewhere: the next look says so, or it is asked again later.
            return
        await self.close()

    def _limit(self) -> tuple[OutcomeKind, str] | None:
        """Why nothing more is begun, or None."""
        if self._breaker.open:
            return (
                OutcomeKind.NOT_STARTED,
                f"The portal failed {self._breaker.limit} times in a row and is left alone.",
            )
        if self._budget.spent:
            return OutcomeKind.NOT_STARTED, "This night's budget of requests is used up."
        if self._until is not None and self._clock.now() >= self._until:
            return OutcomeKind.NOT_STARTED, "The hours in which this portal may be asked are over."
        if not self._browser.is_connected():
            return OutcomeKind.NOT_STARTED, "The browser ended."
        if self._halted():
            return OutcomeKind.NOT_STARTED, "The portal was stopped in another account's pass."
        return None

    async def _tried(self, query: Query, search: Search) -> Outcome:
        """Tries until it ends; a lost session is signed in again once, technical faults are tried again."""
        attempt, signed_again, seen_changed, helped = 1, False, False, 0
        while True:
            try:
                session = await self._signed_in(query)
            except Ended as ended:
                if ended.kind is OutcomeKind.PAGE_CHANGED:
                    return await self._lost_at_the_door(query, ended, attempt)
                # Whatever ends the sign-in ends it for every query that is left.
                self._stopped = (ended.kind, ended.message)
                await self.close()
                return self._outcome(query, *self._stopped, attempt, problems=ended.problems)
            except TechnicalFault as fault:
                await self.close()
                self._stopped = (OutcomeKind.NOT_STARTED, f"Signing in did not get through. {fault}")
                return self._outcome(query, OutcomeKind.TIMED_OUT, str(fault), self._profile.pace.attempts)
            except Exception as error:  # noqa: BLE001 - whatever happens, each query has its outcome
                await self.close()
                self._stopped = (OutcomeKind.COULD_NOT_LOOK, _reported(error))
                return self._outcome(query, *self._stopped, attempt)
            self._tell("looking", query)
            try:
                return await self._looked_up(session, query, search, attempt)
            except Ended as ended:
                if ended.kind is OutcomeKind.SIGNED_OUT and not (signed_again and self._proved):
                    # A saved state that had run out is not a session that was lost.
                    signed_again = signed_again or self._proved
                    await self._sign_in_anew()
                    continue
                if ended.kind is OutcomeKind.PAGE_CHANGED and not seen_changed:
                    # It may have come late or in parts: it counts when a fresh search ends there too.
                    seen_changed = True
                    continue
                if self._attended is not None and ended.kind in _A_PERSON_CAN_HELP and helped < MOST_HELP:
                    helped += 1
                    try:
                        await self._hand_over(session, query, opened=True)
                        continue
                    except (Ended, TechnicalFault, PlaywrightError) as left_alone:
                        if isinstance(left_alone, Ended):
                            ended = left_alone
                return await self._ended(query, ended, attempt)
            except (TechnicalFault, PlaywrightError) as fault:
                if session.page.is_closed():
                    await self.close()
                if attempt >= self._profile.pace.attempts:
                    return self._outcome(query, OutcomeKind.TIMED_OUT, _said(fault), attempt)
                self._tell("waiting", query)
                await self._clock.sleep(backoff(attempt, self._random))
                attempt += 1
            except Exception as error:  # noqa: BLE001 - whatever happens, each query has its outcome
                await self.close()
                return self._outcome(query, OutcomeKind.COULD_NOT_LOOK, _reported(error), attempt)

    async def _lost_at_the_door(self, query: Query, ended: Ended, attempt: int) -> Outcome:
        """The sign-in led to a page that is not known. Nothing is typed again: it may have refused in other
        words."""
        shown = await self._picture()
        await self.close()
        self._stopped = (OutcomeKind.NOT_STARTED, f"{DRIFTED} {ended.message}")
        lost = self._outcome(
            query, ended.kind, ended.message, attempt, problems=ended.problems, evidence=shown
        )
        return replace(lost, drift=ended.message)

    async def _ended(self, query: Query, ended: Ended, attempt: int) -> Outcome:
        refused = self._session.refusals() if self._session is not None else ()
        problems = (*ended.problems, *refused)
        keep = ended.kind in (OutcomeKind.PAGE_CHANGED, OutcomeKind.COULD_NOT_LOOK, OutcomeKind.AMBIGUOUS)
        shown = await self._picture() if keep else ()
        if ended.kind.stops is not Stops.NOTHING:
            self._stopped = (ended.kind, ended.message)
            await self.close()
        return self._outcome(query, ended.kind, ended.message, attempt, problems=problems, evidence=shown)

    # ---- the session ----

    async def _signed_in(self, query: Query) -> Session:
        """The pass's session. A saved state is tried as it is: whether it still holds, the portal says at the
        search.

        Technical faults of signing in are tried again here, so a password is sent no more often than the
        profile's
        attempts say.
        """
        attempt = 1
        while self._session is None:
            try:
                self._session = await Session.open(
                    self._browser,
                    self._profile,
                    self._account,
                    base_url=self._base_url,
                    codes=self._codes,
                    budget=self._budget,
                    keeper=self._keep,
                    time_zone=self._time_zone,
                    people=self._people,
                    clock=self._clock,
                )
                self._proved = False
                if self._must_sign_in:
                    self._tell("signing_in", query)
                    if self._attended is None:
                        await self._session.sign_in()
                    else:
                        await self._hand_over(self._session, query, opened=False)
                    self._must_sign_in, self._proved = False, True
                    self._tell("signed_in", query)
            except (TechnicalFault, PlaywrightError) as fault:
                await self.close()
                if attempt >= self._profile.pace.attempts:
                    raise TechnicalFault(_said(fault)) from fault
                await self._clock.sleep(backoff(attempt, self._random))
                attempt += 1
        return self._session

    async def _hand_over(self, session: Session, query: Query, *, opened: bool) -> None:
        """Leaves the window to the person, and goes on when they are through."""
        assert self._attended is not None
        until = self._clock.now() + timedelta(minutes=self._attended)
        self._on_event(Event(self._profile.slug, "person_needed", query.id, until))
        await session.let_person_in(self._attended, opened=opened)

    async def _sign_in_anew(self) -> None:
        """The next query begins at the door; the saved state stays, for the portal may remember its
        device."""
        await self.close()
        self._must_sign_in = True

    def _keep(self, state: bytes) -> None:
        self._account = replace(self._account, browser_state=state)
        if self._keeper is not None:
            self._keeper(state)

    # ---- one look ----

    async def _looked_up(self, session: Session, query: Query, search: Search, attempt: int) -> Outcome:
        """Searches, chooses, opens, reads. Raises Ended or TechnicalFault."""
        session.gate.forget()
        hands = session.hands_for(query)
        await session.do(hands, search.steps)
        seen = await session.see(PageKind.RESULTS, PageKind.NO_RESULTS, PageKind.DETAIL)
        if seen.kind is PageKind.NO_RESULTS:
            shown = await self._picture()
            return self._outcome(query, OutcomeKind.NOT_FOUND, "", attempt, evidence=shown)
        if seen.kind is PageKind.DETAIL:
            return await self._read(session, query, seen, attempt)
        seen, index = await self._chosen(session, seen, query, search)
        seen, index = await self._refreshed(session, seen, index, query)
        tab = await self._open(session, seen, index)
        try:
            opened = await session.see(PageKind.DETAIL, acted_on=None if tab else seen)
            return await self._read(session, query, opened, attempt)
        finally:
            if tab is not None:
                await session.back_from(tab)

    async def _chosen(self, session: Session, seen: Seen, query: Query, search: Search) -> tuple[Seen, int]:
        """The page and which of its rows is this query's; a list that shows a part of itself is gone through
        first."""
        results, listed = self._profile.results, seen.page
        assert results is not None
        assert listed is not None
        if listed.rows[results.rows].next is not None:
            return await self._chosen_of_pages(session, seen, query, search)
        if listed.rows[results.rows].scroll is None:
            return seen, the_row(self._profile, seen, query)
        eye, seconds = session.eye, self._profile.pace.page_seconds
        whole = await gone_through(eye, seen, results.rows, seconds)
        rows, index = whole.text["rows"][results.rows], the_row(self._profile, whole, query)
        if rows == seen.text["rows"][results.rows]:
            return seen, index
        return seen, await scrolled_to(eye, seen, results.rows, rows[index], seconds)

    async def _chosen_of_pages(
        self, session: Session, seen: Seen, query: Query, search: Search
    ) -> tuple[Seen, int]:
        """The row that is this query's over all pages of the list, on its own page: the last one is shown
        already, another is searched anew and gone forward to."""
        results = self._profile.results
        assert results is not None
        shown = await pages_of(session, seen, results.rows)
        index = the_row(self._profile, together(shown, results.rows), query)
        number, place = place_of(shown, results.rows, index)
        row = shown[number].text["rows"][results.rows][place]
        if number == len(shown) - 1:
            return shown[-1], place
        await session.do(session.hands_for(query), search.steps)
        seen = await session.see(PageKind.RESULTS)
        for _ in range(number):
            seen = await next_page(session, seen, results.rows)
        return seen, row_again(seen, results.rows, row, place)

    async def _refreshed(self, session: Session, seen: Seen, index: int, query: Query) -> tuple[Seen, int]:
        """The list and the row once the row's values are up to date, where a portal shows stale ones."""
        results, listed = self._profile.results, seen.page
        assert results is not None
        assert listed is not None
        if listed.rows[results.rows].refresh is None:
            return seen, index
        hands = session.hands_for(Query(id=""))
        hands.frame = listed.frame
        row = Row(listed, results.rows, index)
        await session.tried(refresh(hands, row, results.open), "The row could not be refreshed.")
        fresh = await session.see(PageKind.RESULTS)
        # The list may be in another order now.
        return fresh, the_row(self._profile, fresh, query)

    async def _open(self, session: Session, seen: Seen, index: int) -> Page | None:
        """Opens a row of a result list; gives the page that was left when the portal opens another tab."""
        results, listed = self._profile.results, seen.page
        assert results is not None
        assert listed is not None
        hands = session.hands_for(Query(id=""))
        hands.frame = listed.frame
        row = Row(listed, results.rows, index)
        try:
            if results.opens == "tab":
                return await session.opened_tab(
                    hands.press_down(lambda: hands.find(results.open, clicks=True, row=row))
                )
            await hands.press_down(lambda: hands.find(results.open, clicks=True, row=row))
        except StepFailed as failed:
            raise Ended(OutcomeKind.PAGE_CHANGED, "The row could not be opened.", (str(failed),)) from None
        return None

    async def _read(self, session: Session, query: Query, seen: Seen, attempt: int) -> Outcome:
        """What a detail page says, once it is sure to be whole and this patient's."""
        seen = await self._unfolded(session, seen)
        if absent := lacking(seen):
            raise Ended(OutcomeKind.PAGE_CHANGED, "The page lacks what its profile requires.", absent)
        reading = interpret(self._profile, seen.text)
        if reading.determination is None:
            raise Ended(
                OutcomeKind.PAGE_CHANGED, "The page shows no status where one is expected.", seen.problems
            )
        identity = identify(reading, query)
        if identity.verdict == WRONG_PATIENT:
            # Nothing of another patient's page is kept: no reading, no picture.
            differ = tuple(f"{name} differs from the record" for name in identity.disagree)
            return self._outcome(query, OutcomeKind.WRONG_PATIENT, "", attempt, problems=differ)
        assert seen.page is not None
        frame = await session.eye.frame_of(seen.page.frame)
        kept = [evidence.text(self._profile, seen, self._clock.now())]
        picture, (letter, wrong) = await self._pictured(session, seen, reading, frame)
        kept += [item for item in (picture, letter) if item is not None]
        other = unlike(reading, identity, query)
        accepted = identity.verdict == ACCEPTED and not other
        problems = (*other, *reading.problems, *wrong, *session.refusals())
        return self._outcome(
            query,
            OutcomeKind.READ if accepted else OutcomeKind.IDENTITY_UNCONFIRMED,
            "",
            attempt,
            reading=reading,
            identity=identity,
            problems=tuple(dict.fromkeys(problems)),
            evidence=tuple(kept),
        )

    async def _unfolded(self, session: Session, seen: Seen) -> Seen:
        """The page once its own steps have opened what starts closed."""
        assert seen.page is not None
        if not seen.page.steps:
            return seen
        hands = session.hands_for(Query(id=""))
        hands.frame = seen.page.frame
        await session.do(hands, seen.page.steps)
        return await session.see(PageKind.DETAIL)

    async def _pictured(
        self, session: Session, seen: Seen, reading: Reading, frame: Frame | None
    ) -> tuple[Evidence | None, tuple[Evidence | None, tuple[str, ...]]]:
        """The page's picture and its letter: at the same time, unless getting the letter changes the page."""
        if self._profile.letter is None or self._profile.letter_pressed:
            taken = await evidence.picture(session.page, frame)
            return taken, await self._letter(session, seen, reading)
        taking = asyncio.ensure_future(evidence.picture(session.page, frame))
        try:
            letter = await self._letter(session, seen, reading)
        finally:
            await asyncio.gather(taking, return_exceptions=True)
        return await taking, letter

    async def _letter(
        self, session: Session, seen: Seen, reading: Reading
    ) -> tuple[Evidence | None, tuple[str, ...]]:
        """The payer's letter, where the profile declares one and this page has a way to it."""
        if self._profile.letter is None:
            return None, ()
        assert seen.page is not None
        hands = session.hands_for(Query(id=""))
        hands.frame = seen.page.frame
        if self._profile.letter_pressed:
            there, content = await session.letter_pressed(hands, self._profile.letter)
        else:
            there, content = await steps.fetched(hands, self._profile.letter)
        if not there:
            # Not every request has its letter yet.
            return None, ()
        return evidence.letter(content, [number.value for number in reading.numbers])

    # ---- what is told ----

    async def _picture(self) -> tuple[Evidence, ...]:
        if self._session is None:
            return ()
        kept = await evidence.picture(self._session.page)
        return (kept,) if kept is not None else ()

    def _tell(self, what: str, query: Query | None = None) -> None:
        self._on_event(Event(self._profile.slug, what, query.id if query is not None else None))

    def _outcome(
        self,
        query: Query,
        kind: OutcomeKind,
        message: str,
        attempts: int = 0,
        *,
        reading: Reading | None = None,
        identity: Identity | None = None,
        evidence: tuple[Evidence, ...] = (),
        problems: tuple[str, ...] = (),
    ) -> Outcome:
        return Outcome(
            query_id=query.id,
            kind=kind,
            portal=self._profile.slug,
            at=self._clock.now(),
            message=message or kind.why,
            reading=reading,
            identity=identity,
            evidence=evidence,
            attempts=attempts,
            problems=tuple(_without_values(problem, query) for problem in problems),
        )


def _why_no_search(profile: Profile, query: Query) -> str:
    """What the record lacks for this portal's searches, or what of it none of them is for."""
    served = [search for search in profile.search if search.serves(query)]
    if profile.search and not served:
        asked = dict.fromkeys(name for search in profile.search for name in search.when)
        return f"No search of this portal's profile is for this record's {_plain(', '.join(asked))}."
    ways = "; or ".join(" and ".join(search.needs) for search in served) or "nothing"
    return f"The record lacks what this portal searches by: {_plain(ways)}."


def _without_values(problem: str, query: Query) -> str:
    """A problem without the page's wording, should that hold something of the patient: the last of several
    guards, for a portal that writes a name where its labels stand."""
    said, found, nearest = problem.partition(NEAREST)
    if not found:
        return problem
    own = (query.member_id, query.last_name, query.first_name, query.reference_number)
    held = any(value and folded(value) in folded(nearest) for value in own)
    return said if held else problem


def _plain(names: str) -> str:
    return names.replace("_", " ")


def is_loopback(base_url: str | None) -> bool:
    """Whether a sandbox on this machine is asked, which nobody else waits for."""
    host = urlsplit(base_url).hostname if base_url else None
    return host is not None and (host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost"))


def _said(fault: Exception) -> str:
    """A fault as a sentence. Playwright's own words are left out: they can hold what was typed."""
    return str(fault) if isinstance(fault, TechnicalFault) else "The browser lost the page."


def _reported(error: Exception) -> str:
    """What is said of an error that no code foresaw: its kind and the line of ours in which it arose.

    Its own message is left out, because it can hold a patient's data.
    """
    ours = Path(__file__).parents[1]
    frames = traceback.extract_tb(error.__traceback__)
    last = [f for f in frames if Path(f.filename).is_relative_to(ours) and ".venv" not in f.filename][-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return f"The program failed ({type(error).__name__} in {where}); please report it."
