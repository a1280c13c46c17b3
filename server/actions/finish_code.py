"""Ends a request for a code: used, refused by the portal, expired. Its code is deleted, its task closed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.actions.ask_for_code import ANSWERED, OPEN, task_key
from server.actions.close_task import close_tasks_of
from server.db.tables import CodeRequest
from server.security import audit

_NOTES = {
    "used": "The portal went on.",
    "refused": "The portal refused the code.",
    "expired": "The pass no longer waits for it.",
}


def finish_code(session: Session, request: CodeRequest, how: str, actor: str, now: datetime) -> None:
    """how: used, refused or expired. A request that has ended stays as it ended."""
    if request.state not in (OPEN, ANSWERED):
        return
    request.state, request.answer = how, None
    close_tasks_of(session, task_key(request.id), actor, now, _NOTES[how])
    audit.record(
        session,
        actor,
        f"code.{how}",
        f"code_request:{request.id}",
        {"portal": request.portal, "method": request.method},
        now=now,
    )


def expire_codes(session: Session, actor: str, now: datetime) -> int:
    """Ends every request whose deadline has passed, as when the program ended meanwhile; gives how many."""
    late = session.scalars(
        select(CodeRequest).where(CodeRequest.state.in_([OPEN, ANSWERED]), CodeRequest.expires_at <= now)
    ).all()
    for request in late:
        finish_code(session, request, "expired", actor, now)
    return len(late)
