"""The example profile as parsed TOML, to change one thing in and see what is said of it."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

from portal_profiles import catalogue
from portal_profiles.profile import Profile
from portal_profiles.schema import ProfileError, parse

FILE = Path(catalogue.__file__).parent / "example_payer" / "profile.toml"
_DATA = tomllib.loads(FILE.read_text(encoding="utf-8"))


def example() -> dict[str, Any]:
    """A fresh copy of the example's data."""
    return copy.deepcopy(_DATA)


def example_profile() -> Profile:
    """The example, loaded."""
    return catalogue.load("example_payer")


def mistakes(data: dict[str, Any]) -> dict[str, str]:
    """What is wrong with the data: key -> remedy; empty when nothing is."""
    try:
        parse(data, FILE)
    except ProfileError as error:
        return {mistake.key: mistake.remedy for mistake in error.mistakes}
    return {}
