"""Riverbend Clinic for tests: the real server on a real encrypted record, beside the portals' sandboxes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from server.actions.issue_access import issue_link
from server.app import create_app, port_of, server
from server.context import utc_now
from server.db.session import Database
from server.security import people
from server.settings import Settings

KEY = "5a" * 32
CLINIC = "Riverbend Clinic"
ADMINISTRATOR = "admin@riverbend.example"
PICTURES = Path(__file__).parents[2] / "build" / "pictures"


@dataclass(frozen=True, slots=True)
class Riverbend:
    """The clinic's record, and where its dashboard answers."""

    url: str
    database: Database

    @property
    def environment(self) -> dict[str, str]:
        """What the command line needs to work on this record."""
        settings = self.database.settings
        return {
            "TALLYSTICK_DATA": str(settings.data_dir),
            "TALLYSTICK_CONFIG": str(settings.config_dir),
            "TALLYSTICK_KEY": KEY,
            "TALLYSTICK_TIME_ZONE": settings.time_zone,
        }

    def sign_in_link(self, email: str = ADMINISTRATOR) -> str:
        """A new one-time link for this person."""
        with self.database.write("test") as db:
            return f"{self.url}/sign-in/link/{issue_link(db, people.person(db, email), 'test', utc_now())}"

    def sign_in(self, page: Page) -> None:
        """Signs the page's browser in by a link, as its person does."""
        page.goto(self.sign_in_link())
        page.get_by_role("button", name=f"Sign in to {CLINIC}").click()
        page.get_by_role("heading", name="Worklist").wait_for()


@contextmanager
def opened_record(folder: Path) -> Iterator[Database]:
    """An empty encrypted record in a folder."""
    database = Database.open(
        Settings(
            data_dir=folder / "record",
            config_dir=folder / "config",
            key_text=KEY,
            clinic=CLINIC,
            time_zone="America/Chicago",
        )
    )
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def riverbend(database: Database) -> Iterator[Riverbend]:
    """Serves the record's dashboard and API at a free port of this machine until left."""
    listening = server(create_app(database.settings, database), "127.0.0.1", 0)
    thread = threading.Thread(target=listening.run, daemon=True)
    thread.start()
    try:
        yield Riverbend(f"http://127.0.0.1:{port_of(listening)}", database)
    finally:
        listening.close()
        thread.join(5)


def picture(page: Page, name: str, *, keep_in: Path | None) -> Path:
    """Takes a picture of the window into build/pictures. keep_in: a folder that gets a copy, if any."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    if keep_in is not None:
        keep_in.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, keep_in / path.name)
    return path
