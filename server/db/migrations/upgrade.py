"""Bringing a database up to the tables of this version, in the caller's transaction and under the caller's
lock.

Alembic is imported only when there is something to do: a start on a current database stays quick.
A new revision: `python -m server.db.migrations.upgrade "what it does"`, then read and correct the file it
names.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, text

from server.errors import Problem

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent


def revisions() -> tuple[str, ...]:
    """The revision names that this version knows, oldest first: the leading numbers of the files in
    `versions`.
    """
    return tuple(sorted(file.name.partition("_")[0] for file in (HERE / "versions").glob("[0-9]*.py")))


def current(connection: Connection) -> str | None:
    """The revision that the database is at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    name: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return name


def is_current(connection: Connection) -> bool:
    """Whether the database is at the newest revision; Problem when it is past every one that is known
    here.
    """
    at = current(connection)
    if at is not None and at not in revisions():
        raise Problem(
            "database_newer",
            f"The database was written by a newer version of Tallystick (its tables are at {at}, this "
            "version "
            f"knows up to {revisions()[-1]}). Install that version again, or restore a backup made by this "
            "one.",
            500,
        )
    return at == revisions()[-1]


def to_head(connection: Connection) -> None:
    """Applies every revision that the database lacks."""
    if is_current(connection):
        return
    from alembic import command

    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for one open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _write_next(message: str) -> None:
    """Writes the next revision file from the difference between the last revision and the tables."""
    from alembic import command

    with create_engine("sqlite://").connect() as connection:
        if revisions():
            to_head(connection)
        number = f"{len(revisions()) + 1:04}"
        command.revision(alembic_config(connection), message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    _write_next(sys.argv[1])
