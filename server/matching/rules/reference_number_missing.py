from portal_profiles.vocabulary import Checkpoint, FieldName, NumberKind
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Answer, Difference, Example

#: Where a number that is not there is a fact about the claim, not a field that was not filled in yet.
_BILLED = frozenset({Checkpoint.PRE_BILLING, Checkpoint.CLAIM, Checkpoint.REMITTANCE})


def reference_number_missing(comparison: Comparison) -> Answer:
    """The service is authorized but the claim does not carry the number (box 23, REF G1), so the payer does
    not find the approval and denies as if there were none (CARC 197, or 16 with remark M62).
    """
    if comparison.asked.number or comparison.policy.checkpoint not in _BILLED or comparison.is_referral:
        return None
    if not comparison.is_approved:
        return None
    issued = comparison.numbers(NumberKind.AUTHORIZATION) or comparison.numbers(NumberKind.REFERENCE)
    rule = comparison.practice.rule(PayerRuleKind.NUMBER_NOT_NEEDED)
    if rule is not None:
        return Difference(
            Severity.ALLOWED,
            FieldName.REFERENCE_NUMBER,
            "The claim carries no authorization number; this payer does not need it.",
            "Nothing to do.",
            approved=issued[0] if issued else None,
            payer_rule=rule,
        )
    if not issued:
        return Difference(
            Severity.CAUTION,
            FieldName.REFERENCE_NUMBER,
            "The service is approved, but no authorization number is on record yet.",
            "Get the number from the payer and put it on the claim.",
            carc="197",
        )
    return Difference(
        Severity.DENIAL,
        FieldName.REFERENCE_NUMBER,
        "The claim does not carry the authorization number.",
        "Put the number on the claim as prior authorization (box 23, REF G1).",
        approved=issued[0],
        carc="197",
    )


_CLAIM = Policy(today=EXAMPLE_DAY, checkpoint=Checkpoint.CLAIM)

EXAMPLES = (
    Example(
        "a claim without the number",
        cast.service(reference_number=None),
        (cast.APPROVAL,),
        Severity.DENIAL,
        _CLAIM,
    ),
    Example(
        "approved, number not issued yet",
        cast.service(reference_number=None),
        (cast.approval(reference_numbers=()),),
        Severity.CAUTION,
        _CLAIM,
    ),
    Example(
        "the payer does not need it",
        cast.service(reference_number=None),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            checkpoint=Checkpoint.CLAIM,
            payer_rules=(cast.payer_rule(PayerRuleKind.NUMBER_NOT_NEEDED),),
        ),
    ),
    Example("before billing it may be missing", cast.service(reference_number=None), (cast.APPROVAL,), None),
    Example("a claim with the number", cast.SERVICE, (cast.APPROVAL,), None, _CLAIM),
)
