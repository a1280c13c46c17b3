"""A stand-in of the eviCore provider portal. Most of what is behind its sign-in is invented: see ../NOTES.md.

A sign-in with a HIPAA box to tick each time, two older portals behind one button, a look-up that lists cases,
and each case in a tab of its own.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import NumberKind

COOKIE = "evicore_session"
SCREENS = "/Preauthorization/screens/"
PORTALS = ("CareCore National Portal", "MedSolutions Portal")
MOST_CODES = 10
UNITS = {"units": "Units", "visits": "Visits", "days": "Days"}
LEVELS = {"outpatient": "Outpatient", "inpatient": "Inpatient"}


def us_date(day: date | None) -> str:
    """MM/DD/YYYY as the portal shows dates; empty for none."""
    return day.strftime("%m/%d/%Y") if day else ""


def from_us_date(text: str) -> date | None:
    """The date of MM/DD/YYYY; None for anything else."""
    try:
        return datetime.strptime(text.strip(), "%m/%d/%Y").date()  # noqa: DTZ007 (a calendar date has no zone)
    except ValueError:
        return None


def create(state: State) -> Flask:
    """The sandbox as a Flask app over `state`."""
    here = str(Path(__file__).parent)
    app = Flask("evicore_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records

    app.jinja_env.globals.update(
        portal=records.portal,
        payer=records.payer,
        label=state.label,
        shown=state.shown,
        us_date=us_date,
        screens=SCREENS,
        unit_words=UNITS,
        levels=LEVELS,
        code_rows=range(1, MOST_CODES + 1),
        number=lambda record, kind: record.numbers.get(NumberKind(kind), ""),
    )

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def signed_in(view: Any) -> Any:
        """Gives the view its session, or answers with the page that stands in the way."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in":
                return redirect(f"{SCREENS}Login.aspx")
            if visit.ended or not state.page_of(visit):
                response = make_response(render_template("signed_out.html", ended=visit.ended))
                response.delete_cookie(COOKIE)
                return response
            if state.hazards.on("terms") and not visit.kept.get("site_terms"):
                return render_template("site_terms.html")
            return view(visit, *args, **kwargs)

        return guarded

    def for_providers(view: Any) -> Any:
        """Only for registered provider users."""

        @wraps(view)
        def guarded(visit: Visit, *args: Any, **kwargs: Any) -> Any:
            if "Provider" not in state.accounts[visit.username].roles:
                return render_template("role_missing.html")
            return view(visit, *args, **kwargs)

        return signed_in(guarded)

    @app.get("/")
    def start() -> Answer:
        return redirect(f"{SCREENS}Home.aspx")

    # ---- signing in ----

    @app.get(f"{SCREENS}Login.aspx")
    def sign_in() -> str:
        return render_template(
            "challenge.html" if state.hazards.on("challenge") else "sign_in.html", problem=""
        )

    @app.post(f"{SCREENS}Login.aspx")
    @signs_in
    def give_password() -> Answer | str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        if "hipaa" not in request.form:
            return render_template("sign_in.html", problem="You must agree to the HIPAA disclosure.")
        answer, visit = state.give_password(request.form.get("userid", ""), request.form.get("password", ""))
        if visit is None:
            pages = {"locked": "locked.html", "expired": "password_expired.html"}
            problem = "The User ID or Password is not valid."
            return render_template(pages.get(answer, "sign_in.html"), problem=problem)
        state.let_in(visit)
        visit.accepted_terms = True
        response = redirect(f"{SCREENS}Home.aspx")
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.post(f"{SCREENS}SiteSpecificTerms.aspx")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.kept["site_terms"] = True
        return redirect(f"{SCREENS}Home.aspx")

    @app.get(f"{SCREENS}Logout.aspx")
    def sign_out() -> str:
        visit = current()
        if visit is not None:
            visit.ended = "by_user"
        return render_template("signed_out.html", ended="by_user")

    # ---- the two portals ----

    @app.get(f"{SCREENS}Home.aspx")
    @signed_in
    def home(visit: Visit) -> str:
        return render_template("home.html", which=visit.kept.get("which", 0), names=PORTALS)

    @app.post(f"{SCREENS}Switch.aspx")
    @looks
    @signed_in
    def switch_portal(visit: Visit) -> Answer:
        visit.kept["which"] = 1 - int(visit.kept.get("which", 0))
        return redirect(f"{SCREENS}Home.aspx")

    # ---- looking up ----

    @app.get(f"{SCREENS}AuthorizationLookup.aspx")
    @for_providers
    def look_up(visit: Visit) -> str:
        return render_template("lookup.html", problem="", found=None)

    @app.post(f"{SCREENS}AuthorizationLookup.aspx")
    @looks
    @for_providers
    def search(visit: Visit) -> str:
        form = request.form
        if form.get("number", "").strip():
            return render_template("lookup.html", problem="", found=state.search_number(form["number"]))
        born, since = from_us_date(form.get("birth", "")), from_us_date(form.get("since", ""))
        until = from_us_date(form.get("until", ""))
        if not form.get("member", "").strip() or not form.get("last", "").strip() or born is None:
            problem = "Enter a number, or member ID, last name and date of birth exactly as on the card."
            return render_template("lookup.html", problem=problem, found=None)
        patient = records.member(form["member"], born)
        if patient is None or patient.last_name.upper() != form["last"].strip().upper():
            return render_template("lookup.html", problem="", found=())
        if patient.plan in records.plans_not_served:
            return render_template("plan_not_served.html")
        return render_template("lookup.html", problem="", found=state.search_member(patient, since, until))

    @app.get(f"{SCREENS}CaseView.aspx/<record_id>")
    @for_providers
    def case(visit: Visit, record_id: str) -> str:
        return render_template("case.html", a=state.open(record_id) or abort(404))

    @app.get(f"{SCREENS}CaseView.aspx/<record_id>/letter")
    @for_providers
    def letter_file(visit: Visit, record_id: str) -> Response:
        record = state.open(record_id) or abort(404)
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("letter_not_ready.html"))
        return Response(letter(records.portal, letter_lines(record)), mimetype="application/pdf")

    def letter_lines(record: Record) -> tuple[str, ...]:
        return (
            f"Member ID: {record.patient.member_id}",
            *(
                f"{kind.value.capitalize()} number: {value}"
                for kind, value in record.numbers.items()
                if value
            ),
            f"Status: {state.shown(record)}",
            *(f"{line.code}: {state.shown(line)}" for line in record.lines),
        )

    @app.post(f"{SCREENS}CaseView.aspx/<record_id>/cancel")
    @signed_in
    def cancel(visit: Visit, record_id: str) -> str:
        return render_template("cancelled.html")

    # ---- asking for an authorization ----

    @app.get(f"{SCREENS}NewRequest.aspx")
    @for_providers
    def request_form(visit: Visit) -> str:
        return render_template("request_form.html", problem="")

    @app.post(f"{SCREENS}NewRequest.aspx")
    @for_providers
    def send(visit: Visit) -> Answer | str:
        form = request.form
        if not form.get("member") or not form.get("cpt1") or not form.get("icd"):
            problem = "Enter the member ID, at least one CPT code and at least one diagnosis code."
            return render_template("request_form.html", problem=problem)
        visit.kept["sent"] = {"number": state.accept_request(form.to_dict()), "member": form["member"]}
        return redirect(f"{SCREENS}Confirmation.aspx")

    @app.get(f"{SCREENS}Confirmation.aspx")
    @for_providers
    def confirmation(visit: Visit) -> Answer | str:
        sent = visit.kept.pop("sent", None)
        return render_template("confirmation.html", **sent) if sent else redirect(f"{SCREENS}Home.aspx")

    return app
