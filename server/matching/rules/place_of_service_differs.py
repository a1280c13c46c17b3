from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key, place_key
from server.matching.comparison import Comparison
from server.matching.facts import PayerRule, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example
from server.matching.setting import place_levels

AGREES = Agreement((FieldName.PLACE_OF_SERVICE,))


def place_of_service_differs(comparison: Comparison) -> Answer:
    """The place of service was approved with the procedure: office (11), hospital outpatient on or off campus
    (22, 19), surgery center (24), emergency room (23) and inpatient (21) are authorized and paid apart (CARC
    284).
    """
    entered, approved = comparison.asked.place, place_key(comparison.authorization.place_of_service)
    if not entered or not approved:
        return None
    if entered == approved:
        return AGREES
    rule = _permits(comparison, approved, entered)
    if rule is not None:
        return Difference(
            Severity.ALLOWED,
            FieldName.PLACE_OF_SERVICE,
            "The place of service differs from the approved one; this payer allows that.",
            "Nothing to do.",
            approved=approved,
            entered=entered,
            payer_rule=rule,
        )
    return Difference(
        Severity.DENIAL,
        FieldName.PLACE_OF_SERVICE,
        "The place of service is not the one approved.",
        "Correct the place of service, or ask the payer to change the setting before the service.",
        approved=approved,
        entered=entered,
        carc="284",
    )


def _permits(comparison: Comparison, approved: str, entered: str) -> PayerRule | None:
    for rule in comparison.practice.rules(PayerRuleKind.EQUIVALENT_PLACE):
        if rule.terms.approved == approved and rule.terms.allowed == entered:
            return rule
    level_rule = comparison.practice.rule(PayerRuleKind.LOCATION_LEVEL)
    if level_rule is None:
        return None
    level = level_rule.terms.level
    facility = identifier_key(comparison.authorization.facility_npi)
    if (
        level == "any"
        or (level == "setting" and place_levels(approved) & place_levels(entered))
        or (level == "facility" and facility and facility == comparison.asked.facility)
    ):
        return level_rule
    return None


def _with(kind: PayerRuleKind, **data: object) -> Policy:
    return Policy(today=EXAMPLE_DAY, payer_rules=(cast.payer_rule(kind, **data),))


EXAMPLES = (
    Example(
        "off campus instead of on campus",
        cast.service(place_of_service="19"),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "the payer takes off campus for on campus",
        cast.service(place_of_service="19"),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        _with(PayerRuleKind.EQUIVALENT_PLACE, approved="22", allowed="19"),
    ),
    Example(
        "the payer compares the setting, and an inpatient stay is another",
        cast.service(place_of_service="21"),
        (cast.APPROVAL,),
        Severity.DENIAL,
        _with(PayerRuleKind.LOCATION_LEVEL, level="setting"),
    ),
    Example("the approved place", cast.SERVICE, (cast.APPROVAL,), None),
    Example("not entered yet", cast.service(place_of_service=None), (cast.APPROVAL,), None),
)
