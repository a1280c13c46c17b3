from dataclasses import replace
from datetime import date
from decimal import Decimal

from portal_profiles.vocabulary import APPROVING, AuthorizationType, FieldName, NumberKind, Unit
from server.matching import cast
from server.matching.compare import identifier_key
from server.matching.comparison import remaining_on
from server.matching.facts import ApprovedLine, Authorization
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example
from server.matching.search import Search

AGREES = Agreement((FieldName.REFERRAL_NUMBER,))


def referral_not_usable(search: Search) -> Answer:
    """A referral has its own number, dates and visits, apart from any authorization. One that is not this
    patient's, not approved, out of its dates or used up does not count (CARC 288, or 287 when its visits are
    used up).
    """
    number = search.asked.referral
    if not number:
        return None
    referrals = [r for r in search.on_file if r.type is AuthorizationType.REFERRAL]
    own = [r for r in referrals if r.id in search.of_patient]
    named = [r for r in own if any(identifier_key(n.value) == number for n in r.reference_numbers)]
    if not named:
        others = [r for r in referrals if r.id in search.other_patients]
        if any(identifier_key(n.value) == number for r in others for n in r.reference_numbers):
            return _difference(search, "The referral number entered belongs to another patient's referral.")
        return None
    problems = [_problem(search, referral) for referral in named]
    if None in problems:
        return AGREES
    message, carc = problems[0] or ("", "")
    return _difference(search, message, carc)


def _problem(search: Search, referral: Authorization) -> tuple[str, str] | None:
    asked = search.asked
    if referral.determination not in APPROVING:
        return "The referral is not approved.", "288"
    if asked.start is not None and asked.end is not None:
        if referral.effective is not None and asked.start < referral.effective:
            return "The service lies before the referral begins.", "288"
        if referral.expiry is not None and asked.end > referral.expiry:
            return "The service lies after the referral has ended.", "288"
    left = [remaining_on(line) for line in referral.lines]
    if left and all(remaining is not None and remaining <= 0 for remaining in left):
        return "Nothing remains of the referral's visits.", "287"
    return None


def _difference(search: Search, message: str, carc: str = "288") -> Difference:
    return Difference(
        Severity.DENIAL,
        FieldName.REFERRAL_NUMBER,
        message,
        "Ask the primary care provider for a valid referral before the service.",
        entered=search.asked.service.referral_number,
        carc=carc,
    )


_REFERRAL = cast.approval(
    id="2",
    type=AuthorizationType.REFERRAL,
    reference_numbers=cast.numbered("R55", NumberKind.REFERRAL),
    lines=(ApprovedLine(service_type="3", quantity=Decimal(6), unit=Unit.VISITS, used=Decimal(2)),),
)
_REFERRED = cast.service(referral_number="R55")

EXAMPLES = (
    Example(
        "its dates have passed",
        _REFERRED,
        (cast.APPROVAL, replace(_REFERRAL, expiry=date(2026, 2, 28))),
        Severity.DENIAL,
    ),
    Example(
        "its visits are used up",
        _REFERRED,
        (
            cast.APPROVAL,
            replace(_REFERRAL, lines=(replace(_REFERRAL.lines[0], used=Decimal(6)),)),
        ),
        Severity.DENIAL,
    ),
    Example(
        "another patient's referral",
        _REFERRED,
        (cast.APPROVAL, replace(_REFERRAL, patient=cast.BRUNO)),
        Severity.DENIAL,
    ),
    Example("a valid referral beside the approval", _REFERRED, (cast.APPROVAL, _REFERRAL), None),
    Example("no referral on file", _REFERRED, (cast.APPROVAL,), None),
)
