from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from server.actions.keep_evidence import evidence_content, keep_evidence
from server.db.session import Database
from server.db.tables import AuditEntry, Evidence, Installation, table_of
from server.errors import Problem
from server.security import audit
from server.security.audit import FIRST_PREVIOUS, Verification, entry_hash
from tests.server.records import ACTOR, NOW

ENTRY = table_of(AuditEntry)
ENTRIES = 6


def verified(database: Database) -> Verification:
    with database.read() as session:
        return audit.verify(session)


def kinds(database: Database) -> set[str]:
    return {finding.kind for finding in verified(database).findings}


def write_entries(database: Database, count: int = ENTRIES) -> None:
    for number in range(count):
        with database.write(ACTOR) as session:
            audit.record(
                session, ACTOR, "authorization.seen", f"authorization:{number}", {"n": number}, now=NOW
            )


def tamper(database: Database, act: Callable[[Connection], object]) -> None:
    """Changes the tables as somebody who has the open database, but not this program, would."""
    with database._writing.connect() as connection, connection.begin():
        act(connection)


def test_an_untouched_chain_verifies(either_database: Database) -> None:
    write_entries(either_database)
    assert verified(either_database) == Verification(ENTRIES, 0, ())


def test_an_empty_chain_verifies(either_database: Database) -> None:
    assert verified(either_database) == Verification(0, 0, ())


def test_each_entry_holds_the_hash_of_the_one_before(either_database: Database) -> None:
    write_entries(either_database)
    with either_database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [entry.seq for entry in entries] == list(range(1, ENTRIES + 1))
    assert entries[0].prev_hash == FIRST_PREVIOUS
    assert [entry.prev_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "somebody else"),
        ("action", "authorization.changed"),
        ("subject", "authorization:99"),
        ("detail", {"n": 77}),
        ("at", NOW.replace(minute=31)),
        ("hash", "0" * 64),
        ("prev_hash", "1" * 64),
    ],
)
def test_a_change_of_any_column_is_found(either_database: Database, column: str, value: Any) -> None:
    write_entries(either_database)
    tamper(
        either_database, lambda c: c.execute(update(ENTRY).where(ENTRY.c.seq == 3).values({column: value}))
    )
    findings = verified(either_database).findings
    assert findings
    assert findings[0].seq in (3, 4)


@pytest.mark.parametrize("seq", range(1, ENTRIES + 1))
def test_a_removed_entry_is_found_wherever_it_stood(database: Database, seq: int) -> None:
    write_entries(database)
    tamper(database, lambda c: c.execute(delete(ENTRY).where(ENTRY.c.seq == seq)))
    assert kinds(database) == ({"cut"} if seq == ENTRIES else {"missing"})


def test_a_chain_cut_off_at_its_tail_is_found(either_database: Database) -> None:
    write_entries(either_database)
    tamper(either_database, lambda c: c.execute(delete(ENTRY).where(ENTRY.c.seq > 2)))
    [finding] = verified(either_database).findings
    assert (finding.kind, finding.seq) == ("cut", 2)


def test_a_tail_cut_off_together_with_its_mark_is_found(database: Database) -> None:
    write_entries(database)

    def cut(connection: Connection) -> None:
        last = connection.execute(select(ENTRY.c.seq, ENTRY.c.hash).where(ENTRY.c.seq == 2)).one()
        connection.execute(delete(ENTRY).where(ENTRY.c.seq > 2))
        connection.execute(update(table_of(Installation)).values(audit_seq=last.seq, audit_hash=last.hash))

    tamper(database, cut)
    assert kinds(database) == {"head"}


def test_a_chain_written_anew_from_a_change_on_is_found(database: Database) -> None:
    write_entries(database)

    def rewrite(connection: Connection) -> None:
        rows = [dict(row) for row in connection.execute(select(ENTRY).order_by(ENTRY.c.seq)).mappings()]
        rows[2]["subject"] = "authorization:99"
        for before, row in pairwise(rows[1:]):
            row["prev_hash"] = before["hash"]
            row["hash"] = entry_hash(row)
        connection.execute(delete(ENTRY))
        connection.execute(insert(ENTRY), rows)
        connection.execute(update(table_of(Installation)).values(audit_hash=rows[-1]["hash"]))

    tamper(database, rewrite)
    assert kinds(database) == {"head"}


def test_an_entry_added_behind_the_end_is_found(database: Database) -> None:
    write_entries(database)

    def add(connection: Connection) -> None:
        row = dict(connection.execute(select(ENTRY).where(ENTRY.c.seq == ENTRIES)).mappings().one())
        row |= {"seq": ENTRIES + 1, "prev_hash": row["hash"]}
        row["hash"] = entry_hash(row)
        connection.execute(insert(ENTRY), [row])

    tamper(database, add)
    assert kinds(database) == {"head"}


