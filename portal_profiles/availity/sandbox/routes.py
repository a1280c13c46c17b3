"""A stand-in of Availity Essentials, built to what public sources say of it (see ../NOTES.md).

A sign-in page with views behind its hash, a shell whose applications live in iframe#newBodyFrame, a status
inquiry, and the six-step request. What nothing public says is invented, and listed in the notes.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in

COOKIE = "availity_session"
SIGN_IN = "/static/public/onb/onboarding-ui-apps/availity-fr-ui/"
SHELL = "/static/web/onb/onboarding-ui-apps/navigation/"
APPS = "/static/web/post/um/"
API = "/ms/api/availity/internal/"
INQUIRY_ROLE = "Authorization and Referral Inquiry"
IDLE_SECONDS, GRACE_SECONDS = 840, 60
ROWS_A_PAGE = 5
REGIONS = ("Washington", "Idaho")
OTHER_PAYERS = ("Cedar Mutual", "Example Health")
LEVELS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}
PLACES = {
    "11": "11 - Office",
    "12": "12 - Home",
    "21": "21 - Inpatient Hospital",
    "22": "22 - On Campus-Outpatient Hospital",
    "24": "24 - Ambulatory Surgical Center",
}
QUANTITY_WORDS = {"visits": "Visits", "days": "Days", "units": "Units", "hours": "Hours", "months": "Months"}
QUANTITY_TYPES = (("VS", "Visits"), ("DY", "Days"), ("FL", "Units"), ("HS", "Hours"), ("MN", "Months"))


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
    app = Flask("availity_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records
    payers = tuple(sorted((records.payer, *OTHER_PAYERS)))

    app.jinja_env.globals.update(
        portal=records.portal,
        payer=records.payer,
        label=state.label,
        us_date=us_date,
        shown=state.shown,
        levels=LEVELS,
        places=PLACES,
        quantity_words=QUANTITY_WORDS,
        quantity_types=QUANTITY_TYPES,
        sign_in=SIGN_IN,
        shell=SHELL,
        apps=APPS,
    )

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def signed_in(view: Any) -> Any:
        """Gives the view its session; without one, a page that takes the whole window to the sign-in."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None or visit.stage != "in":
                return redirect(f"{SIGN_IN}#/login")
            if visit.ended or not state.page_of(visit):
                response = make_response(render_template("signed_out.html", ended=visit.ended))
                response.delete_cookie(COOKIE)
                return response
            if state.hazards.on("terms") and not visit.accepted_terms:
                return render_template("terms.html")
            return view(visit, *args, **kwargs)

        return guarded

    @app.get("/")
    def start() -> Answer:
        return redirect(f"{SHELL}#/")

    # ---- signing in ----

    @app.get(SIGN_IN)
    def sign_in_page() -> str:
        return render_template("sign_in.html", challenge=state.hazards.on("challenge"))

    @app.post(f"{API}onb/sign-in")
    @signs_in
    def give_password() -> Response:
        if state.hazards.on("challenge"):
            return jsonify(answer="challenge")
        given = request.get_json()
        answer, visit = state.give_password(str(given.get("userId", "")), str(given.get("password", "")))
        response = jsonify(answer=answer)
        if visit is not None:
            response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.post(f"{API}onb/two-step")
    @signs_in
    def give_code() -> Response:
        visit = current()
        if visit is None or visit.ended:
            return jsonify(answer="refused")
        return jsonify(answer=state.give_code(visit, str(request.get_json().get("code", "")).strip()))

    @app.get(f"{SIGN_IN}logout")
    def logout() -> Answer:
        visit = current()
        if visit is not None:
            visit.ended = visit.ended or "by_user"
        return redirect(f"{SIGN_IN}#/logout?{'idle' if request.args.get('why') == 'idle' else ''}")

    # ---- the shell ----

    @app.get(SHELL)
    @signed_in
    def shell(visit: Visit) -> str:
        nag = not visit.kept.get("nagged")
        visit.kept["nagged"] = True
        # Public captures differ in the letter case of this id.
        navigation_id = "navigation-authorizations" if visit.pages % 2 else "NAVIGATION-authorizations"
        idle = state.hazards.number("timer") if state.hazards.on("timer") else IDLE_SECONDS
        return render_template(
            "shell.html",
            nag=nag,
            navigation_id=navigation_id,
            idle=idle,
            grace=GRACE_SECONDS,
            regions=REGIONS,
            region=visit.kept.get("region", REGIONS[0]),
        )

    @app.post(f"{SHELL}terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.accepted_terms = True
        return redirect(f"{SHELL}#/")

    @app.post(f"{API}onb/region")
    @looks
    @signed_in
    def choose_region(visit: Visit) -> Response:
        wanted = request.get_json().get("region")
        visit.kept["region"] = wanted if wanted in REGIONS else REGIONS[0]
        return jsonify(region=visit.kept["region"])

    @app.get(f"{APPS}menu-ui/")
    @signed_in
    def menu(visit: Visit) -> str:
        return render_template("menu.html")

    # ---- the inquiry ----

    def inquiry_form(visit: Visit, problem: str = "") -> str:
        account = state.accounts[visit.username]
        if INQUIRY_ROLE not in account.roles:
            return render_template("role_missing.html")
        return render_template("inquiry.html", problem=problem, organizations=account.organizations)

    @app.get(f"{API}payers")
    @signed_in
    def payer_list(visit: Visit) -> Response:
        return jsonify(payers=payers)

    @app.get(f"{APPS}inquiry-ui/")
    @signed_in
    def inquiry(visit: Visit) -> str:
        return inquiry_form(visit)

    @app.post(f"{APPS}inquiry-ui/search")
    @looks
    @signed_in
    def search(visit: Visit) -> Answer | str:
        form = request.form
        if not form.get("organization") or not form.get("payer"):
            return inquiry_form(visit, "Select an organization and a payer.")
        if form["payer"] != records.payer:
            return listed(visit, ())
        if form.get("by") == "number":
            if not form.get("number", "").strip():
                return inquiry_form(visit, "Enter a certification or reference number.")
            found = state.search_number(form["number"])
            # A number that names one request opens it at once.
            return (
                redirect(f"{APPS}inquiry-ui/record/{found[0].id}")
                if len(found) == 1
                else listed(visit, found)
            )
        birth_date = from_us_date(form.get("patientBirthDate", ""))
        since, until = from_us_date(form.get("fromDate", "")), from_us_date(form.get("toDate", ""))
        if not form.get("memberId", "").strip() or birth_date is None or since is None or until is None:
            return inquiry_form(visit, "Enter member ID, date of birth, from date and to date (MM/DD/YYYY).")
        patient = records.member(form["memberId"], birth_date)
        if patient is None:
            return listed(visit, ())
        if patient.plan in records.plans_not_served:
            return redirect(f"{APPS}inquiry-ui/not-served")
        return listed(visit, state.search_member(patient, since, until))

    def listed(visit: Visit, found: tuple[Record, ...]) -> Answer:
        visit.kept["found"] = found
        return redirect(f"{APPS}inquiry-ui/results")

    @app.get(f"{APPS}inquiry-ui/results")
    @signed_in
    def results(visit: Visit) -> str:
        found = visit.kept.get("found", ())
        if not found:
            return render_template("no_results.html")
        pages = -(-len(found) // ROWS_A_PAGE)
        page = min(max(request.args.get("page", 1, type=int), 1), pages)
        rows = found[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
        return render_template("results.html", found=rows, total=len(found), page=page, pages=pages)

    @app.get(f"{APPS}inquiry-ui/not-served")
    @signed_in
    def not_served(visit: Visit) -> str:
        return render_template("plan_not_served.html")

    @app.get(f"{APPS}inquiry-ui/record/<record_id>")
    @signed_in
    def record_page(visit: Visit, record_id: str) -> str:
        return render_template("record.html", a=state.open(record_id) or abort(404))

    @app.get(f"{APPS}inquiry-ui/record/<record_id>/letter")
    @signed_in
    def letter_file(visit: Visit, record_id: str) -> Response:
        record = state.open(record_id) or abort(404)
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("letter_not_ready.html"))
        response = Response(letter(records.portal, letter_lines(record)), mimetype="application/pdf")
        response.headers["Content-Disposition"] = 'attachment; filename="determination-letter.pdf"'
        return response

    def letter_lines(record: Record) -> tuple[str, ...]:
        names = {"authorization": "Certification number", "reference": "Reference number"}
        return (
            f"Payer: {records.payer}",
            f"Member ID: {record.patient.member_id}",
            *(f"{names[k]}: {v}" for k, v in record.numbers.items() if v and k in names),
            f"Status: {state.shown(record)}",
            f"Certified from {us_date(record.effective) or '-'} to {us_date(record.expiry) or '-'}",
            *(
                f"Line {line.number}: {line.code} {line.unit} requested {line.requested}"
                f" certified {line.approved if line.approved is not None else '-'}: {state.shown(line)}"
                for line in record.lines
            ),
        )

    @app.post(f"{APPS}inquiry-ui/record/<record_id>/cancel")
    @signed_in
    def cancel(visit: Visit, record_id: str) -> str:
        return render_template("cancelled.html")

    # ---- the request ----

    @app.get(f"{APPS}clip-ui/")
    @signed_in
    def wizard(visit: Visit) -> str:
        organizations = [(name, name) for name in state.accounts[visit.username].organizations]
        return render_template(
            "wizard.html",
            organizations=organizations,
            payers=[(f"P{number}", name) for number, name in enumerate(payers, 1)],
            autogen=100 * visit.pages,
        )

    @app.get(f"{API}codes")
    @signed_in
    def codes(visit: Visit) -> Response:
        typed = request.args.get("q", "").strip().upper().replace(".", "")
        known = (
            {code for r in records.authorizations for code in r.diagnoses}
            if request.args.get("kind") == "diagnosis"
            else {line.requested_code for r in records.authorizations for line in r.lines}
        )
        return jsonify(codes=sorted(c for c in known if typed and c.replace(".", "").startswith(typed))[:10])

    @app.post(f"{API}providers")
    @looks
    @signed_in
    def providers(visit: Visit) -> Response:
        npi = str(request.get_json().get("npi", "")).strip()
        known = {
            n for r in records.authorizations for n in (r.requesting_npi, r.rendering_npi, r.facility_npi)
        }
        sites = ("12 Mill Road, Riverbend", "40 Weir Street, Riverbend") if npi in known else ()
        return jsonify(
            providers=[{"name": "Riverbend Clinic", "npi": npi, "address": site} for site in sites]
        )

    @app.post(f"{API}um/evaluate")
    @signed_in
    def evaluate(visit: Visit) -> Response:
        visit.kept["transaction"] = f"{18830000000 + 97 * (visit.pages + len(state.requests))}"
        return jsonify(banner="Authorization - Undetermined", transaction=visit.kept["transaction"])

    @app.post(f"{API}um/submit")
    @signed_in
    def submit(visit: Visit) -> Response:
        sent = request.get_json()
        visit.kept["submitted"] = {
            "number": state.accept_request(sent),
            "transaction": visit.kept.get("transaction", ""),
            "member_id": sent.get("subscriber.memberId", ""),
            "birth_date": sent.get("patient.birthDate", ""),
        }
        return jsonify(accepted=True)

    @app.get(f"{APPS}dashboard-ui/confirmation")
    @signed_in
    def confirmation(visit: Visit) -> Answer | str:
        submitted = visit.kept.pop("submitted", None)
        if submitted is None:
            return redirect(f"{APPS}dashboard-ui/")
        return render_template("confirmation.html", **submitted)

    @app.get(f"{APPS}dashboard-ui/")
    @signed_in
    def dashboard(visit: Visit) -> str:
        return render_template("dashboard.html", submitted=state.requests)

    return app
