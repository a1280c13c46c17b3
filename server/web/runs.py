"""Status passes: the list, one with live progress, and starting one now."""

from __future__ import annotations

from flask import redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.context import context
from server.db import queries
from server.db.tables import Run, RunItem
from server.errors import Problem
from server.jobs import queue
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web
from server.web.codes import waiting

ITEMS_SHOWN = 500


@web.get("/runs")
@needs(Role.VIEWER)
def runs() -> Response:
    """The newest passes with their ledgers."""
    with context().database.read() as db:
        rows = []
        for run_ in queries.recent_runs(db):
            counts = _counts(db, run_.id)
            due, left, read = sum(counts.values()), counts.get(None, 0), counts.get("read", 0)
            rows.append({"run": run_, "due": due, "read": read, "other": due - read - left, "left": left})
    return page("runs.html", "runs", runs=rows, may_check=current_actor().may(Role.SCHEDULER))


@web.get("/runs/<int:run_id>")
@needs(Role.VIEWER)
def run(run_id: int) -> Response:
    """One pass; while it runs the page refreshes itself."""
    with context().database.read() as db:
        row = db.get(Run, run_id)
        if row is None:
            raise Problem("not_found", "There is no such pass.", 404)
        counts = _counts(db, run_id)
        items = queries.run_items(db, run_id)
        codes = waiting(db, context().clock(), run_id)
    due, left = sum(counts.values()), counts.get(None, 0)
    by_outcome = sorted(
        ((outcome, n) for outcome, n in counts.items() if outcome is not None),
        key=lambda pair: (pair[0] != "read", -pair[1], pair[0]),
    )
    return page(
        "run.html",
        "runs",
        run=row,
        items=items[:ITEMS_SHOWN],
        more=len(items) > ITEMS_SHOWN,
        counts=by_outcome,
        codes=codes,
        may_answer=current_actor().may(Role.SCHEDULER),
        due=due,
        left=left,
        done=due - left,
    )


@web.post("/runs")
@needs(Role.SCHEDULER)
def start_run() -> Response:
    """Check now: everything that is due, or one authorization."""
    known, actor = context(), current_actor()
    asked = request.form.get("authorization_id", "")
    run_id = queue.check_now(
        known.database, actor.label, known.clock(), authorization_id=int(asked) if asked.isdigit() else None
    )
    done("The pass has started. This page follows it.")
    return redirect(url_for("web.run", run_id=run_id), 303)


def _counts(db: Session, run_id: int) -> dict[str | None, int]:
    rows = db.execute(
        select(RunItem.outcome, func.count()).where(RunItem.run_id == run_id).group_by(RunItem.outcome)
    )
    return {outcome: count for outcome, count in rows}  # noqa: C416 - typed rows are no mapping
