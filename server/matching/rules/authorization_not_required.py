from datetime import date

from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_not_required(comparison: Comparison) -> Answer:
    """The payer answered that no authorization is required. That is a dated answer to keep with its reference
    for an
    appeal: it approves no units, and a claim can still be denied.
    """
    if comparison.determination is not Determination.NOT_REQUIRED:
        return AGREES if comparison.is_approved else None
    authorization = comparison.authorization
    answered = authorization.decided or (authorization.read_at.date() if authorization.read_at else None)
    on = f" on {answered.isoformat()}" if answered is not None else ""
    return Difference(
        Severity.CAUTION,
        FieldName.DETERMINATION,
        f"The payer answered{on} that no authorization is required. This is not an approval.",
        "Keep the answer with its date and reference; ask again if the service changes.",
        approved=Determination.NOT_REQUIRED.value,
    )


EXAMPLES = (
    Example(
        "a dated answer",
        cast.SERVICE,
        (cast.approval(determination=Determination.NOT_REQUIRED, decided=date(2026, 2, 1)),),
        Severity.CAUTION,
    ),
    Example("an approval", cast.SERVICE, (cast.APPROVAL,), None),
)
