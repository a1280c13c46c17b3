"""Keeps payers' published practices: a rule of the same name is replaced. Where a rule says on which portal
services are looked up, the records follow at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.actions.reroute_authorizations import reroute_authorizations
from server.db.facts import payer_rule_facts
from server.db.tables import PayerRule
from server.matching import facts
from server.security import audit


@dataclass(frozen=True, slots=True)
class SavedRules:
    """How many rules were new, changed, and as they were; how many authorizations they moved to another
    portal."""

    created: int
    updated: int
    unchanged: int
    moved: int = 0


def save_payer_rules(
    session: Session, rules: Sequence[facts.PayerRule], actor: str, now: datetime
) -> SavedRules:
    """Keeps every rule in a write session. The same rules again change nothing."""
    kept = {
        row.name: row
        for row in session.scalars(select(PayerRule).where(PayerRule.name.in_([r.id for r in rules])))
    }
    created = updated = 0
    looked_up = facts.PayerRuleKind.LOOKED_UP_AT
    payers: set[str] = set()
    for rule in rules:
        row = kept.get(rule.id)
        if row is not None and payer_rule_facts(row) == rule:
            continue
        if row is None:
            row = PayerRule(name=rule.id)
            session.add(row)
            created += 1
        else:
            updated += 1
        if looked_up.value in (row.kind, rule.kind.value):
            payers |= {payer for payer in (row.payer_id, rule.payer_id) if payer}
        row.payer_id, row.plan, row.kind, row.data = (
            rule.payer_id,
            rule.plan,
            rule.kind.value,
            dict(rule.data),
        )
        row.source, row.source_date = rule.source, rule.source_date
        row.effective, row.expiry = rule.effective, rule.expiry
        audit.record(session, actor, "payer_rule.saved", f"payer_rule:{rule.id}", now=now)
    session.flush()
    moved = reroute_authorizations(session, payers, actor, now) if payers else 0
    return SavedRules(created, updated, len(rules) - created - updated, moved)
