"""The real server on an empty encrypted database, with one scheduler and what a test imports."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.app import create_app, server
from server.db.session import Database
from server.db.tables import Reading, User
from server.security import audit, tokens
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class RealClinic:
    """A clinic whose server answers at `url`."""

    url: str
    database: Database
    headers: Mapping[str, str]
    client: Any

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

    def readings(self) -> list[Reading]:
        """Everything that was recorded, oldest first."""
        with self.database.read() as db:
            return list(db.scalars(select(Reading).order_by(Reading.id)))


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
    app = create_app(settings, database)
    listening = server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=listening.run, daemon=True)
    thread.start()
    try:
        yield RealClinic(
            f"http://127.0.0.1:{listening.effective_port}",
            database,
            {"Authorization": f"Bearer {token}"},
            app.test_client(),
        )
    finally:
        listening.close()
        thread.join(5)
        database.dispose()
