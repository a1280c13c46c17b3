"""All set-up, for a machine that has only Python: virtual environment, Node, a browser, the built scripts.

Standard library only, because it runs before anything is installed. Each step is skipped when what it makes
is there already and its inputs are unchanged, so a second start is quick. A step that cannot be done says
what is missing and the one command that gets it, and ends with exit code 3.

    python3 bootstrap.py run        what `make demo` and `make serve` need
    python3 bootstrap.py develop    the same, with the tools for tests and checks
    python3 bootstrap.py extension  builds the extension's packages
    .venv/bin/python bootstrap.py check|test    what `make check` and `make test` run
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMPS = VENV / "bootstrap-stamps.json"
READER = ROOT / "portal_profiles" / "reader"
EXTENSION = ROOT / "extension"
OLDEST_NODE = (20, 12)
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
)
FIREFOXES = ("firefox-esr", "firefox")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


class Missing(Exception):
    """Something that set-up needs is not to be had; the text says what, and the one command that gets it."""


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, quiet: bool = True) -> None:
    """Runs a command; its output is shown only when it fails. Raises CalledProcessError then."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if done.returncode:
        if done.stdout:
            print(done.stdout[-4000:], file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, words)


def environment() -> dict[str, str]:
    """The environment with the virtual environment's programs first, so that its Node is found."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def digest(paths: Iterable[Path]) -> str:
    """One hash over the names and contents of files; folders are walked, built things left out."""
    total = hashlib.sha256()
    for path in sorted(_files(paths)):
        total.update(str(path.relative_to(ROOT)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


BUILT = frozenset({"node_modules", "dist", ".output", ".wxt", "__pycache__", "tests", "coverage"})


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            for folder, inner, names in os.walk(path):
                inner[:] = [name for name in inner if name not in BUILT]
                yield from (Path(folder) / name for name in names if not name.endswith(".generated.json"))


def once(step: str, inputs: Iterable[Path], made: Path, work: Callable[[], None], saying: str) -> None:
    """Does `work` unless `made` is there and the inputs are what they were the last time."""
    stamps: dict[str, str] = json.loads(STAMPS.read_text()) if STAMPS.is_file() else {}
    now = digest(inputs)
    if made.exists() and stamps.get(step) == now:
        return
    print(f"  {saying} ...", flush=True)
    work()
    stamps[step] = now
    STAMPS.parent.mkdir(exist_ok=True)
    STAMPS.write_text(json.dumps(stamps, indent=1))


def system_packages(names: Sequence[str], needed_for: str) -> None:
    """Installs Debian packages, as root or through sudo. Raises Missing with the command for it."""
    by_hand = f"sudo apt-get install {' '.join(names)}"
    if not shutil.which("apt-get"):
        raise Missing(
            f"{needed_for} is missing, and this is no Debian machine. Install it: {', '.join(names)}"
        )
    prefix: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise Missing(f"{needed_for} is missing. As an administrator: {by_hand.removeprefix('sudo ')}")
        prefix = ["sudo"]
    print(f"  installing {' '.join(names)} ({needed_for}) ...", flush=True)
    try:
        run([*prefix, "apt-get", "update", "-qq"], quiet=False)
        run(
            [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", *names],
            quiet=not prefix,
        )
    except subprocess.CalledProcessError as error:
        raise Missing(
            f"{needed_for} is missing and could not be installed (no network, or no rights). Run: {by_hand}"
        ) from error


def python_environment(requirements: str) -> None:
    """The virtual environment from hashed requirements, and this project in it."""
    if not (VENV / "bin" / "python").exists():
        if importlib.util.find_spec("ensurepip") is None:
            system_packages(["python3-venv"], "Python's venv module")
        print("  making .venv ...", flush=True)
        run([sys.executable, "-m", "venv", VENV])

    marker = VENV / f"installed-{requirements}"

    def install() -> None:
        hashed_packages(requirements, "The Python packages")
        pip("--no-deps", "--no-build-isolation", "-e", ROOT)
        marker.touch()

    inputs = [ROOT / requirements, ROOT / "pyproject.toml"]
    once(requirements, inputs, marker, install, "installing the Python packages")


def pip(*arguments: str | Path) -> None:
    """`pip install` in the virtual environment."""
    run([VENV / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "-q", *arguments])


def hashed_packages(requirements: str, what: str) -> None:
    """What a requirements file names, each file checked against its hash. Raises Missing with the command."""
    try:
        pip("--require-hashes", "-r", ROOT / requirements)
    except subprocess.CalledProcessError as error:
        raise Missing(
            f"{what} could not be installed: the package index was not reached, or refused. "
            f"When it can be reached: .venv/bin/pip install --require-hashes -r {requirements}"
        ) from error


def node_version(node: str) -> tuple[int, int]:
    """(major, minor) of a Node program; (0, 0) when it does not answer."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    parts = done.stdout.strip().removeprefix("v").split(".")
    return (int(parts[0]), int(parts[1])) if done.returncode == 0 and len(parts) == 3 else (0, 0)


