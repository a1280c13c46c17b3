from portal_profiles.vocabulary import Checkpoint, Determination, FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.facts import Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.DETERMINATION,))

_WORDS = {
    Determination.DRAFT: (
        "The request is a draft and was never sent.",
        "Finish and send the request.",
    ),
    Determination.SUBMITTED: (
        "The request was sent; the payer has not answered yet.",
        "Wait for the decision; hold the service or the claim until it is approved.",
    ),
    Determination.PENDED: (
        "The request is pended: the payer has not decided yet.",
        "Wait for the decision; hold the service or the claim until it is approved.",
    ),
    Determination.MORE_INFORMATION_NEEDED: (
        "The payer waits for more information before it decides.",
        "Send what the payer asked for; hold the service or the claim until it is approved.",
    ),
}


def authorization_pending(comparison: Comparison) -> Answer:
    """A request is not an approval. A service given before the payer's decision is answered as if there were
    no authorization (CARC 197). On a payer's request form a draft is what is being sent, so it is only noted.
    """
    words = _WORDS.get(comparison.determination)
    if words is None:
        return AGREES if comparison.is_approved else None
    sending = (
        comparison.determination is Determination.DRAFT
        and comparison.policy.checkpoint is Checkpoint.PORTAL_ENTRY
    )
    return Difference(
        Severity.CAUTION if sending else Severity.DENIAL,
        FieldName.DETERMINATION,
        words[0],
        words[1],
        approved=comparison.determination.value,
        carc="197",
    )


EXAMPLES = (
    Example("pended", cast.SERVICE, (cast.approval(determination=Determination.PENDED),), Severity.DENIAL),
    Example(
        "the payer asked for more",
        cast.SERVICE,
        (cast.approval(determination=Determination.MORE_INFORMATION_NEEDED),),
        Severity.DENIAL,
    ),
    Example(
        "a draft before the service",
        cast.SERVICE,
        (cast.approval(determination=Determination.DRAFT),),
        Severity.DENIAL,
    ),
    Example(
        "a draft on the form that sends it",
        cast.SERVICE,
        (cast.approval(determination=Determination.DRAFT),),
        Severity.CAUTION,
        Policy(today=EXAMPLE_DAY, checkpoint=Checkpoint.PORTAL_ENTRY),
    ),
    Example("approved", cast.SERVICE, (cast.APPROVAL,), None),
    Example(
        "modified is approved on the payer's terms",
        cast.SERVICE,
        (cast.approval(determination=Determination.MODIFIED),),
        None,
    ),
)
