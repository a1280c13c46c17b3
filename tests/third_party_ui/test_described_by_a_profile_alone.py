"""Portals made of other people's components, each described by a folder under tests/profiles alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from automation.closing import close_page
from automation.inspecting import open_saved
from portal_profiles import catalogue
from portal_profiles.interpret import interpret
from portal_profiles.reader import reader_script
from portal_profiles.scrubbing import scrub
from portal_profiles.vocabulary import Determination
from server.cli.profile import command
from tests.automation.robot import Robot
from tests.third_party_ui.portal import serving

pytestmark = pytest.mark.browser

PROFILES = Path(__file__).parents[1] / "profiles"

GRANITE = "<!doctype html><title>Cases</title><div id=root></div><script src=/dist/mui.js></script>"
SLATE = """<!doctype html><title>Requests</title><style>.select2-hidden-accessible { position: absolute;
width: 1px; height: 1px; overflow: hidden; clip: rect(0 0 0 0) }</style>
<div id=search><h1>Find requests</h1>
<select id=product><option>Medical</option><option>Dental</option></select>
<label>Number <input id=number></label> <button id=look>Find</button>
<p id=none style="display: none">Nothing matches</p>
<div id=list style="display: none"><table id=requests></table></div></div>
<div id=detail style="display: none"><h1>Request</h1><table id=values></table></div>
<script src=/dist/tables.js></script>"""
PAGES = {"granite_ui": GRANITE, "slate_ui": SLATE}


@pytest.fixture(params=sorted(PAGES))
def portal(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A portal's slug and the address at which it is served."""
    with serving(PAGES[request.param]) as url:
        yield request.param, url


def outcomes(slug: str, url: str, tmp_path: Path, queries: list[dict[str, str]]) -> list[dict[str, Any]]:
    (tmp_path / "q.json").write_text(json.dumps(queries))
    (tmp_path / "c.json").write_text('{"username": "riverbend.robot", "password": "secret"}')
    arguments = [
        "run", str(PROFILES / slug), "--queries", str(tmp_path / "q.json"), "--credentials",
        str(tmp_path / "c.json"), "--out", str(tmp_path / "out.jsonl"), "--base-url", url,
    ]  # fmt: skip
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert result.exception is None, result.output
    return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]


ADA = {"member_id": "XYZ100200301", "birth_date": "1961-03-12", "last_name": "Lindqvist", "first_name": "Ada"}
BRUNO = {
    "member_id": "XYZ100200302",
    "birth_date": "1978-11-05",
    "last_name": "Okafor",
    "first_name": "Bruno",
}


def test_the_robot_reads_it_by_its_profile_alone(portal: tuple[str, str], tmp_path: Path) -> None:
    slug, url = portal
    queries = [
        {"id": "1", "reference_number": "C-70411", **ADA},
        {"id": "2", "reference_number": "C-70412", **BRUNO},
        {"id": "3", "reference_number": "C-70499", **ADA},
    ]
    one, other, none = outcomes(slug, url, tmp_path, queries)
    assert (one["kind"], other["kind"], none["kind"]) == ("read", "read", "not_found")
    assert one["reading"]["determination"] == "approved"
    assert one["reading"]["effective"] == "2026-11-02"
    assert one["reading"]["expiry"] == "2026-12-18"
    assert other["reading"]["determination"] == "pended"


def test_another_persons_case_is_not_read(portal: tuple[str, str], tmp_path: Path) -> None:
    slug, url = portal
    (one,) = outcomes(slug, url, tmp_path, [{"id": "1", "reference_number": "C-70412", **ADA}])
    assert one["kind"] == "wrong_patient"
    assert one["reading"] is None


@pytest.mark.parametrize("slug", sorted(PAGES))
def test_a_folder_of_ones_own_is_a_portal(slug: str) -> None:
    environ = {"TALLYSTICK_PROFILES": str(PROFILES)}
    assert slug in catalogue.slugs(environ)
    assert catalogue.load(slug, environ).slug == slug


SAVED = sorted(PROFILES.glob("*/pages/*.html"))


@pytest.mark.parametrize("page", SAVED, ids=[f"{page.parents[1].name}-{page.stem}" for page in SAVED])
def test_a_page_that_was_saved_of_it_reads_as_it_did(page: Path, robot: Robot) -> None:
    profile = catalogue.load_path(page.parents[1])
    html = page.read_text(encoding="utf-8")
    assert scrub(html, profile) == html

    async def read() -> Any:
        tab = await robot.browser.new_page()
        try:
            await open_saved(tab, html)
            await tab.evaluate(reader_script())
            return await tab.evaluate("part => TallystickReader.read(document, part)", profile.reading_part())
        finally:
            await close_page(tab)

    reading = interpret(profile, robot.do(read()))
    assert reading.page == page.stem
    assert reading.problems == ()
    if page.stem == "detail":
        assert reading.determination is Determination.APPROVED
        assert reading.member_id == "XYZ100200301"


def test_both_portals_have_saved_pages_of_their_lists_and_records() -> None:
    names = {f"{page.parents[1].name}/{page.stem}" for page in SAVED}
    assert names >= {f"{slug}/{kind}" for slug in PAGES for kind in ("search", "results", "detail")}
