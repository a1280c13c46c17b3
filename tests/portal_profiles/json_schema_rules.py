"""As much of JSON Schema (draft 2020-12) as the profile's schema uses, to hold profiles to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,),
}  # fmt: skip
_KNOWN = {
    "$schema", "$defs", "title", "description", "$ref", "type", "properties", "required", "if", "then", "not",
    "additionalProperties", "patternProperties", "propertyNames", "items", "enum", "const", "pattern",
    "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "oneOf", "anyOf",
    "allOf",
}  # fmt: skip


def violations(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Where the value is not as the schema says. Raises ValueError for a keyword that is not known here."""
    if unknown := set(schema) - _KNOWN:
        raise ValueError(f"keywords that these rules do not know: {unknown}")
    if "$ref" in schema:
        yield from violations(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "type" in schema:
        wanted = _TYPES[schema["type"]]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            yield f"{at}: is no {schema['type']}"
            return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: is none of the words"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: is not the constant"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: has not the pattern"
    yield from _limits(value, schema, at)
    if isinstance(value, dict):
        yield from _object(value, schema, root, at)
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from violations(one, schema.get("items", {}), root, f"{at}[{number}]")

    def holds(inner: Mapping[str, Any]) -> bool:
        return not list(violations(value, inner, root, at))

    if "oneOf" in schema and sum(map(holds, schema["oneOf"])) != 1:
        yield f"{at}: fits not exactly one"
    if "anyOf" in schema and not any(map(holds, schema["anyOf"])):
        yield f"{at}: fits none"
    for inner in schema.get("allOf", ()):
        yield from violations(value, inner, root, at)
    if "not" in schema and holds(schema["not"]):
        yield f"{at}: fits what it must not"
    if "if" in schema and holds(schema["if"]):
        yield from violations(value, schema.get("then", {}), root, at)


def _limits(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{at}: is too small"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{at}: is too large"
    for name in ("Length", "Items", "Properties"):
        if f"min{name}" in schema and len(value) < schema[f"min{name}"]:
            yield f"{at}: is too short"
        if f"max{name}" in schema and len(value) > schema[f"max{name}"]:
            yield f"{at}: is too long"


def _object(
    value: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], at: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name}: is missing"
    declared, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, one in value.items():
        inner = [declared[name]] if name in declared else []
        inner += [of for pattern, of in patterns.items() if re.search(pattern, name)]
        for of in inner:
            yield from violations(one, of, root, f"{at}.{name}")
        rest = schema.get("additionalProperties", True)
        if not inner and rest is False:
            yield f"{at}.{name}: is not known"
        elif not inner and isinstance(rest, Mapping):
            yield from violations(one, rest, root, f"{at}.{name}")
        if "propertyNames" in schema:
            yield from violations(name, schema["propertyNames"], root, f"{at}.{name}")
