"""A stand-in of the UnitedHealthcare Provider Portal, built to what public sources say (see ../NOTES.md).

One Healthcare ID in two pages and a verification whose ids are used twice, then a single page with hash
routes in which Prior Authorization and Notification lives: its cards load apart and its folds start closed.
What nothing public says is invented, and listed in the notes.
"""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import Determination, NumberKind

COOKIE = "uhc_session"
SIGN_IN = "/oneapp/index.html"
SIGN_IN_API = "/oneapp/api/"
API = "/api/prior-authorization/"
LETTERS = "/document-library/prior-authorization-letters/"
ROLE = "paan"
IDLE_SECONDS = 840
LEVELS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}
PLACES = {
    "11": "Office",
    "21": "Inpatient Hospital",
    "22": "Outpatient Hospital",
    "24": "Ambulatory Surgical Center",
}
UNITS = {"units": "Units", "visits": "Visits", "days": "Days", "hours": "Hours"}


def us_date(day: date | None) -> str:
    """MM/DD/YYYY as the portal shows dates; empty for none."""
    return day.strftime("%m/%d/%Y") if day else ""


def us_dates(first: date | None, last: date | None) -> str:
    """Two dates as one text, empty while there are none."""
    return f"{us_date(first)} - {us_date(last)}" if first else ""


def from_us_date(text: object) -> date | None:
    """The date of MM/DD/YYYY; None for anything else."""
    try:
        return datetime.strptime(str(text).strip(), "%m/%d/%Y").date()  # noqa: DTZ007 (a calendar date)
    except ValueError:
        return None


def in_address(record_id: str) -> str:
    """The part of an address that names a case: JSON in base64, as the claims side does it; only the id is in
    it.
    """
    return base64.urlsafe_b64encode(json.dumps({"id": record_id}).encode()).decode()


