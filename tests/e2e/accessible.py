"""Whether people with other eyes and hands can use a page: axe-core (WCAG 2.2), zoom, colours, motion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "extension" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: Widths and heights in CSS pixels; ZOOMED is a desk's window of 1,280 at 400 % (WCAG 1.4.10).
PHONE, ZOOMED, DESK = (390, 844), (320, 640), (1280, 900)


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA, as rule, place and what is wrong."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("(rules) => axe.run(document, { runOnly: rules })", RULES)
    return [
        f"{broken['id']} at {node['target']}: {node['failureSummary']}"
        for broken in found["violations"]
        for node in broken["nodes"]
    ]


def check_rules(page: Page, where: str) -> None:
    """Fails with everything that is found, and in which colours or size."""
    if found := violations(page):
        pytest.fail(f"{where}: " + "\n".join(found))


def sideways(page: Page, size: tuple[int, int]) -> str:
    """What reaches beyond the window at this size; empty when the page does not scroll sideways."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    wide = page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth")
    if wide <= 0:
        return ""
    places = """() => [...document.querySelectorAll('body *')]
        .filter((part) => part.getBoundingClientRect().right > innerWidth)
        .map((part) => part.tagName + '.' + part.className)"""
    return f"{wide} px: {page.evaluate(places)}"


def check_looks(page: Page) -> None:
    """Accessible in both colour schemes and in forced colours, nothing to scroll sideways for, and nothing
    that moves for those who asked for stillness; all folded parts open."""
    page.evaluate("() => document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        check_rules(page, scheme)
    page.emulate_media(forced_colors="active")
    check_rules(page, "forced colours")
    page.emulate_media(forced_colors="none")
    assert page.evaluate("() => document.getAnimations().length") == 0
    assert sideways(page, PHONE) == ""
    assert sideways(page, ZOOMED) == ""
    check_rules(page, "zoomed")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
