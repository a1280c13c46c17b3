"""A stand-in of CoverMyMeds, built to what public sources say of it (see ../NOTES.md).

A sign-in that goes round by its identity provider and mails a code, then a single page: a dashboard with
folders, a search that listens to keys, "Enter Key", and requests that open in a tab of their own. What the
workflow does and what the plan decided are two fields. What nothing public says is invented, and listed in
the notes.
"""

from __future__ import annotations

from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import Determination, NumberKind

COOKIE = "cmm_session"
LOGIN = "/login?return_url=/oauth/authorize"
WIDGET = "/idp/widget"
CALLBACK = "/auth/cmm_oidc/callback"
ROLE = "prescriber"
IDLE_SECONDS = 840
TYPES = {"prior": "Prior authorization", "step_therapy": "Step therapy exception"}


def us_date(day: date | None) -> str:
    """M/D/YYYY as the portal shows dates; empty for none."""
    return f"{day.month}/{day.day}/{day.year}" if day else ""


def tokens_of(record: Record) -> tuple[str, ...]:
    """What the dashboard's search looks in, in small letters: names, birth date, drug, key."""
    patient = record.patient
    born = patient.birth_date.strftime("%m/%d/%Y")
    texts = (patient.first_name, patient.last_name, born, record.details["drug"])
    return tuple(text.lower() for text in (*texts, record.numbers[NumberKind.KEY]))


