"""What every request needs to reach: the settings, the database and the clock, held by the Flask app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

from flask import Flask, current_app

from server.db.session import Database
from server.settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: The app extension in which the dashboard puts how it shows a problem as a page.
PAGE_FOR_PROBLEM = "tallystick.page_for_problem"
_NAME = "tallystick"


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """clock: the time now in UTC, replaceable in tests. hosts: the names that this server answers to."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime] = utc_now
    hosts: frozenset[str] = LOOPBACK

    def today(self) -> date:
        """The clinic's local date: rules and due dates go by it."""
        return self.clock().astimezone(self.settings.zone).date()


def keep(app: Flask, context: Context) -> None:
    """Hangs the context on the app."""
    app.extensions[_NAME] = context


def context() -> Context:
    """The context of the app that answers this request."""
    return cast(Context, current_app.extensions[_NAME])
