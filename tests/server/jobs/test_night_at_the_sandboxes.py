"""The whole night in a real Chromium: from the record through the portals and back, also when it is
killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

import pytest
from sqlalchemy import select

from automation import sandbox
from automation.sandbox import Served
from portal_profiles.vocabulary import Determination, NumberKind, Unit
from server.actions.authorization_input import AuthorizationInput, LineInput, NumberInput
from server.actions.change_portal_setting import change_portal_setting
from server.actions.finish_run import ledger_of
from server.actions.save_authorization import create_authorization
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.db import queries, tables
from server.db.session import Database
from server.jobs.nightly import LEASE, night
from server.matching.facts import Patient
from server.security import audit
from server.settings import Settings
from tests.server.conftest import KEY
from tests.server.records import ACTOR

pytestmark = pytest.mark.browser

SLUGS = ("example_payer", "availity")
MAIN = "from server.cli import main; main()"


def before_the_night(
    database: Database, served: Served, good: int | None = None
) -> dict[int, tuple[str, str]]:
    """Keeps the clinic's rows of the sandboxes served as pended, and gives {id: (portal, sandbox's key)}.

    good: keeps so many of each portal only, of those that can be read on a good night.
    """
    now = datetime.now(UTC)
    kept: dict[int, tuple[str, str]] = {}
    with database.write(ACTOR) as session:
        for slug, state in served.states.items():
            rows = state.records.clinic
            if good is not None:
                told = sandbox.expected(slug)
                readable = (
                    row
                    for row in rows
                    if told[sandbox.query_key(row.patient.member_id, row.code)].outcome == "read"
                )
                rows = tuple(islice(readable, good))
            for row in rows:
                line = LineInput(1, code=row.code, quantity=Decimal(row.quantity), unit=Unit(row.unit))
                data = AuthorizationInput(
                    determination=Determination.PENDED,
                    payer_name=state.records.payer,
                    plan=row.patient.plan,
                    portal=slug,
                    patient=Patient(
                        row.patient.member_id,
                        row.patient.last_name,
                        row.patient.first_name,
                        row.patient.birth_date,
                    ),
                    requesting_npi=row.requesting_npi,
                    lines=(line,),
                    effective=row.service_from,
                    expiry=row.service_to,
                    reference_numbers=(NumberInput(row.number),) if row.number else (),
                )
                record = create_authorization(session, data, ACTOR, now, strict=False)
                record.next_due = now.date() - timedelta(days=1)
                kept[record.id] = (slug, sandbox.query_key(row.patient.member_id, row.code))
            account = state.records.accounts[0]
            secrets = AccountSecrets(account.password, account.totp_secret)
            save_portal_account(
                session, slug, account.username, secrets, ACTOR, now, account.organizations[0]
            )
            change_portal_setting(session, slug, ACTOR, now, base_url=served.url(slug))
    return kept


def outcomes(database: Database, run_id: int) -> dict[int, str | None]:
    with database.read() as session:
        return {item.authorization_id: item.outcome for item in queries.run_items(session, run_id)}


@pytest.fixture
def both() -> Iterator[Served]:
    with sandbox.serve(SLUGS) as served:
        yield served


def test_a_night_over_both_portals_leaves_the_record_as_the_portals_say(
    database: Database, both: Served
) -> None:
    kept = before_the_night(database, both)
    expected = {slug: sandbox.expected(slug) for slug in SLUGS}
    summary = asyncio.run(night(database, actor=ACTOR))
    assert summary.run_id is not None
    wanted = {one: expected[slug][key] for one, (slug, key) in kept.items()}
    assert outcomes(database, summary.run_id) == {one: told.outcome for one, told in wanted.items()}
    with database.read() as session:
        for one, told in wanted.items():
            record = queries.authorization(session, one)
            assert record is not None
            if told.outcome != "read" or told.determination is Determination.UNRECOGNISED:
                assert (record.determination, record.determination_read_at) == ("pended", None), told.row
                continue
            assert record.determination == told.determination, told.row
            shown = {(n.kind, n.value) for n in record.reference_numbers if n.label is not None}
            already = {(n.kind, n.value) for n in record.reference_numbers if n.label is None}
            assert {(kind.value, value) for kind, value in told.numbers} <= shown | already, told.row
            assert [line.quantity for line in record.lines if line.determination == "approved"] == [
                Decimal(line.approved or 0)
                for line in told.lines
                if line.determination is Determination.APPROVED
            ]
        assert audit.verify(session).findings == ()
        pictures = session.scalars(select(tables.Evidence.kind)).all()
    assert Counter(pictures)["picture"] >= sum(told.outcome == "read" for told in wanted.values())
    assert [state.counts()["acts"] for state in both.states.values()] == [[], []]
    confirmed = [n for told in wanted.values() for n in told.numbers if n[0] is NumberKind.AUTHORIZATION]
    assert confirmed


def test_a_night_killed_again_and_again_is_gone_on_with_and_every_item_ends_once(settings: Settings) -> None:
    database = Database.open(settings)
    moments = sorted(Random(11).sample(range(1, 12), 3))
    with sandbox.serve(["example_payer"]) as served:
        kept = before_the_night(database, served)
        environ = {
            **os.environ,
            "TALLYSTICK_DATA": str(settings.data_dir),
            "TALLYSTICK_KEY": KEY,
            "TALLYSTICK_TIME_ZONE": settings.time_zone,
        }
        command = [sys.executable, "-c", MAIN, "nightly"]
        before: dict[int, str] = {}
        requests: list[int] = []
        for many in moments:
            with subprocess.Popen(
                command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
            ) as killed:
                _wait_for_items(database, many, killed)
                os.killpg(killed.pid, signal.SIGKILL)
            with database.read() as session:
                (run,) = session.scalars(select(tables.Run)).all()
                ledger = ledger_of(session, run.id)
                spent = session.scalars(select(tables.PortalNight.requests)).all()
            assert run.state == "running"
            assert many <= ledger.outcomes.total() < ledger.due == len(kept)
            assert ledger.due == ledger.outcomes.total() + ledger.left
            now = {one: kind for one, kind in outcomes(database, run.id).items() if kind is not None}
            assert {one: now[one] for one in before} == before
            before = now
            requests.append(sum(spent))
            _let_the_leases_run_out(database)
        summary = asyncio.run(night(database, actor=ACTOR))
        asked = served.states["example_payer"].counts()["requests"]
    assert summary.run_id == run.id
    after = outcomes(database, run.id)
    assert {one: after[one] for one in before} == before
    expected = sandbox.expected("example_payer")
    assert after == {one: expected[key].outcome for one, (_, key) in kept.items()}
    with database.read() as session:
        assert audit.verify(session).findings == ()
        readings = Counter(session.scalars(select(tables.Reading.authorization_id)).all())
        requests += session.scalars(select(tables.PortalNight.requests)).all()
    assert max(readings.values()) == 1
    assert requests == sorted(set(requests)), "a pass that goes on counts on"
    assert 0 < requests[0] < requests[-1] <= int(str(asked))
    database.dispose()


def _let_the_leases_run_out(database: Database) -> None:
    """As they do when nobody renews them: nothing of a killed process gives them back."""
    with database.write(ACTOR) as session:
        for lease in session.scalars(select(tables.Lease)):
            assert lease.until <= datetime.now(UTC) + LEASE
            lease.until = datetime.now(UTC) - timedelta(seconds=1)


def _wait_for_items(database: Database, many: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many items have their outcome; fails when the process ends before."""
    while process.poll() is None:
        with database.read() as session:
            done = session.scalars(select(tables.RunItem.id).where(tables.RunItem.outcome.is_not(None))).all()
        if len(done) >= many:
            return
    pytest.fail(f"the night ended by itself: {process.communicate()[1].decode()[-2000:]}")


