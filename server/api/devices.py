"""Paired browser extensions: pairing with a code, who I am, the list, and revoking."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select

from server.actions.pair_device import pair_device
from server.actions.revoke_device import revoke_device
from server.api.fields import Text
from server.api.resource import Resource, Strict
from server.context import context
from server.db.tables import Device, User
from server.errors import Problem
from server.security.access import current_actor
from server.security.roles import Role

resource = Resource("devices", "devices", "Paired browser extensions")


class PublicKeySchema(Strict):
    """The public half of an ECDSA P-256 key pair, as WebCrypto exports it (JWK)."""

    kty = fields.String(
        required=True, validate=validate.Equal("EC", error='Not "EC". Make a P-256 key pair.')
    )
    crv = fields.String(
        required=True, validate=validate.Equal("P-256", error='Not "P-256". Make a P-256 key pair.')
    )
    x = fields.String(
        required=True, validate=validate.Length(max=64, error="Too long. Send 32 bytes as base64url.")
    )
    y = fields.String(
        required=True, validate=validate.Length(max=64, error="Too long. Send 32 bytes as base64url.")
    )
    ext = fields.Boolean()
    key_ops = fields.List(fields.String())
    alg = fields.String()


class PairingSchema(Strict):
    """What a browser sends to be paired. code: the 8 characters that the dashboard shows."""

    code = Text(20, required=True, allow_none=False)
    name = Text(120, required=True, allow_none=False, metadata={"description": "what to call this browser"})
    public_key = fields.Nested(PublicKeySchema, required=True)


class PairedSchema(Schema):
    """The pairing: the id to sign with, and whose browser it now is."""

    device_id = fields.String(required=True)
    clinic = fields.String(required=True)
    user = fields.String(required=True)


class MeSchema(PairedSchema):
    """The device that asks."""

    name = fields.String(required=True)
    role = fields.String(required=True)


class DeviceSchema(Schema):
    """One paired browser."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    user = fields.String(required=True)
    paired_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class DeviceListSchema(Schema):
    """Devices, newest first."""

    items = fields.List(fields.Nested(DeviceSchema), required=True)


@resource.post("/pair", access=None, answers=PairedSchema, status=201, body=PairingSchema, errors=(401,))
def pair(sent: dict[str, Any]) -> dict[str, Any]:
    """Pair a browser with the code that the dashboard shows.

    The code lasts 10 minutes, works once, and is withdrawn after 5 wrong tries.
    """
    known = context()
    device, user = pair_device(known.database, sent["code"], sent["name"], sent["public_key"], known.clock())
    return {"device_id": device.id, "clinic": known.settings.clinic, "user": user.name}


@resource.get("/me", access=Role.VIEWER, answers=MeSchema, errors=(404,))
def read_me() -> dict[str, Any]:
    """The device that signed this request, and whom it speaks for."""
    actor = current_actor()
    if actor.device_id is None:
        raise Problem("not_found", "No device signed this request.", 404)
    known = context()
    with known.database.read() as db:
        device = db.get_one(Device, actor.device_id)
    return {
        "device_id": device.id,
        "name": device.name,
        "clinic": known.settings.clinic,
        "user": actor.name,
        "role": actor.role.value,
    }


@resource.get("", access=Role.VIEWER, answers=DeviceListSchema)
def list_devices() -> dict[str, Any]:
    """Your own devices; an administrator sees everyone's."""
    actor = current_actor()
    query = select(Device, User.name).join(User, User.id == Device.user_id).order_by(Device.paired_at.desc())
    if not actor.may(Role.ADMINISTRATOR):
        query = query.where(Device.user_id == actor.user_id)
    with context().database.read() as db:
        rows = db.execute(query).all()
    return {"items": [_as_json(device, user) for device, user in rows]}


@resource.delete("/<device_id>", access=Role.VIEWER, answers=DeviceSchema, errors=(404,))
def revoke(device_id: str) -> dict[str, Any]:
    """Revoke a device of your own; an administrator may revoke anyone's. It is refused from then on."""
    actor, known = current_actor(), context()
    with known.database.write(actor.label) as db:
        device = db.get(Device, device_id)
        if device is None or not (device.user_id == actor.user_id or actor.may(Role.ADMINISTRATOR)):
            raise Problem("not_found", "There is no such device, or it is not yours.", 404)
        device = revoke_device(db, device_id, actor.label, known.clock())
        user = db.get_one(User, device.user_id)
    return _as_json(device, user.name)


def _as_json(device: Device, user: str) -> dict[str, Any]:
    return {
        "id": device.id,
        "name": device.name,
        "user": user,
        "paired_at": device.paired_at,
        "seen_at": device.seen_at,
        "revoked_at": device.revoked_at,
    }
