"""Every portal's request form, field by field and fault by fault: what is marked, and what is left alone.

The table is data: portal_profiles/<portal>/sandbox/form_cases.toml. Real Chromium, the built extension, the
real server. Precision and recall, counted in fields, are printed at the end of the run (conftest.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from automation import sandbox
from tests.e2e.extension_browser import ExtensionBrowser, Eyes, ended_after, extension_browser
from tests.e2e.form_cases import Form, Table, sign_in_by_session, with_request_forms
from tests.e2e.real_clinic import RealClinic, real_clinic

SLUGS = with_request_forms()
Remember = Callable[[str, object], None]


def test_the_table_has_sixty_cases_at_every_request_form_and_a_third_of_them_are_clean() -> None:
    tables = [Table.of(slug) for slug in SLUGS]
    cases = [case for table in tables for case in table.cases]
    assert len(cases) >= 60
    assert sum(case.clean for case in cases) * 3 >= len(cases)
    for table in tables:
        names = [case.case for case in table.cases]
        assert len(set(names)) == len(names), table.slug
        assert [case.step for case in table.cases] == sorted(case.step for case in table.cases), table.slug


@pytest.fixture(autouse=True)
def _limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A browser that stops answering fails its test."""
    with ended_after(120, tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def portal() -> Iterator[sandbox.Served]:
    with sandbox.serve(SLUGS) as served:
        yield served


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClinic]:
    with real_clinic(tmp_path_factory.mktemp("clinic")) as started:
        for slug in SLUGS:
            started.add({"portal": slug, **Table.of(slug).record})
        yield started


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory, clinic: RealClinic
) -> Iterator[ExtensionBrowser]:
    folder: Path = tmp_path_factory.mktemp("profile")
    with extension_browser(playwright, folder) as started:
        started.pair(clinic.url, clinic.pairing_code()).close()
        yield started


@pytest.mark.browser
@pytest.mark.xdist_group("marks_table")
@pytest.mark.parametrize("slug", SLUGS)
def test_each_fault_is_marked_at_its_field_and_its_level_and_nothing_else_is(
    browser: ExtensionBrowser, portal: sandbox.Served, slug: str, record_property: Remember
) -> None:
    table = Table.of(slug)
    page = browser.context.new_page()
    page.set_viewport_size({"width": 1280, "height": 2000})  # no field is scrolled away
    sign_in_by_session(page, portal, table)
    page.goto(f"{portal.url(slug)}{table.open}")
    eyes = Eyes(page)
    form = Form(page, eyes, table)
    form.start()
    right, missed, false, wrong = 0, 0, 0, []
    for case in table.cases:
        form.go_to(case.step)
        seen = form.answered(case)
        if case.clean:
            eyes.see("summary", "Checked and clear")
        expected, marked = set(case.marked.items()), set(seen.items())
        right += len(expected & marked)
        missed += len(expected - marked)
        false += len(marked - expected)
        if expected != marked:
            wrong.append(f"{case.case}: expected {dict(case.marked)}, marked {seen}")
    page.close()
    clean = sum(case.clean for case in table.cases)
    counts = {"portal": slug, "cases": len(table.cases), "clean": clean}
    record_property("marks", json.dumps(counts | {"right": right, "missed": missed, "false": false}))
    assert wrong == []
