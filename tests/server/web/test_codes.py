"""Codes on the dashboard: first on the worklist, entered by those who may, and said when it is too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from server.actions.answer_code import take_answer
from server.actions.ask_for_code import ask_for_code
from server.actions.save_portal_account import AccountSecrets, keep_browser_state, save_portal_account
from server.actions.start_run import NIGHTLY, start_run
from server.db.session import Database
from server.db.tables import CodeRequest, PortalAccount
from server.security import audit
from server.security.roles import Role
from tests.server.api.conftest import Clock
from tests.server.web.conftest import NOW, Desk, words_of

Seat = Callable[[Role], Desk]


@pytest.fixture
def request_id(database: Database) -> int:
    """A mailed code that pass 1 waits for, ten minutes long."""
    return asked(database, "email")


def asked(database: Database, method: str, number: str = "") -> int:
    with database.write("test") as db:
        run = start_run(db, NIGHTLY, [], "test", NOW, None)
        account = save_portal_account(db, "cigna", "robot", AccountSecrets("a password"), "test", NOW)
        until = NOW + timedelta(minutes=10)
        return ask_for_code(
            db, account, method, run_id=run.id, actor="robot", now=NOW, expires_at=until, number=number
        ).id


@pytest.mark.parametrize("path", ["/", "/codes", "/runs/1", "/codes?run=1"])
def test_the_form_stands_where_people_look_with_its_deadline(desk: Seat, request_id: int, path: str) -> None:
    html = desk(Role.SCHEDULER).text(path)
    assert f'name="code-{request_id}"' in html
    assert 'inputmode="numeric" autocomplete="one-time-code"' in html
    assert "The pass waits until 09:10" in words_of(html)
    assert 'data-seconds="600"' in html
    assert "A pass waits for a sign-in code" not in words_of(html), "the task stands there a second time"


def test_a_pass_shows_only_its_own(desk: Seat, request_id: int, database: Database) -> None:
    with database.write("test") as db:
        other = start_run(db, NIGHTLY, [], "test", NOW, None).id
        audit.record(db, "test", "run.started", f"run:{other}", now=NOW)
    assert "Enter the code" not in desk(Role.SCHEDULER).text(f"/runs/{other}")


def test_a_viewer_sees_that_a_code_is_waited_for_and_cannot_enter_it(desk: Seat, request_id: int) -> None:
    viewer = desk(Role.VIEWER)
    assert 'name="code-' not in viewer.text("/")
    assert "A scheduler, a biller or an administrator can enter it" in viewer.text("/")
    assert viewer.send(f"/codes/{request_id}", {f"code-{request_id}": "480611"}).status_code == 403


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.BILLER, Role.ADMINISTRATOR])
def test_an_entered_code_reaches_the_robot(
    desk: Seat, request_id: int, database: Database, role: Role
) -> None:
    answer = desk(role).send(f"/codes/{request_id}", {f"code-{request_id}": "480611", "run": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs/1")
    with database.write("test") as db:
        assert take_answer(db, db.get_one(CodeRequest, request_id), "test", NOW) == "480611"
    assert "Enter the code" not in desk(role).text("/")


def test_a_form_without_its_token_is_refused(desk: Seat, request_id: int) -> None:
    person = desk(Role.SCHEDULER)
    answer = person.client.post(f"/codes/{request_id}", data={f"code-{request_id}": "480611"})
    assert answer.status_code == 403


def test_the_second_person_is_told_that_somebody_was_first(desk: Seat, request_id: int) -> None:
    person = desk(Role.SCHEDULER)
    person.send(f"/codes/{request_id}", {f"code-{request_id}": "480611"})
    answer = person.send(f"/codes/{request_id}", {f"code-{request_id}": "480611"}, follow=True)
    assert "Somebody has entered this code already" in answer.text


def test_who_comes_too_late_is_told(desk: Seat, request_id: int, clock: Clock) -> None:
    person = desk(Role.SCHEDULER)
    clock.forward(600)
    assert f'name="code-{request_id}"' not in person.text("/")
    answer = person.send(f"/codes/{request_id}", {f"code-{request_id}": "480611"}, follow=True)
    assert "It is too late" in answer.text


def test_a_mistyped_code_is_said_and_the_form_stays(desk: Seat, request_id: int) -> None:
    answer = desk(Role.SCHEDULER).send(f"/codes/{request_id}", {f"code-{request_id}": "1"}, follow=True)
    assert "Enter the 4 to 12 digits" in answer.text
    assert f'name="code-{request_id}"' in answer.text


def test_a_push_is_shown_without_a_form(desk: Seat, database: Database) -> None:
    request_id = asked(database, "push", number="47")
    html = desk(Role.SCHEDULER).text("/")
    assert "Approve a sign-in on the phone" in html
    assert 'Choose this number on the phone: <strong class="mono">47</strong>' in html
    assert f'name="code-{request_id}"' not in html


def test_elsewhere_than_at_the_server_the_one_command_to_run_is_shown(
    desk: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    command = "tallystick nightly --attended --portal carelon"
    assert command in desk(Role.SCHEDULER).text("/portals/carelon")
    assert command not in desk(Role.VIEWER).text("/portals/carelon")
    answer = desk(Role.SCHEDULER).send("/portals/carelon/attended")
    assert (answer.status_code, command in answer.text) == (409, True)


def test_at_the_server_with_a_display_the_window_is_one_button(
    desk: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":77")
    person = desk(Role.SCHEDULER)
    assert 'action="/portals/carelon/attended"' in person.text("/portals/carelon")
    assert "Nothing is due on this portal now" in person.send("/portals/carelon/attended").text
    assert desk(Role.VIEWER).send("/portals/carelon/attended").status_code == 403


def test_only_an_administrator_has_an_accounts_device_forgotten(desk: Seat, database: Database) -> None:
    with database.write("test") as db:
        account = save_portal_account(db, "cigna", "robot", AccountSecrets("a password"), "test", NOW)
        keep_browser_state(db, account, b"state", "test", NOW)
        account_id = account.id
    path = f"/portals/cigna/accounts/{account_id}/forget"
    assert path not in desk(Role.BILLER).text("/portals/cigna")
    assert desk(Role.BILLER).send(path).status_code == 403
    assert path in desk(Role.ADMINISTRATOR).text("/portals/cigna")
    assert desk(Role.ADMINISTRATOR).send(path).status_code == 303
    with database.read() as db:
        assert db.get_one(PortalAccount, account_id).browser_state is None
