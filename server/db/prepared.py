"""Statements that are compiled once and run on the driver's own cursor.

For the few statements of the check path: an extension asks at each change of a form, and there SQLAlchemy's
own bookkeeping takes several times as long as the database (measured: `bench/check_requests.py`). The
statements are written in SQLAlchemy all the same, and its types convert what goes in and comes out, so both
databases are served.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Dialect, Insert, Select, Update
from sqlalchemy.orm import Session

_AT = "prepared"


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a SELECT gives: the class of its rows, and which of a row's values must be converted, and how."""

    row: Callable[..., Any]
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One statement for one database. names: of its parameters in order, where they go by position."""

    dialect: Dialect
    text: str
    names: tuple[str, ...] | None
    constants: Mapping[str, Any]
    binders: Mapping[str, Callable[[Any], Any]]

    def parameters(self, values: Mapping[str, Any]) -> list[Any] | dict[str, Any]:
        """What the driver takes for these values."""
        given = {**self.constants, **values}
        for name, bind in self.binders.items():
            if name in values:
                given[name] = bind(given[name])
        return given if self.names is None else [given[name] for name in self.names]


class Prepared:
    """A SELECT with `rows`, or an INSERT, UPDATE or DELETE with `run`; `bindparam`s name what each call
    gives.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}
        self._shapes: dict[str, _Shape] = {}

    def rows(self, session: Session, **values: Any) -> list[Any]:
        """The rows as named tuples, the columns' names as attributes."""
        known, cursor = self._executed(session, values)
        found = cursor.fetchall()
        shape = self._shapes.get(known.dialect.name)
        if shape is None:
            types = [column[1] for column in cursor.description]
            shape = self._shapes[known.dialect.name] = _shape(self._statement, known.dialect, types)
        cursor.close()
        if not shape.converters:
            return [shape.row(*one) for one in found]
        shown = []
        for one in found:
            row = list(one)
            for index, convert in shape.converters:
                row[index] = convert(row[index])
            shown.append(shape.row(*row))
        return shown

    def run(self, session: Session, **values: Any) -> int:
        """How many rows were written. The caller notes it on the audit chain where it must be."""
        _, cursor = self._executed(session, values)
        written = int(cursor.rowcount)
        cursor.close()
        return written

    def added(self, session: Session, **values: Any) -> int:
        """The whole number that an INSERT with RETURNING gives: the new row's id."""
        _, cursor = self._executed(session, values)
        [[added]] = cursor.fetchall()
        cursor.close()
        return int(added)

    def run_many(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """The same for each of the rows, in order."""
        known, cursor = self._ready(session)
        cursor.executemany(known.text, [known.parameters(row) for row in rows])
        cursor.close()

    def _executed(self, session: Session, values: Mapping[str, Any]) -> tuple[_Compiled, Any]:
        known, cursor = self._ready(session)
        cursor.execute(known.text, known.parameters(values))
        return known, cursor

    def _ready(self, session: Session) -> tuple[_Compiled, Any]:
        if session.autoflush and (session.new or session.dirty or session.deleted):
            session.flush()
        # What `Session.connection` finds stays the same for the whole transaction.
        transaction, connection, name = session.info.get(_AT, (None, None, ""))
        if transaction is None or transaction is not session.get_transaction():
            found = session.connection()
            connection, name = found.connection, found.dialect.name
            session.info[_AT] = session.get_transaction(), connection, name
        known = self._compiled.get(name)
        if known is None:
            known = self._compiled[name] = _compile(self._statement, session.connection().dialect)
        return known, connection.cursor()


def _compile(statement: Select[*tuple[Any, ...]] | Insert | Update | Delete, dialect: Dialect) -> _Compiled:
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
    names = tuple(compiled.positiontup) if compiled.positiontup is not None else None
    return _Compiled(dialect, str(compiled), names, constants, binders)


def _shape(statement: Any, dialect: Dialect, types: Sequence[Any]) -> _Shape:
    """types: the driver's own type of each column, by which some converters are chosen."""
    columns = list(statement.selected_columns)
    converters = []
    for index, (column, driver_type) in enumerate(zip(columns, types, strict=True)):
        convert = column.type.dialect_impl(dialect).result_processor(dialect, driver_type)
        if convert is not None:
            converters.append((index, convert))
    names = tuple(str(column.key) for column in columns)
    return _Shape(namedtuple("Row", names), tuple(converters))
