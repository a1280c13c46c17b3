"""A payer's published practice as a row of data: what it may say, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from portal_profiles.vocabulary import LevelOfCare, Unit
from server.matching.compare import code_key, identifier_key, modifier_key, name_key, place_key


class PayerRuleKind(StrEnum):
    """What a payer's published practice can change in a comparison (domain facts, section 6)."""

    EQUIVALENT_CODE = "equivalent_code"  # data: approved, allowed (one direction)
    CODE_GROUP = "code_group"  # data: codes (list): any stands for any
    SERVICE_TYPE_CODES = "service_type_codes"  # data: service_type, codes (list of code or [from, to])
    IGNORED_MODIFIER = "ignored_modifier"  # data: modifier
    RIDES_ON = "rides_on"  # data: modifiers (list): e.g. an assistant on the surgeon's approval
    PROVIDER_LEVEL = "provider_level"  # data: level: individual | group | facility | any
    LOCATION_LEVEL = "location_level"  # data: level: facility | place_of_service | setting | any
    EQUIVALENT_PLACE = "equivalent_place"  # data: approved, allowed (places of service)
    DIAGNOSIS_LEVEL = "diagnosis_level"  # data: level: exact | category | any
    LEVEL_OF_CARE = "level_of_care"  # data: approved, allowed
    UNIT_EQUIVALENCE = "unit_equivalence"  # data: code, from_unit, to_unit, factor
    MEMBER_ID_PREFIX = "member_id_prefix"  # data: length: leading letters that may be missing on one side
    DATE_ANCHOR = "date_anchor"  # data: anchor: service | admission
    DATE_GRACE = "date_grace"  # data: days: how far outside the window the payer still accepts
    NUMBER_NOT_NEEDED = "number_not_needed"  # data: {}: the claim need not carry the number
    #: data: portal (slug); for all services, or those of codes (list of code or [from, to]), service_types
    #: (list of X12 UM03 codes) or drugs (true: any NDC). It changes no comparison: it says where to look.
    LOOKED_UP_AT = "looked_up_at"


class PayerRuleError(ValueError):
    """A row whose data do not say what its kind needs. Names the key and the remedy."""

    def __init__(self, kind: PayerRuleKind, key: str, remedy: str) -> None:
        super().__init__(f"payer rule of kind {kind}: `{key}` {remedy}")
        self.kind = kind
        self.key = key
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Terms:
    """The data of one rule in the forms that comparisons use; only the attributes of its kind are filled.

    approved / allowed: normalised code, place or level. codes: single codes; ranges: (from, to), inclusive.
    factor: how many of to_unit one from_unit is. portal: slug; service_types and drugs: for which services.
    """

    approved: str = ""
    allowed: str = ""
    codes: frozenset[str] = frozenset()
    ranges: tuple[tuple[str, str], ...] = ()
    service_type: str = ""
    modifiers: frozenset[str] = frozenset()
    level: str = ""
    code: str = ""
    from_unit: Unit | None = None
    to_unit: Unit | None = None
    factor: Decimal = Decimal(1)
    count: int = 0
    anchor: str = ""
    portal: str = ""
    service_types: frozenset[str] = frozenset()
    drugs: bool = False


_LEVELS = {
    PayerRuleKind.PROVIDER_LEVEL: ("individual", "group", "facility", "any"),
    PayerRuleKind.LOCATION_LEVEL: ("facility", "place_of_service", "setting", "any"),
    PayerRuleKind.DIAGNOSIS_LEVEL: ("exact", "category", "any"),
}


def parse_terms(kind: PayerRuleKind, data: Mapping[str, object]) -> Terms:
    """The terms that a row's data state. Raises PayerRuleError for a missing, unknown or misshapen key."""
    row = _Row(kind, data)
    if kind is PayerRuleKind.EQUIVALENT_CODE:
        terms = Terms(approved=code_key(row.text("approved")), allowed=code_key(row.text("allowed")))
    elif kind is PayerRuleKind.CODE_GROUP:
        codes, ranges = row.codes("codes")
        terms = Terms(codes=codes, ranges=ranges)
    elif kind is PayerRuleKind.SERVICE_TYPE_CODES:
        codes, ranges = row.codes("codes")
        terms = Terms(service_type=identifier_key(row.text("service_type")), codes=codes, ranges=ranges)
    elif kind is PayerRuleKind.IGNORED_MODIFIER:
        terms = Terms(modifiers=frozenset({modifier_key(row.text("modifier"))}))
    elif kind is PayerRuleKind.RIDES_ON:
        terms = Terms(modifiers=frozenset(modifier_key(m) for m in row.texts("modifiers")))
    elif kind in _LEVELS:
        terms = Terms(level=row.one_of("level", _LEVELS[kind]))
    elif kind is PayerRuleKind.EQUIVALENT_PLACE:
        terms = Terms(approved=place_key(row.text("approved")), allowed=place_key(row.text("allowed")))
    elif kind is PayerRuleKind.LEVEL_OF_CARE:
        levels = tuple(level.value for level in LevelOfCare)
        terms = Terms(approved=row.one_of("approved", levels), allowed=row.one_of("allowed", levels))
    elif kind is PayerRuleKind.UNIT_EQUIVALENCE:
        units = tuple(unit.value for unit in Unit)
        terms = Terms(
            code=code_key(row.text("code")),
            from_unit=Unit(row.one_of("from_unit", units)),
            to_unit=Unit(row.one_of("to_unit", units)),
            factor=row.factor("factor"),
        )
    elif kind is PayerRuleKind.MEMBER_ID_PREFIX:
        terms = Terms(count=row.count("length"))
    elif kind is PayerRuleKind.DATE_ANCHOR:
        terms = Terms(anchor=row.one_of("anchor", ("service", "admission")))
    elif kind is PayerRuleKind.DATE_GRACE:
        terms = Terms(count=row.count("days"))
    elif kind is PayerRuleKind.LOOKED_UP_AT:
        codes, ranges = row.codes("codes") if "codes" in data else (frozenset(), ())
        types = row.texts("service_types") if "service_types" in data else ()
        terms = Terms(
            portal=row.text("portal"),
            codes=codes,
            ranges=ranges,
            service_types=frozenset(identifier_key(text) for text in types),
            drugs="drugs" in data and row.true("drugs"),
        )
    else:
        terms = Terms()
    row.refuse_unread()
    return terms


