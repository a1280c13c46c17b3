"""Statements on the driver's own cursor: the same values in and out as through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.db.prepared import Prepared
from server.db.session import Database
from server.db.tables import Authorization, AuthorizationLine, DeviceNonce, PortalSetting, table_of
from server.security import audit
from server.settings import Settings
from tests.server.records import NOW, ada, keep

RECORD = table_of(Authorization)
LINE = table_of(AuthorizationLine)
BY_ID = Prepared(select(RECORD).where(RECORD.c.id == bindparam("id")))
LINES = Prepared(select(LINE).where(LINE.c.authorization_id == bindparam("id")).order_by(LINE.c.number))
SETTING = Prepared(select(PortalSetting.enabled, PortalSetting.due_days).where(PortalSetting.portal == "x"))
ADD = Prepared(insert(DeviceNonce).values({name: bindparam(name) for name in ("device_id", "nonce", "at")}))
SEEN = Prepared(select(DeviceNonce.nonce, DeviceNonce.at).order_by(DeviceNonce.nonce))


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Database]:
    """Each of the two databases."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        settings = Settings.load(
            {
                "TALLYSTICK_DATA": str(settings.data_dir),
                "TALLYSTICK_KEY": settings.key_text,
                "TALLYSTICK_DATABASE_URL": url,
            }
        )
    opened = Database.open(settings)
    yield opened
    opened.dispose()


def test_a_row_has_the_same_values_as_through_the_mapping(either: Database) -> None:
    number = keep(either, ada(notes="as it is"))
    with either.read() as session:
        mapped = session.get_one(Authorization, number)
        [row] = BY_ID.rows(session, id=number)
        [line] = LINES.rows(session, id=number)
        assert {name: getattr(row, name) for name in row._fields} == {
            column.name: getattr(mapped, column.name) for column in RECORD.columns
        }
        assert {name: getattr(line, name) for name in line._fields} == {
            column.name: getattr(mapped.lines[0], column.name) for column in LINE.columns
        }
    assert row.expiry == date(2026, 12, 31)
    assert row.created_at.tzinfo is not None
    assert isinstance(row.diagnoses, list)
    assert isinstance(line.quantity, Decimal)


def test_what_is_not_there_gives_no_row(either: Database) -> None:
    with either.read() as session:
        assert BY_ID.rows(session, id=12345) == []


def test_yes_no_and_json_come_out_as_what_they_are(either: Database) -> None:
    with either.write("test") as session:
        session.add(PortalSetting(portal="x", enabled=True, due_days={"pended": 2}))
        audit.record(session, "test", "portal.changed", "portal:x", now=NOW)
    with either.read() as session:
        [row] = SETTING.rows(session)
    assert (row.enabled, row.due_days) == (True, {"pended": 2})


def test_what_is_written_is_counted_and_rolled_back_with_the_rest(either: Database) -> None:
    at = datetime(2026, 11, 2, 15, 30, 1, 250000, tzinfo=UTC)
    with either.write("test") as session:
        assert ADD.run(session, device_id="d", nonce="b", at=at) == 1
        ADD.run_many(session, [{"device_id": "d", "nonce": nonce, "at": at} for nonce in ("c", "a")])
    with pytest.raises(IntegrityError):
        _add_twice(either, at)
    with either.read() as session:
        assert [tuple(row) for row in SEEN.rows(session)] == [("a", at), ("b", at), ("c", at)]
    with either.write("test") as session:
        gone = Prepared(delete(DeviceNonce).where(DeviceNonce.nonce == bindparam("old")))
        assert gone.run(session, old="a") == 1
        moved = Prepared(update(DeviceNonce).values(at=bindparam("later")))
        assert moved.run(session, later=NOW) == 2


def test_what_the_session_has_not_yet_written_is_seen(either: Database) -> None:
    with either.write("test") as session:
        session.add(DeviceNonce(device_id="d", nonce="n", at=NOW))
        assert [row.nonce for row in SEEN.rows(session)] == ["n"]


def test_one_session_after_another_uses_its_own_connection(either: Database) -> None:
    def nonces(session: Session) -> list[str]:
        return [row.nonce for row in SEEN.rows(session)]

    with either.write("test") as writing:
        ADD.run(writing, device_id="d", nonce="n", at=NOW)
        with either.read() as reading:
            assert nonces(reading) == []
        assert nonces(writing) == ["n"]
    with either.read() as later:
        assert nonces(later) == ["n"]


def _add_twice(database: Database, at: datetime) -> None:
    with database.write("test") as session:
        ADD.run(session, device_id="d", nonce="z", at=at)
        session.execute(insert(DeviceNonce).values(device_id="d", nonce="z", at=at))
