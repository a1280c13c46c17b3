from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.actions.backup import make_backup
from server.actions.hold_lease import take_lease
from server.actions.keep_evidence import evidence_content, keep_evidence
from server.actions.open_task import open_task
from server.actions.remove_evidence import LEASE, LEASE_NAME, RemovedEvidence, remove_evidence
from server.cli import FINE, tallystick
from server.db.session import Database
from server.db.tables import AuditEntry, Evidence, Reading
from server.errors import Problem
from server.jobs import schedule
from server.security import audit
from server.settings import Settings
from tests.server.conftest import KEY
from tests.server.records import ACTOR, NOW, keep

LATER = NOW + timedelta(days=2192, hours=1)


def kept(database: Database, now: Any = NOW, **about: Any) -> int:
    with database.write(ACTOR) as session:
        return keep_evidence(
            session, b"a picture", kind="picture", media_type="image/png", actor=ACTOR, now=now, **about
        ).id


def file_of(database: Database, evidence_id: int) -> Path:
    with database.read() as session:
        return database.vault.evidence_dir / session.get_one(Evidence, evidence_id).path


def remove(database: Database, **options: Any) -> RemovedEvidence:
    return remove_evidence(database, 2192, "schedule", LATER, **options)


def findings(database: Database) -> list[str]:
    with database.read() as session:
        return [finding.kind for finding in audit.verify(session).findings]


def test_old_evidence_goes_with_its_entry_and_newer_evidence_stays(either_database: Database) -> None:
    old, new = kept(either_database), kept(either_database, LATER - timedelta(days=1))
    old_file, new_file = file_of(either_database, old), file_of(either_database, new)
    assert remove(either_database) == RemovedEvidence(1, 9, 0)
    assert (old_file.exists(), new_file.exists()) == (False, True)
    with either_database.read() as session:
        row = session.get_one(Evidence, old)
        assert row.removed_at == LATER
        entry = session.query(AuditEntry).filter_by(action=audit.EVIDENCE_REMOVED).one()
        assert (entry.subject, entry.actor, entry.detail["after_days"]) == (
            f"evidence:{old}", "schedule", 2192
        )  # fmt: skip
        with pytest.raises(Problem) as raised:
            evidence_content(session, row)
        assert (raised.value.code, raised.value.status) == ("evidence_removed", 410)
        assert audit.verify(session).evidence_files == 1
    assert findings(either_database) == []
    assert remove(either_database) == RemovedEvidence(0, 0, 0)


def test_a_dry_run_counts_and_removes_nothing(database: Database) -> None:
    one = kept(database)
    assert remove(database, dry_run=True) == RemovedEvidence(1, 9, 0)
    assert file_of(database, one).exists()


def test_many_are_removed_a_batch_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.actions.remove_evidence.BATCH", 2)
    for _ in range(5):
        kept(database)
    assert remove(database).count == 5


@pytest.mark.parametrize("by", ["evidence", "reading", "authorization"])
def test_evidence_of_an_open_task_is_never_removed(database: Database, by: str) -> None:
    record_id = keep(database)
    reading_id = reading(database, record_id, "accepted")
    one = kept(database, reading_id=reading_id, authorization_id=record_id)
    with database.write(ACTOR) as session:
        task = open_task(
            session, kind="k", title="t", why="w", next_step="n", dedupe_key="k", actor=ACTOR, now=NOW,
            authorization_id=record_id if by == "authorization" else None,
            reading_id=reading_id if by == "reading" else None,
        )  # fmt: skip
        task.evidence_id = one if by == "evidence" else None
    assert remove(database) == RemovedEvidence(0, 0, 1)
    assert file_of(database, one).exists()


def test_evidence_of_a_reading_that_waits_for_a_person_is_never_removed(database: Database) -> None:
    record_id = keep(database)
    kept(database, reading_id=reading(database, record_id, "waiting"))
    assert remove(database) == RemovedEvidence(0, 0, 1)


def reading(database: Database, record_id: int, state: str) -> int:
    with database.write(ACTOR) as session:
        row = Reading(
            authorization_id=record_id, portal="example_payer", profile_version="1", page="detail",
            read_at=NOW, read_by="robot", state=state, values={}, texts={}, identity={},
        )  # fmt: skip
        session.add(row)
        audit.record(session, ACTOR, "reading.kept", f"authorization:{record_id}", now=NOW)
        session.flush()
        return row.id


