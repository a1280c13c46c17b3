from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from server.db import queries
from server.db.facts import to_facts
from server.db.keys import birth_dates_like, person_key, without_prefix
from server.db.session import Database
from server.db.tables import PayerRule
from server.matching import facts
from server.security import audit
from tests.server.records import ACTOR, ADA, BRUNO, NOW, ada, keep


def found(database: Database, service: facts.Service) -> list[str]:
    with database.read() as session:
        return [candidate.id for candidate in queries.candidates_for(session, service)]


def patient(**known: object) -> facts.Service:
    return facts.Service(patient=facts.Patient(**known))  # type: ignore[arg-type]


def test_a_candidate_is_found_by_its_member_id_however_it_is_typed(either_database: Database) -> None:
    own = str(keep(either_database))
    keep(either_database, ada(patient=BRUNO, reference_numbers=[]))
    for typed in ("XYZ100200301", " xyz 100-200-301 "):
        assert found(either_database, patient(member_id=typed)) == [own]


def test_a_member_id_with_the_cards_prefix_finds_the_record_without_it(database: Database) -> None:
    own = str(keep(database, ada(patient={**ADA, "member_id": "100200301"})))
    assert found(database, patient(member_id="XYZ100200301")) == [own]


def test_a_candidate_is_found_by_any_of_its_numbers(either_database: Database) -> None:
    numbers = [{"value": "A-0001", "kind": "authorization"}, {"value": "R 77", "kind": "referral"}]
    own = str(keep(either_database, ada(reference_numbers=numbers)))
    assert found(either_database, facts.Service(reference_number="a0001")) == [own]
    assert found(either_database, facts.Service(referral_number="r-77")) == [own]


def test_a_candidate_is_found_by_name_and_birth_date_also_with_day_and_month_swapped(
    either_database: Database,
) -> None:
    own = str(keep(either_database))
    assert found(either_database, patient(last_name="LINDQVIST", birth_date=date(1961, 3, 12))) == [own]
    assert found(either_database, patient(last_name="Lindqvist", birth_date=date(1961, 12, 3))) == [own]
    assert found(either_database, patient(last_name="Lindqvist", birth_date=date(1961, 3, 13))) == []


def test_one_found_in_several_ways_is_one_candidate(database: Database) -> None:
    own = str(keep(database))
    service = facts.Service(
        patient=facts.Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12)),
        reference_number="A-0001",
    )
    assert found(database, service) == [own]


def test_a_service_that_says_nothing_of_patient_or_number_has_no_candidates(database: Database) -> None:
    keep(database)
    assert found(database, facts.Service(payer_id="EXH01", procedure_code="97110")) == []


def test_of_many_the_ones_that_cover_the_day_of_the_service_are_kept(database: Database) -> None:
    covering = str(keep(database, ada(effective="2025-01-01", expiry="2025-03-31", reference_numbers=[])))
    for _ in range(queries.CANDIDATES_A_WAY + 5):
        keep(database, ada(reference_numbers=[]))
    service = facts.Service(patient=facts.Patient("XYZ100200301"), date_from=date(2025, 2, 1))
    ids = found(database, service)
    assert len(ids) == queries.CANDIDATES_A_WAY
    assert covering in ids


def test_the_facts_of_a_plain_select_are_those_of_the_mapped_row(either_database: Database) -> None:
    own = keep(
        either_database,
        ada(
            lines=[
                {"code": "97110", "quantity": "12.5", "unit": "hours", "used": 0, "effective": "2026-10-05"},
                {
                    "code": "97112",
                    "rate": {"quantity": 3, "per": "week", "periods": 8},
                    "determination": "denied",
                },
            ]
        ),
    )
    with either_database.read() as session:
        row = queries.authorization(session, own)
        assert row is not None
        [candidate] = queries.candidates_for(session, patient(member_id="XYZ100200301"))
        assert candidate == to_facts(row)
        assert str(candidate.lines[0].quantity) == "12.5"
        assert candidate.lines[1].rate is not None
        assert str(candidate.lines[1].rate.quantity) == "3"


