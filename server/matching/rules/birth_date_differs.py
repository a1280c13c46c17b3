from dataclasses import replace
from datetime import date

from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import date_slip
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.BIRTH_DATE,))


def birth_date_differs(comparison: Comparison) -> Answer:
    """The payer tells members with one ID apart by their birth date. With another one the patient is not
    found, or is taken for a relative (CARC 31). Day and month swapped or one wrong digit is most likely a
    typing error.
    """
    entered = comparison.service.patient.birth_date
    approved = comparison.authorization.patient.birth_date
    if entered is None or approved is None:
        return None
    if entered == approved:
        return AGREES
    slip = date_slip(approved, entered)
    message = "The birth date is not the one on the authorization."
    next_step = "Make sure that this is the patient who was approved, and not a relative."
    if slip is not None:
        message += f" Likely a typing error: {slip}."
        next_step = "Compare the birth date with the patient's record and correct it."
    return Difference(
        Severity.DENIAL, FieldName.BIRTH_DATE, message, next_step, carc="31", slip=slip is not None
    )


EXAMPLES = (
    Example(
        "day and month swapped",
        cast.service(patient=replace(cast.ADA, birth_date=date(1961, 12, 3))),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "another birth date",
        cast.service(patient=replace(cast.ADA, birth_date=date(1990, 7, 4))),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example("the same", cast.SERVICE, (cast.APPROVAL,), None),
    Example(
        "not entered yet", cast.service(patient=replace(cast.ADA, birth_date=None)), (cast.APPROVAL,), None
    ),
)
