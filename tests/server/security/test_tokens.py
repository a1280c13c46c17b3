from datetime import timedelta

import pytest
from sqlalchemy import select

from server.actions.change_user import disable_user
from server.actions.create_user import create_user
from server.actions.issue_access import issue_api_token, issue_link, issue_pairing_code
from server.db.session import Database
from server.db.tables import AccessToken, User
from server.errors import Problem
from server.security import audit, tokens
from server.security.roles import Role
from tests.server.records import ACTOR, NOW


@pytest.fixture
def noor(database: Database) -> int:
    """A scheduler's id."""
    with database.write(ACTOR) as session:
        return create_user(session, "Noor@Riverbend.example", "Noor Salim", Role.SCHEDULER, ACTOR, NOW).id


def link(database: Database, user_id: int) -> str:
    with database.write(ACTOR) as session:
        return issue_link(session, session.get_one(User, user_id), ACTOR, NOW)


def used_by(database: Database, secret: str, *, minutes: int = 0) -> int | None:
    with database.write("sign-in") as session:
        user = tokens.use_link(session, secret, NOW + timedelta(minutes=minutes))
        audit.record(session, "sign-in", "tried", "link")
        return user.id if user else None


def test_a_link_lets_its_person_in_once(database: Database, noor: int) -> None:
    secret = link(database, noor)
    assert used_by(database, secret) == noor
    assert used_by(database, secret) is None


def test_a_link_is_too_old_after_fifteen_minutes(database: Database, noor: int) -> None:
    assert used_by(database, link(database, noor), minutes=15) is None


def test_no_secret_is_kept(database: Database, noor: int) -> None:
    secret = link(database, noor)
    with database.read() as session:
        token = session.scalars(select(AccessToken)).one()
        assert secret not in repr([getattr(token, c.key) for c in AccessToken.__table__.columns])
        assert token.digest == tokens.digest(secret)


def test_a_disabled_persons_links_and_tokens_no_longer_open(database: Database, noor: int) -> None:
    secret = link(database, noor)
    with database.write(ACTOR) as session:
        user = session.get_one(User, noor)
        token = issue_api_token(session, user, "claim checks", 30, ACTOR, NOW)
        disable_user(session, user, ACTOR, NOW)
    assert used_by(database, secret) is None
    with database.read() as session:
        assert tokens.user_of_api_token(session, token, NOW) is None
    with database.write(ACTOR) as session, pytest.raises(Problem, match="access has ended"):
        issue_link(session, session.get_one(User, noor), ACTOR, NOW)


def test_an_api_token_works_until_it_expires(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        token = issue_api_token(session, session.get_one(User, noor), "claim checks", 30, ACTOR, NOW)
    with database.read() as session:
        user = tokens.user_of_api_token(session, token, NOW + timedelta(days=29))
        assert user is not None
        assert user.id == noor
        assert tokens.user_of_api_token(session, token, NOW + timedelta(days=30)) is None
        assert tokens.user_of_api_token(session, token + "x", NOW) is None


def pair(database: Database, code: str) -> int | None:
    with database.write("pairing") as session:
        user = tokens.use_pairing_code(session, code, NOW)
        audit.record(session, "pairing", "tried", "device")
        return user.id if user else None


def test_a_pairing_code_is_eight_clear_characters_and_works_once(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        code = issue_pairing_code(session, session.get_one(User, noor), ACTOR, NOW)
    assert len(code) == 8
    assert not set(code) & set("01IOL")
    assert pair(database, f"{code[:4].lower()}-{code[4:]} ") == noor
    assert pair(database, code) is None


def test_after_five_wrong_codes_the_right_one_no_longer_works(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        code = issue_pairing_code(session, session.get_one(User, noor), ACTOR, NOW)
    for _ in range(tokens.PAIRING_TRIES):
        assert pair(database, "22222222") is None
    assert pair(database, code) is None


def test_a_new_pairing_code_ends_the_persons_earlier_one(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        user = session.get_one(User, noor)
        old = issue_pairing_code(session, user, ACTOR, NOW)
        new = issue_pairing_code(session, user, ACTOR, NOW)
    assert pair(database, old) is None
    assert pair(database, new) == noor
