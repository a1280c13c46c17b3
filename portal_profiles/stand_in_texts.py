"""A text of a portal -> a text of the named cast in the same shape. Pure; like texts become like ones."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from portal_profiles.cast import CAST, DIAGNOSIS_CODES, NAMES, NPIS, PROCEDURE_CODES, Person

#: A word or a number: what stands between white space and signs.
TOKEN = re.compile(r"[^\W_]+")

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH = "|".join(sorted({*_MONTHS, *(month[:3] for month in _MONTHS), "Sept"}, key=len, reverse=True))
_DATE = re.compile(
    r"(?<![^\W_])(?:"
    r"(?P<us>\d{1,2}[/.-]\d{1,2}[/.-]\d{4})|(?P<iso>\d{4}[/.-]\d{1,2}[/.-]\d{1,2})|"
    r"(?P<short>\d{1,2}[/.-]\d{1,2}[/.-]\d{2})|"
    rf"(?P<month>{_MONTH})\.?\s+\d{{1,2}},?\s+\d{{4}}|"
    rf"\d{{1,2}}[\s-](?P<month_after>{_MONTH})\.?[\s,-]+\d{{4}}"
    r")(?![^\W_])",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?P<last>[^\W\d_][^\W\d_'’-]*),\s*(?P<first>[^\W\d_][^\W\d_'’-]*)"
    r"(?P<middle>\s+[^\W\d_](?![^\W_])\.?)?"
)
_CODE = re.compile(r"(?<![^\W_])[A-TV-Z]\d[0-9AB](?:\.?[0-9A-Z]{1,4})?(?![^\W_])")
_KEPT_MARKS = frozenset(string.punctuation + string.whitespace + "–—·•…’‘“”©®™°\u00a0")
#: Where a label ends and its value begins, when both stand in one text.
_LABEL_END = re.compile(r"(:\s+)")


def folded_label(text: str) -> str:
    """A text as it is compared: white space and case folded, without the marks of a label's end."""
    return " ".join(text.split()).casefold().rstrip(":* ").lstrip("* ")


class Replacing:
    """The texts of one page and what stands for them.

    known: folded texts that stay. units: those that also stay behind a number. kept: names in the wiring of
    the page that the profile relies on. said: every text of the page, in its order; what stands for one of
    them is not what another of them said, where there is a choice.
    """

    def __init__(
        self, known: frozenset[str], units: frozenset[str], kept: frozenset[str], said: Sequence[str]
    ) -> None:
        self._known = frozenset(_parts(known))
        longer = sorted((text for text in known if " " in text or text in units), key=len, reverse=True)
        words = "|".join(r"\s+".join(map(re.escape, text.split(" "))) for text in longer)
        self._phrase = re.compile(rf"(?<![^\W_])(?:{words or '(?!)'})(?![^\W_])", re.IGNORECASE)
        self._kept = kept
        self._said = {token.casefold() for text in said for token in TOKEN.findall(text)}
        self._given: dict[tuple[str, str], str] = {}
        self._used: set[tuple[str, str]] = set()
        self._removed: set[str] = set()
        self._renamed: dict[str, str] = {}
        self._birth_dates = _in_order(said)
        for text in said:
            self.text(text)

    def text(self, text: str) -> str:
        """The text, if the profile knows it; else one of the cast in the same shape."""
        if self._stays(text):
            return _marks(text, letters=True)
        # Signs become blanks before anything is looked for: what they divide is seen as it will be written.
        return "".join(
            _marks(part, letters=True) if self._stays(part) else self._replaced(_marks(part, letters=True))
            for part in _LABEL_END.split(text)
        )

    def wiring(self, value: str) -> str:
        """Identifiers of the page's own; one in which something was said of somebody gets another name."""
        return TOKEN.sub(self._clean, "".join(one if one.isascii() else "_" for one in value))

    def _clean(self, found: re.Match[str]) -> str:
        token = found.group()
        if token not in self._renamed:
            self._renamed[token] = token
            if token not in self._kept and self._tells(token.casefold()):
                self._renamed[token] = f"n{len(self._renamed):,}".replace(",", "-")
        return self._renamed[token]

    def _tells(self, token: str) -> bool:
        if token in self._removed or re.search(r"\d{4}", token):
            return True
        return any(len(word) > 4 and word in token for word in self._removed)

    def _stays(self, text: str) -> bool:
        plain = folded_label(text)
        return plain == "" or plain in self._known

    def _replaced(self, text: str) -> str:
        written, at = [], 0
        for found in self._pieces(text):
            written += [_marks(text[at : found.start()]), self._piece(found)]
            at = found.end()
        return "".join([*written, _marks(text[at:])])

    def _pieces(self, text: str) -> Iterator[re.Match[str]]:
        """What the profile knows, dates, names, codes and other tokens, from left to right, none twice."""
        patterns = (self._phrase, _DATE, _NAME, _CODE, TOKEN)
        at = 0
        while matches := [found for pattern in patterns if (found := pattern.search(text, at))]:
            first = min(matches, key=lambda found: found.start())
            yield first
            at = first.end()

    def _piece(self, found: re.Match[str]) -> str:
        text = found.group()
        if found.re is self._phrase:
            return _marks(text, letters=True)
        if found.re is _DATE:
            return self._new("date", text, [_dated(found, person) for person in self._born_for(found)])
        if found.re is _NAME:
            return self._new("name", text, [_named(found, person) for person in CAST])
        if found.re is _CODE and text not in _shaped(text):
            return self._new("code", text, [code for code in DIAGNOSIS_CODES if len(code) == len(text)])
        return self._token(text)

    def _token(self, token: str) -> str:
        if not any(one.isdigit() for one in token):
            if len(token) < 3:
                return _cased("xy"[: len(token)], token)
            return _cased(self._new("word", token.casefold(), [name.casefold() for name in NAMES]), token)
        if token.isdigit() and len(token) == 10:
            return self._new("number", token, NPIS)
        if token.isdigit() and len(token) == 5:
            return self._new("number", token, PROCEDURE_CODES)
        return self._new("number", token, _shaped(token))

    def _born_for(self, found: re.Match[str]) -> Sequence[Person]:
        """Whose birth date stands for this date wherever the page says it; anybody's for what is no day."""
        day = _day(found)
        return (self._birth_dates[day],) if day in self._birth_dates else CAST

    def _new(self, kind: str, old: str, candidates: Sequence[str]) -> str:
        """What stands for this text from now on: the text itself where it is the cast's, else the first
        candidate that neither stands for another nor was said of somebody."""
        if old in candidates:
            return old
        self._removed.update(token.casefold() for token in TOKEN.findall(old))
        if (kind, old) not in self._given:
            unused = [new for new in candidates if (kind, new) not in self._used]
            unsaid = [new for new in unused if not self._said.intersection(TOKEN.findall(new.casefold()))]
            again = [candidates[len(self._given) % len(candidates)]]
            chosen = (unsaid or unused or again)[0]
            self._given[kind, old] = chosen
            self._used.add((kind, chosen))
        return self._given[kind, old]


