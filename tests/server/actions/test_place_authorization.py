from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from automation.outcomes import Outcome, OutcomeKind
from server.actions.record_outcome import record_outcome
from server.actions.save_authorization import update_authorization
from server.actions.save_payer_rules import SavedRules, save_payer_rules
from server.actions.start_run import CHECK_NOW, start_run
from server.db import queries
from server.db.session import Database
from server.db.tables import AuditEntry, Authorization, Task
from server.matching.facts import PayerRule, PayerRuleKind
from tests.server.actions.test_import_authorizations import ADA, bring_in
from tests.server.records import ACTOR, NOW, ada, keep


def rule(name: str, portal: str, **data: Any) -> PayerRule:
    day = date(2026, 1, 1)
    return PayerRule(
        name, "EXH01", PayerRuleKind.LOOKED_UP_AT, {"portal": portal, **data}, "Manual, section 9", day
    )


THERAPY = rule("therapy", "evicore", codes=["97110"])
EVERYTHING = rule("everything", "example_payer")


def save(database: Database, *rules: PayerRule) -> SavedRules:
    with database.write(ACTOR) as session:
        return save_payer_rules(session, rules, ACTOR, NOW)


def row_of(database: Database, record_id: int) -> Authorization:
    with database.read() as session:
        row = queries.authorization(session, record_id)
        assert row is not None
        return row


def placed(database: Database, record_id: int) -> tuple[str | None, str | None, bool]:
    row = row_of(database, record_id)
    return row.portal, row.portal_by_rule, row.next_due is not None


def tasks(database: Database, kind: str = "portal") -> list[Task]:
    with database.read() as session:
        return [task for task in queries.open_tasks(session) if task.kind.startswith(kind)]


def change(database: Database, record_id: int, **changes: Any) -> None:
    with database.write(ACTOR) as session:
        update_authorization(session, record_id, None, ada(**changes), ACTOR, NOW)


def test_an_authorization_without_a_portal_is_looked_up_where_the_payer_s_rule_says(
    either_database: Database,
) -> None:
    save(either_database, THERAPY)
    assert placed(either_database, keep(either_database)) == ("evicore", "therapy", True)


def test_a_portal_that_a_person_names_wins_and_the_contradiction_is_asked_about(database: Database) -> None:
    save(database, THERAPY)
    record_id = keep(database, ada(portal="availity"))
    assert placed(database, record_id) == ("availity", None, True)
    (task,) = tasks(database)
    assert (task.kind, task.authorization_id) == ("portal_contradicts_rule", record_id)
    assert "therapy" in task.why
    assert "Manual, section 9 (2026-01-01)" in task.why
    change(database, record_id, portal="evicore")
    assert tasks(database) == []
    assert placed(database, record_id) == ("evicore", None, True)


def test_a_change_that_repeats_the_routed_portal_leaves_it_the_rule_s(database: Database) -> None:
    save(database, THERAPY, EVERYTHING)
    record_id = keep(database)
    change(database, record_id, portal="evicore", notes="Called.")
    assert placed(database, record_id) == ("evicore", "therapy", True)
    change(database, record_id, portal="evicore", lines=[{"code": "97530"}])
    assert placed(database, record_id) == ("example_payer", "everything", True)


def test_a_change_after_which_no_rule_leads_anywhere_is_told(database: Database) -> None:
    save(database, THERAPY)
    record_id = keep(database)
    change(database, record_id, portal="evicore", lines=[{"code": "97530"}])
    assert placed(database, record_id) == (None, None, False)
    assert [task.kind for task in tasks(database)] == ["portal_lost"]
    change(database, record_id, portal="availity", lines=[{"code": "97530"}])
    assert tasks(database) == []


def test_new_rules_move_what_nobody_named_and_leave_what_somebody_did(either_database: Database) -> None:
    free = keep(either_database, ada(reference_numbers=[]))
    named = keep(either_database, ada(portal="availity"))
    assert save(either_database, EVERYTHING).moved == 1
    assert placed(either_database, free) == ("example_payer", "everything", True)
    assert placed(either_database, named) == ("availity", None, True)
    (task,) = tasks(either_database)
    assert task.why.startswith(f"1 (authorizations {named}): It is kept on Availity")
    assert save(either_database, THERAPY).moved == 1
    assert placed(either_database, free) == ("evicore", "therapy", True)
    (task,) = tasks(either_database)
    assert "the payer rule therapy" in task.why
    with either_database.read() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == f"authorization:{free}").order_by(AuditEntry.seq)
        ).all()
    assert [entry.detail.get("source") for entry in entries] == ["person", "payer_rule", "payer_rule"]


