from portal_profiles.vocabulary import AuthorizationType, FieldName, NumberKind
from server.matching import cast
from server.matching.compare import identifier_key
from server.matching.comparison import Comparison
from server.matching.facts import ReferenceNumber
from server.matching.finding import Severity
from server.matching.rule import Answer, Difference, Example


def referral_number_used_as_authorization(comparison: Comparison) -> Answer:
    """A referral lets a patient see a specialist; it never stands for an authorization of the service. Its
    number in the authorization's place is not found there (CARC 197).
    """
    entered = comparison.asked.number
    if not entered:
        return None
    numbers = comparison.authorization.reference_numbers
    if comparison.is_referral:
        used = any(identifier_key(number.value) == entered for number in numbers)
        issued: tuple[str, ...] = ()
    else:
        issued = comparison.numbers(NumberKind.AUTHORIZATION)
        used = any(
            number.kind is NumberKind.REFERRAL and identifier_key(number.value) == entered
            for number in numbers
        ) and not any(identifier_key(value) == entered for value in issued)
    if not used:
        return None
    return Difference(
        Severity.DENIAL,
        FieldName.REFERENCE_NUMBER,
        "The number entered as authorization is a referral number.",
        "Put it in the referral's place (REF 9F), and the authorization number in this one (REF G1).",
        approved=issued[0] if issued else None,
        entered=comparison.service.reference_number,
        carc="197",
    )


_BOTH = (ReferenceNumber("A0012345"), ReferenceNumber("R-55", NumberKind.REFERRAL))

EXAMPLES = (
    Example(
        "the referral's number in the wrong place",
        cast.service(reference_number="R55"),
        (cast.approval(reference_numbers=_BOTH),),
        Severity.DENIAL,
    ),
    Example(
        "a referral held against an authorization number",
        cast.service(reference_number="R55"),
        (
            cast.approval(
                type=AuthorizationType.REFERRAL,
                reference_numbers=cast.numbered("R55", NumberKind.REFERRAL),
            ),
        ),
        Severity.DENIAL,
    ),
    Example(
        "each number in its place",
        cast.service(referral_number="R55"),
        (cast.approval(reference_numbers=_BOTH),),
        None,
    ),
)
