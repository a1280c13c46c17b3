"""Readings that wait for a person: is the page's patient the record's?"""

from __future__ import annotations

from flask import redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.actions.decide_reading import accept_reading, reject_reading
from server.actions.undo_reading import Why, undo_reading
from server.context import context
from server.db import queries
from server.db.tables import Evidence, Reading
from server.errors import Problem
from server.security import audit
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web


@web.get("/readings/<int:reading_id>")
@needs(Role.BILLER)
def reading(reading_id: int) -> Response:
    """The record beside what the page said."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        row = db.get(Reading, reading_id)
        if row is None or row.authorization_id is None:
            raise Problem("not_found", "There is no such reading.", 404)
        authorization = queries.authorization(db, row.authorization_id)
        evidence = list(
            db.scalars(
                select(Evidence).where(
                    Evidence.reading_id == reading_id,
                    Evidence.media_type == "image/png",
                    Evidence.removed_at.is_(None),
                )
            )
        )
        audit.record(
            db, actor.label, "reading.seen", f"authorization:{row.authorization_id}", now=known.clock()
        )
    return page("reading.html", "worklist", reading=row, a=authorization, evidence=evidence)


@web.post("/readings/<int:reading_id>")
@needs(Role.BILLER)
def decide_reading(reading_id: int) -> Response:
    """Records or discards a reading that waited."""
    known, actor = context(), current_actor()
    decide = accept_reading if request.form.get("decision") == "accept" else reject_reading
    with known.database.write(actor.label) as db:
        authorization_id = decide(db, reading_id, actor.label, known.clock())
    done("The reading is recorded." if decide is accept_reading else "The reading is discarded.")
    return redirect(url_for("web.authorization", authorization_id=authorization_id), 303)


@web.post("/readings/<int:reading_id>/undo")
@needs(Role.SCHEDULER)
def take_back_reading(reading_id: int) -> Response:
    """Takes back a reading that was written into the record, as long as nothing newer has changed it."""
    known, actor = context(), current_actor()
    given = request.form.get("why", "")
    if given not in set(Why):
        raise Problem("why_needed", "Say why the reading is taken back.", 422)
    with known.database.write(actor.label) as db:
        authorization_id = undo_reading(db, reading_id, Why(given), actor.label, known.clock()).id
    done("The reading is taken back. The record is as it was before.")
    return redirect(url_for("web.authorization", authorization_id=authorization_id), 303)
