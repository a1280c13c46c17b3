"""`tallystick doctor`: looks at all that this installation needs, and says what to do about what is not
right.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from automation.browser import NoBrowser, find_browser
from portal_profiles import catalogue
from portal_profiles.reader import ReaderNotBuilt, reader_script
from portal_profiles.schema import ProfileError
from server.cli import FINDINGS, FINE
from server.db.migrations import upgrade
from server.db.session import Database
from server.db.tables import AuditEntry
from server.errors import Problem
from server.security import keys
from server.settings import Settings

PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)
NODE_FROM = 20
LEAST_FREE_BYTES = 1 << 30
#: No clock that is right can be before the first release that this could be.
WRITTEN_ON = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. state: fine, note (works, but mind it) or problem. remedy: empty where it is
    fine.
    """

    name: str
    state: str
    says: str
    remedy: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Checks Python, browser, Node, key, database, disk, clock, time zone, evidence and portal profiles.

    It changes nothing, and prints no secret and nothing of a patient.

    Example: tallystick doctor

    Exit codes: 0 nothing stands in the way, 1 something does.
    """
    checks = list(all_checks(Settings.load()))
    healthy = all(check.state != "problem" for check in checks)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "checks": [asdict(check) for check in checks]}, indent=2))
        return FINE if healthy else FINDINGS
    table = Table("", "What", "How it is", "What to do")
    for check in checks:
        mark = {"fine": "ok", "note": "note", "problem": "PROBLEM"}[check.state]
        table.add_row(mark, check.name, check.says, check.remedy)
    console = Console()
    console.print(table)
    console.print("Nothing stands in the way." if healthy else "See what to do in the last column.")
    return FINE if healthy else FINDINGS


def all_checks(settings: Settings) -> Iterator[Check]:
    """Every check, in the order in which a new installation would meet them."""
    yield python_check(sys.version_info[:2])
    yield browser_check()
    yield reader_check()
    yield node_check(shutil.which("node"))
    yield time_zone_check(settings, os.environ.get("TALLYSTICK_TIME_ZONE", ""))
    yield folder_check(settings.data_dir)
    yield disk_check(settings.data_dir)
    yield key_check(settings)
    yield from record_checks(settings)
    yield evidence_check(settings)
    yield from profile_checks()


def python_check(version: tuple[int, ...]) -> Check:
    """The Python that runs this."""
    says = ".".join(str(part) for part in version[:2])
    if PYTHON_FROM <= version[:2] < PYTHON_BELOW:
        return Check("Python", "fine", says)
    return Check("Python", "problem", says, "Use Python 3.11, 3.12 or 3.13.")


def browser_check(find: Callable[[], Path] = find_browser) -> Check:
    """The browser that looks at portals."""
    try:
        return Check("Browser", "fine", str(find()))
    except NoBrowser as error:
        return Check("Browser", "problem", "none found", str(error))


def reader_check(read: Callable[[], str] = reader_script) -> Check:
    """The built reader, which robot and extension share."""
    try:
        read()
    except ReaderNotBuilt as error:
        return Check("Page reader", "problem", "not built", str(error))
    return Check("Page reader", "fine", "built")


def node_check(program: str | None) -> Check:
    """Node, which only building the extension and the reader needs."""
    remedy = f"Install Node {NODE_FROM} or newer to build the extension; the server runs without it."
    if program is None:
        return Check("Node", "note", "not found", remedy)
    try:
        answer = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout.strip()
        major = int(answer.removeprefix("v").partition(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return Check("Node", "note", "does not say its version", remedy)
    return Check("Node", "fine", answer) if major >= NODE_FROM else Check("Node", "note", answer, remedy)


def time_zone_check(settings: Settings, set_to: str) -> Check:
    """Whether the clinic's calendar dates are taken in its own zone."""
    here = datetime.now(UTC).astimezone(settings.zone)
    says = f"{settings.time_zone}, now {here:%Y-%m-%d %H:%M}"
    if not set_to and settings.time_zone in ("UTC", "Etc/UTC"):
        return Check(
            "Time zone",
            "note",
            says,
            "If the clinic is elsewhere, set TALLYSTICK_TIME_ZONE, as America/Chicago.",
        )
    return Check("Time zone", "fine", says)


