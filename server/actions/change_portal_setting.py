"""Changes how one portal is looked at: whether, when, how often, and whether a sandbox stands in for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal_profiles.vocabulary import Determination
from server.db.tables import PortalSetting
from server.errors import FieldProblem, Problem
from server.security import audit

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def change_portal_setting(
    session: Session,
    portal: str,
    actor: str,
    now: datetime,
    *,
    enabled: bool = True,
    start_at: str | None = None,
    due_days: Mapping[str, Any] | None = None,
    base_url: str | None = None,
) -> PortalSetting:
    """The portal's setting with the values given, each replacing what was kept.

    start_at: local HH:MM, or None for the profile's own. due_days: {determination: days between looks}.
    base_url: the address of a sandbox, or None. Raises Problem `invalid` (422).
    """
    problems: list[FieldProblem] = []
    if start_at is not None and not _TIME.fullmatch(start_at):
        problems.append(FieldProblem("start_at", "This is not a time of day.", "Give HH:MM, such as 19:00."))
    for word, days in (due_days or {}).items():
        if word not in list(Determination) or isinstance(days, bool) or not isinstance(days, int) or days < 1:
            problems.append(
                FieldProblem(
                    "due_days",
                    "A determination or its number of days is not right.",
                    "Give whole days from 1 on.",
                )
            )
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        problems.append(FieldProblem("base_url", "This is not a web address.", "Give http:// or https://."))
    if problems:
        raise Problem("invalid", "The portal's setting was not changed.", 422, tuple(problems))
    setting = session.get(PortalSetting, portal)
    if setting is None:
        setting = PortalSetting(portal=portal)
        session.add(setting)
    setting.enabled, setting.start_at, setting.base_url = enabled, start_at, base_url
    setting.due_days = dict(due_days or {})
    audit.record(session, actor, "portal.setting_changed", f"portal:{portal}", {"enabled": enabled}, now=now)
    return setting
