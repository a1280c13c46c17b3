"""Who may sign in, and what each may do: for administrators."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from server.actions.change_user import disable_user as disable
from server.actions.change_user import set_role
from server.actions.create_user import create_user
from server.actions.issue_access import issue_link
from server.context import context
from server.db.tables import User
from server.errors import Problem
from server.security import people
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web
from server.web.words import label


@web.get("/users")
@needs(Role.ADMINISTRATOR)
def users() -> Response:
    """Everybody, with their roles."""
    return _users(None)


@web.post("/users")
@needs(Role.ADMINISTRATOR)
def add_user() -> Response:
    """Adds a person and shows their first sign-in link, once."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        user = create_user(
            db,
            request.form.get("email", ""),
            request.form.get("name", ""),
            _role(),
            actor.label,
            known.clock(),
        )
        db.flush()
        secret = issue_link(db, user, actor.label, known.clock())
    return _users(secret)


@web.post("/users/<int:user_id>/role")
@needs(Role.ADMINISTRATOR)
def change_role(user_id: int) -> Response:
    """Gives a person another role; their open sessions end."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        set_role(db, _user(db.get(User, user_id)), _role(), actor.label, known.clock())
    done("The role is set.")
    return redirect(url_for("web.users"), 303)


@web.post("/users/<int:user_id>/link")
@needs(Role.ADMINISTRATOR)
def link_user(user_id: int) -> Response:
    """Shows a one-time sign-in link for a person."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        secret = issue_link(db, _user(db.get(User, user_id)), actor.label, known.clock())
    return _users(secret)


@web.post("/users/<int:user_id>/disable")
@needs(Role.ADMINISTRATOR)
def disable_user(user_id: int) -> Response:
    """Ends a person's access at once."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        disable(db, _user(db.get(User, user_id)), actor.label, known.clock())
    done("The person can no longer sign in.")
    return redirect(url_for("web.users"), 303)


def _user(user: User | None) -> User:
    if user is None:
        raise Problem("not_found", "There is no such person.", 404)
    return user


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        raise Problem("invalid", f"No such role. Give one of: {', '.join(Role)}.", 422) from None


def _users(secret: str | None) -> Response:
    with context().database.read() as db:
        everybody = people.everybody(db)
    roles = [role.value for role in Role]
    return page(
        "users.html",
        "users",
        users=everybody,
        roles=roles,
        role_words=[(role, label(role)) for role in roles],
        link=url_for("web.link", secret=secret, _external=True) if secret else None,
    )
