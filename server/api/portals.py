"""What staff should look at by hand, one portal at a time."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from server.api.authorizations import note_sight
from server.api.profiles import load
from server.api.resource import Resource
from server.context import context
from server.db.tables import Authorization, Reading
from server.jobs.to_look_at import LookAt, to_look_at, to_look_at_by_portal
from server.security.roles import Role

resource = Resource("portals", "portals", "Portals that staff read as they browse")


class TypedSchema(Schema):
    """One value to type into the portal's search."""

    field = fields.String(
        required=True, metadata={"description": "as a query calls it: member_id, birth_date"}
    )
    text = fields.String(required=True, metadata={"description": "as it is typed; dates as MM/DD/YYYY"})


class LookCountSchema(Schema):
    """One portal on which staff look, because no pass may (why), and how many requests are due there."""

    slug = fields.String(required=True)
    name = fields.String(required=True)
    why = fields.String(required=True)
    total = fields.Integer(required=True)


class LookCountsSchema(Schema):
    """Every such portal with something due, most due first."""

    portals = fields.List(fields.Nested(LookCountSchema), required=True)


class LookAtSchema(Schema):
    """One authorization whose status is due. address: of the portal's search page, without patient data."""

    authorization_id = fields.Integer(required=True)
    last_name = fields.String(required=True, allow_none=True)
    first_name = fields.String(required=True, allow_none=True)
    payer_name = fields.String(required=True, allow_none=True)
    codes = fields.List(fields.String(), required=True)
    determination = fields.String(required=True)
    due_since = fields.Date(required=True, allow_none=True)
    last_looked_at = fields.AwareDateTime(required=True, allow_none=True)
    address = fields.String(required=True)
    typed = fields.List(fields.Nested(TypedSchema), required=True)


class RefreshedSchema(Schema):
    """One authorization that was read meanwhile as a person browsed. state: accepted, or waiting for a
    person.
    """

    authorization_id = fields.Integer(required=True, allow_none=True)
    last_name = fields.String(required=True, allow_none=True)
    first_name = fields.String(required=True, allow_none=True)
    read_at = fields.AwareDateTime(required=True)
    read_by = fields.String(required=True)
    state = fields.String(required=True)


class LookListSchema(Schema):
    """One portal's list, the longest due first. why: empty where passes look by themselves; total: of all
    that are due, `items` being the first of them.
    """

    slug = fields.String(required=True)
    name = fields.String(required=True)
    why = fields.String(required=True)
    pages_known = fields.Boolean(
        required=True, metadata={"description": "false: the extension reads no page here"}
    )
    address = fields.String(required=True)
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(LookAtSchema), required=True)
    refreshed = fields.List(fields.Nested(RefreshedSchema), required=True)


@resource.get("/to-look-at", access=Role.SCHEDULER, answers=LookCountsSchema)
def count_to_look_at() -> dict[str, Any]:
    """How much is due on each portal that no pass looks at: numbers alone, nothing of a patient."""
    known = context()
    with known.database.read() as db:
        counts = to_look_at_by_portal(db, known.clock())
    return {
        "portals": [
            {"slug": one.profile.slug, "name": one.profile.name, "why": one.why, "total": one.total}
            for one in counts
        ]
    }


@resource.get("/<slug>/to-look-at", access=Role.SCHEDULER, answers=LookListSchema, errors=(404,))
def list_to_look_at(slug: str) -> dict[str, Any]:
    """What is due on a portal, with what to type there: for staff where no pass looks."""
    load(slug)
    known = context()
    with known.database.read() as db:
        found = to_look_at(db, slug, known.clock())
        shown = {
            "slug": slug,
            "name": found.profile.name,
            "why": found.why,
            "pages_known": bool(found.profile.pages),
            "address": found.address,
            "total": found.total,
            "items": [_as_json(item) for item in found.items],
            "refreshed": [_refreshed_json(*one) for one in found.refreshed],
        }
        ids = [item.authorization.id for item in found.items]
        ids += [row.id for _, row in found.refreshed if row is not None and row.id not in ids]
    note_sight("authorization.listed", ids)
    return shown


def _as_json(item: LookAt) -> dict[str, Any]:
    row = item.authorization
    return {
        "authorization_id": row.id,
        "last_name": row.last_name,
        "first_name": row.first_name,
        "payer_name": row.payer_name,
        "codes": [line.code for line in row.lines if line.code],
        "determination": row.determination,
        "due_since": row.next_due,
        "last_looked_at": row.last_looked_at,
        "address": item.address,
        "typed": [{"field": name, "text": text} for name, text in item.typed],
    }


def _refreshed_json(reading: Reading, row: Authorization | None) -> dict[str, Any]:
    return {
        "authorization_id": reading.authorization_id,
        "last_name": row.last_name if row is not None else None,
        "first_name": row.first_name if row is not None else None,
        "read_at": reading.read_at,
        "read_by": reading.read_by,
        "state": reading.state,
    }
