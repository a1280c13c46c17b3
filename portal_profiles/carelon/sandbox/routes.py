"""A stand-in of Carelon Medical Benefits Management, built to what public sources say (see ../NOTES.md).

One address, /Default.aspx, at which every step is a full post back with its view state; a sign-in that goes
by way of an identity provider and a code sent to a person; a HIPAA page each time. What nothing public says
is invented, and listed in the notes.
"""

from __future__ import annotations

import base64
import secrets
from datetime import date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import Determination, NumberKind

COOKIE = "carelon_session"
BEGUN = "carelon_begun"
PAGE = "/Default.aspx"
OKTA = "/okta/"
CONTROLS = "ctl00$asPrimary$ctl00$"
ROLE = "Ordering Provider"
ENDED_PLAN = "Blue Meridian 2024 (ended)"
REVIEW_DAYS = 15
UNDECIDED = frozenset({Determination.DRAFT, Determination.PENDED, Determination.MORE_INFORMATION_NEEDED})
UNITS = {"units": "Units", "visits": "Visits", "days": "Days", "hours": "Hours"}
PLACES = {"11": "Office", "22": "Outpatient Hospital", "24": "Ambulatory Surgical Center"}


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
    app = Flask("carelon_sandbox", root_path=here, template_folder="templates", static_folder=None)
    records = state.records
    begun: dict[str, str] = {}

    app.jinja_env.globals.update(
        portal=records.portal,
        label=state.label,
        shown=state.shown,
        us_date=us_date,
        page=PAGE,
        okta=OKTA,
        controls=CONTROLS,
        ended_plan=ENDED_PLAN,
        unit_words=UNITS,
        places=PLACES,
        number=lambda record, kind: record.numbers.get(NumberKind(kind), ""),
        anticipated=lambda record: us_date(record.requested + timedelta(days=REVIEW_DAYS)),
    )

    def current() -> Visit | None:
        return state.visit(request.cookies.get(COOKIE))

    def draw(view: str, **values: Any) -> str:
        """A page of /Default.aspx, with the view state that its next post must bring back."""
        return render_template(
            f"{view}.html",
            view_state=base64.b64encode(f"{view} of this stand-in".encode()).decode(),
            **values,
        )

    def signed_in(view: Any) -> Any:
        """Gives the view its session, or answers with the page that stands in the way."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = current()
            if visit is None:
                return draw("lookup")
            if visit.stage != "in" and not visit.ended:
                return redirect(f"{OKTA}verify")
            if visit.ended or not state.page_of(visit):
                response = make_response(draw("signed_out", ended=visit.ended))
                response.delete_cookie(COOKIE)
                return response
            if not visit.accepted_terms or (state.hazards.on("terms") and not visit.kept.get("agreed_again")):
                return draw("hipaa")
            return view(visit, *args, **kwargs)

        return guarded

    @app.get("/")
    def start() -> Answer:
        return redirect(PAGE)

    # ---- signing in: the user name here, password and code at the identity provider ----

    @app.get(OKTA)
    def password_page() -> Answer | str:
        if state.hazards.on("challenge"):
            return render_template("challenge.html")
        username = begun.get(request.cookies.get(BEGUN, ""))
        return (
            render_template("okta_password.html", username=username, refused=False)
            if username
            else redirect(PAGE)
        )

    @app.post(f"{OKTA}password")
    @signs_in
    def give_password() -> Answer | str:
        username = begun.get(request.cookies.get(BEGUN, ""), "")
        answer, visit = state.give_password(username, request.form.get("credentials.passcode", ""))
        if visit is None:
            refused = {"locked": "locked.html", "expired": "password_expired.html"}
            return render_template(refused.get(answer, "okta_password.html"), username=username, refused=True)
        response = redirect(f"{OKTA}verify")
        response.set_cookie(COOKIE, visit.token, httponly=True, samesite="Lax")
        return response

    @app.get(f"{OKTA}verify")
    def ways() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect(PAGE)
        return redirect(PAGE) if visit.stage == "in" else render_template("okta_verify.html")

    @app.post(f"{OKTA}challenge")
    @signs_in
    def send_code() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect(PAGE)
        state.send_code(visit)
        return render_template("okta_code.html", way=request.form.get("way", "email"), refused=False)

    @app.post(f"{OKTA}code")
    @signs_in
    def give_code() -> Answer | str:
        visit = current()
        if visit is None or visit.ended:
            return redirect(PAGE)
        answer = state.give_code(visit, request.form.get("credentials.passcode", "").strip())
        if answer == "in":
            return render_template("login_verification.html")
        page = "locked.html" if answer == "locked" else "okta_code.html"
        return render_template(page, way=request.form.get("way", "email"), refused=True)

    # ---- the one address ----

    @app.get(PAGE)
    @signed_in
    def home(visit: Visit) -> str:
        return draw("home", problem="")

    @app.post(PAGE)
    @looks
    def post_back() -> Any:
        target = (request.form.get("__EVENTTARGET") or _button()).removeprefix(CONTROLS)
        if target == "btnLookup":
            return look_up_user()
        if target == "cmdAgreeContinue":
            return agree()
        return step(target)

    def _button() -> str:
        """The button that sent the form: its name is in the form, with its text."""
        return next((name for name in request.form if name.startswith(f"{CONTROLS}cmd") or "btn" in name), "")

    def look_up_user() -> Answer:
        token = secrets.token_urlsafe(8)
        begun[token] = request.form.get(f"{CONTROLS}txtLoginId", "").strip()
        response = redirect(OKTA)
        response.set_cookie(BEGUN, token, httponly=True, samesite="Lax")
        return response

    def agree() -> Answer:
        visit = current()
        if visit is not None and visit.stage == "in" and not visit.ended:
            visit.accepted_terms = True
            visit.kept["agreed_again"] = state.hazards.on("terms")
        return redirect(PAGE)

    @signed_in
    def step(visit: Visit, target: str) -> str:
        if target == "cmdWithdraw":
            state.note("POST", PAGE, "act")
            return draw("withdrawn")
        if ROLE not in state.accounts[visit.username].roles:
            return draw("role_missing")
        if target == "cmdFindMember":
            return members(visit)
        if target == "cmdFindOrder":
            return by_number(visit)
        grid, _, row = target.partition("$")
        if grid == "gvSearchMembers":
            return history(visit, int(row[3:5]) - 2)
        if grid == "gvMemberExams":
            return order(visit.kept.get("found", ())[int(row[3:5]) - 2])
        return draw("home", problem="")

    def typed(name: str) -> str:
        return request.form.get(CONTROLS + name, "").strip()

    def members(visit: Visit) -> str:
        born, served = from_us_date(typed("txtBirthDate")), from_us_date(typed("txtServiceDate"))
        first, last, number = typed("txtFirstName"), typed("txtLastName"), typed("txtMemberNumber")
        if not first or len(last) < 2 or len(number) < 6 or born is None or served is None:
            wanted = "date of service, first name, last name (2 letters), member ID (6) and date of birth"
            return draw("home", problem=f"Enter {wanted}, dates as MM/DD/YYYY.")
        patient = records.member(number, born)
        if patient is None or not patient.last_name.upper().startswith(last.upper()):
            return draw("member_not_found")
        if patient.plan in records.plans_not_served:
            return draw("plan_not_served")
        visit.kept["member"], visit.kept["served"] = patient, served
        return draw("members", patient=patient)

    def history(visit: Visit, row: int) -> str:
        # The first row is the plan that ended: it holds nothing.
        served = visit.kept["served"]
        found = state.search_member(visit.kept["member"], served, served) if row else ()
        return listed(visit, found)

    def by_number(visit: Visit) -> str:
        found = state.search_number(typed("txtOrderNumber"))
        return order(found[0]) if len(found) == 1 else listed(visit, found)

    def listed(visit: Visit, found: tuple[Record, ...]) -> str:
        visit.kept["found"] = found
        return draw("history", found=found) if found else draw("no_orders")

    def order(listed_record: Record) -> str:
        record = state.open(listed_record.id) or abort(404)
        return draw("order_pended" if record.decision in UNDECIDED else "order_summary", a=record)

    @app.get("/Letter.aspx/<record_id>")
    @signed_in
    def letter_file(visit: Visit, record_id: str) -> Response:
        record = state.open(record_id) or abort(404)
        if state.hazards.on("letter_not_pdf"):
            return make_response(draw("letter_not_ready"))
        lines = (
            f"Health plan: {record.payer.name}",
            f"Member number: {record.patient.member_id}",
            *(
                f"{kind.value.capitalize()} number: {value}"
                for kind, value in record.numbers.items()
                if value
            ),
            f"Status: {state.shown(record)}",
            *(f"{line.code}: {state.shown(line)}" for line in record.lines),
        )
        return Response(letter(records.portal, lines), mimetype="application/pdf")

    @app.get("/SignOut.aspx")
    def sign_out() -> str:
        visit = current()
        if visit is not None:
            visit.ended = "by_user"
        return draw("signed_out", ended="by_user")

    return app
