"""Signing in by password or by a one-time link, and signing out."""

from __future__ import annotations

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from server.actions import sign_in as entrance
from server.context import context
from server.db.tables import User
from server.errors import Problem
from server.security.access import actor_or_none, public
from server.web.blueprint import page, web


@web.get("/sign-in")
@public()
def sign_in() -> Response:
    """The form; a person who is signed in already goes to the worklist."""
    if actor_or_none() is not None:
        return redirect(url_for("web.worklist"), 303)
    return page("sign_in.html")


@web.post("/sign-in")
@public()
def sign_in_with_password() -> Response:
    """Lets a person in, or says why not without telling whether the account exists."""
    known = context()
    email = request.form.get("email", "")
    try:
        _let_in(entrance.sign_in(known.database, email, request.form.get("password", ""), known.clock()))
    except Problem as problem:
        return page("sign_in.html", status=problem.status, wrong=problem.message, email=email)
    return redirect(url_for("web.worklist"), 303)


@web.get("/sign-in/link/<secret>")
@public()
def link(secret: str) -> Response:
    """Asks for one press, so that a mail scanner that opens links does not use this one up."""
    return page("link.html")


@web.post("/sign-in/link/<secret>")
@public()
def sign_in_with_link(secret: str) -> Response:
    """Uses the link up and lets its person in."""
    known = context()
    try:
        _let_in(entrance.sign_in_by_link(known.database, secret, known.clock()))
    except Problem as problem:
        return page("sign_in.html", status=problem.status, wrong=problem.message)
    return redirect(url_for("web.worklist"), 303)


@web.post("/sign-out")
@public()
def sign_out() -> Response:
    """Forgets the person on this browser."""
    session.clear()
    return redirect(url_for("web.sign_in"), 303)


def _let_in(user: User) -> None:
    session.clear()  # a session that was there before the sign-in must not become a signed-in one
    session["user_id"] = user.id
    session["epoch"] = user.session_epoch
