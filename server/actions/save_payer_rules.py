"""Keeps payers' published practices: a rule of the same name is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.facts import payer_rule_facts
from server.db.tables import PayerRule
from server.matching import facts
from server.security import audit


@dataclass(frozen=True, slots=True)
class SavedRules:
    """How many rules were new, changed, and as they were."""

    created: int
    updated: int
    unchanged: int


def save_payer_rules(
    session: Session, rules: Sequence[facts.PayerRule], actor: str, now: datetime
) -> SavedRules:
    """Keeps every rule in a write session. The same rules again change nothing."""
    kept = {
        row.name: row
        for row in session.scalars(select(PayerRule).where(PayerRule.name.in_([r.id for r in rules])))
    }
    created = updated = 0
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
        row.payer_id, row.plan, row.kind, row.data = (
            rule.payer_id,
            rule.plan,
            rule.kind.value,
            dict(rule.data),
        )
        row.source, row.source_date = rule.source, rule.source_date
        row.effective, row.expiry = rule.effective, rule.expiry
        audit.record(session, actor, "payer_rule.saved", f"payer_rule:{rule.id}", now=now)
    return SavedRules(created, updated, len(rules) - created - updated)
