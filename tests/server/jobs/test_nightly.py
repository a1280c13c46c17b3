"""Runs: what is due, who may be asked, one outcome an item, ledgers that add up, and crashes at any
moment."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from automation.outcomes import OutcomeKind
from server.actions.decide_automation import decide_automation
from server.actions.finish_run import ledger_of
from server.actions.hold_lease import take_lease
from server.actions.save_portal_account import browser_state_of, close_portal_account
from server.db import queries, tables
from server.db.session import Database
from server.errors import Problem
from server.jobs import nightly
from server.jobs.nightly import LEASE, LeaseLost, Summary, begin, carry_out, night, query_for, what_is_due
from server.security import audit
from tests.server.jobs.told_portal import SLUG, START, Clock, ToldRobot, clinic, no_browser
from tests.server.records import ACTOR, ada, keep

Kind = OutcomeKind


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> ToldRobot:
    told = ToldRobot()
    monkeypatch.setattr(nightly, "check_portal", told)
    return told


def run(database: Database, clock: Clock | None = None, **how: Any) -> Summary:
    return asyncio.run(night(database, actor=ACTOR, clock=clock or Clock(), browsers=no_browser, **how))


def items(database: Database, run_id: int | None) -> dict[int, str | None]:
    assert run_id is not None
    with database.read() as session:
        return {item.authorization_id: item.outcome for item in queries.run_items(session, run_id)}


def tasks(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(task.kind, task.why) for task in queries.open_tasks(session)]


def leases(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(tables.Lease.name)))


def test_what_is_due_is_looked_at_once_and_then_is_not_due(database: Database, robot: ToldRobot) -> None:
    ids = clinic(database, 3)
    assert what_is_due(database, START).by_portal == {SLUG: ids}
    summary = run(database)
    assert items(database, summary.run_id) == dict.fromkeys(ids, "read")
    assert what_is_due(database, START).count == 0
    assert run(database).run_id is None
    assert leases(database) == []
    with database.read() as session:
        assert audit.verify(session).findings == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(st.lists(st.sampled_from([k for k in Kind if k is not Kind.IDENTITY_UNCONFIRMED]), max_size=6))
def test_due_is_the_sum_of_outcomes_and_left(
    database: Database, robot: ToldRobot, kinds: list[OutcomeKind]
) -> None:
    robot.ends, robot.asked = kinds, []
    with database.write(ACTOR) as session:
        for account in queries.portal_accounts(session, SLUG):
            account.state = "open"
        for record in session.scalars(select(tables.Authorization)):
            record.next_due = None
        audit.record(session, ACTOR, "test.reset", "test:1")
    clinic(database, len(kinds))
    ledger = run(database).ledger
    assert ledger.due == len(kinds) == ledger.outcomes.total()
    assert ledger.left == 0
    assert ledger.outcomes == Counter(kind.value for kind in kinds)


@pytest.mark.parametrize("at", range(5))
def test_a_run_killed_at_any_item_goes_on_with_what_is_left(
    database: Database, robot: ToldRobot, at: int
) -> None:
    ids = clinic(database, 4)

    def kill(number: int) -> None:
        if number == at:
            raise KeyboardInterrupt

    robot.before = kill
    if at < 4:
        with pytest.raises(KeyboardInterrupt):
            run(database)
        with database.read() as session:
            stopped = session.scalars(select(tables.Run)).one()
            ledger = ledger_of(session, stopped.id)
        assert stopped.state == "stopped"
        assert (ledger.outcomes.total(), ledger.left) == (at, 4 - at)
        assert leases(database) == []
    robot.before = None
    summary = run(database)
    assert items(database, summary.run_id) == dict.fromkeys(ids, "read")
    with database.read() as session:
        finished = session.scalars(select(tables.Run)).one()
    assert finished.state == "finished"
    once_more = Counter(query_id for _, query_id in robot.asked)
    assert (
        {query_id for query_id, times in once_more.items() if times > 1} <= {str(ids[at])} if at < 4 else True
    )


def test_a_pass_whose_process_died_is_gone_on_with_when_its_lease_has_run_out(
    database: Database, robot: ToldRobot
) -> None:
    ids = clinic(database, 2)
    begun = begin(database, kind="nightly", actor=ACTOR, now=START)
    assert begun is not None
    with pytest.raises(Problem) as caught:
        run(database, Clock(START + LEASE - timedelta(seconds=1)))
    assert caught.value.code == "pass_running"
    summary = run(database, Clock(START + LEASE + timedelta(seconds=1)))
    assert summary.run_id == begun.run_id
    assert items(database, begun.run_id) == dict.fromkeys(ids, "read")


def test_what_became_due_since_joins_the_run_that_goes_on(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1)
    begun = begin(database, kind="nightly", actor=ACTOR, now=START)
    assert begun is not None
    new = keep(database, ada(portal=SLUG, determination="pended", reference_numbers=[]))
    summary = run(database, Clock(START + 2 * LEASE))
    assert summary.run_id == begun.run_id
    assert new in items(database, begun.run_id)


def test_a_second_pass_at_once_is_refused(either_database: Database, robot: ToldRobot) -> None:
    clinic(either_database, 1)

    async def twice() -> None:
        inside = asyncio.Event()
        go_on = asyncio.Event()

        async def wait_inside() -> None:
            inside.set()
            await go_on.wait()

        robot.before = lambda number: wait_inside()
        first = asyncio.create_task(night(either_database, actor=ACTOR, clock=Clock(), browsers=no_browser))
        await inside.wait()
        with pytest.raises(Problem) as caught:
            await night(either_database, actor=ACTOR, clock=Clock(), browsers=no_browser)
        assert caught.value.code == "pass_running"
        go_on.set()
        assert (await first).ledger.outcomes == {"read": 1}

    asyncio.run(twice())


def test_of_many_who_begin_at_the_same_moment_one_does(either_database: Database, robot: ToldRobot) -> None:
    clinic(either_database, 1)
    begun: list[Any] = []
    together = threading.Barrier(6)

    def one() -> None:
        together.wait()
        try:
            begun.append(begin(either_database, kind="nightly", actor=ACTOR, now=START))
        except Problem as problem:
            begun.append(problem.code)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(isinstance(one, str) for one in begun) == {True: 5, False: 1}


def test_portals_are_looked_at_side_by_side(database: Database, robot: ToldRobot) -> None:
    clinic(database, 2)
    clinic(database, 2, "availity", "http://availity.localhost:9")
    summary = run(database)
    assert summary.ledger.outcomes == {"read": 4}
    assert robot.most_running == 2


def test_a_portal_that_fails_does_not_take_the_others_with_it(
    database: Database, robot: ToldRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = clinic(database, 2)
    there = clinic(database, 2, "availity", "http://availity.localhost:9")

    def fail(number: int) -> None:
        if robot.asked[number][0] == SLUG:
            raise RuntimeError("the profile has no such page")

    robot.before = fail
    with pytest.raises(RuntimeError):
        run(database)
    with database.read() as session:
        (stopped,) = session.scalars(select(tables.Run))
    assert items(database, stopped.id) == {**dict.fromkeys(here), **dict.fromkeys(there, "read")}


def test_a_lease_that_was_taken_over_stops_the_pass(
    database: Database, robot: ToldRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic(database, 2)
    monkeypatch.setattr(nightly, "HEARTBEAT_SECONDS", 0.01)
    clock = Clock()

    async def taken_over() -> None:
        clock.time += 2 * LEASE
        with database.write("other") as session:
            assert take_lease(session, f"pass:{SLUG}", "other", clock.time, LEASE)
        await asyncio.Event().wait()

    robot.before = lambda number: taken_over() if number == 1 else None
    with pytest.raises(LeaseLost):
        run(database, clock)
    with database.read() as session:
        (stopped,) = session.scalars(select(tables.Run))
        assert session.get_one(tables.Lease, f"pass:{SLUG}").holder == "other"
    assert stopped.state == "stopped"
    assert Counter(items(database, stopped.id).values()) == {"read": 1, None: 1}


# ---- who may be asked ----


def refused(database: Database, robot: ToldRobot, many: int = 2, kind: str = "not_started") -> str:
    """Runs, and gives the reason of the one task after nothing was started."""
    summary = run(database)
    assert summary.ledger.outcomes == {"not_started": many}
    assert robot.asked == []
    (task,) = tasks(database)
    assert task[0] == kind
    return task[1]


@pytest.mark.parametrize("decision", ["unknown", "forbidden"])
def test_a_real_portal_is_asked_only_where_the_clinic_permitted_it(
    database: Database, robot: ToldRobot, decision: str
) -> None:
    clinic(database, 2, base_url=None)
    with database.write(ACTOR) as session:
        decide_automation(session, SLUG, decision, "", ACTOR, START)
    assert "not permitted" in refused(database, robot, kind="to_look_at")


def test_a_portal_that_a_pass_may_look_at_again_leaves_the_list_of_what_staff_look_at(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 2, base_url=None)
    run(database)
    assert [task[0] for task in tasks(database)] == ["to_look_at"]
    with database.write(ACTOR) as session:
        decide_automation(session, SLUG, "permitted", "Our contract, section 4.", ACTOR, START)
    run(database)
    assert tasks(database) == []


def test_a_permitted_portal_is_asked_within_its_hours(database: Database, robot: ToldRobot) -> None:
    clinic(database, 2, base_url=None)
    with database.write(ACTOR) as session:
        decide_automation(session, SLUG, "permitted", "Our contract, section 4.", ACTOR, START)
    assert run(database).ledger.outcomes == {"read": 2}


def test_outside_its_hours_a_real_portal_is_left_alone_by_the_night_but_a_person_may_check_one(
    database: Database, robot: ToldRobot
) -> None:
    ids = clinic(database, 2, base_url=None)
    with database.write(ACTOR) as session:
        decide_automation(session, SLUG, "permitted", "Our contract, section 4.", ACTOR, START)
    noon = Clock(START - timedelta(hours=7))
    assert run(database, noon).ledger.outcomes == {"not_started": 2}
    assert run(database, noon, kind="check_now", authorization_id=ids[0]).ledger.outcomes == {"read": 1}


def test_a_portal_that_was_switched_off_is_left_alone(database: Database, robot: ToldRobot) -> None:
    clinic(database, 2)
    with database.write(ACTOR) as session:
        session.get_one(tables.PortalSetting, SLUG).enabled = False
        audit.record(session, ACTOR, "portal.setting_changed", f"portal:{SLUG}")
    assert "switched off" in refused(database, robot)


def test_a_portal_without_a_profile_says_so(database: Database, robot: ToldRobot) -> None:
    clinic(database, 2, "no_such_portal")
    assert "no profile" in refused(database, robot)


def test_a_closed_account_signs_in_no_more(database: Database, robot: ToldRobot) -> None:
    clinic(database, 2)
    with database.write(ACTOR) as session:
        (account,) = queries.portal_accounts(session, SLUG)
        close_portal_account(session, account, "refused", ACTOR, START)
    assert "no open account" in refused(database, robot)


def test_an_account_that_is_in_use_elsewhere_is_not_signed_in_twice(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 2)
    with database.write("other") as session:
        (account,) = queries.portal_accounts(session, SLUG)
        assert take_lease(session, f"account:{account.id}", "other", START, LEASE)
    assert "elsewhere" in refused(database, robot)


def test_a_refused_password_closes_the_account_for_the_next_night_too(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 2)
    robot.ends = [Kind.CREDENTIALS_REFUSED] * 2
    run(database)
    robot.asked.clear()
    summary = run(database, Clock(START + timedelta(days=1)))
    assert summary.ledger.outcomes == {"not_started": 2}
    assert robot.asked == []


# ---- what is kept ----


def test_the_browsers_state_is_kept_encrypted_and_given_to_the_next_pass(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 1)
    run(database)
    with database.read() as session:
        (account,) = queries.portal_accounts(session, SLUG)
        assert b"cookies" not in (account.browser_state or b"")
        assert browser_state_of(session, account) == b'{"cookies": []}'
    run(database, Clock(START + timedelta(days=30)), kind="check_now", authorization_id=1)
    assert [known.browser_state for known in robot.accounts] == [None, b'{"cookies": []}']


def test_a_check_of_one_authorization_looks_at_it_whether_it_is_due_or_not(
    database: Database, robot: ToldRobot
) -> None:
    ids = clinic(database, 3)
    run(database)
    summary = run(database, kind="check_now", authorization_id=ids[1])
    assert items(database, summary.run_id) == {ids[1]: "read"}


@pytest.mark.parametrize(("authorization_id", "code"), [(99, "not_found"), (None, "no_portal")])
def test_a_check_of_what_can_t_be_looked_at_is_refused(
    database: Database, robot: ToldRobot, authorization_id: int | None, code: str
) -> None:
    known = authorization_id or keep(database, ada())
    with pytest.raises(Problem) as caught:
        run(database, kind="check_now", authorization_id=known)
    assert caught.value.code == code


def test_only_the_portal_that_was_named_is_looked_at(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1)
    there = clinic(database, 1, "availity", "http://availity.localhost:9")
    summary = run(database, portals=("availity",))
    assert items(database, summary.run_id) == dict.fromkeys(there, "read")


def test_a_pass_that_reads_too_little_is_said_once(database: Database, robot: ToldRobot) -> None:
    clinic(database, 6)
    robot.ends = [Kind.READ, Kind.TIMED_OUT, Kind.TIMED_OUT, Kind.TIMED_OUT, Kind.TIMED_OUT, Kind.TIMED_OUT]
    run(database)
    assert [kind for kind, _ in tasks(database)] == ["pass_unhealthy"]


def test_progress_tells_every_outcome_with_done_and_total(database: Database, robot: ToldRobot) -> None:
    clinic(database, 3)
    told: list[nightly.Progress] = []
    run(database, on_progress=told.append)
    assert [(step.done, step.total) for step in told if step.what == "outcome"] == [(1, 3), (2, 3), (3, 3)]


def test_a_check_whose_process_died_is_closed_by_the_next_run(database: Database, robot: ToldRobot) -> None:
    (one,) = clinic(database, 1)
    begun = begin(database, kind="check_now", actor=ACTOR, now=START, authorization_id=one)
    assert begun is not None
    run(database, Clock(START + 3 * LEASE))
    with database.read() as session:
        dead = session.get_one(tables.Run, begun.run_id)
    assert dead.state == "stopped"
    assert dead.finished_at is not None


def test_a_run_that_waited_too_long_for_a_worker_does_not_begin(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1)
    begun = begin(database, kind="check_now", actor=ACTOR, now=START, authorization_id=1)
    assert begun is not None
    with database.write("other") as session:
        assert take_lease(session, f"pass:{SLUG}", "other", START + 2 * LEASE, LEASE)
    with pytest.raises(LeaseLost):
        asyncio.run(carry_out(database, begun, clock=Clock(START + 2 * LEASE), browsers=no_browser))
    assert robot.asked == []


# ---- the question that a portal is asked ----


def numbers(*kinds: str) -> Sequence[dict[str, str]]:
    return [{"value": f"N-{kind}", "kind": kind} for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "asked"),
    [
        (("tracking", "authorization"), "N-authorization"),
        (("tracking", "reference"), "N-reference"),
        (("transaction",), None),
        ((), None),
    ],
)
def test_a_portal_is_asked_by_the_best_number_and_never_by_a_messages(
    database: Database, kinds: tuple[str, ...], asked: str | None
) -> None:
    one = keep(database, ada(reference_numbers=numbers(*kinds)))
    with database.read() as session:
        record = queries.authorization(session, one)
    assert record is not None
    assert query_for(record).reference_number == asked


def test_an_attended_pass_begins_where_a_portal_needs_a_person_and_no_account_is_kept(
    database: Database, robot: ToldRobot
) -> None:
    clinic(database, 1, "carelon", base_url=None)
    with database.write(ACTOR) as session:
        decide_automation(session, "carelon", "permitted", "Letter of 1 November", ACTOR, START)
        for account in queries.portal_accounts(session, "carelon"):
            session.delete(account)
        audit.record(session, ACTOR, "test.accounts_gone", "portal:carelon")
    alone = run(database, portals=("carelon",))
    assert (robot.asked, alone.ledger.outcomes) == ([], Counter(["not_started"]))
    with database.write(ACTOR) as session:
        session.scalars(select(tables.Authorization)).one().next_due = START.date() - timedelta(days=1)
        audit.record(session, ACTOR, "test.due_again", "portal:carelon")
    attended = run(database, portals=("carelon",), kind="attended")
    assert attended.ledger.outcomes == Counter(["read"])
    assert robot.given[-1]["attended"] == nightly.ATTENDED_MINUTES
    assert robot.given[-1]["people"] is None
    assert (robot.accounts[-1].username, robot.given[-1]["keeper"]) == ("", None)


def test_an_attended_pass_too_needs_the_clinics_permission(database: Database, robot: ToldRobot) -> None:
    clinic(database, 1, "carelon", base_url=None)
    summary = run(database, portals=("carelon",), kind="attended")
    assert summary.ledger.outcomes == Counter(["not_started"])
    assert "has not permitted" in tasks(database)[0][1]
