"""Which browser is taken, and what is said when there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from automation.browser import PLAYWRIGHTS_OFF, NoBrowser, arguments, find_browser, launch


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_installed_chromium_goes_before_chrome_and_playwrights_own(tmp_path: Path) -> None:
    program(tmp_path, "google-chrome")
    chromium = program(tmp_path, "chromium")
    own = program(tmp_path, "own")
    assert find_browser(str(own), {"PATH": str(tmp_path)}, "linux") == chromium


def test_playwrights_own_is_taken_where_nothing_is_installed(tmp_path: Path) -> None:
    own = program(tmp_path, "own")
    assert find_browser(str(own), {"PATH": str(tmp_path / "empty")}, "linux") == own


def test_the_setting_goes_before_everything(tmp_path: Path) -> None:
    program(tmp_path, "chromium")
    named = program(tmp_path, "mine")
    assert find_browser(None, {"PATH": str(tmp_path), "TALLYSTICK_BROWSER": str(named)}, "linux") == named


def test_a_setting_that_names_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match="TALLYSTICK_BROWSER"):
        find_browser(None, {"TALLYSTICK_BROWSER": str(tmp_path / "gone")}, "linux")


def test_without_any_browser_the_message_names_the_command_that_gets_one(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match="apt-get install chromium"):
        find_browser(str(tmp_path / "gone"), {"PATH": str(tmp_path)}, "linux")


def test_edge_is_found_in_its_usual_place_on_windows(tmp_path: Path) -> None:
    place = tmp_path / "Microsoft" / "Edge" / "Application"
    place.mkdir(parents=True)
    # On this machine the separators of the other system are part of the file's name.
    edge = program(tmp_path, r"Microsoft\Edge\Application\msedge.exe")
    assert find_browser(None, {"PATH": "", "PROGRAMFILES": str(tmp_path)}, "win32") == edge


def test_chromiums_own_sandbox_is_given_up_only_for_root() -> None:
    assert "--no-sandbox" in arguments(root=True)
    assert "--no-sandbox" not in arguments(root=False)
    assert "--disable-background-networking" in arguments(root=False)


@pytest.mark.browser
def test_what_playwright_switches_off_stays_off() -> None:
    async def work() -> list[str]:
        async with async_playwright() as playwright:
            plain = await playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox", "--enable-automation"]
            )
            asked = await plain.new_browser_cdp_session()
            said: list[str] = (await asked.send("Browser.getBrowserCommandLine"))["arguments"]
            await plain.close()
            return said

    [given] = [one for one in asyncio.run(work()) if one.startswith("--disable-features=")]
    assert set(given.partition("=")[2].split(",")) <= set(PLAYWRIGHTS_OFF)


@pytest.mark.browser
def test_a_window_has_no_page_but_those_that_are_opened_in_it() -> None:
    async def work() -> list[str]:
        async with async_playwright() as playwright:
            browser = await launch(playwright)
            await (await browser.new_page()).goto("about:blank")
            asked = await browser.new_browser_cdp_session()
            known = (await asked.send("Target.getTargets", {"filter": [{}]}))["targetInfos"]
            await browser.close()
            return [one["url"] for one in known if one["type"] not in ("tab", "browser")]

    assert asyncio.run(work()) == ["about:blank"]
