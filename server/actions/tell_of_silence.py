"""Tells a person of a portal that has not been looked at for several nights: each single failure mends
itself, but a line of them does not.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from automation.outcomes import OutcomeKind
from server.actions.close_task import close_tasks_of
from server.actions.open_task import open_task
from server.db.session import night_of
from server.db.tables import RunItem

#: So many nights without one look are told; one or two are maintenance.
SILENT_NIGHTS = 3

_LOOKED = [kind.value for kind in OutcomeKind if kind.looked]
#: What asks nobody by itself, because the next night tries again.
_FAILED = [
    kind.value
    for kind in OutcomeKind
    if kind.retry and not kind.person and not kind.looked and kind is not OutcomeKind.NOT_STARTED
]


def tell_of_silence(session: Session, portal: str, run_id: int, actor: str, now: datetime) -> bool:
    """Opens one task where each of the last `SILENT_NIGHTS` nights with a pass on this portal only failed,
    and closes it once the portal was looked at again. Gives whether it stands."""
    key = f"portal_silent:{portal}"
    of_it = RunItem.portal == portal
    looked = session.scalar(select(func.max(RunItem.finished_at)).where(of_it, RunItem.outcome.in_(_LOOKED)))
    failed = select(RunItem.finished_at).where(of_it, RunItem.outcome.in_(_FAILED))
    if looked is not None:
        failed = failed.where(RunItem.finished_at > looked)
    nights = {night_of(session, at) for at in session.scalars(failed) if at is not None}
    if len(nights) < SILENT_NIGHTS:
        if looked is not None and not nights:
            close_tasks_of(session, key, actor, now, "The portal was looked at again.")
        return False
    open_task(
        session,
        kind="portal_silent",
        title="A portal has not been looked at for several nights",
        why=f"Each look of the last {len(nights)} nights failed; no status was changed, and what is shown is"
        " as old as its last reading.",
        next_step="Open the portal by hand. Where it works, look at the run's messages: the line to it, or"
        " the profile's waiting time, may be at fault.",
        dedupe_key=key,
        actor=actor,
        now=now,
        portal=portal,
        run_id=run_id,
    )
    return True
