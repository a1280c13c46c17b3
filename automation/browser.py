"""Finds and starts a browser: an installed Chromium, Chrome or Edge first, Playwright's own build
otherwise."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
_MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
    r"Chromium\Application\chrome.exe",
)

#: Features that Playwright switches off (1.65, chromiumSwitches.ts): only the last such switch counts, so
#: ours repeats them.
PLAYWRIGHTS_OFF = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
#: The suggestions under the address bar are two pages of every window, with a process each that is started
#: and drawn though nobody types there.
SUGGESTIONS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")

#: The browser itself calls nobody: no updates, no suggestions, no reports, no look-ups beside the portal's
#: pages.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    f"--disable-features={','.join((*PLAYWRIGHTS_OFF, *SUGGESTIONS))}",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
)


class NoBrowser(RuntimeError):
    """No browser was found; the message says how to get one."""


def find_browser(
    playwrights_own: str | None = None, environ: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """The browser's program: $TALLYSTICK_BROWSER, one on the path, a usual place of the system, then
    Playwright's.

    playwrights_own: where Playwright would keep its own build. Raises NoBrowser.
    """
    if named := environ.get("TALLYSTICK_BROWSER"):
        if Path(named).is_file():
            return Path(named)
        raise NoBrowser("TALLYSTICK_BROWSER names no file; point it at a Chromium, Chrome or Edge program.")
    for name in NAMES:
        if found := shutil.which(name, path=environ.get("PATH")):
            return Path(found)
    places = [Path(p) for p in _MAC] if platform == "darwin" else []
    if platform == "win32":
        roots = [environ[k] for k in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA") if k in environ]
        places = [Path(root) / rest for root in roots for rest in _WINDOWS]
    for place in [*places, *([Path(playwrights_own)] if playwrights_own else [])]:
        if place.is_file():
            return place
    raise NoBrowser(
        "No Chromium, Chrome or Edge was found. Install one (Debian: apt-get install chromium), or run: "
        "python -m playwright install chromium"
    )


def has_display(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window can be shown to a person here."""
    if platform in ("darwin", "win32"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def arguments(root: bool) -> list[str]:
    """The command line of the browser. Chromium has no sandbox of its own when started as root."""
    return [*QUIET, *(["--no-sandbox"] if root else [])]


async def launch(playwright: Playwright, *, headless: bool = True) -> Browser:
    """Starts the browser that `find_browser` finds. Raises NoBrowser when none is found or it does not
    start."""
    program = find_browser(playwright.chromium.executable_path)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        return await playwright.chromium.launch(
            executable_path=program, headless=headless, args=arguments(root), chromium_sandbox=not root
        )
    except PlaywrightError as error:
        raise NoBrowser(
            f"{program} was found but did not start; run it by hand to see why, or set TALLYSTICK_BROWSER."
        ) from error


@asynccontextmanager
async def window() -> AsyncIterator[Browser]:
    """One browser that a person sees, for the length of the block. Raises NoBrowser, without display too."""
    if not has_display():
        raise NoBrowser(
            "There is no display here to open a window on. Run it on the machine at which you sit: "
            "tallystick nightly --attended --portal SLUG"
        )
    async with started_browser(headless=False) as browser:
        yield browser


@asynccontextmanager
async def started_browser(*, headless: bool = True) -> AsyncIterator[Browser]:
    """One browser for the length of the block. Raises NoBrowser."""
    async with async_playwright() as playwright:
        browser = await launch(playwright, headless=headless)
        try:
            yield browser
        finally:
            await browser.close()
