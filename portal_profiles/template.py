"""The `{member_id}` and `{birth_date:MM/DD/YYYY}` of steps: checked when loaded, filled when run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from portal_profiles.calendar_dates import DateProblem, check_format, write_date
from portal_profiles.query import DATE_FIELDS, QUERY_FIELDS

#: What the account gives; the rest of the names are the query's.
ACCOUNT_FIELDS = ("username", "password", "code", "organization")
NAMES = (*ACCOUNT_FIELDS, *(name for name in QUERY_FIELDS if name not in ("id", "procedure_codes")))

_SLOT = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")


class TemplateError(ValueError):
    """A template that can't be filled; the message is the remedy."""


def slots(template: str) -> tuple[str, ...]:
    """The names the template asks for. Raises TemplateError on an unknown name or a wrong date format."""
    names = []
    for name, format_ in _SLOT.findall(template):
        if name not in NAMES:
            raise TemplateError(f"{{{name}}} is unknown; the names are {', '.join(NAMES)}")
        if name in DATE_FIELDS:
            try:
                check_format(format_)
            except DateProblem as problem:
                raise TemplateError(
                    f"{{{name}}} needs a date format ({problem}): {{{name}:MM/DD/YYYY}}"
                ) from None
        elif format_:
            raise TemplateError(f"{{{name}}} is not a date: drop the format after the colon")
        names.append(name)
    if re.search(r"[{}]", _SLOT.sub("", template)):
        raise TemplateError("a brace is open: write {name} or {date_name:MM/DD/YYYY}")
    return tuple(names)


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with each name replaced by its value. Raises TemplateError naming the missing one, never a
    value.
    """

    def value(found: re.Match[str]) -> str:
        name, format_ = found.groups()
        known = values.get(name)
        if known is None or known == "":
            raise TemplateError(f"{{{name}}} is asked for by the profile and not known for this one")
        return write_date(known, format_) if isinstance(known, date) else str(known)

    slots(template)
    return _SLOT.sub(value, template)
