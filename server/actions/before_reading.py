"""The record as it was before a reading was written into it, and back to that.

What stands here is what `record_reading` may change: the authorization's own columns, its lines, its numbers.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Date

from server.db.tables import (
    Authorization,
    AuthorizationLine,
    Base,
    Quantity,
    ReferenceNumber,
    UTCDateTime,
    table_of,
)

#: Columns that tell of the row itself and not of the payer's decision: they go on, never back.
_OF_THE_ROW = frozenset({"id", "version", "created_at", "updated_at", "authorization_id"})


def before_reading(authorization: Authorization) -> dict[str, Any]:
    """The record as JSON, lines and numbers included, to be given to `put_back`.

    `record_reading` adds `written_at`, when the reading was written.
    """
    return {
        "record": _told(authorization),
        "lines": [_told(line) for line in authorization.lines],
        "numbers": [_told(number) for number in authorization.reference_numbers],
    }


def put_back(authorization: Authorization, before: dict[str, Any]) -> None:
    """Makes the record what `before_reading` gave of it; parts that have been added since are taken away."""
    _write(authorization, before["record"])
    lines = {line.number: line for line in authorization.lines}
    for told in before["lines"]:
        line = lines.pop(told["number"], None)
        if line is None:
            line = AuthorizationLine(modifiers=[], rendering_npis=[])
            authorization.lines.append(line)
        _write(line, told)
    for added_line in lines.values():
        authorization.lines.remove(added_line)
    numbers = {(number.kind, number.value): number for number in authorization.reference_numbers}
    for told in before["numbers"]:
        number = numbers.pop((told["kind"], told["value"]), None)
        if number is None:
            number = ReferenceNumber()
            authorization.reference_numbers.append(number)
        _write(number, told)
    for added_number in numbers.values():
        authorization.reference_numbers.remove(added_number)


def _columns(row: Base) -> list[Column[Any]]:
    return [column for column in table_of(type(row)).columns if column.name not in _OF_THE_ROW]


def _told(row: Base) -> dict[str, Any]:
    return {column.name: _plain(getattr(row, column.name)) for column in _columns(row)}


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _write(row: Base, told: dict[str, Any]) -> None:
    """A column that the snapshot does not know (it is newer) is left as it is."""
    for column in _columns(row):
        if column.name in told:
            setattr(row, column.name, _typed(column, told[column.name]))


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return Decimal(value) if isinstance(column.type, Quantity) else value
