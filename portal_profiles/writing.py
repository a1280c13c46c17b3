"""A value -> the text of it in one field of a portal, as the profile declares: the way back from `values`.

What is written is read again before it is given out, so that a field is never given a text that means
something else there. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from portal_profiles.calendar_dates import DateProblem, write_date
from portal_profiles.profile import FieldSpec, PageKind, Profile, Side, ValueKind
from portal_profiles.values import Quantity, Value, ValueProblem, Words, read_value
from portal_profiles.vocabulary import PROVISIONAL, FieldName

_OF_WORDS = frozenset(
    {
        ValueKind.UNIT,
        ValueKind.LEVEL_OF_CARE,
        ValueKind.COMPONENT,
        ValueKind.AUTHORIZATION_TYPE,
        ValueKind.PLACE_OF_SERVICE,
    }
)


def texts_for(spec: FieldSpec, value: Any, words: Words) -> tuple[str, ...]:
    """The texts that mean `value` in this field, the likeliest first; none where it can't be written there.

    value: a date, Decimal, str, a word of the vocabulary, or a tuple of codes or modifiers.
    """
    if value is None or value == () or spec.pattern is not None or spec.range is not None:
        return ()
    return tuple(
        dict.fromkeys(text for text in _written(spec, value, words) if _means(spec, text, value, words))
    )


def fields_to_fill(
    profile: Profile, page_text: Mapping[str, Any]
) -> Iterator[tuple[str, FieldSpec, int | None, str | None]]:
    """Each declared field of a request form that a person could fill: its key as the reader's `locateField`
    takes it, its spec, its row (from 0, None outside rows), and the text that stands in it ("" when empty).

    A field that is not on the page now, or can't be changed there, is given with None for its text. Numbers
    that only the payer gives are left out, and so is every page that is no request form.
    """
    page = profile.pages.get(page_text.get("page") or "")
    if page is None or page.kind is not PageKind.REQUEST_FORM:
        return
    shown = page_text.get("fields") or {}
    for key, spec in page.fields.items():
        if _is_asked(spec):
            yield key, spec, None, _typed_in(shown.get(key))
    for name, rows in page.rows.items():
        for index, row in enumerate((page_text.get("rows") or {}).get(name) or ()):
            for key, spec in rows.cells.items():
                if _is_asked(spec):
                    yield f"{name}[{index}].{key}", spec, index, _typed_in(row.get(key))


def _is_asked(spec: FieldSpec) -> bool:
    if spec.field is None or spec.field is FieldName.DETERMINATION or spec.side is not Side.REQUESTED:
        return False
    return spec.number_kind not in PROVISIONAL and not spec.number_kinds


def _typed_in(cell: Mapping[str, Any] | None) -> str | None:
    if cell is None or not cell.get("editable"):
        return None
    return str(cell.get("text", ""))


def _written(spec: FieldSpec, value: Any, words: Words) -> Iterator[str]:
    if isinstance(value, date):
        if spec.kind is ValueKind.DATE:
            try:
                yield write_date(value, spec.format or "")
            except DateProblem:
                return
    elif spec.kind in _OF_WORDS:
        if spec.kind is ValueKind.PLACE_OF_SERVICE:
            yield str(value)
        plain = value.value if isinstance(value, StrEnum) else str(value)
        yield from (word for word, meaning in words.get(spec.kind.value, {}).items() if meaning == plain)
    elif isinstance(value, Decimal):
        yield format(value.normalize(), "f")
    elif isinstance(value, tuple):
        yield (", " if spec.kind is ValueKind.CODES else " ").join(value)
        yield value[0]
    else:
        yield str(value)


def _means(spec: FieldSpec, text: str, value: Any, words: Words) -> bool:
    """Whether the text, read back as the profile says, is the value; of several codes, the first at least."""
    try:
        said: Value = read_value(spec, text, words)
    except ValueProblem:
        return False
    if isinstance(said, Quantity):
        return bool(said.amount == value)
    if isinstance(value, tuple):
        said = said if isinstance(said, tuple) else (str(said),)
        return said in (value, value[:1])
    return bool(said == value)
