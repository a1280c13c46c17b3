"""A clinic with several sign-ins at one portal: each authorization is looked up with the right one, and the
accounts go one after the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from automation.outcomes import OutcomeKind
from portal_profiles.catalogue import load
from portal_profiles.profile import Profile
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.db import queries
from server.db.session import Database
from server.errors import Problem
from server.jobs import nightly
from server.jobs.nightly import Summary, night
from tests.server.jobs.told_portal import SLUG, START, Clock, ToldRobot, clinic, no_browser
from tests.server.records import ACTOR, ada, keep

#: A provider of another organization than those of the clinic's other records.
OTHER = "1245319599"


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> ToldRobot:
    told = ToldRobot()
    monkeypatch.setattr(nightly, "check_portal", told)
    return told


@pytest.fixture
def records(database: Database) -> tuple[int, int]:
    """One authorization of the first organization and one of the second, each with an account."""
    (first,) = clinic(database, 1)
    theirs = ada(
        portal=SLUG,
        determination="pended",
        reference_numbers=[],
        requesting_npi=OTHER,
        rendering_npis=[],
        billing_npi=None,
        facility_npi=None,
    )
    second = keep(database, theirs)
    account(database, "second", OTHER)
    return first, second


def account(database: Database, username: str, *npis: str, state: str = "open") -> int:
    with database.write(ACTOR) as session:
        saved = save_portal_account(
            session, SLUG, username, AccountSecrets("a password"), ACTOR, START, npis=npis
        )
        saved.state = state
        return saved.id


def run(database: Database) -> Summary:
    return asyncio.run(night(database, actor=ACTOR, clock=Clock(), browsers=no_browser))


def ends(database: Database, summary: Summary) -> dict[int, str | None]:
    assert summary.run_id is not None
    with database.read() as session:
        return {item.authorization_id: item.outcome for item in queries.run_items(session, summary.run_id)}


def asked_with(robot: ToldRobot) -> list[tuple[str, str]]:
    """Which account was signed in to for which queries, in order."""
    return list(
        zip([one.username for one in robot.accounts], [query for _, query in robot.asked], strict=True)
    )


def test_each_is_looked_up_with_the_account_of_its_provider_and_the_rest_with_the_one_for_all(
    database: Database, robot: ToldRobot, records: tuple[int, int]
) -> None:
    first, second = records
    assert ends(database, run(database)) == {first: "read", second: "read"}
    assert sorted(asked_with(robot)) == [("robot", str(first)), ("second", str(second))]


def test_accounts_of_one_portal_go_one_after_the_other(
    database: Database, robot: ToldRobot, records: tuple[int, int]
) -> None:
    run(database)
    assert len(robot.accounts) == 2
    assert robot.most_running == 1


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> Profile:
    """The portal's profile, which lets two accounts in at the same time."""
    known = load(SLUG)
    several = replace(known, pace=replace(known.pace, accounts_at_once=2))
    monkeypatch.setattr(nightly, "load", lambda slug: several)
    return several


def test_accounts_go_side_by_side_where_the_profile_says_so_and_share_the_nights_requests(
    database: Database, robot: ToldRobot, records: tuple[int, int], side_by_side: Profile
) -> None:
    first, second = records
    assert ends(database, run(database)) == {first: "read", second: "read"}
    assert robot.most_running == 2
    whole = side_by_side.pace.requests_per_night
    assert [given["requests_left"] for given in robot.given] == [whole // 2, whole // 2]


def test_what_stops_the_portal_stops_an_account_that_looks_at_the_same_time(
    database: Database, robot: ToldRobot, records: tuple[int, int], side_by_side: Profile
) -> None:
    third = keep(
        database, ada(portal=SLUG, determination="pended", reference_numbers=[], requesting_npi=OTHER)
    )
    robot.ends, robot.heeds = [OutcomeKind.CHALLENGE_SHOWN], True

    async def stopped() -> None:
        async with asyncio.timeout(20):
            while not robot.given[0]["halted"]():
                await asyncio.sleep(0)

    robot.before = lambda number: stopped() if number == 1 else None
    ended = ends(database, run(database))
    assert ended.pop(third) == "not_started"
    assert "challenge_shown" in ended.values()


def test_where_its_account_is_closed_no_other_organizations_looks(
    database: Database, robot: ToldRobot, records: tuple[int, int]
) -> None:
    first, second = records
    account(database, "second", OTHER, state="closed")
    assert ends(database, run(database)) == {first: "read", second: "not_started"}
    assert asked_with(robot) == [("robot", str(first))]
    with database.read() as session:
        (task,) = [task for task in queries.open_tasks(session) if task.kind == "not_started"]
    assert "open account" in task.why


def test_what_stops_the_portal_stops_its_other_accounts_too_and_theirs_stay_due(
    database: Database, robot: ToldRobot, records: tuple[int, int]
) -> None:
    robot.ends = [OutcomeKind.CHALLENGE_SHOWN]
    ended = ends(database, run(database))
    assert sorted(str(kind) for kind in ended.values()) == ["challenge_shown", "not_started"]
    assert len(robot.accounts) == 1
    (left,) = [one for one, kind in ended.items() if kind == "not_started"]
    with database.read() as session:
        record = queries.authorization(session, left)
        assert record is not None
        assert record.next_due is not None
        assert record.next_due <= START.date()


def test_the_second_account_has_what_the_first_left_of_the_nights_requests(
    database: Database, robot: ToldRobot, records: tuple[int, int]
) -> None:
    robot.changes = {0: lambda outcome: replace(outcome, requests=7)}
    run(database)
    first, second = (given["requests_left"] for given in robot.given)
    assert second == first - 7


def test_an_account_is_not_kept_for_what_is_no_npi(database: Database) -> None:
    with pytest.raises(Problem) as raised:
        account(database, "second", "1234567890")
    assert [problem.field for problem in raised.value.fields] == ["npis"]
    assert raised.value.fields[0].remedy
