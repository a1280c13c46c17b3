"""An edit changes one thing and leaves the rest byte for byte; what can't be edited so is refused."""

from __future__ import annotations

import difflib
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_profiles.toml_edit import EditRefused, set_value
from tests.portal_profiles.example import FILE

TEXT = FILE.read_text(encoding="utf-8")


def added(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))]


def test_a_new_field_is_one_more_line_after_its_tables_last() -> None:
    new = set_value(TEXT, ("pages", "confirmation", "fields", "plan"), {"beside": "Plan"})
    assert added(TEXT, new) == ['+plan = { beside = "Plan" }']
    assert 'number_kind = "tracking" }\nplan = { beside = "Plan" }\n\n# Pages that stop' in new


def test_a_field_that_is_there_is_replaced_in_its_place() -> None:
    new = set_value(TEXT, ("pages", "detail", "fields", "plan"), {"beside": "Product"})
    assert added(TEXT, new) == ['-plan = { beside = "Plan" }', '+plan = { beside = "Product" }']


def test_a_value_over_several_lines_is_replaced_whole() -> None:
    new = set_value(TEXT, ("pages", "sign_in", "steps"), [{"do": "wait", "page": "home"}])
    assert tomllib.loads(new)["pages"]["sign_in"]["steps"] == [{"do": "wait", "page": "home"}]
    assert len(TEXT.splitlines()) - len(new.splitlines()) == 4


def test_a_comment_behind_a_value_stays() -> None:
    new = set_value(TEXT, ("seen_live",), "2026-11-23")
    (_, line) = added(TEXT, new)
    assert line.startswith('+seen_live = "2026-11-23"')
    assert line.endswith("# the date on which a person last saw it agree with the live portal")


def test_a_cell_is_written_as_its_neighbours_are() -> None:
    new = set_value(TEXT, ("pages", "results", "rows", "items", "cells", "plan"), {"column": "Plan"})
    assert added(TEXT, new) == ['+cells.plan = { column = "Plan" }']


def test_a_new_page_is_put_at_the_end() -> None:
    new = set_value(TEXT, ("pages", "other", "kind"), "detail")
    assert new.startswith(TEXT)
    assert new.endswith('\n[pages.other]\nkind = "detail"\n')


def test_line_ends_of_the_file_are_kept() -> None:
    crlf = "[a]\r\nx = 1\r\n[b]\r\n"
    assert set_value(crlf, ("a", "y"), 2) == "[a]\r\nx = 1\r\ny = 2\r\n[b]\r\n"


@pytest.mark.parametrize("text", ["a = {x = 1}\n", "[[a]]\nx = 1\n"])
def test_what_can_t_be_edited_safely_is_refused_with_the_lines_to_write(text: str) -> None:
    with pytest.raises(EditRefused, match=r"(?s)by hand:\n\[a\]\ny = 2"):
        set_value(text, ("a", "y"), 2)


def test_a_header_in_a_text_is_no_header() -> None:
    text = 'note = """\n[a]\nx = 1\n"""\n[a]\nx = 2\n'
    new = set_value(text, ("a", "y"), 3) if _editable(text) else None
    assert new is None or tomllib.loads(new) == {"note": "[a]\nx = 1\n", "a": {"x": 2, "y": 3}}


def _editable(text: str) -> bool:
    try:
        set_value(text, ("a", "y"), 3)
    except EditRefused:
        return False
    return True


NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable())
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.text(max_size=12) | st.booleans() | st.integers(-(2**40), 2**40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(NAMES, VALUES)
def test_any_value_is_read_back_as_it_was_written(name: str, value: Any) -> None:
    new = set_value("[a]\nx = 1\n\n[b]\n", ("a", name), value)
    assert tomllib.loads(new)["a"][name] == value
