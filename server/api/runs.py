"""Passes of the night job and single checks asked for now: how they went, authorization by authorization."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import func, select

from server.api.fields import Text
from server.api.resource import Resource, Strict
from server.context import context
from server.db.tables import Run, RunItem
from server.errors import Problem
from server.jobs import queue
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("runs", "runs", "Passes over the portals")


class RunSchema(Schema):
    """One pass. outcomes: how many authorizations ended in each outcome; left: not looked at (yet)."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"enum": ["nightly", "check_now", "attended"]})
    portal = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"enum": ["running", "finished", "stopped"]})
    started_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)
    started_by = fields.String(required=True)
    message = fields.String(required=True, allow_none=True)
    due = fields.Integer(required=True)
    left = fields.Integer(required=True)
    outcomes = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class RunItemSchema(Schema):
    """One authorization in the pass, by its id."""

    authorization_id = fields.Integer(required=True)
    portal = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)
    reading_id = fields.Integer(required=True, allow_none=True)


class RunWithItemsSchema(RunSchema):
    """One pass with every authorization that was due in it."""

    items = fields.List(fields.Nested(RunItemSchema), required=True)


class RunListSchema(Schema):
    """Passes, newest first."""

    items = fields.List(fields.Nested(RunSchema), required=True)
    page = fields.Integer(required=True)
    page_size = fields.Integer(required=True)
    total = fields.Integer(required=True)


class PageSchema(Strict):
    """Which page of a list."""

    page = fields.Integer(
        load_default=1, validate=validate.Range(1, 1_000_000, error="Not a page. Count from 1.")
    )
    page_size = fields.Integer(
        load_default=50, validate=validate.Range(1, 200, error="Not a page size. Ask for 1 to 200.")
    )


def _with_counts(runs: list[Run]) -> list[dict[str, Any]]:
    counts: dict[int, dict[str | None, int]] = {}
    query = (
        select(RunItem.run_id, RunItem.outcome, func.count())
        .where(RunItem.run_id.in_([run.id for run in runs]))
        .group_by(RunItem.run_id, RunItem.outcome)
    )
    with context().database.read() as db:
        for run_id, outcome, count in db.execute(query):
            counts.setdefault(run_id, {})[outcome] = count
    return [_as_json(run, counts.get(run.id, {})) for run in runs]


def _as_json(run: Run, counts: dict[str | None, int]) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "portal": run.portal,
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "started_by": run.started_by,
        "message": run.message,
        "due": sum(counts.values()),
        "left": counts.get(None, 0),
        "outcomes": {outcome: count for outcome, count in counts.items() if outcome is not None},
    }


@resource.get("", access=Role.VIEWER, answers=RunListSchema, query=PageSchema)
def list_runs(asked: dict[str, int]) -> dict[str, Any]:
    """Passes, newest first, with how many ended in each outcome."""
    page, size = asked["page"], asked["page_size"]
    with context().database.read() as db:
        total = db.scalar(select(func.count()).select_from(Run)) or 0
        runs = list(db.scalars(select(Run).order_by(Run.id.desc()).limit(size).offset((page - 1) * size)))
    return {"items": _with_counts(runs), "page": page, "page_size": size, "total": total}


class StartSchema(Strict):
    """What to look at now: one authorization, or what is due on one portal, or (nothing given) all that is
    due.
    """

    portal = Text(60)
    authorization_id = fields.Integer(strict=True, allow_none=True)


@resource.post("", access=Role.SCHEDULER, answers=RunSchema, status=201, body=StartSchema, errors=(404, 409))
def start(asked: dict[str, Any]) -> dict[str, Any]:
    """Check now: begin a pass and answer at once; `GET /api/v1/runs/{id}` follows it."""
    known = context()
    run_id = queue.check_now(
        known.database, current_actor().label, known.clock(),
        authorization_id=asked.get("authorization_id"), portal=asked.get("portal"),
    )  # fmt: skip
    with known.database.read() as db:
        run = db.get_one(Run, run_id)
    return _with_counts([run])[0]


@resource.get("/<int:run_id>", access=Role.VIEWER, answers=RunWithItemsSchema, errors=(404,))
def read_run(run_id: int) -> dict[str, Any]:
    """One pass with the outcome of every authorization that was due in it."""
    with context().database.read() as db:
        run = db.get(Run, run_id)
        if run is None:
            raise Problem("not_found", "There is no such run.", 404)
        items = list(db.scalars(select(RunItem).where(RunItem.run_id == run_id).order_by(RunItem.id)))
    return {
        **_with_counts([run])[0],
        "items": [
            {
                "authorization_id": item.authorization_id,
                "portal": item.portal,
                "outcome": item.outcome,
                "message": item.message,
                "attempts": item.attempts,
                "finished_at": item.finished_at,
                "reading_id": item.reading_id,
            }
            for item in items
        ],
    }
