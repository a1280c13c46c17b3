"""`tallystick profile record` and `verify` in a window, as a person uses them: a script signs in, goes to a
page and clicks, in the browser that the command opened on a virtual screen.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner, Result
from playwright.async_api import Browser, Page

from automation import sandbox, verifying
from automation.browser import started_browser
from automation.closing import close_page
from portal_profiles import catalogue
from portal_profiles.scrubbing import MARK
from server.cli import profile as profile_command
from server.cli.profile import command

pytestmark = pytest.mark.browser

SLUG = "example_payer"
KNOWN = sandbox.records(SLUG).accounts[0]
READ = next(q for q in sandbox.queries(SLUG) if sandbox.expected(SLUG)[str(q["id"])].outcome == "read")


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """The name of a virtual screen of its own."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("a window needs a virtual screen: apt-get install xvfb")
    told, tell = os.pipe()
    arguments = [program, "-displayfd", str(tell), "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(arguments, pass_fds=[tell], stderr=subprocess.DEVNULL)
    os.close(tell)
    with os.fdopen(told) as number:
        name = f":{number.readline().strip()}"
    yield name
    server.terminate()
    server.wait(20)


Person = Callable[[Page], Awaitable[None]]
Told = Callable[..., Result]


@pytest.fixture
def watched(screen: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Person], None]:
    """Lets a person act in the window that a command opens; what goes wrong for them fails the test."""
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.setattr(verifying, "TO_SIGN_IN", 90.0)

    def sits_down(person: Person) -> None:
        @asynccontextmanager
        async def opened(*, headless: bool = True) -> AsyncIterator[Browser]:
            assert not headless
            async with started_browser(headless=False) as browser:
                failed: list[Exception] = []
                acting = asyncio.create_task(_act(browser, person, failed))
                try:
                    yield browser
                finally:
                    acting.cancel()
                    with suppress(asyncio.CancelledError):
                        await acting
                    if failed:
                        raise failed[0]

        monkeypatch.setattr(profile_command, "started_browser", opened)

    return sits_down


async def _act(browser: Browser, person: Person, failed: list[Exception]) -> None:
    while not (pages := [page for context in browser.contexts for page in context.pages]):
        await asyncio.sleep(0.05)
    try:
        await person(pages[0])
    except Exception as error:  # noqa: BLE001 - told to the test by the list
        failed.append(error)
        await browser.close()


async def signs_in(page: Page) -> None:
    await page.get_by_label("User name").fill(KNOWN.username)
    await page.get_by_label("Password").fill(KNOWN.password)
    await page.get_by_label("Password").press("Enter")
    assert KNOWN.totp_secret is not None
    await page.get_by_label("One-time code").fill(pyotp.TOTP(KNOWN.totp_secret).now())
    await page.get_by_label("One-time code").press("Enter")
    await page.get_by_label("Organization").select_option(KNOWN.organizations[0])
    await page.get_by_role("button", name="Continue").press("Enter")
    await page.get_by_role("heading", name="Welcome").wait_for()


async def opens_the_authorization(page: Page) -> None:
    await signs_in(page)
    await page.get_by_role("link", name="Authorization status").press("Enter")
    for label, text in (
        ("Member ID", READ["member_id"]),
        ("Birth date", _us(READ["birth_date"])),
        ("From", _us(READ["service_from"])),
        ("To", _us(READ["service_to"])),
    ):
        await page.get_by_label(label, exact=True).fill(str(text))
    await page.get_by_role("button", name="Search").press("Enter")
    row = page.get_by_role("row").filter(has_text="97110")
    await row.get_by_role("link").press("Enter")
    await page.get_by_role("heading", name="Authorization detail").wait_for()


def _us(day: object) -> str:
    return f"{date.fromisoformat(str(day)):%m/%d/%Y}"


def call(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], input=typed, standalone_mode=False)


def query_file(folder: Path) -> Path:
    path = folder / "q.json"
    path.write_text(json.dumps([READ]))
    return path


def test_a_person_signs_in_and_the_robot_ticks_what_the_portal_bears_out(
    watched: Callable[[Person], None], tmp_path: Path
) -> None:
    watched(signs_in)
    with sandbox.serve([SLUG]) as served:
        result = call(
            "verify", SLUG, "--query", query_file(tmp_path), "--base-url", served.url(SLUG), "--json"
        )
    assert result.exception is None, result.exception
    said = json.loads(result.stdout)
    assert said["ended"] is None
    assert said["ticks"]["pages.detail.field determination"] == "confirmed"
    assert said["ticks"]["pages.sign_in.sign label 'User name'"] == "confirmed"
    assert said["ticks"]["pages.locked"] == "unseen"
    assert result.return_value == 0


def test_a_person_picks_what_is_read_and_the_profile_has_it_by_its_labels(
    watched: Callable[[Person], None], tmp_path: Path
) -> None:
    async def picks(page: Page) -> None:
        await opens_the_authorization(page)
        for what in (
            page.get_by_role("heading", name="Authorization detail"),
            page.locator("dt:text-is('Member ID') + dd"),
            page.locator("dt:text-is('Status') + dd"),
            page.locator("dt:text-is('Status') + dd"),
        ):
            await what.click(modifiers=["Alt"])

    watched(picks)
    call("new", "blue_meridian", "--folder", tmp_path)
    mine = tmp_path / "blue_meridian"
    typed = "sign\n1\nmember_id\n1\ndetermination\n1\ndone\n"
    with sandbox.serve([SLUG]) as served:
        result = call(
            "record", f"{served.url(SLUG)}/sign-in", "--profile", mine, "--page", "approval", typed=typed
        )
    assert result.exception is None, result.output
    assert result.return_value == 0, result.output
    page = tomllib.loads((mine / "profile.toml").read_text())["pages"]["approval"]
    assert page["sign"] == [{"role": "heading", "name": "Authorization detail"}]
    assert page["fields"]["member_id"] == {"beside": "Member ID"}
    assert page["fields"]["determination"] == {"beside": "Status"}
    kept = (mine / "pages" / "approval.html").read_text()
    assert MARK in kept
    assert catalogue.load_path(mine).pages["approval"].fields["member_id"].find.way == "beside"
    assert call("validate", mine).return_value == 0


def test_a_person_who_closes_the_window_ends_the_walk_at_once(
    watched: Callable[[Person], None], tmp_path: Path
) -> None:
    async def leaves(page: Page) -> None:
        await page.get_by_label("User name").wait_for()
        await close_page(page)

    watched(leaves)
    with sandbox.serve([SLUG]) as served:
        result = call(
            "verify", SLUG, "--query", query_file(tmp_path), "--base-url", served.url(SLUG), "--json"
        )
    assert result.exception is None, result.exception
    assert result.return_value == 1
    assert "closed" in json.loads(result.stdout)["ended"]
