"""When an authorization should be looked at again: pure rules over its determination and dates.

closed, or nothing was asked for           never
approved, the service or its dates over    never
approved, but no authorization number yet  tomorrow
approved                                   as the portal says (weekly), daily when the end is near
undecided                                  as the portal says (daily)
the last look failed                       tomorrow: a failed look changes nothing, it only ages the status
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from portal_profiles.profile import Due
from portal_profiles.vocabulary import APPROVING, CLOSED, Determination

#: The clinic's own word in a portal's setting for "approved and near its end".
NEAR_EXPIRY = "approved_near_expiry"

_NEVER = CLOSED | {Determination.NOT_REQUIRED, Determination.DRAFT}


def is_over(
    determination: Determination, expiry: date | None, service_date: date | None, today: date
) -> bool:
    """Whether no further look can tell anything: closed, or approved with its last day gone by.

    The last day is that of the planned service, or, where none is planned, the last approved one (expiry).
    """
    if determination in _NEVER:
        return True
    last_day = service_date if service_date is not None else expiry
    return determination in APPROVING and last_day is not None and last_day < today


def next_due(
    *,
    determination: Determination,
    expiry: date | None,
    service_date: date | None,
    has_number: bool,
    looked: date,
    due: Due,
    own_days: Mapping[str, int],
) -> date | None:
    """The first day on which to look again after a good look, or None for never.

    has_number: an authorization (certification) number is known. looked: the day of this look. due: the
    profile's days; own_days: the clinic's, {determination: days}, which go before them.
    """
    if is_over(determination, expiry, service_date, looked):
        return None
    days = own_days.get(determination.value, due.days.get(determination))
    if determination in APPROVING:
        if not has_number:
            return looked + timedelta(days=1)
        if expiry is not None and (expiry - looked).days <= due.near_expiry_days:
            near = own_days.get(NEAR_EXPIRY, due.approved_near_expiry)
            days = near if days is None else min(days, near)
    return None if days is None else looked + timedelta(days=days)


def after_a_failure(
    determination: Determination, expiry: date | None, service_date: date | None, looked: date
) -> date | None:
    """The day to look again after a look that told nothing: tomorrow, unless it is over."""
    return None if is_over(determination, expiry, service_date, looked) else looked + timedelta(days=1)
