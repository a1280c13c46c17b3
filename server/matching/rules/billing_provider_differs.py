from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key, typing_slip
from server.matching.comparison import Comparison
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides

AGREES = Agreement((FieldName.BILLING_NPI,))


def billing_provider_differs(comparison: Comparison) -> Answer:
    """The approval names the group that bills. Another group's claim does not find it (CARC 296), unless the
    payer ties its approvals to the individual clinician or the facility, and that one agrees.
    """
    entered, approved = comparison.asked.billing, identifier_key(comparison.authorization.billing_npi)
    if not entered or not approved:
        return None
    if entered == approved:
        return AGREES
    facility = identifier_key(comparison.authorization.facility_npi)
    if comparison.asked.institutional and entered == facility:
        return AGREES
    words: Sides = {
        "approved": comparison.authorization.billing_npi,
        "entered": comparison.service.billing_npi,
    }
    rule = comparison.practice.rule(PayerRuleKind.PROVIDER_LEVEL)
    level = rule.terms.level if rule is not None else ""
    individual = comparison.asked.rendering in map(identifier_key, comparison.approved_npis())
    site = bool(facility) and facility == comparison.asked.facility
    if (
        level == "any"
        or (level == "individual" and individual and comparison.asked.rendering)
        or (level == "facility" and site)
    ):
        return Difference(
            Severity.ALLOWED,
            FieldName.BILLING_NPI,
            "Another group bills than the one approved; this payer allows that.",
            "Nothing to do.",
            payer_rule=rule,
            **words,
        )
    slip = typing_slip(approved, entered)
    message = "The group that bills is not the one approved."
    if slip is not None:
        message += f" Likely a typing error: {slip}."
    elif entered in map(identifier_key, comparison.approved_npis()):
        message = "The clinician's own NPI stands in the billing group's place."
    return Difference(
        Severity.DENIAL,
        FieldName.BILLING_NPI,
        message,
        "Correct the billing NPI, or ask the payer to change the billing provider.",
        carc="296",
        slip=slip is not None,
        **words,
    )


EXAMPLES = (
    Example(
        "another group",
        cast.service(billing_npi=cast.OTHER_INDIVIDUAL_NPI),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "the payer approves individuals",
        cast.service(billing_npi=cast.OTHER_INDIVIDUAL_NPI),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(cast.payer_rule(PayerRuleKind.PROVIDER_LEVEL, level="individual"),),
        ),
    ),
    Example("the approved group", cast.SERVICE, (cast.APPROVAL,), None),
    Example("not entered yet", cast.service(billing_npi=None), (cast.APPROVAL,), None),
)
