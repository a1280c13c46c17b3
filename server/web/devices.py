"""Paired browsers: a code to pair one, the list, revoking."""

from __future__ import annotations

from flask import redirect, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.actions.issue_access import issue_pairing_code
from server.actions.revoke_device import revoke_device as revoke
from server.context import context
from server.db.tables import Device, User
from server.errors import Problem
from server.security.access import Actor, current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web


@web.get("/devices")
@needs(Role.SCHEDULER)
def devices() -> Response:
    """One's own devices; an administrator sees everyone's."""
    return _devices(None)


@web.post("/devices")
@needs(Role.SCHEDULER)
def pair() -> Response:
    """Shows a new pairing code, once."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        code = issue_pairing_code(db, db.get_one(User, actor.user_id), actor.label, known.clock())
    return _devices(code)


@web.post("/devices/<device_id>/revoke")
@needs(Role.SCHEDULER)
def revoke_device(device_id: str) -> Response:
    """Ends a device's access: one's own, or anyone's for an administrator."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        device = db.get(Device, device_id)
        if device is None or not _may_revoke(actor, device):
            raise Problem("not_found", "There is no such device of yours.", 404)
        revoke(db, device_id, actor.label, known.clock())
    done("The device is revoked. Its extension can ask nothing any more.")
    return redirect(url_for("web.devices"), 303)


def _may_revoke(actor: Actor, device: Device) -> bool:
    return device.user_id == actor.user_id or actor.may(Role.ADMINISTRATOR)


def _devices(code: str | None) -> Response:
    actor = current_actor()
    query = select(Device, User.name).join(User, User.id == Device.user_id).order_by(Device.paired_at.desc())
    if not actor.may(Role.ADMINISTRATOR):
        query = query.where(Device.user_id == actor.user_id)
    with context().database.read() as db:
        shown = [
            {
                "id": device.id,
                "name": device.name,
                "person": person,
                "paired_at": device.paired_at,
                "seen_at": device.seen_at,
                "revoked_at": device.revoked_at,
                "may_revoke": _may_revoke(actor, device),
            }
            for device, person in db.execute(query)
        ]
    return page("devices.html", "devices", devices=shown, code=code, may_pair=True)
