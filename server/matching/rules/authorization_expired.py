from datetime import date

from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.facts import Policy
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_expired(comparison: Comparison) -> Answer:
    """An expired authorization covers no further service (CARC 302). A service that took place while it was
    valid
    stays covered: then the word only says that its end has passed since, and someone should make sure of
    that.
    """
    if comparison.determination is not Determination.EXPIRED:
        return AGREES if comparison.is_approved else None
    start, end, expiry = comparison.asked.start, comparison.asked.end, comparison.expiry
    ended_since = (
        start is not None
        and end is not None
        and expiry is not None
        and end <= expiry < comparison.policy.today
        and (comparison.effective is None or start >= comparison.effective)
    )
    if ended_since:
        return Difference(
            Severity.CAUTION,
            FieldName.DETERMINATION,
            "The authorization has expired since the service, which lies inside its dates.",
            "Make sure that it was still approved on the day of service.",
            approved=Determination.EXPIRED.value,
        )
    return Difference(
        Severity.DENIAL,
        FieldName.DETERMINATION,
        "The payer shows the authorization as expired.",
        "Ask for an extension or a new authorization before the service.",
        approved=Determination.EXPIRED.value,
        carc="302",
    )


EXAMPLES = (
    Example(
        "expired before a planned service",
        cast.SERVICE,
        (cast.approval(determination=Determination.EXPIRED, expiry=date(2026, 2, 20)),),
        Severity.DENIAL,
    ),
    Example(
        "ended early by the payer",
        cast.SERVICE,
        (cast.approval(determination=Determination.EXPIRED),),
        Severity.DENIAL,
    ),
    Example(
        "billed after its end, given inside its dates",
        cast.SERVICE,
        (cast.approval(determination=Determination.EXPIRED),),
        Severity.CAUTION,
        Policy(today=date(2026, 6, 1)),
    ),
    Example("approved", cast.SERVICE, (cast.APPROVAL,), None),
)
