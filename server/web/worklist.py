"""The first page: what needs a person, the most pressing first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import redirect, request, url_for
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from werkzeug.wrappers import Response

from server.actions.close_task import close_task as close
from server.context import context
from server.db import queries
from server.db.tables import Authorization, Task
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web
from server.web.words import portal_name, words

SHOWN = 200
EXPIRY_DAYS = 14


@web.get("/")
@needs(Role.VIEWER)
def worklist() -> Response:
    """Open tasks by severity and date, and the day in figures."""
    known, actor = context(), current_actor()
    filters = {"kind": request.args.get("kind", ""), "portal": request.args.get("portal", "")}
    with known.database.read() as db:
        tasks = _open(db, filters)
        values: dict[str, Any] = {
            "tasks": tasks,
            "figures": _figures(db),
            "kinds": [(kind, words(kind)) for kind in _distinct(db, Task.kind)],
            "portals": [(slug, portal_name(slug)) for slug in _distinct(db, Task.portal)],
            "last_run": next(iter(queries.recent_runs(db, 1)), None),
        }
        return page(
            "worklist.html",
            "worklist",
            filters=filters,
            today=known.today(),
            may_check=actor.may(Role.SCHEDULER),
            may_close=actor.may(Role.BILLER),
            may_write=actor.may(Role.SCHEDULER),
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


def _open(db: Session, filters: dict[str, str]) -> list[Task]:
    severity = case({"denial": 0, "caution": 1}, value=Task.severity, else_=2)
    query = select(Task).where(Task.state == "open")
    if filters["kind"]:
        query = query.where(Task.kind == filters["kind"])
    if filters["portal"]:
        query = query.where(Task.portal == filters["portal"])
    return list(db.scalars(query.order_by(severity, Task.due.is_(None), Task.due, Task.id).limit(SHOWN)))


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

    return {
        "open": count(Task.state == "open"),
        "overdue": count(Task.state == "open", Task.due < today),
        "due": count(Authorization.portal.is_not(None), Authorization.next_due <= today),
        "expiring": count(Authorization.expiry.between(today, soon)),
        "authorizations": db.scalar(select(func.count()).select_from(Authorization)) or 0,
    }
