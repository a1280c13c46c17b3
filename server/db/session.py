"""The database: opening it, migrating it, and the only two ways in: `read` and `write`.

Default: SQLite through SQLCipher in the data folder. WAL, so that readers never wait for a writer; foreign
keys on; synchronous NORMAL, which in WAL can lose the last transactions on a power cut but never corrupts the
file; temporary tables in memory, so that nothing leaves the encrypted file. By URL: PostgreSQL.

One writer at a time on both databases (BEGIN IMMEDIATE; an advisory lock): the audit chain has one end, and a
transaction that has begun to write never finds another one in its way.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlcipher3.dbapi2
from sqlalchemy import (
    Connection,
    Engine,
    QueuePool,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, UOWTransaction

from server.db import tables
from server.db.migrations import upgrade
from server.errors import Problem
from server.security import keys
from server.security.audit import first_head
from server.security.secrets import Vault
from server.settings import Settings

BUSY_SECONDS = 30
WRITE_LOCK = 0x7A11_57C4  # any constant: PostgreSQL advisory locks are named by number

#: What may be written without an audit entry: locks, counters and progress, nothing of a patient or of
#: access.
OPERATIONAL_TABLES = frozenset({"lease", "device_nonce", "run", "run_item", "installation", "audit_entry"})
OPERATIONAL_COLUMNS = frozenset({("device", "seen_at"), ("access_token", "tries")})


class Database:
    """One opened database with its key. Share it between threads; take a session for each piece of work."""

    def __init__(self, engine: Engine, vault: Vault, settings: Settings) -> None:
        """Use `Database.open`."""
        self.engine = engine
        self.vault = vault
        self.settings = settings
        self._reading = engine
        if engine.dialect.name == "postgresql":
            # One state for all statements of a reading session, as SQLite gives it; and no writing by
            # mistake.
            self._reading = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writing = engine.execution_options(tallystick_begin="BEGIN IMMEDIATE")

    @classmethod
    def open(cls, settings: Settings) -> Database:
        """Opens the database, makes it on a first start, and migrates it up.

        Raises Problem when the key is missing, wrong or readable by others, when the database can't be
        reached, or when it was written by a newer version of this program.
        """
        key = keys.find_key(settings)
        if settings.is_postgresql:
            engine = postgresql_engine(settings.database_url)
        else:
            key = key or _key_for_new(settings, is_new=not settings.database_file.exists())
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            engine = sqlcipher_engine(settings.database_file, key)
        try:
            if key is None:
                with engine.connect() as connection:
                    is_new = _key_check(connection) is None
                key = _key_for_new(settings, is_new=is_new)
            database = cls(engine, Vault(key, settings.evidence_dir), settings)
            database._prepare()
        except OperationalError as error:
            engine.dispose()
            raise _unreachable(settings) from error
        except BaseException:
            engine.dispose()
            raise
        return database

    def _prepare(self) -> None:
        check = self.vault.key.derive("key check").hex()
        with self.engine.connect() as connection:
            made_with = _key_check(connection)
            if made_with is not None and not hmac.compare_digest(made_with, check):
                raise _wrong_key()
            if made_with is not None and upgrade.is_current(connection):
                return
        with self._writing.connect() as connection, connection.begin():
            _take_write_lock(connection)
            upgrade.to_head(connection)
            if _key_check(connection) is None:
                connection.execute(
                    insert(tables.Installation).values(
                        id=1,
                        created_at=datetime.now(UTC),
                        key_check=check,
                        **first_head(self.vault.key),
                    )
                )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent state of the record. Raises RuntimeError where something was changed in
        it.
        """
        with Session(self._reading, autoflush=False, expire_on_commit=False) as session:
            session.info.update(vault=self.vault, zone=self.settings.zone)
            with _busy_is_said():
                yield session
            if session.new or session.dirty or session.deleted:
                raise RuntimeError("a reading session was given changes; use Database.write")

    @contextmanager
    def write(self, actor: str) -> Iterator[Session]:
        """A session that may write: committed at the end, rolled back on any error, alone in writing
        meanwhile.

        actor: who does it, as the audit chain shall name them; `session.info["actor"]` gives it back.
        Raises RuntimeError where records were changed and no audit entry was made, and Problem("busy") where
        another writer kept the lock for longer than BUSY_SECONDS.
        """
        with Session(self._writing, expire_on_commit=False) as session:
            session.info.update(
                vault=self.vault, zone=self.settings.zone, actor=actor, new_files=[], gone_files=[]
            )
            try:
                with _busy_is_said():
                    _take_write_lock(session.connection())
                    yield session
                    session.flush()
                    unaudited = session.info.get("unaudited")
                    if unaudited and not session.info.get("audited"):
                        raise RuntimeError(f"written without an audit entry: {', '.join(sorted(unaudited))}")
                    session.commit()
                for path in session.info["gone_files"]:
                    path.unlink(missing_ok=True)
            except BaseException:
                session.rollback()
                for path in session.info["new_files"]:
                    path.unlink(missing_ok=True)
                raise

    def dispose(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def sqlcipher_engine(path: Path, key: keys.DataKey) -> Engine:
    """An engine on one SQLCipher file, in autocommit mode with explicit BEGINs."""
    pragma_key = _pragma_key(key)

    def connect() -> Any:
        connection = sqlcipher3.dbapi2.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute(f'PRAGMA key = "{pragma_key}"')
        connection.execute("PRAGMA temp_store = MEMORY")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlcipher3.dbapi2.DatabaseError as error:
            connection.close()
            if "not a database" in str(error):
                raise _wrong_key() from error
            raise
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    engine = create_engine(
        "sqlite://",
        module=sqlcipher3.dbapi2,
        creator=connect,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=24,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("tallystick_begin", "BEGIN"))

    path.touch(mode=0o600)
    return engine


def copy_sqlcipher(engine: Engine, target: Path, key: keys.DataKey) -> None:
    """Writes a consistent copy of an open SQLCipher database, encrypted with the same key, while others work
    on.
    """
    copy = sqlcipher3.dbapi2.connect(str(target))
    source = engine.raw_connection()
    try:
        copy.execute(f'PRAGMA key = "{_pragma_key(key)}"')
        source.driver_connection.backup(copy)  # type: ignore[union-attr]
    finally:
        source.close()
        copy.close()


def is_in_use(path: Path, key: keys.DataKey) -> bool:
    """Whether any other connection has the SQLCipher database open."""
    connection = sqlcipher3.dbapi2.connect(str(path), timeout=0, isolation_level=None)
    try:
        connection.execute(f'PRAGMA key = "{_pragma_key(key)}"')
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    except sqlcipher3.dbapi2.OperationalError as error:
        if "locked" in str(error):
            return True
        raise
    except sqlcipher3.dbapi2.DatabaseError as error:
        if "not a database" in str(error):
            return False  # written with another key: not what this installation could have open
        raise
    finally:
        connection.close()
    return False


def _pragma_key(key: keys.DataKey) -> str:
    """A raw key: SQLCipher then spends no time on deriving one from a pass phrase at each connection."""
    return f"x'{key.derive('database').hex()}'"


def postgresql_engine(url: str) -> Engine:
    """An engine on a PostgreSQL database, through psycopg 3."""
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=8,
        max_overflow=24,
        pool_pre_ping=True,
        hide_parameters=True,
    )


