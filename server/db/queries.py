"""What is asked of the record. Reading only; each takes a session of `Database.read` or `.write`.

Every query here goes by an index and is bounded, so that it stays as quick at a million authorizations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, String, and_, bindparam, case, cast, func, or_, select
from sqlalchemy.orm import Session, selectinload

from server.db.facts import authorization_facts, payer_rule_facts
from server.db.keys import birth_dates_like, person_key, without_prefix
from server.db.prepared import Prepared
from server.db.tables import (
    Authorization,
    AuthorizationLine,
    CaseNote,
    CheckRecord,
    DeterminationChange,
    Evidence,
    FindingOverride,
    PayerRule,
    PortalAccount,
    PortalNight,
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
#: Days after which what is due goes before what is urgent.
LONG_DUE_DAYS = 14

_RECORD = table_of(Authorization)
_LINE = table_of(AuthorizationLine)
_NUMBER = table_of(ReferenceNumber)


@dataclass(frozen=True, slots=True)
class Parts:
    """One authorization as rows of plain selects: the columns' names are attributes."""

    row: Any
    lines: list[Any]
    numbers: list[Any]

    def facts(self) -> facts.Authorization:
        """The same for the match engine."""
        return authorization_facts(self.row, self.lines, self.numbers)


def candidates_for(session: Session, service: facts.Service) -> list[facts.Authorization]:
    """`candidate_parts` as the match engine takes them."""
    return [parts.facts() for parts in candidate_parts(session, service)]


def candidate_parts(session: Session, service: facts.Service) -> list[Parts]:
    """Every authorization that the service could belong to, at most 60 a way, oldest record first.

    The ways: same member ID (also without a payer's prefix of three letters); same reference or referral
    number; same last name with the same birth date, also with day and month swapped. Those that cover the day
    of the service come first within a way's bound, then the newest.
    """
    ids: set[int] = set()
    day = service.date_from or service.admission_date
    if service.patient.member_id and (key := identifier_key(service.patient.member_id)):
        other = without_prefix(key) or key
        ids.update(row.id for row in _BY_MEMBER.rows(session, key=key, other=other, day=day))
    name = person_key(service.patient.last_name)
    if name and service.patient.birth_date:
        dates = birth_dates_like(service.patient.birth_date)
        found = _BY_PERSON.rows(session, name=name, born=dates[0], swapped=dates[-1], day=day)
        ids.update(row.id for row in found)
    given = (service.reference_number, service.referral_number)
    numbers = [key for text in given if text and (key := identifier_key(text))]
    if numbers:
        found = _BY_NUMBER.rows(session, number=numbers[0], other=numbers[-1])
        ids.update(row.authorization_id for row in found)
    return parts_of(session, sorted(ids))


def parts_of(session: Session, ids: Sequence[int]) -> list[Parts]:
    """The authorizations of these ids, in their order, without those that there are none of."""
    shown = []
    for one in ids:
        for row in _RECORD_OF.rows(session, id=one):
            shown.append(Parts(row, _LINES_OF.rows(session, id=one), _NUMBERS_OF.rows(session, id=one)))
    return shown


def _covers_first() -> tuple[Any, ...]:
    day = bindparam("day", type_=Date)
    return (
        case((and_(_RECORD.c.effective <= day, _RECORD.c.expiry >= day), 0), else_=1),
        _RECORD.c.id.desc(),
    )


_BY_MEMBER = Prepared(
    select(_RECORD.c.id)
    .where(or_(_RECORD.c.member_key == bindparam("key"), _RECORD.c.member_key == bindparam("other")))
    .order_by(*_covers_first())
    .limit(CANDIDATES_A_WAY)
)
_BY_PERSON = Prepared(
    select(_RECORD.c.id)
    .where(
        _RECORD.c.name_key == bindparam("name"),
        or_(_RECORD.c.birth_date == bindparam("born"), _RECORD.c.birth_date == bindparam("swapped")),
    )
    .order_by(*_covers_first())
    .limit(CANDIDATES_A_WAY)
)
_BY_NUMBER = Prepared(
    select(_NUMBER.c.authorization_id)
    .where(or_(_NUMBER.c.value_key == bindparam("number"), _NUMBER.c.value_key == bindparam("other")))
    .order_by(_NUMBER.c.authorization_id.desc())
    .limit(CANDIDATES_A_WAY)
)
_RECORD_OF = Prepared(select(_RECORD).where(_RECORD.c.id == bindparam("id")))
_LINES_OF = Prepared(
    select(_LINE).where(_LINE.c.authorization_id == bindparam("id")).order_by(_LINE.c.number)
)
_NUMBERS_OF = Prepared(
    select(_NUMBER).where(_NUMBER.c.authorization_id == bindparam("id")).order_by(_NUMBER.c.id)
)
_RULES_OF = Prepared(
    select(table_of(PayerRule)).where(PayerRule.payer_id == bindparam("payer_id")).order_by(PayerRule.name)
)


