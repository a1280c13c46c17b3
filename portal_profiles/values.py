"""One cell of text -> date, identifier, code, quantity, as the profile declares. Pure; what is not clear is
refused.

Problems never repeat the text: it may be a patient's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from portal_profiles.calendar_dates import DateProblem, read_date
from portal_profiles.profile import FieldSpec, ValueKind, folded
from portal_profiles.vocabulary import (
    AuthorizationType,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    Unit,
)

Words = Mapping[str, Mapping[str, str]]

#: How pages write that there is nothing.
_NOTHING = frozenset({"", "-", "--", "---", "–", "—", "n/a", "na", "none"})

_MASKED = re.compile(r"[*•●]|x{4,}", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./#-]{0,49}")

#: Shapes of codes: CPT/HCPCS and other five-character codes, ICD-10-CM with or without its dot, revenue
#: codes, NDC with or without dashes (domain, section 5). What a code means is not looked up here.
_CODE = re.compile(
    r"(\d{4}[0-9A-Z]|[A-Z]\d{4}|[A-Z]\d[0-9AB](\.?[0-9A-Z]{1,4})?|\d{3,4}|\d{4,5}-\d{3,4}-\d{1,2}|\d{10,11})"
)
#: A code may be followed by its meaning: "97110 - ...", "97110: ...", "97110 (...)".
_DESCRIBED = re.compile(r"(?P<code>[A-Z0-9.-]+)(?:\s+[-–—|]\s+.*|\s*:\s+.*|\s+\(.*\))?")
_RANGE = re.compile(r"\s+(?:-|–|—|to|through|thru)\s+|\s*[–—]\s*", re.IGNORECASE)


class ValueProblem(ValueError):
    """The text can't be read as the profile says. The message is for staff and has no part of the text."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount and, where the text names one, its unit. Units are never converted."""

    amount: Decimal
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as shown; last and first are None where the text does not tell them apart (no comma)."""

    text: str
    last: str | None = None
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A status word: what it means, and the text verbatim. An unknown one is UNRECOGNISED, never a guess."""

    determination: Determination
    text: str


Value = (
    str
    | date
    | Quantity
    | PersonName
    | Word
    | Unit
    | LevelOfCare
    | Component
    | AuthorizationType
    | tuple[str, ...]
    | None
)

Meaning = TypeVar("Meaning", bound=StrEnum)


def read_value(spec: FieldSpec, text: str, words: Words, committed: str | None = None) -> Value:
    """What the text says, as `spec.kind` declares; None when it says nothing.

    committed: the value behind a select's text; words are looked up by the text first, then by it.
    Raises ValueProblem when there is a text and it can't be read as declared.
    """
    if spec.pattern is not None and text.strip():
        text = _part(text, spec.pattern)
    shown = " ".join(text.split())
    if folded(shown) in _NOTHING and not (spec.kind is ValueKind.DETERMINATION and shown):
        return None
    match spec.kind:
        case ValueKind.TEXT:
            return shown
        case ValueKind.DATE:
            return _date(shown, spec.format or "", spec.range)
        case ValueKind.IDENTIFIER:
            return _identifier(shown)
        case ValueKind.NUMBER:
            return _identifier(shown, digits=spec.number_kind is not NumberKind.KEY)
        case ValueKind.NAME:
            return person_name(shown)
        case ValueKind.NPI:
            return _npi(shown)
        case ValueKind.CODE:
            return _code(shown)
        case ValueKind.CODES:
            return _codes(text)
        case ValueKind.MODIFIERS:
            return _modifiers(shown)
        case ValueKind.QUANTITY:
            return _quantity(shown, words)
        case ValueKind.DETERMINATION:
            return _determination(shown, words, committed)
        case ValueKind.PLACE_OF_SERVICE:
            return _place_of_service(shown, words, committed)
        case ValueKind.UNIT:
            return _word(Unit, "unit", shown, words, committed)
        case ValueKind.LEVEL_OF_CARE:
            return _word(LevelOfCare, "level_of_care", shown, words, committed)
        case ValueKind.COMPONENT:
            return _word(Component, "component", shown, words, committed)
        case ValueKind.AUTHORIZATION_TYPE:
            return _word(AuthorizationType, "authorization_type", shown, words, committed)


