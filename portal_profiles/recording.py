"""What a person picked and named -> lines of the profile. The rest of the file stays, byte for byte."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal_profiles.profile import PageKind
from portal_profiles.schema import LOCATOR_WAYS, parse
from portal_profiles.toml_edit import EditRefused, set_value

#: The name that makes what was picked a sign of its page.
SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Named:
    """One pick with the name that it was given.

    name: "sign", a field's key, or "rows.cell" for a cell of a table. kind: of the page, where it is new.
    row: the locator of the rows, for a cell of rows that are new. more: the field's other keys (format, as).
    """

    page: str
    name: str
    locator: Mapping[str, Any]
    kind: PageKind = PageKind.DETAIL
    row: Mapping[str, Any] | None = None
    frame: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def write_named(text: str, named: Named, file: Path) -> str:
    """The profile's text with the pick in it. Raises EditRefused, or ProfileError if it would be mistaken."""
    page = tomllib.loads(text).get("pages", {}).get(named.page)
    at = ("pages", named.page)
    if page is None:
        if named.name != SIGN:
            raise EditRefused(f"The page {named.page} is new: first pick a sign that it is known by.")
        text = set_value(text, (*at, "kind"), named.kind.value)
        text = set_value(text, (*at, SIGN), [dict(named.locator)])
        if named.frame is not None:
            text = set_value(text, (*at, "frame"), dict(named.frame))
    elif named.name == SIGN:
        text = set_value(text, (*at, SIGN), [*page.get("sign", ()), dict(named.locator)])
    elif "." in named.name:
        text = _with_cell(text, page, named)
    else:
        known = page.get("fields", {}).get(named.name, {})
        text = set_value(text, (*at, "fields", named.name), _mended(known, named))
    parse(tomllib.loads(text), file)
    return text


def _with_cell(text: str, page: Mapping[str, Any], named: Named) -> str:
    rows, _, cell = named.name.partition(".")
    at = ("pages", named.page, "rows", rows)
    known = page.get("rows", {}).get(rows)
    if known is None:
        if named.row is None:
            raise EditRefused(f"The rows {rows} are new, and this is in no table: write them by hand.")
        text = set_value(text, (*at, "row"), dict(named.row))
    given = (known or {}).get("cells", {}).get(cell, {})
    return set_value(text, (*at, "cells", cell), _mended(given, named))


def _mended(known: Mapping[str, Any], named: Named) -> dict[str, Any]:
    """The field's table with another locator; whatever else it said stays."""
    ways = {*LOCATOR_WAYS, "name", "within", "exact"}
    kept = {key: value for key, value in known.items() if key not in ways}
    return {**named.locator, **kept, **named.more}
