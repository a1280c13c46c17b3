"""A run: every authorization that is due is looked at on its portal, each ending in exactly one outcome.

begin   take the leases of the portals (a second pass at once is refused), go on with a stopped run or start
one prepare for each portal: may it be automated? is there an account? else every item says why it was not
started look    portals side by side, one browser, the robot outside of any transaction
record  each item in a transaction of its own as it ends, so a kill loses at most the looks that were under
way finish  the ledger adds up: due = the sum of outcomes + left
"""

from __future__ import annotations

import asyncio
import os
import random as randomness
import socket
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from playwright.async_api import Browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from automation.browser import started_browser
from automation.drift import FEWEST_LOOKS
from automation.night import Event, check_portal
from automation.outcomes import Outcome, OutcomeKind, Stops
from automation.pace import Clock, SystemClock, window_end, within_hours
from automation.people import CodeAsked
from automation.session import Account
from portal_profiles.catalogue import UnknownPortal, load
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from portal_profiles.schema import ProfileError
from portal_profiles.vocabulary import NumberKind
from server.actions.choose_account import choose_account
from server.actions.close_task import close_tasks_of
from server.actions.finish_code import expire_codes
from server.actions.finish_run import Ledger, finish_run
from server.actions.hold_lease import give_back_lease, take_lease
from server.actions.open_task import open_task
from server.actions.read_by_staff import list_key, read_by_staff
from server.actions.record_outcome import drift_key, record_outcome
from server.actions.resume_run import close_abandoned, resume_run
from server.actions.save_portal_account import browser_state_of, keep_browser_state, secrets_of, window_of
from server.actions.start_run import ATTENDED, NIGHTLY, add_items, start_run
from server.actions.tell_of_silence import tell_of_silence
from server.actions.warn_of_accounts import warn_of_accounts
from server.db import queries
from server.db.session import Database, local_date, night_of
from server.db.tables import Authorization, PortalAccount, PortalSetting, Run, RunItem
from server.errors import Problem
from server.jobs.people import ClinicPeople

#: How long a lease holds without a heartbeat, and how often one beats: a killed pass can go on after this.
LEASE = timedelta(seconds=120)
HEARTBEAT_SECONDS = 20.0

#: Kinds of numbers that a portal may be searched by, best first. A transaction's number names a message, no
#: request.
SEARCHABLE = (
    NumberKind.AUTHORIZATION,
    NumberKind.REFERRAL,
    NumberKind.REFERENCE,
    NumberKind.CASE,
    NumberKind.REQUEST,
    NumberKind.ORDER,
    NumberKind.TRACKING,
    NumberKind.DECISION,
    NumberKind.KEY,
)
_BY_STAFF = (
    "Open the list of what to look at: each request with the portal's search and what to type. "
    "Automated checks are decided on under Portals."
)
#: How long a person has at the window of an attended pass, each time that one is needed.
ATTENDED_MINUTES = 10.0

_log = structlog.get_logger("nightly")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a run as it happens. what: an `Event.what`, "outcome" with the outcome's kind, or
    "waiting_for_a_person" with what is asked of them. until: when one who signs in by hand is too late."""

    run_id: int
    portal: str
    what: str
    done: int
    total: int
    outcome: str | None = None
    asked: CodeAsked | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A run whose leases are held. slugs: the portals that this holder has."""

    run_id: int
    holder: str
    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended. persons: how many items need somebody; looked: how many the portals answered for."""

    run_id: int | None
    ledger: Ledger
    persons: int = 0
    looked: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """What a run would look at: authorization ids by portal."""

    by_portal: dict[str, list[int]]

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(len(ids) for ids in self.by_portal.values())


@dataclass(frozen=True, slots=True)
class _Ready:
    """What can be looked at now on one portal with one account. account_id: None where a person signs in and
    none is kept. attended: minutes that this person has, None where nobody sits there."""

    profile: Profile
    account_id: int | None
    account: Account
    base_url: str | None
    until: datetime | None
    items: tuple[Query, ...]
    usual_read: float | None
    attended: float | None = None


@dataclass(frozen=True, slots=True)
class _Refused:
    """What can't on one portal, and why: a reason for staff, and what they can do."""

    slug: str
    reason: str
    next_step: str
    ids: tuple[int, ...]
    by_staff: bool = False


