"""A saved page beside its profile, in a real browser: what fits, moved, is lost, or is not known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from automation.closing import close_page
from automation.inspecting import differences
from portal_profiles.catalogue import load
from portal_profiles.differences import Difference, State
from tests.automation.robot import Robot

pytestmark = pytest.mark.browser

PROFILE = load("example_payer")
PAGE = (PROFILE.folder / "pages" / "detail_approved.html").read_text(encoding="utf-8")

Diff = Callable[..., tuple[str | None, list[Difference]]]


@pytest.fixture
def diff(robot: Robot) -> Diff:
    async def look(html: str, name: str | None) -> tuple[str | None, list[Difference]]:
        page = await robot.browser.new_page()
        try:
            spec, found = await differences(page, PROFILE, html, name)
        finally:
            await close_page(page)
        return (spec.name if spec else None), [one for one in found if one.differs]

    return lambda html, name=None: robot.do(look(html, name))


def test_a_page_that_is_as_declared_has_no_difference(diff: Diff) -> None:
    assert diff(PAGE) == ("detail", [])


def test_a_label_that_changed_is_moved_and_the_new_one_is_named(diff: Diff) -> None:
    name, found = diff(PAGE.replace("<dt>Member ID</dt>", "<dt>Member ID number</dt>"))
    assert name == "detail"
    assert found == [Difference("field", "member_id", State.MOVED, ("Member ID number",))]


def test_a_required_value_without_anything_like_it_is_lost(diff: Diff) -> None:
    (one,) = diff(PAGE.replace("<dt>Patient</dt><dd>LINDQVIST, ADA M</dd>", ""))[1]
    assert (one.part, one.name, one.state) == ("field", "patient_name", State.LOST)


def test_a_column_that_changed_is_moved(diff: Diff) -> None:
    _, found = diff(PAGE.replace("<th>Modifiers</th>", "<th>Modifier</th>"))
    assert found == [Difference("cell", "lines.modifiers", State.MOVED, ("Modifier",))]


def test_a_sign_that_is_gone_is_lost_and_the_page_is_known_by_the_rest(diff: Diff) -> None:
    name, found = diff(PAGE.replace("Authorization detail</h1>", "Case</h1>"))
    assert name == "detail"
    assert [(one.part, one.state) for one in found] == [("sign", State.LOST)]


def test_a_status_word_that_is_not_known_is_said_verbatim(diff: Diff) -> None:
    _, found = diff(PAGE.replace("<dd>Approved</dd>", "<dd>Approved as written</dd>"))
    assert found == [Difference("word", "determination", State.UNKNOWN_WORD, said="Approved as written")]


def test_a_value_that_stands_twice_is_several(diff: Diff) -> None:
    twice = PAGE.replace("<dt>Plan</dt>", "<dt>Member ID</dt><dd>XYZ100200302</dd></div><div><dt>Plan</dt>")
    (one,) = diff(twice)[1]
    assert (one.name, one.state) == ("member_id", State.SEVERAL)


def test_what_must_not_stand_on_a_page_is_said(diff: Diff) -> None:
    html = (
        (PROFILE.folder / "pages" / "sign_in.html")
        .read_text()
        .replace("<form", "<p role=alert>No</p><form", 1)
    )
    _, found = diff(html, "sign_in")
    assert [(one.part, one.state) for one in found] == [("absent", State.STANDS_IN_THE_WAY)]


def test_a_page_that_is_none_is_said_to_be_none(diff: Diff) -> None:
    assert diff("<h1>Weather</h1>") == (None, [])
