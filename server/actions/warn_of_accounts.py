"""Warns before a portal disables an account that nobody uses, and before its password is too old.

After how many days a portal does so is in its profile (`[sign_in]` idle_days and password_days), where
anything public says it. A warning goes by itself once the account was used, or its new password entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from automation.outcomes import OutcomeKind
from portal_profiles import catalogue
from portal_profiles.catalogue import UnknownPortal
from portal_profiles.profile import Profile
from portal_profiles.schema import ProfileError
from server.actions.close_task import close_tasks_of
from server.actions.open_task import open_task
from server.db import queries
from server.db.session import local_date
from server.db.tables import PortalAccount, RunItem

#: So many days before, a person is warned.
IDLE_WARNING_DAYS = 7
PASSWORD_WARNING_DAYS = 14

_LOOKED = [kind.value for kind in OutcomeKind if kind.looked]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """idle: the day on which the portal disables the account unless it is used before; password: the day on
    which its password is too old. None where the profile does not know, or nothing was entered yet."""

    idle: date | None
    password: date | None


def deadlines_of(session: Session, account: PortalAccount, profile: Profile) -> Deadlines:
    """When this account runs into what the portal's profile says of accounts."""

    def after(start: datetime | None, days: int | None) -> date | None:
        return None if start is None or days is None else local_date(session, start) + timedelta(days=days)

    return Deadlines(
        after(_last_used(session, account), profile.sign_in.idle_days),
        after(account.password_changed_at, profile.sign_in.password_days),
    )


def warn_of_accounts(session: Session, actor: str, now: datetime) -> int:
    """Opens, keeps or closes the warnings of every open account; gives how many stand."""
    standing = 0
    today = local_date(session, now)
    for account in session.scalars(select(PortalAccount).order_by(PortalAccount.id)):
        try:
            profile = catalogue.load(account.portal)
        except (UnknownPortal, ProfileError):
            # A pass on that portal says what is wrong with its profile.
            continue
        deadlines = deadlines_of(session, account, profile)
        idle = deadlines.idle if account.state == "open" else None
        password = deadlines.password if account.state == "open" else None
        idle_key, password_key = f"account_idle:{account.id}", f"password_old:{account.id}"
        if idle is not None and (idle - today).days <= IDLE_WARNING_DAYS:
            standing += 1
            open_task(
                session,
                kind="account_idle",
                title="A portal disables an account that is not used",
                why=f"{profile.name} disables an account after {profile.sign_in.idle_days} days without use: "
                f"{account.username} on {idle:%m/%d/%Y}.",
                next_step="Sign in to the portal with it once, or let a pass look something up there.",
                dedupe_key=idle_key,
                actor=actor,
                now=now,
                portal=account.portal,
                due=idle,
            )
        else:
            close_tasks_of(session, idle_key, actor, now, "The account was used, or is closed.")
        if password is not None and (password - today).days <= PASSWORD_WARNING_DAYS:
            standing += 1
            open_task(
                session,
                kind="password_old",
                title="A portal's password must be changed",
                why=f"{profile.name} wants a new password every {profile.sign_in.password_days} days: that "
                f"of {account.username} is too old on {password:%m/%d/%Y}.",
                next_step="Change it in the portal, then enter the new one under Portals.",
                dedupe_key=password_key,
                actor=actor,
                now=now,
                portal=account.portal,
                due=password,
            )
        else:
            close_tasks_of(session, password_key, actor, now, "A new password was entered, or it is closed.")
    return standing


def _last_used(session: Session, account: PortalAccount) -> datetime | None:
    """Its last sign-in or look; of one that was never used, when its password was entered here.

    Looks do not say by which account they were, so they count where a portal has one open account only.
    """
    used = account.signed_in_at or account.password_changed_at
    others = [a for a in queries.portal_accounts(session, account.portal) if a.state == "open"]
    if [other.id for other in others] != [account.id]:
        return used
    looked = session.scalar(
        select(func.max(RunItem.finished_at)).where(
            RunItem.portal == account.portal, RunItem.outcome.in_(_LOOKED)
        )
    )
    return max((at for at in (used, looked) if at is not None), default=None)
