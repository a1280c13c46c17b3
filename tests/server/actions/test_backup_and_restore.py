import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from server.actions import backup
from server.actions.backup import make_backup, seal_stream, unseal_stream
from server.actions.keep_evidence import evidence_content, keep_evidence
from server.actions.restore import restore_backup
from server.db.session import Database
from server.db.tables import AuditEntry, Authorization, Evidence
from server.errors import Problem
from server.security import audit
from server.settings import Settings
from tests.server.records import ACTOR, BRUNO, NOW, ada, keep


@pytest.fixture
def either_backup(either_settings: Settings, tmp_path: Path) -> Path:
    """A backup of Ada's authorization and one letter; Bruno's came after it."""
    database = Database.open(either_settings)
    keep(database)
    with database.write(ACTOR) as session:
        keep_evidence(session, b"the letter", kind="letter", media_type="text/plain", actor=ACTOR, now=NOW)
    target = tmp_path / "tallystick.backup"
    make_backup(database, target, ACTOR, NOW)
    keep(database, ada(patient=BRUNO, reference_numbers=[]))
    database.dispose()
    return target


def people_in(settings: Settings) -> list[str | None]:
    database = Database.open(settings)
    with database.read() as session:
        names = list(session.scalars(select(Authorization.last_name).order_by(Authorization.id)))
    database.dispose()
    return names


def refused(settings: Settings, source: Path) -> str:
    with pytest.raises(Problem) as raised:
        restore_backup(settings, source, ACTOR, NOW)
    return raised.value.code


def test_a_restored_backup_is_what_was_there_when_it_was_made(
    either_settings: Settings, either_backup: Path
) -> None:
    assert people_in(either_settings) == ["Lindqvist", "Okafor"]
    report = restore_backup(either_settings, either_backup, ACTOR, NOW)
    assert (report.entries, report.evidence_files) == (2, 1)
    assert people_in(either_settings) == ["Lindqvist"]
    database = Database.open(either_settings)
    with database.read() as session:
        assert evidence_content(session, session.scalars(select(Evidence)).one()) == b"the letter"
        assert audit.verify(session).findings == ()
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert last is not None
        assert last.action == "backup.restored"
    database.dispose()


def test_what_was_there_is_kept_aside(
    settings: Settings, either_backup: Path, either_settings: Settings
) -> None:
    report = restore_backup(either_settings, either_backup, ACTOR, NOW)
    assert report.aside is not None
    if either_settings.is_postgresql:
        name = report.aside.removeprefix("database ")
        aside = replace(
            either_settings, database_url=either_settings.database_url.rpartition("/")[0] + f"/{name}"
        )
    else:
        aside = replace(settings, data_dir=Path(report.aside))
    assert people_in(aside) == ["Lindqvist", "Okafor"]


def test_a_backup_holds_nothing_in_the_clear_and_is_its_owners_only(
    either_settings: Settings, either_backup: Path
) -> None:
    content = either_backup.read_bytes()
    assert not [
        word for word in (b"Lindqvist", b"XYZ100200301", b"the letter", b"0f0f0f0f") if word in content
    ]
    assert either_backup.stat().st_mode & 0o077 == 0
    assert either_settings.data_dir.exists()


def test_a_backup_made_with_another_key_is_refused(either_settings: Settings, either_backup: Path) -> None:
    assert refused(replace(either_settings, key_text="1e" * 32), either_backup) == "backup_changed"
    assert people_in(either_settings) == ["Lindqvist", "Okafor"]


def test_a_backup_is_not_restored_without_the_key(settings: Settings, either_backup: Path) -> None:
    assert refused(replace(settings, key_text="", key_store="file"), either_backup) == "key_missing"


