"""Sign-in codes that a pass waits for: who must enter which, until when, and the form that takes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import redirect, request, url_for
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased
from werkzeug.wrappers import Response

from server.actions import answer_code
from server.context import context
from server.db.tables import CodeRequest, PortalAccount
from server.errors import Problem
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web

#: What is said of an answer that comes too late, or second; nothing of it is wrong with the form.
_LATE = frozenset({"code_answered", "code_too_late", "code_not_typed", "invalid"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open request. seconds: left until nobody waits for it; again: the code before was refused."""

    request: CodeRequest
    username: str
    seconds: int
    again: bool


def waiting(db: Session, now: datetime, run_id: int | None = None) -> list[Waiting]:
    """The requests that are open now (of one run), the most urgent first."""
    earlier = aliased(CodeRequest)
    again = exists().where(
        earlier.run_id == CodeRequest.run_id,
        earlier.account_id == CodeRequest.account_id,
        earlier.state == "refused",
        earlier.id < CodeRequest.id,
    )
    query = (
        select(CodeRequest, PortalAccount.username, again)
        .join(PortalAccount, PortalAccount.id == CodeRequest.account_id)
        .where(CodeRequest.state == "open", CodeRequest.expires_at > now)
        .order_by(CodeRequest.expires_at, CodeRequest.id)
    )
    if run_id is not None:
        query = query.where(CodeRequest.run_id == run_id)
    return [
        Waiting(asked, username, int((asked.expires_at - now).total_seconds()), refused)
        for asked, username, refused in db.execute(query)
    ]


@web.get("/codes")
@needs(Role.VIEWER)
def codes() -> Response:
    """What is waited for now; the worklist and a pass's page ask here whether that has changed."""
    asked = request.args.get("run", "")
    run_id = int(asked) if asked.isdigit() else None
    with context().database.read() as db:
        found = waiting(db, context().clock(), run_id)
    return page(
        "codes.html", "worklist", codes=found, run_id=run_id, may_answer=current_actor().may(Role.SCHEDULER)
    )


@web.post("/codes/<int:request_id>")
@needs(Role.SCHEDULER)
def give_code(request_id: int) -> Response:
    """Takes a code, and goes back to where it was entered."""
    known, actor = context(), current_actor()
    try:
        with known.database.write(actor.label) as db:
            code = request.form.get(f"code-{request_id}", "")
            answer_code.answer_code(db, request_id, code, actor.label, known.clock())
        done("The code is on its way to the portal. If the portal refuses it, you are asked once more.")
    except Problem as problem:
        if problem.code not in _LATE:
            raise
        done(
            " ".join([problem.message, *(f"{field.message} {field.remedy}" for field in problem.fields)]),
            "bad",
        )
    back = request.form.get("run", "")
    return redirect(url_for("web.run", run_id=int(back)) if back.isdigit() else url_for("web.worklist"), 303)
