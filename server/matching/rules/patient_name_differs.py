from dataclasses import replace

from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import given_names, name_key, typing_slip
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.PATIENT_LAST_NAME, FieldName.PATIENT_FIRST_NAME))
LAST_AGREES = Agreement((FieldName.PATIENT_LAST_NAME,))


def patient_name_differs(comparison: Comparison) -> Answer:
    """An approval for another person covers nothing, and twins can share everything but their first name
    (CARC 31). Accents, case, initials and middle names do not matter; a name that is only close is a caution.
    """
    patient = comparison.authorization.patient
    entered, approved = comparison.asked.last, name_key(patient.last_name)
    if not entered or not approved:
        return None
    first_entered, first_approved = comparison.asked.first, given_names(patient.first_name)
    if entered != approved:
        joined_entered, joined_approved = "".join(first_entered), "".join(first_approved)
        if entered == joined_approved and joined_entered == approved:
            return _difference(Severity.CAUTION, FieldName.PATIENT_NAME, "First and last name are swapped.")
        return _of_part(FieldName.PATIENT_LAST_NAME, "last", entered, approved)
    if not first_entered or not first_approved:
        return LAST_AGREES
    if _same_given(first_entered, first_approved):
        return AGREES
    return _of_part(FieldName.PATIENT_FIRST_NAME, "first", "".join(first_entered), "".join(first_approved))


def _same_given(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two first names agree: written together, without a middle name, or as an initial."""
    if "".join(one) == "".join(other):
        return True
    a, b = one[0], other[0]
    return a == b or (len(a) == 1 and b.startswith(a)) or (len(b) == 1 and a.startswith(b))


def _of_part(field: FieldName, part: str, entered: str, approved: str) -> Difference:
    shorter, longer = sorted((entered, approved), key=len)
    slip = typing_slip(approved, entered)
    if len(shorter) >= 3 and (slip is not None or longer.startswith(shorter) or longer.endswith(shorter)):
        how = f"likely a typing error, {slip}" if slip is not None else "one may be a short or longer form"
        return _difference(
            Severity.CAUTION, field, f"The {part} name is written differently on the authorization: {how}."
        )
    return _difference(
        Severity.DENIAL, field, f"The {part} name is not the one on the authorization.", slip=False
    )


def _difference(severity: Severity, field: FieldName, message: str, *, slip: bool = True) -> Difference:
    return Difference(
        severity,
        field,
        message,
        "Make sure that this is the patient who was approved; write the name as the payer does.",
        carc="31",
        slip=slip,
    )


EXAMPLES = (
    Example(
        "another last name",
        cast.service(patient=replace(cast.ADA, last_name="Okafor")),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "a twin",
        cast.service(patient=replace(cast.ADA, first_name="Beate")),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "one letter off",
        cast.service(patient=replace(cast.ADA, last_name="Lindquist")),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example(
        "first and last name swapped",
        cast.service(patient=replace(cast.ADA, last_name="Ada", first_name="Lindqvist")),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example(
        "a middle initial and capitals",
        cast.service(patient=replace(cast.ADA, last_name="LINDQVIST", first_name="ADA M.")),
        (cast.APPROVAL,),
        None,
    ),
    Example(
        "not entered yet",
        cast.service(patient=replace(cast.ADA, last_name=None, first_name=None)),
        (cast.APPROVAL,),
        None,
    ),
)
