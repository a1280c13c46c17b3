"""The real server on an empty encrypted database, with one scheduler and what a test imports."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from waitress import wasyncore  # type: ignore[import-untyped]

from server.app import create_app, port_of, server
from server.db.session import Database
from server.db.tables import FindingOverride, Reading, User
from server.security import audit, tokens
from server.settings import Settings


@dataclass(slots=True)
class RealClinic:
    """A clinic whose server answers at `url`, while it is started."""

    app: Flask
    database: Database
    headers: Mapping[str, str]
    port: int = 0
    _listening: Any = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its address; the same again after a stop."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> Any:
        """Asks it without the network."""
        return self.app.test_client()

    def start(self) -> None:
        """Serves at its port; the first time at a free one."""
        self._listening = server(self.app, "127.0.0.1", self.port)
        self.port = port_of(self._listening)
        self._thread = threading.Thread(target=self._listening.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nobody answers any more, not even on connections that the browser has kept open."""
        if self._listening is None or self._thread is None:
            return
        channels = self._listening._map
        self._listening.close()
        wasyncore.close_all(channels)
        self._thread.join(10)
        self._listening = self._thread = None

    def pairing_code(self) -> str:
        """A new code, as the dashboard shows it to the scheduler."""
        now = datetime.now(UTC)
        with self.database.write("test") as db:
            user = db.query(User).one()
            audit.record(db, "test", "device.pairing_code_issued", f"user:{user.id}", now=now)
            return tokens.issue_pairing_code(db, user.id, now)

    def add(self, authorization: Mapping[str, Any]) -> int:
        """Keeps an authorization; answers its id."""
        answer = self.client.post("/api/v1/authorizations", json=dict(authorization), headers=self.headers)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return int(answer.get_json()["id"])

    def authorization(self, number: int) -> dict[str, Any]:
        """One authorization as the server tells it."""
        answer = self.client.get(f"/api/v1/authorizations/{number}", headers=self.headers)
        return dict(answer.get_json())

    def replace(self, number: int, version: int, authorization: Mapping[str, Any]) -> None:
        """Writes an authorization anew, as a person does in the dashboard."""
        headers = {**self.headers, "If-Match": f'"{version}"'}
        answer = self.client.put(
            f"/api/v1/authorizations/{number}", json=dict(authorization), headers=headers
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)

    def readings(self) -> list[Reading]:
        """Everything that was recorded, oldest first."""
        with self.database.read() as db:
            return list(db.scalars(select(Reading).order_by(Reading.id)))

    def overrides(self) -> list[FindingOverride]:
        """The findings that people went on against, oldest first."""
        with self.database.read() as db:
            return list(db.scalars(select(FindingOverride).order_by(FindingOverride.id)))


@contextmanager
def real_clinic(folder: Path) -> Iterator[RealClinic]:
    """Serves at a free port of this machine until left."""
    settings = Settings(
        data_dir=folder / "data", config_dir=folder / "config", key_text="5a" * 32, clinic="Riverbend Clinic",
        time_zone="America/Chicago",
    )  # fmt: skip
    database = Database.open(settings)
    now = datetime.now(UTC)
    with database.write("test") as db:
        db.add(
            User(email="desk@riverbend.example", name="The desk", role="biller", active=True, created_at=now)
        )
        audit.record(db, "test", "user.created", "user:1", now=now)
    with database.write("test") as db:
        user = db.query(User).one()
        audit.record(db, "test", "access.token_issued", f"user:{user.id}", now=now)
        token = tokens.issue_api_token(db, user.id, now, name="test", days=1)
    clinic = RealClinic(create_app(settings, database), database, {"Authorization": f"Bearer {token}"})
    clinic.start()
    try:
        yield clinic
    finally:
        clinic.stop()
        database.dispose()
