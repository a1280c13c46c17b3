"""A list of which only the rows in view are in the page says where it is scrolled."""

from __future__ import annotations

from portal_profiles.profile import Locator
from portal_profiles.schema import parse
from tests.portal_profiles.example import FILE, example, mistakes

BOX = {"id": "request-rows"}


def test_a_result_list_names_the_box_that_is_scrolled() -> None:
    data = example()
    data["pages"]["results"]["rows"]["items"]["scroll"] = BOX
    assert parse(data, FILE).pages["results"].rows["items"].scroll == Locator("id", "request-rows")


def test_a_list_that_is_whole_names_none() -> None:
    assert parse(example(), FILE).pages["results"].rows["items"].scroll is None


def test_only_the_rows_of_a_result_list_are_scrolled() -> None:
    data = example()
    data["pages"]["detail"]["rows"]["lines"]["scroll"] = BOX
    assert "result list only" in mistakes(data)["pages.detail.rows.lines.scroll"]
