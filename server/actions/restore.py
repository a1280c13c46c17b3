"""Puts a backup in the place of the present record. What is there now is kept aside, and nothing is replaced
until the backup's audit chain and every evidence file in it have been checked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text

from server.actions.backup import (
    DATABASE,
    EVIDENCE,
    FORMAT,
    MANIFEST,
    MANIFEST_MAC,
    manifest_mac,
    pg_program,
    unseal_stream,
)
from server.db.session import Database, is_in_use, postgresql_engine
from server.errors import Problem
from server.security import audit, keys
from server.security.secrets import Vault
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """aside: where the record that was replaced is kept, None where there was none. The counts are the
    backup's.
    """

    aside: str | None
    entries: int
    evidence_files: int


def restore_backup(settings: Settings, source: Path, actor: str, now: datetime) -> RestoreReport:
    """Restores the backup of `make_backup`. The server must be stopped.

    Raises Problem `key_missing`, `backup_unreadable`, `backup_changed`, `backup_kind`, `chain_broken` or
    `in_use`.
    """
    key = keys.find_key(settings)
    if key is None:
        raise Problem(
            "key_missing",
            f"A backup does not hold the key. Put it back first: in TALLYSTICK_KEY, in {settings.key_file} "
            "(mode "
            "0600) or in the keyring.",
            500,
        )
    settings.data_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data_dir.parent, prefix=".tallystick-") as folder:
        fresh = Path(folder) / "data"
        manifest = _unpack(source, fresh, key)
        wanted = "postgresql" if settings.is_postgresql else "sqlcipher"
        if manifest["database"] != wanted:
            raise Problem(
                "backup_kind",
                f"The backup is of a {manifest['database']} database, this installation uses {wanted}. Set "
                "TALLYSTICK_DATABASE_URL accordingly.",
                409,
            )
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        if settings.is_postgresql:
            return _into_postgresql(settings, fresh, key, actor, now, stamp)
        return _into_folder(settings, fresh, key, actor, now, stamp)


def _unpack(source: Path, fresh: Path, key: keys.DataKey) -> dict[str, Any]:
    """Writes the parts below `fresh` and checks each against the manifest."""
    fresh.mkdir(mode=0o700)
    (fresh / EVIDENCE).mkdir(mode=0o700)
    hashes: dict[str, str] = {}
    manifest, mac = b"", b""
    try:
        with tarfile.open(source, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                if content is None or not entry.isfile():
                    raise _unreadable()
                if entry.name == MANIFEST:
                    manifest = content.read()
                elif entry.name == MANIFEST_MAC:
                    mac = content.read()
                else:
                    path = _place(fresh, entry.name)
                    path.parent.mkdir(mode=0o700, exist_ok=True)
                    with path.open("wb") as file:
                        shutil.copyfileobj(content, file, 1 << 20)
                    path.chmod(0o600)
                    with path.open("rb") as written:
                        hashes[entry.name] = hashlib.file_digest(written, "sha256").hexdigest()
    except (OSError, tarfile.TarError, EOFError) as error:
        raise _unreadable() from error
    if not hmac.compare_digest(mac, manifest_mac(key, manifest)):
        raise Problem(
            "backup_changed", "The backup was made with another key, or its manifest was changed.", 409
        )
    told: dict[str, Any] = json.loads(manifest)
    if told["format"] != FORMAT or told["sha256"] != hashes:
        raise Problem(
            "backup_changed", "Parts of the backup are missing or were changed. Use another one.", 409
        )
    return told


def _place(fresh: Path, name: str) -> Path:
    """Where a part belongs; only the database and evidence/xx/name are parts."""
    parts = PurePosixPath(name).parts
    if name == DATABASE:
        return fresh / DATABASE
    if len(parts) == 3 and parts[0] == EVIDENCE and all(part.isalnum() for part in parts[1:]):
        return fresh.joinpath(*parts)
    raise _unreadable()


def _into_folder(
    settings: Settings, fresh: Path, key: keys.DataKey, actor: str, now: datetime, stamp: str
) -> RestoreReport:
    trial = replace(settings, data_dir=fresh)
    (fresh / DATABASE).rename(trial.database_file)
    seen = _verified(trial)
    aside = None
    if settings.data_dir.exists():
        if settings.database_file.exists() and is_in_use(settings.database_file, key):
            raise _in_use()
        aside = settings.data_dir.with_name(f"{settings.data_dir.name}-before-restore-{stamp}")
        settings.data_dir.rename(aside)
    fresh.rename(settings.data_dir)
    _note(settings, actor, now)
    return RestoreReport(str(aside) if aside else None, seen.entries, seen.evidence_files)


def _into_postgresql(
    settings: Settings, fresh: Path, key: keys.DataKey, actor: str, now: datetime, stamp: str
) -> RestoreReport:
    """Into a database of its own first; the two then change names. Its user must be allowed to create
    databases.
    """
    url = make_url(settings.database_url)
    name = str(url.database)
    new, old = f"{name}_restored_{stamp.lower()}", f"{name}_before_restore_{stamp.lower()}"
    server = create_engine(
        postgresql_engine(settings.database_url).url.set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    new_url = url.set(database=new).render_as_string(hide_password=False)
    trial = replace(settings, data_dir=fresh, database_url=new_url)
    try:
        _on_server(server, f'CREATE DATABASE "{new}"')
        try:
            with (
                pg_program(
                    "pg_restore", new_url, "--no-owner", "--exit-on-error", stdin=subprocess.PIPE
                ) as restoring,
                (fresh / DATABASE).open("rb") as sealed,
            ):
                unseal_stream(Vault(key, fresh), sealed, restoring.stdin)
            (fresh / DATABASE).unlink()
            seen = _verified(trial)
            _on_server(server, f'ALTER DATABASE "{name}" RENAME TO "{old}"')
        except BaseException:
            _on_server(server, f'DROP DATABASE "{new}"')
            raise
        _on_server(server, f'ALTER DATABASE "{new}" RENAME TO "{name}"')
    finally:
        server.dispose()
    if settings.evidence_dir.exists():
        settings.evidence_dir.rename(settings.evidence_dir.with_name(f"{EVIDENCE}-before-restore-{stamp}"))
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    (fresh / EVIDENCE).rename(settings.evidence_dir)
    _note(settings, actor, now)
    return RestoreReport(f"database {old}", seen.entries, seen.evidence_files)


def _on_server(server: Engine, statement: str) -> None:
    with server.connect() as connection:
        connection.execute(text(statement))


def _verified(trial: Settings) -> audit.Verification:
    database = Database.open(trial)
    try:
        with database.read() as session:
            seen = audit.verify(session)
    finally:
        database.dispose()
    if seen.findings:
        raise Problem(
            "chain_broken",
            f"The backup's audit chain does not verify ({len(seen.findings)} findings), so nothing was "
            "replaced. "
            "Use another backup.",
            409,
        )
    return seen


def _note(settings: Settings, actor: str, now: datetime) -> None:
    database = Database.open(settings)
    try:
        with database.write(actor) as session:
            audit.record(session, actor, "backup.restored", "backup", now=now)
    finally:
        database.dispose()


def _unreadable() -> Problem:
    return Problem("backup_unreadable", "The file is not a backup of Tallystick, or it is cut off.", 400)


def _in_use() -> Problem:
    return Problem("in_use", "The record is in use. Stop the server and its workers, then restore.", 409)
