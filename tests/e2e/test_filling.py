"""A request form filled from an authorization, on a click: every portal that has one, frames included.

Real Chromium, the built extension, the real server, the portals' sandboxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from automation import sandbox
from tests.e2e.extension_browser import (
    ExtensionBrowser,
    Eyes,
    ended_after,
    extension_browser,
    until,
)
from tests.e2e.form_cases import Form, Table, sign_in_by_session, with_request_forms
from tests.e2e.real_clinic import RealClinic, real_clinic

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("filling")]

SLUGS = with_request_forms()
#: What the person types, so that the check finds the authorization.
BY_HAND = ("member_id", "birth_date")
#: What every form's first step asks for as plain text, as far as it does.
BY_ROBOT = ("last_name", "first_name", "requesting_npi", "rendering_npi", "facility_npi", "diagnoses", "code")
VALUES = """
(_, controls) => Object.fromEntries(
  Object.entries(controls).map(([name, css]) => [name, document.querySelector(css)?.value ?? null]),
)
"""


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


@pytest.mark.parametrize("slug", SLUGS)
def test_the_empty_fields_are_filled_on_a_click_and_what_stands_there_is_left(
    browser: ExtensionBrowser, portal: sandbox.Served, slug: str
) -> None:
    table = Table.of(slug)
    page = browser.context.new_page()
    page.set_viewport_size({"width": 1280, "height": 1600})
    sign_in_by_session(page, portal, table)
    page.goto(f"{portal.url(slug)}{table.open}")
    eyes = Eyes(page)
    typed = {name: table.steps[0].fill[name] for name in BY_HAND}
    where = page.frame_locator(table.frame) if table.frame else page
    where.locator(table.controls["member_id"].set).wait_for(state="attached")
    Form(page, eyes, table).type(typed)

    def values() -> dict[str, str | None]:
        asked = {name: table.controls[name].set for name in table.steps[0].fill}
        told: dict[str, str | None] = where.locator("body").evaluate(f"(_, c) => ({VALUES})(_, c)", asked)
        return told

    before = values()

    def offered() -> bool:
        for folded in eyes.find("folded"):
            if not folded.has_class("could_not"):
                eyes.click(eyes.named("fold"))
        return eyes.has("fill")

    until(offered, page, 30, "the offer to fill")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method != "GET" else None)
    eyes.click(eyes.named("fill"))
    told = eyes.see("filled", "filled in").whole_text
    after = values()
    assert {name: after[name] for name in typed} == {name: before[name] for name in typed}
    wanted = [name for name in BY_ROBOT if name in before and not before[name]]
    empty = [name for name in wanted if not after[name]]
    listed = " ".join(one.whole_text for one in eyes.find("left"))
    assert not empty, f"{empty}; told: {told}; {listed}"
    # The check runs as if it had been typed: the approved quantity is too much where some is used up.
    if any(line.get("used") for line in table.record["lines"]):
        eyes.see("mark", "Would be denied")
    else:
        eyes.see_none("mark")
    assert [url for url in sent if portal.url(slug) in url] == []
    page.close()


def test_a_form_that_names_another_patient_meanwhile_is_not_filled(
    browser: ExtensionBrowser, portal: sandbox.Served
) -> None:
    table = Table.of("example_payer")
    page = browser.context.new_page()
    sign_in_by_session(page, portal, table)
    page.goto(f"{portal.url('example_payer')}{table.open}")
    eyes = Eyes(page)
    form = Form(page, eyes, table)
    form.type({"member_id": "XYZ100200301", "birth_date": "03/12/1961", "last_name": "Okafor"})
    eyes.see("mark", "Differs from the authorization")
    eyes.click(eyes.named("fold"))
    eyes.click(eyes.named("fill"))
    eyes.see("said", "another patient")
    assert page.locator("#first_name").input_value() == ""
    page.close()
