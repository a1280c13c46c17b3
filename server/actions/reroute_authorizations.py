"""Looks up anew where authorizations are looked up, after a payer's rules have changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal_profiles.vocabulary import Determination
from server.actions.close_task import close_tasks_of
from server.actions.place_authorization import (
    SAID_OTHERWISE,
    TIED,
    Router,
    of_payer,
    place,
    tell_of_contradictions,
    tell_of_place,
    tell_of_tie,
)
from server.actions.save_authorization import first_look
from server.db.session import local_date
from server.db.tables import Authorization, Task
from server.matching.facts import PayerRule
from server.security import audit

BATCH = 500


def reroute_authorizations(session: Session, payer_ids: Iterable[str], actor: str, now: datetime) -> int:
    """Moves every authorization of these payers that a rule had placed, or that has no portal, to where the
    rules lead now; gives how many moved. Contradictions and ties are told by their causes, those that are
    gone no more.
    """
    today = local_date(session, now)
    router = Router(session, today)
    against: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    rules: dict[str, PayerRule] = {}
    ties: dict[tuple[str, ...], tuple[PayerRule, ...]] = {}
    payers = sorted(set(payer_ids))
    asked = set(
        session.scalars(
            select(Task.authorization_id).where(Task.kind == "portal_contradicts_rule", Task.state == "open")
        )
    )
    moved, last = 0, 0
    while True:
        rows = session.scalars(
            select(Authorization)
            .where(Authorization.payer_id.in_(payers), Authorization.id > last)
            .order_by(Authorization.id)
            .limit(BATCH)
            .options(selectinload(Authorization.lines))
        ).all()
        if not rows:
            break
        last = rows[-1].id
        for row in rows:
            named = row.portal if row.portal_by_rule is None else None
            placed = place(router.route(row), named, row.portal, row.portal_by_rule)
            if placed.contradicted and placed.route.rule is not None:
                rules[placed.route.rule.id] = placed.route.rule
                against[named or "", placed.route.rule.id].append(row.id)
            if placed.route.tied:
                ties[tuple(rule.id for rule in placed.route.tied)] = placed.route.tied
            if (placed.portal, placed.by_rule) != (row.portal, row.portal_by_rule):
                tell_of_place(session, row.id, placed, actor, now)
                moved += _move(row, placed.portal, placed.by_rule, session, actor, now)
            elif not placed.contradicted and row.id in asked:
                tell_of_place(session, row.id, placed, actor, now)
        session.flush()
    told = {tell_of_tie(session, tied, actor, now) for tied in ties.values()}
    told |= {
        tell_of_contradictions(session, portal, rules[name], ids, actor, now)
        for (portal, name), ids in against.items()
    }
    _close_the_others(session, payers, told, actor, now)
    return moved


def _move(
    row: Authorization, portal: str | None, by_rule: str | None, session: Session, actor: str, now: datetime
) -> bool:
    elsewhere = row.portal != portal
    row.portal, row.portal_by_rule = portal, by_rule
    row.version += 1
    row.updated_at = now
    if elsewhere:
        row.next_due = first_look(
            portal, Determination(row.determination), row.expiry, local_date(session, now)
        )
    detail = {"source": "payer_rule", "version": row.version, "fields": ["portal"]}
    audit.record(session, actor, "authorization.changed", f"authorization:{row.id}", detail, now=now)
    return elsewhere


def _close_the_others(
    session: Session, payers: Iterable[str], told: set[str], actor: str, now: datetime
) -> None:
    """Closes what was told of these payers' rules before and is so no more."""
    for payer_id in payers:
        for kind in (TIED, SAID_OTHERWISE):
            keys = session.scalars(
                select(Task.dedupe_key).where(
                    Task.state == "open",
                    Task.dedupe_key.startswith(of_payer(kind, payer_id), autoescape=True),
                )
            ).all()
            for key in set(keys) - told:
                close_tasks_of(session, key, actor, now, "The payer's rules have changed.")
