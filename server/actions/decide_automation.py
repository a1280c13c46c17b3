"""The clinic decides whether a portal may be looked at by the robot (design, decision 8)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from server.db.tables import PortalSetting
from server.errors import FieldProblem, Problem
from server.security import audit

DECISIONS = ("unknown", "permitted", "forbidden")


def decide_automation(
    session: Session, portal: str, decision: str, text: str, actor: str, now: datetime
) -> PortalSetting:
    """The portal's setting with the decision, who took it, when, and on what text (terms, contract, a
    letter).

    Raises Problem `invalid` (422) for another word, or for a permission without the text that it rests on.
    """
    problems: list[FieldProblem] = []
    if decision not in DECISIONS:
        problems.append(
            FieldProblem("automation", "No such decision.", f"Give one of: {', '.join(DECISIONS)}.")
        )
    if decision == "permitted" and not text.strip():
        problems.append(
            FieldProblem(
                "text",
                "A permission needs the text that it rests on.",
                "Quote the terms, the contract or the letter.",
            )
        )
    if problems:
        raise Problem("invalid", "The decision was not kept.", 422, tuple(problems))
    setting = session.get(PortalSetting, portal)
    if setting is None:
        setting = PortalSetting(portal=portal)
        session.add(setting)
    setting.automation = decision
    setting.automation_text = text.strip() or None
    setting.automation_decided_by, setting.automation_decided_at = actor, now
    audit.record(
        session, actor, "portal.automation_decided", f"portal:{portal}", {"decision": decision}, now=now
    )
    return setting
