"""Attended passes: a person signs in by hand in the window, the robot only looks on, and then reads on.

The person is played by a second hand on the same browser. Where Xvfb is there, the same is done once in a
window that is really shown.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from automation.browser import NoBrowser, has_display, launch, window
from automation.closing import close_page
from automation.outcomes import OutcomeKind
from portal_profiles.catalogue import load
from tests.automation.robot import Robot, Visit
from tests.automation.still_clock import LeapingClock

pytestmark = pytest.mark.browser

Serve = Callable[..., Visit]
SLUG, BY_HAND = "example_payer", "carelon"
Hand = Callable[[Page], Coroutine[Any, Any, None]]


class HurriedClock(LeapingClock):
    """Every second that is waited for is ten minutes."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(600 * seconds)


def hand_of(here: Visit, did: list[str]) -> Hand:
    """A person with the account's password and authenticator app, who accepts what they are asked to."""
    account = here.served.states[SLUG].accounts["riverbend.robot"]

    async def person(page: Page) -> None:
        page.set_default_timeout(20_000)
        terms = page.get_by_role("button", name="I accept")
        name, code = page.get_by_label("User name"), page.get_by_label("One-time code")
        organization = page.get_by_label("Organization")
        inside = page.get_by_role("link", name="Authorization status")
        asked = terms.or_(name).or_(code).or_(organization)
        while True:
            await asked.or_(inside).first.wait_for()
            if await terms.is_visible():
                did.append("accepted the terms")
                await terms.click()
            elif await name.is_visible():
                did.append("signed in")
                await name.fill(account.username)
                await page.get_by_label("Password").fill(account.password)
                await page.get_by_role("button", name="Sign in").click()
            elif await code.is_visible():
                # The person waits for the next code; the test does not.
                account.used_codes.clear()
                await code.fill(account.code(datetime.now(UTC)))
                await page.get_by_role("button", name="Continue").click()
            elif await organization.is_visible():
                await organization.select_option(account.organizations[0])
                await page.get_by_role("button", name="Continue").click()
            else:
                return
            await page.wait_for_load_state()

    return person


def kinds(here: Visit, person: Hand, many: int = 2, slug: str = SLUG) -> list[str]:
    return [outcome.kind.value for outcome in here.look(here.queries("read", many), person=person)]


def test_the_robot_reads_on_in_the_session_that_a_person_opened(visit: Serve) -> None:
    here, did = visit(SLUG), list[str]()
    assert kinds(here, hand_of(here, did), 3) == ["read"] * 3
    assert did == ["signed in"]
    account = here.counts["accounts"]["riverbend.robot"]
    assert (account["sign_ins"], account["passwords_refused"]) == (1, 0)
    assert here.counts["acts"] == []
    assert len(here.states) == 1


def test_terms_are_left_to_the_person_and_the_pass_goes_on_when_they_have_accepted(visit: Serve) -> None:
    here, did = visit(SLUG, terms=True), list[str]()
    assert kinds(here, hand_of(here, did)) == ["read", "read"]
    assert did[-1] == "accepted the terms"


def test_a_session_that_ends_in_the_middle_is_signed_in_to_by_the_person_again(visit: Serve) -> None:
    here, did = visit(SLUG, signed_out=6), list[str]()
    assert kinds(here, hand_of(here, did), 4) == ["read"] * 4
    assert did == ["signed in"] * 2


def test_when_nobody_comes_the_pass_ends_and_the_robot_has_typed_nothing(visit: Serve) -> None:
    here = visit(SLUG)
    here.clock = HurriedClock()

    async def nobody(page: Page) -> None:
        return

    assert kinds(here, nobody) == ["code_needed", "code_needed"]
    assert [entry["path"] for entry in here.counts["entries"] if entry["method"] == "POST"] == []


def test_a_challenge_that_nobody_answers_is_a_challenge_and_never_worked_around(visit: Serve) -> None:
    here = visit(SLUG, challenge=True)
    here.clock = HurriedClock()

    async def nobody(page: Page) -> None:
        return

    assert kinds(here, nobody) == ["challenge_shown", "challenge_shown"]


def test_closing_the_window_ends_the_pass(visit: Serve) -> None:
    here = visit(SLUG)

    async def leave(page: Page) -> None:
        await page.get_by_label("User name").wait_for()
        await close_page(page)

    assert set(kinds(here, leave)) == {"signed_out"}


def test_a_portal_that_needs_a_person_is_read_once_one_has_signed_in(visit: Serve) -> None:
    here = visit(BY_HAND)
    assert not load(BY_HAND).unattended
    account = here.served.states[BY_HAND].accounts["riverbend.robot"]

    async def person(page: Page) -> None:
        await page.locator("#asPrimary_ctl00_txtLoginId").fill(account.username)
        await page.locator("#asPrimary_ctl00_btnLookup").click()
        await page.locator("input[name='credentials.passcode'][type=password]").fill(account.password)
        await page.get_by_role("button", name="Verify").click()
        await page.get_by_role("button", name="Send Email").click()
        code = page.locator("input[name='credentials.passcode']")
        await page.get_by_role("button", name="Verify Code").wait_for()
        await code.fill(account.sent[-1])
        await page.get_by_role("button", name="Verify Code").click()
        await page.locator("#asPrimary_ctl00_cmdAgreeContinue").click()

    assert kinds(here, person, 1) == ["read"]


def test_without_a_display_the_window_says_where_to_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not has_display(platform="linux")
    assert has_display({"DISPLAY": ":1"}, "linux")
    assert has_display({}, "darwin")

    async def open_it() -> None:
        async with window():
            raise AssertionError

    with pytest.raises(NoBrowser, match="tallystick nightly --attended"):
        asyncio.run(open_it())


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A display of its own, by Xvfb."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed: apt-get install -y xvfb")
    reading, writing = os.pipe()
    with subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        monkeypatch.setenv("DISPLAY", f":{number}")
        yield f":{number}"
        server.terminate()


def test_in_a_window_that_is_really_shown_it_is_the_same(visit: Serve, display: str) -> None:
    here, did = visit(SLUG), list[str]()
    with asyncio.Runner() as runner:
        playwright = runner.run(async_playwright().start())
        shown = runner.run(launch(playwright, headless=False))
        try:
            here.robot = Robot(runner, shown)
            assert kinds(here, hand_of(here, did), 1) == [OutcomeKind.READ.value]
        finally:
            runner.run(shown.close())
            runner.run(playwright.stop())
    assert did == ["signed in"]
