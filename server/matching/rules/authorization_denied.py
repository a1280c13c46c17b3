from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))


def authorization_denied(comparison: Comparison) -> Answer:
    """The payer said no when asked. The claim would be denied for that reason (CARC 39); sending it again
    does not help, an appeal or a talk between physicians may. While an appeal runs, the no still stands.
    """
    determination = comparison.determination
    if determination is Determination.DENIED:
        of_line = comparison.line is not None and comparison.line.determination is Determination.DENIED
        message = "The payer denied this line." if of_line else "The payer denied the authorization."
        next_step = "Read the reason; appeal or ask for a peer-to-peer review before the deadline."
    elif determination is Determination.IN_APPEAL:
        message = "The denial is in appeal and not yet overturned."
        next_step = "Wait for the appeal's decision before the service."
    else:
        return AGREES if comparison.is_approved else None
    return Difference(
        Severity.DENIAL, FieldName.DETERMINATION, message, next_step, approved=determination.value, carc="39"
    )


EXAMPLES = (
    Example("denied", cast.SERVICE, (cast.approval(determination=Determination.DENIED),), Severity.DENIAL),
    Example(
        "in appeal",
        cast.SERVICE,
        (cast.approval(determination=Determination.IN_APPEAL),),
        Severity.DENIAL,
    ),
    Example(
        "one line denied on an approved authorization",
        cast.SERVICE,
        (cast.approval_of(determination=Determination.DENIED),),
        Severity.DENIAL,
    ),
    Example("approved", cast.SERVICE, (cast.APPROVAL,), None),
)