def test_a_rule_that_comes_to_say_the_same_ends_the_question(database: Database) -> None:
    save(database, EVERYTHING)
    keep(database, ada(portal="evicore"))
    assert len(tasks(database)) == 1
    save(database, THERAPY)
    assert tasks(database) == []


def test_rules_that_tie_are_one_task_and_nothing_is_guessed(database: Database) -> None:
    save(database, THERAPY, rule("other", "carelon", codes=["97110"]))
    first = keep(database)
    keep(database, ada(reference_numbers=[]))
    assert placed(database, first) == (None, None, False)
    (task,) = tasks(database)
    assert task.kind == "portal_tied"
    assert "other says Carelon" in task.why
    save(database, rule("other", "evicore", codes=["97110"]))
    assert tasks(database) == []
    assert placed(database, first)[0] == "evicore"


def test_a_tie_leaves_a_record_where_a_rule_had_led_it(database: Database) -> None:
    save(database, THERAPY)
    record_id = keep(database)
    save(database, rule("other", "carelon", codes=["97110"]))
    assert placed(database, record_id) == ("evicore", "therapy", True)
    assert [task.kind for task in tasks(database)] == ["portal_tied"]


def test_an_imported_row_without_a_portal_is_routed_and_one_with_another_is_warned_of(
    database: Database, tmp_path: Path
) -> None:
    save(database, THERAPY)
    other = {**ADA, "Auth #": "A-0009", "Start Date": "1/5/2026", "End Date": "12/31/2026"}
    report = bring_in(database, tmp_path, {**ADA, "Portal": ""}, other)
    assert (report.created, [problem.field for problem in report.warnings]) == (2, ["portal"])
    assert placed(database, 1) == ("evicore", "therapy", True)
    assert placed(database, 2) == ("example_payer", None, True)
    (task,) = tasks(database)
    assert task.why.startswith("1 (authorizations 2)")
    bring_in(database, tmp_path, {**ADA, "Portal": "", "Notes": "Again"}, {**other, "Portal": "evicore"})
    assert placed(database, 1) == ("evicore", "therapy", True)
    assert placed(database, 2) == ("evicore", None, True)


def test_a_dry_run_tells_of_the_contradiction_and_keeps_no_task(database: Database, tmp_path: Path) -> None:
    save(database, THERAPY)
    report = bring_in(database, tmp_path, ADA, dry_run=True)
    assert [problem.field for problem in report.warnings] == ["portal"]
    assert tasks(database) == []


def could_not_look(database: Database, record_id: int) -> Task:
    with database.write(ACTOR) as session:
        row = queries.authorization(session, record_id)
        assert row is not None
        assert row.portal is not None
        run = start_run(session, CHECK_NOW, [row], ACTOR, NOW, None)
        outcome = Outcome(str(record_id), OutcomeKind.COULD_NOT_LOOK, row.portal, NOW, "It is not served.")
        record_outcome(session, outcome, run_id=run.id, actor=ACTOR, now=NOW)
    (task,) = tasks(database, "could_not_look")
    return task


def test_a_plan_that_is_not_served_names_the_portal_that_the_rules_lead_to(database: Database) -> None:
    save(database, THERAPY)
    task = could_not_look(database, keep(database, ada(portal="availity")))
    assert task.next_step.startswith("Look it up at eviCore")
    assert "Manual, section 9" in task.next_step


def test_a_plan_that_is_not_served_where_a_rule_led_puts_the_rule_in_doubt(database: Database) -> None:
    save(database, THERAPY)
    task = could_not_look(database, keep(database))
    assert "a rule led here and may be out of date (payer rule therapy" in task.next_step


def test_a_plan_that_is_not_served_has_the_usual_next_step_without_rules(database: Database) -> None:
    task = could_not_look(database, keep(database, ada(portal="availity")))
    assert task.next_step == OutcomeKind.COULD_NOT_LOOK.next_step
