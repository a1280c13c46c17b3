"""`tallystick device`: the list, and ending a device's access."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from server.cli.device import command
from server.db.session import Database
from server.db.tables import AuditEntry, Device, User
from server.errors import Problem
from server.security import audit
from server.settings import Settings

NOW = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with one paired device, where the command line finds it."""
    monkeypatch.setenv("TALLYSTICK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TALLYSTICK_KEY", "5a" * 32)
    opened = Database.open(Settings.load())
    with opened.write("test") as session:
        user = User(
            email="scheduler@riverbend.example",
            name="Scheduler",
            role="scheduler",
            active=True,
            created_at=NOW,
        )
        session.add(user)
        session.flush()
        session.add(Device(id="d1", user_id=user.id, name="Front desk", public_key={}, paired_at=NOW))
        audit.record(session, "test", "device.paired", "device:d1", now=NOW)
    yield opened
    opened.dispose()


def test_the_list_names_each_device_and_its_person(database: Database) -> None:
    shown = CliRunner().invoke(command, ["list"])
    assert shown.exit_code == 0
    assert "d1  Front desk  scheduler@riverbend.example" in shown.output
    assert "seen never" in shown.output


def test_the_list_as_json_is_one_object(database: Database) -> None:
    shown = json.loads(CliRunner().invoke(command, ["list", "--json"]).output)
    assert shown == {
        "devices": [
            {
                "id": "d1",
                "name": "Front desk",
                "user": "scheduler@riverbend.example",
                "paired_at": NOW.isoformat(),
                "seen_at": None,
                "revoked_at": None,
            }
        ]
    }


def test_revoking_ends_the_device_once(database: Database) -> None:
    first = CliRunner().invoke(command, ["revoke", "d1"])
    assert "Front desk of scheduler@riverbend.example is revoked." in first.output
    with database.read() as session:
        revoked_at = session.get_one(Device, "d1").revoked_at
    assert revoked_at is not None
    again = json.loads(CliRunner().invoke(command, ["revoke", "d1", "--json"]).output)
    assert again["revoked_at"] == revoked_at.isoformat()
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "device.revoked")).all()
    assert [(entry.actor, entry.subject) for entry in entries] == [("command line", "device:d1")]


def test_a_device_that_is_not_there_is_said_so(database: Database) -> None:
    result = CliRunner().invoke(command, ["revoke", "d2"])
    assert isinstance(result.exception, Problem)
    assert result.exception.code == "not_found"


def test_before_any_pairing_the_list_says_how_to_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYSTICK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TALLYSTICK_KEY", "5a" * 32)
    assert "Make a code in the dashboard" in CliRunner().invoke(command, ["list"]).output


@pytest.mark.parametrize("words", [[], ["list"], ["revoke"]])
def test_every_help_shows_an_example(words: list[str]) -> None:
    assert "Example: tallystick device" in CliRunner().invoke(command, [*words, "--help"]).output
