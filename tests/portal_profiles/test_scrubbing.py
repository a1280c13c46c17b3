"""A scrubbed page has its structure and the profile's words, and nothing of what the portal said."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal_profiles import catalogue
from portal_profiles.cast import CAST, DIAGNOSIS_CODES, NAMES, NPIS, PROCEDURE_CODES
from portal_profiles.identity import identifier_key
from portal_profiles.markup import PLAIN, PSEUDO, STANDARD, STYLE_WORDS, STYLES, TAGS, WIRING
from portal_profiles.reading import Reading
from portal_profiles.scrubbing import MARK, known_texts, scrub
from portal_profiles.stand_in_texts import TOKEN
from tests.portal_profiles.example import example_profile

PROFILE = example_profile()
TREE = Path(catalogue.__file__).parents[1]
PAGES = [
    (slug, page)
    for slug in catalogue.slugs({})
    for page in sorted((catalogue.load(slug, {}).folder / "pages").glob("*.html"))
]
IDS = [f"{slug}-{page.stem}" for slug, page in PAGES]

#: What may stand on a scrubbed page by its own right: the profile's words, the cast's, the standards'.
ALLOWED = {
    token.casefold()
    for text in (
        *known_texts(PROFILE), *NAMES, *NPIS, *PROCEDURE_CODES, *DIAGNOSIS_CODES, *TAGS, *PLAIN, *STANDARD,
        *STYLES, *STYLE_WORDS, *PSEUDO, *WIRING, MARK, "xyz html doctype head body span style script",
        *(str(person.born.year) for person in CAST), "9999",
        *re.findall(r'(?:css|id|test_id) = "([^"]*)"', (PROFILE.folder / "profile.toml").read_text()),
    )
    for token in TOKEN.findall(text)
}  # fmt: skip


def told(text: str) -> set[str]:
    """The tokens of a text that could tell of somebody: long enough, and nobody's who may be named."""
    return {token.casefold() for token in TOKEN.findall(text) if len(token) > 3} - ALLOWED


def of_cast(token: str) -> bool:
    """Whether a token has its shape and digits from the cast by chance."""
    digits = re.sub(r"\D", "", token)
    return bool(digits) and any(p.member_id.removeprefix("XYZ").endswith(digits) for p in CAST)


def scrubbed_body(markup: str) -> str:
    page = scrub(f"<!doctype html><html><head></head><body>{markup}</body></html>", PROFILE)
    return page.split("<body>")[1].split("</body>")[0]


SAID = st.text(max_size=60) | st.from_regex(
    r"(Mr\.? )?[A-Z][a-z]{3,9}(, | )[A-Z][a-z]{3,9}( [A-Z]\.)?|[A-Z]{1,3}[0-9]{6,10}|"
    r"[01]?[0-9]/[0-3]?[0-9]/(19|20)[0-9]{2}|(March|Apr|May) [0-9]{1,2}, (19|20)[0-9]{2}",
    fullmatch=True,
)


@settings(deadline=None)
@given(SAID, SAID)
def test_no_token_of_what_was_said_survives_in_any_place(one: str, other: str) -> None:
    texts = [escape(one), escape(other)]
    page = (
        '<html lang="{0}"><head><title>{0}</title><meta name="x" content="{1}"><style>.{0} {{ left: {1}; }} '
        '[title="{0}"] {{ display: none }} /* {1} */</style><script>var a = "{0}"</script></head><body>'
        '<h1 id="{0}" class="{1} row-{1}" data-name="{0}" data-testid="p-{1}">{0}</h1><!-- {1} -->'
        '<p title="{1}" role="{0}" style="width: {0}">{0}: {1}</p><a href="/{0}?q={1}" onclick="{1}">{1}</a>'
        '<input type="{1}" value="{0}" placeholder="{1}" aria-label="{0}" name="{1}">'
        '<img alt="{0}" src="{1}">'
        '<select><option value="{0}">{1}</option></select><textarea>{0}</textarea>'
        "<svg><title>{1}</title></svg>"
        '<my-element data-x="{0}">{1}</my-element><td colspan="{1}">{0}</td><noscript>{0}</noscript>'
    ).format(*texts)
    words = {token.casefold() for token in TOKEN.findall(scrub(page, PROFILE))}
    left = {token for token in words & (told(one) | told(other)) if not of_cast(token)}
    assert not left


@settings(deadline=None)
@given(st.lists(SAID, max_size=4))
@example(["A,\x08A"])
def test_what_was_scrubbed_once_stays_as_it_is(texts: list[str]) -> None:
    once = scrub("".join(f"<p title='{escape(text)}'>{escape(text)}</p>" for text in texts), PROFILE)
    assert scrub(once, PROFILE) == once


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_scrubbed_as_a_page(html: str) -> None:
    assert MARK in scrub(html, PROFILE)


def test_what_the_profile_knows_stays() -> None:
    markup = '<dl><dt>Member ID:</dt><dd id="results">In  review</dd></dl><p>Status: Approved</p>'
    assert scrubbed_body(markup) == markup


def test_a_label_written_in_pieces_stays() -> None:
    assert scrubbed_body("<dt><b>Member</b> ID</dt>") == "<dt><b>Member</b> ID</dt>"


