"""Whether a page is about the authorization that was asked for. A wrong patient is the worst thing to write
down.

At least two of the page's own identifiers must agree with the query, at least one of them the patient's
(member ID, birth date, name), and none may disagree. With fewer, or with another number, the reading waits
for a person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal_profiles.query import Query

if TYPE_CHECKING:
    from portal_profiles.reading import Reading

PATIENT_IDENTIFIERS = frozenset({"member_id", "birth_date", "name"})

ACCEPTED, WRONG_PATIENT, NEEDS_PERSON = "accepted", "wrong_patient", "needs_person"

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Which identifiers (member_id, birth_date, name, reference_number) agree and disagree, and what follows.

    verdict: "accepted", "wrong_patient" (one of the patient's disagrees) or "needs_person".
    """

    agree: tuple[str, ...]
    disagree: tuple[str, ...]
    verdict: str


def identify(reading: Reading, query: Query) -> Identity:
    """Compares what the page says of itself with the query. What either side lacks is not compared."""
    compared = {
        "member_id": _member_id(reading, query),
        "birth_date": _birth_date(reading, query),
        "name": _name(reading, query),
        "reference_number": _reference_number(reading, query),
    }
    agree = tuple(name for name, same in compared.items() if same is True)
    disagree = tuple(name for name, same in compared.items() if same is False)
    if PATIENT_IDENTIFIERS & set(disagree):
        verdict = WRONG_PATIENT
    elif disagree or len(agree) < 2 or not PATIENT_IDENTIFIERS & set(agree):
        verdict = NEEDS_PERSON
    else:
        verdict = ACCEPTED
    return Identity(agree, disagree, verdict)


def identifier_key(text: str) -> str:
    """An identifier as it is compared: upper case, no spaces, no dashes; leading zeros kept."""
    return re.sub(r"[\s‐-―-]", "", text).upper()


def same_name(shown: str, last: str | None, first: str | None) -> bool | None:
    """Whether a shown name is this person's; None when that can't be told (a part of the name is not known).

    'LAST, FIRST MIDDLE' and 'FIRST MIDDLE LAST'; letter case, diacritics, punctuation and Jr/Sr do not count,
    a middle name may be missing or an initial on either side.
    """
    if not last or not first:
        return None
    left, comma, right = shown.partition(",")
    if comma and _tokens(right):
        return _joined(_tokens(left)) == _joined(_tokens(last)) and _first_agrees(
            _tokens(right), _tokens(first)
        )
    tokens, wanted = _tokens(left), _joined(_tokens(last))
    return any(
        _joined(tokens[start:]) == wanted and _first_agrees(tokens[:start], _tokens(first))
        for start in range(1, len(tokens))
    )


def _member_id(reading: Reading, query: Query) -> bool | None:
    if not reading.member_id or not query.member_id:
        return None
    return identifier_key(reading.member_id) == identifier_key(query.member_id)


def _birth_date(reading: Reading, query: Query) -> bool | None:
    if reading.birth_date is None or query.birth_date is None:
        return None
    return reading.birth_date == query.birth_date


def _name(reading: Reading, query: Query) -> bool | None:
    answers = []
    if reading.patient_name:
        answers.append(same_name(reading.patient_name, query.last_name, query.first_name))
    if reading.last_name and query.last_name:
        same_last = _joined(_tokens(reading.last_name)) == _joined(_tokens(query.last_name))
        answers.append(None if same_last else False)
        if reading.first_name and query.first_name:
            same_first = _first_agrees(_tokens(reading.first_name), _tokens(query.first_name))
            answers.append(same_last and same_first)
    if False in answers:
        return False
    return True if True in answers else None


def _reference_number(reading: Reading, query: Query) -> bool | None:
    if not query.reference_number or not reading.numbers:
        return None
    wanted = identifier_key(query.reference_number)
    return any(identifier_key(number.value) == wanted for number in reading.numbers)


def _tokens(text: str) -> list[str]:
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )
    plain = re.sub(r"['’`.]", "", plain.casefold())
    tokens = [token for token in re.split(r"[^\w]+", plain) if token]
    while len(tokens) > 1 and tokens[-1] in _SUFFIXES:
        tokens.pop()
    return tokens


def _joined(tokens: list[str]) -> str:
    return "".join(tokens)


def _first_agrees(shown: list[str], known: list[str]) -> bool:
    if not shown or not known:
        return False
    if _joined(shown) == _joined(known):
        return True
    if shown[0] != known[0]:
        return False
    middles = zip(shown[1:], known[1:], strict=False)
    return all(one == other or (1 in (len(one), len(other)) and one[0] == other[0]) for one, other in middles)
