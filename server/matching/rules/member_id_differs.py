from dataclasses import replace

from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import identifier_key, typing_slip
from server.matching.comparison import Comparison
from server.matching.facts import PayerRule, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.MEMBER_ID,))
_SUFFIX_LENGTH = 2


def member_id_differs(comparison: Comparison) -> Answer:
    """The payer finds the patient by the member ID. With another one the claim belongs to nobody or to
    someone else (CARC 31), and so does the approval. A single wrong digit is most likely a typing error, but
    may be a relative.
    """
    entered, approved = comparison.asked.member, identifier_key(comparison.authorization.patient.member_id)
    if not entered or not approved:
        return None
    if entered == approved:
        return AGREES
    rule = _prefix_rule(comparison, entered, approved)
    if rule is not None:
        return Difference(
            Severity.ALLOWED,
            FieldName.MEMBER_ID,
            "The member ID stands without its prefix on one side; this payer allows that.",
            "Nothing to do.",
            payer_rule=rule,
        )
    shorter, longer = sorted((entered, approved), key=len)
    if len(longer) - len(shorter) == _SUFFIX_LENGTH and longer.startswith(shorter):
        suffix = longer[len(shorter) :]
        if suffix.isdigit():
            return Difference(
                Severity.CAUTION,
                FieldName.MEMBER_ID,
                "The member ID has a two-digit suffix on one side only.",
                "Make sure that both mean this patient and not another member of the family.",
                carc="31",
                slip=True,
            )
    slip = typing_slip(approved, entered)
    message = "The member ID is not the one on the authorization."
    next_step = "Verify the member ID; make sure that this is the patient who was approved."
    if slip is not None:
        message += f" Likely a typing error: {slip}."
        next_step = "Compare the member ID with the card, character by character."
    elif longer.endswith(shorter) and longer[: len(longer) - len(shorter)].isalpha():
        message += " Only its leading letters are missing on one side."
    return Difference(
        Severity.DENIAL, FieldName.MEMBER_ID, message, next_step, carc="31", slip=slip is not None
    )


def _prefix_rule(comparison: Comparison, entered: str, approved: str) -> PayerRule | None:
    for rule in comparison.practice.rules(PayerRuleKind.MEMBER_ID_PREFIX):
        length = rule.terms.count
        for shorter, longer in ((entered, approved), (approved, entered)):
            if longer[length:] == shorter and longer[:length].isalpha():
                return rule
    return None


_PREFIX = Policy(today=EXAMPLE_DAY, payer_rules=(cast.payer_rule(PayerRuleKind.MEMBER_ID_PREFIX, length=3),))

EXAMPLES = (
    Example(
        "another member",
        cast.service(patient=replace(cast.ADA, member_id="QRS998877665")),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "two digits swapped",
        cast.service(patient=replace(cast.ADA, member_id="XYZ100203001")),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "a suffix on one side",
        cast.service(patient=replace(cast.ADA, member_id="XYZ10020030101")),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example(
        "without its prefix, no rule known",
        cast.service(patient=replace(cast.ADA, member_id="100200301")),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "without its prefix, which this payer allows",
        cast.service(patient=replace(cast.ADA, member_id="100200301")),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        _PREFIX,
    ),
    Example(
        "spaces and case do not matter",
        cast.service(patient=replace(cast.ADA, member_id="xyz 100 200 301")),
        (cast.APPROVAL,),
        None,
    ),
    Example(
        "not entered yet", cast.service(patient=replace(cast.ADA, member_id=None)), (cast.APPROVAL,), None
    ),
)
