from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import diagnosis_key
from server.matching.comparison import Comparison
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides

AGREES = Agreement((FieldName.DIAGNOSES,))


def diagnosis_not_approved(comparison: Comparison) -> Answer:
    """The diagnosis carries the medical necessity that was reviewed. Many payers compare only its category or
    nothing, so a difference is a caution; it is a denial only where the payer's rule says that approvals are
    specific to a diagnosis. The principal or pointed-to diagnosis of the line counts.
    """
    entered = comparison.asked.diagnoses
    if not entered or not comparison.authorization.diagnoses:
        return None
    approved = frozenset(map(diagnosis_key, comparison.authorization.diagnoses)) - {""}
    if not approved:
        return None
    principal = entered[0]
    if principal in approved:
        return AGREES
    words: Sides = {
        "approved": ", ".join(comparison.authorization.diagnoses),
        "entered": comparison.service.diagnoses[0],
    }
    rule = comparison.practice.rule(PayerRuleKind.DIAGNOSIS_LEVEL)
    level = rule.terms.level if rule is not None else ""
    categories = {key[:3] for key in approved}
    if level == "any" or (level == "category" and principal[:3] in categories):
        return Difference(
            Severity.ALLOWED,
            FieldName.DIAGNOSES,
            "The diagnosis differs from the approved one; this payer allows that.",
            "Nothing to do.",
            payer_rule=rule,
            **words,
        )
    if level in ("exact", "category"):
        return Difference(
            Severity.DENIAL,
            FieldName.DIAGNOSES,
            "This payer's approvals hold for the diagnosis reviewed, and this is another one.",
            "Correct the diagnosis, or ask the payer to add it before the service.",
            carc="284",
            payer_rule=rule,
            **words,
        )
    if any(key in approved for key in entered[1:]):
        message = "An approved diagnosis is entered, but not as the first one."
    elif principal[:3] in categories:
        message = "The diagnosis is of the approved category, but not the approved code."
    else:
        message = "The diagnosis is not the one approved."
    return Difference(
        Severity.CAUTION,
        FieldName.DIAGNOSES,
        message,
        "Compare it with the request; tell the payer if the diagnosis changed.",
        carc="284",
        **words,
    )


def _level(level: str) -> Policy:
    rule = cast.payer_rule(PayerRuleKind.DIAGNOSIS_LEVEL, level=level)
    return Policy(today=EXAMPLE_DAY, payer_rules=(rule,))


EXAMPLES = (
    Example(
        "another diagnosis, no rule known",
        cast.service(diagnoses=("M54.50",)),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example(
        "the payer wants the exact one",
        cast.service(diagnoses=("G43.901",)),
        (cast.APPROVAL,),
        Severity.DENIAL,
        _level("exact"),
    ),
    Example(
        "the payer compares the category",
        cast.service(diagnoses=("G43.901",)),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        _level("category"),
    ),
    Example(
        "the same code without its dot", cast.service(diagnoses=("g43909", "I10")), (cast.APPROVAL,), None
    ),
    Example("none entered yet", cast.service(diagnoses=()), (cast.APPROVAL,), None),
)
