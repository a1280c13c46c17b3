from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import modifier_key
from server.matching.comparison import ASSISTANT, Comparison
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.MODIFIERS,))


def assistant_not_approved(comparison: Comparison) -> Answer:
    """An assistant at surgery (80, 81, 82, AS) often rides on the surgeon's approval, but some payers want
    one of its own. Only the payer's published rule settles it.
    """
    entered = comparison.asked.modifiers & ASSISTANT
    if not entered or comparison.line is None:
        return None
    if entered <= frozenset(map(modifier_key, comparison.line.modifiers)):
        return AGREES
    approved = " ".join(comparison.line.modifiers) or None
    for kind in (PayerRuleKind.RIDES_ON, PayerRuleKind.IGNORED_MODIFIER):
        for rule in comparison.practice.rules(kind):
            if entered <= rule.terms.modifiers:
                return Difference(
                    Severity.ALLOWED,
                    FieldName.MODIFIERS,
                    "The assistant rides on the surgeon's approval.",
                    "Nothing to do.",
                    approved=approved,
                    entered=" ".join(sorted(entered)),
                    payer_rule=rule,
                )
    return Difference(
        Severity.CAUTION,
        FieldName.MODIFIERS,
        "An assistant at surgery is entered, and the approval does not name one.",
        "Ask the payer whether the assistant rides on the surgeon's approval.",
        approved=approved,
        entered=" ".join(sorted(entered)),
        carc="284",
    )


EXAMPLES = (
    Example(
        "an assistant, no rule known",
        cast.service(modifiers=("80",)),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example(
        "an assistant who rides on the approval",
        cast.service(modifiers=("AS",)),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(cast.payer_rule(PayerRuleKind.RIDES_ON, modifiers=["80", "AS"]),),
        ),
    ),
    Example("the surgeon", cast.service(modifiers=("RT",)), (cast.APPROVAL,), None),
)
