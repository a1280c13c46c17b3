from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key, name_key
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.PAYER,))


def payer_differs(comparison: Comparison) -> Answer:
    """An approval binds the payer that gave it and no other. After a change of payer it is void even though
    its dates fit; the claim is sent on to the right payer (CARC 109), not denied for want of an
    authorization.
    """
    authorization, service = comparison.authorization, comparison.service
    approved = authorization.payer_name or authorization.payer_id
    entered = service.payer_name or service.payer_id
    if comparison.asked.payer and authorization.payer_id:
        if comparison.asked.payer == identifier_key(authorization.payer_id):
            return AGREES
        return Difference(
            Severity.DENIAL,
            FieldName.PAYER,
            "The authorization was given by another payer.",
            "Verify the cover on the day of service; ask the right payer for an authorization.",
            approved=authorization.payer_id if approved == entered else approved,
            entered=service.payer_id if approved == entered else entered,
            carc="109",
        )
    if not authorization.payer_name or not service.payer_name:
        return None
    if name_key(authorization.payer_name) == name_key(service.payer_name):
        return AGREES
    return Difference(
        Severity.CAUTION,
        FieldName.PAYER,
        "The payer's name is not the one on the authorization; their IDs are not both known.",
        "Make sure that both names mean the same payer.",
        approved=authorization.payer_name,
        entered=service.payer_name,
        carc="109",
    )


EXAMPLES = (
    Example(
        "another payer",
        cast.service(payer_id="BLM02", payer_name="Blue Meridian"),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "another name, no ID",
        cast.service(payer_id=None, payer_name="Blue Meridian"),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example(
        "the same payer under a longer name",
        cast.service(payer_name="Example Health, Inc."),
        (cast.APPROVAL,),
        None,
    ),
    Example("not entered yet", cast.service(payer_id=None, payer_name=None), (cast.APPROVAL,), None),
)
