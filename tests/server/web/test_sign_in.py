"""Getting in: by password, by a link that works once, and out again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from server.actions.change_user import set_password
from server.actions.issue_access import issue_link
from server.db.session import Database
from server.security import people
from server.security.roles import Role
from tests.server.web.conftest import NOW, Desk

EMAIL = "biller@riverbend.example"


def test_without_a_sign_in_every_page_leads_to_the_sign_in_page(app: Flask) -> None:
    answer = app.test_client().get("/authorizations")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


def test_a_password_lets_its_person_in_and_a_wrong_one_says_nothing_of_the_account(
    app: Flask, database: Database
) -> None:
    with database.write("test") as db:
        set_password(db, people.person(db, EMAIL), "a long enough sentence", "test", NOW)
    desk = Desk(app.test_client())
    wrong = desk.send("/sign-in", email=EMAIL, password="not it")
    unknown = desk.send("/sign-in", email="nobody@riverbend.example", password="not it")
    assert wrong.status_code == unknown.status_code == 401
    assert "is not right" in wrong.text
    assert "is not right" in unknown.text
    right = desk.send("/sign-in", email=EMAIL, password="a long enough sentence", follow=True)
    assert "Worklist" in right.text


def test_a_link_lets_in_once(app: Flask, database: Database) -> None:
    with database.write("test") as db:
        secret = issue_link(db, people.person(db, EMAIL), "test", NOW - timedelta(minutes=1))
    first, second = Desk(app.test_client()), Desk(app.test_client())
    assert first.send(f"/sign-in/link/{secret}").status_code == 303
    assert second.send(f"/sign-in/link/{secret}").status_code == 401


def test_a_form_without_this_session_s_token_is_refused(desk: Callable[[Role], Desk]) -> None:
    mine = desk(Role.BILLER)
    answer = mine.client.post("/sign-out", data={"csrf_token": "another"})
    assert answer.status_code == 403
    assert "Worklist" in mine.text("/")


def test_after_signing_out_nothing_is_shown(desk: Callable[[Role], Desk]) -> None:
    mine = desk(Role.BILLER)
    mine.send("/sign-out")
    assert mine.open("/").status_code == 303
