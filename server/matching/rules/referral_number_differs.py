from portal_profiles.vocabulary import FieldName, NumberKind
from server.matching import cast
from server.matching.compare import identifier_key, typing_slip
from server.matching.comparison import Comparison
from server.matching.facts import ReferenceNumber
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.REFERRAL_NUMBER,))


def referral_number_differs(comparison: Comparison) -> Answer:
    """A referral has a number of its own. The authorization's number in its place, or another number, leaves
    the claim without a referral (CARC 288).
    """
    entered = comparison.asked.referral
    if not entered:
        return None
    issued = (
        tuple(number.value for number in comparison.authorization.reference_numbers)
        if comparison.is_referral
        else comparison.numbers(NumberKind.REFERRAL)
    )
    keys = [identifier_key(value) for value in issued]
    if entered in keys:
        return AGREES
    own = comparison.numbers(NumberKind.AUTHORIZATION, NumberKind.REFERENCE)
    if not comparison.is_referral and any(identifier_key(value) == entered for value in own):
        message = "The number entered as referral is the authorization's number."
        next_step = (
            "Put it in the authorization's place (REF G1), and the referral number in this one (REF 9F)."
        )
        slip = None
    elif not issued:
        return None
    else:
        slip = next((found for key in keys if (found := typing_slip(key, entered))), None)
        message = "The referral number entered is not the one on record."
        if slip is not None:
            message += f" Likely a typing error: {slip}."
        next_step = "Enter the referral number exactly as issued."
    return Difference(
        Severity.DENIAL,
        FieldName.REFERRAL_NUMBER,
        message,
        next_step,
        approved=issued[0] if issued else None,
        entered=comparison.service.referral_number,
        carc="288",
        slip=slip is not None,
    )


_BOTH = (ReferenceNumber("A0012345"), ReferenceNumber("R-55", NumberKind.REFERRAL))

EXAMPLES = (
    Example(
        "another referral number",
        cast.service(referral_number="R56X"),
        (cast.approval(reference_numbers=_BOTH),),
        Severity.DENIAL,
    ),
    Example(
        "the authorization's number as referral",
        cast.service(referral_number="A0012345"),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "the referral's own number",
        cast.service(referral_number="r 55"),
        (cast.approval(reference_numbers=_BOTH),),
        None,
    ),
    Example("no referral on record", cast.service(referral_number="R55"), (cast.APPROVAL,), None),
)
