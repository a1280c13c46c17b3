from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key, typing_slip
from server.matching.comparison import ASSISTANT, Comparison
from server.matching.facts import PayerRule, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides

AGREES = Agreement((FieldName.RENDERING_NPI,))


def rendering_provider_differs(comparison: Comparison) -> Answer:
    """The approval names who renders the service. Another clinician, or the group in the clinician's place,
    is denied (CARC 296) unless the payer ties its approvals to the group or the facility. Who requested the
    approval is not thereby approved to render it.
    """
    entered, npis = comparison.asked.rendering, comparison.approved_npis()
    if not entered or not npis:
        return None
    approved = [identifier_key(npi) for npi in npis]
    if entered in approved:
        return AGREES
    authorization = comparison.authorization
    facility = identifier_key(authorization.facility_npi)
    if comparison.asked.institutional and entered == facility:
        return AGREES
    words: Sides = {"approved": ", ".join(npis), "entered": comparison.service.rendering_npi}
    rule = _permits(comparison, approved)
    if rule is not None:
        return Difference(
            Severity.ALLOWED,
            FieldName.RENDERING_NPI,
            "The clinician differs from the one approved; this payer allows that.",
            "Nothing to do.",
            payer_rule=rule,
            **words,
        )
    slip = next((found for npi in approved if (found := typing_slip(npi, entered))), None)
    message = "This provider was not approved to render the service."
    next_step = "Correct the rendering NPI, or ask the payer to change the provider before the service."
    if entered == identifier_key(authorization.billing_npi):
        message = "The billing group stands in the rendering provider's place; an individual was approved."
        next_step = "Enter the NPI of the clinician who renders the service."
    elif entered == identifier_key(authorization.requesting_npi):
        message = "This provider requested the authorization and was not approved to render the service."
    elif slip is not None:
        message += f" Likely a typing error: {slip}."
    elif comparison.asked.billing and comparison.asked.billing in approved:
        message = "The approval names the billing group, not this clinician."
        next_step = "Ask whether this payer's approvals hold for the whole group, and record its rule."
    return Difference(
        Severity.DENIAL,
        FieldName.RENDERING_NPI,
        message,
        next_step,
        carc="296",
        slip=slip is not None,
        **words,
    )


def _permits(comparison: Comparison, approved: list[str]) -> PayerRule | None:
    """The payer's rule under which another clinician is fine: level of the approval, or an assistant who
    rides.
    """
    asked, authorization = comparison.asked, comparison.authorization
    level = comparison.practice.rule(PayerRuleKind.PROVIDER_LEVEL)
    if level is not None:
        if level.terms.level == "any":
            return level
        group = identifier_key(authorization.billing_npi)
        if level.terms.level == "group":
            if asked.billing and (asked.billing == group or asked.billing in approved):
                return level
            if group and asked.rendering == group:
                return level
        facility = identifier_key(authorization.facility_npi)
        if level.terms.level == "facility" and facility and facility in (asked.facility, asked.billing):
            return level
    assistants = asked.modifiers & ASSISTANT
    for rule in comparison.practice.rules(PayerRuleKind.RIDES_ON):
        if assistants and assistants <= rule.terms.modifiers:
            return rule
    return None


def _level(level: str) -> Policy:
    rule = cast.payer_rule(PayerRuleKind.PROVIDER_LEVEL, level=level)
    return Policy(today=EXAMPLE_DAY, payer_rules=(rule,))


EXAMPLES = (
    Example(
        "another clinician of the same group",
        cast.service(rendering_npi=cast.OTHER_INDIVIDUAL_NPI),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "the group in the clinician's place",
        cast.service(rendering_npi=cast.GROUP_NPI),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "who requested it renders it",
        cast.service(rendering_npi=cast.OTHER_INDIVIDUAL_NPI),
        (cast.approval(requesting_npi=cast.OTHER_INDIVIDUAL_NPI),),
        Severity.DENIAL,
    ),
    Example(
        "the payer approves the group",
        cast.service(rendering_npi=cast.OTHER_INDIVIDUAL_NPI),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        _level("group"),
    ),
    Example(
        "the payer approves the group, another group bills",
        cast.service(rendering_npi=cast.OTHER_INDIVIDUAL_NPI, billing_npi=cast.OTHER_INDIVIDUAL_NPI),
        (cast.APPROVAL,),
        Severity.DENIAL,
        _level("group"),
    ),
    Example("the approved clinician", cast.SERVICE, (cast.APPROVAL,), None),
    Example("not entered yet", cast.service(rendering_npi=None), (cast.APPROVAL,), None),
)
