"""A new profile starts as a usable copy of the example, with nothing claimed about the new portal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from portal_profiles import catalogue
from portal_profiles.starter import StarterError, write_starter

TODAY = date(2026, 11, 23)


def test_a_starter_is_found_and_loads_under_its_slug(tmp_path: Path) -> None:
    write_starter("blue_meridian", tmp_path, TODAY)
    profile = catalogue.load("blue_meridian", {"TALLYSTICK_PROFILES": str(tmp_path)})
    assert profile.name == "Blue Meridian"
    assert profile.version == "2026.11.1"
    assert (profile.folder / "NOTES.md").read_text().startswith("# Blue Meridian\n")


def test_a_starter_may_not_run_unattended_and_claims_nothing(tmp_path: Path) -> None:
    profile = catalogue.load_path(write_starter("blue_meridian", tmp_path, TODAY))
    assert not profile.unattended
    assert not profile.fictional
    assert profile.seen_live is None
    assert profile.terms.automation == "unknown"
    assert not profile.network.allowed_posts
    assert list(profile.pace.between_checks_seconds) == [4.0, 12.0]
    assert {host.source for host in profile.hosts} == {"invented"}


def test_a_starter_has_the_pages_and_the_comments_of_the_example(tmp_path: Path) -> None:
    path = write_starter("blue_meridian", tmp_path, TODAY)
    assert set(catalogue.load_path(path).pages) == set(catalogue.load("example_payer", {}).pages)
    assert "# Locators: an inline table with exactly one way to an element" in path.read_text()
    assert "example_payer" not in path.read_text()


@pytest.mark.parametrize("slug", ["", "Blue", "blue-meridian", "../x", "1st"])
def test_what_is_no_slug_is_refused(slug: str, tmp_path: Path) -> None:
    with pytest.raises(StarterError, match="is no slug"):
        write_starter(slug, tmp_path, TODAY)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "blue").mkdir()
    with pytest.raises(StarterError, match="is there already"):
        write_starter("blue", tmp_path, TODAY)
    assert list((tmp_path / "blue").iterdir()) == []
