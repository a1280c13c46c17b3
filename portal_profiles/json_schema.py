"""The JSON Schema of profile.toml for editors, made from the tables of `portal_profiles.schema`.

It says what an editor can show while one types: keys, words, shapes. What hangs together across a file (the
page that a step waits for, a cell that results match by) only `tallystick profile validate` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from marshmallow import fields, validate

from portal_profiles.schema import (
    LOCATOR_WAYS,
    MEANINGS,
    VERBS,
    FieldTable,
    LocatorTable,
    OneOf,
    ProfileTable,
    StepTable,
    Table,
    Tables,
    WordsTable,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = r"^[a-z][a-z0-9_]*$"


def json_schema() -> dict[str, Any]:
    """The schema as a JSON-able dict."""
    definitions: dict[str, Any] = {}
    root = _reference(ProfileTable, definitions)
    return {
        "$schema": DIALECT,
        "title": "Tallystick portal profile",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(table: type[Table], definitions: dict[str, Any]) -> dict[str, Any]:
    """A reference to a table's definition, which is made when it is asked for first."""
    name = table.__name__
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _table(table, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _table(table: type[Table], definitions: dict[str, Any]) -> dict[str, Any]:
    declared = {field.data_key or name: field for name, field in table().fields.items()}
    made: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _field(field, definitions) for name, field in declared.items()},
    }
    if first := (table.__doc__ or "").strip().split("\n")[0]:
        made["description"] = first
    if needed := [name for name, field in declared.items() if field.required]:
        made["required"] = needed
    made.update(_together(table))
    if table is WordsTable:
        made["properties"] = {kind: _meanings(kind) for kind in declared}
    return made


def _together(table: type[Table]) -> dict[str, Any]:
    """What holds between the keys of one table."""
    one_way = {"oneOf": [{"required": [way]} for way in LOCATOR_WAYS]}
    if issubclass(table, StepTable):
        return {"allOf": [_verb(verb, one_way) for verb in VERBS]}
    if table is LocatorTable or issubclass(table, FieldTable):
        return one_way
    return {}


def _verb(verb: str, one_way: dict[str, Any]) -> dict[str, Any]:
    needs, takes_locator, _ = VERBS[verb]
    then: dict[str, Any] = {"required": list(needs)} if needs else {}
    if takes_locator:
        then |= one_way
    elif takes_locator is False:
        then["not"] = {"anyOf": one_way["oneOf"]}
    return {"if": {"properties": {"do": {"const": verb}}}, "then": then}


def _meanings(kind: str) -> dict[str, Any]:
    known = MEANINGS[kind]
    meaning = (
        {"type": "string", "pattern": r"^\d{2}$"} if known is None else {"enum": [str(w) for w in known]}
    )
    return {"type": "object", "additionalProperties": meaning}


def _field(field: fields.Field[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if isinstance(field, Tables):
        inner = _reference(field.table, definitions)
        return {"type": "object", "patternProperties": {_NAME: inner}, "additionalProperties": False}
    if isinstance(field, fields.Nested):
        table = type(field.schema)
        assert issubclass(table, Table)
        return _reference(table, definitions)
    if isinstance(field, fields.List):
        made = {"type": "array", "items": _field(field.inner, definitions)}
    elif isinstance(field, fields.Dict):
        made = {"type": "object"}
        if field.value_field is not None:
            made["additionalProperties"] = _field(field.value_field, definitions)
        if field.key_field is not None:
            made["propertyNames"] = _field(field.key_field, definitions)
    else:
        made = {"type": _type(field)} if _type(field) else {}
    for check in _checks(field):
        made.update(_limits(check, made.get("type")))
    return made


def _type(field: fields.Field[Any]) -> str | None:
    kinds: Iterable[tuple[type[fields.Field[Any]], str]] = (
        (fields.Boolean, "boolean"),
        (fields.Integer, "integer"),
        (fields.Float, "number"),
        (fields.String, "string"),
    )
    return next((name for kind, name in kinds if isinstance(field, kind)), None)


def _checks(field: fields.Field[Any]) -> Iterator[Callable[..., Any]]:
    yield from field.validators


def _limits(check: Callable[..., Any], kind: str | None) -> dict[str, Any]:
    """What a validator says that JSON Schema can say too; the rest is for `validate`."""
    if isinstance(check, OneOf):
        return {"enum": list(check.known)}
    if isinstance(check, validate.Regexp):
        return {"pattern": check.regex.pattern}
    if isinstance(check, validate.Range):
        limits = {"minimum": check.min, "maximum": check.max}
        return {name: limit for name, limit in limits.items() if limit is not None}
    if isinstance(check, validate.Length):
        least, most = (check.equal, check.equal) if check.equal is not None else (check.min, check.max)
        end = {"array": "Items", "object": "Properties"}.get(kind or "", "Length")
        limits = {f"min{end}": least, f"max{end}": most}
        return {name: limit for name, limit in limits.items() if limit is not None}
    return {}
