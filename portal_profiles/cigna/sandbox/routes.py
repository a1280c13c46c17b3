"""A stand-in of Cigna for Health Care Professionals, built to what public sources say (see ../NOTES.md).

Signing in is plain pages; behind it stands one page that draws its views as custom elements with open shadow
roots and asks one GraphQL interface for everything. Requests are reached by way of a patient, under the
Precertification tab, and open in a tab of the browser. What nothing public says is invented (see the notes).
"""

from __future__ import annotations

from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Line, Patient, Record, State, Visit, looks, signs_in
from portal_profiles.vocabulary import NumberKind

COOKIE = "chcp_session"
LOGIN = "/app/login"
VERIFY = "/app/verify-code"
GRAPHQL = "/apollo-graphql"
IDLE_SECONDS, GRACE_SECONDS = 840, 60
PLACES = {
    "11": "Office (11)",
    "12": "Home (12)",
    "21": "Inpatient Hospital (21)",
    "22": "On Campus Outpatient Hospital (22)",
    "24": "Ambulatory Surgical Center (24)",
}
SETTINGS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}


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
    app = Flask("cigna_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records
    app.jinja_env.globals.update(portal=records.portal, label=state.label, grace=GRACE_SECONDS)

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    # ---- signing in ----

    @app.get("/")
    def start() -> Answer:
        return redirect("/app/dashboard")

    @app.get(LOGIN)
    def login_page() -> str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        return render_template("login.html", refused="loginerror" in request.args)

    @app.post(LOGIN)
    @signs_in
    def login() -> Answer | str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        answer, visit = state.give_password(
            request.form.get("username", ""), request.form.get("password", "")
        )
        if answer == "refused":
            return redirect(f"{LOGIN}?loginerror")
        if visit is None:
            return render_template({"locked": "locked.html", "expired": "password_expired.html"}[answer])
        if "federated" in state.accounts[visit.username].roles:
            # Whoever comes by single sign-on is asked for no code.
            state.let_in(visit)
        elif not state.give_device(visit, request.cookies.get(records.device_cookie)):
            return keeping(redirect(VERIFY), visit)
        return keeping(redirect("/app/dashboard"), visit)

    def keeping(response: Answer, visit: Visit) -> Answer:
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.get(VERIFY)
    def verify_page() -> Answer | str:
        visit = current()
        if visit is None or visit.ended or visit.stage == "in":
            return redirect("/app/dashboard" if visit else LOGIN)
        return render_template("verify_code.html", sent=bool(visit.kept.get("sent")), refused=False)

    @app.post(VERIFY + "/send")
    @signs_in
    def send_code() -> Answer:
        visit = current()
        if visit is None or visit.ended:
            return redirect(LOGIN)
        state.send_code(visit)
        visit.kept["sent"] = True
        return redirect(VERIFY)

    @app.post(VERIFY)
    @signs_in
    def verify() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect(LOGIN)
        answer = state.give_code(visit, request.form.get("code", "").strip())
        if answer != "in":
            page = "locked.html" if answer == "locked" else "verify_code.html"
            return render_template(page, sent=True, refused=True)
        response = redirect("/app/dashboard")
        if request.form.get("remember"):
            token = state.remember_device(visit.username)
            response.set_cookie(records.device_cookie, token, httponly=True, samesite="Lax")
        return response

    @app.get("/app/logout")
    def logout() -> str:
        visit = current()
        if visit is not None:
            visit.ended = visit.ended or "by_user"
        return render_template("signed_out.html", ended="by_user")

    @app.post("/app/terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.accepted_terms = True
        return redirect("/app/dashboard")

    # ---- the application ----

    def view(visit: Visit | None) -> Answer | str:
        """The one page behind every address of the application, or what stands in the way."""
        if visit is None or visit.stage != "in":
            return redirect(LOGIN)
        if visit.ended or not state.page_of(visit):
            response = make_response(render_template("signed_out.html", ended=visit.ended))
            response.delete_cookie(COOKIE)
            return response
        if state.hazards.on("terms") and not visit.accepted_terms:
            return render_template("terms.html")
        idle = state.hazards.number("timer") if state.hazards.on("timer") else IDLE_SECONDS
        labels = {name: state.label(name) for name in ("Status", "Member ID")}
        return render_template("app.html", idle=idle, labels=labels)

    @app.get("/app/dashboard")
    def dashboard() -> Answer | str:
        return view(current())

    @app.get("/app/patient/search")
    def patient_search() -> Answer | str:
        return view(current())

    @app.get("/app/precertification/<record_id>")
    def precertification(record_id: str) -> Answer | str:
        return view(current())

    def signed_in(answer: Any) -> Any:
        """For the interface: 401 without a session, and nothing before the terms are accepted."""

        @wraps(answer)
        def guarded() -> Any:
            visit = current()
            if visit is None or visit.stage != "in" or visit.ended or not state.page_of(visit):
                return "", 401
            if state.hazards.on("terms") and not visit.accepted_terms:
                return "", 403
            return answer(visit)

        return guarded

    @app.post(GRAPHQL)
    @looks
    @signed_in
    def graphql(visit: Visit) -> Response:
        sent = request.get_json()
        asked, given = str(sent.get("operationName")), sent.get("variables") or {}
        if str(sent.get("query", "")).lstrip().startswith("mutation"):
            # Every operation goes to one address: what changes something is told by its kind only.
            state.note("POST", f"{GRAPHQL}#{asked}", "act")
            return jsonify(data={asked: {"done": True}})
        answers = {"Me": me, "Patient": patient, "Requests": requests, "Request": one_request}
        answer = answers[asked](visit, given) if asked in answers else None
        return jsonify(data={asked: answer})

    def me(visit: Visit, given: dict[str, Any]) -> dict[str, object]:
        roles = state.accounts[visit.username].roles
        return {"name": visit.username, "entitled": "precertification" in roles}

    def patient(visit: Visit, given: dict[str, Any]) -> dict[str, object] | None:
        born = from_us_date(str(given.get("birthDate", "")))
        found = records.member(str(given.get("memberId", "")), born)
        visit.kept["patient"] = found
        if found is None:
            return None
        return {**person(found), "elsewhere": "medicare" if "Medicare" in found.plan else ""}

    def requests(visit: Visit, given: dict[str, Any]) -> dict[str, object]:
        found: Patient | None = visit.kept.get("patient")
        if found is None:
            return {"rows": [], "managedElsewhere": False}
        if found.plan in records.plans_not_served:
            return {"rows": [], "managedElsewhere": True}
        return {
            "rows": [
                {
                    "id": r.id,
                    **person(r.patient),
                    "number": r.numbers.get(NumberKind.AUTHORIZATION, ""),
                    "procedure": r.lines[0].requested_code,
                    "from": us_date(r.service_from),
                    "status": state.shown(r),
                }
                for r in state.search_member(found, None, None)
            ],
            "managedElsewhere": False,
        }

    def one_request(visit: Visit, given: dict[str, Any]) -> dict[str, object] | None:
        record = state.open(str(given.get("id", "")))
        return shown(record) if record else None

    def person(who: Patient) -> dict[str, str]:
        return {
            "memberId": who.member_id,
            "name": f"{who.first_name} {who.last_name}",
            "birthDate": us_date(who.birth_date),
            "plan": who.plan,
        }

    def shown(record: Record) -> dict[str, object]:
        return {
            **person(record.patient),
            "status": state.shown(record),
            "number": record.numbers.get(NumberKind.AUTHORIZATION, ""),
            "request": record.numbers.get(NumberKind.REQUEST, ""),
            "received": us_date(record.requested),
            "decided": us_date(record.decided),
            "valid": f"{us_date(record.effective)} through {us_date(record.expiry)}"
            if record.effective
            else "",
            "service": f"{us_date(record.service_from)} through {us_date(record.service_to)}",
            "setting": SETTINGS[record.level_of_care],
            "place": PLACES[record.place_of_service],
            "diagnoses": ", ".join(record.diagnoses),
            "requesting": f"NPI {record.requesting_npi}",
            "treating": f"NPI {record.rendering_npi}",
            "facility": f"NPI {record.facility_npi}",
            "note": record.note,
            "lines": [line_shown(line) for line in record.lines],
        }

    def line_shown(line: Line) -> dict[str, object]:
        granted = f"{line.approved} {line.unit}" if line.approved is not None else ""
        return {
            "number": line.number,
            "code": line.requested_code,
            "modifiers": " ".join(line.modifiers),
            "requested": f"{line.requested} {line.unit}",
            "approved": granted,
            "status": state.shown(line),
        }

    return app