def test_the_command_prints_a_ledger_that_adds_up_and_exits_by_what_is_left_to_do(
    settings: Settings,
) -> None:
    database = Database.open(settings)
    with sandbox.serve(["example_payer"]) as served:
        kept = before_the_night(database, served)
        environ = {
            **os.environ,
            "TALLYSTICK_DATA": str(settings.data_dir),
            "TALLYSTICK_KEY": KEY,
            "TALLYSTICK_TIME_ZONE": settings.time_zone,
        }

        def nightly(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-c", MAIN, "nightly", *arguments]
            return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

        due = nightly("--dry-run", "--json")
        assert (due.returncode, json.loads(due.stdout)["due"]) == (0, len(kept))
        expected = sandbox.expected("example_payer")
        good = next(
            one for one, (_, key) in kept.items() if expected[key].determination is Determination.APPROVED
        )
        one = nightly("--authorization", str(good), "--json")
        assert one.returncode == 0, one.stderr
        rest = nightly("--json")
    assert rest.returncode == 1, rest.stderr
    ledger = json.loads(rest.stdout)
    assert ledger["due"] == sum(ledger["outcomes"].values()) + ledger["left"] == len(kept) - 1
    assert "XYZ100200" not in one.stderr + rest.stderr + rest.stdout
    database.dispose()
