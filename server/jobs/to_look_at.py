"""What staff should look at in a portal that no pass reads: each request that is due, with the address of the
portal's search page and what to type there.

The address is the profile's own, the same for every request: nothing of a patient is in it. What the
extension captures from the page, or a person accepts, makes a request no longer due: it leaves the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal_profiles.catalogue import load, slugs
from portal_profiles.profile import Profile, Search
from portal_profiles.query import Query
from server.actions.read_by_staff import list_key, read_by_staff
from server.db import queries
from server.db.session import local_date
from server.db.tables import Authorization, PortalSetting, Reading, Task
from server.jobs.nightly import query_for

#: As many as a person looks at in a day; the rest follows as these leave the list.
SHOWN = 100
#: What is typed into most searches, beside what the profile's own search needs.
USUAL = ("reference_number", "member_id", "birth_date")


@dataclass(frozen=True, slots=True)
class LookAt:
    """One request that is due. address: of the search page. typed: (query's field, text as it is typed)."""

    authorization: Authorization
    address: str
    typed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LookList:
    """One portal's list. why: the reason that staff look; empty where passes do. refreshed: what people's
    browsing has read since the list was begun, newest first, also what still waits for a person.
    """

    profile: Profile
    why: str
    address: str
    total: int
    items: tuple[LookAt, ...]
    refreshed: tuple[tuple[Reading, Authorization | None], ...]


@dataclass(frozen=True, slots=True)
class LookCount:
    """One portal on which staff look, and how many requests are due there. Nothing of a patient."""

    profile: Profile
    why: str
    total: int


def to_look_at_by_portal(session: Session, now: datetime) -> list[LookCount]:
    """Every portal that no pass looks at and that has something due, most due first."""
    today = local_date(session, now)
    due = session.execute(
        select(Authorization.portal, func.count())
        .where(Authorization.portal.is_not(None), Authorization.next_due <= today)
        .group_by(Authorization.portal)
    )
    totals = {str(slug): total for slug, total in due}
    known = set(slugs())
    counts = []
    for slug in sorted(known & totals.keys(), key=lambda slug: (-totals[slug], slug)):
        profile = load(slug)
        if why := read_by_staff(profile, queries.portal_setting(session, slug)):
            counts.append(LookCount(profile, why, totals[slug]))
    return counts


def to_look_at(session: Session, slug: str, now: datetime) -> LookList:
    """The list as it is now. Raises UnknownPortal for a slug without a profile."""
    profile = load(slug)
    setting = queries.portal_setting(session, slug)
    today = local_date(session, now)
    due = queries.due_authorizations(session, slug, today, SHOWN)
    total = session.scalar(
        select(func.count())
        .select_from(Authorization)
        .where(Authorization.portal == slug, Authorization.next_due <= today)
    )
    return LookList(
        profile,
        read_by_staff(profile, setting),
        search_address(profile, setting),
        total or 0,
        tuple(_look_at(profile, setting, row) for row in due),
        tuple(_refreshed(session, slug, now)),
    )


def search_address(profile: Profile, setting: PortalSetting | None, search: Search | None = None) -> str:
    """Where the portal's search (this one, else the first) begins: on its real host, or on its stand-in."""
    base = setting.base_url if setting is not None else None
    searches = [search] if search is not None else list(profile.search)
    for step in (step for one in searches for step in one.steps):
        if step.do == "goto" and step.path is not None and "{" not in step.path:
            return profile.url(step.path, step.host, base)
    return profile.url(profile.sign_in.open, "portal", base)


def _look_at(profile: Profile, setting: PortalSetting | None, row: Authorization) -> LookAt:
    query = query_for(row)
    search = next((s for s in profile.search if s.complete(query) and s.serves(query)), None)
    names = dict.fromkeys((*(search.needs if search is not None else ()), *USUAL))
    typed = tuple((name, text) for name in names if (text := _typed(query, name)))
    return LookAt(row, search_address(profile, setting, search), typed)


def _typed(query: Query, name: str) -> str:
    """As portals take it: dates as MM/DD/YYYY."""
    value = getattr(query, name)
    if isinstance(value, date):
        return f"{value:%m/%d/%Y}"
    return ", ".join(value) if isinstance(value, tuple) else value or ""


def _refreshed(session: Session, slug: str, now: datetime) -> Iterator[tuple[Reading, Authorization | None]]:
    begun = session.scalar(
        select(Task.created_at).where(Task.dedupe_key == list_key(slug), Task.state == "open")
    )
    today = local_date(session, now)
    readings = session.execute(
        select(Reading, Authorization)
        .outerjoin(Authorization, Authorization.id == Reading.authorization_id)
        .where(Reading.portal == slug, Reading.run_id.is_(None), Reading.state.in_(("accepted", "waiting")))
        .order_by(Reading.id.desc())
        .limit(SHOWN)
    )
    for reading, authorization in readings:
        if (begun is not None and reading.read_at >= begun) or local_date(session, reading.read_at) == today:
            yield reading, authorization
