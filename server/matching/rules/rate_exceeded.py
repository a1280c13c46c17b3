from datetime import date
from decimal import Decimal

from portal_profiles.vocabulary import FieldName, Unit
from server.matching import cast
from server.matching.comparison import WITHOUT_QUANTITY, Comparison, plain
from server.matching.facts import Rate
from server.matching.finding import Severity
from server.matching.rule import Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.QUANTITY,))


def rate_exceeded(comparison: Comparison) -> Answer:
    """Besides a total, some approvals allow only so much in a day, a week or a month (3 visits a week). More
    than the dates entered can hold at that rate is denied as exceeded (CARC 198). Where it depends on which
    day the payer's week or month begins, it is a caution.
    """
    line, start, end = comparison.line, comparison.asked.start, comparison.asked.end
    if line is None or line.rate is None or start is None or end is None:
        return None
    if comparison.determination in WITHOUT_QUANTITY:
        return None
    needed, rule = comparison.quantity_in_line_unit()
    if needed is None:
        return None
    fewest, most = _periods(line.rate.per, start, end)
    if most == 0 or needed <= line.rate.quantity * fewest:
        return AGREES if most else None
    surely = needed > line.rate.quantity * most
    unit = line.unit.value if line.unit is not None else "units"
    return Difference(
        Severity.DENIAL if surely else Severity.CAUTION,
        FieldName.QUANTITY,
        f"More is entered than was approved for a {line.rate.per}."
        if surely
        else f"This may be more than was approved for a {line.rate.per}; it depends on how the payer counts.",
        "Correct the quantity or the dates, or ask the payer for a higher frequency.",
        approved=f"{plain(line.rate.quantity)} {unit} per {line.rate.per}",
        entered=f"{plain(needed)} {unit} in {(end - start).days + 1} day(s)",
        carc="198",
        payer_rule=rule,
    )


def _periods(per: str, start: date, end: date) -> tuple[int, int]:
    """The fewest and the most periods that the days from start to end can touch, wherever a period begins.

    (0, 0) for a period that is not known.
    """
    days = (end - start).days + 1
    if per == "day":
        return days, days
    if per == "week":
        return (days + 6) // 7, (days + 5) // 7 + 1 if days > 1 else 1
    if per == "month":
        return (days + 30) // 31, (days - 2) // 28 + 2 if days > 1 else 1
    return 0, 0


_WEEKLY = cast.approval_of(quantity=Decimal(24), unit=Unit.VISITS, rate=Rate(Decimal(3), "week", periods=8))

EXAMPLES = (
    Example(
        "four visits in one week's day",
        cast.service(quantity=Decimal(4), unit=Unit.VISITS),
        (_WEEKLY,),
        Severity.DENIAL,
    ),
    Example(
        "four visits over two days that may fall in two weeks",
        cast.service(quantity=Decimal(4), unit=Unit.VISITS, date_to=date(2026, 3, 3)),
        (_WEEKLY,),
        Severity.CAUTION,
    ),
    Example("three visits", cast.service(quantity=Decimal(3), unit=Unit.VISITS), (_WEEKLY,), None),
    Example("another measure", cast.service(quantity=Decimal(9)), (_WEEKLY,), None),
)
