from portal_profiles.vocabulary import Component, FieldName
from server.matching import cast
from server.matching.compare import modifier_key
from server.matching.comparison import COMPONENT_OF, Comparison, component_in
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.COMPONENT,))


def component_not_approved(comparison: Comparison) -> Answer:
    """The professional part (modifier 26) and the technical or facility part (TC) of a procedure are approved
    and billed apart. An approval of one part covers neither the other nor the whole (CARC 284).
    """
    line, entered = comparison.line, comparison.asked.component
    if line is None or entered is None:
        return None
    if line.component is None and not line.modifiers:
        return None
    approved = line.component or component_in(frozenset(map(modifier_key, line.modifiers)))
    if approved is None:
        return None
    if approved is entered:
        return AGREES
    stated = comparison.service.component is not None
    field = FieldName.COMPONENT if stated else FieldName.MODIFIERS
    for rule in comparison.practice.rules(PayerRuleKind.IGNORED_MODIFIER):
        if any(COMPONENT_OF.get(modifier) is entered for modifier in rule.terms.modifiers):
            return Difference(
                Severity.ALLOWED,
                field,
                f"The {entered.value} part differs from the {approved.value} one approved; "
                "this payer does not hold it against the approval.",
                "Nothing to do.",
                approved=approved.value,
                entered=entered.value,
                payer_rule=rule,
            )
    if approved is Component.GLOBAL:
        return Difference(
            Severity.CAUTION,
            field,
            f"The whole procedure was approved and only the {entered.value} part is entered.",
            "Make sure that the approval is shared by both parts and that this provider bills one of them.",
            approved=approved.value,
            entered=entered.value,
            carc="284",
        )
    return Difference(
        Severity.DENIAL,
        field,
        f"Only the {approved.value} part of the procedure was approved.",
        "Correct the modifier, or get an approval for this part.",
        approved=approved.value,
        entered=entered.value,
        carc="284",
    )


EXAMPLES = (
    Example(
        "professional approved, technical entered",
        cast.service(modifiers=("TC",)),
        (cast.approval_of(modifiers=("26",)),),
        Severity.DENIAL,
    ),
    Example(
        "professional approved, the whole entered",
        cast.service(component=Component.GLOBAL),
        (cast.approval_of(component=Component.PROFESSIONAL),),
        Severity.DENIAL,
    ),
    Example(
        "the whole approved, a part entered",
        cast.service(modifiers=("26",)),
        (cast.approval_of(component=Component.GLOBAL),),
        Severity.CAUTION,
    ),
    Example(
        "the payer ignores the modifier",
        cast.service(modifiers=("26",)),
        (cast.approval_of(component=Component.TECHNICAL),),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(cast.payer_rule(PayerRuleKind.IGNORED_MODIFIER, modifier="26"),),
        ),
    ),
    Example(
        "the same part, told in two ways",
        cast.service(component=Component.PROFESSIONAL),
        (cast.approval_of(modifiers=("26",)),),
        None,
    ),
    Example("the approval names no part", cast.service(modifiers=("26",)), (cast.APPROVAL,), None),
)