def test_the_same_person_is_the_same_person_everywhere() -> None:
    body = scrubbed_body("<td>Smithson, Peter</td><td>SMITHSON, PETER Q</td>" + "<td>W12345678</td>" * 2)
    cells = re.findall("<td>(.*?)</td>", body)
    assert cells[2] == cells[3] == "X00200301"
    assert {cells[0], cells[1]} <= {
        text for p in CAST for text in (f"{p.last}, {p.first}", f"{p.last.upper()}, {p.first.upper()} M")
    }


@pytest.mark.parametrize(
    ("said", "shape"),
    [
        ("02/03/1944", r"\d\d/\d\d/\d{4}"),
        ("2/3/1944", r"\d{1,2}/\d{1,2}/\d{4}"),
        ("1944-02-03", r"\d{4}-\d\d-\d\d"),
        ("Feb 3, 1944", r"[A-Z][a-z]{2} \d{1,2}, \d{4}"),
        ("3 February 1944", r"\d{1,2} [A-Z][a-z]{3,} \d{4}"),
    ],
)
def test_a_date_becomes_a_birth_date_of_the_cast_in_its_own_writing(said: str, shape: str) -> None:
    body = scrubbed_body(f"<p>{said}</p>").removeprefix("<p>").removesuffix("</p>")
    assert re.fullmatch(shape, body)
    assert any(str(p.born.year) in body for p in CAST)


DAYS = st.dates(min_value=date(1920, 1, 1), max_value=date(2039, 12, 31))


@settings(deadline=None)
@given(st.lists(st.tuples(DAYS, st.sampled_from(["%m/%d/%Y", "%Y-%m-%d", "%b %d, %Y", "%m/%d/%y"]))))
def test_dates_of_one_page_keep_their_order_however_each_is_written(said: list[tuple[date, str]]) -> None:
    said = [(day, "%m/%d/%Y" if day.year < 1940 else how) for day, how in said]
    markup = "".join(f"<p>{day.strftime(how)}</p>" for day, how in said)
    written = re.findall("<p>(.*?)</p>", scrubbed_body(markup))
    stand = [
        datetime.strptime(text, how).date()  # noqa: DTZ007 (a calendar date has no zone)
        for text, (_, how) in zip(written, said, strict=True)
    ]
    stand = [day.replace(year=day.year - 100) if day.year > 2039 else day for day in stand]
    born = {person.born for person in CAST}
    assert set(stand) <= born
    real = [(day, one) for (day, _), one in zip(said, stand, strict=True) if day not in born]
    assert sorted(one for _, one in real) == [one for _, one in sorted(real)]
    assert all(one == other for day, one in real for same, other in real if day == same)
    if len({day for day, _ in real}) <= len(born - {day for day, _ in said}):
        assert len({one for _, one in real}) == len({day for day, _ in real})


def test_links_and_programs_lead_nowhere() -> None:
    body = scrubbed_body(
        '<a href="https://x.example/p/1">Search</a><script src="a.js">go()</script><img src="p.png">'
    )
    assert body == '<a href="#">Search</a><img>'


def test_hidden_things_stay_hidden_though_somebody_said_none() -> None:
    page = scrub(
        "<style>#results .a { display: none }</style><p class=a style='display:none'>None</p>", PROFILE
    )
    assert "{ display: none }" in page
    assert 'style="display: none"' in page


def test_an_id_that_names_somebody_gets_another_name_wherever_it_is_used() -> None:
    body = scrubbed_body('<label for="of-Smithson">Member ID</label><input id="of-Smithson"><p>Smithson</p>')
    (wired,) = set(re.findall(r'(?:for|id)="([^"]*)"', body))
    assert "smithson" not in body.casefold()
    assert wired.startswith("of-")


# ---- the whole repository's saved pages ----


@pytest.mark.parametrize(("slug", "page"), PAGES, ids=IDS)
def test_a_page_that_says_it_is_scrubbed_is(slug: str, page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    if MARK in html:
        assert scrub(html, catalogue.load(slug, {})) == html


def strangers(html: str) -> set[str]:
    """Member numbers and names, written last name first, that are nobody's of the cast."""
    known = {p.member_id for p in CAST}
    found = {number for number in re.findall(r"\b[A-Z]{3}\d{9}\b", html) if number not in known}
    names = {name.casefold() for name in NAMES}
    for last, first in re.findall(r">\s*([A-Z][A-Za-z'’-]+), ([A-Z][A-Za-z'’-]+)(?: [A-Z]\.?)?\s*<", html):
        if {last.casefold(), first.casefold()} - names:
            found.add(f"{last}, {first}")
    return found


@pytest.mark.parametrize(("slug", "page"), PAGES, ids=IDS)
def test_a_saved_page_names_nobody_but_the_cast(slug: str, page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert strangers(html) == set()
    if MARK in html or not page.with_suffix(".json").exists():
        # Its numbers have the shape of the portal's own; they are held to the cast above.
        return
    golden = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["reading"]
    reading = Reading.from_json({**golden, "profile_version": "1"})
    if reading.member_id is not None:
        assert identifier_key(reading.member_id) in {p.member_id for p in CAST}
    for name, known in (
        (reading.last_name, {p.last.casefold() for p in CAST}),
        (reading.first_name, {p.first.casefold() for p in CAST}),
    ):
        assert name is None or name.casefold().split()[0] in known
    assert reading.birth_date is None or reading.birth_date in {p.born for p in CAST}


def test_a_stranger_on_a_page_is_noticed() -> None:
    assert strangers("<td>XYZ100200399</td><td>Smithson, Peter</td>") == {"XYZ100200399", "Smithson, Peter"}
