from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import modifier_key
from server.matching.comparison import ANATOMIC, ASSISTANT, COMPONENT_OF, IGNORED, Comparison
from server.matching.facts import PayerRule, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides

AGREES = Agreement((FieldName.MODIFIERS,))
_BOTH_SIDES = frozenset({"RT", "LT"})
_NOT_HERE = IGNORED | ASSISTANT | COMPONENT_OF.keys()


def modifier_not_approved(comparison: Comparison) -> Answer:
    """A side or site of the body (RT, LT, 50, fingers, toes, vessels) that was approved is the only one
    approved, and another modifier can make another service of the same code (CARC 284). Their order does not
    matter, and modifiers that only explain the billing (59, X series, 25, GP, GO, GN, KX) are not held
    against an approval.
    """
    line = comparison.line
    if line is None or not line.modifiers or not comparison.asked.modifiers:
        return None
    approved = frozenset(map(modifier_key, line.modifiers)) - _NOT_HERE - {""}
    entered = comparison.asked.modifiers - _NOT_HERE
    if not approved:
        return None
    if approved == entered or _sides(approved) == _sides(entered):
        return AGREES
    extra = _sides(entered) - _sides(approved)
    lacking = _sides(approved) - _sides(entered)
    rule = _ignoring(comparison, extra | lacking)
    words: Sides = {
        "approved": " ".join(sorted(approved)),
        "entered": " ".join(sorted(comparison.asked.modifiers)),
    }
    if rule is not None:
        return Difference(
            Severity.ALLOWED,
            FieldName.MODIFIERS,
            "The modifiers differ; this payer does not hold that against the approval.",
            "Nothing to do.",
            payer_rule=rule,
            **words,
        )
    sites_approved, sites_entered = _sides(approved) & ANATOMIC, _sides(entered) & ANATOMIC
    if sites_approved and sites_entered - sites_approved:
        return Difference(
            Severity.DENIAL,
            FieldName.MODIFIERS,
            "The side or site entered is not the one approved.",
            "Correct the modifier, or ask the payer to change the approved side before the service.",
            carc="284",
            **words,
        )
    if extra - ANATOMIC and lacking - ANATOMIC:
        return Difference(
            Severity.DENIAL,
            FieldName.MODIFIERS,
            "The modifier entered is not the one approved.",
            "Correct the modifier, or ask the payer to change the approval.",
            carc="284",
            **words,
        )
    return Difference(
        Severity.CAUTION,
        FieldName.MODIFIERS,
        "The modifiers entered are not all of those approved, or more than those.",
        "Compare the modifiers with the approval.",
        carc="284",
        **words,
    )


def _sides(modifiers: frozenset[str]) -> frozenset[str]:
    """Modifiers with bilateral (50) told as both sides."""
    return (modifiers - {"50"}) | _BOTH_SIDES if "50" in modifiers else modifiers


def _ignoring(comparison: Comparison, differing: frozenset[str]) -> PayerRule | None:
    """The payer's rule that ignores the differing modifiers; None unless each of them is ignored."""
    rules = comparison.practice.rules(PayerRuleKind.IGNORED_MODIFIER)
    ignored = frozenset[str]().union(*(rule.terms.modifiers for rule in rules))
    if not differing <= ignored:
        return None
    return next((rule for rule in rules if rule.terms.modifiers & differing), None)


EXAMPLES = (
    Example(
        "left approved, right entered",
        cast.service(modifiers=("RT",)),
        (cast.approval_of(modifiers=("LT",)),),
        Severity.DENIAL,
    ),
    Example(
        "one side approved, both entered",
        cast.service(modifiers=("50",)),
        (cast.approval_of(modifiers=("LT",)),),
        Severity.DENIAL,
    ),
    Example(
        "rental approved, purchase entered",
        cast.service(procedure_code="K0001", modifiers=("NU",)),
        (cast.approval_of(code="K0001", modifiers=("RR",)),),
        Severity.DENIAL,
    ),
    Example(
        "both sides approved, one entered",
        cast.service(modifiers=("LT",)),
        (cast.approval_of(modifiers=("50",)),),
        Severity.CAUTION,
    ),
    Example(
        "the payer ignores it",
        cast.service(modifiers=("RT", "22")),
        (cast.approval_of(modifiers=("RT",)),),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(cast.payer_rule(PayerRuleKind.IGNORED_MODIFIER, modifier="22"),),
        ),
    ),
    Example(
        "the same side among billing modifiers in another order",
        cast.service(modifiers=("59", "rt")),
        (cast.approval_of(modifiers=("RT", "GP")),),
        None,
    ),
    Example(
        "both sides told in two ways",
        cast.service(modifiers=("LT", "RT")),
        (cast.approval_of(modifiers=("50",)),),
        None,
    ),
    Example("the approval names no modifier", cast.service(modifiers=("RT",)), (cast.APPROVAL,), None),
)
