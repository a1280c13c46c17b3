"""One service held against one authorization: the line it belongs to, and every value in the form rules
compare.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import IntEnum

from portal_profiles.vocabulary import (
    APPROVING,
    AuthorizationType,
    Component,
    Determination,
    NumberKind,
)
from server.matching.compare import (
    code_key,
    code_kind,
    diagnosis_key,
    given_names,
    identifier_key,
    in_code_range,
    modifier_key,
    name_key,
    ndc_readings,
    place_key,
)
from server.matching.facts import (
    ApprovedLine,
    Authorization,
    PayerRule,
    PayerRuleKind,
    Policy,
    Service,
)
from server.matching.practice import Practice, practice_of
from server.matching.setting import Levels, service_levels

#: Modifiers that name a side or a site of the body (CPT and HCPCS level II; codes only).
ANATOMIC = frozenset(
    {"RT", "LT", "50", "E1", "E2", "E3", "E4", "FA", "TA", "LC", "LD", "LM", "RC", "RI"}
    | {f"F{n}" for n in range(1, 10)}
    | {f"T{n}" for n in range(1, 10)}
)
#: Modifiers that tell the part of a procedure: professional and technical.
COMPONENT_OF = {"26": Component.PROFESSIONAL, "TC": Component.TECHNICAL}
#: Assistants at surgery, who usually ride on the surgeon's approval (domain facts, 6.5).
ASSISTANT = frozenset({"80", "81", "82", "AS"})
#: Modifiers that payers do not hold against an approval (domain facts, 6.5).
IGNORED = frozenset({"59", "XE", "XP", "XS", "XU", "GP", "GO", "GN", "KX", "25"})

#: Determinations under which no approved quantity stands, so none is compared.
WITHOUT_QUANTITY = frozenset(
    {Determination.DENIED, Determination.CANCELLED, Determination.VOID, Determination.NOT_REQUIRED}
)
#: Acts on the whole authorization: they also end what a line still says.
_WITHDRAWN = frozenset({Determination.CANCELLED, Determination.VOID})


class CodeFit(IntEnum):
    """How a service's code stands to an approved line, worst first."""

    DIFFERENT = 0
    OTHER_SYSTEM = 1
    UNKNOWN = 2
    AMBIGUOUS = 3
    SERVICE_TYPE = 4
    EQUIVALENT = 5
    RANGE = 6
    EXACT = 7


class Asked:
    """A service with its values in normal form, made once and held against any number of authorizations."""

    __slots__ = (
        "admission",
        "billing",
        "code",
        "component",
        "diagnoses",
        "end",
        "facility",
        "first",
        "institutional",
        "last",
        "levels",
        "member",
        "modifiers",
        "number",
        "payer",
        "place",
        "plan",
        "referral",
        "rendering",
        "revenue",
        "service",
        "start",
    )

    def __init__(self, service: Service) -> None:
        patient = service.patient
        self.service = service
        self.member = identifier_key(patient.member_id)
        self.last = name_key(patient.last_name)
        self.first = given_names(patient.first_name)
        self.payer = identifier_key(service.payer_id)
        self.plan = name_key(service.plan)
        self.number = identifier_key(service.reference_number)
        self.referral = identifier_key(service.referral_number)
        self.code = code_key(service.procedure_code)
        self.revenue = code_key(service.revenue_code)
        self.modifiers = frozenset(map(modifier_key, service.modifiers)) - {""}
        self.component = service.component or component_in(self.modifiers)
        self.diagnoses = tuple(key for key in map(diagnosis_key, service.diagnoses) if key)
        self.rendering = identifier_key(service.rendering_npi)
        self.billing = identifier_key(service.billing_npi)
        self.facility = identifier_key(service.facility_npi)
        self.place = place_key(service.place_of_service)
        self.institutional = bool(service.type_of_bill or service.revenue_code)
        self.levels: Levels = service_levels(service)
        start = service.date_from or service.date_to
        end = service.date_to or service.date_from
        if start is not None and end is not None and end < start:
            start, end = end, start
        self.start = start
        self.end = end
        self.admission = service.admission_date

    def identified(self) -> bool:
        """Whether the patient is named well enough to say that nothing is on file for them."""
        return bool(self.member or (self.last and self.service.patient.birth_date is not None))

    def has_code(self) -> bool:
        """Whether anything says what is done."""
        return bool(self.code or self.revenue)


def component_in(modifiers: frozenset[str]) -> Component | None:
    """The component that modifiers tell: 26 professional, TC technical, both the whole; None when silent."""
    professional, technical = "26" in modifiers, "TC" in modifiers
    if professional and technical:
        return Component.GLOBAL
    if professional:
        return Component.PROFESSIONAL
    return Component.TECHNICAL if technical else None


