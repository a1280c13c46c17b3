"""The dashboard: server-rendered pages, one file a family of pages."""

from __future__ import annotations

import importlib

from flask import Flask

from server.web import blueprint

FAMILIES = (
    "sign_in",
    "worklist",
    "codes",
    "authorizations",
    "imports",
    "checks",
    "readings",
    "runs",
    "portals",
    "payer_rules",
    "devices",
    "users",
)


def register(app: Flask) -> None:
    """Hangs every page on the app."""
    for family in FAMILIES:
        importlib.import_module(f"server.web.{family}")
    blueprint.install(app)
