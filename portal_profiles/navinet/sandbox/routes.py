"""A stand-in of NaviNet, built to what public sources say of it (see ../NOTES.md).

One shell, and in it each health plan's own screens: Medical Mutual of Ohio has a log that a script fills and
whose rows are stale until they are refreshed, Independence Blue Cross a form that the server answers. Signing
in happens at an identity provider that posts back. What nothing public says is invented, and is in the notes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Line, Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import Determination, NumberKind

COOKIE = "navinet_session"
IDENTITY = "/identity/sign-in"
PLANS = {"medical-mutual": "Medical Mutual of Ohio", "independence": "Independence Blue Cross"}
SEARCH = "/medical-authorizations/medical-mutual/"
LOG = "/medical-authorizations-log/medical-mutual/"
INQUIRY = "/authorizations/independence/"
DEFAULT_DAYS = 30
GRACE_SECONDS = 60
PLACES = {
    "11": "Office",
    "21": "Inpatient Hospital",
    "22": "Outpatient Hospital",
    "24": "Ambulatory Surgical Center",
}
LEVELS = {"inpatient": "Inpatient", "observation": "Observation", "outpatient": "Outpatient"}
UNITS = {"units": "Units", "visits": "Visits", "days": "Days", "hours": "Hours"}
OFFICE = "12 Mill Road, Riverbend | Tax ID 00-0000000 | Payer ID 000123456"
PROVIDERS = {
    "1234567893": "SALIM, NOOR MD",
    "1003000126": "BRANDT, THEO MD",
    "1992999957": "RIVERBEND CLINIC",
}


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
    app = Flask("navinet_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records

    app.jinja_env.globals.update(
        portal=records.portal,
        label=state.label,
        us_date=us_date,
        levels=LEVELS,
        places=PLACES,
        unit_words=UNITS,
        plans=PLANS,
        search=SEARCH,
        log=LOG,
        inquiry=INQUIRY,
        grace=GRACE_SECONDS,
        idle=lambda: state.hazards.number("timer") if state.hazards.on("timer") else 0,
    )

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def signed_in(view: Any) -> Any:
        """Gives the view its session, or answers with what stands in the way; a script is told 401."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            by_script = request.is_json or request.path.endswith("/providers")
            if visit is None or visit.stage != "in":
                return ("", 401) if by_script else redirect(IDENTITY)
            if visit.ended or not state.page_of(visit):
                if by_script:
                    return "", 401
                response = make_response(render_template("signed_out.html", ended=visit.ended))
                response.delete_cookie(COOKIE)
                return response
            if state.hazards.on("terms") and not visit.accepted_terms:
                return redirect("/terms")
            return view(visit, *args, **kwargs)

        return guarded

    def allowed(view: Any) -> Any:
        """Only for accounts for which the office has turned this transaction on."""

        @wraps(view)
        def guarded(visit: Visit, *args: Any, **kwargs: Any) -> Any:
            if "authorizations" not in state.accounts[visit.username].roles:
                return render_template("role_missing.html")
            return view(visit, *args, **kwargs)

        return signed_in(guarded)

    # ---- signing in: at the identity provider, which posts its ticket back ----

    @app.get(IDENTITY)
    def sign_in() -> str:
        page = "challenge.html" if state.hazards.on("challenge") else "sign_in.html"
        return render_template(page, refused=False)

    @app.post(IDENTITY)
    @signs_in
    def give_password() -> str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        answer, visit = state.give_password(
            request.form.get("username", ""), request.form.get("password", "")
        )
        if visit is None:
            page = {"refused": "sign_in.html", "locked": "locked.html", "expired": "password_expired.html"}
            return render_template(page[answer], refused=True)
        return render_template("handoff.html", ticket=visit.token)

    @app.post("/signed-in")
    @signs_in
    def take_ticket() -> Answer:
        visit = state.visit(request.form.get("ticket"))
        if visit is None or visit.stage == "in":
            return redirect(IDENTITY)
        # No second factor is documented for this portal.
        state.let_in(visit)
        response = redirect("/")
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.get("/sign-out")
    def sign_out() -> str:
        visit = current()
        if visit is not None:
            visit.ended = visit.ended or "by_user"
        return render_template("signed_out.html", ended="by_user")

    @app.get("/terms")
    def terms() -> Answer | str:
        return render_template("terms.html") if current() else redirect(IDENTITY)

    @app.post("/terms")
    def accept_terms() -> Answer:
        visit = current()
        if visit is not None:
            visit.accepted_terms = True
        return redirect("/")

    # ---- the shell ----

    @app.get("/")
    @signed_in
    def home(visit: Visit) -> str:
        return render_template("home.html", user=visit.username)

    @app.get("/plan-central/<plan>")
    @signed_in
    def plan_central(visit: Visit, plan: str) -> str:
        return render_template("plan_central.html", plan=plan if plan in PLANS else abort(404))

    @app.get("/plan-central/<plan>/not-handled")
    @signed_in
    def not_handled(visit: Visit, plan: str) -> str:
        return render_template("plan_not_served.html")

    def of_plan(found: tuple[Record, ...], plan: str) -> tuple[Record, ...]:
        return tuple(record for record in found if record.payer.name == PLANS[plan])

    def opened(record_id: str, plan: str) -> Record:
        record = state.open(record_id)
        kept = records.by_id(record.id) if record else None
        if record is None or kept is None or kept.payer.name != PLANS[plan]:
            abort(404)
        return record

    # ---- Medical Mutual of Ohio: a search, and a log whose rows are stale ----

    @app.get(SEARCH)
    @allowed
    def search_page(visit: Visit) -> str:
        return render_template("mm_search.html", found=None)

    @app.post(SEARCH)
    @looks
    @allowed
    def search(visit: Visit) -> Answer | str:
        found = of_plan(state.search_number(request.form.get("number", "")), "medical-mutual")
        if len(found) == 1:
            return redirect(SEARCH + found[0].id)
        visit.kept["found"] = found
        return redirect(SEARCH + "results")

    @app.get(SEARCH + "results")
    @allowed
    def search_results(visit: Visit) -> str:
        return render_template("mm_search.html", found=visit.kept.get("found", ()))

    @app.get(SEARCH + "<record_id>")
    @allowed
    def mm_detail(visit: Visit, record_id: str) -> str:
        record = opened(record_id, "medical-mutual")
        return render_template("mm_detail.html", a=record, shown=state.shown, stale=False)

    @app.get(LOG)
    @allowed
    def log_page(visit: Visit) -> str:
        return render_template("mm_log.html")

    @app.post(LOG + "rows")
    @looks
    @allowed
    def log_rows(visit: Visit) -> Response:
        wanted = request.get_json()
        member_id = str(wanted.get("memberId", "")).strip().upper()
        since, until = (from_us_date(str(wanted.get(name, ""))) for name in ("from", "to"))
        members = [p for p in records.patients if p.payer.name == PLANS["medical-mutual"]]
        if member_id:
            members = [p for p in members if p.member_id == member_id]
        if member_id and any(p.plan in records.plans_not_served for p in members):
            return jsonify(elsewhere="/plan-central/medical-mutual/not-handled")
        found = [r for p in members for r in state.search_member(p, since, until)]
        found.sort(key=lambda r: (r.requested, r.id), reverse=True)
        return jsonify(rows=[log_row(visit, r) for r in found])

    @app.post(LOG + "rows/<record_id>/refresh")
    @looks
    @allowed
    def refresh_row(visit: Visit, record_id: str) -> Response:
        listed = records.by_id(record_id.removesuffix("-2")) or abort(404)
        visit.kept.setdefault("refreshed", set()).add(listed.id)
        return jsonify(log_row(visit, listed))

    def is_fresh(visit: Visit, record: Record) -> bool:
        return record.id.removesuffix("-2") in visit.kept.get("refreshed", ())

    def status_in_log(visit: Visit, item: Record | Line, record: Record) -> str:
        """What the log knows: until the row is refreshed, that the request was sent."""
        stale = item.payer.words[Determination.PENDED]
        return state.shown(item) if is_fresh(visit, record) else stale

    def log_row(visit: Visit, record: Record) -> dict[str, object]:
        return {
            "id": record.id,
            "memberId": record.patient.member_id,
            "member": f"{record.patient.last_name}, {record.patient.first_name}",
            "procedure": record.lines[0].requested_code,
            "dateOfService": us_date(record.service_from),
            "submitted": us_date(record.requested),
            "status": status_in_log(visit, record, record),
            "fresh": is_fresh(visit, record),
        }

    @app.get(LOG + "entries/<record_id>")
    @allowed
    def log_entry(visit: Visit, record_id: str) -> str:
        record = opened(record_id, "medical-mutual")
        return render_template(
            "mm_detail.html",
            a=record,
            shown=lambda item: status_in_log(visit, item, record),
            stale=not is_fresh(visit, record),
        )

    @app.get(SEARCH + "<record_id>/document.pdf")
    @allowed
    def document(visit: Visit, record_id: str) -> Response:
        record = opened(record_id, "medical-mutual")
        if state.hazards.on("letter_not_pdf"):
            return make_response(render_template("document_not_ready.html"))
        return Response(letter(records.portal, document_lines(record)), mimetype="application/pdf")

    def document_lines(record: Record) -> tuple[str, ...]:
        names = {
            NumberKind.AUTHORIZATION: "Authorization Number",
            NumberKind.REFERENCE: "Reference Number",
        }
        return (
            f"Plan: {record.payer.name}",
            f"Member ID: {record.patient.member_id}",
            *(f"{name}: {record.numbers[kind]}" for kind, name in names.items() if record.numbers.get(kind)),
            f"Status: {state.shown(record)}",
            *(
                f"Line {line.number}: {line.code} requested {line.requested} {line.unit}: {state.shown(line)}"
                for line in record.lines
            ),
        )

    @app.post(SEARCH + "<record_id>/cancel")
    @allowed
    def cancel(visit: Visit, record_id: str) -> str:
        return render_template("cancelled.html")

    # ---- Independence Blue Cross: provider and dates, the latest 30 days unless widened ----

    def inquiry_form(problem: str = "") -> str:
        today = state.clock().date()
        days = (today - timedelta(days=DEFAULT_DAYS), today)
        return render_template("ib_search.html", problem=problem, days=days)

    @app.get(INQUIRY)
    @allowed
    def inquiry_page(visit: Visit) -> str:
        return inquiry_form()

    @app.get(INQUIRY + "providers")
    @allowed
    def providers(visit: Visit) -> Response:
        typed = request.args.get("q", "").strip().upper()
        options = [f"{name} | NPI {npi} | {OFFICE}" for npi, name in PROVIDERS.items()]
        return jsonify(options=[o for o in options if len(typed) > 2 and typed in o.upper()])

    @app.post(INQUIRY)
    @looks
    @allowed
    def inquire(visit: Visit) -> Answer | str:
        form = request.form
        number = form.get("number", "").strip()
        if number.upper().startswith("REQ"):
            return inquiry_form("A REQ number cannot be searched.")
        if number:
            found = of_plan(state.search_number(number), "independence")
            if len(found) == 1:
                return redirect(INQUIRY + found[0].id)
            return listed(visit, found, widened=True)
        npi = next((npi for npi in PROVIDERS if f"NPI {npi} " in form.get("provider", "")), None)
        widened = form.get("range") == "custom"
        today = state.clock().date()
        since, until = today - timedelta(days=DEFAULT_DAYS), today
        if widened:
            first, last = from_us_date(form.get("from", "")), from_us_date(form.get("to", ""))
            if first is None or last is None:
                return inquiry_form("Enter both dates (MM/DD/YYYY).")
            since, until = first, last
        if npi is None:
            return inquiry_form("Requesting or Servicing Provider and Date Range are required.")
        member_id = form.get("member_id", "").strip().upper()
        members = [p for p in records.patients if not member_id or p.member_id == member_id]
        found = of_plan(
            tuple(r for p in members for r in state.search_member(p, since, until)), "independence"
        )
        return listed(visit, tuple(r for r in found if npi in (r.requesting_npi, r.rendering_npi)), widened)

    def listed(visit: Visit, found: tuple[Record, ...], widened: bool) -> Answer:
        visit.kept["inquiry"] = (found, widened)
        return redirect(INQUIRY + "results")

    @app.get(INQUIRY + "results")
    @allowed
    def inquiry_results(visit: Visit) -> str:
        found, widened = visit.kept.get("inquiry", ((), False))
        return render_template("ib_results.html", found=found, widened=widened, shown=state.shown)

    @app.get(INQUIRY + "<record_id>")
    @allowed
    def ib_detail(visit: Visit, record_id: str) -> str:
        record = opened(record_id, "independence")
        shown = next((number for number in record.numbers.values() if number), "")
        return render_template("ib_detail.html", a=record, number=shown, shown=state.shown)

    # ---- a request of Independence Blue Cross ----

    @app.get(INQUIRY + "new")
    @allowed
    def request_form(visit: Visit) -> str:
        return render_template("ib_request.html", problem="")

    @app.post(INQUIRY + "new")
    @allowed
    def submit_request(visit: Visit) -> Answer | str:
        if not request.form.get("member_id") or not request.form.get("procedure_code"):
            return render_template("ib_request.html", problem="Enter at least the member ID and a procedure.")
        sent = request.form.to_dict()
        visit.kept["submitted"] = {"number": f"REQ-{state.accept_request(sent)[-5:]}", "sent": sent}
        return redirect(INQUIRY + "confirmation")

    @app.get(INQUIRY + "confirmation")
    @allowed
    def confirmation(visit: Visit) -> Answer | str:
        submitted = visit.kept.pop("submitted", None)
        return render_template("ib_confirmation.html", **submitted) if submitted else redirect(INQUIRY)

    return app
