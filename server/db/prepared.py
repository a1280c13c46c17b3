"""Statements that are compiled once and run on the driver's own cursor.

For the few statements of the check path: an extension asks at each change of a form, and there SQLAlchemy's
own bookkeeping takes several times as long as the database (measured: `bench/check_requests.py`). The
statements are written in SQLAlchemy all the same, and its types convert what goes in and comes out, so both
databases are served.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Dialect, Insert, Select, Update
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One statement for one database. names: of its parameters in order, where they go by position."""

    text: str
    names: tuple[str, ...] | None
    constants: Mapping[str, Any]
    binders: Mapping[str, Callable[[Any], Any]]
    row: Callable[..., Any] | None
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]


class Prepared:
    """A SELECT with `rows`, or an INSERT, UPDATE or DELETE with `run`; `bindparam`s name what each call
    gives.
    """

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, session: Session, **values: Any) -> list[Any]:
        """The rows as named tuples, the columns' names as attributes."""
        known, cursor = self._executed(session, values)
        found = cursor.fetchall()
        cursor.close()
        assert known.row is not None
        if not known.converters:
            return [known.row(*one) for one in found]
        shown = []
        for one in found:
            row = list(one)
            for index, convert in known.converters:
                row[index] = convert(row[index])
            shown.append(known.row(*row))
        return shown

    def run(self, session: Session, **values: Any) -> int:
        """How many rows were written. The caller notes it on the audit chain where it must be."""
        _, cursor = self._executed(session, values)
        written = int(cursor.rowcount)
        cursor.close()
        return written

    def _executed(self, session: Session, values: dict[str, Any]) -> tuple[_Compiled, Any]:
        if session.autoflush and (session.new or session.dirty or session.deleted):
            session.flush()
        connection = session.connection()
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            known = self._compiled[connection.dialect.name] = _compile(self._statement, connection.dialect)
        for name, bind in known.binders.items():
            if name in values:
                values[name] = bind(values[name])
        given = {**known.constants, **values}
        cursor = connection.connection.cursor()
        cursor.execute(known.text, given if known.names is None else [given[name] for name in known.names])
        return known, cursor


def _compile(statement: Select[Any] | Insert | Update | Delete, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    binders = {}
    for name, bound in compiled.binds.items():
        if (bind := bound.type.dialect_impl(dialect).bind_processor(dialect)) is not None:
            binders[name] = bind
    constants = {
        name: binders[name](value) if name in binders else value
        for name, value in compiled.params.items()
        if not compiled.binds[name].required
    }
    row: Callable[..., Any] | None = None
    converters = []
    if isinstance(statement, Select):
        columns = list(statement.selected_columns)
        row = namedtuple("Row", [column.key or "" for column in columns])
        for index, column in enumerate(columns):
            convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if convert is not None:
                converters.append((index, convert))
    names = tuple(compiled.positiontup) if compiled.positiontup is not None else None
    return _Compiled(str(compiled), names, constants, binders, row, tuple(converters))
