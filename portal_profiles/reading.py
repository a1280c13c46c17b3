"""What one look at one portal page gave, as values: the shape that is handed on and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from portal_profiles.vocabulary import (
    AuthorizationType,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    Unit,
)


@dataclass(frozen=True, slots=True)
class ReadNumber:
    """One number with its kind, the label it stood by, and its value as issued."""

    kind: NumberKind
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One decided procedure. `number` is the portal's own line number, or the position (from 1).

    unit holds for every quantity of the line. requested_code and requested_quantity are what was asked for.
    """

    number: int
    code: str | None = None
    modifiers: tuple[str, ...] = ()
    component: Component | None = None
    unit: Unit | None = None
    requested_quantity: Decimal | None = None
    approved_quantity: Decimal | None = None
    used_quantity: Decimal | None = None
    requested_code: str | None = None
    determination: Determination | None = None
    determination_text: str | None = None
    effective: date | None = None
    expiry: date | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One page as values. What the page did not say is None; what could not be read is in `problems`.

    texts: the page's text that each value came from, by the profile's key ("status", "lines[0].quantity").
    """

    portal: str
    profile_version: str
    page: str | None = None
    kind: str | None = None
    member_id: str | None = None
    patient_name: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None
    payer: str | None = None
    plan: str | None = None
    determination: Determination | None = None
    determination_text: str | None = None
    numbers: tuple[ReadNumber, ...] = ()
    authorization_type: AuthorizationType | None = None
    effective: date | None = None
    expiry: date | None = None
    requested: date | None = None
    decided: date | None = None
    service_from: date | None = None
    service_to: date | None = None
    admission: date | None = None
    requesting_npi: str | None = None
    rendering_npi: str | None = None
    billing_npi: str | None = None
    facility_npi: str | None = None
    place_of_service: str | None = None
    level_of_care: LevelOfCare | None = None
    diagnoses: tuple[str, ...] = ()
    lines: tuple[ReadLine, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Every key, JSON-able: dates as YYYY-MM-DD, amounts as text, lists for tuples."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reading:
        """The reading that `to_json` wrote. Raises TypeError on an unknown key, ValueError on a bad value."""
        values = {name: _typed(name, value) for name, value in data.items()}
        values["numbers"] = tuple(
            ReadNumber(NumberKind(number["kind"]), number["label"], number["value"])
            for number in data.get("numbers") or ()
        )
        values["lines"] = tuple(
            ReadLine(**{name: _typed(name, value) for name, value in line.items()})
            for line in data.get("lines") or ()
        )
        values["diagnoses"] = tuple(data.get("diagnoses") or ())
        values["texts"] = dict(data.get("texts") or {})
        values["problems"] = tuple(data.get("problems") or ())
        return cls(**values)


_DATES = frozenset(
    "birth_date effective expiry requested decided service_from service_to admission".split()  # noqa: SIM905
)
_WORDS: Mapping[str, type[StrEnum]] = {
    "determination": Determination,
    "authorization_type": AuthorizationType,
    "level_of_care": LevelOfCare,
    "component": Component,
    "unit": Unit,
}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, ReadNumber | ReadLine):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _DATES:
        return date.fromisoformat(value)
    if name in _WORDS:
        return _WORDS[name](value)
    if name.endswith("_quantity"):
        return Decimal(value)
    return tuple(value) if name == "modifiers" else value