def payer_rules(session: Session, payer_id: str | None) -> tuple[facts.PayerRule, ...]:
    """Every rule kept for one payer, by name; none where the payer is not known."""
    if not payer_id:
        return ()
    return tuple(payer_rule_facts(row) for row in _RULES_OF.rows(session, payer_id=payer_id))


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


def last_check_of(session: Session, authorization_id: int) -> CheckRecord | None:
    """The newest check of a service against one authorization; None when there was none."""
    return session.scalar(
        select(CheckRecord)
        .where(CheckRecord.authorization_id == authorization_id)
        .order_by(CheckRecord.id.desc())
        .limit(1)
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


def kinds_read(session: Session, authorization_id: int) -> dict[str, set[str]]:
    """Under which kinds the portal has shown each number of one authorization: by the number's key, over its
    readings that were accepted. What was only typed or imported is not in it.
    """
    read = session.scalars(
        select(Reading.values).where(
            Reading.authorization_id == authorization_id, Reading.state == "accepted"
        )
    )
    kinds: dict[str, set[str]] = {}
    for values in read:
        for number in values.get("numbers") or ():
            kinds.setdefault(identifier_key(number["value"]), set()).add(number["kind"])
    return kinds


def notes_of(session: Session, authorization_id: int, limit: int = 50) -> list[CaseNote]:
    """The newest notes and calls on one authorization, newest first."""
    return list(
        session.scalars(
            select(CaseNote)
            .where(CaseNote.authorization_id == authorization_id)
            .order_by(CaseNote.at.desc(), CaseNote.id.desc())
            .limit(limit)
        )
    )


def overrides(
    session: Session, limit: int = 50, offset: int = 0
) -> list[tuple[FindingOverride, CheckRecord]]:
    """The newest overrides with their checks, newest first."""
    rows = session.execute(
        select(FindingOverride, CheckRecord)
        .join(CheckRecord, CheckRecord.id == FindingOverride.check_id)
        .order_by(FindingOverride.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [(row, record) for row, record in rows]


def override_endings(session: Session) -> dict[str | None, int]:
    """Ending (None: not answered yet) -> how many overrides ended so, over all time."""
    rows = session.execute(select(FindingOverride.ending, func.count()).group_by(FindingOverride.ending))
    return {ending: int(count) for ending, count in rows}


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
    """What the night job should look at on one portal, with lines and numbers loaded, the most urgent first:
    a night may be too short for all.

    Urgent is what has its next date soonest, that of the service or the one on which the approval ends, read
    before or not; then comes what has no date ahead, the longest due first. What has been due for
    `LONG_DUE_DAYS` goes before both, so that nothing waits for ever. What showed a page or a word that is not
    known comes last: an odd record must not stop the portal before the others' turn.
    """
    odd = or_(
        Authorization.last_outcome == "page_changed",
        select(Task.id)
        .where(Task.dedupe_key == "unrecognised:" + cast(Authorization.id, String), Task.state == "open")
        .exists(),
    )
    long_due = Authorization.next_due <= today - timedelta(days=LONG_DUE_DAYS)
    turn = case((odd, 2), (long_due, 0), else_=1)
    begins = func.coalesce(Authorization.service_date, Authorization.effective)
    service = case((begins >= today, begins))
    end = case((Authorization.expiry >= today, Authorization.expiry))
    soonest = case((service <= end, service), else_=func.coalesce(end, service))
    return list(
        session.scalars(
            select(Authorization)
            .where(Authorization.portal == portal, Authorization.next_due <= today)
            .order_by(turn, soonest.is_(None), soonest, Authorization.next_due, Authorization.id)
            .limit(limit)
            .options(selectinload(Authorization.lines), selectinload(Authorization.reference_numbers))
        )
    )


def usual_read_share(
    session: Session, portal: str, before_run: int, fewest: int, nights: int = 5
) -> float | None:
    """The share (0 to 1) of looks that gave a reading in the portal's newest nightly runs before this one.

    fewest: looks that a run must have made to count. None where no run did.
    """
    looked = RunItem.outcome.is_not(None) & (RunItem.outcome != "not_started")
    gave_one = case((RunItem.outcome.in_(["read", "identity_unconfirmed"]), 1), else_=0)
    counts = session.execute(
        select(func.count(), func.sum(gave_one))
        .join(Run, Run.id == RunItem.run_id)
        .where(RunItem.portal == portal, RunItem.run_id < before_run, Run.kind == "nightly", looked)
        .group_by(RunItem.run_id)
        .having(func.count() >= fewest)
        .order_by(RunItem.run_id.desc())
        .limit(nights)
    ).all()
    looks = sum(int(row[0]) for row in counts)
    return sum(int(row[1]) for row in counts) / looks if looks else None


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


def requests_sent(session: Session, portal: str, night: date) -> int:
    """How many requests a portal was sent in one night (`night_of`), over all passes."""
    row = session.get(PortalNight, (portal, night))
    return row.requests if row is not None else 0


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
