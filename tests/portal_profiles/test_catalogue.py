"""A folder with a profile.toml is a portal; user folders are added; nothing is registered."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from portal_profiles import catalogue
from portal_profiles.catalogue import UnknownPortal, load, load_path, slugs
from portal_profiles.schema import ProfileError
from tests.portal_profiles.example import FILE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with one portal of their own, copied from the example and renamed."""
    own = tmp_path / "riverbend_payer"
    own.mkdir()
    text = FILE.read_text(encoding="utf-8").replace('slug = "example_payer"', 'slug = "riverbend_payer"')
    (own / "profile.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_every_folder_with_a_profile_is_a_portal_and_loads() -> None:
    ours = Path(catalogue.__file__).parent
    assert slugs({}) == sorted(file.parent.name for file in ours.glob("*/profile.toml"))
    assert [load(slug, {}).slug for slug in slugs({})] == slugs({})


def test_a_users_folder_is_added(folder: Path) -> None:
    environ = {"TALLYSTICK_PROFILES": os.pathsep.join(["", str(folder)])}
    assert "riverbend_payer" in slugs(environ)
    assert "example_payer" in slugs(environ)
    assert load("riverbend_payer", environ).folder == folder / "riverbend_payer"


def test_one_slug_in_two_folders_is_refused(folder: Path) -> None:
    shutil.copytree(FILE.parent, folder / "example_payer", ignore=shutil.ignore_patterns("pages", "sandbox"))
    with pytest.raises(ProfileError, match="rename one of the folders"):
        slugs({"TALLYSTICK_PROFILES": str(folder)})


def test_a_slug_that_is_not_the_folders_name_is_refused(folder: Path) -> None:
    (folder / "riverbend_payer").rename(folder / "other_payer")
    with pytest.raises(ProfileError, match="must be the folder's name"):
        load("other_payer", {"TALLYSTICK_PROFILES": str(folder)})


def test_an_unknown_portal_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownPortal, match="did you mean example_payer"):
        load("exampel_payer", {})


def test_a_profile_is_loaded_by_its_file_or_its_folder(folder: Path) -> None:
    own = folder / "riverbend_payer"
    assert load_path(own) == load_path(own / "profile.toml")


def test_a_changed_file_is_read_again(folder: Path) -> None:
    file = folder / "riverbend_payer" / "profile.toml"
    before = load_path(file)
    file.write_text(file.read_text(encoding="utf-8").replace("2026.11.1", "2026.11.2"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert (before.version, load_path(file).version) == ("2026.11.1", "2026.11.2")


@pytest.mark.parametrize(
    ("content", "remedy"), [(None, "is not there"), (b"slug = ", "is not TOML"), (b"\xff", "UTF-8")]
)
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None, remedy: str) -> None:
    file = tmp_path / "profile.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ProfileError, match=remedy):
        load_path(file)
