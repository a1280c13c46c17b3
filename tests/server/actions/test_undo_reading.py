"""A reading that was written can be taken back: the record is as it was, and the reading says who did it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal_profiles.vocabulary import Determination
from server.actions.before_reading import before_reading
from server.actions.open_task import open_task
from server.actions.save_authorization import input_of, update_authorization
from server.actions.undo_reading import Why, undo_reading
from server.db import queries, tables
from server.db.session import Database
from server.errors import Problem
from server.security import audit
from tests.server.actions.test_record_reading import APPROVED, NOW, PENDED, UNSURE, read, record, tasks
from tests.server.records import keep

LATER = NOW + timedelta(minutes=3)


def undo(database: Database, reading_id: int) -> None:
    with database.write("desk@riverbend.example") as session:
        undo_reading(session, reading_id, Why.MISREAD, "desk@riverbend.example", LATER)


def whole(database: Database, one: int) -> dict[str, Any]:
    with database.read() as session:
        found = queries.authorization(session, one)
        assert found is not None
        return before_reading(found)


def test_the_record_is_exactly_what_it_was_before(either_database: Database) -> None:
    one = keep(either_database, PENDED)
    before = whole(either_database, one)
    row = read(either_database, one)
    assert whole(either_database, one) != before
    undo(either_database, row.id)
    assert whole(either_database, one) == before
    after = record(either_database, one)
    assert after.determination == "pended"
    assert [line.quantity for line in after.lines] == [Decimal(24)]
    assert [number.kind for number in after.reference_numbers] == ["tracking"]
    assert after.version == 3


def test_the_reading_stays_rejected_with_who_took_it_back_and_why(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one)
    undo(database, row.id)
    with database.read() as session:
        kept = session.get_one(tables.Reading, row.id)
        history = [(h.determination, h.source, h.line_number) for h in queries.history(session, one)]
        acts = session.scalars(
            select(tables.AuditEntry.action).where(tables.AuditEntry.subject == f"authorization:{one}")
        ).all()
        assert audit.verify(session).findings == ()
    assert (kept.state, kept.taken_back_by, kept.taken_back_why) == (
        "rejected", "desk@riverbend.example", "misread",
    )  # fmt: skip
    assert kept.values["determination"] == "approved"
    assert history[-1] == ("pended", "undo", None)
    assert "reading.taken_back" in acts


def test_what_was_changed_since_is_never_overwritten(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one)
    with database.write("desk") as session:
        kept = queries.authorization(session, one)
        assert kept is not None
        update_authorization(session, one, None, replace(input_of(kept), notes="Called."), "desk", LATER)
    with pytest.raises(Problem) as raised:
        undo(database, row.id)
    assert raised.value.code == "changed_since"
    assert record(database, one).determination == "approved"


def test_a_later_reading_that_only_agreed_stands_in_the_way_too(database: Database) -> None:
    one = keep(database, PENDED)
    first = read(database, one)
    second = read(database, one, now=NOW + timedelta(days=1))
    with pytest.raises(Problem, match="newer"):
        undo(database, first.id)
    undo(database, second.id)
    assert record(database, one).determination_read_at == NOW


def test_a_reading_that_was_never_written_cannot_be_taken_back(database: Database) -> None:
    one = keep(database, PENDED)
    waiting = read(database, one, identity=UNSURE)
    with pytest.raises(Problem) as raised:
        undo(database, waiting.id)
    assert raised.value.code == "not_written"
    taken_back = read(database, one)
    undo(database, taken_back.id)
    with pytest.raises(Problem):
        undo(database, taken_back.id)


def test_tasks_turn_back_with_the_reading(database: Database) -> None:
    one = keep(database, PENDED)
    with database.write("robot") as session:
        open_task(
            session, kind="not_found", title="Not found", why="Nothing came up.", next_step="Look for it.",
            dedupe_key=f"not_found:{one}", actor="robot", now=NOW - timedelta(days=1), authorization_id=one,
        )  # fmt: skip
    row = read(database, one, replace(APPROVED, determination=Determination.DENIED, lines=()))
    assert tasks(database) == ["payer_denied"]
    undo(database, row.id)
    assert tasks(database) == ["not_found"]
