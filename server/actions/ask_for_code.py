"""Asks the clinic for what only a person receives: a request on the worklist, open until its deadline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal_profiles.profile import PUSH
from server.actions.open_task import open_task
from server.db.session import local_date, local_time
from server.db.tables import CodeRequest, PortalAccount
from server.security import audit

#: States of a request that a person may still do something about, or has done and the robot has not used.
OPEN, ANSWERED = "open", "answered"

_SENT_BY = {"email": "by e-mail", "text": "by text message", "call": "by telephone"}


def ask_for_code(
    session: Session,
    account: PortalAccount,
    method: str,
    *,
    run_id: int | None,
    actor: str,
    now: datetime,
    expires_at: datetime,
    again: bool = False,
    number: str = "",
) -> CodeRequest:
    """The new open request for this account, with its task.

    method: email, text, call or push; expires_at: aware, when the robot no longer waits; again: the code
    given before was refused by the portal; number: what a push's page shows, to be chosen on the telephone.
    """
    request = CodeRequest(
        account_id=account.id,
        run_id=run_id,
        portal=account.portal,
        method=method,
        asked_at=now,
        expires_at=expires_at,
        state=OPEN,
        number=number,
    )
    session.add(request)
    session.flush()
    until = f"{local_time(session, expires_at):%H:%M}"
    if method == PUSH:
        why = f"The portal asks for approval on the telephone of this account. The pass waits until {until}."
        choose = f", and choose {number} there" if number else ""
        next_step = f"Approve the sign-in on the telephone before {until}{choose}."
    else:
        refused = "The portal refused the code that was entered. " if again else ""
        why = f"{refused}The portal sent a code {_SENT_BY[method]}. The pass waits until {until}."
        next_step = f"Enter the code on the worklist before {until}."
    open_task(
        session,
        kind="code_needed",
        title="A pass waits for a sign-in code"
        if method != PUSH
        else "A pass waits for approval by telephone",
        why=why,
        next_step=next_step,
        dedupe_key=task_key(request.id),
        actor=actor,
        now=now,
        portal=account.portal,
        run_id=run_id,
        due=local_date(session, expires_at),
    )
    audit.record(
        session,
        actor,
        "code.asked",
        f"code_request:{request.id}",
        {"portal": account.portal, "method": method},
        now=now,
    )
    return request


def task_key(request_id: int) -> str:
    """The cause under which the request's task stands on the worklist."""
    return f"code_request:{request_id}"
