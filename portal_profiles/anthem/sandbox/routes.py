"""A stand-in of Anthem's Interactive Care Reviewer (ICR) as it is reached through Availity (see ../NOTES.md).

Availity's sign-in and shell, a payer picker with an interstitial that comes now and then, and in the shell's
frame the ICR: three case searches, and a Case Overview whose sections are closed. What nothing public says is
invented.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import NumberKind

COOKIE = "anthem_session"
SIGN_IN = "/static/public/onb/onboarding-ui-apps/availity-fr-ui/"
SHELL = "/static/web/onb/onboarding-ui-apps/navigation/"
APPS = "/static/web/post/um/"
API = "/ms/api/availity/internal/"
ICR = "/icr/"
INQUIRY_ROLE = "Authorization and Referral Inquiry"
IDLE_SECONDS, GRACE_SECONDS = 840, 60
REGIONS = ("Indiana", "Georgia")
OTHER_PAYERS = ("Cedar Mutual", "Example Health")
STAGES = ("Request Received", "Clinical Review", "Decision")
LEVELS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}
UNITS = {"visits": "Visits", "days": "Days", "units": "Units", "hours": "Hours", "months": "Months"}


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
    app = Flask("anthem_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records

    app.jinja_env.globals.update(
        portal=records.portal,
        payer=records.payer,
        label=state.label,
        us_date=us_date,
        shown=state.shown,
        levels=LEVELS,
        unit_words=UNITS,
        stages=STAGES,
        sign_in=SIGN_IN,
        shell=SHELL,
        apps=APPS,
        api=API,
        icr=ICR,
        number=lambda record, kind: record.numbers.get(NumberKind(kind), ""),
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

    def in_icr(view: Any) -> Any:
        """Only with the role that the inquiry needs."""

        @wraps(view)
        def guarded(visit: Visit, *args: Any, **kwargs: Any) -> Any:
            if INQUIRY_ROLE not in state.accounts[visit.username].roles:
                return render_template("role_missing.html")
            return view(visit, *args, **kwargs)

        return signed_in(guarded)

    @app.get("/")
    def start() -> Answer:
        return redirect(f"{SHELL}#/")

    # ---- Availity: signing in, the shell ----

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

    @app.get(SHELL)
    @signed_in
    def shell(visit: Visit) -> str:
        nag = not visit.kept.get("nagged")
        visit.kept["nagged"] = True
        return render_template(
            "shell.html",
            nag=nag,
            navigation_id="navigation-authorizations",
            idle=state.hazards.number("timer") if state.hazards.on("timer") else IDLE_SECONDS,
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

    @app.get(f"{APPS}inquiry-ui/")
    @signed_in
    def payer_picker(visit: Visit) -> str:
        # The interstitial comes the first time in a session, and then every third time.
        asked = visit.kept["asked"] = visit.kept.get("asked", 0) + 1
        return render_template(
            "payer.html",
            organizations=state.accounts[visit.username].organizations,
            payers=sorted((records.payer, *OTHER_PAYERS)),
            leads_to=f"{APPS}inquiry-ui/which" if asked % 3 == 1 else ICR,
        )

    @app.get(f"{APPS}inquiry-ui/which")
    @signed_in
    def interstitial(visit: Visit) -> str:
        return render_template("interstitial.html")

    # ---- the ICR ----

    @app.get(ICR)
    @in_icr
    def dashboard(visit: Visit) -> str:
        return render_template("icr_home.html", found=records.authorizations[:3])

    @app.get(f"{ICR}appeals")
    @in_icr
    def appeals(visit: Visit) -> str:
        return render_template("appeals.html")

    @app.get(f"{ICR}case-status")
    @in_icr
    def case_status(visit: Visit) -> str:
        return render_template("case_status.html", problem="")

    @app.post(f"{ICR}case-status/search")
    @looks
    @in_icr
    def search(visit: Visit) -> Answer | str:
        form = request.form
        since, until = from_us_date(form.get("from", "")), from_us_date(form.get("to", ""))
        if form.get("by") == "number" and form.get("number", "").strip():
            return listed(visit, state.search_number(form["number"]))
        if form.get("by") == "dates" and since and until:
            return listed(visit, tuple(r for r in records.authorizations if since <= r.service_from <= until))
        born = from_us_date(form.get("birth", ""))
        if form.get("by") != "member" or not form.get("member", "").strip() or born is None:
            return render_template("case_status.html", problem="Fill in every required field (MM/DD/YYYY).")
        patient = records.member(form["member"], born)
        if patient is None:
            return listed(visit, ())
        if patient.plan in records.plans_not_served:
            return render_template("plan_not_served.html")
        return listed(visit, state.search_member(patient, since, until))

    def listed(visit: Visit, found: tuple[Record, ...]) -> Answer:
        visit.kept["found"] = found
        return redirect(f"{ICR}case-status/results")

    @app.get(f"{ICR}case-status/results")
    @in_icr
    def results(visit: Visit) -> str:
        return render_template("results.html", found=visit.kept.get("found", ()))

    @app.get(f"{ICR}case/<record_id>")
    @in_icr
    def case(visit: Visit, record_id: str) -> str:
        return render_template("case.html", a=state.open(record_id) or abort(404))

    @app.get(f"{ICR}case/<record_id>/letter")
    @in_icr
    def letter_file(visit: Visit, record_id: str) -> Response:
        record = state.open(record_id) or abort(404)
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("letter_not_ready.html"))
        return Response(letter(records.portal, letter_lines(record)), mimetype="application/pdf")

    def letter_lines(record: Record) -> tuple[str, ...]:
        return (
            f"Member ID: {record.patient.member_id}",
            *(f"{kind.value.capitalize()}: {value}" for kind, value in record.numbers.items() if value),
            f"Status: {state.shown(record)}",
            *(f"{line.code}: {state.shown(line)}" for line in record.lines),
        )

    @app.post(f"{ICR}case/<record_id>/update")
    @signed_in
    def update(visit: Visit, record_id: str) -> str:
        return render_template("updated.html")

    return app
