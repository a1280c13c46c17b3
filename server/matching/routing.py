"""Where an authorization is looked up: delegated services live with the vendor, not with the payer (domain
facts, section 6; portals' hazard 14).

The payer's rules of kind `looked_up_at` say so, each with its source. The most specific one counts. A rule is
more specific by its service (one code, then a range, then a service type, then drugs, then anything) or by
its plan; one that wins by the service and loses by the plan is neither more nor less specific. Where several
are left that name different portals, or the lines of one authorization lead to different ones, nobody knows:
that is said, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from server.matching.compare import code_key, code_kind, identifier_key, in_code_range, name_key
from server.matching.payer_rules import PayerRule, PayerRuleKind

_ANYTHING, _DRUGS, _SERVICE_TYPE, _RANGE, _CODE = range(5)


class PlacedLine(Protocol):
    """What is asked of a line: an input's or a row's."""

    @property
    def code(self) -> str | None: ...
    @property
    def code_end(self) -> str | None: ...
    @property
    def requested_code(self) -> str | None: ...
    @property
    def service_type(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """portal: its slug, None where no rule says; rule: the one that says it. tied: rules that fit equally and
    name different portals; portal is None then.
    """

    portal: str | None = None
    rule: PayerRule | None = None
    tied: tuple[PayerRule, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fit:
    rule: PayerRule
    service: int
    range: tuple[str, str] | None = None

    def beats(self, other: _Fit) -> bool:
        """More specific in one respect and less in none."""
        plans = bool(self.rule.plan_key) - bool(other.rule.plan_key)
        services = self.service - other.service
        if services == 0 and self.range != other.range:
            if not (self._within(other) or other._within(self)):
                return False
            services = 1 if self._within(other) else -1
        return min(plans, services) >= 0 and max(plans, services) > 0

    def _within(self, other: _Fit) -> bool:
        return (
            self.range is not None
            and other.range is not None
            and all(in_code_range(end, *other.range) for end in self.range)
        )


def route(rules: Iterable[PayerRule], plan: str | None, lines: Sequence[PlacedLine], on: date) -> Route:
    """Where the services of `lines` under this plan are looked up. rules: the payer's, of any kind. on: the
    day of service, or today where none is planned. A line that no rule is for leaves the answer to the
    others.
    """
    plan_key = name_key(plan)
    in_force = [
        rule for rule in rules if rule.kind is PayerRuleKind.LOOKED_UP_AT and rule.in_force(plan_key, on)
    ]
    if not in_force:
        return Route()
    best: list[PayerRule] = []
    for line in lines or (None,):
        fits = [fit for rule in in_force if (fit := _fit(rule, line)) is not None]
        best += [fit.rule for fit in fits if not any(other.beats(fit) for other in fits)]
    if not best:
        return Route()
    if len({rule.terms.portal for rule in best}) > 1:
        return Route(tied=tuple(sorted({rule.id: rule for rule in best}.values(), key=lambda rule: rule.id)))
    rule = max(best, key=lambda rule: (rule.source_date, rule.id))
    return Route(rule.terms.portal, rule)


def _fit(rule: PayerRule, line: PlacedLine | None) -> _Fit | None:
    """How closely the rule is for the line; None where it is not. None for a line: the services are not
    known."""
    terms = rule.terms
    if not (terms.codes or terms.ranges or terms.service_types or terms.drugs):
        return _Fit(rule, _ANYTHING)
    if line is None:
        return None
    code = code_key(line.code or line.requested_code)
    last = code_key(line.code_end) or code
    if code and code == last and code in terms.codes:
        return _Fit(rule, _CODE)
    if code:
        around = [ends for ends in terms.ranges if in_code_range(code, *ends) and in_code_range(last, *ends)]
        fits = [_Fit(rule, _RANGE, ends) for ends in around]
        narrowest = [fit for fit in fits if not any(other.beats(fit) for other in fits)]
        if narrowest:
            return narrowest[0]
    if line.service_type and identifier_key(line.service_type) in terms.service_types:
        return _Fit(rule, _SERVICE_TYPE)
    if terms.drugs and code_kind(code) == "ndc":
        return _Fit(rule, _DRUGS)
    return None