class LeaseLost(RuntimeError):
    """Another process took a lease over: this pass stops at once, so that no account is signed in twice."""


BrowserSource = Callable[[], AbstractAsyncContextManager[Browser]]


def what_is_due(
    database: Database,
    now: datetime,
    portals: Sequence[str] | None = None,
    authorization_id: int | None = None,
) -> Due:
    """What a run begun now would look at. portals: only these; authorization_id: only this one, due or not.

    Raises Problem `not_found` (404) for an unknown authorization, `no_portal` (409) for one without a portal.
    """
    with database.read() as session:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for authorization in _due(session, now, portals, authorization_id):
            found[str(authorization.portal)].append(authorization.id)
    return Due(dict(found))


def begin(
    database: Database,
    *,
    kind: str,
    actor: str,
    now: datetime,
    portals: Sequence[str] | None = None,
    authorization_id: int | None = None,
) -> Begun | None:
    """Takes the leases and starts the run, or goes on with the one that was stopped; None when nothing is
    due.

    Raises Problem `pass_running` (409) where another pass holds every portal of this one, and those of
    `what_is_due`.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    scope = portals[0] if portals is not None and len(portals) == 1 else None
    with database.write(actor) as session:
        close_abandoned(session, now, 2 * LEASE)
        warn_of_accounts(session, actor, now)
        expire_codes(session, actor, now)
        due = _due(session, now, portals, authorization_id)
        resumed = resume_run(session, kind, scope, now) if kind == NIGHTLY else None
        left = _left_of(session, resumed.id) if resumed is not None else []
        wanted = sorted({str(a.portal) for a in due} | {item.portal for item in left})
        if not wanted:
            return None
        held = tuple(slug for slug in wanted if take_lease(session, f"pass:{slug}", holder, now, LEASE))
        if not held:
            raise Problem(
                "pass_running",
                f"A pass is running on {', '.join(wanted)} already. Wait for its end, shown under Runs.",
                409,
            )
        mine = [a for a in due if a.portal in held]
        if resumed is None:
            run = start_run(session, kind, mine, actor, now, scope)
        else:
            run = resumed
            add_items(session, run, mine)
        return Begun(run.id, holder, held)


async def carry_out(
    database: Database,
    begun: Begun,
    *,
    clock: Clock | None = None,
    random: randomness.Random | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    browsers: BrowserSource = started_browser,
) -> Summary:
    """Looks at every item that is left, and finishes the run.

    Whatever happens, the run is left finished or stopped and the leases are given back; the error is raised
    then.
    """
    run = _Carrying(database, begun, clock or SystemClock(), random, on_progress or (lambda progress: None))
    message: str | None = "It was stopped; the next pass goes on with what is left."
    try:
        async with run.heartbeat():
            await run.all_portals(browsers)
        message = None
    except LeaseLost as lost:
        message = str(lost)
        raise
    except Problem as problem:
        message = problem.message
        raise
    finally:
        ledger = run.finish(message)
    return Summary(begun.run_id, ledger, run.persons, run.looked)


def set_aside(database: Database, begun: Begun) -> Ledger:
    """Leaves a run that was begun and not carried out for the next pass, and gives its leases back."""
    run = _Carrying(database, begun, SystemClock(), None, lambda progress: None)
    return run.finish("It was stopped before its first look; the next pass goes on with it.")


async def night(
    database: Database,
    *,
    actor: str,
    kind: str = NIGHTLY,
    portals: Sequence[str] | None = None,
    authorization_id: int | None = None,
    clock: Clock | None = None,
    random: randomness.Random | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    browsers: BrowserSource = started_browser,
) -> Summary:
    """One whole run: `begin` and `carry_out`. Raises what they raise."""
    clock = clock or SystemClock()
    begun = begin(
        database,
        kind=kind,
        actor=actor,
        now=clock.now(),
        portals=portals,
        authorization_id=authorization_id,
    )
    if begun is None:
        return Summary(None, Ledger(0, Counter(), 0))
    return await carry_out(
        database, begun, clock=clock, random=random, on_progress=on_progress, browsers=browsers
    )


@dataclass(slots=True)
class _Carrying:
    """A run while it is carried out."""

    database: Database
    begun: Begun
    clock: Clock
    random: randomness.Random | None
    on_progress: Callable[[Progress], None]
    persons: int = 0
    looked: int = 0
    done: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    accounts: list[int] = field(default_factory=list)
    drifted: Counter[str] = field(default_factory=Counter)

    @property
    def actor(self) -> str:
        return f"robot, run {self.begun.run_id}"

    @asynccontextmanager
    async def heartbeat(self) -> AsyncIterator[None]:
        """Renews the leases meanwhile. Raises LeaseLost, and ends what runs inside, when one is another's
        now."""
        owner = asyncio.current_task()
        assert owner is not None
        lost: list[LeaseLost] = []

        async def beat() -> None:
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                if not await asyncio.to_thread(self._renew):
                    lost.append(LeaseLost("Another pass has taken over; this one stopped."))
                    owner.cancel()
                    return

        # A run that waited long for a worker may have lost its leases before it begins.
        if not await asyncio.to_thread(self._renew):
            raise LeaseLost("Another pass has taken over before this one began.")
        beating = asyncio.create_task(beat())
        try:
            yield
        except asyncio.CancelledError:
            if lost:
                owner.uncancel()
                raise lost[0] from None
            raise
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def all_portals(self, browsers: BrowserSource) -> None:
        """Every portal side by side; one that fails does not take the others with it."""
        ready, refused = await asyncio.to_thread(self._prepare)
        for portal in refused:
            await asyncio.to_thread(self._refuse, portal)
        if not ready:
            return
        async with browsers() as browser:
            by_portal: defaultdict[str, list[_Ready]] = defaultdict(list)
            for part in ready:
                by_portal[part.profile.slug].append(part)
            passes = [asyncio.create_task(self._one_portal(parts, browser)) for parts in by_portal.values()]
            try:
                ended = await asyncio.gather(*passes, return_exceptions=True)
            finally:
                for task in passes:
                    task.cancel()
                await asyncio.gather(*passes, return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    def finish(self, message: str | None) -> Ledger:
        """Closes the run, gives the leases back, and counts."""
        now = self.clock.now()
        with self.database.write(self.actor) as session:
            for slug in self.begun.slugs:
                self._tell_of_health(session, slug, now)
                tell_of_silence(session, slug, self.begun.run_id, self.actor, now)
                give_back_lease(session, f"pass:{slug}", self.begun.holder)
            for account_id in self.accounts:
                give_back_lease(session, f"account:{account_id}", self.begun.holder)
            ledger = finish_run(session, self.begun.run_id, now, message)
        _log.info(
            "run", run=self.begun.run_id, due=ledger.due, left=ledger.left, outcomes=dict(ledger.outcomes)
        )
        return ledger

    # ---- preparing ----

    def _prepare(self) -> tuple[list[_Ready], list[_Refused]]:
        """What can be looked at now, with its secrets, and what can't. Takes the leases of the accounts."""
        ready: list[_Ready] = []
        refused: list[_Refused] = []
        now = self.clock.now()
        with self.database.write(self.actor) as session:
            kind = session.get_one(Run, self.begun.run_id).kind
            by_portal: defaultdict[str, list[int]] = defaultdict(list)
            for item in _left_of(session, self.begun.run_id):
                if item.portal in self.begun.slugs:
                    by_portal[item.portal].append(item.authorization_id)
            for slug, ids in by_portal.items():
                self.total[slug] = len(ids)
                for part in self._prepare_portal(session, slug, ids, kind, now):
                    (ready if isinstance(part, _Ready) else refused).append(part)  # type: ignore[arg-type]
        return ready, refused

    def _prepare_portal(
        self, session: Session, slug: str, ids: list[int], kind: str, now: datetime
    ) -> list[_Ready | _Refused]:
        def no(reason: str, next_step: str) -> list[_Ready | _Refused]:
            return [_Refused(slug, reason, next_step, tuple(ids))]

        try:
            profile = load(slug)
        except UnknownPortal:
            return no(
                "There is no profile for this portal.",
                "Correct the portal of these records, or add its profile.",
            )
        except ProfileError:
            return no(
                "The portal's profile can't be used.", "Run: tallystick profile validate, and correct it."
            )
        setting = queries.portal_setting(session, slug) or PortalSetting(
            portal=slug, enabled=True, automation="unknown", due_days={}
        )
        local = now.astimezone(self.database.settings.zone)
        if not setting.enabled:
            return no("Checks on this portal are switched off.", "Switch them on under Portals.")
        if setting.base_url is None:
            if (why := read_by_staff(profile, setting)) and not (
                kind == ATTENDED and setting.automation == "permitted"
            ):
                return [_Refused(slug, why, _BY_STAFF, tuple(ids), by_staff=True)]
            if kind == NIGHTLY and not within_hours(local.time(), profile.pace.hours):
                first, last = profile.pace.hours
                return no(
                    f"This portal is asked between {first:%H:%M} and {last:%H:%M} only.",
                    "Leave it to the schedule, or check single authorizations now.",
                )
        for key in (list_key(slug), f"not_started:{slug}"):
            close_tasks_of(session, key, self.actor, now, "A pass looks at it.")
        accounts = queries.portal_accounts(session, slug)
        by_account: defaultdict[PortalAccount | None, list[Authorization]] = defaultdict(list)
        for authorization_id in ids:
            if (record := queries.authorization(session, authorization_id)) is not None:
                by_account[choose_account(record, accounts)].append(record)
        return [
            self._prepare_account(session, profile, setting, account, records, kind, now)
            for account, records in by_account.items()
        ]

    def _prepare_account(
        self,
        session: Session,
        profile: Profile,
        setting: PortalSetting,
        account: PortalAccount | None,
        records: Sequence[Authorization],
        kind: str,
        now: datetime,
    ) -> _Ready | _Refused:
        slug, ids = profile.slug, tuple(record.id for record in records)
        if account is None and kind != ATTENDED:
            return _Refused(
                slug,
                "There is no open account to sign in to this portal with.",
                "Add one, or reopen it, under Portals.",
                ids,
            )
        if account is not None:
            if not take_lease(session, f"account:{account.id}", self.begun.holder, now, LEASE):
                return _Refused(
                    slug, "The account is signed in elsewhere.", "Wait for the other pass to end.", ids
                )
            self.accounts.append(account.id)
        local = now.astimezone(self.database.settings.zone)
        return _Ready(
            profile,
            account.id if account is not None else None,
            _account(session, account, self.actor, now) if account is not None else Account("", ""),
            setting.base_url,
            window_end(local, profile.pace.hours) if setting.base_url is None and kind == NIGHTLY else None,
            tuple(query_for(record) for record in records),
            queries.usual_read_share(session, slug, self.begun.run_id, FEWEST_LOOKS),
            ATTENDED_MINUTES if kind == ATTENDED else None,
        )

    def _refuse(self, portal: _Refused) -> None:
        """Every item of the portal ends as not started, and one task says why."""
        now = self.clock.now()
        for authorization_id in portal.ids:
            self._record(
                Outcome(str(authorization_id), OutcomeKind.NOT_STARTED, portal.slug, now, portal.reason), None
            )
        with self.database.write(self.actor) as session:
            other = f"not_started:{portal.slug}" if portal.by_staff else list_key(portal.slug)
            close_tasks_of(session, other, self.actor, now, "There is another reason now.")
            open_task(
                session,
                kind="to_look_at" if portal.by_staff else "not_started",
                title="A portal is read as staff browse" if portal.by_staff else "A portal was not looked at",
                why=portal.reason,
                next_step=portal.next_step,
                dedupe_key=list_key(portal.slug) if portal.by_staff else f"not_started:{portal.slug}",
                actor=self.actor,
                now=now,
                portal=portal.slug,
                run_id=self.begun.run_id,
            )
        self.persons += 1

    # ---- looking ----

    async def _one_portal(self, parts: Sequence[_Ready], browser: Browser) -> None:
        """The accounts of one portal, as many at once as its profile allows; what stops it stops all."""
        pace, attended = parts[0].profile.pace, parts[0].attended is not None
        at_once = 1 if attended else min(pace.accounts_at_once, len(parts))
        # Side by side, each account has its even share of the night's requests; else what the last one left.
        left = await asyncio.to_thread(self._requests_left, parts[0].profile)
        share = left // len(parts) if at_once > 1 else None
        waiting, stopped = deque(parts), asyncio.Event()

        async def one_after_the_other() -> None:
            while waiting:
                part = waiting.popleft()
                if stopped.is_set():
                    await asyncio.to_thread(self._leave, part)
                else:
                    await self._one_account(part, browser, share, stopped)

        beside = [asyncio.create_task(one_after_the_other()) for _ in range(at_once)]
        try:
            await asyncio.gather(*beside)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    def _leave(self, part: _Ready) -> None:
        """Ends each of its items as not started, so that it stays due."""
        why = "The portal was stopped before it was this account's turn."
        for query in part.items:
            ended = Outcome(query.id, OutcomeKind.NOT_STARTED, part.profile.slug, self.clock.now(), why)
            self._record(ended, part.account_id)

    async def _one_account(
        self, ready: _Ready, browser: Browser, share: int | None, stopped: asyncio.Event
    ) -> None:
        """A pass with one account, perhaps beside others with theirs; `stopped` is set once the portal is to
        be left alone. share: of the night's requests, None for what is left of them."""
        slug = ready.profile.slug

        def told(event: Event) -> None:
            self._tell(slug, event.what, until=event.until)

        account_id = ready.account_id
        people = None
        if account_id is not None and ready.attended is None:
            people = ClinicPeople(
                self.database,
                account_id,
                self.begun.run_id,
                self.actor,
                self.clock,
                lambda asked: self._tell(slug, "waiting_for_a_person", asked=asked),
            )

        if share is None:
            share = await asyncio.to_thread(self._requests_left, ready.profile)
        async for outcome in check_portal(
            ready.profile,
            ready.account,
            ready.items,
            browser=browser,
            base_url=ready.base_url,
            keeper=None if account_id is None else lambda state: self._keep_state(account_id, state),
            clock=self.clock,
            random=self.random,
            on_event=told,
            until=ready.until,
            time_zone=self.database.settings.time_zone,
            people=people,
            attended=ready.attended,
            usual_read=ready.usual_read,
            requests_left=share,
            halted=stopped.is_set,
        ):
            # A cancelled pass still writes what it has seen: the thread goes on to its commit.
            await asyncio.shield(asyncio.to_thread(self._record, outcome, ready.account_id))
            if outcome.kind.stops is Stops.PORTAL or outcome.drift:
                stopped.set()

    def _requests_left(self, profile: Profile) -> int:
        """Of this night's budget, which every account and every pass of it takes from."""
        with self.database.read() as session:
            sent = queries.requests_sent(session, profile.slug, night_of(session, self.clock.now()))
        return profile.pace.requests_per_night - sent

    def _record(self, outcome: Outcome, account_id: int | None) -> None:
        with self.database.write(self.actor) as session:
            recorded = record_outcome(
                session,
                outcome,
                run_id=self.begun.run_id,
                actor=self.actor,
                now=self.clock.now(),
                account_id=account_id,
            )
        if recorded.first:
            self.drifted[outcome.portal] += bool(outcome.drift)
            self.persons += outcome.person
            self.looked += outcome.kind.looked
            self.done[outcome.portal] += 1
            self._tell(outcome.portal, "outcome", outcome.kind.value)

    def _tell(
        self,
        slug: str,
        what: str,
        outcome: str | None = None,
        asked: CodeAsked | None = None,
        until: datetime | None = None,
    ) -> None:
        done, total = self.done[slug], self.total[slug]
        self.on_progress(Progress(self.begun.run_id, slug, what, done, total, outcome, asked, until))

    def _keep_state(self, account_id: int, state: bytes) -> None:
        with self.database.write(self.actor) as session:
            account = session.get_one(PortalAccount, account_id)
            keep_browser_state(session, account, state, self.actor, self.clock.now())

    def _renew(self) -> bool:
        names = [f"pass:{slug}" for slug in self.begun.slugs] + [f"account:{i}" for i in self.accounts]
        now = self.clock.now()
        with self.database.write(self.actor) as session:
            session.get_one(Run, self.begun.run_id).heartbeat_at = now
            renewed = [take_lease(session, name, self.begun.holder, now, LEASE) for name in names]
        return all(renewed)

    def _tell_of_health(self, session: Session, slug: str, now: datetime) -> None:
        """A pass that read less than the profile expects is a sign of change, even where no single page was
        one."""
        outcomes = Counter(
            session.scalars(
                select(RunItem.outcome).where(
                    RunItem.run_id == self.begun.run_id, RunItem.portal == slug, RunItem.outcome.is_not(None)
                )
            )
        )
        outcomes.pop(OutcomeKind.NOT_STARTED.value, None)
        try:
            expected = load(slug).expect.minimum_read
        except (UnknownPortal, ProfileError):
            return
        if outcomes.total() and not outcomes[OutcomeKind.PAGE_CHANGED.value] and not self.drifted[slug]:
            self._forget_drift(session, slug, now)
        if outcomes.total() < FEWEST_LOOKS or self.drifted[slug]:
            return
        share = outcomes[OutcomeKind.READ.value] / outcomes.total()
        if share < expected:
            open_task(
                session,
                kind="pass_unhealthy",
                title="A pass read less than it should",
                why=f"Only {share:.0%} of the looks gave a reading; {expected:.0%} is expected.",
                next_step="Look at the run's outcomes: the portal or its profile may have changed.",
                dedupe_key=f"pass_unhealthy:{slug}",
                actor=self.actor,
                now=now,
                portal=slug,
                run_id=self.begun.run_id,
            )

    def _forget_drift(self, session: Session, slug: str, now: datetime) -> None:
        """Closes the task of a portal's change once its pages are as its profile says for every record."""
        changed = select(Authorization.id).where(
            Authorization.portal == slug,
            Authorization.last_outcome == OutcomeKind.PAGE_CHANGED.value,
            Authorization.next_due.is_not(None),
        )
        if session.scalar(changed.limit(1)) is None:
            close_tasks_of(session, drift_key(slug), self.actor, now, "Its pages are known again.")


