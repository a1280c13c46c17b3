from portal_profiles.vocabulary import PROVISIONAL, FieldName, NumberKind
from server.matching import cast
from server.matching.compare import identifier_key
from server.matching.comparison import Comparison
from server.matching.facts import ReferenceNumber
from server.matching.finding import Severity
from server.matching.rule import Answer, Difference, Example


def provisional_number_used(comparison: Comparison) -> Answer:
    """Payers give several numbers: case, request, tracking, transaction. They follow a request, and are not
    the authorization number; on a claim they are not found (CARC 197).
    """
    entered = comparison.asked.number
    if not entered or comparison.is_referral:
        return None
    issued = None
    kind = None
    for number in comparison.authorization.reference_numbers:
        same = identifier_key(number.value) == entered
        if number.kind in PROVISIONAL:
            if same:
                kind = number.kind
        elif same:
            return None
        elif number.kind is NumberKind.AUTHORIZATION:
            issued = number.value
    if kind is None:
        return None
    return Difference(
        Severity.DENIAL,
        FieldName.REFERENCE_NUMBER,
        f"The number entered is the payer's {kind.value} number, not an authorization number.",
        "Use the authorization number." if issued else "Get the authorization number from the payer.",
        approved=issued,
        entered=comparison.service.reference_number,
        carc="197",
    )


_BOTH = cast.approval(
    reference_numbers=(ReferenceNumber("A0012345"), ReferenceNumber("C-778", NumberKind.CASE))
)

EXAMPLES = (
    Example("the case number on the claim", cast.service(reference_number="C778"), (_BOTH,), Severity.DENIAL),
    Example(
        "only an administrative number was given so far",
        cast.service(reference_number="NT-9"),
        (cast.approval(reference_numbers=cast.numbered("NT9", NumberKind.ADMINISTRATIVE)),),
        Severity.DENIAL,
    ),
    Example("the authorization number", cast.SERVICE, (_BOTH,), None),
)
