"""The payer's rules that hold for one comparison: those of its payer and plan, in force on the day of
service.
"""

from __future__ import annotations

from datetime import date

from server.matching.compare import identifier_key, name_key
from server.matching.facts import Authorization, PayerRule, PayerRuleKind, Policy, Service


class Practice:
    """Payer rules in force, by kind. Empty where nothing is published: then every comparison is strict."""

    __slots__ = ("_by_kind",)

    def __init__(self, rules: tuple[PayerRule, ...]) -> None:
        self._by_kind: dict[PayerRuleKind, tuple[PayerRule, ...]] = {}
        for rule in rules:
            self._by_kind[rule.kind] = (*self._by_kind.get(rule.kind, ()), rule)

    def rules(self, kind: PayerRuleKind) -> tuple[PayerRule, ...]:
        """Every rule of a kind that is in force."""
        return self._by_kind.get(kind, ())

    def rule(self, kind: PayerRuleKind) -> PayerRule | None:
        """The one rule of a kind that sets a level or an anchor. Of several the latest published counts."""
        rules = self._by_kind.get(kind)
        return max(rules, key=lambda rule: (rule.source_date, rule.id)) if rules else None


STRICT = Practice(())


def practice_of(service: Service, authorization: Authorization, policy: Policy) -> Practice:
    """The rules of the authorization's payer (of the service's, where the authorization names none).

    The day is the service's first; a service without a date is a planned one, and today's rules count.
    """
    if not policy.rules_by_payer:
        return STRICT
    payer = identifier_key(authorization.payer_id) or identifier_key(service.payer_id)
    rules = policy.rules_by_payer.get(payer)
    if not rules:
        return STRICT
    plan = name_key(authorization.plan) or name_key(service.plan)
    day: date = service.date_from or service.date_to or service.admission_date or policy.today
    in_force = tuple(rule for rule in rules if rule.in_force(plan, day))
    return Practice(in_force) if in_force else STRICT
