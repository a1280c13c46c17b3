"""On which portal an authorization is looked up: the one that a person or a file named, else the one that the
payer's rules lead to (kind `looked_up_at`).

What was named is never overruled: where a rule says otherwise, a person is asked. Rules that tie decide
nothing, and are told as one task for all that they concern.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from portal_profiles import catalogue
from server.actions.close_task import close_tasks_of
from server.actions.open_task import open_task
from server.db import queries
from server.matching.facts import PayerRule, PayerRuleKind
from server.matching.routing import PlacedLine, Route, route

#: How the keys of the tasks begin that one cause opens for many records: rules that tie, a rule that says
#: another portal than a file.
TIED, SAID_OTHERWISE = "portal_tied", "portal_rule"


class Placed(Protocol):
    """What is asked of an authorization: an input's or a row's."""

    @property
    def payer_id(self) -> str | None: ...
    @property
    def plan(self) -> str | None: ...
    @property
    def lines(self) -> Sequence[PlacedLine]: ...
    @property
    def service_date(self) -> date | None: ...
    @property
    def effective(self) -> date | None: ...


class Router:
    """The rules of each payer that was asked about, read once. today: the clinic's date."""

    def __init__(self, session: Session, today: date) -> None:
        self._session, self._today = session, today
        self._rules: dict[str, tuple[PayerRule, ...]] = {}

    def route(self, data: Placed) -> Route:
        """Where its payer's rules lead, whatever portal is named on it."""
        if not data.payer_id:
            return Route()
        if data.payer_id not in self._rules:
            rules = queries.payer_rules(self._session, data.payer_id)
            self._rules[data.payer_id] = tuple(r for r in rules if r.kind is PayerRuleKind.LOOKED_UP_AT)
        rules = self._rules[data.payer_id]
        if not rules:
            return Route()
        return route(rules, data.plan, data.lines, data.service_date or data.effective or self._today)


@dataclass(frozen=True, slots=True)
class Placement:
    """portal, by_rule: as the record keeps them. route: where the rules lead. lost: a rule led here, and none
    does now."""

    portal: str | None
    by_rule: str | None = None
    route: Route = field(default_factory=Route)
    lost: bool = False

    @property
    def contradicted(self) -> bool:
        """Whether a rule names another portal than a person or a file did."""
        return (
            self.portal is not None
            and self.by_rule is None
            and self.route.portal is not None
            and self.route.portal != self.portal
        )


def place(route: Route, named: str | None, known: str | None = None, by_rule: str | None = None) -> Placement:
    """Where it is looked up. named: the portal that a person or a file names, None where nobody does. known,
    by_rule: where a rule has led so far; a tie leaves it there.
    """
    if named is not None:
        return Placement(named, None, route)
    if route.rule is not None:
        return Placement(route.portal, route.rule.id, route)
    if route.tied and by_rule is not None:
        return Placement(known, by_rule, route)
    return Placement(None, None, route, lost=by_rule is not None)


def named_portal(given: str | None, known: str | None, by_rule: str | None) -> str | None:
    """The portal that somebody names: the one given, unless it only repeats what a rule had led to."""
    return None if by_rule is not None and given == known else given


def tell_of_place(
    session: Session, authorization_id: int, placement: Placement, actor: str, now: datetime
) -> None:
    """Asks a person about what the rules leave open for one authorization, and no more where it is mended."""
    said, lost = f"portal_contradicted:{authorization_id}", f"portal_lost:{authorization_id}"
    rule = placement.route.rule
    if placement.contradicted and rule is not None:
        open_task(
            session,
            kind="portal_contradicts_rule",
            title="A payer rule names another portal than the record",
            why=contradiction(placement.portal, rule),
            next_step="Name the right portal on the record, or correct the rule.",
            dedupe_key=said,
            actor=actor,
            now=now,
            authorization_id=authorization_id,
            portal=placement.portal,
        )
    else:
        close_tasks_of(session, said, actor, now, "The record and the payer's rules agree.")
    if placement.lost:
        open_task(
            session,
            kind="portal_lost",
            title="No rule says any more where this is looked up",
            why="The payer rule that led to its portal is not for it now, so that no pass looks at it.",
            next_step="Name its portal on the record, or add the payer's rule.",
            dedupe_key=lost,
            actor=actor,
            now=now,
            authorization_id=authorization_id,
        )
    elif placement.portal is not None:
        close_tasks_of(session, lost, actor, now, "It has a portal.")
    if placement.route.tied:
        tell_of_tie(session, placement.route.tied, actor, now)


def contradiction(portal: str | None, rule: PayerRule) -> str:
    """What is kept and what the rule says, with its source."""
    return (
        f"It is kept on {catalogue.name_of(portal or '')}, but the payer rule {rule.id} says that it is "
        f"looked up at {catalogue.name_of(rule.terms.portal)}: {rule.cited()}."
    )


def tell_of_tie(session: Session, tied: Sequence[PayerRule], actor: str, now: datetime) -> str:
    """One task for these rules, however many authorizations they concern; gives its key."""
    key = _cause(TIED, tied[0].payer_id, *(rule.id for rule in tied))
    said = "; ".join(f"{rule.id} says {catalogue.name_of(rule.terms.portal)}" for rule in tied)
    open_task(
        session,
        kind="portal_tied",
        title="Payer rules lead to several portals",
        why=f"For some authorizations none of these rules is more specific: {said}. None was followed.",
        next_step="Make one of the rules more specific (plan and codes), or name the portal on the records.",
        dedupe_key=key,
        actor=actor,
        now=now,
    )
    return key


def tell_of_contradictions(
    session: Session, portal: str, rule: PayerRule, ids: Sequence[int], actor: str, now: datetime
) -> str:
    """One task for all records that name this portal against this rule; gives its key."""
    some = ", ".join(str(one) for one in ids[:5]) + (" and more" if len(ids) > 5 else "")
    key = _cause(SAID_OTHERWISE, rule.payer_id, rule.id, portal)
    open_task(
        session,
        kind="portal_contradicts_rule",
        title="A payer rule names another portal than the records",
        why=f"{len(ids)} (authorizations {some}): {contradiction(portal, rule)}",
        next_step="Correct the portal in the file or on the records, or correct the rule.",
        dedupe_key=key,
        actor=actor,
        now=now,
        portal=portal,
    )
    return key


def of_payer(kind: str, payer_id: str) -> str:
    """How the keys of the tasks of one payer's causes begin."""
    return f"{kind}:{payer_id}:"


def _cause(kind: str, payer_id: str, *parts: str) -> str:
    return of_payer(kind, payer_id) + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
