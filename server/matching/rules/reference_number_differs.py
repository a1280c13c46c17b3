from portal_profiles.vocabulary import PROVISIONAL, FieldName, NumberKind
from server.matching import cast
from server.matching.compare import identifier_key, typing_slip
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.REFERENCE_NUMBER,))


def reference_number_differs(comparison: Comparison) -> Answer:
    """The payer looks the approval up by its number. Another number, even one that only lost its leading
    zeros, finds nothing, and the claim is denied as if there were no authorization (CARC 197). Spaces, dashes
    and case do not matter.
    """
    entered = comparison.asked.number
    if not entered or comparison.is_referral:
        return None
    issued = comparison.numbers(NumberKind.AUTHORIZATION)
    references = comparison.numbers(NumberKind.REFERENCE)
    confirmed = issued or references
    keys = [identifier_key(value) for value in confirmed]
    if entered in keys:
        return AGREES
    others = comparison.numbers(NumberKind.REFERRAL, *PROVISIONAL)
    if not confirmed or any(entered == identifier_key(value) for value in others):
        return None
    if any(entered == identifier_key(value) for value in references):
        return Difference(
            Severity.CAUTION,
            FieldName.REFERENCE_NUMBER,
            "The number entered is this authorization's reference number, not its authorization number.",
            "Use the authorization number, unless the payer says that either will do.",
            approved=issued[0],
            entered=comparison.service.reference_number,
            carc="197",
        )
    slip = next((found for key in keys if (found := typing_slip(key, entered))), None)
    message = "The number entered is not the number of this authorization."
    if any(key.lstrip("0") == entered.lstrip("0") for key in keys):
        message = "The number entered differs from the authorization number in its leading zeros."
        slip = "leading zeros"
    elif slip is not None:
        message += f" Likely a typing error: {slip}."
    return Difference(
        Severity.DENIAL,
        FieldName.REFERENCE_NUMBER,
        message,
        "Enter the authorization number exactly as issued.",
        approved=confirmed[0],
        entered=comparison.service.reference_number,
        carc="197",
        slip=slip is not None,
    )


EXAMPLES = (
    Example("another number", cast.service(reference_number="B7654321"), (cast.APPROVAL,), Severity.DENIAL),
    Example(
        "two digits swapped",
        cast.service(reference_number="A0012354"),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "leading zeros lost",
        cast.service(reference_number="12345"),
        (cast.approval(reference_numbers=cast.numbered("0012345", NumberKind.AUTHORIZATION)),),
        Severity.DENIAL,
    ),
    Example(
        "spaces, dashes and case do not matter",
        cast.service(reference_number="a001-23 45"),
        (cast.APPROVAL,),
        None,
    ),
    Example("not entered yet", cast.service(reference_number=None), (cast.APPROVAL,), None),
)