def create(state: State) -> Flask:
    """The sandbox as a Flask app over `state`."""
    here = str(Path(__file__).parent)
    app = Flask("unitedhealthcare_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records
    app.jinja_env.globals.update(portal=records.portal, label=state.label, sign_in=SIGN_IN)

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def without_session(response: Answer) -> Answer:
        response.delete_cookie(COOKIE)
        return response

    def page(view: Any) -> Any:
        """Gives a document its session; without one, the sign-in comes instead."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in":
                return redirect(f"{SIGN_IN}#/login")
            if visit.ended or not state.page_of(visit):
                return without_session(redirect(f"{SIGN_IN}#/signed-out"))
            if state.hazards.on("terms") and not visit.accepted_terms:
                return render_template("terms.html")
            return view(visit, *args, **kwargs)

        return guarded

    def data(view: Any) -> Any:
        """Gives an interface its session; without one it answers 401."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in" or visit.ended or not state.page_of(visit):
                return without_session(make_response(jsonify(signed_out=True), 401))
            return view(visit, *args, **kwargs)

        return guarded

    # ---- One Healthcare ID ----

    @app.get(SIGN_IN)
    def sign_in_page() -> str | tuple[str, int]:
        if state.hazards.on("challenge"):
            return render_template("challenge.html"), 403
        return render_template("sign_in.html", api=SIGN_IN_API)

    @app.post(f"{SIGN_IN_API}password")
    @signs_in
    def give_password() -> Answer | tuple[str, int]:
        if state.hazards.on("challenge"):
            return render_template("challenge.html"), 403
        given = request.get_json()
        answer, visit = state.give_password(str(given.get("username", "")), str(given.get("password", "")))
        if visit is None:
            return jsonify(answer=answer)
        known = state.give_device(visit, request.cookies.get(records.device_cookie))
        has_app = bool(state.accounts[visit.username].totp_secret)
        response = jsonify(answer="in" if known else "verify", app=has_app)
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.post(f"{SIGN_IN_API}send")
    @signs_in
    def send_code() -> Response:
        visit = current()
        if visit is not None and not visit.ended:
            state.send_code(visit)
        return jsonify(sent=visit is not None)

    @app.post(f"{SIGN_IN_API}verify")
    @signs_in
    def give_code() -> Response:
        visit = current()
        if visit is None or visit.ended:
            return jsonify(answer="refused")
        given = request.get_json()
        answer = state.give_code(visit, str(given.get("code", "")).strip())
        response = jsonify(answer=answer)
        if answer == "in" and given.get("skip"):
            token = state.remember_device(visit.username)
            response.set_cookie(records.device_cookie, token, httponly=True, samesite="Lax")
        return response

    @app.get("/sign-out")
    def sign_out() -> Answer:
        visit = current()
        if visit is not None:
            visit.ended = visit.ended or "by_user"
        return without_session(redirect(f"{SIGN_IN}#/signed-out"))

    # ---- the portal around the tool ----

    @app.get("/")
    @page
    def shell(visit: Visit) -> str:
        account = state.accounts[visit.username]
        waiting = (r for r in records.authorizations if r.decision is Determination.MORE_INFORMATION_NEEDED)
        return render_template(
            "shell.html",
            user=visit.username,
            idle=state.hazards.number("timer") or IDLE_SECONDS,
            facts={
                "api": API,
                "signIn": SIGN_IN,
                "organizations": account.organizations,
                "chosen": visit.organization,
                "role": ROLE in account.roles,
                "actionRequired": len(list(waiting)),
                "places": list(PLACES.values()),
                "units": list(UNITS.values()),
                "labels": {"status": state.label("Status"), "memberId": state.label("Member ID")},
            },
        )

    @app.post("/terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.accepted_terms = True
        return redirect("/#/")

    @app.post("/api/care-provider")
    @signs_in
    @data
    def choose_care_provider(visit: Visit) -> Response:
        wanted = request.get_json().get("careProvider")
        if wanted in state.accounts[visit.username].organizations:
            visit.organization = str(wanted)
        return jsonify(chosen=visit.organization)

    # ---- looking ----

    @app.post(f"{API}search")
    @looks
    @data
    def search(visit: Visit) -> Response:
        account, given = state.accounts[visit.username], request.get_json()
        if ROLE not in account.roles or given.get("taxId") not in account.organizations:
            return jsonify(problem="Select the tax ID.")
        if given["taxId"] != account.organizations[0]:
            # Each tax ID sees its own cases; all of this sandbox belong to the first.
            return jsonify(found=[])
        if given.get("by") == "Reference Number":
            return jsonify(found=listed(state.search_number(str(given.get("referenceNumber", "")))))
        patient = records.member(str(given.get("memberId", "")), from_us_date(given.get("dateOfBirth")))
        if patient is None:
            return jsonify(found=[])
        if patient.plan in records.plans_not_served:
            return jsonify(notServed=True)
        since, until = from_us_date(given.get("firstServiceDate")), from_us_date(given.get("lastServiceDate"))
        return jsonify(found=listed(state.search_member(patient, since, until)))

    def listed(found: tuple[Record, ...]) -> list[dict[str, str]]:
        return [
            {
                "address": in_address(a.id),
                "reference": a.numbers[NumberKind.REFERENCE],
                "authorization": a.numbers[NumberKind.AUTHORIZATION],
                "name": f"{a.patient.last_name}, {a.patient.first_name}",
                "memberId": a.patient.member_id,
                "born": us_date(a.patient.birth_date),
                "code": a.lines[0].requested_code,
                "dates": us_dates(a.service_from, a.service_to),
                "status": state.shown(a),
            }
            for a in found
        ]

    def case(record_id: str) -> Record:
        return state.open(record_id) or abort(404)

    @app.get(f"{API}<record_id>/decision")
    @data
    def decision(visit: Visit, record_id: str) -> Response:
        a = case(record_id)
        numbers = {kind.value: number for kind, number in a.numbers.items()}
        return jsonify(
            facts=[
                [state.label("Status"), state.shown(a)],
                ["Reference Number", numbers["reference"]],
                ["Authorization Number", numbers["authorization"]],
                ["Decision ID", numbers["decision"]],
                ["Submitted", us_date(a.requested)],
                ["Decision Date", us_date(a.decided)],
                ["Authorized Dates", us_dates(a.effective, a.expiry)],
            ],
            note=a.note,
            letter=f"{LETTERS}{a.id}.pdf" if a.letter else "",
            cancel=f"{API}{a.id}/cancel",
        )

    @app.get(f"{API}<record_id>/member")
    @data
    def member(visit: Visit, record_id: str) -> Response:
        a = case(record_id)
        return jsonify(
            facts=[
                [state.label("Member ID"), a.patient.member_id],
                ["Member Name", f"{a.patient.last_name}, {a.patient.first_name}"],
                ["Date of Birth", us_date(a.patient.birth_date)],
                ["Plan", a.patient.plan],
                ["Payer", records.payer],
            ]
        )

    @app.get(f"{API}<record_id>/services")
    @data
    def services(visit: Visit, record_id: str) -> Response:
        a = case(record_id)
        return jsonify(
            facts=[
                ["Setting", LEVELS[a.level_of_care]],
                ["Place of Service", PLACES[a.place_of_service]],
                ["Diagnosis Codes", ", ".join(a.diagnoses)],
                ["Service Dates", us_dates(a.service_from, a.service_to)],
            ],
            lines=[
                [
                    line.number,
                    line.requested_code,
                    line.code if line.approved else "",
                    ", ".join(line.modifiers),
                    f"{line.requested} {UNITS[line.unit]}",
                    "" if line.approved is None else f"{line.approved} {UNITS[line.unit]}",
                    state.shown(line),
                    us_dates(line.effective, line.expiry) if line.approved else "",
                ]
                for line in a.lines
            ],
        )

    @app.get(f"{API}<record_id>/providers")
    @data
    def providers(visit: Visit, record_id: str) -> Response:
        a = case(record_id)
        return jsonify(
            facts=[
                ["Requesting Provider NPI", a.requesting_npi],
                ["Servicing Provider NPI", a.rendering_npi],
                ["Facility NPI", a.facility_npi],
            ]
        )

    @app.get(f"{LETTERS}<record_id>.pdf")
    @page
    def letter_file(visit: Visit, record_id: str) -> Response:
        a = case(record_id)
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("letter_not_ready.html"))
        names = {"authorization": "Authorization number", "reference": "Reference number"}
        lines = (
            f"Member ID: {a.patient.member_id}",
            *(f"{names[kind]}: {number}" for kind, number in a.numbers.items() if number and kind in names),
            f"Status: {state.shown(a)}",
            f"Authorized: {us_dates(a.effective, a.expiry) or '-'}",
            *(f"Line {line.number}: {line.code}: {state.shown(line)}" for line in a.lines),
        )
        return Response(letter(records.portal, lines), mimetype="application/pdf")

    @app.post(f"{API}<record_id>/cancel")
    @data
    def cancel(visit: Visit, record_id: str) -> Response:
        return jsonify(canceled=True)

    # ---- asking for one ----

    @app.post(f"{API}submit")
    @data
    def submit(visit: Visit) -> Response:
        sent = request.get_json()
        return jsonify(
            facts=[
                [state.label("Status"), records.words[Determination.PENDED]],
                ["Reference Number", state.accept_request(sent)],
                [state.label("Member ID"), str(sent.get("memberId", ""))],
            ]
        )

    return app