def node_environment() -> None:
    """Node and npm: the machine's own where new enough, otherwise the one that PyPI carries, in .venv."""
    path = environment()["PATH"]
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and npm and node_version(node) >= OLDEST_NODE:
        return
    print("  installing Node ...", flush=True)
    hashed_packages(
        "requirements-node.txt", f"Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer is missing and"
    )


def npm_packages(folder: Path) -> None:
    """What a package-lock.json names, into its node_modules."""

    def install() -> None:
        try:
            run(["npm", "ci", "--no-fund", "--no-audit"], cwd=folder)
        except subprocess.CalledProcessError as error:
            raise Missing(
                f"The packages of {folder.relative_to(ROOT)} could not be installed: the npm registry was "
                f"not reached, or refused. When it can be: npm --prefix {folder.relative_to(ROOT)} ci"
            ) from error

    once(
        f"npm {folder.relative_to(ROOT)}",
        [folder / "package-lock.json"],
        folder / "node_modules",
        install,
        f"installing the packages of {folder.relative_to(ROOT)}",
    )


def sandbox_apps() -> list[Path]:
    """The sandboxes' pages that are made of other people's components, and so are built."""
    return sorted(found.parent for found in (ROOT / "portal_profiles").glob("*/sandbox/app/package.json"))


def built_scripts() -> None:
    """The shared reader, the sandboxes' applications and the extension, built from their sources."""
    npm_packages(READER)
    once(
        "reader",
        [READER],
        READER / "dist" / "reader.js",
        lambda: run(["npm", "run", "build"], cwd=READER),
        "building the page reader",
    )
    for app in sandbox_apps():
        npm_packages(app)
        once(
            f"pages of {app.relative_to(ROOT)}",
            [app],
            app / "dist" / "app.js",
            partial(run, ["npm", "run", "build"], cwd=app),
            f"building {app.relative_to(ROOT)}",
        )
    npm_packages(EXTENSION)
    once(
        "extension",
        [EXTENSION, READER, *(ROOT / "portal_profiles").glob("*/profile.toml")],
        EXTENSION / ".output" / "sandbox-chrome-mv3" / "manifest.json",
        build_sandbox_extension,
        "building the extension",
    )


def firefox() -> None:
    """The extension for Firefox, and a Firefox to try it in; without one, those tests are skipped."""
    once(
        "extension for Firefox",
        [EXTENSION, READER, *(ROOT / "portal_profiles").glob("*/profile.toml")],
        EXTENSION / ".output" / "sandbox-firefox-mv3" / "manifest.json",
        lambda: run(["npm", "run", "build:sandbox", "--", "--firefox"], cwd=EXTENSION),
        "building the extension for Firefox",
    )
    if any(shutil.which(name) for name in FIREFOXES):
        return
    try:
        system_packages(["firefox-esr"], "Firefox, in which the tests try the extension too")
    except Missing as missing:
        print(f"  {missing} Until then those tests are skipped.", flush=True)


def screen() -> None:
    """A virtual screen for the tests of what a person does in a window; without, those tests are skipped."""
    if sys.platform != "linux" or shutil.which("Xvfb"):
        return
    try:
        system_packages(["xvfb"], "A virtual screen, for the tests of what a person does in a window")
    except Missing as missing:
        print(f"  {missing} Until then those tests are skipped.", flush=True)