def query_for(authorization: Authorization) -> Query:
    """What a portal is asked about one authorization; its id is the query's."""
    by_kind = {number.kind: number.value for number in reversed(authorization.reference_numbers)}
    return Query(
        id=str(authorization.id),
        reference_number=next((by_kind[kind] for kind in SEARCHABLE if kind in by_kind), None),
        member_id=authorization.member_id,
        last_name=authorization.last_name,
        first_name=authorization.first_name,
        birth_date=authorization.birth_date,
        payer=authorization.payer_name,
        plan=authorization.plan,
        service_from=authorization.service_date or authorization.effective,
        service_to=authorization.service_date or authorization.expiry,
        requesting_npi=authorization.requesting_npi,
        procedure_codes=tuple(
            dict.fromkeys(
                code for line in authorization.lines for code in (line.requested_code, line.code) if code
            )
        ),
    )


def _account(session: Session, row: PortalAccount, actor: str, now: datetime) -> Account:
    secrets = secrets_of(session, row)
    return Account(
        row.username,
        secrets.password,
        secrets.totp_secret,
        row.organization,
        browser_state_of(session, row),
        window_of(session, row, actor, now),
    )


def _left_of(session: Session, run_id: int) -> list[RunItem]:
    return [item for item in queries.run_items(session, run_id) if item.outcome is None]


def _due(
    session: Session, now: datetime, portals: Sequence[str] | None, authorization_id: int | None
) -> list[Authorization]:
    """The authorizations of a run begun now, in the order in which they are looked at."""
    if authorization_id is not None:
        one = queries.authorization(session, authorization_id)
        if one is None:
            raise Problem("not_found", "There is no such authorization.", 404)
        if one.portal is None:
            raise Problem(
                "no_portal", "The record does not say on which portal its status lives. Name one there.", 409
            )
        return [one]
    today = local_date(session, now)
    if portals is None:
        query = select(Authorization.portal).where(Authorization.next_due <= today).distinct()
        portals = sorted(slug for slug in session.scalars(query) if slug is not None)
    return [a for slug in portals for a in queries.due_authorizations(session, slug, today)]
