"""Takes a clinic's own list of authorizations into the record: all of it, or with `partial` its good rows.

The same file again changes nothing; a changed row changes its authorization. Empty cells say nothing and keep
what is there. What a portal was read to say (determination, lines, dates) is newer than a list: it is kept,
and told. One transaction; the table is read twice, a row at a time, so that a long file needs little memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row as DatabaseRow
from sqlalchemy import exists, func, insert, select, text
from sqlalchemy.orm import Session, selectinload

from portal_profiles import catalogue
from portal_profiles.vocabulary import NumberKind
from server.actions.authorization_input import AuthorizationInput, NumberInput, check
from server.actions.override_finding import end_overrides_of_import
from server.actions.place_authorization import (
    Placement,
    Router,
    contradiction,
    place,
    tell_of_contradictions,
    tell_of_tie,
)
from server.actions.save_authorization import (
    change_row,
    distinct_numbers,
    first_look,
    input_of,
    line_columns,
    new_determinations,
    number_columns,
    payer_key,
    record_columns,
)
from server.db import queries
from server.db.keys import person_key
from server.db.session import local_date
from server.db.tables import (
    Authorization,
    AuthorizationLine,
    DeterminationChange,
    ReferenceNumber,
    table_of,
)
from server.errors import FieldProblem
from server.interchange.authorization_rows import (
    Group,
    Layout,
    OwnNames,
    RowReader,
    RowValues,
    dates_of,
    find_layout,
    import_key,
    make_group,
)
from server.interchange.spreadsheet import TextTable, Workbook
from server.matching.compare import identifier_key
from server.matching.facts import PayerRule
from server.security import audit

Found = DatabaseRow[*tuple[Any, ...]]

BATCH = 1000
PROBLEMS_KEPT = 1000
#: What a reading at the portal knows better than any list.
READ_AT_PORTAL = frozenset({"determination", "determination_text", "lines", "decided", "effective", "expiry"})

_RECORD = table_of(Authorization)
_LINE = table_of(AuthorizationLine)
_NUMBER = table_of(ReferenceNumber)
_CHANGE = table_of(DeterminationChange)


@dataclass(slots=True)
class ImportReport:
    """What an import did, or with dry_run would do.

    rows: of the file below its header; bad_rows: those that can't be used. created, updated, unchanged count
    authorizations. problems and warnings: the first PROBLEMS_KEPT of each, of problem_count and
    warning_count. committed: whether the record was changed. columns: header -> field; ignored: headers that
    mean nothing here.
    """

    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    rows: int = 0
    bad_rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problem_count: int = 0
    warning_count: int = 0
    committed: bool = False
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[FieldProblem] = field(default_factory=list)

    def refuse(self, rows: Sequence[int], problems: Sequence[FieldProblem]) -> None:
        """Counts the rows of one authorization as bad."""
        self.bad_rows += len(rows)
        self.problem_count += len(problems)
        self.problems += problems[: PROBLEMS_KEPT - len(self.problems)]

    def warn(self, warnings: Sequence[FieldProblem]) -> None:
        """Keeps what is imported although it looks wrong."""
        self.warning_count += len(warnings)
        self.warnings += warnings[: PROBLEMS_KEPT - len(self.warnings)]


def import_authorizations(
    session: Session,
    table: TextTable | Workbook,
    actor: str,
    now: datetime,
    *,
    own: OwnNames | None = None,
    file_digest: str = "",
    partial: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> ImportReport:
    """Imports the table in a write session. Without `partial` one bad row is enough for nothing to be
    imported.

    file_digest: SHA-256 of the file, for the audit entries. progress: called now and then with the rows done.
    Raises Problem where no row can be a header.
    """
    layout = find_layout(table.rows(), own or OwnNames())
    report = ImportReport({header: name for _, name, header in layout.columns}, layout.ignored)
    if "determination" not in layout.fields:
        report.warn([_NO_DETERMINATION])
    work = _Import(session, actor, now, file_digest, report)
    kept = session.begin_nested()
    for batch in _batches(_groups(table, layout, report)):
        work.take(batch)
        progress(report.rows)
    work.tell_of_portals()
    if dry_run or (report.bad_rows and not partial):
        kept.rollback()
        return report
    counts = {"created": report.created, "updated": report.updated, "unchanged": report.unchanged}
    audit.record(session, actor, "import.finished", "import", {"file": file_digest, **counts}, now=now)
    end_overrides_of_import(session, actor, now)
    kept.commit()
    report.committed = True
    return report


_NO_DETERMINATION = FieldProblem(
    "determination",
    "The file has no column for it, so what is new comes in as unrecognised.",
    'Say in a mapping file what holds for all rows: [defaults] determination = "approved".',
)


def _groups(table: TextTable | Workbook, layout: Layout, report: ImportReport) -> Iterator[Group]:
    """The authorizations of the file, each when its last row was read."""
    reader = RowReader(layout)
    settings = layout.digest
    left: Counter[int] = Counter()
    for number, cells in table.rows():
        if number > layout.header_row:
            left[hash(reader.group_key(cells))] += 1
    begun: defaultdict[int, list[RowValues]] = defaultdict(list)
    for row in table.rows():
        if row[0] <= layout.header_row:
            continue
        report.rows += 1
        key = hash(reader.group_key(row[1]))
        left[key] -= 1
        values = reader.read(row)
        if left[key]:
            begun[key].append(values)
        else:
            yield make_group([*begun.pop(key, ()), values], settings)


def _batches(groups: Iterator[Group]) -> Iterator[list[Group]]:
    batch: list[Group] = []
    for group in groups:
        batch.append(group)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(slots=True, eq=False)
class _Good:
    """A group that may come in, with the record that it belongs to, if there is one."""

    group: Group
    data: AuthorizationInput
    key: str
    found: Found | None = None


class _Import:
    """Writes batches of authorizations: those that are new in a few many-row inserts."""

    def __init__(
        self, session: Session, actor: str, now: datetime, file_digest: str, report: ImportReport
    ) -> None:
        self.session, self.actor, self.now, self.report = session, actor, now, report
        self.today: date = local_date(session, now)
        self.portals = frozenset(catalogue.slugs())
        self.detail = {"source": "import", "file": file_digest[:16]}
        self.taken: set[int] = set()
        self.router = Router(session, self.today)
        self.against: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self.portal_rules: dict[str, PayerRule] = {}
        self.ties: dict[tuple[str, ...], tuple[PayerRule, ...]] = {}

    def take(self, batch: Sequence[Group]) -> None:
        """Checks, finds and writes one batch."""
        good = [one for group in batch if (one := self._checked(group)) is not None]
        good = self._find(good)
        self._create([one for one in good if one.found is None])
        changed = [
            one for one in good if one.found is not None and one.found.import_digest != one.group.digest
        ]
        self.report.unchanged += sum(one.found is not None for one in good) - len(changed)
        self._update(changed)

    def _checked(self, group: Group) -> _Good | None:
        problems, warnings = list(group.problems), list(group.warnings)
        if group.data is not None:
            checked = check(group.data, self.today, group.rows[0])
            problems += checked.errors
            warnings += checked.warnings
            if group.data.portal is not None and group.data.portal not in self.portals:
                remedy = f"Give one of: {', '.join(sorted(self.portals))}; or leave it empty."
                problems.append(FieldProblem("portal", "No portal has this name.", remedy, group.rows[0]))
        if problems or group.data is None:
            self.report.refuse(group.rows, problems)
            return None
        self.report.warn(warnings)
        return _Good(group, group.data, import_key(group.data))

    # Finding the record that a group belongs to

    def _find(self, batch: Sequence[_Good]) -> list[_Good]:
        """The batch with what was found; ambiguous groups are refused."""
        by_number = self._by_number(batch)
        by_key = self._by_key(batch)
        kept = []
        for one in batch:
            found, problem = self._one(one, by_number, by_key)
            if problem is not None:
                self.report.refuse(one.group.rows, [problem])
                continue
            one.found = found
            if found is not None:
                self.taken.add(found.id)
            kept.append(one)
        return kept

    def _one(
        self,
        one: _Good,
        by_number: Mapping[tuple[str, str], Sequence[Found]],
        by_key: Mapping[str, Sequence[Found]],
    ) -> tuple[Found | None, FieldProblem | None]:
        row = one.group.rows[0]
        payer = payer_key(one.data.payer_id, one.data.payer_name)
        hits = {
            hit.id: hit
            for number in one.data.reference_numbers
            for hit in by_number.get((number.kind.value, identifier_key(number.value)), ())
            if payer_key(hit.payer_id, hit.payer_name) == payer
        }
        if len(hits) > 1 or hits.keys() & self.taken:
            return None, FieldProblem(
                "reference_number",
                "Its numbers belong to several authorizations in the record or in the file.",
                "Correct the numbers, or bring the rows together.",
                row,
            )
        for hit in hits.values():
            if _is_another_patient(hit, one.data):
                return None, FieldProblem(
                    "patient",
                    f"Its number belongs to another patient's authorization in the record ({hit.id}).",
                    "Correct the number or the patient.",
                    row,
                )
            return hit, None
        return self._by_dates(one, [hit for hit in by_key.get(one.key, ()) if hit.id not in self.taken])

    def _by_dates(self, one: _Good, alike: Sequence[Found]) -> tuple[Found | None, FieldProblem | None]:
        """Among records of the same payer, patient and codes: the one with the same dates, else the only one
        whose dates do not differ. One that has an authorization number is not another number's."""
        numbered = any(n.kind is NumberKind.AUTHORIZATION for n in one.data.reference_numbers)
        alike = [hit for hit in alike if not (numbered and hit.numbered)]
        dates = dates_of(one.data)
        same = [hit for hit in alike if dates_of(hit) == dates]
        if not same and len(alike) == 1:
            pairs = zip(dates, dates_of(alike[0]), strict=True)
            same = [hit for hit in alike if all(a is None or b is None or a == b for a, b in pairs)]
        if len(same) > 1:
            return None, FieldProblem(
                "reference_number",
                "Several authorizations in the record fit this row.",
                "Give its authorization number.",
                one.group.rows[0],
            )
        return next(iter(same), None), None

    def _by_number(self, batch: Sequence[_Good]) -> Mapping[tuple[str, str], Sequence[Found]]:
        keys = {identifier_key(number.value) for one in batch for number in one.data.reference_numbers}
        rows = self.session.execute(
            select(
                _NUMBER.c.kind,
                _NUMBER.c.value_key,
                *_FOUND,
            )
            .join(_RECORD, _RECORD.c.id == _NUMBER.c.authorization_id)
            .where(_NUMBER.c.value_key.in_(keys))
        )
        found: defaultdict[tuple[str, str], list[Found]] = defaultdict(list)
        for row in rows:
            found[row.kind, row.value_key].append(row)
        return found

    def _by_key(self, batch: Sequence[_Good]) -> Mapping[str, Sequence[Found]]:
        has_number = exists().where(
            _NUMBER.c.authorization_id == _RECORD.c.id, _NUMBER.c.kind == NumberKind.AUTHORIZATION.value
        )
        rows = self.session.execute(
            select(
                _RECORD.c.import_key,
                _RECORD.c.requested,
                _RECORD.c.service_date,
                _RECORD.c.effective,
                _RECORD.c.expiry,
                has_number.label("numbered"),
                *_FOUND,
            ).where(_RECORD.c.import_key.in_({one.key for one in batch}))
        )
        found: defaultdict[str, list[Found]] = defaultdict(list)
        for row in rows:
            found[row.import_key].append(row)
        return found

    # Portals

    def _note_portal(self, one: _Good, record_id: int, placed: Placement) -> None:
        """What the payer's rules leave open for this record: told with the row, and once for the file."""
        rule = placed.route.rule
        if placed.contradicted and rule is not None and placed.portal is not None:
            self.portal_rules[rule.id] = rule
            self.against[placed.portal, rule.id].append(record_id)
            remedy = "It is kept as the file says: correct the file, or the rule."
            warning = FieldProblem("portal", contradiction(placed.portal, rule), remedy, one.group.rows[0])
            self.report.warn([warning])
        if placed.route.tied:
            self.ties[tuple(tied.id for tied in placed.route.tied)] = placed.route.tied

    def tell_of_portals(self) -> None:
        """One task for each rule that the file contradicts, and for each tie among the rules."""
        for (portal, name), ids in self.against.items():
            tell_of_contradictions(self.session, portal, self.portal_rules[name], ids, self.actor, self.now)
        for tied in self.ties.values():
            tell_of_tie(self.session, tied, self.actor, self.now)

    # Writing

    def _create(self, new: Sequence[_Good]) -> None:
        if not new:
            return
        now = self.now
        records, lines, numbers, changes = [], [], [], []
        for record_id, one in zip(reserve_ids(self.session, len(new)), new, strict=True):
            placed = place(self.router.route(one.data), one.data.portal)
            self._note_portal(one, record_id, placed)
            data = replace(one.data, portal=placed.portal)
            self.taken.add(record_id)
            records.append(
                {
                    "id": record_id,
                    "version": 1,
                    "created_at": now,
                    "updated_at": now,
                    "import_key": one.key,
                    "import_digest": one.group.digest,
                    "next_due": first_look(data.portal, data.determination, data.expiry, self.today),
                    "portal_by_rule": placed.by_rule,
                    **record_columns(data),
                }
            )
            lines += [{"authorization_id": record_id, **line_columns(line)} for line in data.lines]
            numbers += [
                {"authorization_id": record_id, "first_seen_at": now, **number_columns(number)}
                for number in distinct_numbers(data.reference_numbers)
            ]
            changes += [
                {
                    "authorization_id": record_id,
                    "line_number": change.line_number,
                    "determination": change.determination,
                    "text": change.text,
                    "at": now,
                    "source": "import",
                    "actor": self.actor,
                }
                for change in new_determinations(record_id, data, "import", self.actor, now)
            ]
        for table, rows in ((_RECORD, records), (_LINE, lines), (_NUMBER, numbers), (_CHANGE, changes)):
            if rows:
                self.session.execute(insert(table), rows)
        acts = [("authorization.created", f"authorization:{record['id']}", self.detail) for record in records]
        audit.record_many(self.session, self.actor, acts, now=now)
        self.report.created += len(new)

    def _update(self, known: Sequence[_Good]) -> None:
        by_id = {one.found.id: one for one in known if one.found is not None}
        if not by_id:
            return
        rows = self.session.scalars(
            select(Authorization)
            .where(Authorization.id.in_(by_id))
            .options(selectinload(Authorization.lines), selectinload(Authorization.reference_numbers))
        ).all()
        acts: list[tuple[str, str, Mapping[str, Any]]] = []
        for row in rows:
            one = by_id[row.id]
            before = input_of(row)
            wanted = self._over(before, one, was_read=row.determination_read_at is not None)
            stated = "portal" in one.group.stated
            named = wanted.portal if stated or row.portal_by_rule is None else None
            placed = place(self.router.route(wanted), named, row.portal, row.portal_by_rule)
            self._note_portal(one, row.id, placed)
            changed = change_row(row, wanted, placed, self.today, self.now)
            row.import_key, row.import_digest = one.key, one.group.digest
            if changed:
                self.session.add_all(
                    new_determinations(row.id, wanted, "import", self.actor, self.now, before=before)
                )
                detail = {**self.detail, "version": row.version, "fields": sorted(changed)}
                acts.append(("authorization.changed", f"authorization:{row.id}", detail))
        self.session.flush()
        self.session.expunge_all()
        if acts:
            audit.record_many(self.session, self.actor, acts, now=self.now)
        self.report.updated += len(acts)
        self.report.unchanged += len(rows) - len(acts)

    def _of_right_kind(self, one: _Good, new: Sequence[NumberInput]) -> list[NumberInput]:
        """Without those that a portal has shown under other kinds only: what it said is kept, and told."""
        if not new or one.found is None:
            return list(new)
        read = queries.kinds_read(self.session, one.found.id)
        right = []
        for number in new:
            kinds = read.get(identifier_key(number.value), set())
            if not kinds or number.kind.value in kinds:
                right.append(number)
                continue
            message = f"The portal shows it as a {' and '.join(sorted(kinds))} number, which is kept."
            remedy = "Move it out of the column, or correct it by hand if the file is right."
            self.report.warn([FieldProblem("reference_numbers", message, remedy, one.group.rows[0])])
        return right

    def _over(self, before: AuthorizationInput, one: _Good, *, was_read: bool) -> AuthorizationInput:
        """The record with what the file states laid over it; numbers are added to, never taken away."""
        stated = set(one.group.stated) - {"patient_name"}
        kept_back = {
            name
            for name in stated & READ_AT_PORTAL
            if was_read and not _says_the_same(getattr(before, name), getattr(one.data, name))
        }
        if kept_back:
            self.report.warn(
                [
                    FieldProblem(
                        name,
                        "It differs from what was read at the portal, which is kept.",
                        "Correct it by hand if the file is right.",
                        one.group.rows[0],
                    )
                    for name in sorted(kept_back - {"determination_text"})
                ]
            )
        if was_read:
            stated -= READ_AT_PORTAL
        over = {name: getattr(one.data, name) for name in stated if name in _INPUT_FIELDS}
        person = {
            f.name: getattr(one.data.patient, f.name)
            for f in fields(before.patient)
            if getattr(one.data.patient, f.name) is not None
        }
        known = {(number.kind, identifier_key(number.value)) for number in before.reference_numbers}
        new = [n for n in one.data.reference_numbers if (n.kind, identifier_key(n.value)) not in known]
        over["reference_numbers"] = before.reference_numbers + tuple(self._of_right_kind(one, new))
        return replace(before, patient=replace(before.patient, **person), **over)


