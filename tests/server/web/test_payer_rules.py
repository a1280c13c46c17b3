"""The page of payer rules says each in words, with its source and date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import server.demo
from server.actions.save_payer_rules import save_payer_rules
from server.db.session import Database
from server.interchange.payer_rules import read_payer_rules
from server.matching.facts import PayerRuleKind
from server.security.roles import Role
from server.web.payer_rules import says
from tests.server.web.conftest import NOW, Desk, words_of

RULES = Path(server.demo.__file__).parent / "payer_rules.toml"
#: A row of each kind, as payers state it, and what the page makes of it.
TOLD: dict[PayerRuleKind, tuple[dict[str, Any], str]] = {
    PayerRuleKind.EQUIVALENT_CODE: (
        {"approved": "70553", "allowed": "70551"},
        "70551 may be billed where 70553 was approved.",
    ),
    PayerRuleKind.CODE_GROUP: (
        {"codes": ["97110", "97112"]},
        "Any of 97110, 97112 may be billed where another of them was approved.",
    ),
    PayerRuleKind.SERVICE_TYPE_CODES: (
        {"service_type": "AE", "codes": ["97001", ["97110", "97546"]]},
        "An approval of service type AE covers 97001, 97110–97546.",
    ),
    PayerRuleKind.IGNORED_MODIFIER: ({"modifier": "22"}, "Modifier 22 is not compared."),
    PayerRuleKind.RIDES_ON: (
        {"modifiers": ["80", "AS"]},
        "A service with 80, AS goes on the main service's approval.",
    ),
    PayerRuleKind.PROVIDER_LEVEL: (
        {"level": "group"},
        "Rendering providers are compared by the group's NPI.",
    ),
    PayerRuleKind.LOCATION_LEVEL: (
        {"level": "setting"},
        "Places are compared by the setting (office, outpatient, inpatient).",
    ),
    PayerRuleKind.EQUIVALENT_PLACE: (
        {"approved": "22", "allowed": "19"},
        "Place of service 19 will do where 22 was approved.",
    ),
    PayerRuleKind.DIAGNOSIS_LEVEL: ({"level": "exact"}, "Diagnoses are compared by the whole code."),
    PayerRuleKind.LEVEL_OF_CARE: (
        {"approved": "inpatient", "allowed": "observation"},
        "Level of care observation will do where inpatient was approved.",
    ),
    PayerRuleKind.UNIT_EQUIVALENCE: (
        {"code": "97110", "from_unit": "units", "to_unit": "minutes", "factor": 15},
        "For 97110, one of units is 15 of minutes.",
    ),
    PayerRuleKind.MEMBER_ID_PREFIX: (
        {"length": 3},
        "The first 3 letters of a member ID may be missing on one side.",
    ),
    PayerRuleKind.DATE_ANCHOR: (
        {"anchor": "admission"},
        "The approved dates are held against the date of admission.",
    ),
    PayerRuleKind.DATE_GRACE: (
        {"days": 5},
        "Services up to 5 days outside the approved dates are accepted.",
    ),
    PayerRuleKind.NUMBER_NOT_NEEDED: ({}, "The claim need not bear the authorization number."),
    PayerRuleKind.LOOKED_UP_AT: (
        {"portal": "evicore", "codes": ["70551", ["70552", "70553"]], "service_types": ["62"], "drugs": True},
        "For 70551, 70552–70553; service types 62; any drug (NDC), "
        "the status is looked up at eviCore healthcare.",
    ),
}


@pytest.mark.parametrize("kind", PayerRuleKind)
def test_every_kind_of_rule_is_told_in_a_sentence(kind: PayerRuleKind) -> None:
    data, sentence = TOLD[kind]
    assert says(kind.value, data) == sentence


def test_a_rule_for_every_service_says_so() -> None:
    said = says(PayerRuleKind.LOOKED_UP_AT.value, {"portal": "evicore"})
    assert said == "The status of any service is looked up at eviCore healthcare."


def test_the_page_shows_each_rule_with_its_source_and_date(
    desk: Callable[[Role], Desk], database: Database
) -> None:
    with database.write("test") as db:
        save_payer_rules(db, read_payer_rules(RULES), "test", NOW)
    shown = words_of(desk(Role.VIEWER).text("/payer-rules"))
    assert "70551 may be billed where 70553 was approved." in shown
    assert "imaging policy 2026-07 07/01/2026" in shown


def test_without_rules_the_page_says_that_comparison_is_strict(desk: Callable[[Role], Desk]) -> None:
    assert "Every comparison is strict." in desk(Role.VIEWER).text("/payer-rules")
