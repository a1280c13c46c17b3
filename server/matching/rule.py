"""What a rule is: one function in a file of its own under `rules/`, with a docstring for staff and examples.

A rule answers one of three things, so that "clear" and "not checked" are never confused:
`None` (too little is known, nothing was compared), an `Agreement` (compared, alike), a `Difference`
(compared, not).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypedDict

from portal_profiles.vocabulary import FieldName
from server.matching.facts import Authorization, PayerRule, Policy, Service
from server.matching.finding import Finding, Severity


class Sides(TypedDict):
    """What each half says, to hand on to every difference that a rule can tell."""

    approved: str | None
    entered: str | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The fields that were compared and agree."""

    fields: tuple[FieldName, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a rule found. The engine adds the rule's name and docstring and makes a `Finding` of it.

    payer_rule: the row that permits the difference, softens or sharpens it. slip: likely a typing error.
    Differences of a patient's identifiers leave approved and entered empty: a warning may stand on a page
    that does not show them.
    """

    severity: Severity
    field: FieldName
    message: str
    next_step: str
    approved: str | None = None
    entered: str | None = None
    carc: str | None = None
    payer_rule: PayerRule | None = None
    slip: bool = False


Answer = Agreement | Difference | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One loaded rule. why: its docstring, shown with the warning. answer: its function."""

    name: str
    why: str
    answer: Callable[..., Answer]

    def finding(self, difference: Difference, line: int | None) -> Finding:
        """The difference as a finding of this rule."""
        payer_rule = difference.payer_rule
        denied = difference.severity is Severity.DENIAL
        return Finding(
            rule=self.name,
            severity=difference.severity,
            field=difference.field,
            message=difference.message,
            why=self.why,
            next_step=difference.next_step,
            approved=difference.approved,
            entered=difference.entered,
            carc=difference.carc,
            line=line,
            allowed_by=payer_rule.id if payer_rule is not None and not denied else None,
            source=payer_rule.cited() if payer_rule is not None else None,
        )


#: The day on which examples take place.
EXAMPLE_DAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Example:
    """One case of a rule: what it shows, both halves, and what the rule must answer (None: nothing)."""

    shows: str
    service: Service
    authorizations: tuple[Authorization, ...]
    severity: Severity | None
    policy: Policy = field(default_factory=lambda: Policy(today=EXAMPLE_DAY))
