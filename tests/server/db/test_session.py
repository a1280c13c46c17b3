import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from server.db.session import Database, local_date
from server.db.tables import AuditEntry, Installation, Lease, Task
from server.errors import Problem
from server.security import audit
from server.settings import Settings
from tests.server.records import ACTOR, NOW, keep


def a_task() -> Task:
    return Task(
        kind="try",
        title="A",
        why="B",
        next_step="C",
        severity="info",
        created_at=NOW,
        dedupe_key="try",
        state="open",
    )


def test_what_was_written_is_there_after_opening_again(either_settings: Settings) -> None:
    first = Database.open(either_settings)
    with first.write(ACTOR) as session:
        session.add(a_task())
        audit.record(session, ACTOR, "task.opened", "task:1")
    first.dispose()
    again = Database.open(either_settings)
    with again.read() as session:
        assert session.scalars(select(Task.title)).all() == ["A"]
    again.dispose()


def test_an_error_takes_everything_back(either_database: Database) -> None:
    def fail_half_way() -> None:
        with either_database.write(ACTOR) as session:
            session.add(a_task())
            audit.record(session, ACTOR, "task.opened", "task:1")
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with either_database.read() as session:
        assert session.scalars(select(Task)).all() == []
        assert session.scalars(select(AuditEntry)).all() == []


def test_a_write_without_an_audit_entry_is_refused_and_taken_back(either_database: Database) -> None:
    with (
        pytest.raises(RuntimeError, match="without an audit entry: task"),
        either_database.write(ACTOR) as session,
    ):
        session.add(a_task())
    with either_database.read() as session:
        assert session.scalars(select(Task)).all() == []


def test_a_lock_needs_no_audit_entry(either_database: Database) -> None:
    with either_database.write(ACTOR) as session:
        session.add(Lease(name="night", holder="worker 1", until=NOW))
    with either_database.read() as session:
        assert session.get_one(Lease, "night").until == NOW


def test_a_reading_session_refuses_changes(either_database: Database) -> None:
    with pytest.raises(RuntimeError, match="reading session"), either_database.read() as session:
        session.add(a_task())


def test_a_reader_sees_one_state_while_a_writer_commits(either_database: Database) -> None:
    with either_database.read() as reader:
        before = reader.scalar(select(Installation.audit_seq))
        with either_database.write(ACTOR) as session:
            audit.record(session, ACTOR, "tried", "nothing")
        assert reader.scalar(select(Installation.audit_seq)) == before
    with either_database.read() as reader:
        assert reader.scalar(select(Installation.audit_seq)) == 1


def test_the_file_holds_nothing_in_the_clear(database: Database, settings: Settings) -> None:
    keep(database)
    database.dispose()
    written = b"".join(path.read_bytes() for path in settings.data_dir.iterdir() if path.is_file())
    assert b"SQLite format" not in written
    assert b"Lindqvist" not in written
    assert b"XYZ100200301" not in written


def test_the_database_is_readable_by_its_owner_only(database: Database, settings: Settings) -> None:
    keep(database)
    assert settings.database_file.stat().st_mode & 0o077 == 0
    assert settings.data_dir.stat().st_mode & 0o077 == 0


def test_another_key_is_told_as_such(either_settings: Settings) -> None:
    Database.open(either_settings).dispose()
    with pytest.raises(Problem) as raised:
        Database.open(replace(either_settings, key_text="1e" * 32))
    assert raised.value.code == "key_wrong"


def test_a_database_whose_key_is_gone_is_not_given_a_new_one(either_settings: Settings) -> None:
    Database.open(either_settings).dispose()
    with pytest.raises(Problem) as raised:
        Database.open(replace(either_settings, key_text="", key_store="file"))
    assert raised.value.code == "key_missing"
    assert not either_settings.key_file.exists()


def test_a_database_server_that_does_not_answer_is_told_as_such(settings: Settings) -> None:
    with pytest.raises(Problem) as raised:
        Database.open(replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none"))
    assert raised.value.code == "database_unreachable"


def test_two_writers_at_once_take_turns(either_database: Database) -> None:
    together = threading.Barrier(4)

    def add_tasks(worker: int) -> None:
        together.wait()
        for number in range(15):
            with either_database.write(f"worker {worker}") as session:
                audit.record(session, f"worker {worker}", "tried", f"try:{number}")

    workers = [threading.Thread(target=add_tasks, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with either_database.read() as session:
        seen = audit.verify(session)
        actors = set(session.scalars(select(AuditEntry.actor)))
    assert seen.findings == ()
    assert seen.entries == 60
    assert len(actors) == 4


def test_the_clinics_date_is_taken_in_its_own_zone(database: Database) -> None:
    with database.read() as session:
        assert local_date(session, NOW.replace(hour=3)).isoformat() == "2026-11-01"