def _part(text: str, pattern: str) -> str:
    found = re.fullmatch(pattern, " ".join(text.split()), re.IGNORECASE)
    if found is None:
        raise ValueProblem("is not written as the profile says")
    return str(found.group(1))


def person_name(text: str) -> PersonName:
    """A name as shown; 'LAST, FIRST MIDDLE' tells its parts apart. Raises ValueProblem on a masked one."""
    shown = " ".join(text.split())
    if _MASKED.search(shown):
        raise ValueProblem("is masked on the page")
    last, comma, first = (part.strip() for part in shown.partition(","))
    return PersonName(shown, last, first) if comma and last and first else PersonName(shown)


def _date(text: str, format_: str, range_: str | None) -> date:
    if range_ is not None:
        parts = _RANGE.split(text)
        if len(parts) != 2:
            raise ValueProblem("is no range of two dates")
        text = parts[0] if range_ == "start" else parts[1]
    try:
        return read_date(text, format_)
    except DateProblem as problem:
        raise ValueProblem(str(problem)) from None


def _identifier(text: str, digits: bool = True) -> str:
    if _MASKED.search(text):
        raise ValueProblem("is masked on the page")
    if not _IDENTIFIER.fullmatch(text):
        raise ValueProblem("is more than one identifier")
    if digits and not any(letter.isdigit() for letter in text):
        raise ValueProblem("is a word and no number")
    return text


def _npi(text: str) -> str:
    found = set(re.findall(r"(?<!\d)[12]\d{9}(?!\d)", text))
    if len(found) != 1:
        raise ValueProblem("has no NPI (ten digits)" if not found else "has more than one NPI")
    return str(found.pop())


def _code(text: str) -> str:
    found = _DESCRIBED.fullmatch(text.upper())
    if found is None or not _CODE.fullmatch(found.group("code")):
        raise ValueProblem("is no code, or a code with something attached")
    return str(found.group("code"))


def _codes(text: str) -> tuple[str, ...]:
    """Codes with commas, semicolons, line ends or only spaces between; a meaning may have commas in it."""
    if all(_CODE.fullmatch(part) for part in text.upper().split()):
        return tuple(text.upper().split())
    codes: list[str] = []
    described = False
    for part in (part.strip() for part in re.split(r"[,;\n]", text)):
        if described and not any(letter.isdigit() for letter in part):
            continue
        codes.append(_code(part))
        described = codes[-1] != part.upper()
    return tuple(codes)


def _modifiers(text: str) -> tuple[str, ...]:
    parts = tuple(part.upper() for part in re.split(r"[\s,;/]+", text) if part)
    if not all(re.fullmatch(r"[A-Z0-9]{2}", part) for part in parts):
        raise ValueProblem("has something that is no modifier (two characters each)")
    return parts


def _quantity(text: str, words: Words) -> Quantity:
    found = re.fullmatch(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?:\s*(\D.*))?", text)
    if found is None:
        raise ValueProblem("is no amount")
    whole, fraction, unit = found.groups()
    amount = Decimal(whole.replace(",", "") + (fraction or ""))
    if not unit:
        return Quantity(amount)
    known = words.get("unit", {}).get(folded(unit))
    if known is None:
        raise ValueProblem("has a unit that is not in the profile's words")
    return Quantity(amount, Unit(known))


def _determination(text: str, words: Words, committed: str | None) -> Word:
    known = _known("determination", text, words, committed)
    return Word(Determination(known) if known else Determination.UNRECOGNISED, text)


def _place_of_service(text: str, words: Words, committed: str | None) -> str:
    known = _known("place_of_service", text, words, committed)
    if known is not None:
        return known
    if found := re.fullmatch(r"(\d{2})(?:\s*[-–—:]\s*\S.*)?", text):
        return str(found.group(1))
    if committed is not None and re.fullmatch(r"\d{2}", committed):
        return committed
    raise ValueProblem("is not in the profile's words, nor two digits")


def _word(meaning: type[Meaning], kind: str, text: str, words: Words, committed: str | None) -> Meaning:
    known = _known(kind, text, words, committed)
    if known is None:
        raise ValueProblem("is not in the profile's words")
    return meaning(known)


def _known(kind: str, text: str, words: Words, committed: str | None) -> str | None:
    listed = words.get(kind, {})
    known = listed.get(folded(text))
    return known if known is not None or committed is None else listed.get(folded(committed))
