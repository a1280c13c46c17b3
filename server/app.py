"""The web application: one gate, one error shape and the same headers before and after every view.

create_app(settings)   ->  Flask app: /api/v1/..., /api/openapi.json, and the dashboard
serve(app, host, port) ->  waitress, until it is stopped
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
import waitress  # type: ignore[import-untyped]
from flask import Flask, Response, g, request

from server import context, web
from server.api import (
    authorizations,
    cases,
    checks,
    codes,
    devices,
    errors,
    fields,
    overrides,
    portals,
    profiles,
    readings,
    runs,
)
from server.api.resource import TallystickApi
from server.db.session import Database
from server.security import access
from server.settings import Settings

RESOURCES = (
    authorizations,
    cases,
    checks,
    overrides,
    readings,
    runs,
    codes,
    profiles,
    portals,
    devices,
)
#: Bytes that waitress takes before any view's own limit is asked.
LARGEST_BODY = 64 * 1024 * 1024
_EXTENSIONS = ("chrome-extension://", "moz-extension://")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_log = structlog.get_logger("server")


def create_app(
    settings: Settings,
    database: Database | None = None,
    *,
    allowed_hosts: Iterable[str] = (),
    clock: Callable[[], datetime] = context.utc_now,
    https: bool = False,
) -> Flask:
    """The application on this database (opened from the settings when none is given).

    allowed_hosts: names that it answers to besides loopback and the host it listens on. https: a proxy in
    front speaks HTTPS, so cookies are for HTTPS only.
    """
    app = Flask("server", static_folder=None, template_folder=None)
    database = database or Database.open(settings)
    names = {name.lower() for name in allowed_hosts} | {settings.host.lower()}
    context.keep(app, context.Context(settings, database, clock, context.LOOPBACK | names))
    app.config.update(
        SECRET_KEY=database.vault.key.derive("session cookie"),
        SESSION_COOKIE_NAME="tallystick",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        MAX_CONTENT_LENGTH=access.BODY_LIMIT,
        API_TITLE="Tallystick",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS=_spec_options(),
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.before_request(_begin)
    access.install(app)
    app.before_request(_answer_preflight)
    app.after_request(_finish)
    errors.install(app)
    api = TallystickApi(app)
    for field_class, (kind, shape) in fields.IN_OPENAPI.items():
        api.register_field(field_class, kind, shape)
    for resource in RESOURCES:
        api.register_blueprint(resource.resource.blueprint)
    access.declare(app, "api-docs.openapi_json", access.Need(None))
    web.register(app)
    return app


def server(app: Flask, host: str, port: int, *, threads: int = 8) -> waitress.server.BaseWSGIServer:
    """A waitress server that listens already; `run()` serves, `close()` ends it. port 0: any free one."""
    return waitress.create_server(
        app,
        host=host,
        port=port,
        threads=threads,
        ident=None,
        max_request_body_size=LARGEST_BODY,
        # Over these, waitress would put requests and answers into clear files.
        inbuf_overflow=LARGEST_BODY,
        outbuf_overflow=LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
    )


def port_of(listening: waitress.server.BaseWSGIServer) -> int:
    """The port that a `server` listens on; the first where a name stands for several addresses."""
    several = getattr(listening, "effective_listen", None)
    return int(several[0][1] if several else listening.effective_port)


def _spec_options() -> dict[str, object]:
    return {
        "info": {
            "description": "Prior authorizations of one clinic, and what does not match them. "
            "`x-access` of an operation is the least role that may use it. "
            "Patient data is never part of an address: search with POST.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "components": {
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": "tallystick"},
                "token": {"type": "http", "scheme": "bearer"},
                "device": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": 'Tallystick device="...", time="...", nonce="...", signature="..."',
                },
            }
        },
    }


def _begin() -> None:
    g.started = time.perf_counter()


def _answer_preflight() -> Response | None:
    """A paired extension's browser asks before it sends; the question itself needs no access."""
    if request.method == "OPTIONS" and request.path.startswith("/api/v1/") and _extension_origin():
        return Response(status=204)
    return None


def _extension_origin() -> str | None:
    origin = request.headers.get("Origin", "")
    return origin if origin.startswith(_EXTENSIONS) else None


def _finish(response: Response) -> Response:
    if request.path.startswith("/api/"):
        response.headers.extend(_HEADERS)
        response.headers["Cache-Control"] = "no-store"
        origin = _extension_origin()
        if request.path.startswith("/api/v1/"):
            response.headers.add("Vary", "Origin")
            if origin is not None:
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers["Access-Control-Expose-Headers"] = "ETag"
                if request.method == "OPTIONS":
                    response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
                    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match"
                    response.headers["Access-Control-Max-Age"] = "600"
    else:
        # A page may say something stricter of itself, as the one that shows evidence does.
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
    actor: access.Actor | None = g.get("actor")
    _log.info(
        "request",
        method=request.method,
        route=request.url_rule.rule if request.url_rule is not None else None,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.started) * 1000, 1),
        user_id=actor.user_id if actor is not None else None,
        way=actor.way.value if actor is not None else None,
        device_id=actor.device_id if actor is not None else None,
    )
    return response
