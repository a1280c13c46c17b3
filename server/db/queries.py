"""What is asked of the record. Reading only; each takes a session of `Database.read` or `.write`.

Every query here goes by an index and is bounded, so that it stays as quick at a million authorizations.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, or_, select, union
from sqlalchemy.orm import Session, selectinload

from server.db.facts import authorization_facts, payer_rule_facts
from server.db.keys import birth_dates_like, person_key, without_prefix
from server.db.tables import (
    Authorization,
    AuthorizationLine,
    DeterminationChange,
    Evidence,
    PayerRule,
    PortalAccount,
    PortalSetting,
    Reading,
    ReferenceNumber,
    Run,
    RunItem,
    Task,
    table_of,
)
from server.matching import facts
from server.matching.compare import identifier_key

CANDIDATES_A_WAY = 60
PAGE_SIZE_MAX = 500

_RECORD = table_of(Authorization)
_LINE = table_of(AuthorizationLine)
_NUMBER = table_of(ReferenceNumber)


def candidates_for(session: Session, service: facts.Service) -> list[facts.Authorization]:
    """Every authorization that the service could belong to, at most 60 a way, oldest record first.

    The ways: same member ID (also without a payer's prefix of three letters); same reference or referral
    number; same last name with the same birth date, also with day and month swapped. Those that cover the day
    of the service come first within a way's bound, then the newest.
    """
    ways: list[Select[Any]] = []
    rank = _covers_first(service.date_from or service.admission_date)
    if service.patient.member_id and (key := identifier_key(service.patient.member_id)):
        member_keys = [key, *filter(None, [without_prefix(key)])]
        ways.append(select(_RECORD.c.id).where(_RECORD.c.member_key.in_(member_keys)).order_by(*rank))
    name = person_key(service.patient.last_name)
    if name and service.patient.birth_date:
        ways.append(
            select(_RECORD.c.id)
            .where(
                _RECORD.c.name_key == name,
                _RECORD.c.birth_date.in_(birth_dates_like(service.patient.birth_date)),
            )
            .order_by(*rank)
        )
    given = (service.reference_number, service.referral_number)
    numbers = [key for text in given if text and (key := identifier_key(text))]
    if numbers:
        ways.append(
            select(_NUMBER.c.authorization_id.label("id"))
            .where(_NUMBER.c.value_key.in_(numbers))
            .order_by(_NUMBER.c.authorization_id.desc())
        )
    if not ways:
        return []
    ids = union(*(select(way.limit(CANDIDATES_A_WAY).subquery().c.id) for way in ways))
    rows = session.execute(select(_RECORD).where(_RECORD.c.id.in_(ids)).order_by(_RECORD.c.id)).all()
    return with_parts(session, rows)


def with_parts(session: Session, rows: list[Row[Any]] | Any) -> list[facts.Authorization]:
    """Facts of rows of `authorization_record`, with the lines and numbers of all of them in two selects."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    lines: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for line in session.execute(
        select(_LINE)
        .where(_LINE.c.authorization_id.in_(ids))
        .order_by(_LINE.c.authorization_id, _LINE.c.number)
    ):
        lines[line.authorization_id].append(line)
    numbers: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for number in session.execute(
        select(_NUMBER).where(_NUMBER.c.authorization_id.in_(ids)).order_by(_NUMBER.c.id)
    ):
        numbers[number.authorization_id].append(number)
    return [authorization_facts(row, lines[row.id], numbers[row.id]) for row in rows]


def _covers_first(day: date | None) -> tuple[Any, ...]:
    if day is None:
        return (_RECORD.c.id.desc(),)
    covers = and_(_RECORD.c.effective <= day, _RECORD.c.expiry >= day)
    return (case((covers, 0), else_=1), _RECORD.c.id.desc())


def payer_rules(session: Session, payer_id: str | None) -> tuple[facts.PayerRule, ...]:
    """Every rule kept for one payer, by name; none where the payer is not known."""
    if not payer_id:
        return ()
    rows = session.scalars(select(PayerRule).where(PayerRule.payer_id == payer_id).order_by(PayerRule.name))
    return tuple(payer_rule_facts(row) for row in rows)


