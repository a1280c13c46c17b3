"""A portal of which nothing public shows a page: its profile names it, says why, and reads nothing."""

from __future__ import annotations

from typing import Any

import pytest

from portal_profiles.schema import parse
from tests.portal_profiles.example import FILE, example, mistakes

REASON = "Nothing public shows its pages."


def undescribed() -> dict[str, Any]:
    """The example as far as it can be declared without a page."""
    kept = ("slug", "name", "version", "summary", "fictional", "hosts", "terms")
    return {key: value for key, value in example().items() if key in kept} | {
        "unattended": False,
        "attended_because": REASON,
    }


def test_a_profile_may_name_a_portal_without_describing_it() -> None:
    profile = parse(undescribed(), FILE)
    assert (profile.pages, profile.search, profile.results, profile.words) == ({}, (), None, {})
    assert profile.reading_part()["pages"] == {}
    assert profile.needs_person == f"This portal needs a person at the screen. {REASON}"


def test_without_pages_the_reason_is_needed() -> None:
    data = undescribed()
    del data["attended_because"]
    assert "say why" in mistakes(data)["attended_because"]


def test_without_pages_nothing_runs_unattended() -> None:
    data = undescribed() | {"unattended": True}
    del data["attended_because"]
    assert "must be false" in mistakes(data)["unattended"]


@pytest.mark.parametrize("part", ["sign_in", "search", "letter", "words"])
def test_what_is_of_no_use_without_pages_is_refused(part: str) -> None:
    assert "no page is declared" in mistakes(undescribed() | {part: example()[part]})[part]


def test_a_reason_beside_unattended_is_refused() -> None:
    data = example() | {"attended_because": REASON}
    assert data["unattended"] is True
    assert "unattended = false only" in mistakes(data)["attended_because"]


def test_with_pages_a_person_may_still_be_needed() -> None:
    profile = parse(example() | {"unattended": False, "attended_because": REASON}, FILE)
    assert profile.pages
    assert profile.needs_person.endswith(REASON)


def test_a_profile_that_runs_unattended_needs_nobody() -> None:
    assert parse(example(), FILE).needs_person == ""


def test_with_pages_the_sign_in_is_needed() -> None:
    data = example()
    del data["sign_in"]
    assert mistakes(data)["sign_in"] == "is missing: add it"
