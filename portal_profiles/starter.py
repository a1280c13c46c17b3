"""A first profile to edit: the example's shape, with the rules that make a new portal safe set already."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from portal_profiles.catalogue import FILE_NAME, load_path

_EXAMPLE = Path(__file__).parent / "example_payer"

NOTES = """# {title}

What is documented about this portal (with its source), and what must be confirmed on the live one.

## Documented

- (what, and where it says so)

## Unconfirmed

- Everything in profile.toml, until `tallystick profile verify {slug}` has ticked it.
"""


class StarterError(ValueError):
    """A starter that can't be written; the message says what to do."""


def write_starter(slug: str, folder: Path, today: date) -> Path:
    """Writes `folder`/`slug` with profile.toml, NOTES.md and pages/; gives the profile's path.

    Raises StarterError when the slug is none or the folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise StarterError(f"{slug!r} is no slug: use small letters, digits and _, starting with a letter.")
    home = folder / slug
    if home.exists():
        raise StarterError(f"{home} is there already: choose another slug, or edit that one.")
    (home / "pages").mkdir(parents=True)
    profile = home / FILE_NAME
    profile.write_text(starter(slug, today), encoding="utf-8")
    (home / "NOTES.md").write_text(NOTES.format(title=_title(slug), slug=slug), encoding="utf-8")
    load_path(profile)
    return profile


def starter(slug: str, today: date) -> str:
    """The text of a new portal's profile.toml."""
    text = (_EXAMPLE / FILE_NAME).read_text(encoding="utf-8")
    host = slug.replace("_", "-")
    for old, new in (
        (_head(text), HEAD),
        ('slug = "example_payer"', f'slug = "{slug}"'),
        ('name = "Example Health"', f'name = "{_title(slug)}"'),
        (_line(text, "version"), f'version = "{today.year}.{today.month}.1"'),
        (_line(text, "summary"), 'summary = "A new portal: say here in one sentence what it shows."'),
        ("fictional = true", "fictional = false"),
        ("unattended = true ", "unattended = false"),
        (_terms(text), TERMS),
        (
            'allowed_posts = ["/status"]          # here the',
            'allowed_posts = []                   # as in ["/status"], where the',
        ),
        ("[0.0, 0.0]  # a real portal: [4, 12]", "[4, 12]"),
        ("portal.example-health.example", f"portal.{host}.example"),
        ("signin.example-health.example", f"signin.{host}.example"),
    ):
        if old not in text:
            raise StarterError(f"The example profile no longer says {old!r}: correct starter.py.")
        text = text.replace(old, new)
    return text


HEAD = """\
# A portal's profile. It starts as a copy of the fictional example: replace what is not so on your portal, and
# drop the pages, fields and words that it does not have. `tallystick profile record URL` finds locators by
# clicking; `profile diff` says what of this file a page does not bear out; `profile validate` checks it.
# Hosts, terms and all the rest are invented until you say where they are documented.
"""

TERMS = """\
[terms]
automation = "unknown"               # or "permitted" or "forbidden", with text and source
text = ""
source = ""
"""


def _head(text: str) -> str:
    """The example's first comment, up to its first empty comment line."""
    return text[: text.index("\n#\n") + 1]


def _line(text: str, key: str) -> str:
    found = re.search(rf'^{key} = "[^"]*"', text, re.MULTILINE)
    return found.group() if found else f"{key} ="


def _terms(text: str) -> str:
    found = re.search(r"^\[terms\]\n(?:\w.*\n)+", text, re.MULTILINE)
    return found.group() if found else "[terms]"


def _title(slug: str) -> str:
    return slug.replace("_", " ").title()
