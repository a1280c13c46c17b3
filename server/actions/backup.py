"""Writes one encrypted copy of everything that is kept but the key: the database and the evidence files.

The file is a tar of parts that are each encrypted under keys derived from the data key: the database copy by
SQLCipher (a PostgreSQL dump sealed piece by piece), the evidence files as they lie. A manifest with the
SHA-256 of each part stands last, under an HMAC. Who has the file without the key has nothing; who has lost
the key too.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import make_url, select

from server.actions.hold_lease import give_back_lease
from server.actions.remove_evidence import LEASE_NAME, hold_evidence
from server.db.session import Database, copy_sqlcipher
from server.db.tables import Evidence
from server.errors import Problem
from server.security import audit
from server.security.keys import DataKey
from server.security.secrets import Vault

FORMAT = "tallystick backup 1"
MANIFEST, MANIFEST_MAC, DATABASE, EVIDENCE = "manifest.json", "manifest.mac", "database", "evidence"
PIECE = 4 << 20
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class BackupReport:
    """size: of the file in bytes; evidence_files: how many it holds."""

    path: Path
    size: int
    evidence_files: int


def make_backup(database: Database, target: Path, actor: str, now: datetime) -> BackupReport:
    """Writes the backup to `target`, which must not be there yet; other work goes on meanwhile.

    Raises Problem `exists`, `evidence_in_use` (evidence is being removed), `evidence_missing`, or
    `no_pg_dump`.
    """
    if target.exists():
        raise Problem("exists", "There is a file of this name already. Give another name.", 409)
    part = target.with_name(f"{target.name}.part")
    holder = f"backup:{uuid.uuid4().hex[:8]}"
    with database.write(actor) as session:
        hold_evidence(session, holder, now)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tallystick-") as folder:
            copy = Path(folder) / DATABASE
            _copy_database(database, copy)
            # After the database: no evidence file is changed, and none is removed while the lease is held, so
            # that every one in the copy is there.
            paths = _evidence_paths(database)
            with _private_file(part) as file:
                _write(file, copy, paths, database.vault, database.settings.is_postgresql, now)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
        with database.write(actor) as session:
            give_back_lease(session, LEASE_NAME, holder)
    with database.write(actor) as session:
        with target.open("rb") as made:
            digest = hashlib.file_digest(made, "sha256").hexdigest()
        audit.record(session, actor, "backup.made", "backup", {"sha256": digest}, now=now)
    return BackupReport(target, target.stat().st_size, len(paths))


def _copy_database(database: Database, copy: Path) -> None:
    if not database.settings.is_postgresql:
        copy_sqlcipher(database.engine, copy, database.vault.key)
        return
    with (
        pg_program(
            "pg_dump", database.settings.database_url, "--format=custom", stdout=subprocess.PIPE
        ) as dump,
        copy.open("wb") as file,
    ):
        assert dump.stdout is not None
        seal_stream(database.vault, dump.stdout, file)


def _evidence_paths(database: Database) -> list[str]:
    with database.read() as session:
        paths = list(
            session.scalars(select(Evidence.path).where(Evidence.removed_at.is_(None)).order_by(Evidence.id))
        )
    for path in paths:
        if not (database.vault.evidence_dir / path).is_file():
            raise Problem(
                "evidence_missing",
                "An evidence file is missing, so that a backup would not be whole. See: tallystick audit "
                "verify",
                500,
            )
    return paths


def _write(
    file: BinaryIO, copy: Path, paths: list[str], vault: Vault, is_postgresql: bool, now: datetime
) -> None:
    hashes: dict[str, str] = {}
    with tarfile.open(fileobj=file, mode="w|") as tar:
        for name, path in ((DATABASE, copy), *((f"{EVIDENCE}/{p}", vault.evidence_dir / p) for p in paths)):
            with path.open("rb") as content:
                hashes[name] = hashlib.file_digest(content, "sha256").hexdigest()
            tar.add(path, arcname=name, recursive=False, filter=_anonymous)
        manifest = json.dumps(
            {
                "format": FORMAT,
                "made_at": now.astimezone(UTC).isoformat(),
                "database": "postgresql" if is_postgresql else "sqlcipher",
                "sha256": hashes,
            },
            sort_keys=True,
        ).encode()
        for name, content_bytes in ((MANIFEST, manifest), (MANIFEST_MAC, manifest_mac(vault.key, manifest))):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content_bytes), 0o600
            tar.addfile(entry, io.BytesIO(content_bytes))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def manifest_mac(key: DataKey, manifest: bytes) -> bytes:
    """What says that a manifest was written by an installation with this key."""
    return hmac.new(key.derive("backup manifest"), manifest, hashlib.sha256).hexdigest().encode()


def seal_stream(vault: Vault, source: Any, target: Any) -> None:
    """Seals a stream in pieces, each bound to its place and to whether it is the last."""
    name = os.urandom(16).hex()
    target.write(name.encode())
    index, piece = 0, source.read(PIECE)
    while True:
        following = source.read(PIECE)
        sealed = vault.seal(f"backup/{name}/{index}/{'more' if following else 'last'}", piece)
        target.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
        if not following:
            return
        index, piece = index + 1, following


def unseal_stream(vault: Vault, source: Any, target: Any) -> None:
    """Writes the clear content of what `seal_stream` wrote. Raises Problem where a piece is changed or
    missing.
    """
    name = source.read(32).decode("ascii", "replace")
    index, head = 0, source.read(_LENGTH_BYTES)
    while head:
        sealed = source.read(int.from_bytes(head, "big"))
        head = source.read(_LENGTH_BYTES)
        target.write(vault.unseal(f"backup/{name}/{index}/{'more' if head else 'last'}", sealed))
        index += 1


@contextlib.contextmanager
def pg_program(name: str, url: str, *options: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Runs one of PostgreSQL's own programs on the database of `url`; the password goes by the environment.

    Raises Problem where the program is not installed or fails.
    """
    program = _find_pg_program(name)
    parsed = make_url(url)
    place = {
        "--host": parsed.host,
        "--port": parsed.port,
        "--username": parsed.username,
        "--dbname": parsed.database,
    }
    arguments = [f"{option}={value}" for option, value in place.items() if value is not None]
    environment = dict(os.environ)
    if parsed.password is not None:
        environment["PGPASSWORD"] = str(parsed.password)
    with subprocess.Popen(  # noqa: S603
        [program, "--no-password", *arguments, *options], env=environment, stderr=subprocess.PIPE, **streams
    ) as process:
        try:
            yield process
            if process.stdin is not None:
                process.stdin.close()
        except BrokenPipeError:
            process.wait()  # it has ended before it took everything: its code is judged below
        assert process.stderr is not None
        process.stderr.read()  # not shown: it may quote rows
    if process.returncode != 0:
        raise Problem(
            f"{name}_failed",
            f"{name} ended with code {process.returncode}. Check that its version is the server's or newer, "
            "and "
            "that the database's user owns the tables.",
            500,
        )


def _find_pg_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        installed = sorted(
            Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
            key=lambda path: int(path.parts[-3].partition(".")[0]),
        )
        found = str(installed[-1]) if installed else None
    if found is None:
        raise Problem(
            f"no_{name}",
            f"{name} is not installed, and a PostgreSQL database is copied with it. Install "
            "postgresql-client.",
            500,
        )
    return found


@contextlib.contextmanager
def _private_file(path: Path) -> Iterator[BinaryIO]:
    """A new file of mode 0600, synced to the disk at the end."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
