"""Calendar dates in the formats that portals write them: tokens YYYY, MMMM, MMM, MM, M, DD, D and, read but
not kept, hh, mm, ss and A. A date is a day on the payer's wall, never an instant: nothing here knows a time
zone.
"""

from __future__ import annotations

import re
from datetime import date

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_TOKEN = re.compile(r"YYYY|MMMM|MMM|MM|M|DD|D|hh|mm|ss|A")
_PATTERN = {
    "YYYY": r"(?P<year>\d{4})",
    "MMMM": r"(?P<month_name>[A-Za-z]{3,9})",
    "MMM": r"(?P<month_short>[A-Za-z]{3,4})\.?",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{2})",
    "D": r"(?P<day>\d{1,2})",
    "hh": r"\d{1,2}",
    "mm": r"\d{2}",
    "ss": r"\d{2}",
    "A": r"[AaPp]\.?[Mm]\.?",
}


class DateProblem(ValueError):
    """A text that is no date in the declared format, or a day that no calendar has."""


def check_format(format_: str) -> None:
    """Raises DateProblem unless the format has a year of four digits, one month and one day."""
    tokens = _TOKEN.findall(format_)
    kinds = [token[0] for token in tokens if token[0] in "YMD"]
    if sorted(kinds) != ["D", "M", "Y"]:
        raise DateProblem("write one YYYY, one of MM, M, MMM or MMMM, and one of DD or D, as in MM/DD/YYYY")


def read_date(text: str, format_: str) -> date:
    """The calendar date that the text says in this format and in no other. Raises DateProblem."""
    found = re.fullmatch(_regex(format_), " ".join(text.split()))
    if found is None:
        raise DateProblem(f"is not written {format_}")
    groups = found.groupdict()
    month = int(groups["month"]) if groups.get("month") else _month(groups)
    if month is None:
        raise DateProblem("names no month")
    try:
        return date(int(groups["year"]), month, int(groups["day"]))
    except ValueError:
        raise DateProblem("is a day that no calendar has") from None


def write_date(day: date, format_: str) -> str:
    """The date in this format. Time tokens can't be written: a calendar date has none."""

    def token(found: re.Match[str]) -> str:
        match found.group():
            case "YYYY":
                return f"{day.year:04d}"
            case "MMMM":
                return _MONTHS[day.month - 1]
            case "MMM":
                return _MONTHS[day.month - 1][:3]
            case "MM":
                return f"{day.month:02d}"
            case "M":
                return str(day.month)
            case "DD":
                return f"{day.day:02d}"
            case "D":
                return str(day.day)
            case other:
                raise DateProblem(f"{other}: a calendar date has no time to write")

    return _TOKEN.sub(token, format_)


def _regex(format_: str) -> str:
    pattern, end = "", 0
    for token in _TOKEN.finditer(format_):
        pattern += re.escape(format_[end : token.start()]) + _PATTERN[token.group()]
        end = token.end()
    return pattern + re.escape(format_[end:])


def _month(groups: dict[str, str | None]) -> int | None:
    for number, name in enumerate(_MONTHS, start=1):
        full, short = groups.get("month_name"), groups.get("month_short")
        if full and full.casefold() == name.casefold():
            return number
        if short and short.casefold() in (name[:3].casefold(), "sept" if number == 9 else ""):
            return number
    return None
