from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_cancelled(comparison: Comparison) -> Answer:
    """A cancelled or void authorization approves nothing, whatever its dates and units still say. The claim
    is answered as if there were none.
    """
    determination = comparison.determination
    if determination is Determination.CANCELLED:
        message = "The authorization was cancelled."
        next_step = "Ask who cancelled it and why; request a new one before the service."
    elif determination is Determination.VOID:
        message = "The authorization is void."
        next_step = "Look for the authorization that replaced it, or request a new one."
    else:
        return AGREES if comparison.is_approved else None
    return Difference(
        Severity.DENIAL, FieldName.DETERMINATION, message, next_step, approved=determination.value, carc="197"
    )


EXAMPLES = (
    Example(
        "cancelled",
        cast.SERVICE,
        (cast.approval(determination=Determination.CANCELLED),),
        Severity.DENIAL,
    ),
    Example("void", cast.SERVICE, (cast.approval(determination=Determination.VOID),), Severity.DENIAL),
    Example("approved", cast.SERVICE, (cast.APPROVAL,), None),
)
