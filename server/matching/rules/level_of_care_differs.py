from portal_profiles.vocabulary import FieldName, LevelOfCare
from server.matching import cast
from server.matching.compare import place_key
from server.matching.comparison import CodeFit, Comparison
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides
from server.matching.setting import (
    HOSPITAL_OUTPATIENT,
    OBSERVATION_CODES,
    Levels,
    authorization_levels,
)

AGREES = Agreement((FieldName.LEVEL_OF_CARE,))


def level_of_care_differs(comparison: Comparison) -> Answer:
    """Inpatient, observation and outpatient care are approved apart, even in the same bed. When the admission
    status changed and the approval did not, the claim is denied (CARC 284, or adjusted with 186). What is not
    stated is read from the type of bill, room and observation charges, or the place of service.
    """
    authorization, service = comparison.authorization, comparison.service
    stated, approved_stated = service.level_of_care, authorization.level_of_care
    place = place_key(authorization.place_of_service)
    if (
        (stated is None or approved_stated is None)
        and not comparison.asked.institutional
        and place
        and comparison.asked.place
        and place != comparison.asked.place
    ):
        # One side is known by its place only, and the rule on places already tells that they differ.
        return None
    if stated is None and comparison.asked.code in OBSERVATION_CODES and comparison.fit is CodeFit.EXACT:
        # The observation code itself was approved, whatever the approval calls its level.
        return None
    entered, approved = comparison.asked.levels, authorization_levels(authorization)
    if not entered or not approved:
        return None
    if entered & approved:
        return AGREES if entered == approved else None
    words: Sides = {"approved": _said(approved), "entered": _said(entered)}
    for rule in comparison.practice.rules(PayerRuleKind.LEVEL_OF_CARE):
        if rule.terms.approved in approved and rule.terms.allowed in entered:
            return Difference(
                Severity.ALLOWED,
                FieldName.LEVEL_OF_CARE,
                "The level of care differs from the approved one; this payer allows that.",
                "Nothing to do.",
                payer_rule=rule,
                **words,
            )
    if stated is None and (entered | approved) <= HOSPITAL_OUTPATIENT:
        return Difference(
            Severity.CAUTION,
            FieldName.LEVEL_OF_CARE,
            "Outpatient care and observation are mixed: some payers call observation outpatient.",
            "Make sure that the approval covers observation as it is billed.",
            carc="284",
            **words,
        )
    bed = LevelOfCare.INPATIENT in approved | entered and LevelOfCare.OBSERVATION in approved | entered
    return Difference(
        Severity.DENIAL,
        FieldName.LEVEL_OF_CARE,
        f"Approved is {words['approved']} care, entered is {words['entered']} care.",
        "Correct the level of care, or tell the payer of the change of status and get it approved.",
        carc="186" if bed and approved | entered != frozenset(LevelOfCare) else "284",
        **words,
    )


def _said(levels: Levels) -> str:
    return " or ".join(sorted(levels))


EXAMPLES = (
    Example(
        "observation approved, inpatient entered",
        cast.service(level_of_care=LevelOfCare.INPATIENT),
        (cast.approval(level_of_care=LevelOfCare.OBSERVATION),),
        Severity.DENIAL,
    ),
    Example(
        "inpatient approved, billed on an outpatient bill with observation hours",
        cast.service(level_of_care=None, place_of_service=None, type_of_bill="0131", revenue_code="0762"),
        (cast.approval(level_of_care=LevelOfCare.INPATIENT, place_of_service=None),),
        Severity.DENIAL,
    ),
    Example(
        "the payer lets observation stand for inpatient",
        cast.service(level_of_care=LevelOfCare.OBSERVATION),
        (cast.approval(level_of_care=LevelOfCare.INPATIENT),),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(
                cast.payer_rule(PayerRuleKind.LEVEL_OF_CARE, approved="inpatient", allowed="observation"),
            ),
        ),
    ),
    Example(
        "outpatient approved, observation hours billed",
        cast.service(level_of_care=None, place_of_service=None, type_of_bill="131", revenue_code="0762"),
        (cast.approval(place_of_service=None),),
        Severity.CAUTION,
    ),
    Example(
        "the observation code itself was approved as outpatient",
        cast.service(procedure_code="G0378", level_of_care=None),
        (cast.approval_of(code="G0378"),),
        None,
    ),
    Example("the approved level", cast.SERVICE, (cast.APPROVAL,), None),
    Example(
        "a hospital outpatient bill can be either",
        cast.service(level_of_care=None, place_of_service=None, type_of_bill="131"),
        (cast.approval(level_of_care=LevelOfCare.OBSERVATION, place_of_service=None),),
        None,
    ),
)
