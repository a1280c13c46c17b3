"""An outcome is written once; a failed look ages the record and asks a person, and does nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from automation.outcomes import Evidence, Outcome, OutcomeKind, Stops
from server.actions.record_outcome import Recorded, record_outcome
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.actions.start_run import NIGHTLY, start_run
from server.db import queries, tables
from server.db.session import Database
from server.errors import Problem
from tests.server.records import ACTOR, ada, keep

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
FAILED = [kind for kind in OutcomeKind if kind not in (OutcomeKind.READ, OutcomeKind.IDENTITY_UNCONFIRMED)]

#: Everything of an authorization that a failed look must leave alone.
UNTOUCHED = [
    column.key
    for column in tables.Authorization.__table__.columns
    if column.key not in ("last_looked_at", "last_outcome", "next_due")
]


class Clinic:
    """Two pended authorizations, an account, and a run over them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        data = ada(portal="example_payer", determination="pended", reference_numbers=[])
        self.ids = [keep(database, data), keep(database, data)]
        with database.write(ACTOR) as session:
            self.account_id = save_portal_account(
                session, "example_payer", "robot", AccountSecrets("p"), ACTOR, NOW
            ).id
            records = [queries.authorization(session, one) for one in self.ids]
            self.run_id = start_run(session, NIGHTLY, [r for r in records if r], ACTOR, NOW, None).id

    def record(self, kind: OutcomeKind, index: int = 0, **values: Any) -> Recorded:
        outcome = Outcome(
            str(self.ids[index]), kind, "example_payer", NOW, kind.why, **{"attempts": 1, **values}
        )
        with self.database.write("robot") as session:
            return record_outcome(
                session, outcome, run_id=self.run_id, actor="robot", now=NOW, account_id=self.account_id
            )

    def authorization(self, index: int = 0) -> tables.Authorization:
        with self.database.read() as session:
            found = queries.authorization(session, self.ids[index])
        assert found is not None
        return found

    def tasks(self) -> list[tables.Task]:
        with self.database.read() as session:
            return queries.open_tasks(session)

    def account(self) -> tables.PortalAccount:
        with self.database.read() as session:
            return session.get_one(tables.PortalAccount, self.account_id)


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return Clinic(database)


@pytest.mark.parametrize("kind", FAILED)
def test_a_failed_look_changes_no_status_and_no_value(clinic: Clinic, kind: OutcomeKind) -> None:
    before = clinic.authorization()
    clinic.record(kind)
    after = clinic.authorization()
    assert {name: getattr(after, name) for name in UNTOUCHED} == {
        name: getattr(before, name) for name in UNTOUCHED
    }
    assert (after.last_looked_at, after.last_outcome) == (NOW, kind.value)
    assert after.next_due == date(2026, 11, 23)


def test_what_was_not_even_begun_stays_due_and_is_no_look(clinic: Clinic) -> None:
    before = clinic.authorization()
    clinic.record(OutcomeKind.NOT_STARTED, attempts=0)
    after = clinic.authorization()
    assert (after.last_looked_at, after.last_outcome, after.next_due) == (None, None, before.next_due)


@pytest.mark.parametrize("kind", [kind for kind in FAILED if kind.person])
def test_whatever_needs_a_person_is_one_task_with_why_and_next_step(
    clinic: Clinic, kind: OutcomeKind
) -> None:
    clinic.record(kind)
    (task,) = clinic.tasks()
    assert task.kind == kind.value
    assert kind.why in task.why
    assert task.next_step == kind.next_step
    for secret in ("XYZ", "Lindqvist", "1961"):
        assert secret not in f"{task.title} {task.why} {task.next_step}"


@pytest.mark.parametrize("kind", [kind for kind in FAILED if not kind.person])
def test_what_mends_itself_asks_nobody(clinic: Clinic, kind: OutcomeKind) -> None:
    clinic.record(kind)
    assert clinic.tasks() == []


@pytest.mark.parametrize("kind", [kind for kind in FAILED if kind.person and kind.stops is not Stops.NOTHING])
def test_one_cause_that_stops_many_is_one_task(clinic: Clinic, kind: OutcomeKind) -> None:
    clinic.record(kind, 0)
    clinic.record(kind, 1, attempts=0)
    (task,) = clinic.tasks()
    assert task.authorization_id is None


@pytest.mark.parametrize("kind", OutcomeKind)
def test_only_a_refused_expired_or_locked_sign_in_closes_the_account(
    clinic: Clinic, kind: OutcomeKind
) -> None:
    if kind is not OutcomeKind.READ:
        clinic.record(kind)
    assert (clinic.account().state == "closed") == kind.closes_account


def test_an_item_has_one_outcome_and_a_second_is_not_written(clinic: Clinic) -> None:
    assert clinic.record(OutcomeKind.TIMED_OUT).first
    assert clinic.record(OutcomeKind.NOT_FOUND) == Recorded(False, None)
    with clinic.database.read() as session:
        items = {item.authorization_id: item.outcome for item in queries.run_items(session, clinic.run_id)}
    assert items == {clinic.ids[0]: "timed_out", clinic.ids[1]: None}
    assert clinic.tasks() == []


def test_the_picture_of_a_changed_page_is_kept_with_its_authorization(clinic: Clinic) -> None:
    clinic.record(OutcomeKind.PAGE_CHANGED, evidence=(Evidence("picture", "image/png", b"png"),))
    with clinic.database.read() as session:
        (kept,) = session.scalars(select(tables.Evidence)).all()
    assert (kept.authorization_id, kept.run_id, kept.reading_id) == (clinic.ids[0], clinic.run_id, None)


def test_an_outcome_of_no_item_is_refused(clinic: Clinic) -> None:
    clinic.ids[0] = 4040
    with pytest.raises(Problem) as caught:
        clinic.record(OutcomeKind.TIMED_OUT)
    assert caught.value.code == "not_found"
