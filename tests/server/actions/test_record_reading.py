"""A reading changes the record by what the page says, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from automation.outcomes import Evidence
from portal_profiles.identity import Identity
from portal_profiles.reading import Reading, ReadLine, ReadNumber
from portal_profiles.vocabulary import PROVISIONAL, Determination, LevelOfCare, NumberKind, Unit
from server.actions.authorization_input import NumberInput
from server.actions.decide_reading import accept_reading, reject_reading
from server.actions.keep_evidence import evidence_content
from server.actions.record_reading import record_reading
from server.actions.save_authorization import update_authorization
from server.db import queries, tables
from server.db.session import Database
from server.db.tables import AuditEntry
from server.errors import Problem
from server.security import audit
from tests.server.records import ada, keep

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # the evening of the 22nd at the clinic
SURE = Identity(("member_id", "name", "reference_number"), (), "accepted")
UNSURE = Identity(("name",), (), "needs_person")
OTHER = Identity(("reference_number",), ("member_id", "birth_date"), "wrong_patient")

PENDED = ada(
    portal="example_payer",
    determination="pended",
    effective=None,
    expiry=None,
    decided=None,
    reference_numbers=[{"value": "T77120", "kind": "tracking"}],
    lines=[{"code": "97110", "modifiers": ["GP"], "quantity": 24, "unit": "visits"}],
)
APPROVED = Reading(
    "example_payer",
    "2026.11.1",
    page="detail",
    kind="detail",
    member_id="XYZ100200301",
    payer="Example Health",
    determination=Determination.APPROVED,
    determination_text="Approved",
    numbers=(
        ReadNumber(NumberKind.AUTHORIZATION, "Authorization number", "004815162"),
        ReadNumber(NumberKind.TRACKING, "Tracking ID", "T-77120"),
    ),
    effective=date(2026, 11, 20),
    expiry=date(2027, 2, 28),
    decided=date(2026, 11, 20),
    level_of_care=LevelOfCare.OUTPATIENT,
    lines=(
        ReadLine(
            1,
            code="97112",
            requested_code="97110",
            modifiers=("GP",),
            unit=Unit.VISITS,
            requested_quantity=Decimal(24),
            approved_quantity=Decimal(12),
            determination=Determination.MODIFIED,
            determination_text="Approved with changes",
            effective=date(2026, 11, 20),
            expiry=date(2027, 2, 28),
        ),
    ),
    texts={"determination": "Approved"},
)


def read(
    database: Database,
    authorization_id: int,
    reading: Reading = APPROVED,
    identity: Identity = SURE,
    now: datetime = NOW,
    **others: Any,
) -> tables.Reading:
    with database.write("robot") as session:
        return record_reading(
            session, reading, identity, authorization_id, read_by="robot", now=now, **others
        )


def record(database: Database, authorization_id: int) -> tables.Authorization:
    with database.read() as session:
        found = queries.authorization(session, authorization_id)
    assert found is not None
    return found


def tasks(database: Database, state: str = "open") -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(tables.Task.kind).where(tables.Task.state == state)))


def test_an_approval_is_written_with_its_dates_and_its_number(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one)
    after = record(database, one)
    assert row.state == "accepted"
    assert (after.determination, after.determination_text) == ("approved", "Approved")
    assert (after.effective, after.expiry) == (date(2026, 11, 20), date(2027, 2, 28))
    assert after.determination_read_at == NOW
    assert after.version == 2
    assert {(n.kind, n.value, n.label) for n in after.reference_numbers} == {
        ("tracking", "T77120", None),
        ("authorization", "004815162", "Authorization number"),
    }


def test_what_was_approved_stands_beside_what_was_asked_for(database: Database) -> None:
    one = keep(database, PENDED)
    read(database, one)
    (line,) = record(database, one).lines
    assert (line.code, line.requested_code) == ("97112", "97110")
    assert (line.quantity, line.requested_quantity, line.unit) == (Decimal(12), Decimal(24), "visits")
    assert line.determination == "modified"


def test_every_determination_is_kept_in_the_history_with_its_reading(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one)
    read(database, one, replace(APPROVED, determination=Determination.DENIED, determination_text="Denied"))
    with database.read() as session:
        history = [
            (c.line_number, c.determination, c.source, c.reading_id) for c in queries.history(session, one)
        ]
    assert history[0][:3] == (None, "pended", "person")
    assert (None, "approved", "reading", row.id) in history
    assert (1, "modified", "reading", row.id) in history
    assert [h[1] for h in history if h[0] is None] == ["pended", "approved", "denied"]


def test_the_same_reading_twice_changes_nothing_but_the_time_of_the_look(database: Database) -> None:
    one = keep(database, PENDED)
    read(database, one)
    before = record(database, one)
    later = NOW + timedelta(days=1)
    read(database, one, now=later)
    after = record(database, one)
    assert after.version == before.version
    assert after.determination_read_at == later
    assert len(after.reference_numbers) == len(before.reference_numbers)
    assert len(after.lines) == 1


def test_an_unknown_word_changes_no_status_and_asks_a_person_once(database: Database) -> None:
    one = keep(database, PENDED)
    odd = replace(APPROVED, determination=Determination.UNRECOGNISED, determination_text="Zonk", lines=())
    read(database, one, odd)
    read(database, one, odd)
    after = record(database, one)
    assert (after.determination, after.determination_text) == ("pended", None)
    assert after.determination_read_at is None
    assert tasks(database) == ["unrecognised_word"]
    read(database, one)
    assert "unrecognised_word" not in tasks(database)


def test_an_unknown_word_on_one_line_leaves_that_line_as_it_was(database: Database) -> None:
    one = keep(database, PENDED)
    line = replace(APPROVED.lines[0], determination=Determination.UNRECOGNISED)
    read(database, one, replace(APPROVED, lines=(line,)))
    after = record(database, one)
    assert after.determination == "approved"
    assert after.lines[0].determination is None
    assert "unrecognised_word" in tasks(database)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(NumberKind), st.sampled_from(["A-1", "A1", "B2", "0B2"])), max_size=6)
)
def test_no_number_is_ever_replaced_whatever_kinds_the_pages_show(
    database: Database, shown: list[tuple[NumberKind, str]]
) -> None:
    one = keep(database, replace(PENDED, reference_numbers=ada().reference_numbers[:0]))
    seen: set[tuple[str, str]] = set()
    for kind, value in shown:
        read(database, one, replace(APPROVED, numbers=(ReadNumber(kind, "Label", value),)))
        now = {(n.kind, n.value) for n in record(database, one).reference_numbers}
        assert seen <= now
        assert (kind.value, value.replace("-", "")) in {(k, v.replace("-", "")) for k, v in now}
        seen = now


@pytest.mark.parametrize("kind", sorted(PROVISIONAL))
def test_a_provisional_number_never_becomes_the_authorizations(database: Database, kind: NumberKind) -> None:
    one = keep(database, replace(ada(portal="example_payer"), lines=()))
    read(database, one, replace(APPROVED, numbers=(ReadNumber(kind, "Label", "77777"),), lines=()))
    numbers = {(n.kind, n.value) for n in record(database, one).reference_numbers}
    assert numbers == {("authorization", "A-0001"), (kind.value, "77777")}


TYPED = ada(
    portal="example_payer", reference_numbers=[{"value": "T77120", "kind": "authorization"}], lines=[]
)
TRACKED = replace(APPROVED, numbers=(ReadNumber(NumberKind.TRACKING, "Tracking ID", "T-77120"),), lines=())


def numbers(database: Database, authorization_id: int) -> set[tuple[str, str]]:
    return {(n.kind, n.value) for n in record(database, authorization_id).reference_numbers}


def test_a_number_typed_under_the_wrong_kind_takes_the_kind_that_the_portal_shows(
    either_database: Database,
) -> None:
    one = keep(either_database, TYPED)
    read(either_database, one, TRACKED)
    assert numbers(either_database, one) == {("tracking", "T-77120")}
    assert tasks(either_database) == ["number_kind_corrected"]
    assert record(either_database, one).next_due == date(2026, 11, 23)
    with either_database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "authorization.number_kind_corrected")
        ).one()
    assert entry.subject == f"authorization:{one}"
    assert (entry.detail["was"], entry.detail["is"]) == (["authorization"], "tracking")
    assert "T77120" not in str(entry.detail)


def test_a_wrong_kind_that_goes_on_no_claim_is_corrected_without_a_task(database: Database) -> None:
    one = keep(database, replace(TYPED, reference_numbers=(NumberInput("T77120", NumberKind.CASE),)))
    read(database, one, TRACKED)
    assert numbers(database, one) == {("tracking", "T-77120")}
    assert tasks(database) == []


def test_a_provisional_kind_never_replaces_one_that_the_portal_has_shown(database: Database) -> None:
    one = keep(database, TYPED)
    read(database, one, replace(TRACKED, numbers=(ReadNumber(NumberKind.AUTHORIZATION, "Number", "T77120"),)))
    read(database, one, TRACKED)
    assert numbers(database, one) == {("authorization", "T77120"), ("tracking", "T-77120")}
    assert tasks(database) == []


def test_a_number_that_one_page_shows_under_two_kinds_keeps_both(database: Database) -> None:
    one = keep(database, TYPED)
    both = (*TRACKED.numbers, ReadNumber(NumberKind.AUTHORIZATION, "Authorization", "T77120"))
    read(database, one, replace(TRACKED, numbers=both))
    assert numbers(database, one) == {("authorization", "T77120"), ("tracking", "T-77120")}


def test_a_typed_kind_beside_the_portal_s_own_is_taken_away(database: Database) -> None:
    one = keep(database, replace(TYPED, reference_numbers=()))
    read(database, one, TRACKED)
    with database.write("desk") as session:
        update_authorization(
            session,
            one,
            None,
            replace(
                TYPED,
                reference_numbers=(*TYPED.reference_numbers, NumberInput("T-77120", NumberKind.TRACKING)),
            ),
            "desk",
            NOW,
        )
    read(database, one, TRACKED, now=NOW + timedelta(days=1))
    assert numbers(database, one) == {("tracking", "T-77120")}


@pytest.mark.parametrize("identity", [UNSURE, OTHER])
def test_a_page_that_is_not_surely_the_patient_s_corrects_no_kind(
    database: Database, identity: Identity
) -> None:
    one = keep(database, TYPED)
    read(database, one, TRACKED, identity)
    assert numbers(database, one) == {("authorization", "T77120")}


def test_another_authorization_number_is_kept_beside_the_first_and_asked_about(database: Database) -> None:
    one = keep(database, ada(portal="example_payer"))
    read(database, one)
    confirmed = {n.value for n in record(database, one).reference_numbers if n.kind == "authorization"}
    assert confirmed == {"A-0001", "004815162"}
    assert "number_differs" in tasks(database)


def test_an_approval_without_its_number_is_due_again_tomorrow(database: Database) -> None:
    one = keep(database, PENDED)
    read(database, one, replace(APPROVED, numbers=()))
    assert record(database, one).next_due == date(2026, 11, 23)
    read(database, one)
    assert record(database, one).next_due == date(2026, 11, 29)


def test_what_the_page_does_not_say_is_left_as_it_is(database: Database) -> None:
    one = keep(database, ada(portal="example_payer"))
    bare = Reading(
        "example_payer", "2026.11.1", determination=Determination.APPROVED, determination_text="Approved"
    )
    before = record(database, one)
    read(database, one, bare)
    after = record(database, one)
    for name in (
        "effective",
        "expiry",
        "diagnoses",
        "requesting_npi",
        "rendering_npis",
        "place_of_service",
        "plan",
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert [(line.code, line.quantity) for line in after.lines] == [("97110", Decimal(12))]


def test_a_page_that_decides_nothing_fills_gaps_and_overwrites_nothing(database: Database) -> None:
    one = keep(database, PENDED)
    pended = replace(
        APPROVED, determination=Determination.PENDED, requesting_npi="1992999957", plan="PPO", lines=()
    )
    read(database, one, pended)
    after = record(database, one)
    assert after.requesting_npi == "1234567893"
    assert after.plan == "PPO"


@pytest.mark.parametrize(
    ("determination", "task"),
    [
        (Determination.DENIED, "payer_denied"),
        (Determination.MORE_INFORMATION_NEEDED, "payer_more_information_needed"),
        (Determination.PARTIALLY_APPROVED, "payer_partially_approved"),
    ],
)
def test_news_that_staff_must_act_on_are_on_the_worklist_until_they_change(
    database: Database, determination: Determination, task: str
) -> None:
    one = keep(database, PENDED)
    read(database, one, replace(APPROVED, determination=determination))
    assert tasks(database) == [task]
    read(database, one)
    assert task in tasks(database, "done")


def test_a_reading_of_too_few_identifiers_waits_and_changes_nothing(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one, identity=UNSURE)
    assert row.state == "waiting"
    after = record(database, one)
    assert (after.determination, after.version, after.last_outcome) == ("pended", 1, "identity_unconfirmed")
    assert tasks(database) == ["identity_unconfirmed"]


def test_a_waiting_reading_is_written_when_a_person_accepts_it(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one, identity=UNSURE)
    with database.write("biller@riverbend.example") as session:
        assert accept_reading(session, row.id, "biller@riverbend.example", NOW + timedelta(hours=9)) == one
    after = record(database, one)
    assert after.determination == "approved"
    assert after.determination_read_at == NOW
    assert tasks(database) == []


def test_an_accepted_old_reading_does_not_go_over_a_newer_one(database: Database) -> None:
    one = keep(database, PENDED)
    old = read(database, one, identity=UNSURE)
    read(database, one, replace(APPROVED, determination=Determination.DENIED), now=NOW + timedelta(days=1))
    with database.write("biller@riverbend.example") as session:
        accept_reading(session, old.id, "biller@riverbend.example", NOW + timedelta(days=2))
    assert record(database, one).determination == "denied"


def test_a_rejected_reading_leaves_the_record_and_is_decided_once(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one, identity=UNSURE)
    with database.write("biller@riverbend.example") as session:
        reject_reading(session, row.id, "biller@riverbend.example", NOW)
    assert record(database, one).determination == "pended"
    with pytest.raises(Problem) as caught, database.write("biller@riverbend.example") as session:
        accept_reading(session, row.id, "biller@riverbend.example", NOW)
    assert caught.value.code == "decided"


def test_of_another_patients_page_only_the_names_of_what_differs_are_kept(database: Database) -> None:
    one = keep(database, PENDED)
    picture = Evidence("picture", "image/png", b"somebody else")
    row = read(database, one, replace(APPROVED, member_id="XYZ100200302"), OTHER, evidence=(picture,))
    assert row.state == "rejected"
    assert (row.values, row.texts, row.determination) == ({}, {}, None)
    with database.read() as session:
        assert session.scalars(select(tables.Evidence)).all() == []
    assert record(database, one).determination == "pended"


def test_evidence_is_kept_encrypted_and_on_the_chain(database: Database) -> None:
    one = keep(database, PENDED)
    row = read(database, one, evidence=(Evidence("picture", "image/png", b"the page's picture"),))
    with database.read() as session:
        (kept,) = session.scalars(select(tables.Evidence)).all()
        assert evidence_content(session, kept) == b"the page's picture"
        assert (kept.reading_id, kept.authorization_id) == (row.id, one)
        assert audit.verify(session).findings == ()
    stored = (database.settings.evidence_dir / kept.path).read_bytes()
    assert b"picture" not in stored


def test_a_second_line_of_the_page_is_added_and_none_is_taken_away(database: Database) -> None:
    one = keep(database, PENDED)
    second = ReadLine(2, code="97140", unit=Unit.VISITS, approved_quantity=Decimal(6))
    read(database, one, replace(APPROVED, lines=(*APPROVED.lines, second)))
    read(database, one, replace(APPROVED, lines=()))
    assert [(line.number, line.code, line.quantity) for line in record(database, one).lines] == [
        (1, "97112", Decimal(12)),
        (2, "97140", Decimal(6)),
    ]


def test_the_payers_count_of_what_was_used_never_lowers_ours(database: Database) -> None:
    one = keep(database, ada(portal="example_payer", lines=[{"code": "97110", "quantity": 12, "used": 4}]))
    for used, wanted in ((Decimal(3), 4), (Decimal(5), 5), (None, 5)):
        line = ReadLine(1, code="97110", approved_quantity=Decimal(12), used_quantity=used)
        read(database, one, replace(APPROVED, lines=(line,)))
        assert record(database, one).lines[0].used == wanted


def test_a_reading_for_a_record_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(Problem) as caught:
        read(database, 404)
    assert caught.value.code == "not_found"
