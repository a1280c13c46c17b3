"""Normal forms: two values agree when their keys are equal. What was issued or typed is stored elsewhere,
unchanged.

Every function is pure, takes text and gives text; no function raises. Missing text (`None` or blank) has the
empty key, which agrees with nothing: rules ask whether both sides are known before they compare.
"""

from __future__ import annotations

import unicodedata
from datetime import date

_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_SPACES = " \t\r\n\u00a0\u2007\u202f\ufeff"
_DROP_IN_IDENTIFIERS = str.maketrans("", "", _DASHES + _SPACES)
_DROP_IN_DIAGNOSES = str.maketrans("", "", "." + _DASHES + _SPACES)
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_ASCII_NAME = {n: "" if chr(n) in "'`." else " " for n in range(128) if not chr(n).isalnum()}
_NAME_SUFFIXES = frozenset({"JR", "SR", "II", "III", "IV", "ESQ", "MD", "PHD"})
_NAME_TITLES = frozenset({"MR", "MRS", "MS", "MISS", "DR"})


def identifier_key(text: str | None) -> str:
    """An authorization number, member ID, payer ID: trimmed, upper case, without inner spaces and dashes.

    Leading zeros are kept, they matter (domain facts, section 5).
    """
    if not text:
        return ""
    if text.isalnum():
        return text.upper()
    return text.translate(_DROP_IN_IDENTIFIERS).upper()


def name_key(text: str | None) -> str:
    """A person's or an organization's name: no accents, case, punctuation, spaces, titles or suffixes (Jr,
    III).
    """
    if not text:
        return ""
    if text.isascii() and text.isalpha() and len(text) > 3:
        return text.upper()
    if text.isascii():
        words = text.translate(_ASCII_NAME)
    else:
        plain = unicodedata.normalize("NFKD", text.casefold().translate(_UNDECOMPOSED))
        plain = plain.translate(_ASCII_NAME).replace("’", "")
        words = "".join(c if c.isalnum() else "" if unicodedata.combining(c) else " " for c in plain)
    kept = words.upper().split()
    while len(kept) > 1 and kept[-1] in _NAME_SUFFIXES:
        kept.pop()
    while len(kept) > 1 and kept[0] in _NAME_TITLES:
        kept.pop(0)
    return "".join(kept)


def given_names(text: str | None) -> tuple[str, ...]:
    """The parts of a first name field, each as `name_key` gives it: "Ada M." is ("ADA", "M")."""
    if not text:
        return ()
    if text.isascii() and text.isalpha():
        return (text.upper(),)
    keys = (name_key(part) for part in text.replace("-", " ").split())
    return tuple(key for key in keys if key)


def code_key(text: str | None) -> str:
    """A procedure code of any kind: upper case, no spaces. CPT/HCPCS as is; a revenue code has four digits (a
    lost leading zero is put back); an NDC has eleven where its dashes say how, and stays as it is where they
    do not.
    """
    if not text:
        return ""
    if len(text) == 5 and text.isalnum():
        return text.upper()
    trimmed = text.strip()
    if "-" in trimmed:
        parts = trimmed.split("-")
        if len(parts) == 3 and all(p.isdigit() for p in parts):
            lengths = (len(parts[0]), len(parts[1]), len(parts[2]))
            if lengths in NDC_LAYOUTS:
                return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)
    key = trimmed.translate(_DROP_IN_IDENTIFIERS).upper()
    if len(key) == 3 and key.isdigit():
        return "0" + key
    return key


#: Segment lengths of an NDC that can be told when dashes are kept: HIPAA's 5-4-2 and FDA's three of ten
#: digits.
NDC_LAYOUTS = frozenset({(5, 4, 2), (4, 4, 2), (5, 3, 2), (5, 4, 1)})


def ndc_readings(key: str) -> tuple[str, ...]:
    """What a bare NDC can mean in eleven digits: itself for 11 digits, three readings for 10, none otherwise.

    Ten digits without dashes are ambiguous (4-4-2, 5-3-2 and 5-4-1 are all in use): ask, never guess.
    """
    if not key.isdigit():
        return ()
    if len(key) == 11:
        return (key,)
    if len(key) == 10:
        return ("0" + key, key[:5] + "0" + key[5:], key[:9] + "0" + key[9:])
    return ()


def code_kind(key: str) -> str:
    """Which code system a key has the shape of: procedure, revenue, ndc, inpatient or other."""
    length = len(key)
    if length == 5:
        return "procedure"
    if length == 4 and key.isdigit():
        return "revenue"
    if length in (10, 11) and key.isdigit():
        return "ndc"
    if length == 7:
        return "inpatient"
    return "other"


def in_code_range(code: str, start: str, end: str) -> bool:
    """Whether a key lies in an inclusive range of keys (X12 278 SV101-8 closes a range).

    A letter at either end of the code is part of its series: 0001U to 0500U holds no plain 00100, and
    J0000 to J9999 no K0001. A range over several HCPCS letters (A0000 to E9999) runs through them in order.
    """
    if start > end:
        start, end = end, start
    if len(code) != len(start) or len(code) != len(end):
        return False
    if code[:1].isalpha() != start[:1].isalpha() or code[:1].isalpha() != end[:1].isalpha():
        return False
    if start[-1:].isalpha() or end[-1:].isalpha() or code[-1:].isalpha():
        if code[-1:] != start[-1:] or code[-1:] != end[-1:]:
            return False
        if not (code[:-1].isdigit() and start[:-1].isdigit() and end[:-1].isdigit()):
            return False
    return start <= code <= end


def diagnosis_key(text: str | None) -> str:
    """An ICD-10-CM code undotted and in upper case, as X12 sends it."""
    if not text:
        return ""
    if text.isalnum():
        return text.upper()
    return text.translate(_DROP_IN_DIAGNOSES).upper()


def place_key(text: str | None) -> str:
    """A place of service in its two digits: "1" is "01"."""
    if not text:
        return ""
    key = text.strip()
    return "0" + key if len(key) == 1 and key.isdigit() else key


def modifier_key(text: str | None) -> str:
    """A modifier: two characters in upper case."""
    return text.strip().upper() if text else ""


def npi_key(text: str | None) -> str:
    """An NPI: its digits."""
    return identifier_key(text)


def typing_slip(one: str, other: str) -> str | None:
    """How two keys differ when the difference is likely a slip of the hand, in words; None when it is not.

    A slip is one character changed, two neighbours swapped, or one character lost or doubled.
    """
    if one == other or not one or not other:
        return None
    if len(one) == len(other):
        differing = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(differing) == 1:
            return "one character differs"
        if len(differing) == 2:
            first, second = differing
            if second == first + 1 and one[first] == other[second] and one[second] == other[first]:
                return "two neighbouring characters are swapped"
        return None
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    if len(longer) - len(shorter) != 1:
        return None
    for i in range(len(longer)):
        if longer[:i] + longer[i + 1 :] == shorter:
            return "one character is missing or one too many"
    return None


def date_slip(one: date, other: date) -> str | None:
    """How two dates differ when it is likely a slip: day and month swapped, or one slip in the digits."""
    if one == other:
        return None
    if one.year == other.year and one.month == other.day and one.day == other.month:
        return "day and month are swapped"
    slip = typing_slip(f"{one:%Y%m%d}", f"{other:%Y%m%d}")
    if slip is None:
        return None
    return slip.replace("characters", "digits").replace("character", "digit")
