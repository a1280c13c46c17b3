"""A stand-in of Cohere Health, built to what its public help pages say (see ../NOTES.md).

A sign-in page, then one document that never reloads: a dashboard with one search bar and a list of which only
the rows in view are in the page, the patient summary behind a row, and an edit form whose Save sends the
request off. What nothing public says is invented, and listed in the notes.
"""

from __future__ import annotations

from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import TWIN, Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import Determination, NumberKind

COOKIE = "cohere_session"
VIEW_ROLE = "view"
LEVELS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}
PLACES = {
    "11": "Office",
    "21": "Inpatient hospital",
    "22": "Outpatient hospital",
    "24": "Ambulatory surgical center",
}
TYPES = {"prior": "Prior authorization", "concurrent": "Continuation", "referral": "Referral"}
PRINTED = (Determination.APPROVED, Determination.PARTIALLY_APPROVED)


def us_date(day: date | None) -> str:
    """MM/DD/YYYY as the portal shows dates; empty for none."""
    return day.strftime("%m/%d/%Y") if day else ""


def create(state: State) -> Flask:
    """The sandbox as a Flask app over `state`."""
    here = str(Path(__file__).parent)
    app = Flask("cohere_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records
    app.jinja_env.globals.update(portal=records.portal, label=state.label)

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def gone(visit: Visit) -> bool:
        """Whether the session has ended; counts a page of it."""
        return bool(visit.ended) or not state.page_of(visit)

    def page(view: Any) -> Any:
        """Gives the view its session, or answers with the page that stands in the way."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in":
                return redirect("/sign-in")
            if gone(visit):
                response = make_response(render_template("signed_out.html", ended=visit.ended))
                response.delete_cookie(COOKIE)
                return response
            if state.hazards.on("terms") and not visit.accepted_terms:
                return render_template("terms.html")
            if VIEW_ROLE not in state.accounts[visit.username].roles:
                return render_template("role_missing.html")
            return view(visit, *args, **kwargs)

        return guarded

    def interface(view: Any) -> Any:
        """Gives the view its session, or answers 401: the page itself says that the session is over."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in" or gone(visit):
                return jsonify(ended=visit.ended if visit else ""), 401
            if VIEW_ROLE not in state.accounts[visit.username].roles:
                return jsonify(), 403
            return view(visit, *args, **kwargs)

        return guarded

    # ---- signing in ----

    @app.get("/sign-in")
    def sign_in_page() -> str:
        return render_template("challenge.html" if state.hazards.on("challenge") else "sign_in.html")

    @app.post("/sign-in")
    @signs_in
    def give_password() -> Answer | str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        answer, visit = state.give_password(request.form.get("email", ""), request.form.get("password", ""))
        if visit is None:
            pages = {
                "refused": "sign_in.html",
                "locked": "locked.html",
                "expired": "password_expired.html",
            }
            return render_template(pages[answer], refused=True)
        state.let_in(visit)
        response = redirect("/")
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.get("/sign-out")
    def sign_out() -> str:
        visit = current()
        if visit is not None:
            visit.ended = "by_user"
        return render_template("signed_out.html", ended="by_user")

    @app.post("/terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.accepted_terms = True
        return redirect("/")

    # ---- the one document ----

    @app.get("/")
    @app.get("/requests/<request_id>")
    @app.get("/requests/<request_id>/edit")
    @page
    def document(visit: Visit, request_id: str = "") -> str:
        return render_template("app.html", statuses=sorted(records.words.values()))

    # ---- what it asks for ----

    def row(record: Record) -> dict[str, object]:
        """A request as the list shows it."""
        return {
            "id": record.id,
            "patient": f"{record.patient.last_name}, {record.patient.first_name}",
            "member": record.patient.member_id,
            "tracking": record.numbers[NumberKind.TRACKING],
            "authorization": record.numbers[NumberKind.AUTHORIZATION],
            "service": record.lines[0].requested_code,
            "start": us_date(record.service_from),
            "status": state.shown(record),
            "printable": record.decision in PRINTED,
        }

    @app.get("/api/requests")
    @interface
    def everything(visit: Visit) -> Response:
        newest = sorted(records.authorizations, key=lambda r: (r.service_from, r.id), reverse=True)
        return jsonify(rows=[row(r) for r in newest])

    @app.post("/api/requests/search")
    @looks
    @interface
    def search(visit: Visit) -> Response:
        typed = str(request.get_json().get("text", "")).strip()
        found = state.search_number(typed)
        for patient in records.patients:
            name = f"{patient.first_name} {patient.last_name}".casefold()
            if typed.casefold() in (patient.member_id.casefold(), name):
                if patient.plan in records.plans_not_served:
                    return jsonify(rows=[], served=False)
                found += state.search_member(patient, None, None)
        return jsonify(rows=[row(r) for r in found], served=True)

    @app.get("/api/requests/<request_id>")
    @interface
    def one(visit: Visit, request_id: str) -> Response | tuple[Response, int]:
        record = state.open(request_id)
        if record is None:
            return jsonify(), 404
        if record.decision is Determination.DRAFT:
            # Whoever started it is not one of the sandbox's accounts.
            return jsonify(draft_of_another=True)
        return jsonify(
            id=record.id.removesuffix(TWIN),
            editable=record.type != "referral",
            letter=record.letter,
            note=record.note,
            request=[
                ["Status", state.shown(record)],
                ["Authorization ID", record.numbers[NumberKind.AUTHORIZATION]],
                ["Tracking ID", record.numbers[NumberKind.TRACKING]],
                ["Submitted", us_date(record.requested)],
                ["Decided", us_date(record.decided)],
                ["Approved from", us_date(record.effective)],
                ["Approved through", us_date(record.expiry)],
            ],
            patient=[
                ["Patient", f"{record.patient.last_name}, {record.patient.first_name}"],
                ["Member ID", record.patient.member_id],
                ["Date of birth", us_date(record.patient.birth_date)],
                ["Health plan", records.payer],
                ["Product", record.patient.plan],
            ],
            service=[
                ["Request type", TYPES[record.type]],
                ["Care setting", LEVELS[record.level_of_care]],
                ["Place of service", PLACES[record.place_of_service]],
                ["Diagnosis codes", ", ".join(record.diagnoses)],
                ["Start date", us_date(record.service_from)],
                ["End date", us_date(record.service_to)],
                ["Ordering provider NPI", record.requesting_npi],
                ["Performing provider NPI", record.rendering_npi],
                ["Performing facility NPI", record.facility_npi],
            ],
            lines=[
                [
                    line.number,
                    line.requested_code,
                    line.code if line.approved else "",
                    ", ".join(line.modifiers),
                    line.requested,
                    "" if line.approved is None else line.approved,
                    line.unit.capitalize(),
                    state.shown(line),
                ]
                for line in record.lines
            ],
        )

    @app.get("/requests/<request_id>/letter")
    @page
    def letter_file(visit: Visit, request_id: str) -> Response | tuple[str, int]:
        record = state.open(request_id)
        if record is None:
            return render_template("error.html"), 404
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("letter_not_ready.html"))
        return Response(letter(records.portal, letter_lines(record)), mimetype="application/pdf")

    def letter_lines(record: Record) -> tuple[str, ...]:
        names = {NumberKind.AUTHORIZATION: "Authorization ID", NumberKind.TRACKING: "Tracking ID"}
        return (
            f"Health plan: {records.payer}",
            f"Member ID: {record.patient.member_id}",
            *(f"{names[kind]}: {value}" for kind, value in record.numbers.items() if value),
            f"Status: {state.shown(record)}",
            f"Approved from {us_date(record.effective) or '-'} through {us_date(record.expiry) or '-'}",
            *(
                f"Line {line.number}: {line.code} {line.unit} requested {line.requested}"
                f" approved {'-' if line.approved is None else line.approved}: {state.shown(line)}"
                for line in record.lines
            ),
        )

    # ---- what would change something: saving is submitting ----

    @app.post("/api/requests/<request_id>")
    @interface
    def save(visit: Visit, request_id: str) -> Response:
        return jsonify(number=state.accept_request(request.get_json()))

    @app.post("/api/requests/<request_id>/withdraw")
    @interface
    def withdraw(visit: Visit, request_id: str) -> Response:
        return jsonify(withdrawn=True)

    return app