_FOUND = (
    _RECORD.c.id,
    _RECORD.c.payer_id,
    _RECORD.c.payer_name,
    _RECORD.c.member_key,
    _RECORD.c.name_key,
    _RECORD.c.birth_date,
    _RECORD.c.import_digest,
)
_INPUT_FIELDS = frozenset(f.name for f in fields(AuthorizationInput)) - {"patient", "reference_numbers"}


def _is_another_patient(found: Found, data: AuthorizationInput) -> bool:
    """Whether at least two of member ID, last name and birth date differ: one alone may be a correction."""
    pairs = (
        (found.member_key, identifier_key(data.patient.member_id)),
        (found.name_key, person_key(data.patient.last_name)),
        (found.birth_date, data.patient.birth_date),
    )
    return sum(bool(a and b and a != b) for a, b in pairs) >= 2


def _says_the_same(before: Any, given: Any) -> bool:
    if isinstance(before, tuple):
        return [(line.code, line.quantity) for line in before] == [
            (line.code, line.quantity) for line in given
        ]
    return bool(before == given)


def reserve_ids(session: Session, count: int) -> Sequence[int]:
    """New ids of authorizations, for rows that are inserted together with their parts."""
    if session.get_bind().dialect.name == "postgresql":
        return list(
            session.scalars(
                text(
                    "SELECT nextval(pg_get_serial_sequence('authorization_record', 'id')) "
                    "FROM generate_series(1, :count)"
                ),
                {"count": count},
            )
        )
    # SQLite: this session alone may write, and AUTOINCREMENT remembers the highest id ever given.
    last = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'authorization_record'"))
    first = max(last or 0, session.scalar(select(func.max(_RECORD.c.id))) or 0) + 1
    return range(first, first + count)
