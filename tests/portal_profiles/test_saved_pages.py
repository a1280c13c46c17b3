"""Every saved page of every profile, read by the built reader in a real browser, gives its golden reading.

The pages are found by listing: a new portal's are tested by being there. A golden that is missing is
written and the test fails once, so that a person reads it before it counts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portal_profiles.catalogue import load, slugs
from portal_profiles.interpret import interpret, page_service
from portal_profiles.profile import PageKind
from portal_profiles.reading import Reading
from tests.portal_profiles.conftest import ReadPage

#: Portals of which a page is declared; of the others nothing is read, and their profile must say why.
DESCRIBED = [slug for slug in slugs() if load(slug).pages]
PAGES = [(slug, page) for slug in slugs() for page in sorted((load(slug).folder / "pages").glob("*.html"))]

#: Kinds of which every profile must have a saved page: without them nothing is known of how it is read.
NEEDED = (PageKind.DETAIL, PageKind.SIGN_IN)


@pytest.mark.browser
@pytest.mark.parametrize(("slug", "page"), PAGES, ids=[f"{slug}-{page.stem}" for slug, page in PAGES])
def test_a_saved_page_gives_its_golden_reading(slug: str, page: Path, in_reader: ReadPage) -> None:
    profile = load(slug)
    text = in_reader(
        page.name,
        page.read_text(encoding="utf-8"),
        "part => TallystickReader.read(document, part)",
        profile.reading_part(),
    )
    given: dict[str, Any] = {"page_text": text, "reading": interpret(profile, text).to_json()}
    for versioned in (given["page_text"], given["reading"]):
        versioned.pop("version", None)
        versioned.pop("profile_version", None)
    if text["page"] is not None and profile.pages[text["page"]].kind is PageKind.REQUEST_FORM:
        given["service"] = page_service(profile, text)

    golden = page.with_suffix(".json")
    if not golden.exists():
        golden.write_text(json.dumps(given, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        pytest.fail(f"{golden.name} was missing and is written: read it, correct the profile or keep it")
    assert given == json.loads(golden.read_text(encoding="utf-8"))


@pytest.mark.parametrize("slug", [slug for slug in slugs() if slug not in DESCRIBED])
def test_a_profile_without_pages_says_why_and_has_nothing_that_could_be_read(slug: str) -> None:
    profile = load(slug)
    assert not profile.unattended
    assert profile.attended_because
    assert not (profile.folder / "pages").exists()
    assert not (profile.folder / "sandbox").exists()


@pytest.mark.parametrize("slug", DESCRIBED)
def test_a_profile_has_saved_pages_with_their_goldens(slug: str) -> None:
    profile = load(slug)
    pages = {page.stem for page in (profile.folder / "pages").glob("*.html")}
    goldens = {golden.stem for golden in (profile.folder / "pages").glob("*.json")}
    assert pages, f"{slug} has no saved page: nothing shows how it is read"
    assert goldens == pages


@pytest.mark.parametrize("slug", DESCRIBED)
def test_a_profile_has_a_saved_page_of_each_kind_that_decides_something(slug: str) -> None:
    profile = load(slug)
    kinds = set()
    for golden in (profile.folder / "pages").glob("*.json"):
        name = json.loads(golden.read_text(encoding="utf-8"))["page_text"]["page"]
        if name is not None:
            kinds.add(profile.pages[name].kind)
    assert set(NEEDED) <= kinds


@pytest.mark.parametrize("slug", DESCRIBED)
def test_a_golden_reading_survives_being_written_and_read(slug: str) -> None:
    for golden in (load(slug).folder / "pages").glob("*.json"):
        written = {**json.loads(golden.read_text(encoding="utf-8"))["reading"], "profile_version": "1"}
        assert Reading.from_json(written).to_json() == written
