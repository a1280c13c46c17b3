"""The first page: what needs a person, the most pressing first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload
from werkzeug.wrappers import Response

from server.actions.ask_for_code import task_key
from server.actions.close_task import close_task as close
from server.context import context
from server.db import queries
from server.db.tables import Authorization, Task
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web
from server.web.codes import waiting
from server.web.words import label, portal_name

SHOWN = 200
EXPIRY_DAYS = 14
#: Severity -> heading of its group, tone.
GROUPS = {
    "denial": ("Would be denied", "bad"),
    "caution": ("To look at", "warn"),
    "info": ("For information", ""),
}
#: Until when: the day set for the task, else the first day on which the service may be given.
_by_when = func.coalesce(Task.due, Authorization.service_date, Authorization.effective)


@dataclass(frozen=True, slots=True)
class Item:
    """A task as the page shows it. by: until when; what: payer and codes, nothing of the patient."""

    task: Task
    by: date | None
    what: str


@web.get("/")
@needs(Role.VIEWER)
def worklist() -> Response:
    """Open tasks by severity and date, and the day in figures."""
    known, actor = context(), current_actor()
    filters = {"kind": request.args.get("kind", ""), "portal": request.args.get("portal", "")}
    with known.database.read() as db:
        codes = waiting(db, known.clock())
        items = _open(db, filters, {task_key(code.request.id) for code in codes})
        values: dict[str, Any] = {
            "groups": [
                (heading, tone, [item for item in items if item.task.severity == severity])
                for severity, (heading, tone) in GROUPS.items()
            ],
            "codes": codes,
            "shown": len(items) + len(codes),
            "figures": _figures(db),
            "kinds": [(kind, label(kind)) for kind in _distinct(db, Task.kind)],
            "portals": [(slug, portal_name(slug)) for slug in _distinct(db, Task.portal)],
            "last_run": next(iter(queries.recent_runs(db, 1)), None),
        }
        return page(
            "worklist.html",
            "worklist",
            filters=filters,
            today=known.today(),
            may_check=actor.may(Role.SCHEDULER),
            may_answer=actor.may(Role.SCHEDULER),
            may_see_evidence=actor.may(Role.BILLER),
            may_close=actor.may(Role.BILLER),
            may_write=actor.may(Role.SCHEDULER),
            may_import=actor.may(Role.BILLER),
            **values,
        )


@web.post("/tasks/<int:task_id>/done")
@needs(Role.BILLER)
def close_task(task_id: int) -> Response:
    """Closes a task with a note of what was done."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        close(db, task_id, actor.label, known.clock(), request.form.get(f"note-{task_id}", ""))
    done("Marked as done.")
    return redirect(url_for("web.worklist"), 303)


def _open(db: Session, filters: dict[str, str], shown_above: set[str]) -> list[Item]:
    """Open tasks but those of these causes, which have their form at the top."""
    severity = case({"denial": 0, "caution": 1}, value=Task.severity, else_=2)
    query = (
        select(Task, Authorization, _by_when)
        .outerjoin(Authorization, Authorization.id == Task.authorization_id)
        .where(Task.state == "open", Task.dedupe_key.not_in(shown_above))
        .options(selectinload(Authorization.lines))
    )
    if filters["kind"]:
        query = query.where(Task.kind == filters["kind"])
    if filters["portal"]:
        query = query.where(Task.portal == filters["portal"])
    rows = db.execute(query.order_by(severity, _by_when.is_(None), _by_when, Task.id).limit(SHOWN))
    return [Item(task, by, _what(about)) for task, about, by in rows]


def _what(about: Authorization | None) -> str:
    if about is None:
        return ""
    codes = ", ".join(line.code for line in about.lines if line.code)
    return " · ".join(part for part in (about.payer_name or about.payer_id, codes) if part)


def _distinct(
    db: Session, column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> list[str]:
    query = select(column).where(Task.state == "open").distinct().order_by(column)
    return [value for value in db.scalars(query) if value is not None]


def _figures(db: Session) -> dict[str, int]:
    today = context().today()
    soon = today + timedelta(days=EXPIRY_DAYS)

    def count(*where: ColumnElement[bool]) -> int:
        return db.scalar(select(func.count()).where(*where)) or 0

    overdue = (
        select(func.count())
        .select_from(Task)
        .outerjoin(Authorization, Authorization.id == Task.authorization_id)
        .where(Task.state == "open", _by_when < today)
    )
    return {
        "open": count(Task.state == "open"),
        "overdue": db.scalar(overdue) or 0,
        "due": count(Authorization.portal.is_not(None), Authorization.next_due <= today),
        "expiring": count(Authorization.expiry.between(today, soon)),
        "authorizations": db.scalar(select(func.count()).select_from(Authorization)) or 0,
    }
