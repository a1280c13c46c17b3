"""Payers' practices from a file, and in the record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from server.actions.save_payer_rules import SavedRules, save_payer_rules
from server.db import queries
from server.db.session import Database
from server.errors import Problem
from server.interchange.payer_rules import read_payer_rules
from server.matching.facts import PayerRuleKind
from server.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULE = """
[[rule]]
name = "exh-grace"
payer_id = "EXH01"
kind = "date_grace"
data = { days = 3 }
source = "Manual, section 2"
source_date = 2026-01-01
"""


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rule_is_read_with_its_source_and_date(tmp_path: Path) -> None:
    (rule,) = read_payer_rules(_file(tmp_path, RULE))
    assert rule.kind is PayerRuleKind.DATE_GRACE
    assert rule.cited() == "Manual, section 2 (2026-01-01)"
    assert rule.source_date == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (RULE.replace('"date_grace"', '"grace"'), "kind"),
        (RULE.replace("days = 3", "days = 0"), "days"),
        (RULE.replace("2026-01-01", '"1 January"'), "source_date"),
        (RULE.replace('payer_id = "EXH01"', ""), "payer_id"),
        (RULE + "colour = 'red'\n", "colour"),
        (RULE.replace("date_grace", "looked_up_at").replace("days = 3", 'portal = "nowhere"'), "portal"),
        (RULE + RULE, "name"),
        ("", "rule"),
    ],
)
def test_a_mistaken_rule_is_named_by_its_key(tmp_path: Path, wrong: str, field: str) -> None:
    with pytest.raises(Problem) as caught:
        read_payer_rules(_file(tmp_path, wrong))
    assert [problem.field for problem in caught.value.fields] == [field]


def test_the_same_rules_again_change_nothing_and_a_changed_one_is_replaced(tmp_path: Path) -> None:
    database = Database.open(Settings(tmp_path / "data", tmp_path / "config", key_store="file"))
    rules = read_payer_rules(_file(tmp_path, RULE))
    changed = read_payer_rules(_file(tmp_path, RULE.replace("days = 3", "days = 5")))
    with database.write("test") as session:
        assert save_payer_rules(session, rules, "test", NOW) == SavedRules(1, 0, 0)
    with database.write("test") as session:
        assert save_payer_rules(session, rules, "test", NOW) == SavedRules(0, 0, 1)
        assert save_payer_rules(session, changed, "test", NOW) == SavedRules(0, 1, 0)
    with database.read() as session:
        (kept,) = queries.payer_rules(session, "EXH01")
    assert kept.terms.count == 5
    database.dispose()


def test_the_demonstration_s_rules_are_all_right() -> None:
    demo = Path(__file__).parents[3] / "server" / "demo" / "payer_rules.toml"
    assert {rule.payer_id for rule in read_payer_rules(demo)} == {"EXH01", "BLM02", "62308"}
