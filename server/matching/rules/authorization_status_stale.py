from datetime import UTC, datetime

from portal_profiles.vocabulary import CLOSED, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_status_stale(comparison: Comparison) -> Answer:
    """Payers change and withdraw decisions. A status that was read too long ago may not be the status of
    today.
    """
    read_at = comparison.authorization.read_at
    if read_at is None or comparison.determination in CLOSED:
        return None
    read_on = read_at.date()
    days = (comparison.policy.today - read_on).days
    if days <= comparison.policy.stale_after_days:
        return AGREES
    return Difference(
        Severity.CAUTION,
        FieldName.DETERMINATION,
        f"The status was last read on {read_on.isoformat()}, {days} days ago.",
        "Check the status at the payer again.",
        approved=f"{comparison.determination.value}, read {read_on.isoformat()}",
    )


EXAMPLES = (
    Example(
        "read three weeks ago",
        cast.SERVICE,
        (cast.approval(read_at=datetime(2026, 2, 9, 4, 0, tzinfo=UTC)),),
        Severity.CAUTION,
    ),
    Example(
        "read last night",
        cast.SERVICE,
        (cast.approval(read_at=datetime(2026, 3, 2, 4, 0, tzinfo=UTC)),),
        None,
    ),
    Example("never read from a portal", cast.SERVICE, (cast.APPROVAL,), None),
)
