from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_status_unrecognised(comparison: Comparison) -> Answer:
    """The payer's word for the status is one we do not know, or it says to call. It is never guessed to be an
    approval: a person has to read it.
    """
    if comparison.determination is not Determination.UNRECOGNISED:
        return AGREES if comparison.is_approved else None
    return Difference(
        Severity.CAUTION,
        FieldName.DETERMINATION,
        "The status on record is a word that is not recognised.",
        "Read the status at the payer, or call, and record what was decided.",
        approved=Determination.UNRECOGNISED.value,
    )


EXAMPLES = (
    Example(
        "an unknown word",
        cast.SERVICE,
        (cast.approval(determination=Determination.UNRECOGNISED),),
        Severity.CAUTION,
    ),
    Example("approved", cast.SERVICE, (cast.APPROVAL,), None),
)