def test_a_chain_without_its_mark_is_found(database: Database) -> None:
    write_entries(database)
    tamper(database, lambda c: c.execute(delete(table_of(Installation))))
    assert kinds(database) == {"head"}


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_single_change_removal_or_swap_is_found(database: Database, data: st.DataObject) -> None:
    tamper(database, lambda c: c.execute(delete(ENTRY)))
    tamper(
        database,
        lambda c: c.execute(update(table_of(Installation)).values(audit.first_head(database.vault.key))),
    )
    write_entries(database)
    assert verified(database).findings == ()
    seq = data.draw(st.integers(1, ENTRIES))
    act = data.draw(st.sampled_from(["change", "remove", "swap"]))

    def do(connection: Connection) -> None:
        if act == "remove":
            connection.execute(delete(ENTRY).where(ENTRY.c.seq == seq))
        elif act == "change":
            column = data.draw(st.sampled_from(["actor", "action", "subject", "hash", "prev_hash"]))
            new = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12))
            connection.execute(update(ENTRY).where(ENTRY.c.seq == seq).values({column: f"*{new}"}))
        else:
            other = data.draw(st.integers(1, ENTRIES).filter(lambda number: number != seq))
            for old, new_seq in ((seq, 1000), (other, seq), (1000, other)):
                connection.execute(update(ENTRY).where(ENTRY.c.seq == old).values(seq=new_seq))

    tamper(database, do)
    assert verified(database).findings != ()


def test_many_entries_at_once_are_the_same_chain(either_database: Database) -> None:
    acts = [
        ("authorization.created", f"authorization:{number}", {"source": "import"}) for number in range(2500)
    ]
    with either_database.write(ACTOR) as session:
        assert audit.record_many(session, ACTOR, acts) == 2500
        assert audit.record(session, ACTOR, "import.finished", "import") == 2501
    assert verified(either_database) == Verification(2501, 0, ())


def test_what_is_taken_back_leaves_no_entry(database: Database) -> None:
    write_entries(database, 1)
    with database.write(ACTOR) as session:
        inner = session.begin_nested()
        audit.record(session, ACTOR, "tried", "nothing")
        inner.rollback()
        audit.record(session, ACTOR, "done", "nothing")
    with database.read() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all() == [
            "authorization.seen",
            "done",
        ]
    assert verified(database).findings == ()


def kept(database: Database) -> tuple[int, str]:
    with database.write(ACTOR) as session:
        evidence = keep_evidence(
            session, b"%PDF the letter", kind="letter", media_type="application/pdf", actor=ACTOR, now=NOW
        )
        return evidence.id, evidence.path


def test_evidence_lies_encrypted_and_reads_back(either_database: Database) -> None:
    evidence_id, path = kept(either_database)
    file = either_database.vault.evidence_dir / path
    assert b"letter" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    with either_database.read() as session:
        assert evidence_content(session, session.get_one(Evidence, evidence_id)) == b"%PDF the letter"
    assert verified(either_database) == Verification(1, 1, ())


def test_a_changed_evidence_file_is_found(database: Database) -> None:
    evidence_id, path = kept(database)
    file = database.vault.evidence_dir / path
    file.write_bytes(file.read_bytes()[:-1] + b"\x00\x01")
    assert kinds(database) == {"evidence_changed"}
    with database.read() as session, pytest.raises(Problem):
        evidence_content(session, session.get_one(Evidence, evidence_id))


def test_a_missing_evidence_file_is_found(database: Database) -> None:
    evidence_id, path = kept(database)
    (database.vault.evidence_dir / path).unlink()
    assert kinds(database) == {"evidence_missing"}
    with database.read() as session, pytest.raises(Problem) as raised:
        evidence_content(session, session.get_one(Evidence, evidence_id))
    assert raised.value.code == "evidence_missing"


def test_an_evidence_row_that_was_changed_or_slipped_in_is_found(database: Database) -> None:
    kept(database)
    evidence = table_of(Evidence)
    tamper(database, lambda c: c.execute(update(evidence).values(sha256="0" * 64)))
    assert kinds(database) == {"evidence_changed"}

    def slip_in(connection: Connection) -> None:
        row = dict(connection.execute(select(evidence)).mappings().one())
        connection.execute(insert(evidence), [row | {"id": 99}])

    tamper(database, slip_in)
    assert kinds(database) == {"evidence_changed", "evidence_unrecorded"}


def test_evidence_of_a_write_that_was_taken_back_leaves_no_file(database: Database) -> None:
    def fail() -> None:
        with database.write(ACTOR) as session:
            keep_evidence(session, b"x", kind="text", media_type="text/plain", actor=ACTOR, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path for path in database.vault.evidence_dir.rglob("*") if path.is_file()] == []
