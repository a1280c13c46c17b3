"""The only door to the profiles: a folder with a profile.toml is a portal. Nothing is registered anywhere.

User folders, named in TALLYSTICK_PROFILES (separated like PATH), are added to the ones beside this file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from portal_profiles.profile import Profile
from portal_profiles.schema import Mistake, ProfileError, parse, unknown

FILE_NAME = "profile.toml"


class UnknownPortal(LookupError):
    """No folder of that name has a profile."""


def slugs(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Every portal's slug, sorted. Raises ProfileError when one slug is in two folders."""
    return sorted(_found(environ))


def load(slug: str, environ: Mapping[str, str] = os.environ) -> Profile:
    """The profile of this portal. Raises UnknownPortal, or ProfileError with every mistake in the file."""
    found = _found(environ)
    if slug not in found:
        raise UnknownPortal(f"portal {slug!r} {unknown(slug, sorted(found))}")
    profile = load_path(found[slug])
    if profile.slug != slug:
        remedy = f"{profile.slug!r} must be the folder's name, {slug!r}: rename one of them"
        raise ProfileError(found[slug], [Mistake("slug", remedy)])
    return profile


def name_of(slug: str, environ: Mapping[str, str] = os.environ) -> str:
    """The portal's own name; the slug when its folder is gone. Raises ProfileError for a mistaken profile."""
    return load(slug, environ).name if slug in slugs(environ) else slug


def load_path(path: Path) -> Profile:
    """The profile in this file or folder. Raises ProfileError when it is missing, unreadable or mistaken."""
    file = path / FILE_NAME if path.is_dir() else path
    try:
        stamp = file.stat().st_mtime_ns
    except OSError:
        raise ProfileError(
            file, [Mistake("(the file)", "is not there: name a profile.toml or its folder")]
        ) from None
    return _loaded(file.resolve(), stamp)


@cache
def _loaded(file: Path, _stamp: int) -> Profile:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(file, [Mistake("(the file)", f"is not TOML in UTF-8: {error}")]) from None
    return parse(data, file)


def _found(environ: Mapping[str, str]) -> dict[str, Path]:
    places = [Path(__file__).parent]
    places += [Path(place) for place in environ.get("TALLYSTICK_PROFILES", "").split(os.pathsep) if place]
    found: dict[str, Path] = {}
    for place in places:
        for file in sorted(place.glob(f"*/{FILE_NAME}")):
            slug = file.parent.name
            if slug in found:
                remedy = f"{slug!r} is also in {found[slug]}: rename one of the folders"
                raise ProfileError(file, [Mistake("slug", remedy)])
            found[slug] = file
    return found
