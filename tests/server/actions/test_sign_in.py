from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select

from server.actions.change_user import disable_user, enable_user, set_password, set_role
from server.actions.create_user import create_user
from server.actions.issue_access import issue_link
from server.actions.sign_in import FREE_REFUSALS, sign_in, sign_in_by_link
from server.db.session import Database
from server.db.tables import AuditEntry, User
from server.errors import Problem
from server.security import passwords
from server.security.roles import Role
from tests.server.records import ACTOR, NOW

EMAIL = "noor@riverbend.example"
PASSWORD = "river bend willow stone"


@pytest.fixture
def noor(database: Database) -> int:
    """A person with a password."""
    with database.write(ACTOR) as session:
        return create_user(session, EMAIL, "Noor Salim", Role.ADMINISTRATOR, ACTOR, NOW, PASSWORD).id


def refused(database: Database, password: str, *, seconds: int = 0, email: str = EMAIL) -> str:
    with pytest.raises(Problem) as raised:
        sign_in(database, email, password, NOW + timedelta(seconds=seconds))
    return raised.value.code


def test_the_right_password_signs_in_however_the_address_is_written(database: Database, noor: int) -> None:
    user = sign_in(database, "  NOOR@riverbend.example ", PASSWORD, NOW)
    assert (user.id, user.signed_in_at) == (noor, NOW)


def test_a_wrong_password_and_an_unknown_address_are_told_the_same(database: Database, noor: int) -> None:
    assert (
        refused(database, "wrong")
        == refused(database, PASSWORD, email="x@riverbend.example")
        == "sign_in_refused"
    )


def test_an_unknown_address_costs_a_comparison_too(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    class Counting:
        def verify(self, kept: str, given: str) -> bool:
            compared.append(kept)
            raise VerifyMismatchError

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert not passwords.fits("wrong", None)
    assert len(compared) == 1


def test_after_five_refusals_even_the_right_password_has_to_wait(database: Database, noor: int) -> None:
    for _ in range(FREE_REFUSALS + 1):
        assert refused(database, "wrong") == "sign_in_refused"
    assert refused(database, PASSWORD) == "sign_in_waits"
    assert sign_in(database, EMAIL, PASSWORD, NOW + timedelta(seconds=31)).refused_count == 0


def test_each_further_refusal_doubles_the_wait(database: Database, noor: int) -> None:
    for _ in range(FREE_REFUSALS + 1):
        refused(database, "wrong")
    assert refused(database, "wrong", seconds=31) == "sign_in_refused"
    assert refused(database, PASSWORD, seconds=31 + 59) == "sign_in_waits"
    assert sign_in(database, EMAIL, PASSWORD, NOW + timedelta(seconds=31 + 61)).id == noor


def test_a_person_whose_access_has_ended_is_refused(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        create_user(session, "other@riverbend.example", "", Role.ADMINISTRATOR, ACTOR, NOW)
        disable_user(session, session.get_one(User, noor), ACTOR, NOW)
    assert refused(database, PASSWORD) == "sign_in_refused"
    with database.write(ACTOR) as session:
        enable_user(session, session.get_one(User, noor), ACTOR, NOW)
    assert sign_in(database, EMAIL, PASSWORD, NOW).id == noor


def test_every_sign_in_and_refusal_is_in_the_chain(database: Database, noor: int) -> None:
    refused(database, "wrong")
    refused(database, "wrong", email="x@riverbend.example")
    sign_in(database, EMAIL, PASSWORD, NOW)
    with database.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()
    assert actions[1:] == ["sign_in.refused", "sign_in.refused", "sign_in.accepted"]


def test_a_link_signs_in_once(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        secret = issue_link(session, session.get_one(User, noor), ACTOR, NOW)
    assert sign_in_by_link(database, secret, NOW).id == noor
    with pytest.raises(Problem, match="used up or too old"):
        sign_in_by_link(database, secret, NOW)


def test_a_short_password_is_refused_with_the_rule(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session, pytest.raises(Problem) as raised:
        set_password(session, session.get_one(User, noor), "short", ACTOR, NOW)
    assert raised.value.fields[0].field == "password"


def test_a_new_password_or_role_ends_the_browsers_that_are_signed_in(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        create_user(session, "other@riverbend.example", "", Role.ADMINISTRATOR, ACTOR, NOW)
        user = session.get_one(User, noor)
        first = user.session_epoch
        set_password(session, user, PASSWORD + " two", ACTOR, NOW)
        assert user.session_epoch == first + 1
        set_role(session, user, Role.VIEWER, ACTOR, NOW)
        assert user.session_epoch == first + 2


def test_the_last_administrator_stays_one(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        user = session.get_one(User, noor)
        with pytest.raises(Problem, match="last administrator"):
            set_role(session, user, Role.VIEWER, ACTOR, NOW)
        with pytest.raises(Problem, match="last administrator"):
            disable_user(session, user, ACTOR, NOW)
        assert user.active


def test_the_same_address_is_one_person(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        with pytest.raises(Problem) as raised:
            create_user(session, EMAIL.upper(), "", Role.VIEWER, ACTOR, NOW)
        assert raised.value.status == 409
        with pytest.raises(Problem) as raised:
            create_user(session, "no address", "", Role.VIEWER, ACTOR, NOW)
        assert raised.value.fields[0].field == "email"


def test_a_digest_made_with_older_costs_is_made_anew_at_sign_in(database: Database, noor: int) -> None:
    with database.write(ACTOR) as session:
        user = session.get_one(User, noor)
        cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
        user.password_hash = old = cheap.hash(PASSWORD)
        set_role(session, user, Role.ADMINISTRATOR, ACTOR, NOW)
    assert sign_in(database, EMAIL, PASSWORD, NOW).password_hash != old
    assert sign_in(database, EMAIL, PASSWORD, NOW).id == noor