def folder_check(folder: Path) -> Check:
    """Whether the data folder is private and can be written to, or can be made."""
    if not folder.exists():
        above = next(parent for parent in folder.parents if parent.exists())
        if os.access(above, os.W_OK):
            return Check("Data folder", "fine", f"{folder} (made at the first start)")
        return Check("Data folder", "problem", f"{folder} can't be made", f"Make {folder} for this user.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check("Data folder", "problem", f"{folder} is not writable", f"Give {folder} to this user.")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Check("Data folder", "problem", f"{folder} is open to others", f"Run: chmod 700 {folder}")
    return Check("Data folder", "fine", str(folder))


def disk_check(folder: Path, least: int = LEAST_FREE_BYTES) -> Check:
    """Free space where the data is or will be."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    says = f"{free / (1 << 30):.1f} GiB free"
    if free < least:
        return Check(
            "Disk space", "problem", says, f"Free at least {least / (1 << 30):.1f} GiB beside {folder}."
        )
    return Check("Disk space", "fine", says)


def key_check(settings: Settings) -> Check:
    """Where the data key is, and that only this user can read it."""
    try:
        key = keys.find_key(settings)
    except Problem as problem:
        return Check("Key", "problem", "can't be used", problem.as_text())
    if key is None:
        return Check("Key", "fine", "none yet (made at the first start)")
    if key.place is keys.KeyPlace.FILE:
        mode = stat.S_IMODE(settings.key_file.stat().st_mode)
        return Check(
            "Key", "fine", f"in the file {settings.key_file}, mode {mode:04o}", "Keep a copy elsewhere."
        )
    place = "in TALLYSTICK_KEY" if key.place is keys.KeyPlace.ENVIRONMENT else "in the keyring"
    return Check("Key", "fine", place, "Keep a copy elsewhere.")


def record_checks(settings: Settings) -> Iterator[Check]:
    """Whether the database opens, at which revision it is, and whether the clock agrees with it."""
    place = "PostgreSQL" if settings.is_postgresql else f"SQLCipher, {settings.database_file}"
    if not settings.is_postgresql and not settings.database_file.exists():
        yield Check("Database", "fine", f"{place} (made at the first start)")
        yield clock_check(None, datetime.now(UTC))
        return
    try:
        database = Database.open(settings)
    except Problem as problem:
        yield Check("Database", "problem", place, problem.as_text())
        return
    try:
        with database.read() as session:
            revision = upgrade.current(session.connection())
            last = session.scalar(select(func.max(AuditEntry.at)))
    finally:
        database.dispose()
    yield Check("Database", "fine", f"{place}, tables at {revision}")
    yield clock_check(last, datetime.now(UTC))


def clock_check(last_entry: datetime | None, now: datetime) -> Check:
    """Whether the machine's clock can be right: not before this program, nor before the newest audit
    entry.
    """
    says = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < WRITTEN_ON or (last_entry is not None and last_entry > now + timedelta(minutes=2)):
        return Check("Clock", "problem", f"{says} is too early", "Set the clock, best from a time server.")
    return Check("Clock", "fine", says)


def evidence_check(settings: Settings) -> Check:
    """The folder of evidence files."""
    folder = settings.evidence_dir
    if not folder.exists():
        return Check("Evidence", "fine", "none yet")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check("Evidence", "problem", f"{folder} is not writable", f"Give {folder} to this user.")
    files = sum(1 for path in folder.glob("*/*") if path.is_file())
    return Check("Evidence", "fine", f"{files} encrypted files")


def profile_checks() -> Iterator[Check]:
    """Every portal profile, ours and the user's."""
    fine = []
    for slug in catalogue.slugs():
        try:
            catalogue.load(slug)
        except ProfileError as error:
            yield Check(f"Profile {slug}", "problem", "is not valid", str(error))
        else:
            fine.append(slug)
    yield Check("Profiles", "fine", ", ".join(fine) or "none")
