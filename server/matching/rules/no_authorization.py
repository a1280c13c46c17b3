from portal_profiles.vocabulary import AuthorizationType, FieldName
from server.matching import cast
from server.matching.finding import Severity
from server.matching.rule import Answer, Difference, Example
from server.matching.search import Search


def no_authorization(search: Search) -> Answer:
    """Nothing on record approves this service for this patient. If the payer requires an authorization, the
    claim is denied because there is none (CARC 197). A number entered here that is not on record may be a
    real one that nobody recorded, so it is a caution. A referral never stands for an authorization.
    """
    asked = search.asked
    if not search.finds_none():
        return None
    own = [record for record in search.on_file if record.id in search.of_patient]
    others = [record for record in own if record.type is not AuthorizationType.REFERRAL]
    if asked.number:
        return Difference(
            Severity.CAUTION,
            FieldName.REFERENCE_NUMBER,
            "An authorization number is entered, and no authorization on record has it or fits the service.",
            "Look the number up at the payer and record the authorization with its dates and units.",
            entered=asked.service.reference_number,
            carc="197",
        )
    message = "No authorization is on record for this patient and service."
    next_step = "Ask whether the payer requires one: if so, request it first; if not, record that answer."
    if others:
        message = "The patient has authorizations on record, and none of them fits this service."
    elif own:
        message = "Only a referral is on record, and a referral does not stand for an authorization."
    elif search.near_patient:
        message = "Nothing is on record for this patient, only for one who differs by what may be a slip."
        next_step = "Check the member ID, name and birth date for a typing error."
    return Difference(
        Severity.DENIAL,
        FieldName.REFERENCE_NUMBER,
        message,
        next_step,
        entered=asked.service.procedure_code or asked.service.revenue_code,
        carc="197",
    )


EXAMPLES = (
    Example("nothing on file", cast.service(reference_number=None), (), Severity.DENIAL),
    Example("a number that is not on file", cast.SERVICE, (), Severity.CAUTION),
    Example(
        "only another patient's",
        cast.service(reference_number=None),
        (cast.approval(patient=cast.BRUNO),),
        Severity.DENIAL,
    ),
    Example(
        "only a referral",
        cast.service(reference_number=None),
        (cast.approval(type=AuthorizationType.REFERRAL),),
        Severity.DENIAL,
    ),
    Example("an approval that fits", cast.SERVICE, (cast.APPROVAL,), None),
    Example("no procedure entered yet", cast.service(procedure_code=None, reference_number=None), (), None),
)
