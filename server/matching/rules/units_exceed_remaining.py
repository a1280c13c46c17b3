from decimal import Decimal

from portal_profiles.vocabulary import Determination, FieldName, Unit
from server.matching import cast
from server.matching.comparison import WITHOUT_QUANTITY, Comparison, plain, total_of
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.QUANTITY, FieldName.UNIT))


def units_exceed_remaining(comparison: Comparison) -> Answer:
    """An approval counts in one measure and up to a total. What was used before counts against it; more than
    what remains is denied as exceeded (CARC 198; 287 on a referral).
    """
    line = comparison.line
    if line is None or comparison.determination in WITHOUT_QUANTITY:
        return None
    total, remaining = total_of(line), comparison.remaining()
    if total is None or remaining is None or (total == 0 and not comparison.is_approved):
        return None
    carc = "287" if comparison.is_referral else "198"
    unit = line.unit.value if line.unit is not None else "units of its measure"
    left = f"{plain(max(remaining, Decimal(0)))} of {plain(total)} {unit} left"
    quantity = comparison.service.quantity
    if remaining <= 0 and quantity != 0:
        return Difference(
            Severity.DENIAL if quantity is not None else Severity.CAUTION,
            FieldName.QUANTITY,
            "Nothing remains of what was approved.",
            "Ask for an extension before the service.",
            approved=left,
            entered=f"{plain(quantity)} {comparison.service.unit or ''}".strip() if quantity else None,
            carc=carc,
        )
    needed, rule = comparison.quantity_in_line_unit()
    if quantity is None or needed is None:
        return None
    entered = f"{plain(quantity)} {comparison.service.unit}"
    if needed <= remaining:
        if rule is None:
            return AGREES
        return Difference(
            Severity.ALLOWED,
            FieldName.UNIT,
            "The measures differ; the payer's rule converts them, and enough remains.",
            "Nothing to do.",
            approved=left,
            entered=entered,
            payer_rule=rule,
        )
    message = "More is entered than remains of what was approved."
    if line.used is None or line.used == 0:
        message = "More is entered than was approved."
    return Difference(
        Severity.DENIAL,
        FieldName.QUANTITY,
        message,
        "Correct the quantity, or ask for an extension before the service.",
        approved=left,
        entered=entered,
        carc=carc,
        payer_rule=rule,
    )


EXAMPLES = (
    Example("one too many", cast.service(quantity=Decimal(3)), (cast.APPROVAL,), Severity.DENIAL),
    Example("all used before", cast.SERVICE, (cast.approval_of(used=Decimal(2)),), Severity.DENIAL),
    Example(
        "all used before, quantity not entered yet",
        cast.service(quantity=None),
        (cast.approval_of(used=Decimal(2)),),
        Severity.CAUTION,
    ),
    Example(
        "the payer converts hours into units",
        cast.service(quantity=Decimal("0.5"), unit=Unit.HOURS),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        Policy(
            today=EXAMPLE_DAY,
            payer_rules=(
                cast.payer_rule(
                    PayerRuleKind.UNIT_EQUIVALENCE,
                    code="70551",
                    from_unit="hours",
                    to_unit="units",
                    factor=4,
                ),
            ),
        ),
    ),
    Example("exactly what remains", cast.SERVICE, (cast.approval_of(used=Decimal(1)),), None),
    Example(
        "nothing remains in whatever measure",
        cast.service(quantity=Decimal(4), unit=Unit.VISITS),
        (cast.approval_of(used=Decimal(2)),),
        Severity.DENIAL,
    ),
    Example(
        "another measure is not compared",
        cast.service(quantity=Decimal(9), unit=Unit.VISITS),
        (cast.APPROVAL,),
        None,
    ),
    Example(
        "a denied request approves no quantity",
        cast.service(quantity=Decimal(9)),
        (cast.approval(determination=Determination.DENIED),),
        None,
    ),
)
