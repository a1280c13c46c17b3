"""Takes the code that a person enters, and keeps it encrypted until the waiting robot uses it."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from portal_profiles.profile import PUSH
from server.actions.ask_for_code import ANSWERED, OPEN, task_key
from server.actions.close_task import close_tasks_of
from server.db.tables import CodeRequest
from server.errors import FieldProblem, Problem
from server.security import audit
from server.security.secrets import vault_of

#: What a code can be: letters and digits, as long as portals make them; blanks and hyphens are left out.
_CODE = re.compile(r"[0-9A-Za-z]{4,12}")


def answer_code(session: Session, request_id: int, code: str, actor: str, now: datetime) -> CodeRequest:
    """The answered request.

    Raises Problem `not_found` (404), `code_answered` (409) where somebody was first, `code_too_late` (409)
    where the pass no longer waits, `code_not_typed` (409) for a push, `invalid` (422).
    """
    request = session.get(CodeRequest, request_id)
    if request is None:
        raise Problem("not_found", "There is no such request for a code.", 404)
    if request.method == PUSH:
        raise Problem("code_not_typed", "Nothing is entered here: approve it on the telephone.", 409)
    if request.state not in (OPEN, "expired"):
        raise Problem("code_answered", "Somebody has entered this code already.", 409)
    if request.state != OPEN or now >= request.expires_at:
        raise Problem(
            "code_too_late",
            "It is too late: the pass no longer waits for this code. Start it again to be sent a new one.",
            409,
        )
    typed = re.sub(r"[\s-]", "", code)
    if not _CODE.fullmatch(typed):
        problem = FieldProblem("code", "This is not a code.", "Enter the 4 to 12 digits of the message.")
        raise Problem("invalid", "The code was not taken.", 422, (problem,))
    request.answer = vault_of(session).seal(_purpose(request), typed.encode())
    request.state, request.answered_at, request.answered_by = ANSWERED, now, actor
    close_tasks_of(session, task_key(request.id), actor, now, "The code was entered.")
    audit.record(
        session, actor, "code.answered", f"code_request:{request.id}", {"portal": request.portal}, now=now
    )
    return request


def take_answer(session: Session, request: CodeRequest, actor: str, now: datetime) -> str | None:
    """The code that was entered, which is kept no longer; None while nobody has."""
    if request.state != ANSWERED or request.answer is None:
        return None
    code = vault_of(session).unseal(_purpose(request), request.answer).decode()
    request.answer = None
    audit.record(
        session, actor, "code.taken", f"code_request:{request.id}", {"portal": request.portal}, now=now
    )
    return code


def _purpose(request: CodeRequest) -> str:
    return f"code request/{request.id}"
