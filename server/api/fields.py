"""The kinds of values in requests and answers. Each refusal says what is wrong and what to do, never the
value.

Types are strict: a number sent as text, or text sent as a number, is named and not converted by guess.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, validate

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")


class _AtMost(validate.Length):
    """A length that empty text, which is as none, always has."""

    def __call__(self, value: Any) -> Any:
        return value if value is None else super().__call__(value)


class Text(fields.String):
    """Text of at most `longest` characters; spaces around it are dropped, and empty text is as none."""

    default_error_messages = {"invalid": "Not text. Send it in quotation marks."}  # noqa: RUF012

    def __init__(self, longest: int = 200, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", True)
        super().__init__(
            validate=_AtMost(max=longest, error=f"Too long. Send at most {longest} characters."),
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if "\x00" in text:
            raise ValidationError("A character that cannot be kept. Remove control characters.")
        return text or None


class SentKey(fields.String):
    """A random key by which the sender names one thing that it sends, so that it is kept once."""

    default_error_messages = {"invalid": "Not text. Send it in quotation marks."}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", True)
        wrong = "Not a key. Send 16 to 40 letters, digits or dashes."
        super().__init__(validate=validate.Regexp(r"[A-Za-z0-9-]{16,40}\Z", error=wrong), **kwargs)


class LocalDate(fields.Date):
    """A payer's local calendar date as YYYY-MM-DD, nothing looser."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Not a date. Write it as YYYY-MM-DD.",
        "format": "Not a date that can be written. Write it as YYYY-MM-DD.",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", True)
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type="date")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid", input=value, obj_type="date") from error


class Quantity(fields.Field[Decimal]):
    """A count of units, visits, days or hours: a JSON number, up to three decimals, not negative.

    Text that is a plain number is taken as well, since JSON numbers lose decimals on the way in some
    languages.
    """

    default_error_messages = {  # noqa: RUF012
        "invalid": "Not a quantity. Send a number from 0, with at most three decimals."
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", True)
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        text = value if isinstance(value, str) else repr(value)
        if (
            isinstance(value, bool)
            or not isinstance(value, str | int | float)
            or not _DECIMAL.fullmatch(text)
        ):
            raise self.make_error("invalid")
        return Decimal(text)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> int | float | None:
        return quantity_json(value)


def quantity_json(value: Decimal | None) -> int | float | None:
    """A quantity as a JSON number, whole where it is whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


class Word(fields.Field[StrEnum]):
    """One word of a closed vocabulary, as its enum."""

    default_error_messages = {"invalid": "Not a word of this field. Send one of: {words}."}  # noqa: RUF012

    def __init__(self, words: type[StrEnum], **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        kwargs.setdefault("metadata", {})["enum"] = [word.value for word in words]
        super().__init__(**kwargs)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> StrEnum:
        if not isinstance(value, str) or value not in set(self.words):
            raise self.make_error("invalid", words=", ".join(self.words))
        return self.words(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)


class PageText(fields.Field[dict[str, Any]]):
    """What the reader made of one page (`PageText` of `portal_profiles/reader`), its shape checked by hand: a
    page has dozens of values, and a check must be quick.
    """

    default_error_messages = {  # noqa: RUF012
        "invalid": "Not a page as the reader gives it ({where}). Send the reader's own answer."
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid", where="it is no object")
        page, shown, rows, problems = (value.get(key) for key in ("page", "fields", "rows", "problems"))
        fits = value.get("fits")
        checks = {
            "page": page is None or isinstance(page, str),
            "fits": fits is None or _is_list_of(fits, str),
            "fields": shown is None or _is_cells(shown),
            "rows": rows is None or (isinstance(rows, dict) and all(map(_is_rows, rows.values()))),
            "problems": problems is None or (isinstance(problems, list) and all(map(_is_problem, problems))),
        }
        for where, is_right in checks.items():
            if not is_right:
                raise self.make_error("invalid", where=where)
        return value


_PAGE_PROBLEMS = frozenset({"nothing", "several", "fallback", "disagree", "failed"})


def _is_list_of(value: Any, kind: type[Any]) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_cells(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(cell, dict)
        and isinstance(cell.get("text", ""), str)
        and isinstance(cell.get("value"), str | None)
        for cell in value.values()
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_cells, value))


def _is_problem(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("where"), str)
        and value.get("problem") in _PAGE_PROBLEMS
        and _is_list_of(value.get("candidates") or [], str)
    )


def texts(longest: int = 40, at_most: int = 50, **kwargs: Any) -> fields.List[str]:
    """A list of short texts; nothing sent is the empty list."""
    return fields.List(
        Text(longest, allow_none=False),
        validate=validate.Length(max=at_most, error=f"Too many. Send at most {at_most}."),
        error_messages={"invalid": "Not a list. Send a list of texts."},
        **kwargs,
    )


#: Custom field class -> (OpenAPI type, format), for the generated document.
IN_OPENAPI: dict[type[Any], tuple[str, str | None]] = {
    Text: ("string", None),
    SentKey: ("string", None),
    LocalDate: ("string", "date"),
    Quantity: ("number", None),
    Word: ("string", None),
    PageText: ("object", None),
}
