"""Who may do what over HTTP. Denied unless declared: a view without `needs(...)` or `public(...)` answers
nobody.

Three ways in, each of which ends in one `Actor` with a person's role:

    dashboard cookie   Flask session `user_id` and `epoch`; each write needs the CSRF token (header or form)
    API token          Authorization: Bearer <token>
    paired extension   Authorization: Tallystick ... (`server.security.signatures`); a nonce is taken once

The person's account is looked up on every request: a deactivated user, a raised session epoch, a revoked
device or token is refused at once, not when something expires.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, jsonify, request, session
from sqlalchemy import BindParameter, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.context import Context, context
from server.db.prepared import Prepared
from server.db.tables import Device, DeviceNonce, User
from server.errors import Problem
from server.security import signatures, tokens
from server.security.roles import Role

View = TypeVar("View", bound=Callable[..., object])

#: Bytes of a request body, unless its view declares another limit.
BODY_LIMIT = 1024 * 1024
_NEEDS = "tallystick.needs"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SEEN_EVERY = timedelta(minutes=1)


class Way(StrEnum):
    """How an actor came in."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a request. device_id: set when a paired extension speaks for them."""

    user_id: int
    email: str
    name: str
    role: Role
    way: Way
    device_id: str | None = None

    @property
    def label(self) -> str:
        """How the audit chain and the records name this actor."""
        if self.device_id is not None:
            return f"{self.email} (device {self.device_id})"
        return f"{self.email} (token)" if self.way is Way.TOKEN else self.email

    def may(self, role: Role) -> bool:
        """Whether this actor's role is `role` or above it."""
        return self.role.at_least(role)


@dataclass(frozen=True, slots=True)
class Need:
    """What a view declares. role None: public. claims_nonce: the view claims a device's nonce itself, inside
    its own transaction, with `claim_nonce`.
    """

    role: Role | None
    body_limit: int = BODY_LIMIT
    claims_nonce: bool = False


def needs(role: Role, *, body_limit: int = BODY_LIMIT, claims_nonce: bool = False) -> Callable[[View], View]:
    """Declares the least role that may use a view."""
    return _declaring(Need(role, body_limit, claims_nonce))


def public(*, body_limit: int = BODY_LIMIT) -> Callable[[View], View]:
    """Declares that a view answers anyone. A public write outside the API still needs the CSRF token."""
    return _declaring(Need(None, body_limit))


def _declaring(need: Need) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        view.__dict__["access_need"] = need
        return view

    return decorate


def declare(app: Flask, endpoint: str, need: Need) -> None:
    """Declares a view that is not ours to decorate, such as a blueprint's static files."""
    app.extensions.setdefault(_NEEDS, {})[endpoint] = need


