from datetime import date, timedelta

from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.comparison import Comparison
from server.matching.facts import PayerRule, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example, Sides

AGREES = Agreement((FieldName.SERVICE_FROM, FieldName.SERVICE_TO))
ADMISSION_AGREES = Agreement((FieldName.ADMISSION_DATE,))


def service_date_outside_window(comparison: Comparison) -> Answer:
    """An approval holds from its first to its last day, both included. A service outside is denied as expired
    or not approved yet (CARC 302). Days in a range must all lie inside; a range that reaches out has to be
    split.
    """
    effective, expiry = comparison.effective, comparison.expiry
    start, end = comparison.asked.start, comparison.asked.end
    if effective is None and expiry is None:
        return None
    admission = comparison.asked.admission
    anchor = comparison.practice.rule(PayerRuleKind.DATE_ANCHOR)
    if anchor is not None and anchor.terms.anchor == "admission" and admission is not None:
        if not _inside(admission, effective, expiry):
            return _outside(comparison, admission, admission, FieldName.ADMISSION_DATE, anchor)
        if start is None or end is None:
            return ADMISSION_AGREES
        if _inside(start, effective, expiry) and _inside(end, effective, expiry):
            return AGREES
        return Difference(
            Severity.ALLOWED,
            FieldName.SERVICE_FROM if not _inside(start, effective, expiry) else FieldName.SERVICE_TO,
            "The stay reaches outside the approved dates; this payer counts from the admission date.",
            "Nothing to do.",
            approved=_said(effective, expiry),
            entered=_said(start, end),
            payer_rule=anchor,
        )
    if start is None or end is None:
        return None
    if _inside(start, effective, expiry) and _inside(end, effective, expiry):
        return AGREES
    field = FieldName.SERVICE_FROM if not _inside(start, effective, expiry) else FieldName.SERVICE_TO
    return _outside(comparison, start, end, field, None)


def _outside(
    comparison: Comparison, start: date, end: date, field: FieldName, anchor: PayerRule | None
) -> Difference:
    effective, expiry = comparison.effective, comparison.expiry
    words: Sides = {"approved": _said(effective, expiry), "entered": _said(start, end)}
    grace = comparison.practice.rule(PayerRuleKind.DATE_GRACE)
    if grace is not None:
        more = timedelta(days=grace.terms.count)
        first = effective - more if effective is not None else None
        last = expiry + more if expiry is not None else None
        if _inside(start, first, last) and _inside(end, first, last):
            return Difference(
                Severity.ALLOWED,
                field,
                f"Outside the approved dates, within the {grace.terms.count} days this payer still accepts.",
                "Nothing to do.",
                payer_rule=grace,
                **words,
            )
    next_step = "Ask for an extension or a new authorization that covers the date."
    if expiry is not None and start > expiry:
        message = f"The service lies {_days((start - expiry).days)} after the approval ended."
    elif effective is not None and end < effective:
        message = f"The service lies {_days((effective - end).days)} before the approval began."
        next_step = "Move the service into the approved dates, or ask the payer for an earlier start."
    else:
        message = "The service lies only partly inside the approved dates."
        next_step = "Split it: bill the days inside with this authorization, get one for the others."
    return Difference(Severity.DENIAL, field, message, next_step, carc="302", payer_rule=anchor, **words)


def _inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _said(first: date | None, last: date | None) -> str:
    if first is not None and first == last:
        return first.isoformat()
    if first is None:
        return f"until {last}"
    return f"{first} to {last}" if last is not None else f"from {first}"


def _with(kind: PayerRuleKind, **data: object) -> Policy:
    return Policy(today=EXAMPLE_DAY, payer_rules=(cast.payer_rule(kind, **data),))


_STAY = cast.service(admission_date=date(2026, 4, 28), date_from=date(2026, 4, 28), date_to=date(2026, 5, 3))

EXAMPLES = (
    Example(
        "the day after the last", cast.service(date_from=date(2026, 5, 1)), (cast.APPROVAL,), Severity.DENIAL
    ),
    Example(
        "the day before the first",
        cast.service(date_from=date(2026, 1, 31)),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "a range that reaches out",
        cast.service(date_from=date(2026, 4, 28), date_to=date(2026, 5, 2)),
        (cast.APPROVAL,),
        Severity.DENIAL,
    ),
    Example(
        "the line has dates of its own",
        cast.SERVICE,
        (cast.approval_of(expiry=date(2026, 3, 1)),),
        Severity.DENIAL,
    ),
    Example(
        "a stay that this payer counts from its admission",
        _STAY,
        (cast.APPROVAL,),
        Severity.ALLOWED,
        _with(PayerRuleKind.DATE_ANCHOR, anchor="admission"),
    ),
    Example(
        "inside the payer's days of grace",
        cast.service(date_from=date(2026, 5, 1)),
        (cast.APPROVAL,),
        Severity.ALLOWED,
        _with(PayerRuleKind.DATE_GRACE, days=3),
    ),
    Example("the first day", cast.service(date_from=date(2026, 2, 1)), (cast.APPROVAL,), None),
    Example("the last day", cast.service(date_from=date(2026, 4, 30)), (cast.APPROVAL,), None),
    Example("no date yet", cast.service(date_from=None), (cast.APPROVAL,), None),
)
