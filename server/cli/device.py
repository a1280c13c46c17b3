"""`tallystick device`: the paired browser extensions."""

from __future__ import annotations

import json
from datetime import datetime

import click
from sqlalchemy import select

from server.actions.revoke_device import revoke_device
from server.context import utc_now
from server.db.session import Database
from server.db.tables import Device, User
from server.settings import Settings


@click.group("device")
def command() -> None:
    """Lists paired browser extensions, and revokes them.

    Example: tallystick device list
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_devices(as_json: bool) -> None:
    """Every device that was ever paired, the newest first.

    Example: tallystick device list --json
    """
    database = Database.open(Settings.load())
    try:
        with database.read() as session:
            rows = session.execute(
                select(Device, User.email)
                .join(User, User.id == Device.user_id)
                .order_by(Device.paired_at.desc())
            ).all()
    finally:
        database.dispose()
    if as_json:
        click.echo(json.dumps({"devices": [_as_json(device, email) for device, email in rows]}, indent=2))
        return
    if not rows:
        click.echo("No device was paired yet. Make a code in the dashboard, under Devices.")
        return
    for device, email in rows:
        state = (
            f"revoked {_minute(device.revoked_at)}"
            if device.revoked_at
            else f"seen {_minute(device.seen_at)}"
        )
        click.echo(f"{device.id}  {device.name}  {email}  paired {_minute(device.paired_at)}  {state}")


@command.command("revoke")
@click.argument("device_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revoke(device_id: str, as_json: bool) -> None:
    """Ends the access of one device, at once and for good.

    Example: tallystick device revoke 4f1c2b7a90d3e586
    """
    database = Database.open(Settings.load())
    try:
        with database.write("command line") as session:
            device = revoke_device(session, device_id, "command line", utc_now())
            email = session.get_one(User, device.user_id).email
    finally:
        database.dispose()
    if as_json:
        click.echo(json.dumps(_as_json(device, email), indent=2))
    else:
        click.echo(f"{device.name} of {email} is revoked.")


def _as_json(device: Device, email: str) -> dict[str, str | None]:
    return {
        "id": device.id,
        "name": device.name,
        "user": email,
        "paired_at": device.paired_at.isoformat(),
        "seen_at": device.seen_at.isoformat() if device.seen_at else None,
        "revoked_at": device.revoked_at.isoformat() if device.revoked_at else None,
    }


def _minute(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else "never"
