from dataclasses import replace

from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_partly_approved(comparison: Comparison) -> Answer:
    """A partial approval covers some of what was asked. Without the decision on this line it is not known
    whether the service is in the approved part.
    """
    if comparison.authorization.determination is not Determination.PARTIALLY_APPROVED:
        return AGREES if comparison.is_approved else None
    line = comparison.line
    if len(comparison.authorization.lines) < 2 or (line is not None and line.determination is not None):
        return AGREES if comparison.is_approved else None
    return Difference(
        Severity.CAUTION,
        FieldName.DETERMINATION,
        "The authorization was approved in part, and the decision on this line is not on record.",
        "Read at the payer which lines were approved and record it.",
        approved=Determination.PARTIALLY_APPROVED.value,
    )


_TWO_LINES = (cast.APPROVED_LINE, replace(cast.APPROVED_LINE, code="70553", number=2))

EXAMPLES = (
    Example(
        "two lines, no decision on either",
        cast.SERVICE,
        (cast.approval(determination=Determination.PARTIALLY_APPROVED, lines=_TWO_LINES),),
        Severity.CAUTION,
    ),
    Example(
        "the line itself is approved",
        cast.SERVICE,
        (
            cast.approval(
                determination=Determination.PARTIALLY_APPROVED,
                lines=(replace(_TWO_LINES[0], determination=Determination.APPROVED), _TWO_LINES[1]),
            ),
        ),
        None,
    ),
)