@pytest.mark.parametrize("service", [
    facts.Service(patient=facts.Patient("XYZ100200301"), date_from=date(2026, 11, 2)),
    facts.Service(patient=facts.Patient(last_name="Lindqvist", birth_date=date(1961, 3, 12))),
    facts.Service(reference_number="A-0001"),
])  # fmt: skip
def test_candidates_are_found_without_reading_a_whole_table(
    database: Database, service: facts.Service
) -> None:
    keep(database)
    statements: list[str] = []
    with database.read() as session:
        driver: Any = session.connection().connection.driver_connection
        driver.set_trace_callback(statements.append)
        assert len(queries.candidates_for(session, service)) == 1
        driver.set_trace_callback(None)
        asked = [statement for statement in statements if statement.lstrip().upper().startswith("SELECT")]
        plans = [row[3] for one in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {one}").fetchall()]
    assert len(asked) >= 3
    assert [plan for plan in plans if plan.startswith("SEARCH")]
    tables = ("authorization_record", "authorization_line", "reference_number")
    assert [plan for plan in plans if any(plan.startswith(f"SCAN {table}") for table in tables)] == []


def test_payer_rules_are_given_for_their_payer_only(either_database: Database) -> None:
    with either_database.write(ACTOR) as session:
        for name, payer in (("b", "EXH01"), ("a", "EXH01"), ("c", "BLM02")):
            session.add(
                PayerRule(
                    name=name,
                    payer_id=payer,
                    kind="ignored_modifier",
                    data={"modifier": "GP"},
                    source="the payer's manual",
                    source_date=date(2026, 1, 1),
                )
            )
        audit.record(session, ACTOR, "payer_rules.imported", "payer_rules")
    with either_database.read() as session:
        rules = queries.payer_rules(session, "EXH01")
        assert [rule.id for rule in rules] == ["a", "b"]
        assert rules[0].kind is facts.PayerRuleKind.IGNORED_MODIFIER
        assert queries.payer_rules(session, None) == ()


def test_the_list_is_filtered_paged_and_counted(either_database: Database) -> None:
    first = keep(either_database)
    second = keep(
        either_database,
        ada(patient=BRUNO, reference_numbers=[], determination="pended", portal="example_payer"),
    )
    third = keep(either_database, ada(reference_numbers=[], expiry="2026-11-30"))
    with either_database.read() as session:

        def ids(**wanted: object) -> list[int]:
            page = queries.list_authorizations(session, queries.AuthorizationFilter(**wanted))  # type: ignore[arg-type]
            assert page.total == len(page.items)
            return [row.id for row in page.items]

        assert ids() == [third, second, first]
        assert ids(text="okaf") == [second]
        assert ids(text="a-0001") == [first]
        assert ids(text="xyz100200302") == [second]
        assert ids(text="%") == []
        assert ids(determination="pended") == [second]
        assert ids(portal="example_payer") == [second]
        assert ids(expires_before=date(2026, 12, 1)) == [third]
        assert ids(payer_id="BLM02") == []
        page = queries.list_authorizations(session, queries.AuthorizationFilter(), number=2, size=2)
        assert ([row.id for row in page.items], page.total) == ([first], 3)


def test_what_is_due_comes_longest_due_first_and_closed_ones_never(either_database: Database) -> None:
    late = keep(either_database, ada(portal="example_payer", reference_numbers=[]))
    new = keep(either_database, ada(portal="example_payer", reference_numbers=[]))
    keep(either_database, ada(portal="example_payer", reference_numbers=[], determination="denied"))
    keep(either_database, ada(reference_numbers=[]))
    with either_database.write(ACTOR) as session:
        session.execute(
            text("UPDATE authorization_record SET next_due = '2026-10-20' WHERE id = :id"), {"id": late}
        )
    with either_database.read() as session:
        assert [
            row.id for row in queries.due_authorizations(session, "example_payer", date(2026, 11, 2))
        ] == [late, new]
        assert [
            row.id for row in queries.due_authorizations(session, "example_payer", date(2026, 10, 31))
        ] == [late]


def test_a_birth_date_is_swapped_only_where_that_is_another_date() -> None:
    assert birth_dates_like(date(1961, 3, 12)) == (date(1961, 3, 12), date(1961, 12, 3))
    assert birth_dates_like(date(1996, 4, 9)) == (date(1996, 4, 9), date(1996, 9, 4))
    assert birth_dates_like(date(1949, 6, 21)) == (date(1949, 6, 21),)
    assert birth_dates_like(date(1972, 8, 8)) == (date(1972, 8, 8),)


def test_only_three_leading_letters_are_a_prefix() -> None:
    assert without_prefix("XYZ100") == "100"
    assert without_prefix("XY1100") is None
    assert without_prefix("XYZ") is None


def test_a_person_key_is_none_where_there_is_no_name() -> None:
    assert person_key("Núñez-Ortiz") == person_key("NUNEZ ORTIZ")
    assert person_key(" ") is None
    assert person_key(None) is None


def test_history_and_worklist_are_empty_of_what_is_not_there(database: Database) -> None:
    with database.read() as session:
        assert queries.authorization(session, 999) is None
        assert queries.history(session, 999) == []
        assert queries.open_tasks(session) == []
        assert queries.portal_setting(session, "example_payer") is None
        assert NOW.tzinfo is not None