def packages() -> None:
    """The extension's packages for the stores, with the portals of the clinic's own folders among them."""
    for place in os.environ.get("TALLYSTICK_PROFILES", "").split(os.pathsep):
        if place and not any(Path(place).glob("*/profile.toml")):
            raise Missing(
                f"{place} holds no folder with a profile.toml. Name the folder that holds your portals' "
                "folders: make extension PROFILES=DIR"
            )
    run(["npm", "run", "--silent", "package"], cwd=EXTENSION, quiet=False)
    for package in sorted((EXTENSION / ".output").glob("*.zip")):
        print(f"  {package.relative_to(ROOT)}")


def build_sandbox_extension() -> None:
    """The extension for the demonstration: it may read the sandboxes on this machine without being asked."""
    run(["npm", "run", "build:sandbox"], cwd=EXTENSION)


def find_browser() -> str | None:
    """An installed Chromium, Chrome or Edge, or the one Playwright brought; None when there is none."""
    named = os.environ.get("TALLYSTICK_BROWSER")
    if named:
        return named if Path(named).exists() else None
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    for place in MAC_BROWSERS:
        if Path(place).exists():
            return place
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return next((str(p) for p in own.glob("chromium-*/chrome-linux*/chrome")), None)


def browser() -> None:
    """A browser for the night job and the tests: the installed one, Debian's, or Playwright's own build."""
    if find_browser():
        return
    if named := os.environ.get("TALLYSTICK_BROWSER"):
        raise Missing(
            f"TALLYSTICK_BROWSER names {named}, which is not there. Unset it: unset TALLYSTICK_BROWSER"
        )
    try:
        system_packages(["chromium"], "A browser (Chromium, Chrome or Edge)")
    except Missing as missing:
        try:
            print("  fetching Playwright's own Chromium ...", flush=True)
            run([VENV / "bin" / "playwright", "install", "chromium"])
        except subprocess.CalledProcessError:
            raise missing from None


def check() -> None:
    """Every static check, for Python and TypeScript."""
    bin_ = VENV / "bin"
    run([bin_ / "ruff", "check", "."], quiet=False)
    run([bin_ / "ruff", "format", "--check", "."], quiet=False)
    run([bin_ / "mypy"], quiet=False)
    run([bin_ / "lint-imports"], quiet=False)
    apps = sandbox_apps()
    for folder in (READER, EXTENSION, *apps):
        run(["npm", "run", "--silent", "typecheck"], cwd=folder, quiet=False)
    for folder in (EXTENSION, *apps):
        run(["npm", "run", "--silent", "lint"], cwd=folder, quiet=False)
    # What Mozilla's store would say of the package.
    run(["npm", "run", "--silent", "build:firefox"], cwd=EXTENSION)
    run(["npm", "run", "--silent", "lint:store"], cwd=EXTENSION, quiet=False)


def test(arguments: Sequence[str]) -> None:
    """Every test: TypeScript first, then Python with the real browsers and databases."""
    if not arguments:
        for folder in (READER, EXTENSION):
            run(["npm", "run", "--silent", "test"], cwd=folder, quiet=False)
    run([VENV / "bin" / "python", "-m", "pytest", "-n", "2", "--dist", "loadgroup", *arguments], quiet=False)


def main(arguments: Sequence[str]) -> int:
    """Does the step named; 0 fine, 1 checks or tests failed, 2 usage, 3 could not set up."""
    step = arguments[0] if arguments else ""
    try:
        match step:
            case "run" | "develop" | "extension":
                python_environment("requirements-dev.txt" if step == "develop" else "requirements.txt")
                node_environment()
                built_scripts()
                if step == "extension":
                    packages()
                else:
                    browser()
                if step == "develop":
                    firefox()
                    screen()
            case "check":
                check()
            case "test":
                test(arguments[1:])
            case _:
                print(__doc__)
                return 2
    except Missing as missing:
        print(f"Set-up stopped. {missing}", file=sys.stderr)
        return 3
    except subprocess.CalledProcessError as error:
        print(f"Failed: {' '.join(error.cmd)}", file=sys.stderr)
        return 1 if step in {"check", "test"} else 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
