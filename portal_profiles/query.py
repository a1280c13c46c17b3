"""What is asked of a portal: the identifiers of one authorization that is to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

DATE_FIELDS = frozenset({"birth_date", "service_from", "service_to"})


class QueryError(ValueError):
    """A query that can't be asked. `field` names the key, `remedy` says what to write there."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(f"query: {field}: {remedy}")
        self.field = field
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Query:
    """One authorization to look for. Whatever is not known is None; `id` is the asker's own and comes back
    unchanged.

    Identifiers are as issued (leading zeros and letter case kept); dates are calendar dates.
    """

    id: str
    reference_number: str | None = None
    member_id: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None
    payer: str | None = None
    plan: str | None = None
    service_from: date | None = None
    service_to: date | None = None
    requesting_npi: str | None = None
    procedure_codes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Query:
        """A query from its JSON object (dates as YYYY-MM-DD). Raises QueryError naming the key and the
        remedy.
        """
        known = {field.name for field in fields(cls)}
        values: dict[str, object] = {}
        for key, value in data.items():
            if key not in known:
                raise QueryError(key, f"is not a key of a query; the keys are {', '.join(sorted(known))}")
            values[key] = _value(key, value)
        if not values.get("id"):
            raise QueryError("id", 'is missing: give each query its own id, for example "1"')
        return cls(**values)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, object]:
        """The JSON object that `from_json` reads; what is not known is left out."""
        shown: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value == ():
                continue
            if isinstance(value, date):
                shown[field.name] = value.isoformat()
            else:
                shown[field.name] = list(value) if isinstance(value, tuple) else value
        return shown

    def has(self, name: str) -> bool:
        """Whether this identifier is known."""
        return bool(getattr(self, name))


QUERY_FIELDS = tuple(field.name for field in fields(Query))


def _value(key: str, value: object) -> object:
    if key == "procedure_codes":
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(code, str) for code in value):
            raise QueryError(key, 'must be a list of codes, for example ["97110"]')
        return tuple(value)
    if value is None:
        return None
    if key in DATE_FIELDS:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise QueryError(key, "must be a date written YYYY-MM-DD") from None
    if not isinstance(value, str):
        raise QueryError(key, "must be text in quotes: as a number it would lose its leading zeros")
    return value.strip() or None