def test_a_file_that_is_gone_without_its_entry_is_found(database: Database) -> None:
    file_of(database, kept(database)).unlink()
    assert findings(database) == ["evidence_missing"]


def test_a_row_that_only_says_it_was_removed_is_found(database: Database) -> None:
    one = kept(database)
    file_of(database, one).unlink()
    with database.write(ACTOR) as session:
        session.get_one(Evidence, one).removed_at = LATER
        audit.record(session, ACTOR, "something.else", "x", now=NOW)
    assert findings(database) == ["evidence_changed", "evidence_missing"]


def test_a_removal_that_was_cut_off_is_found_and_finished_next_time(database: Database) -> None:
    one = kept(database)
    path = file_of(database, one)
    content = path.read_bytes()
    remove(database)
    path.write_bytes(content)
    assert findings(database) == ["evidence_left"]
    remove(database)
    assert not path.exists()


def test_a_removal_that_is_rolled_back_leaves_the_file(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = kept(database)
    monkeypatch.setattr(audit, "record", lambda *given, **named: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        remove(database)
    assert file_of(database, one).exists()


def test_nothing_is_removed_while_a_backup_is_written_and_a_backup_holds_what_is_left(
    database: Database, tmp_path: Path
) -> None:
    kept(database)
    with database.write(ACTOR) as session:
        assert take_lease(session, LEASE_NAME, "backup", LATER, LEASE)
    with pytest.raises(Problem) as raised:
        remove(database)
    assert raised.value.code == "evidence_in_use"
    with pytest.raises(Problem) as raised:
        make_backup(database, tmp_path / "one.backup", ACTOR, LATER)
    assert raised.value.code == "evidence_in_use"
    after = LATER + LEASE + timedelta(minutes=1)
    kept(database, after)
    remove_evidence(database, 2192, ACTOR, after)
    assert make_backup(database, tmp_path / "two.backup", ACTOR, after).evidence_files == 1


def test_the_schedule_removes_only_where_the_clinic_says_how_long_it_keeps(database: Database) -> None:
    one = kept(database)
    schedule.remove_old_evidence(database, lambda: LATER)
    assert file_of(database, one).exists()
    database.settings = replace(database.settings, evidence_days=2192)
    scheduler = schedule.start(database, lambda: LATER)
    try:
        schedule.plan(scheduler, database, lambda: LATER)
        assert "evidence" in {job.id for job in scheduler.get_jobs()}
    finally:
        scheduler.shutdown()
    schedule.remove_old_evidence(database, lambda: LATER)
    assert not file_of(database, one).exists()


@pytest.mark.parametrize("text", ["0", "-1", "six years", "1.5", "99999"])
def test_a_retention_that_is_no_number_of_days_is_refused(text: str) -> None:
    with pytest.raises(Problem) as raised:
        Settings.load({"HOME": "/nonexistent", "TALLYSTICK_EVIDENCE_DAYS": text})
    assert [problem.field for problem in raised.value.fields] == ["TALLYSTICK_EVIDENCE_DAYS"]


def test_the_command_says_what_would_go_and_asks_for_a_number_of_days(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = kept(database)
    monkeypatch.setenv("TALLYSTICK_DATA", str(settings.data_dir))
    monkeypatch.setenv("TALLYSTICK_KEY", KEY)
    monkeypatch.delenv("TALLYSTICK_EVIDENCE_DAYS", raising=False)
    refused = CliRunner().invoke(tallystick, ["evidence", "remove"])
    assert "TALLYSTICK_EVIDENCE_DAYS" in str(refused.exception)
    asked = ["evidence", "remove", "--older-than", "1", "--dry-run"]
    said = CliRunner().invoke(tallystick, asked, standalone_mode=False)
    assert said.return_value == FINE
    assert "would be removed" in said.output
    assert "less than the six years" in said.output
    said = CliRunner().invoke(tallystick, [*asked, "--json"], standalone_mode=False)
    assert set(json.loads(said.output)) == {"count", "size", "kept_back", "days", "dry_run"}
    assert file_of(database, one).exists()
