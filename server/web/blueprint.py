"""The dashboard's blueprint, and what each of its pages shares: the person, the places, the banner."""

from __future__ import annotations

from typing import cast
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, flash, make_response, render_template, url_for
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from server.context import PAGE_FOR_PROBLEM, context
from server.db.tables import PortalSetting
from server.errors import Problem
from server.security import access
from server.security.roles import Role
from server.web import words
from server.web.upload import InMemoryRequest

web = Blueprint(
    "web", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
)

#: endpoint, word, family, least role
PLACES = (
    ("web.worklist", "Worklist", "worklist", Role.VIEWER),
    ("web.authorizations", "Authorizations", "authorizations", Role.VIEWER),
    ("web.checks", "Checks", "checks", Role.VIEWER),
    ("web.runs", "Status passes", "runs", Role.VIEWER),
    ("web.portals", "Portals", "portals", Role.VIEWER),
    ("web.payer_rules", "Payer rules", "payer_rules", Role.VIEWER),
    ("web.devices", "Devices", "devices", Role.SCHEDULER),
    ("web.users", "Users", "users", Role.ADMINISTRATOR),
)


def page(template: str, place: str = "", status: int = 200, **values: object) -> Response:
    """Renders a template with what every page shows. place: the family of the bar's entry that is current."""
    person = access.actor_or_none()
    places = [entry[:3] for entry in PLACES if person is not None and person.may(entry[3])]
    sandboxes: list[str] = []
    if person is not None:
        with context().database.read() as db:
            stands_in = db.scalars(
                select(PortalSetting.portal).where(PortalSetting.base_url.is_not(None)).order_by("portal")
            )
            sandboxes = [words.portal_name(slug) for slug in stands_in]
    html = render_template(
        template,
        place=place,
        places=places,
        person=person,
        sandboxes=sandboxes,
        clinic=context().settings.clinic,
        csrf=_csrf_field,
        **values,
    )
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def done(text: str, kind: str = "good") -> None:
    """Says on the next page what was done. kind: good, warn or bad."""
    flash(text, kind)


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(access.csrf_token())


HEADINGS = {
    401: "Sign in first",
    403: "Not for your role",
    404: "There is nothing here",
    412: "Changed meanwhile",
}


def page_for_problem(problem: Problem) -> BaseResponse:
    """A problem as a page; without a sign-in, the way to the sign-in page."""
    if problem.status == 401:
        return cast(BaseResponse, make_response("", 303, {"Location": url_for("web.sign_in")}))
    heading = HEADINGS.get(problem.status, "That did not work")
    return page(
        "problem.html", status=problem.status, heading=heading, message=problem.message, fields=problem.fields
    )


def install(app: Flask) -> None:
    """Hangs the dashboard on the app: pages, words, static files, problems as pages."""
    words.install(app, _time_zone(app))
    app.extensions[PAGE_FOR_PROBLEM] = page_for_problem
    app.register_blueprint(web)
    app.request_class = InMemoryRequest
    access.declare(app, "web.static", access.Need(None))


def _time_zone(app: Flask) -> ZoneInfo:
    with app.app_context():
        return context().settings.zone
