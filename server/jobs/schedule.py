"""When runs begin: each portal at its hour, in the clinic's time zone (APScheduler 3).

The hour is the clinic's setting, or the profile's own. Settings are read again every minute, so a change in
the dashboard needs no restart. Portals with the same hour make one run and share one browser. Evidence that
the clinic keeps no longer is removed early each morning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select

from portal_profiles import catalogue
from portal_profiles.catalogue import UnknownPortal
from portal_profiles.schema import ProfileError
from server.actions.ask_for_code import ANSWERED, OPEN
from server.actions.finish_code import expire_codes
from server.actions.remove_evidence import remove_evidence
from server.actions.warn_of_accounts import warn_of_accounts
from server.db.session import Database
from server.db.tables import Authorization, CodeRequest, PortalSetting
from server.errors import Problem
from server.jobs import queue

#: A start that was missed (the machine slept, the server was down) is made up for within this long.
GRACE_SECONDS = 3600
_PLAN, _EVIDENCE, _ACCOUNTS = "plan", "evidence", "accounts"
#: The clinic's hour at which old evidence is removed: between the night's passes and the working day.
EVIDENCE_HOUR = 4
#: The clinic's hour at which accounts are gone through: before the working day, for its worklist.
ACCOUNTS_HOUR = 6

_log = structlog.get_logger("schedule")


def hours_of(database: Database) -> dict[str, tuple[str, ...]]:
    """{"HH:MM": portals} for every portal that is switched on and that some authorization lives on.

    A portal whose profile is missing or mistaken is asked at 19:00, so that the run says what is wrong with
    it.
    """
    with database.read() as session:
        slugs = session.scalars(
            select(Authorization.portal).where(Authorization.portal.is_not(None)).distinct()
        )
        settings = {setting.portal: setting for setting in session.scalars(select(PortalSetting))}
        known = sorted({str(slug) for slug in slugs})
    hours: defaultdict[str, list[str]] = defaultdict(list)
    for slug in known:
        setting = settings.get(slug)
        if setting is not None and not setting.enabled:
            continue
        start = setting.start_at if setting is not None else None
        hours[start or _start_of(slug)].append(slug)
    return {hour: tuple(portals) for hour, portals in sorted(hours.items())}


def start(
    database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC), plan_seconds: int = 60
) -> BackgroundScheduler:
    """A running scheduler; `shutdown()` ends it, once the runs under way have ended."""
    scheduler = BackgroundScheduler(timezone=database.settings.zone)
    scheduler.add_job(
        plan, "interval", seconds=plan_seconds, id=_PLAN, args=(scheduler, database, clock), coalesce=True
    )
    plan(scheduler, database, clock)
    scheduler.add_job(
        look_at_accounts,
        CronTrigger(hour=ACCOUNTS_HOUR, timezone=database.settings.zone),
        id=_ACCOUNTS,
        args=(database, clock),
        coalesce=True,
        misfire_grace_time=None,
    )
    if database.settings.evidence_days is not None:
        scheduler.add_job(
            remove_old_evidence,
            CronTrigger(hour=EVIDENCE_HOUR, timezone=database.settings.zone),
            id=_EVIDENCE,
            args=(database, clock),
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler


def plan(scheduler: BackgroundScheduler, database: Database, clock: Callable[[], datetime]) -> None:
    """Brings the scheduler's jobs in line with the hours that are set now."""
    _end_what_nobody_waits_for(database, clock())
    wanted = hours_of(database)
    present = {job.id: job for job in scheduler.get_jobs() if job.id not in (_PLAN, _EVIDENCE, _ACCOUNTS)}
    for hour in present.keys() - wanted.keys():
        scheduler.remove_job(hour)
    for hour, portals in wanted.items():
        if hour in present and present[hour].args == (database, portals, clock):
            continue
        local_hour, minute = hour.split(":")
        scheduler.add_job(
            begin_night,
            CronTrigger(hour=int(local_hour), minute=int(minute), timezone=database.settings.zone),
            id=hour,
            args=(database, portals, clock),
            replace_existing=True,
            coalesce=True,
            misfire_grace_time=GRACE_SECONDS,
        )


def begin_night(database: Database, portals: tuple[str, ...], clock: Callable[[], datetime]) -> None:
    """What the scheduler calls at the hour. A pass that is running already is left alone, and said."""
    try:
        run_id = queue.nightly(database, portals, clock())
    except Problem as problem:
        _log.warning("night_not_begun", code=problem.code)
        return
    _log.info("night_begun", run=run_id)


def _end_what_nobody_waits_for(database: Database, now: datetime) -> None:
    """Requests for a code outlive a pass that was killed; each leaves the worklist at its deadline."""
    with database.read() as session:
        late = select(CodeRequest.id).where(
            CodeRequest.state.in_([OPEN, ANSWERED]), CodeRequest.expires_at <= now
        )
        if session.scalar(late.limit(1)) is None:
            return
    with database.write("schedule") as session:
        expire_codes(session, "schedule", now)


def look_at_accounts(database: Database, clock: Callable[[], datetime]) -> None:
    """Called daily, also where no pass is due: an account that nobody uses is warned of all the same."""
    with database.write("schedule") as session:
        standing = warn_of_accounts(session, "schedule", clock())
    _log.info("accounts_looked_at", count=standing)


def remove_old_evidence(database: Database, clock: Callable[[], datetime]) -> None:
    """Called daily where the clinic keeps evidence for so long only; a backup under way goes first."""
    days = database.settings.evidence_days
    if days is None:
        return
    try:
        removed = remove_evidence(database, days, "schedule", clock())
    except Problem as problem:
        _log.warning("evidence_not_removed", code=problem.code)
        return
    _log.info("evidence_removed", count=removed.count, size=removed.size, kept_back=removed.kept_back)


def _start_of(slug: str) -> str:
    try:
        return catalogue.load(slug).pace.start.strftime("%H:%M")
    except (UnknownPortal, ProfileError):
        return "19:00"