class Comparison:
    """What a rule sees. line is None when the service can't be placed on one of several lines.

    determination, effective, expiry: the line's own where it states them, else the authorization's.
    fit / fit_rule: how the code stands to the line, and the payer's rule that says so.
    """

    __slots__ = (
        "asked",
        "authorization",
        "determination",
        "effective",
        "expiry",
        "fit",
        "fit_rule",
        "line",
        "policy",
        "practice",
        "service",
    )

    def __init__(self, asked: Asked, authorization: Authorization, policy: Policy) -> None:
        self.asked = asked
        self.service = asked.service
        self.authorization = authorization
        self.policy = policy
        self.practice: Practice = practice_of(asked.service, authorization, policy)
        self.line, self.fit, self.fit_rule = _place_on_a_line(asked, authorization, self.practice)
        line = self.line
        if line is None:
            self.determination = authorization.determination
            self.effective = authorization.effective
            self.expiry = authorization.expiry
        else:
            self.determination = line_determination(line, authorization)
            self.effective = line.effective or authorization.effective
            self.expiry = line.expiry or authorization.expiry

    @property
    def is_referral(self) -> bool:
        """Whether the authorization is a referral, which never stands for an approval (domain 6.13)."""
        return self.authorization.type is AuthorizationType.REFERRAL

    @property
    def is_approved(self) -> bool:
        """Whether the approved lines, units and dates may be relied on."""
        return self.determination in APPROVING

    def approved_npis(self) -> tuple[str, ...]:
        """The rendering NPIs that were approved: the line's own where it states them."""
        if self.line is not None and self.line.rendering_npis:
            return self.line.rendering_npis
        return self.authorization.rendering_npis

    def numbers(self, *kinds: NumberKind) -> tuple[str, ...]:
        """The authorization's reference numbers of these kinds, as issued."""
        return tuple(n.value for n in self.authorization.reference_numbers if n.kind in kinds)

    def remaining(self) -> Decimal | None:
        """What is left of the line's total in its own unit; None without a total. May be negative."""
        return remaining_on(self.line) if self.line is not None else None

    def quantity_in_line_unit(self) -> tuple[Decimal | None, PayerRule | None]:
        """The service's quantity in the line's unit, and the payer's rule that converts it.

        None when either side has no quantity or unit, or when the units differ and no rule converts them.
        """
        quantity, unit, line = self.service.quantity, self.service.unit, self.line
        if quantity is None or unit is None or line is None or line.unit is None:
            return None, None
        if unit is line.unit:
            return quantity, None
        for rule in self.practice.rules(PayerRuleKind.UNIT_EQUIVALENCE):
            terms = rule.terms
            if terms.code != self.asked.code:
                continue
            if terms.from_unit is unit and terms.to_unit is line.unit:
                return quantity * terms.factor, rule
            if terms.to_unit is unit and terms.from_unit is line.unit:
                return quantity / terms.factor, rule
        return None, None


