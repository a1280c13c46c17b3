"""Portals that staff read as they browse, because no pass may: why, and when they are done with the list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal_profiles.profile import Profile
from server.actions.close_task import close_tasks_of
from server.db.session import local_date
from server.db.tables import Authorization, PortalSetting, Task

PERMITTED = "permitted"


def read_by_staff(profile: Profile, setting: PortalSetting | None) -> str:
    """Why no pass looks at this portal, in a sentence for staff; empty where one may. A sandbox that stands
    in for the portal may always be looked at.
    """
    if setting is not None and setting.base_url is not None:
        return ""
    automation = setting.automation if setting is not None else "unknown"
    if automation != PERMITTED:
        return f"The clinic has not permitted automated checks on this portal ({automation})."
    if profile.needs_person or profile.fictional or profile.seen_live is not None:
        return profile.needs_person
    return (
        "Nobody has confirmed this profile on the live portal yet, so what it reads can't be relied on. "
        f"A person does so with: tallystick profile verify {profile.slug}"
    )


def close_list_when_done(session: Session, slug: str | None, actor: str, now: datetime) -> None:
    """Takes a portal's list off the worklist once nothing on it is due any more."""
    if slug is None:
        return
    key = list_key(slug)
    if session.scalar(select(Task.id).where(Task.dedupe_key == key, Task.state == "open")) is None:
        return
    today = local_date(session, now)
    due = select(Authorization.id).where(Authorization.portal == slug, Authorization.next_due <= today)
    if session.scalar(due.limit(1)) is None:
        close_tasks_of(session, key, actor, now, "Everything on it was looked at.")


def list_key(slug: str) -> str:
    """The dedupe key of the task that leads to a portal's list."""
    return f"to_look_at:{slug}"
