from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.compare import name_key
from server.matching.comparison import Comparison
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.PLAN,))


def plan_differs(comparison: Comparison) -> Answer:
    """An approval belongs to the plan that the patient had when it was given. After a change of plan it is
    void, and the claim is denied for cover that has ended (CARC 27), even though the payer and the dates are
    the same.
    """
    entered, approved = comparison.asked.plan, name_key(comparison.authorization.plan)
    if not entered or not approved:
        return None
    if entered == approved:
        return AGREES
    alike = entered in approved or approved in entered
    return Difference(
        Severity.CAUTION if alike else Severity.DENIAL,
        FieldName.PLAN,
        "The plan is written differently on the authorization."
        if alike
        else "The authorization was given under another plan.",
        "Verify the plan on the day of service; ask for a new authorization if it changed.",
        approved=comparison.authorization.plan,
        entered=comparison.service.plan,
        carc="27",
    )


EXAMPLES = (
    Example("another plan", cast.service(plan="Silver HMO"), (cast.APPROVAL,), Severity.DENIAL),
    Example(
        "perhaps the same plan",
        cast.service(plan="Example Health Gold PPO"),
        (cast.APPROVAL,),
        Severity.CAUTION,
    ),
    Example("written with a dash", cast.service(plan="gold-ppo"), (cast.APPROVAL,), None),
    Example("not entered yet", cast.service(plan=None), (cast.APPROVAL,), None),
)
