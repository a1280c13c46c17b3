from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal_profiles.vocabulary import FieldName, Unit
from server.matching import cast
from server.matching.engine import check
from server.matching.facts import PayerRule, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.payer_rules import PayerRuleError, parse_terms
from server.matching.rule import EXAMPLE_DAY

_GOOD: dict[PayerRuleKind, dict[str, object]] = {
    PayerRuleKind.EQUIVALENT_CODE: {"approved": "70553", "allowed": "70551"},
    PayerRuleKind.CODE_GROUP: {"codes": ["70551", ["70552", "70553"]]},
    PayerRuleKind.SERVICE_TYPE_CODES: {"service_type": "62", "codes": ["70551"]},
    PayerRuleKind.IGNORED_MODIFIER: {"modifier": "26"},
    PayerRuleKind.RIDES_ON: {"modifiers": ["80", "AS"]},
    PayerRuleKind.PROVIDER_LEVEL: {"level": "group"},
    PayerRuleKind.LOCATION_LEVEL: {"level": "setting"},
    PayerRuleKind.EQUIVALENT_PLACE: {"approved": "22", "allowed": "19"},
    PayerRuleKind.DIAGNOSIS_LEVEL: {"level": "category"},
    PayerRuleKind.LEVEL_OF_CARE: {"approved": "inpatient", "allowed": "observation"},
    PayerRuleKind.UNIT_EQUIVALENCE: {"code": "97110", "from_unit": "hours", "to_unit": "units", "factor": 4},
    PayerRuleKind.MEMBER_ID_PREFIX: {"length": 3},
    PayerRuleKind.DATE_ANCHOR: {"anchor": "admission"},
    PayerRuleKind.DATE_GRACE: {"days": 5},
    PayerRuleKind.NUMBER_NOT_NEEDED: {},
    PayerRuleKind.LOOKED_UP_AT: {"portal": "example_payer"},
}


def test_every_kind_has_its_data_here() -> None:
    assert set(_GOOD) == set(PayerRuleKind)


@pytest.mark.parametrize("kind", list(PayerRuleKind))
def test_good_data_make_a_rule(kind: PayerRuleKind) -> None:
    assert cast.payer_rule(kind, **_GOOD[kind]).kind is kind


@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind, data in _GOOD.items() for key in data], ids=str
)
def test_a_missing_key_is_named(kind: PayerRuleKind, key: str) -> None:
    data = {name: value for name, value in _GOOD[kind].items() if name != key}
    with pytest.raises(PayerRuleError, match=f"`{key}` is missing") as caught:
        cast.payer_rule(kind, **data)
    assert caught.value.key == key


@pytest.mark.parametrize("kind", list(PayerRuleKind))
def test_an_unknown_key_is_named(kind: PayerRuleKind) -> None:
    with pytest.raises(PayerRuleError, match="`made_up` is not a key"):
        cast.payer_rule(kind, **_GOOD[kind], made_up=1)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (PayerRuleKind.EQUIVALENT_CODE, "approved", " "),
        (PayerRuleKind.CODE_GROUP, "codes", []),
        (PayerRuleKind.CODE_GROUP, "codes", "70551"),
        (PayerRuleKind.CODE_GROUP, "codes", [["70551"]]),
        (PayerRuleKind.CODE_GROUP, "codes", [1]),
        (PayerRuleKind.RIDES_ON, "modifiers", ["80", ""]),
        (PayerRuleKind.PROVIDER_LEVEL, "level", "team"),
        (PayerRuleKind.LEVEL_OF_CARE, "allowed", "hotel"),
        (PayerRuleKind.UNIT_EQUIVALENCE, "factor", 0),
        (PayerRuleKind.UNIT_EQUIVALENCE, "factor", "four"),
        (PayerRuleKind.UNIT_EQUIVALENCE, "factor", True),
        (PayerRuleKind.UNIT_EQUIVALENCE, "factor", "NaN"),
        (PayerRuleKind.UNIT_EQUIVALENCE, "from_unit", "boxes"),
        (PayerRuleKind.MEMBER_ID_PREFIX, "length", 0),
        (PayerRuleKind.DATE_GRACE, "days", 1.5),
        (PayerRuleKind.DATE_GRACE, "days", True),
        (PayerRuleKind.DATE_ANCHOR, "anchor", "discharge"),
    ],
)
def test_a_misshapen_value_is_named(kind: PayerRuleKind, key: str, value: object) -> None:
    with pytest.raises(PayerRuleError, match=f"`{key}`"):
        cast.payer_rule(kind, **(_GOOD[kind] | {key: value}))


