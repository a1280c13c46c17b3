"""Ends a paired extension's access, at once and for good."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from server.db.tables import Device
from server.errors import Problem
from server.security import audit


def revoke_device(session: Session, device_id: str, actor: str, now: datetime) -> Device:
    """Revokes the device in a write session; revoking it again changes nothing.

    Raises Problem `not_found` (404).
    """
    device = session.get(Device, device_id)
    if device is None:
        raise Problem("not_found", "There is no such device.", 404)
    if device.revoked_at is None:
        device.revoked_at = now
        audit.record(session, actor, "device.revoked", f"device:{device_id}", now=now)
    return device
