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
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from playwright.async_api import Browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from automation.browser import started_browser
from automation.night import Event, check_portal
from automation.outcomes import Outcome, OutcomeKind
from automation.pace import Clock, SystemClock, window_end, within_hours
from automation.session import Account
from portal_profiles.catalogue import UnknownPortal, load
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from portal_profiles.schema import ProfileError
from portal_profiles.vocabulary import NumberKind
from server.actions.finish_run import Ledger, finish_run
from server.actions.hold_lease import give_back_lease, take_lease
from server.actions.open_task import open_task
from server.actions.record_outcome import record_outcome
from server.actions.resume_run import close_abandoned, resume_run
from server.actions.save_portal_account import browser_state_of, keep_browser_state, secrets_of
from server.actions.start_run import NIGHTLY, add_items, start_run
from server.db import queries
from server.db.session import Database, local_date
from server.db.tables import Authorization, PortalAccount, PortalSetting, Run, RunItem
from server.errors import Problem

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
#: Below this many items a share of readings says nothing about a portal's health.
FEWEST_FOR_HEALTH = 5

_log = structlog.get_logger("nightly")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a run as it happens. what: an `Event.what`, or "outcome" with the outcome's kind."""

    run_id: int
    portal: str
    what: str
    done: int
    total: int
    outcome: str | None = None


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
    """One portal that can be looked at now."""

    profile: Profile
    account_id: int
    account: Account
    base_url: str | None
    until: datetime | None
    items: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class _Refused:
    """One portal that can't, and why: a reason for staff, and what they can do."""

    slug: str
    reason: str
    next_step: str
    ids: tuple[int, ...]


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
            passes = [asyncio.create_task(self._one_portal(portal, browser)) for portal in ready]
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
                prepared = self._prepare_portal(session, slug, ids, kind, now)
                (ready if isinstance(prepared, _Ready) else refused).append(prepared)  # type: ignore[arg-type]
        return ready, refused

    def _prepare_portal(
        self, session: Session, slug: str, ids: list[int], kind: str, now: datetime
    ) -> _Ready | _Refused:
        def no(reason: str, next_step: str) -> _Refused:
            return _Refused(slug, reason, next_step, tuple(ids))

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
            if setting.automation != "permitted":
                return no(
                    f"The clinic has not permitted automated checks on this portal ({setting.automation}).",
                    "Read the portal's terms and decide under Portals; until then, look it up by hand.",
                )
            if not profile.unattended:
                return no(profile.needs_person, "Look it up by hand with the extension open.")
            if kind == NIGHTLY and not within_hours(local.time(), profile.pace.hours):
                first, last = profile.pace.hours
                return no(
                    f"This portal is asked between {first:%H:%M} and {last:%H:%M} only.",
                    "Leave it to the schedule, or check single authorizations now.",
                )
        account = next((a for a in queries.portal_accounts(session, slug) if a.state == "open"), None)
        if account is None:
            return no(
                "There is no open account to sign in to this portal with.",
                "Add one, or reopen it, under Portals.",
            )
        if not take_lease(session, f"account:{account.id}", self.begun.holder, now, LEASE):
            return no("The account is signed in elsewhere.", "Wait for the other pass to end.")
        self.accounts.append(account.id)
        records = [queries.authorization(session, authorization_id) for authorization_id in ids]
        return _Ready(
            profile,
            account.id,
            _account(session, account),
            setting.base_url,
            window_end(local, profile.pace.hours) if setting.base_url is None and kind == NIGHTLY else None,
            tuple(query_for(record) for record in records if record is not None),
        )

    def _refuse(self, portal: _Refused) -> None:
        """Every item of the portal ends as not started, and one task says why."""
        now = self.clock.now()
        for authorization_id in portal.ids:
            self._record(
                Outcome(str(authorization_id), OutcomeKind.NOT_STARTED, portal.slug, now, portal.reason), None
            )
        with self.database.write(self.actor) as session:
            open_task(
                session,
                kind="not_started",
                title="A portal was not looked at",
                why=portal.reason,
                next_step=portal.next_step,
                dedupe_key=f"not_started:{portal.slug}",
                actor=self.actor,
                now=now,
                portal=portal.slug,
                run_id=self.begun.run_id,
            )
        self.persons += 1

    # ---- looking ----

    async def _one_portal(self, ready: _Ready, browser: Browser) -> None:
        slug = ready.profile.slug

        def told(event: Event) -> None:
            self._tell(slug, event.what)

        async for outcome in check_portal(
            ready.profile,
            ready.account,
            ready.items,
            browser=browser,
            base_url=ready.base_url,
            keeper=lambda state: self._keep_state(ready.account_id, state),
            clock=self.clock,
            random=self.random,
            on_event=told,
            until=ready.until,
            time_zone=self.database.settings.time_zone,
        ):
            # A cancelled pass still writes what it has seen: the thread goes on to its commit.
            await asyncio.shield(asyncio.to_thread(self._record, outcome, ready.account_id))

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
            self.persons += outcome.person
            self.looked += outcome.kind.looked
            self.done[outcome.portal] += 1
            self._tell(outcome.portal, "outcome", outcome.kind.value)

    def _tell(self, slug: str, what: str, outcome: str | None = None) -> None:
        self.on_progress(Progress(self.begun.run_id, slug, what, self.done[slug], self.total[slug], outcome))

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
        if outcomes.total() < FEWEST_FOR_HEALTH:
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


def _account(session: Session, row: PortalAccount) -> Account:
    secrets = secrets_of(session, row)
    return Account(
        row.username, secrets.password, secrets.totp_secret, row.organization, browser_state_of(session, row)
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