def test_a_rule_needs_its_payer_its_source_and_its_dates_in_order() -> None:
    good = cast.payer_rule(PayerRuleKind.NUMBER_NOT_NEEDED)
    with pytest.raises(PayerRuleError, match="payer_id"):
        PayerRule("1", " ", good.kind, {}, "manual", date(2026, 1, 5))
    with pytest.raises(PayerRuleError, match="source"):
        PayerRule("1", "EXH01", good.kind, {}, " ", date(2026, 1, 5))
    with pytest.raises(PayerRuleError, match="expiry"):
        PayerRule(
            "1",
            "EXH01",
            good.kind,
            {},
            "manual",
            date(2026, 1, 5),
            effective=date(2026, 2, 1),
            expiry=date(2026, 1, 1),
        )


def test_terms_are_in_the_forms_that_comparisons_use() -> None:
    terms = parse_terms(
        PayerRuleKind.UNIT_EQUIVALENCE,
        {"code": " g0378", "from_unit": "hours", "to_unit": "units", "factor": "0.25"},
    )
    assert (terms.code, terms.from_unit, terms.to_unit) == ("G0378", Unit.HOURS, Unit.UNITS)
    assert terms.factor == Decimal("0.25")
    group = parse_terms(PayerRuleKind.CODE_GROUP, {"codes": ["j1745", ["J0000", "J0999"]]})
    assert group.codes == {"J1745"}
    assert group.ranges == (("J0000", "J0999"),)


def _severity(rule: PayerRule) -> Severity:
    """What a place of service off campus is told under one rule that allows it."""
    policy = Policy(today=EXAMPLE_DAY, payer_rules=(rule,))
    findings = check(cast.service(place_of_service="19"), cast.APPROVAL, policy)
    return next(f.severity for f in findings if f.field is FieldName.PLACE_OF_SERVICE)


def _place_rule(
    payer_id: str = "EXH01",
    plan: str | None = None,
    effective: date | None = None,
    expiry: date | None = None,
) -> PayerRule:
    return PayerRule(
        "place",
        payer_id,
        PayerRuleKind.EQUIVALENT_PLACE,
        {"approved": "22", "allowed": "19"},
        "Example Health manual",
        date(2026, 1, 5),
        plan=plan,
        effective=effective,
        expiry=expiry,
    )


def test_a_rule_counts_for_its_payer_and_plan_only() -> None:
    assert _severity(_place_rule()) is Severity.ALLOWED
    assert _severity(_place_rule(payer_id="exh-01")) is Severity.ALLOWED
    assert _severity(_place_rule(payer_id="BLM02")) is Severity.DENIAL
    assert _severity(_place_rule(plan="gold PPO")) is Severity.ALLOWED
    assert _severity(_place_rule(plan="Silver HMO")) is Severity.DENIAL


def test_a_rule_counts_on_its_first_and_last_day_and_not_beside_them() -> None:
    day = cast.SERVICE.date_from
    assert day is not None
    assert _severity(_place_rule(effective=day, expiry=day)) is Severity.ALLOWED
    assert _severity(_place_rule(effective=date(2026, 3, 3))) is Severity.DENIAL
    assert _severity(_place_rule(expiry=date(2026, 3, 1))) is Severity.DENIAL


def test_an_allowed_difference_names_the_rule_and_its_source() -> None:
    policy = Policy(today=EXAMPLE_DAY, payer_rules=(_place_rule(),))
    finding = check(cast.service(place_of_service="19"), cast.APPROVAL, policy)[0]
    assert finding.allowed_by == "place"
    assert finding.source == "Example Health manual (2026-01-05)"
    assert finding.carc is None


def test_a_denial_that_a_rule_sharpens_names_the_source_and_is_allowed_by_none() -> None:
    rule = cast.payer_rule(PayerRuleKind.DIAGNOSIS_LEVEL, level="exact")
    policy = Policy(today=EXAMPLE_DAY, payer_rules=(rule,))
    finding = check(cast.service(diagnoses=("M54.50",)), cast.APPROVAL, policy)[0]
    assert finding.severity is Severity.DENIAL
    assert finding.allowed_by is None
    assert finding.source == "Example Health manual (2026-01-05)"
