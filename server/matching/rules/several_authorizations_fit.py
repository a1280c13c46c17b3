from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.finding import Severity
from server.matching.rule import Answer, Difference, Example
from server.matching.search import Search


def several_authorizations_fit(search: Search) -> Answer:
    """Two authorizations of the patient fit equally well, and only one number goes on the claim. Which one
    the service belongs to is not guessed.
    """
    if not search.choice.tie or search.finds_none():
        return None
    return Difference(
        Severity.CAUTION,
        FieldName.REFERENCE_NUMBER,
        "More than one authorization fits equally well, so none was chosen.",
        "Choose one and enter its number.",
        entered=search.asked.service.reference_number,
    )


EXAMPLES = (
    Example(
        "two approvals alike",
        cast.service(reference_number=None),
        (cast.APPROVAL, cast.approval(id="2", reference_numbers=())),
        Severity.CAUTION,
    ),
    Example(
        "the number tells which",
        cast.SERVICE,
        (cast.APPROVAL, cast.approval(id="2", reference_numbers=())),
        None,
    ),
)
