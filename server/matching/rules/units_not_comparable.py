from decimal import Decimal

from portal_profiles.vocabulary import FieldName, Unit
from server.matching import cast
from server.matching.comparison import WITHOUT_QUANTITY, Comparison, plain, total_of
from server.matching.facts import PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.UNIT,))


def units_not_comparable(comparison: Comparison) -> Answer:
    """Visits, units, hours and days are different measures, and a visit may hold several units. Without the
    payer's own rule none is turned into another, so whether enough remains cannot be told.
    """
    line, unit, quantity = comparison.line, comparison.service.unit, comparison.service.quantity
    if line is None or line.unit is None or unit is None or comparison.determination in WITHOUT_QUANTITY:
        return None
    if unit is line.unit:
        return AGREES
    total, remaining = total_of(line), comparison.remaining()
    if (
        total is None
        or remaining is None
        or remaining <= 0
        or comparison.quantity_in_line_unit()[1] is not None
    ):
        return None
    return Difference(
        Severity.CAUTION,
        FieldName.UNIT,
        f"Approved in {line.unit.value}, entered in {unit.value}: they can't be compared.",
        "Count the service in the approved measure, or ask the payer how it counts.",
        approved=f"{plain(total)} {line.unit.value}",
        entered=f"{plain(quantity)} {unit.value}" if quantity is not None else unit.value,
        carc="198",
    )


EXAMPLES = (
    Example(
        "visits approved, units entered",
        cast.service(quantity=Decimal(4)),
        (cast.approval_of(unit=Unit.VISITS),),
        Severity.CAUTION,
    ),
    Example("the same measure", cast.SERVICE, (cast.APPROVAL,), None),
    Example("no measure entered", cast.service(unit=None), (cast.approval_of(unit=Unit.VISITS),), None),
    Example(
        "the payer converts them",
        cast.service(unit=Unit.HOURS),
        (cast.APPROVAL,),
        None,
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
)