@dataclass(frozen=True, slots=True)
class AuthorizationFilter:
    """Which authorizations to list; what is None does not narrow.

    text: a reference number or member ID in full, or the beginning of a last name.
    """

    text: str | None = None
    member_id: str | None = None
    payer_id: str | None = None
    determination: str | None = None
    portal: str | None = None
    expires_before: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list: the rows of page `number` (from 1), and how many there are in all."""

    items: list[Authorization]
    number: int
    size: int
    total: int


def list_authorizations(
    session: Session, wanted: AuthorizationFilter, number: int = 1, size: int = 50
) -> Page:
    """One page of the authorizations wanted, newest first, with their lines and numbers loaded."""
    size = min(max(size, 1), PAGE_SIZE_MAX)
    number = max(number, 1)
    where = _conditions(wanted)
    total = session.scalar(select(func.count()).select_from(_RECORD).where(*where)) or 0
    rows = session.scalars(
        select(Authorization)
        .where(*where)
        .order_by(Authorization.id.desc())
        .limit(size)
        .offset((number - 1) * size)
        .options(selectinload(Authorization.lines), selectinload(Authorization.reference_numbers))
    )
    return Page(list(rows), number, size, total)


def _conditions(wanted: AuthorizationFilter) -> list[Any]:
    where: list[Any] = []
    if wanted.text and wanted.text.strip():
        key = identifier_key(wanted.text)
        ways = [_RECORD.c.member_key == key]
        ways.append(_RECORD.c.id.in_(select(_NUMBER.c.authorization_id).where(_NUMBER.c.value_key == key)))
        if name := person_key(wanted.text.partition(",")[0]):
            ways.append(and_(_RECORD.c.name_key >= name, _RECORD.c.name_key < name + "\U0010ffff"))
        where.append(or_(*ways))
    if wanted.member_id:
        where.append(_RECORD.c.member_key == identifier_key(wanted.member_id))
    if wanted.payer_id:
        where.append(_RECORD.c.payer_id == wanted.payer_id)
    if wanted.determination:
        where.append(_RECORD.c.determination == wanted.determination)
    if wanted.portal:
        where.append(_RECORD.c.portal == wanted.portal)
    if wanted.expires_before:
        where.append(_RECORD.c.expiry < wanted.expires_before)
    return where


def authorization(session: Session, authorization_id: int) -> Authorization | None:
    """One authorization with its lines and numbers; None when there is none of that id."""
    return session.scalar(
        select(Authorization)
        .where(Authorization.id == authorization_id)
        .options(selectinload(Authorization.lines), selectinload(Authorization.reference_numbers))
    )


def history(session: Session, authorization_id: int) -> list[DeterminationChange]:
    """Every determination that the authorization ever had, oldest first."""
    return list(
        session.scalars(
            select(DeterminationChange)
            .where(DeterminationChange.authorization_id == authorization_id)
            .order_by(DeterminationChange.id)
        )
    )


def readings_of(session: Session, authorization_id: int, limit: int = 50) -> list[Reading]:
    """The newest readings of one authorization, newest first."""
    return list(
        session.scalars(
            select(Reading)
            .where(Reading.authorization_id == authorization_id)
            .order_by(Reading.id.desc())
            .limit(limit)
        )
    )


def evidence_of(session: Session, authorization_id: int, limit: int = 100) -> list[Evidence]:
    """The newest evidence kept for one authorization, newest first."""
    return list(
        session.scalars(
            select(Evidence)
            .where(Evidence.authorization_id == authorization_id)
            .order_by(Evidence.id.desc())
            .limit(limit)
        )
    )


def due_authorizations(
    session: Session, portal: str, today: date, limit: int = 10_000
) -> list[Authorization]:
    """What the night job should look at on one portal, the longest due first, with lines and numbers
    loaded.
    """
    return list(
        session.scalars(
            select(Authorization)
            .where(Authorization.portal == portal, Authorization.next_due <= today)
            .order_by(Authorization.next_due, Authorization.id)
            .limit(limit)
            .options(selectinload(Authorization.lines), selectinload(Authorization.reference_numbers))
        )
    )


def open_tasks(session: Session, limit: int = 200) -> list[Task]:
    """The worklist: what needs a person, by due date (none last), then the oldest first."""
    return list(
        session.scalars(
            select(Task)
            .where(Task.state == "open")
            .order_by(Task.due.is_(None), Task.due, Task.id)
            .limit(limit)
        )
    )


def recent_runs(session: Session, limit: int = 50) -> list[Run]:
    """The newest runs, newest first."""
    return list(session.scalars(select(Run).order_by(Run.id.desc()).limit(limit)))


def run_items(session: Session, run_id: int) -> list[RunItem]:
    """Every authorization of one run, in the order in which they are looked at."""
    return list(session.scalars(select(RunItem).where(RunItem.run_id == run_id).order_by(RunItem.id)))


def portal_setting(session: Session, portal: str) -> PortalSetting | None:
    """What the clinic decided about one portal; None when nothing yet (automation is then unknown)."""
    return session.get(PortalSetting, portal)


def portal_accounts(session: Session, portal: str) -> list[PortalAccount]:
    """The sign-ins to one portal, the oldest first, closed ones too."""
    return list(
        session.scalars(
            select(PortalAccount).where(PortalAccount.portal == portal).order_by(PortalAccount.id)
        )
    )
