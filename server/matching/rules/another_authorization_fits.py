from dataclasses import replace

from portal_profiles.vocabulary import Determination, FieldName
from server.matching import cast
from server.matching.facts import ReferenceNumber
from server.matching.finding import Severity
from server.matching.rule import Answer, Difference, Example
from server.matching.search import Search


def another_authorization_fits(search: Search) -> Answer:
    """The number entered points to an authorization that does not fit, while another one of the same patient
    does. Renewals and replacements get new numbers; the old one stays in the schedule.
    """
    chosen = search.choice.chosen
    if not search.asked.number or chosen is None or chosen.authorization_id in search.clean:
        return None
    fitting = [
        candidate.authorization_id
        for candidate in search.choice.candidates
        if candidate.authorization_id in search.clean
    ]
    if not fitting:
        return None
    return Difference(
        Severity.CAUTION,
        FieldName.REFERENCE_NUMBER,
        "Another authorization of this patient fits the service; the one whose number is entered does not.",
        "Look at the other authorization and use its number if it is the right one.",
        entered=search.asked.service.reference_number,
    )


_RENEWED = cast.approval(id="2", reference_numbers=(ReferenceNumber("A0099999"),))

EXAMPLES = (
    Example(
        "the number of a cancelled one, its replacement fits",
        cast.SERVICE,
        (cast.approval(determination=Determination.CANCELLED), _RENEWED),
        Severity.CAUTION,
    ),
    Example("the number of the one that fits", cast.SERVICE, (cast.APPROVAL, _RENEWED), None),
    Example(
        "the other one is for another procedure",
        cast.SERVICE,
        (
            cast.approval(determination=Determination.CANCELLED),
            replace(_RENEWED, lines=(replace(cast.APPROVED_LINE, code="97110"),)),
        ),
        None,
    ),
)
