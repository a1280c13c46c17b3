"""The dashboard as each role sees it: a signed-in browser session with its CSRF token."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.actions.issue_access import issue_link
from server.db.session import Database
from server.security import people
from server.security.roles import Role
from tests.server.api.conftest import AUTHORIZATION, NOW, app, clock, database, made_once

__all__ = ["AUTHORIZATION", "NOW", "app", "clock", "database", "made_once"]


@dataclass
class Desk:
    """One person's browser on the dashboard."""

    client: FlaskClient

    def open(self, path: str) -> TestResponse:
        """A page, as it answers."""
        return self.client.get(path)

    def text(self, path: str) -> str:
        """A page's HTML; it must answer well."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.status_code
        return answer.text

    def send(
        self, path: str, given: Mapping[str, Any] | None = None, *, follow: bool = False, **form: str
    ) -> TestResponse:
        """Sends a form with the token of this browser's session; a file is (stream, name)."""
        with self.client.session_transaction() as kept:
            token = kept.setdefault("csrf", "known-to-the-test")
        return self.client.post(
            path, data={"csrf_token": token, **(given or {}), **form}, follow_redirects=follow
        )


@pytest.fixture
def desk(app: Flask, database: Database) -> Callable[[Role], Desk]:
    """A signed-in desk for a role."""

    def sit_down(role: Role) -> Desk:
        opened = Desk(app.test_client())
        with database.write("test") as db:
            user = people.person(db, f"{role.value}@riverbend.example")
            secret = issue_link(db, user, "test", NOW - timedelta(minutes=1))
        answer = opened.send(f"/sign-in/link/{secret}")
        assert answer.status_code == 303
        return opened

    return sit_down


class _Form(HTMLParser):
    """Collects what the fields of a page hold, as its browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.values[str(given["name"])] = given.get("value") or ""
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option" and self._select:
            first = self._select not in self.values
            if first or "selected" in given:
                self.values[self._select] = given.get("value") or ""


def values_of(html: str) -> dict[str, str]:
    """field name -> what it holds, without this session's token."""
    form = _Form()
    form.feed(html)
    return {name: value for name, value in form.values.items() if name != "csrf_token"}


def words_of(html: str) -> str:
    """A page's visible words on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))
