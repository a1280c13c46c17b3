from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from server.matching.payer_rules import PayerRule, PayerRuleError, PayerRuleKind
from server.matching.routing import Route, route

DAY = date(2026, 11, 2)


@dataclass(frozen=True)
class Line:
    code: str | None = None
    code_end: str | None = None
    requested_code: str | None = None
    service_type: str | None = None


def rule(name: str, portal: str, plan: str | None = None, when: date = DAY, **data: Any) -> PayerRule:
    kind = PayerRuleKind.LOOKED_UP_AT
    return PayerRule(name, "EXH01", kind, {"portal": portal, **data}, "Manual", when, plan)


PAYER = rule("all", "payer_site")
IMAGING = rule("imaging", "imaging_vendor", codes=[["70010", "76499"]])
MRI = rule("mri", "mri_vendor", codes=[["70540", "70559"]])
BRAIN = rule("brain", "brain_vendor", codes=["70553"])
HMO = rule("hmo", "hmo_site", plan="Gold HMO")
DRUGS = rule("drugs", "drug_site", drugs=True)
CATEGORY = rule("category", "category_vendor", service_types=["62"])
EVERY = (PAYER, IMAGING, MRI, BRAIN, DRUGS, CATEGORY)


def at(*lines: Line, rules: tuple[PayerRule, ...] = EVERY, plan: str | None = None) -> str | None:
    return route(rules, plan, lines, DAY).portal


@pytest.mark.parametrize(
    ("line", "portal"),
    [
        (Line("70553"), "brain_vendor"),
        (Line("70551"), "mri_vendor"),
        (Line("71250"), "imaging_vendor"),
        (Line(requested_code="71250"), "imaging_vendor"),
        (Line("70551", "70553"), "mri_vendor"),
        (Line("70551", "71250"), "imaging_vendor"),
        (Line(service_type="62"), "category_vendor"),
        (Line("00074-0554-02"), "drug_site"),
        (Line("97110"), "payer_site"),
        (Line(), "payer_site"),
    ],
)
def test_the_most_specific_rule_says_where_a_service_is_looked_up(line: Line, portal: str) -> None:
    assert at(line) == portal


def test_without_lines_only_a_rule_for_every_service_counts() -> None:
    assert at() == "payer_site"
    assert at(rules=(IMAGING, DRUGS)) is None


def test_without_rules_or_with_rules_of_other_kinds_nothing_is_said() -> None:
    other = PayerRule("x", "EXH01", PayerRuleKind.NUMBER_NOT_NEEDED, {}, "Manual", DAY)
    assert route((), None, (Line("70553"),), DAY) == Route()
    assert route((other,), None, (Line("70553"),), DAY) == Route()


def test_a_plan_of_its_own_goes_before_the_payer() -> None:
    assert at(Line("97110"), rules=(PAYER, HMO), plan="gold HMO") == "hmo_site"
    assert at(Line("97110"), rules=(PAYER, HMO), plan="Silver") == "payer_site"


def test_a_rule_for_the_plan_and_one_for_the_code_are_a_tie_that_is_said() -> None:
    found = route((HMO, IMAGING), "Gold HMO", (Line("71250"),), DAY)
    assert found.portal is None
    assert [tied.id for tied in found.tied] == ["hmo", "imaging"]
    both = rule("both", "imaging_vendor", plan="Gold HMO", codes=[["70010", "76499"]])
    assert at(Line("71250"), rules=(HMO, IMAGING, both), plan="Gold HMO") == "imaging_vendor"


def test_two_rules_alike_are_a_tie_only_where_they_name_different_portals() -> None:
    again = rule("again", "brain_vendor", codes=["70553"], when=date(2026, 12, 1))
    found = route((BRAIN, again), None, (Line("70553"),), DAY)
    assert (found.portal, found.rule) == ("brain_vendor", again)
    other = rule("other", "elsewhere", codes=["70553"])
    assert route((BRAIN, other), None, (Line("70553"),), DAY).tied == (BRAIN, other)


def test_overlapping_ranges_of_which_none_holds_the_other_are_a_tie() -> None:
    left, right = (
        rule("l", "left", codes=[["70000", "71000"]]),
        rule("r", "right", codes=[["70500", "72000"]]),
    )
    assert route((left, right), None, (Line("70600"),), DAY).tied == (left, right)


def test_lines_that_lead_to_different_portals_are_said_and_a_line_without_a_rule_is_not_asked() -> None:
    assert route(EVERY, None, (Line("70553"), Line("71250")), DAY).tied == (BRAIN, IMAGING)
    assert at(Line("70553"), Line("97110"), rules=(BRAIN,)) == "brain_vendor"


def test_a_rule_counts_on_the_days_for_which_it_holds() -> None:
    data = {"portal": "old"}
    old = PayerRule("o", "EXH01", PayerRuleKind.LOOKED_UP_AT, data, "Manual", DAY, expiry=date(2026, 10, 31))
    assert at(Line("97110"), rules=(old,)) is None
    assert route((old,), None, (), date(2026, 10, 31)).portal == "old"


def test_drugs_are_said_as_true_or_not_at_all() -> None:
    with pytest.raises(PayerRuleError, match="`drugs` must be true"):
        rule("drugs", "drug_site", drugs=False)
