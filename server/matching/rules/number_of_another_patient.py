from dataclasses import replace

from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key
from server.matching.facts import ReferenceNumber
from server.matching.finding import Severity
from server.matching.rule import Answer, Difference, Example
from server.matching.search import Search


def number_of_another_patient(search: Search) -> Answer:
    """The number entered belongs to another patient's authorization. Billing it would charge one person's
    approval for another's service (CARC 31).
    """
    number = search.asked.number
    if not number or not search.asked.identified():
        return None
    owners = {
        record.id
        for record in search.on_file
        if any(identifier_key(issued.value) == number for issued in record.reference_numbers)
    }
    chosen = search.choice.chosen
    if not owners or not owners <= search.other_patients:
        return None
    if chosen is not None and chosen.authorization_id in owners:
        # It is the one compared, and the rules on the patient say what differs.
        return None
    return Difference(
        Severity.DENIAL,
        FieldName.REFERENCE_NUMBER,
        "The number entered belongs to an authorization of another patient.",
        "Check the patient and the number; enter this patient's own authorization number.",
        entered=search.asked.service.reference_number,
        carc="31",
    )


_OTHERS = cast.approval(id="2", patient=cast.BRUNO, reference_numbers=(ReferenceNumber("B9990001"),))

EXAMPLES = (
    Example(
        "another patient's number",
        cast.service(reference_number="B999-0001"),
        (cast.APPROVAL, _OTHERS),
        Severity.DENIAL,
    ),
    Example("the patient's own number", cast.SERVICE, (cast.APPROVAL, _OTHERS), None),
    Example(
        "the patient's own number, birth date mistyped",
        cast.service(patient=replace(cast.ADA, birth_date=cast.BRUNO.birth_date)),
        (cast.APPROVAL,),
        None,
    ),
)