def declared(app: Flask, endpoint: str, method: str) -> Need | None:
    """What the view behind `endpoint` declares for `method`; None means that nobody may use it."""
    given: Need | None = app.extensions.get(_NEEDS, {}).get(endpoint)
    if given is not None:
        return given
    view = app.view_functions[endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        view = getattr(view_class, ("get" if method == "HEAD" else method).lower(), None) or view
    return cast("Need | None", getattr(view, "access_need", None))


def install(app: Flask) -> None:
    """Puts the gate before every view of the app."""
    app.before_request(_gate)
    app.after_request(_nonce_was_claimed)


def current_actor() -> Actor:
    """Who is asking. Raises Problem `access_needed` (401) in a public view that nobody signed in to."""
    actor = actor_or_none()
    if actor is None:
        raise Problem("access_needed", "Sign in first.", 401)
    return actor


def actor_or_none() -> Actor | None:
    """Who is asking; None in a public view that nobody signed in to."""
    if "actor" not in g:
        with context().database.read() as db:
            g.actor = _from_cookie(db)
    return cast("Actor | None", g.actor)


def csrf_token() -> str:
    """This browser session's token: forms send it as `csrf_token`, scripts as the header X-CSRF-Token."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return cast(str, session["csrf"])


def claim_nonce(db: Session, now: datetime) -> None:
    """Takes the request's nonce in the caller's write transaction, so that the same request never counts
    twice.

    Does nothing when no device signed the request. Raises Problem `replayed` (401).
    """
    signed: signatures.DeviceSignature | None = g.get("unclaimed")
    if signed is None:
        return
    if _CLAIM[db.get_bind().dialect.name].run(db, device_id=signed.device, nonce=signed.nonce, at=now) != 1:
        raise Problem("replayed", "This request was already taken once. Sign a new one.", 401)
    if g.device_seen_at is None or now - g.device_seen_at > _SEEN_EVERY:
        db.execute(update(Device).where(Device.id == signed.device).values(seen_at=now))
        too_old = now - timedelta(seconds=4 * signatures.WINDOW_SECONDS)
        db.execute(delete(DeviceNonce).where(DeviceNonce.at < too_old))
    g.unclaimed = None


def _gate() -> None:
    known = context()
    g.unclaimed = None
    _check_host(known)
    if request.routing_exception is not None or request.method == "OPTIONS":
        return
    need = declared(current_app, request.endpoint or "", request.method)
    if need is None:
        raise Problem("not_declared", "Nobody may use this address: it declares no access.", 403)
    request.max_content_length = need.body_limit
    header = request.headers.get("Authorization", "")
    if need.role is None:
        if request.method not in _SAFE_METHODS and not request.path.startswith("/api/"):
            _check_csrf()
        return
    now = known.clock()
    with known.database.read() as db:
        if header.startswith(signatures.SCHEME):
            actor: Actor | None = _from_device(db, signatures.parse(header), now)
        elif header.startswith("Bearer "):
            actor = _from_token(db, header.removeprefix("Bearer ").strip(), now)
        else:
            actor = _from_cookie(db)
    if actor is None:
        raise Problem("access_needed", "Sign in, or send an API token or a paired device's signature.", 401)
    g.actor = actor
    if actor.way is Way.SESSION and request.method not in _SAFE_METHODS:
        _check_csrf()
    if not actor.may(need.role):
        raise Problem(
            "role_too_low",
            f"This needs the role {need.role.value}; you have the role {actor.role.value}.",
            403,
        )
    if actor.way is Way.DEVICE and not need.claims_nonce:
        with known.database.write(actor.label) as db:
            claim_nonce(db, now)


def _nonce_was_claimed(response: Response) -> Response:
    """A view that promised to claim the nonce and failed before it could: the nonce is spent all the same."""
    if g.get("unclaimed") is None:
        return response
    if response.status_code < 400:
        raise RuntimeError("a view that declares claims_nonce answered without claiming it")
    known = context()
    try:
        with known.database.write(g.actor.label) as db:
            claim_nonce(db, known.clock())
    except Problem as problem:
        g.unclaimed = None
        replayed = jsonify(problem.to_json())
        replayed.status_code = problem.status
        return replayed
    return response


def _check_host(known: Context) -> None:
    """Answers only to its own names, so that a page elsewhere cannot reach it by pointing its name here."""
    asked = _HOST.fullmatch(request.headers.get("Host", ""))
    if asked is None or asked[1].lower() not in known.hosts:
        raise Problem(
            "host_unknown",
            "This server does not answer to that host name. Add it to TALLYSTICK_ALLOWED_HOSTS if it should.",
            400,
        )


def _check_csrf() -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if "csrf" not in session or not hmac.compare_digest(given.encode(), str(session["csrf"]).encode()):
        raise Problem("csrf", "The form is out of date. Load the page again and repeat what you did.", 403)


def _person(row: object, way: Way, device_id: str | None = None) -> Actor | None:
    user_id, email, name, role, active = cast("tuple[int, str, str, str, bool]", row)
    return Actor(user_id, email, name, Role(role), way, device_id) if active else None


_USER_COLUMNS = (User.id, User.email, User.name, User.role, User.active)
_BY_SESSION = select(User.session_epoch, *_USER_COLUMNS)
_BY_DEVICE = Prepared(
    select(Device.public_key, Device.revoked_at, Device.seen_at, *_USER_COLUMNS)
    .join(User, User.id == Device.user_id)
    .where(Device.id == bindparam("device_id"))
)
_NONCE: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in ("device_id", "nonce", "at")}
_CLAIM = {
    dialect.__name__.rpartition(".")[2]: Prepared(
        dialect.insert(DeviceNonce).values(_NONCE).on_conflict_do_nothing()
    )
    for dialect in (sqlite, postgresql)
}


def _from_cookie(db: Session) -> Actor | None:
    if "user_id" not in session:
        return None
    row = db.execute(_BY_SESSION.where(User.id == session["user_id"])).one_or_none()
    if row is None or row[0] != session.get("epoch"):
        return None
    return _person(row[1:], Way.SESSION)


def _from_token(db: Session, token: str, now: datetime) -> Actor:
    user = tokens.user_of_api_token(db, token, now)
    if user is None:
        raise Problem("token_refused", "The API token is unknown, expired or withdrawn.", 401)
    return Actor(user.id, user.email, user.name, Role(user.role), Way.TOKEN)


def _from_device(db: Session, signed: signatures.DeviceSignature, now: datetime) -> Actor:
    found = _BY_DEVICE.rows(db, device_id=signed.device)
    if not found:
        raise Problem("device_unknown", "This device is not paired. Pair it again in the dashboard.", 401)
    row = found[0]
    public_key, revoked_at, g.device_seen_at = row[:3]
    target = request.script_root + request.path
    if request.query_string:
        target += "?" + request.query_string.decode("latin-1")
    body = request.get_data(cache=True)
    message = signatures.text_to_sign(request.method, target, body, signed.time, signed.nonce)
    if not signatures.is_genuine(signed, public_key, message):
        raise Problem("signature_wrong", "The signature does not fit the request.", 401)
    if revoked_at is not None:
        raise Problem("device_revoked", "This device was revoked. Pair it again in the dashboard.", 401)
    if abs(now.timestamp() - signed.time) > signatures.WINDOW_SECONDS:
        raise Problem(
            "clock_off",
            f"The device's clock is over {signatures.WINDOW_SECONDS} seconds off the server's. Set it.",
            401,
        )
    actor = _person(row[3:], Way.DEVICE, signed.device)
    if actor is None:
        raise Problem("device_revoked", "The person whom this device speaks for is no longer active.", 401)
    g.unclaimed = signed
    return actor
