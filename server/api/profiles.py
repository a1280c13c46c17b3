"""Portals as this installation knows them: where each lives, what was decided, how its pages are read."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select

from portal_profiles import catalogue
from portal_profiles.profile import Profile
from server.api.resource import Resource
from server.context import context
from server.db.tables import PortalSetting
from server.errors import Problem
from server.security.roles import Role

resource = Resource(
    "profiles", "profiles", "Portals: their hosts, terms and the reading part of their profile"
)


class HostSchema(Schema):
    """One origin of a portal."""

    origin = fields.String(required=True, metadata={"description": "scheme, host and port"})
    use = fields.String(required=True, metadata={"enum": ["portal", "sign-in", "app"]})
    source = fields.String(required=True)


class ProfileSchema(Schema):
    """One portal. sandbox: origin of the stand-in that the clinic uses in place of the portal's hosts, or
    null.
    """

    slug = fields.String(required=True)
    name = fields.String(required=True)
    version = fields.String(required=True)
    summary = fields.String(required=True)
    fictional = fields.Boolean(required=True)
    seen_live = fields.Date(required=True, allow_none=True)
    unattended = fields.Boolean(required=True)
    attended_because = fields.String(
        required=True, metadata={"description": "why no pass runs here by itself; empty where one may"}
    )
    pages_known = fields.Boolean(
        required=True, metadata={"description": "false: nobody has described its pages, so none is read"}
    )
    enabled = fields.Boolean(required=True)
    automation = fields.String(required=True, metadata={"description": "the clinic's own decision"})
    sandbox = fields.String(required=True, allow_none=True)
    hosts = fields.List(fields.Nested(HostSchema), required=True)


class ProfileWithReadingSchema(ProfileSchema):
    """One portal with what the reader is given: pages with their signs, fields and rows."""

    reading_part = fields.Dict(required=True)


class ProfileListSchema(Schema):
    """Every portal."""

    items = fields.List(fields.Nested(ProfileSchema), required=True)


def _as_json(profile: Profile, setting: PortalSetting | None) -> dict[str, Any]:
    return {
        "slug": profile.slug,
        "name": profile.name,
        "version": profile.version,
        "summary": profile.summary,
        "fictional": profile.fictional,
        "seen_live": profile.seen_live,
        "unattended": profile.unattended,
        "attended_because": profile.attended_because,
        "pages_known": bool(profile.pages),
        "enabled": setting.enabled if setting is not None else False,
        "automation": setting.automation if setting is not None else "unknown",
        "sandbox": setting.base_url if setting is not None else None,
        "hosts": [{"origin": h.origin, "use": h.use, "source": h.source} for h in profile.hosts],
    }


@resource.get("", access=Role.VIEWER, answers=ProfileListSchema)
def list_profiles() -> dict[str, Any]:
    """Every portal that has a profile, with the clinic's decision on it."""
    with context().database.read() as db:
        settings = {setting.portal: setting for setting in db.scalars(select(PortalSetting))}
    profiles = [catalogue.load(slug) for slug in catalogue.slugs()]
    return {"items": [_as_json(profile, settings.get(profile.slug)) for profile in profiles]}


@resource.get("/<slug>", access=Role.VIEWER, answers=ProfileWithReadingSchema, errors=(404,))
def read_profile(slug: str) -> dict[str, Any]:
    """One portal with the reading part of its profile, as the extension's reader takes it."""
    profile = load(slug)
    with context().database.read() as db:
        setting = db.get(PortalSetting, slug)
    return {**_as_json(profile, setting), "reading_part": profile.reading_part()}


def load(slug: str) -> Profile:
    """The portal's profile; Problem `not_found` (404) when there is none of that name."""
    try:
        return catalogue.load(slug)
    except catalogue.UnknownPortal as error:
        raise Problem(
            "not_found", "No portal has a profile of that name. See /api/v1/profiles.", 404
        ) from error


def name_of(slug: str) -> str:
    """The portal's own name; the slug where its profile is not to be had."""
    return catalogue.load(slug).name if slug in catalogue.slugs() else slug