def plain(quantity: Decimal) -> str:
    """A quantity in words: no exponent, no trailing zeros."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def line_determination(line: ApprovedLine, authorization: Authorization) -> Determination:
    """The determination that counts for a line: its own, unless the whole was cancelled or void since."""
    whole = authorization.determination
    if line.determination is None or whole in _WITHDRAWN:
        return whole
    return line.determination


def total_of(line: ApprovedLine) -> Decimal | None:
    """The whole quantity approved: as stated, else rate times periods (3 a week for 8 weeks is 24)."""
    if line.quantity is not None:
        return line.quantity
    if line.rate is not None and line.rate.periods is not None:
        return line.rate.quantity * line.rate.periods
    return None


def remaining_on(line: ApprovedLine) -> Decimal | None:
    """The total less what was used; what was never counted is taken as unused. None without a total."""
    total = total_of(line)
    if total is None or line.used is None:
        return total
    return total - line.used


def fit_of(asked: Asked, line: ApprovedLine, practice: Practice) -> tuple[CodeFit, PayerRule | None]:
    """How the service's code stands to one line: the same, in its range, by payer's rule, by category."""
    start = code_key(line.code)
    if not start:
        return _fit_of_category(asked, line, practice)
    kind = code_kind(start)
    code = asked.code
    if kind == "revenue" and asked.revenue and code_kind(code) != "revenue":
        code = asked.revenue
    if not code:
        return CodeFit.UNKNOWN, None
    end = code_key(line.code_end)
    if code in (start, end):
        return CodeFit.EXACT, None
    if end and in_code_range(code, start, end):
        return CodeFit.RANGE, None
    for rule in practice.rules(PayerRuleKind.EQUIVALENT_CODE):
        approved = rule.terms.approved
        covered = approved == start or (end and in_code_range(approved, start, end))
        if covered and rule.terms.allowed == code:
            return CodeFit.EQUIVALENT, rule
    for rule in practice.rules(PayerRuleKind.CODE_GROUP):
        if _listed(code, rule) and _listed(start, rule):
            return CodeFit.EQUIVALENT, rule
    entered_kind = code_kind(code)
    if entered_kind == kind:
        if kind == "ndc" and set(ndc_readings(code)) & set(ndc_readings(start)):
            return CodeFit.AMBIGUOUS, None
        return CodeFit.DIFFERENT, None
    if kind == "revenue":
        return CodeFit.UNKNOWN, None
    if not asked.code or "ndc" in (kind, entered_kind) or entered_kind == "revenue":
        return CodeFit.OTHER_SYSTEM, None
    return CodeFit.DIFFERENT, None


def _fit_of_category(
    asked: Asked, line: ApprovedLine, practice: Practice
) -> tuple[CodeFit, PayerRule | None]:
    """A service-type approval covers any code of its category: which those are, only the payer's rule can
    say.
    """
    if not line.service_type or not asked.code:
        return CodeFit.UNKNOWN, None
    wanted = identifier_key(line.service_type)
    listed = [
        rule for rule in practice.rules(PayerRuleKind.SERVICE_TYPE_CODES) if rule.terms.service_type == wanted
    ]
    for rule in listed:
        if _listed(asked.code, rule):
            return CodeFit.SERVICE_TYPE, rule
    return (CodeFit.DIFFERENT, listed[0]) if listed else (CodeFit.UNKNOWN, None)


def _listed(code: str, rule: PayerRule) -> bool:
    terms = rule.terms
    return code in terms.codes or any(in_code_range(code, start, end) for start, end in terms.ranges)


def _place_on_a_line(
    asked: Asked, authorization: Authorization, practice: Practice
) -> tuple[ApprovedLine | None, CodeFit, PayerRule | None]:
    """The line that the service belongs to. One line is always that line; of several, the one its code fits.

    Of several with the same code: the one of its modifiers, then of its dates, then an approved one, then one
    with enough left, then the first.
    """
    lines = authorization.lines
    if len(lines) == 1:
        fit, rule = fit_of(asked, lines[0], practice)
        return lines[0], fit, rule
    if not lines:
        return None, CodeFit.UNKNOWN, None
    fits = [(fit_of(asked, line, practice), line) for line in lines]
    best = max(fit for (fit, _), _ in fits)
    same = [(line, rule) for (fit, rule), line in fits if fit is best]
    if best is CodeFit.DIFFERENT or (best is CodeFit.UNKNOWN and len(same) > 1):
        return None, best, same[0][1] if best is CodeFit.DIFFERENT else None
    if len(same) > 1:
        same.sort(key=lambda pair: _suits(asked, pair[0], authorization))
    return same[0][0], best, same[0][1]


def _suits(asked: Asked, line: ApprovedLine, authorization: Authorization) -> tuple[int, ...]:
    """Sort key for lines of the same code: smaller suits better."""
    modifiers = frozenset(map(modifier_key, line.modifiers))
    component = line.component or component_in(modifiers)
    component_differs = bool(component and asked.component and component is not asked.component)
    sides, asked_sides = modifiers & ANATOMIC, asked.modifiers & ANATOMIC
    sides_differ = bool(sides and asked_sides and not sides & asked_sides)
    others, asked_others = modifiers - IGNORED - ANATOMIC, asked.modifiers - IGNORED - ANATOMIC
    others_differ = bool(others and asked_others and not others & asked_others)
    outside = not _holds(asked.start, line, authorization) or not _holds(asked.end, line, authorization)
    npis = {identifier_key(npi) for npi in line.rendering_npis}
    provider_differs = bool(npis and asked.rendering and asked.rendering not in npis)
    unit, quantity, left = asked.service.unit, asked.service.quantity, remaining_on(line)
    unit_differs = bool(unit and line.unit and unit is not line.unit)
    used_up = left is not None and (
        left <= 0 or (not unit_differs and quantity is not None and quantity > left)
    )
    return (
        component_differs + sides_differ + others_differ,
        int(outside),
        int(provider_differs),
        int(line_determination(line, authorization) not in APPROVING),
        int(unit_differs),
        int(used_up),
        line.number,
    )


def _holds(day: date | None, line: ApprovedLine, authorization: Authorization) -> bool:
    if day is None:
        return True
    effective = line.effective or authorization.effective
    expiry = line.expiry or authorization.expiry
    return (effective is None or day >= effective) and (expiry is None or day <= expiry)