@event.listens_for(Session, "after_flush")
def _note_what_was_written(session: Session, _flush: UOWTransaction) -> None:
    """Collects the tables whose rows this session changed, for `Database.write` to ask for their audit
    entry.
    """
    unaudited: set[str] = session.info.setdefault("unaudited", set())
    for row in (*session.new, *session.dirty, *session.deleted):
        table = row.__tablename__
        if table in OPERATIONAL_TABLES:
            continue
        if row in session.dirty:
            changed = {attribute.key for attribute in inspect(row).attrs if attribute.history.has_changes()}
            if all((table, column) in OPERATIONAL_COLUMNS for column in changed):
                continue
        unaudited.add(table)


@contextmanager
def _busy_is_said() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "database is locked" in str(error.orig) or "lock timeout" in str(error.orig):
            raise Problem(
                "busy", "The record is busy with another change. Try again in a minute.", 503
            ) from error
        raise


def _take_write_lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITE_LOCK})


def _key_check(connection: Connection) -> str | None:
    """The key check of the installation row; None in a database that was not made yet."""
    if not inspect(connection).has_table("installation"):
        return None
    check: str | None = connection.scalar(select(tables.Installation.key_check))
    return check


def _key_for_new(settings: Settings, *, is_new: bool) -> keys.DataKey:
    if is_new:
        return keys.make_key(settings)
    raise Problem(
        "key_missing",
        "The database is there, but its key is not: looked in TALLYSTICK_KEY, in "
        f"{settings.key_file} and in the keyring. Put the key back in one of them; without it nothing can be "
        "read.",
        500,
    )


def _wrong_key() -> Problem:
    return Problem(
        "key_wrong",
        "The key does not open this database. Use the key that it was made with (TALLYSTICK_KEY, the key's "
        "file or "
        "the keyring, in this order), or check that TALLYSTICK_DATA names the right folder.",
        500,
    )


def _unreachable(settings: Settings) -> Problem:
    if settings.is_postgresql:
        return Problem(
            "database_unreachable",
            "The PostgreSQL database can't be reached. Check TALLYSTICK_DATABASE_URL and that the server "
            "runs.",
            503,
        )
    return Problem(
        "database_unreachable",
        f"The database in {settings.data_dir} can't be opened. Check that the folder is there and writable.",
        503,
    )


def zone_of(session: Session) -> ZoneInfo:
    """The clinic's time zone."""
    zone: ZoneInfo = session.info["zone"]
    return zone


def local_date(session: Session, now: datetime) -> date:
    """The clinic's calendar date at a time: due dates and rules go by it, never by UTC's."""
    return now.astimezone(zone_of(session)).date()


def local_time(session: Session, at: datetime) -> datetime:
    """A time as the clinic's clocks show it, aware: what a person is told of a deadline."""
    zone: ZoneInfo = session.info["zone"]
    return at.astimezone(zone)


def night_of(session: Session, now: datetime) -> date:
    """The night that a time belongs to, by the clinic's date on which it began: from noon to noon."""
    zone: ZoneInfo = session.info["zone"]
    return (now.astimezone(zone).replace(tzinfo=None) - timedelta(hours=12)).date()