class _Row:
    """Reads one row's data key by key and remembers which keys were read."""

    def __init__(self, kind: PayerRuleKind, data: Mapping[str, object]) -> None:
        self._kind = kind
        self._data = data
        self._read: set[str] = set()

    def _value(self, key: str) -> object:
        self._read.add(key)
        if key not in self._data:
            raise PayerRuleError(self._kind, key, "is missing: add it to the row's data")
        return self._data[key]

    def text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str) or not value.strip():
            raise PayerRuleError(self._kind, key, "must be a text that is not empty")
        return value.strip()

    def one_of(self, key: str, words: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in words:
            raise PayerRuleError(self._kind, key, f"must be one of {', '.join(words)}")
        return value

    def _list(self, key: str) -> Sequence[object]:
        value = self._value(key)
        if isinstance(value, str) or not isinstance(value, Sequence) or not value:
            raise PayerRuleError(self._kind, key, "must be a list that is not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        found = []
        for item in self._list(key):
            if not isinstance(item, str) or not item.strip():
                raise PayerRuleError(self._kind, key, "must hold texts only")
            found.append(item)
        return tuple(found)

    def codes(self, key: str) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
        singles, ranges = set(), []
        for item in self._list(key):
            if isinstance(item, str) and item.strip():
                singles.add(code_key(item))
                continue
            ends = tuple(item) if isinstance(item, Sequence) and not isinstance(item, str) else ()
            first, last = ends if len(ends) == 2 else (None, None)
            if not (isinstance(first, str) and isinstance(last, str) and first.strip() and last.strip()):
                raise PayerRuleError(self._kind, key, "must hold codes, or pairs [from, to] of codes")
            ranges.append((code_key(first), code_key(last)))
        return frozenset(singles), tuple(ranges)

    def count(self, key: str) -> int:
        value = self._value(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise PayerRuleError(self._kind, key, "must be a whole number above zero")
        return value

    def true(self, key: str) -> bool:
        if self._value(key) is not True:
            raise PayerRuleError(self._kind, key, "must be true, or left out")
        return True

    def factor(self, key: str) -> Decimal:
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
            raise PayerRuleError(self._kind, key, "must be a number above zero")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise PayerRuleError(self._kind, key, "must be a number above zero") from None
        if not number.is_finite() or number <= 0:
            raise PayerRuleError(self._kind, key, "must be a number above zero")
        return number

    def refuse_unread(self) -> None:
        for key in self._data:
            if key not in self._read:
                raise PayerRuleError(self._kind, key, "is not a key of this kind: remove it")


@dataclass(frozen=True, slots=True)
class PayerRule:
    """One published practice of one payer: data with its source and date, never a constant in a rule's code.

    effective / expiry: dates of service for which it holds, inclusive; None leaves that end open. Raises
    PayerRuleError when the data do not fit the kind, the source is empty, or the dates are out of order.
    """

    id: str
    payer_id: str
    kind: PayerRuleKind
    data: Mapping[str, object]
    source: str
    source_date: date
    plan: str | None = None
    effective: date | None = None
    expiry: date | None = None
    terms: Terms = field(init=False, repr=False, compare=False)
    payer_key: str = field(init=False, repr=False, compare=False)
    plan_key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not identifier_key(self.payer_id):
            raise PayerRuleError(self.kind, "payer_id", "must name the payer")
        if not self.source.strip():
            raise PayerRuleError(self.kind, "source", "must say where the payer published this")
        if self.effective is not None and self.expiry is not None and self.effective > self.expiry:
            raise PayerRuleError(self.kind, "expiry", "must not be before effective")
        object.__setattr__(self, "terms", parse_terms(self.kind, self.data))
        object.__setattr__(self, "payer_key", identifier_key(self.payer_id))
        object.__setattr__(self, "plan_key", name_key(self.plan))

    def in_force(self, plan_key: str, on: date) -> bool:
        """Whether it holds for a plan (its `name_key`; empty when unknown) on a day. The payer is not asked
        here.
        """
        if self.plan_key and self.plan_key != plan_key:
            return False
        if self.effective is not None and on < self.effective:
            return False
        return self.expiry is None or on <= self.expiry

    def cited(self) -> str:
        """Its source and date in words, for a finding."""
        return f"{self.source} ({self.source_date.isoformat()})"
