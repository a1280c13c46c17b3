"""A database of its own for each test: SQLCipher in a folder, and PostgreSQL where a server is there."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from server.db.session import Database, postgresql_engine
from server.settings import Settings

KEY = "0f" * 32


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation in a folder of its own, its key given by the environment."""
    return Settings.load(
        {
            "TALLYSTICK_DATA": str(tmp_path / "data"),
            "TALLYSTICK_KEY": KEY,
            "TALLYSTICK_TIME_ZONE": "America/Chicago",
            "TALLYSTICK_CLINIC": "Riverbend Clinic",
        }
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A new SQLCipher database."""
    opened = Database.open(settings)
    yield opened
    opened.dispose()


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped afterwards."""
    server_url = os.environ.get("TALLYSTICK_TEST_POSTGRES", "postgresql://root@127.0.0.1/postgres")
    server = create_engine(postgresql_engine(server_url).url, isolation_level="AUTOCOMMIT")
    name = f"tallystick_test_{uuid.uuid4().hex[:12]}"
    try:
        with server.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    except OperationalError:
        server.dispose()
        pytest.skip("no PostgreSQL server answers at TALLYSTICK_TEST_POSTGRES")
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        made = connection.scalars(
            text("SELECT datname FROM pg_database WHERE starts_with(datname, :name)"), {"name": name}
        ).all()
        for database_name in made:
            connection.execute(text(f'DROP DATABASE "{database_name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings of an installation on SQLCipher, then of one on PostgreSQL."""
    if request.param == "sqlcipher":
        return settings
    return replace(settings, database_url=request.getfixturevalue("postgresql_url"))


@pytest.fixture
def either_database(either_settings: Settings) -> Iterator[Database]:
    """A new database of each kind."""
    opened = Database.open(either_settings)
    yield opened
    opened.dispose()
