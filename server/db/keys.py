"""The normalised forms under which records are looked up. They find candidates; they decide nothing."""

from __future__ import annotations

from datetime import date

from server.matching.compare import name_key

LONGEST_PREFIX = 3


def person_key(last_name: str | None) -> str | None:
    """The last name as `compare.name_key` folds it; None where nothing is left.

    With the birth date it finds a person whose member ID was mistyped. The first name is left out on purpose:
    short forms of it would hide the record.
    """
    return name_key(last_name)[:120] or None


def without_prefix(member_key: str) -> str | None:
    """A member key without three leading letters, which some payers' cards carry and their portals drop.

    None where the key does not begin so. Source: domain facts, section 5 (member ID), graded as general
    knowledge: so it only widens the look-up, and a payer rule decides whether the two IDs agree.
    """
    prefix, rest = member_key[:LONGEST_PREFIX], member_key[LONGEST_PREFIX:]
    return rest if rest and prefix.isalpha() else None


def birth_dates_like(birth_date: date) -> tuple[date, ...]:
    """The date itself, and the same with day and month swapped where that is another date."""
    if birth_date.day > 12 or birth_date.day == birth_date.month:
        return (birth_date,)
    return (birth_date, birth_date.replace(month=birth_date.day, day=birth_date.month))