def repacked(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """The backup with members replaced or, for None, left out."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            content = old.extractfile(entry)
            assert content is not None
            kept = change.get(entry.name, content.read())
            if kept is not None:
                path = target.with_suffix(".member")
                path.write_bytes(kept)
                new.add(path, arcname=entry.name)
    return target


def member_names(source: Path) -> list[str]:
    with tarfile.open(source) as tar:
        return tar.getnames()


def test_any_part_that_was_changed_or_left_out_is_found(settings: Settings, tmp_path: Path) -> None:
    database = Database.open(settings)
    keep(database)
    with database.write(ACTOR) as session:
        keep_evidence(session, b"the letter", kind="letter", media_type="text/plain", actor=ACTOR, now=NOW)
    source = tmp_path / "whole.backup"
    make_backup(database, source, ACTOR, NOW)
    database.dispose()
    for name in member_names(source):
        for content in (None, b"other"):
            changed = repacked(source, tmp_path / "changed.backup", {name: content})
            assert refused(settings, changed) == "backup_changed"
    assert people_in(settings) == ["Lindqvist"]


@pytest.mark.parametrize(
    "name", ["../outside", "evidence/../../outside", "/etc/outside", "evidence/ab/cd/ef"]
)
def test_a_part_with_a_strange_name_is_never_written(settings: Settings, tmp_path: Path, name: str) -> None:
    source = tmp_path / "strange.backup"
    content = tmp_path / "content"
    content.write_bytes(b"x")
    with tarfile.open(source, "w") as tar:
        entry = tar.gettarinfo(content)
        entry.name = name
        with content.open("rb") as file:
            tar.addfile(entry, file)
    assert refused(settings, source) == "backup_unreadable"
    assert list(tmp_path.rglob("outside")) == []


def test_a_cut_off_backup_is_refused(settings: Settings, tmp_path: Path) -> None:
    database = Database.open(settings)
    keep(database)
    source = tmp_path / "whole.backup"
    make_backup(database, source, ACTOR, NOW)
    database.dispose()
    source.write_bytes(source.read_bytes()[:100_000])
    assert refused(settings, source) in ("backup_unreadable", "backup_changed")
    source.write_bytes(b"no tar")
    assert refused(settings, source) == "backup_unreadable"


def test_a_backup_whose_chain_does_not_verify_replaces_nothing(settings: Settings, tmp_path: Path) -> None:
    database = Database.open(settings)
    keep(database)
    keep(database, ada(patient=BRUNO, reference_numbers=[]))
    with database._writing.connect() as connection, connection.begin():
        connection.execute(update(AuditEntry).where(AuditEntry.seq == 1).values(actor="somebody else"))
    source = tmp_path / "broken.backup"
    make_backup(database, source, ACTOR, NOW)
    database.dispose()
    assert refused(settings, source) == "chain_broken"
    assert people_in(settings) == ["Lindqvist", "Okafor"]


def test_a_record_that_is_in_use_is_not_replaced(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    keep(database)
    source = tmp_path / "whole.backup"
    make_backup(database, source, ACTOR, NOW)
    with database.read() as session:
        session.execute(text("SELECT 1"))
        assert refused(settings, source) == "in_use"


def test_a_backup_goes_to_a_new_installation_with_the_same_key(settings: Settings, tmp_path: Path) -> None:
    database = Database.open(settings)
    keep(database)
    source = tmp_path / "whole.backup"
    make_backup(database, source, ACTOR, NOW)
    database.dispose()
    elsewhere = replace(settings, data_dir=tmp_path / "elsewhere" / "data")
    assert restore_backup(elsewhere, source, ACTOR, NOW).aside is None
    assert people_in(elsewhere) == ["Lindqvist"]


def test_an_existing_file_is_never_overwritten_and_no_half_backup_stays(
    database: Database, tmp_path: Path
) -> None:
    keep(database)
    target = tmp_path / "a.backup"
    target.write_text("mine")
    with pytest.raises(Problem) as raised:
        make_backup(database, target, ACTOR, NOW)
    assert raised.value.code == "exists"
    assert target.read_text() == "mine"
    with database.write(ACTOR) as session:
        evidence = keep_evidence(session, b"x", kind="text", media_type="text/plain", actor=ACTOR, now=NOW)
        path = database.vault.evidence_dir / evidence.path
    path.unlink()
    with pytest.raises(Problem) as raised:
        make_backup(database, tmp_path / "b.backup", ACTOR, NOW)
    assert raised.value.code == "evidence_missing"
    assert sorted(file.name for file in tmp_path.glob("*backup*")) == ["a.backup"]


def test_the_manifest_says_nothing_of_a_patient(database: Database, tmp_path: Path) -> None:
    keep(database)
    target = tmp_path / "a.backup"
    make_backup(database, target, ACTOR, NOW)
    with tarfile.open(target) as tar:
        file = tar.extractfile(backup.MANIFEST)
        assert file is not None
        manifest = json.loads(file.read())
    assert manifest.keys() == {"format", "made_at", "database", "sha256"}
    assert list(manifest["sha256"]) == ["database"]


@pytest.mark.parametrize("size", [0, 1, backup.PIECE - 1, backup.PIECE, backup.PIECE + 1])
def test_a_sealed_stream_opens_again_and_not_when_cut_between_pieces(
    database: Database, tmp_path: Path, size: int
) -> None:
    clear, sealed, again = tmp_path / "clear", tmp_path / "sealed", tmp_path / "again"
    clear.write_bytes(b"x" * size)
    with clear.open("rb") as source, sealed.open("wb") as target:
        seal_stream(database.vault, source, target)
    with sealed.open("rb") as source, again.open("wb") as target:
        unseal_stream(database.vault, source, target)
    assert again.read_bytes() == clear.read_bytes()
    if size > backup.PIECE:
        first = 32 + 4 + int.from_bytes(sealed.read_bytes()[32:36], "big")
        sealed.write_bytes(sealed.read_bytes()[:first])
        with sealed.open("rb") as source, again.open("wb") as target, pytest.raises(Problem):
            unseal_stream(database.vault, source, target)


def test_without_pg_dump_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(Path, "glob", lambda path, pattern: iter(()))
    with pytest.raises(Problem) as raised:
        backup._find_pg_program("pg_dump")
    assert raised.value.code == "no_pg_dump"
    assert "postgresql-client" in raised.value.message
