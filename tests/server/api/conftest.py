"""An app on an empty encrypted database, with one person of each role and ways to ask as each of them."""

from __future__ import annotations

import base64
import hashlib
import json as json_module
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.app import create_app
from server.db.session import Database
from server.db.tables import Device, User
from server.security import audit, tokens
from server.security.roles import Role
from server.settings import Settings

NOW = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)

#: Twelve visits of physical therapy for Ada Lindqvist, approved for the last quarter of 2026.
AUTHORIZATION: dict[str, Any] = {
    "payer_id": "EXH01",
    "payer_name": "Example Health",
    "patient": {
        "member_id": "XYZ100200301",
        "last_name": "Lindqvist",
        "first_name": "Ada",
        "birth_date": "1961-03-12",
    },
    "determination": "approved",
    "determination_text": "Approved",
    "lines": [
        {"number": 1, "code": "97110", "modifiers": ["GP"], "quantity": 12, "unit": "visits", "used": 4}
    ],
    "diagnoses": ["M54.50"],
    "rendering_npis": ["1234567893"],
    "billing_npi": "1992999957",
    "place_of_service": "11",
    "level_of_care": "outpatient",
    "effective": "2026-10-01",
    "expiry": "2026-12-31",
    "reference_numbers": [{"value": "A-7731904", "kind": "authorization", "issuer": "Example Health"}],
}


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Browser:
    """The extension's side of the signature, written from its description and not from the server's code."""

    client: FlaskClient
    clock: Clock
    device: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def jwk(self) -> dict[str, Any]:
        """The public key as WebCrypto exports it."""
        numbers = self.key.public_key().public_numbers()
        return {
            "kty": "EC", "crv": "P-256", "ext": True, "key_ops": ["verify"],
            "x": _base64url(numbers.x.to_bytes(32)), "y": _base64url(numbers.y.to_bytes(32)),
        }  # fmt: skip

    def header(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        time: int | None = None,
        nonce: str | None = None,
    ) -> str:
        """The Authorization header for one request."""
        stamp = int(self.clock.now.timestamp()) if time is None else time
        nonce = nonce or _base64url(secrets.token_bytes(16))
        text = f"{method}\n{target}\n{hashlib.sha256(body).hexdigest()}\n{stamp}\n{nonce}"
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        signature = _base64url(r.to_bytes(32) + s.to_bytes(32))
        return f'Tallystick device="{self.device}", time="{stamp}", nonce="{nonce}", signature="{signature}"'

    def ask(self, method: str, target: str, json: Any = None) -> TestResponse:
        """One signed request."""
        body = b"" if json is None else json_module.dumps(json).encode()
        headers = {"Authorization": self.header(method, target, body)}
        return self.client.open(
            target,
            method=method,
            data=body,
            headers=headers,
            content_type="application/json" if json else None,
        )


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A migrated database with one person of each role, to be copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    settings = Settings(
        data_dir=folder / "data", config_dir=folder / "config", key_text="5a" * 32, clinic="Riverbend Clinic",
        time_zone="America/Chicago",
    )  # fmt: skip
    database = Database.open(settings)
    with database.write("test") as db:
        for role in Role:
            db.add(
                User(
                    email=f"{role.value}@riverbend.example", name=f"The {role.value}", role=role.value,
                    active=True, created_at=NOW,
                )
            )  # fmt: skip
        audit.record(db, "test", "user.created", "user:all", now=NOW)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return settings


@pytest.fixture
def database(made_once: Settings, tmp_path: Path) -> Iterator[Database]:
    """A fresh copy of it."""
    settings = Settings(
        data_dir=tmp_path / "data", config_dir=tmp_path / "config", key_text=made_once.key_text,
        clinic=made_once.clinic, time_zone=made_once.time_zone,
    )  # fmt: skip
    settings.data_dir.mkdir()
    shutil.copy(made_once.database_file, settings.database_file)
    opened = Database.open(settings)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> Clock:
    """16 November 2026, 9 in the morning at the clinic."""
    return Clock()


@pytest.fixture
def app(database: Database, clock: Clock) -> Flask:
    """The whole application."""
    return create_app(database.settings, database, clock=clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody in particular."""
    return app.test_client()


def bearer(database: Database, role: Role) -> dict[str, str]:
    """Headers with a new API token of the person with this role."""
    with database.write("test") as db:
        user = db.query(User).filter_by(role=role.value).one()
        audit.record(db, "test", "access.token_issued", f"user:{user.id}", now=NOW)
        token = tokens.issue_api_token(db, user.id, NOW, name="test", days=1)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def browser(app: Flask, client: FlaskClient, database: Database, clock: Clock) -> Browser:
    """A browser that is paired, for the scheduler."""
    found = Browser(client, clock)
    with database.write("test") as db:
        user = db.query(User).filter_by(role="scheduler").one()
        db.add(
            Device(
                id="d0d0d0d0d0d0d0d0", user_id=user.id, name="Front desk", paired_at=NOW,
                public_key={key: found.jwk()[key] for key in ("kty", "crv", "x", "y")},
            )
        )  # fmt: skip
        audit.record(db, "test", "device.paired", "device:d0d0d0d0d0d0d0d0", now=NOW)
    found.device = "d0d0d0d0d0d0d0d0"
    return found