def _day(found: re.Match[str]) -> date | None:
    """The day that a date found names, as it is written in the United States; None where there is none
    such."""
    numbers = [int(number) for number in re.findall(r"\d+", found.group())]
    try:
        if named := found["month"] or found["month_after"]:
            month = 1 + [m[:3].casefold() for m in _MONTHS].index(named[:3].casefold())
            return date(numbers[1], month, numbers[0])
        if found["iso"]:
            return date(*numbers)
        century = 0 if found["us"] else 2000 if numbers[2] < 40 else 1900
        return date(century + numbers[2], numbers[0], numbers[1])
    except ValueError:
        return None


def _in_order(said: Iterable[str]) -> dict[date, Person]:
    """For each day of a page that is not the cast's own, somebody born on a day none of the page's: what is
    later there is not earlier here, so that a scrubbed page reads like the real one. With more days than
    people, days next to each other fall together."""
    days = {day for text in said for found in _DATE.finditer(text) if (day := _day(found)) is not None}
    births = {person.born: person for person in CAST}
    people = [births[born] for born in sorted(births.keys() - days)]
    own = sorted(days - births.keys())
    if not people:
        return {}
    return {day: people[at * len(people) // max(len(own), len(people))] for at, day in enumerate(own)}


def _parts(known: Iterable[str]) -> Iterator[str]:
    """Each known text and each run of whole words in it: a label may be written in several pieces."""
    for text in known:
        words = text.split(" ")
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                yield folded_label(" ".join(words[start:end]))


def _marks(text: str, *, letters: bool = False) -> str:
    """Punctuation and white space as they are; other signs, and letters unless they may stay, are blanks."""
    return "".join(one if one in _KEPT_MARKS or (letters and one.isalnum()) else " " for one in text)


def _cased(name: str, like: str) -> str:
    """The name in capitals, small letters or with a capital, as the other word is written."""
    if like.isupper() and len(like) > 1:
        return name.upper()
    return name.capitalize() if like[:1].isupper() else name.lower()


def _shaped(token: str) -> list[str]:
    """For each of the cast: letters and digits of the member ID in the places of the token's own."""
    wanted = sum(one.isdigit() for one in token)
    found = []
    for person in CAST:
        own = person.member_id.lstrip("XYZ")
        digits = iter((own * (wanted // len(own) + 1))[-wanted:] if wanted else "")
        letters = iter("XYZ" * len(token))
        found.append(
            "".join(
                next(digits) if one.isdigit() else next(letters) if one.isupper() else next(letters).lower()
                for one in token
            )
        )
    return found


def _dated(found: re.Match[str], person: Person) -> str:
    """The person's birth date as the date found is written."""
    text, born = found.group(), person.born
    if named := found["month"] or found["month_after"]:
        month = _MONTHS[born.month - 1]
        short = len(named) < 5 and named.lower() not in ("june", "july")
        day = f"{born.day:02}" if re.search(r"(?<!\d)0\d(?!\d)", text) else str(born.day)
        text = re.sub(r"(?<!\d)\d{1,2}(?!\d)", day, text, count=1)
        text = re.sub(r"\d{4}", str(born.year), text)
        return text.replace(named, _cased(month[:3] if short else month, named), 1)
    numbers = re.split(r"([/.-])", text)
    width = 1 if any(len(number) == 1 for number in numbers[::2]) else 2
    month, day = f"{born.month:0{width}}", f"{born.day:0{width}}"
    year = f"{born.year % 100:02}" if found["short"] else str(born.year)
    first, second, third = (year, month, day) if found["iso"] else (month, day, year)
    return "".join([first, numbers[1], second, numbers[3], third])


def _named(found: re.Match[str], person: Person) -> str:
    """The person's name as the name found is written, last name first."""
    between = " " if found.group()[len(found["last"]) + 1 :][:1].isspace() else ""
    middle = " M" if found["middle"] else ""
    last, first = _cased(person.last, found["last"]), _cased(person.first, found["first"])
    return f"{last},{between}{first}{middle}"
