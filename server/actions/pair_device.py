"""Pairs a browser extension: a code from the dashboard is traded for a device that signs with its own key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from server.db.session import Database
from server.db.tables import Device, User
from server.errors import FieldProblem, Problem
from server.security import audit, tokens
from server.security.signatures import public_key


def pair_device(
    database: Database, code: str, name: str, jwk: Mapping[str, object], now: datetime
) -> tuple[Device, User]:
    """The new device and the person whom it speaks for.

    jwk: the public half of an ECDSA P-256 key pair. Takes the database instead of a session: a wrong try must
    be counted although it is refused. Raises Problem `pairing_refused` (401), or `invalid` (422) for the key,
    which does not spend the code.
    """
    checked = public_key(jwk)
    with database.write("pairing") as session:
        user = tokens.use_pairing_code(session, code, now)
        if user is not None:
            device = Device(
                id=secrets.token_hex(8),
                user_id=user.id,
                name=name,
                public_key=checked,
                paired_at=now,
                seen_at=now,
            )
            session.add(device)
            audit.record(
                session,
                user.email,
                "device.paired",
                f"device:{device.id}",
                {"user": f"user:{user.id}"},
                now=now,
            )
            return device, user
        audit.record(session, "nobody", "device.pairing_refused", "device:unknown", now=now)
    raise Problem(
        "pairing_refused",
        "The code is not right, used up, or older than 10 minutes.",
        401,
        (
            FieldProblem(
                "code",
                "This code does not open anything.",
                "Make a new code in the dashboard, under Devices.",
            ),
        ),
    )
