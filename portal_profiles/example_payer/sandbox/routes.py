"""A stand-in of the Example Health provider portal: plain server-rendered pages. The portal is fictional.

Searches are posted and answered with a redirect, so that no address holds a patient's data.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in

COOKIE = "example_payer_session"
COOKIES_ACCEPTED = "example_payer_cookies"
LEVELS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}
TYPES = {
    "prior": "Prior authorization",
    "concurrent": "Concurrent review",
    "retrospective": "Retrospective review",
    "referral": "Referral",
    "step_therapy": "Step therapy",
}
UNITS = ("units", "visits", "days", "hours")
PLACES = {
    "11": "Office",
    "21": "Inpatient hospital",
    "22": "Outpatient hospital",
    "24": "Ambulatory surgical center",
}
LINES = (1, 2)


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
    app = Flask(
        "example_payer_sandbox",
        root_path=str(Path(__file__).parent),
        template_folder="templates",
        static_folder=None,
    )
    records = state.records

    app.jinja_env.globals.update(
        portal=records.portal,
        payer=records.payer,
        cookies_asked=lambda: COOKIES_ACCEPTED not in request.cookies,
        label=state.label,
        us_date=us_date,
        shown=state.shown,
        levels=LEVELS,
        types=TYPES,
        units=UNITS,
        places=PLACES,
        line_numbers=LINES,
        plans=sorted({p.plan for p in records.patients}),
    )

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def signed_in(view: Any) -> Any:
        """Gives the view its session, or answers with the page that stands in the way."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in":
                return redirect("/sign-in")
            if visit.ended or not state.page_of(visit):
                response = make_response(render_template("signed_out.html", ended=visit.ended))
                response.delete_cookie(COOKIE)
                return response
            if state.hazards.on("terms") and not visit.accepted_terms:
                return redirect("/terms")
            return view(visit, *args, **kwargs)

        return guarded

    @app.get("/sign-in")
    def sign_in() -> str:
        return render_template(
            "challenge.html" if state.hazards.on("challenge") else "sign_in.html", refused=False
        )

    @app.post("/sign-in")
    @signs_in
    def give_password() -> Answer | str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        answer, visit = state.give_password(
            request.form.get("username", ""), request.form.get("password", "")
        )
        if visit is None:
            page = {"refused": "sign_in.html", "locked": "locked.html", "expired": "password_expired.html"}[
                answer
            ]
            return render_template(page, refused=True)
        response = redirect("/sign-in/push" if state.accounts[visit.username].push else "/sign-in/code")
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.get("/sign-in/code")
    def code_page() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect("/sign-in")
        return redirect("/") if visit.stage == "in" else render_template("code.html", refused=False)

    @app.post("/sign-in/code")
    @signs_in
    def give_code() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect("/sign-in")
        answer = state.give_code(visit, request.form.get("code", "").strip())
        if answer == "in":
            return redirect("/")
        return render_template("locked.html" if answer == "locked" else "code.html", refused=True)

    @app.get("/sign-in/push")
    def push_page() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect("/sign-in")
        return (
            redirect("/") if visit.stage == "in" else render_template("push.html", number=visit.push_number)
        )

    @app.get("/sign-in/push/state")
    def push_state() -> dict[str, bool]:
        visit = current()
        return {"in": visit is not None and visit.stage == "in"}

    @app.get("/sign-out")
    def sign_out() -> str:
        visit = current()
        if visit is not None:
            visit.ended = "by_user"
        return render_template("signed_out.html", ended="by_user")

    @app.get("/terms")
    def terms() -> Answer | str:
        return render_template("terms.html") if current() else redirect("/sign-in")

    @app.post("/terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.accepted_terms = True
        return redirect("/")

    @app.get("/organization")
    @signed_in
    def organization_page(visit: Visit) -> str:
        names = state.accounts[visit.username].organizations
        return render_template("organization.html", organizations=names)

    @app.post("/organization")
    @signs_in
    @signed_in
    def choose_organization(visit: Visit) -> Answer:
        wanted = request.form.get("organization", "")
        if wanted in state.accounts[visit.username].organizations:
            visit.organization = wanted
        return redirect("/" if visit.organization else "/organization")

    @app.post("/cookies")
    def accept_cookies() -> Answer:
        response = redirect("/")
        response.set_cookie(COOKIES_ACCEPTED, "yes", samesite="Lax")
        return response

    @app.get("/")
    @signed_in
    def home(visit: Visit) -> Answer | str:
        if not visit.organization:
            return redirect("/organization")
        return render_template("home.html", user=visit.username, organization=visit.organization)

    @app.get("/status")
    @signed_in
    def status(visit: Visit) -> str:
        if "status" not in state.accounts[visit.username].roles:
            return render_template("role_missing.html")
        return render_template("status.html", problem="", found=None)

    @app.post("/status")
    @looks
    @signed_in
    def search(visit: Visit) -> Answer | str:
        form = request.form
        if form.get("number", "").strip():
            found = state.search_number(form["number"])
            if len(found) == 1:
                # A number that names one request opens it at once: the guard on identity matters most there.
                return redirect(f"/authorizations/{found[0].id}")
            return listed(visit, found)
        birth_date = from_us_date(form.get("birth_date", ""))
        if not form.get("member_id", "").strip() or birth_date is None:
            problem = "Enter a number, or a member ID with the birth date (MM/DD/YYYY)."
            return render_template("status.html", problem=problem, found=None)
        patient = records.member(form["member_id"], birth_date)
        if patient is None:
            return listed(visit, ())
        if patient.plan in records.plans_not_served:
            return redirect("/authorizations/not-served")
        since, until = from_us_date(form.get("service_from", "")), from_us_date(form.get("service_to", ""))
        return listed(visit, state.search_member(patient, since, until))

    def listed(visit: Visit, found: tuple[Record, ...]) -> Answer:
        visit.kept["found"] = found
        return redirect("/status/results")

    @app.get("/status/results")
    @signed_in
    def results(visit: Visit) -> str:
        return render_template("status.html", problem="", found=visit.kept.get("found", ()))

    @app.get("/authorizations/not-served")
    @signed_in
    def not_served(visit: Visit) -> str:
        return render_template("plan_not_served.html")

    @app.get("/authorizations/<record_id>")
    @signed_in
    def detail(visit: Visit, record_id: str) -> str:
        record = state.open(record_id) or abort(404)
        return render_template("detail.html", a=record)

    @app.get("/authorizations/<record_id>/letter.pdf")
    @signed_in
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
            f"Valid from {us_date(record.effective) or '-'} to {us_date(record.expiry) or '-'}",
            *(
                f"Line {line.number}: {line.code} {line.unit} requested {line.requested}"
                f" approved {line.approved if line.approved is not None else '-'}: {state.shown(line)}"
                for line in record.lines
            ),
        )

    @app.post("/authorizations/<record_id>/withdraw")
    @signed_in
    def withdraw(visit: Visit, record_id: str) -> str:
        return render_template("withdrawn.html")

    @app.get("/requests/new")
    @signed_in
    def request_form(visit: Visit) -> str:
        return render_template("request_form.html", problem="")

    @app.post("/requests/new")
    @signed_in
    def submit_request(visit: Visit) -> Answer | str:
        if not request.form.get("member_id") or not request.form.get("procedure_code_1"):
            return render_template(
                "request_form.html", problem="Enter at least the member ID and one procedure."
            )
        sent = request.form.to_dict()
        visit.kept["submitted"] = {"number": state.accept_request(sent), "sent": sent}
        return redirect("/requests/confirmation")

    @app.get("/requests/confirmation")
    @signed_in
    def confirmation(visit: Visit) -> Answer | str:
        submitted = visit.kept.pop("submitted", None)
        return render_template("confirmation.html", **submitted) if submitted else redirect("/")

    return app
