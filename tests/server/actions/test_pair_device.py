"""Pairing trades a code for a device, and revoking ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from server.actions.issue_access import issue_pairing_code
from server.actions.pair_device import pair_device
from server.actions.revoke_device import revoke_device
from server.db.session import Database
from server.db.tables import AccessToken, AuditEntry, Device, User
from server.errors import Problem
from server.security import audit, signatures
from tests.server.records import NOW


def jwk() -> dict[str, object]:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (signatures.to_base64url(part.to_bytes(32)) for part in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "ext": True}


@pytest.fixture
def code(database: Database) -> str:
    """A pairing code of a scheduler."""
    with database.write("test") as session:
        user = User(
            email="scheduler@riverbend.example",
            name="Scheduler",
            role="scheduler",
            active=True,
            created_at=NOW,
        )
        session.add(user)
        session.flush()
        audit.record(session, "test", "user.created", f"user:{user.id}", now=NOW)
        return issue_pairing_code(session, user, "test", NOW)


def test_a_device_is_kept_with_the_public_half_only(database: Database, code: str) -> None:
    key = jwk()
    device, user = pair_device(database, code, "Front desk", key, NOW)
    with database.read() as session:
        kept = session.get_one(Device, device.id)
    assert (kept.user_id, kept.name, kept.paired_at) == (user.id, "Front desk", NOW)
    assert kept.public_key == {name: key[name] for name in ("kty", "crv", "x", "y")}


def test_a_refused_try_is_counted_although_it_raises(database: Database, code: str) -> None:
    with pytest.raises(Problem) as caught:
        pair_device(database, "AAAAAAAA", "Front desk", jwk(), NOW)
    assert (caught.value.code, caught.value.status) == ("pairing_refused", 401)
    with database.read() as session:
        assert session.scalars(select(AccessToken.tries)).all() == [1]
        assert session.scalars(select(Device)).all() == []


def test_a_code_that_is_too_old_pairs_nothing(database: Database, code: str) -> None:
    with pytest.raises(Problem):
        pair_device(database, code, "Front desk", jwk(), NOW + timedelta(minutes=10))


def test_a_device_is_revoked_once_and_stays_so(database: Database, code: str) -> None:
    device, _ = pair_device(database, code, "Front desk", jwk(), NOW)
    for minutes in (1, 2):
        with database.write("test") as session:
            revoke_device(session, device.id, "test", NOW + timedelta(minutes=minutes))
    with database.read() as session:
        assert session.get_one(Device, device.id).revoked_at == NOW + timedelta(minutes=1)
        entries = session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "device.revoked")
        ).all()
    assert entries == [f"device:{device.id}"]


def test_a_device_that_is_not_there_cannot_be_revoked(database: Database) -> None:
    with pytest.raises(Problem) as caught, database.write("test") as session:
        revoke_device(session, "none", "test", NOW)
    assert (caught.value.code, caught.value.status) == ("not_found", 404)