def create(state: State) -> Flask:
    """The sandbox as a Flask app over `state`."""
    here = str(Path(__file__).parent)
    app = Flask("covermymeds_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records
    app.jinja_env.globals.update(portal=records.portal, label=state.label)

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
                return redirect(LOGIN)
            if visit.ended or not state.page_of(visit):
                return without_session(redirect("/signed-out"))
            if state.hazards.on("terms") and not visit.kept.get("changed_terms"):
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

    @app.get("/")
    def start() -> Answer:
        return redirect("/dashboard")

    # ---- signing in: password, then the identity provider's widget, then back by the callback ----

    @app.get("/login")
    def login() -> str:
        name = "challenge.html" if state.hazards.on("challenge") else "login.html"
        return render_template(name, refused=False)

    @app.post("/login")
    @signs_in
    def give_password() -> Answer | str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        answer, visit = state.give_password(
            request.form.get("username", ""), request.form.get("password", "")
        )
        if visit is None:
            other = {"locked": "locked.html", "expired": "password_expired.html"}
            return render_template(other.get(answer, "login.html"), refused=True)
        known = state.give_device(visit, request.cookies.get(records.device_cookie))
        response = redirect("/oauth/authorize" if known else WIDGET)
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.get(WIDGET)
    def widget() -> Answer | str:
        visit = current()
        if visit is None or visit.ended or visit.stage == "in":
            return redirect("/dashboard")
        # The ids of the widget's controls are made anew for every page.
        return render_template("widget.html", number=40 + 5 * len(state.journal))

    @app.post(f"{WIDGET}/email")
    @signs_in
    def mail_code() -> Response:
        visit = current()
        if visit is not None and not visit.ended:
            state.send_code(visit)
        return jsonify(mailed=visit is not None)

    @app.post(f"{WIDGET}/verify")
    @signs_in
    def give_code() -> Response:
        visit = current()
        if visit is None or visit.ended:
            return jsonify(answer="refused")
        given = request.get_json()
        answer = state.give_code(visit, str(given.get("code", "")).strip())
        response = jsonify(answer=answer)
        if answer == "in" and given.get("remember"):
            token = state.remember_device(visit.username)
            response.set_cookie(records.device_cookie, token, httponly=True, samesite="Lax")
        return response

    @app.get("/oauth/authorize")
    def authorize() -> Answer:
        visit = current()
        signed_in = visit is not None and visit.stage == "in" and not visit.ended
        return redirect(f"{CALLBACK}?code=synthetic" if signed_in else LOGIN)

    @app.get(CALLBACK)
    def callback() -> Answer:
        return redirect("/dashboard")

    @app.get("/signed-out")
    def signed_out() -> str:
        return render_template("signed_out.html")

    @app.get("/sign-out")
    def sign_out() -> Answer:
        visit = current()
        if visit is not None:
            visit.ended = visit.ended or "by_user"
        return without_session(redirect("/signed-out"))

    @app.post("/terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.kept["changed_terms"] = True
        return redirect("/dashboard")

    # ---- the single page ----

    def draw(visit: Visit) -> str:
        return render_template(
            "page.html",
            user=visit.username,
            idle=state.hazards.number("timer") or IDLE_SECONDS,
            facts={
                "role": ROLE in state.accounts[visit.username].roles,
                "status": state.label("Status"),
                "memberId": state.label("Member ID"),
            },
        )

    @app.get("/dashboard")
    @page
    def dashboard(visit: Visit) -> str:
        return draw(visit)

    @app.get("/request/view/<key>")
    @page
    def request_view(visit: Visit, key: str) -> str:
        return draw(visit)

    @app.get("/request/new")
    @page
    def request_new(visit: Visit) -> str:
        return draw(visit)

    def row(a: Record) -> dict[str, str]:
        return {
            "address": f"/request/view/{a.id}",
            "name": f"{a.patient.first_name} {a.patient.last_name}",
            "key": a.numbers[NumberKind.KEY],
            "workflow": a.details["workflow_status"],
            "drug": a.details["drug"],
            "created": us_date(a.requested),
        }

    @app.post("/requests/search")
    @looks
    @data
    def search(visit: Visit) -> Response:
        if ROLE not in state.accounts[visit.username].roles:
            return jsonify(requests=[])
        tokens = str(request.get_json().get("q", "")).lower().split()

        def matches(r: Record) -> bool:
            return all(any(token in text for text in tokens_of(r)) for token in tokens)

        asked = [r for r in records.authorizations if tokens and matches(r)]
        if asked and all(r.patient.plan in records.plans_not_served for r in asked):
            return jsonify(notServed=True)
        listed = (r for p in records.patients for r in state.search_member(p, None, None))
        found = [r for r in listed if matches(r)]
        return jsonify(requests=[row(r) for r in sorted(found, key=lambda r: r.requested, reverse=True)])

    @app.post("/requests/key")
    @looks
    @data
    def enter_key(visit: Visit) -> Response:
        found = state.search_number(str(request.get_json().get("key", "")).strip().upper())
        return jsonify(requests=[row(r) for r in found])

    @app.get("/requests/<key>")
    @data
    def one_request(visit: Visit, key: str) -> Response:
        a = state.open(key) or abort(404)
        line = a.lines[0]
        return jsonify(
            status=f"{a.details['workflow_status']} on: {us_date(a.decided or a.requested)}",
            drug=a.details["drug"],
            form=f"{records.payer} general form",
            plan=[
                ["Plan Outcome", state.shown(a)],
                ["Outcome Date", us_date(a.decided)],
                ["Plan Authorization Number", a.numbers[NumberKind.AUTHORIZATION]],
                ["Approved From", us_date(a.effective)],
                ["Approved Through", us_date(a.expiry)],
                ["Message from Plan", a.note],
            ],
            patient=[
                ["Patient Name", f"{a.patient.first_name} {a.patient.last_name}"],
                ["Date of Birth", us_date(a.patient.birth_date)],
                [state.label("Member ID"), a.patient.member_id],
                ["Plan", a.patient.plan],
                ["PBM", records.payer],
                ["BIN", "999999"],
                ["PCN", "SYNTH"],
            ],
            request=[
                ["Key", a.numbers[NumberKind.KEY]],
                ["Request Type", TYPES[a.type]],
                ["Created", us_date(a.requested)],
                ["Prescriber NPI", a.requesting_npi],
                ["Diagnosis Codes", ", ".join(a.diagnoses)],
                ["Medications Tried", a.details["tried"]],
            ],
            line=[
                a.details["drug"],
                line.requested_code,
                a.details["days_supply"],
                str(line.requested),
                "" if line.approved is None else str(line.approved),
                state.shown(line),
            ],
            notice=f"/request/notice/{a.id}" if a.letter else "",
            pdf=f"/request/send/{a.id}",
        )

    def as_pdf(a: Record, *more: str) -> Response:
        lines = (
            f"Key: {a.numbers[NumberKind.KEY]}",
            f"Member ID: {a.patient.member_id}",
            f"Drug: {a.details['drug']}, quantity {a.lines[0].requested}",
            *more,
        )
        return Response(letter(records.portal, lines), mimetype="application/pdf")

    @app.get("/request/send/<key>")
    @page
    def request_as_pdf(visit: Visit, key: str) -> Response:
        return as_pdf(state.open(key) or abort(404))

    @app.get("/request/notice/<key>")
    @page
    def notice(visit: Visit, key: str) -> Response:
        a = state.open(key) or abort(404)
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("notice_not_ready.html"))
        number = a.numbers[NumberKind.AUTHORIZATION]
        period = f"From {us_date(a.effective) or '-'} through {us_date(a.expiry) or '-'}"
        return as_pdf(a, f"Outcome: {state.shown(a)}", f"Authorization number: {number or '-'}", period)

    # ---- what would change something ----

    @app.post("/requests/<key>/archive")
    @app.post("/requests/<key>/cancel")
    @data
    def put_away(visit: Visit, key: str) -> Response:
        return jsonify(done=True)

    @app.post("/requests/new")
    @data
    def start_request(visit: Visit) -> Response:
        state.accept_request(request.get_json())
        key = f"SB{1000 + len(state.requests)}"
        facts = [["Key", key], ["Plan Outcome", records.words[Determination.PENDED]]]
        return jsonify(facts=facts)

    return app
