from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key, typing_slip
from server.matching.comparison import Comparison
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides

AGREES = Agreement((FieldName.FACILITY_NPI,))


def facility_differs(comparison: Comparison) -> Answer:
    """Many approvals hold for one site. The same service at another facility is denied (CARC 296), unless the
    payer compares only the kind of place or the setting.
    """
    approved = identifier_key(comparison.authorization.facility_npi)
    if not approved:
        return None
    entered, said = comparison.asked.facility, comparison.service.facility_npi
    if not entered and comparison.asked.institutional and not comparison.authorization.billing_npi:
        # On a facility's own claim the billing provider is the facility (2310E is sent if it differs).
        entered, said = comparison.asked.billing, comparison.service.billing_npi
    if not entered:
        return None
    if entered == approved:
        return AGREES
    words: Sides = {"approved": comparison.authorization.facility_npi, "entered": said}
    rule = comparison.practice.rule(PayerRuleKind.LOCATION_LEVEL)
    if rule is not None and rule.terms.level != "facility":
        return Difference(
            Severity.ALLOWED,
            FieldName.FACILITY_NPI,
            "The facility differs from the approved one; this payer does not compare facilities.",
            "Nothing to do.",
            payer_rule=rule,
            **words,
        )
    slip = typing_slip(approved, entered)
    message = "The facility is not the one approved."
    if slip is not None:
        message += f" Likely a typing error: {slip}."
    return Difference(
        Severity.DENIAL,
        FieldName.FACILITY_NPI,
        message,
        "Correct the facility, or ask the payer to change the site before the service.",
        carc="296",
        slip=slip is not None,
        **words,
    )


_AT_SITE = cast.approval(facility_npi=cast.GROUP_NPI)

EXAMPLES = (
    Example(
        "another facility",
        cast.service(facility_npi=cast.OTHER_INDIVIDUAL_NPI),
        (_AT_SITE,),
        Severity.DENIAL,
    ),
    Example(
        "the payer compares the place of service only",
        cast.service(facility_npi=cast.OTHER_INDIVIDUAL_NPI),
        (_AT_SITE,),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(cast.payer_rule(PayerRuleKind.LOCATION_LEVEL, level="place_of_service"),),
        ),
    ),
    Example("the approved facility", cast.service(facility_npi=cast.GROUP_NPI), (_AT_SITE,), None),
    Example("not entered yet", cast.SERVICE, (_AT_SITE,), None),
)
