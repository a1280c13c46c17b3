"""A stand-in of Availity Essentials, built to what public sources say of it (see ../NOTES.md).

A sign-in page with views behind its hash, a shell whose applications live in iframe#newBodyFrame, and in it
one single-page application (app/, of Availity's own open-source components): a status inquiry, the six-step
request and a dashboard. What nothing public says is invented, and listed in the notes.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as Answer

from portal_profiles.stand_in import Record, State, Visit, letter, looks, signs_in
from portal_profiles.vocabulary import NumberKind

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
#: What the clinic's providers are called, in the order requesting, rendering, facility.
PROVIDERS = ("Riverbend Clinic", "Riverbend Rehabilitation", "Riverbend Surgery Center")


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
        label=state.label,
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

    # ---- the applications in the shell's frame: one script, and for each address what it shows ----

    def view(name: str, title: str, **given: Any) -> Answer | str:
        """The view as data to the application that goes on to it, as a document to whoever opens it anew."""
        told = {"view": name, **given}
        if request.accept_mimetypes.best == "application/json":
            return jsonify(told)
        return render_template("app.html", title=title, shown_as_json=told)

    def message(heading: str, severity: str, says: str) -> Answer | str:
        """A view that only says something; severity: error, warning, info or success."""
        return view("message", heading, heading=heading, severity=severity, says=says)

    @app.get(f"{APPS}assets/app.js")
    def script() -> Response:
        return Response((Path(here) / "app" / "dist" / "app.js").read_bytes(), mimetype="text/javascript")

    @app.get(f"{APPS}menu-ui/")
    @signed_in
    def menu(visit: Visit) -> Answer | str:
        return view("menu", "Authorizations & Referrals")

    def organizations_of(visit: Visit) -> list[tuple[str, str]]:
        """(customer ID, name) of each organization of the account, written "customer ID | name" in it."""
        names = state.accounts[visit.username].organizations
        return [(number, name) for number, _, name in (one.partition(" | ") for one in names)]

    @app.get("/api/sdk/platform/v1/users/me")
    @signed_in
    def me(visit: Visit) -> Response:
        return jsonify(id=visit.username)

    @app.get("/api/sdk/platform/v1/organizations")
    @signed_in
    def organizations(visit: Visit) -> Response:
        listed = [
            {"id": n, "customerId": n, "name": name, "links": {}} for n, name in organizations_of(visit)
        ]
        return jsonify(organizations=listed, totalCount=len(listed), limit=50, offset=0)

    @app.get("/api/internal/v1/providers")
    @signed_in
    def providers(visit: Visit) -> Response:
        """The organization's providers whose name or NPI has what is typed in it."""
        typed = request.args.get("q", "").strip().casefold()
        npis = {
            (npi, name)
            for r in records.authorizations
            for npi, name in zip((r.requesting_npi, r.rendering_npi, r.facility_npi), PROVIDERS, strict=True)
        }
        listed = [
            {"id": npi, "npi": npi, "businessName": name, "uiDisplayName": f"{name} ({npi})"}
            for npi, name in sorted(npis)
            if typed in f"{name} ({npi})".casefold()
        ]
        return jsonify(providers=listed, totalCount=len(listed), limit=50, offset=0)

    # ---- the inquiry ----

    def inquiry_form(visit: Visit, problem: str = "") -> Answer | str:
        if INQUIRY_ROLE not in state.accounts[visit.username].roles:
            return message(
                "Auth/Referral Inquiry",
                "error",
                f"You do not have the role {INQUIRY_ROLE}. Your organization's administrator can grant it.",
            )
        return view("inquiry", "Auth/Referral Inquiry", problem=problem, member_id=state.label("Member ID"))

    @app.get(f"{API}payers")
    @signed_in
    def payer_list(visit: Visit) -> Response:
        return jsonify(payers=payers)

    @app.get(f"{APPS}inquiry-ui/")
    @signed_in
    def inquiry(visit: Visit) -> Answer | str:
        return inquiry_form(visit)

    @app.post(f"{APPS}inquiry-ui/search")
    @looks
    @signed_in
    def search(visit: Visit) -> Answer | str:
        form = request.get_json()
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
                redirect(f"{APPS}inquiry-ui/record/{found[0].id}", 303)
                if len(found) == 1
                else listed(visit, found)
            )
        birth_date = from_us_date(form.get("patientBirthDate", ""))
        since, until = from_us_date(form.get("fromDate", "")), from_us_date(form.get("toDate", ""))
        npi = form.get("providerNpi", "")
        if not form.get("memberId", "").strip() or not npi or None in (birth_date, since, until):
            return inquiry_form(
                visit, "Enter member ID, date of birth, requesting provider, from date and to date."
            )
        patient = records.member(form["memberId"], birth_date)
        if patient is None:
            return listed(visit, ())
        if patient.plan in records.plans_not_served:
            return redirect(f"{APPS}inquiry-ui/not-served", 303)
        found = state.search_member(patient, since, until)
        # Only a provider who is named on a request is told of it (Premera, Regence).
        return listed(
            visit, tuple(r for r in found if npi in (r.requesting_npi, r.rendering_npi, r.facility_npi))
        )

    def listed(visit: Visit, found: tuple[Record, ...]) -> Answer:
        visit.kept["found"] = found
        return redirect(f"{APPS}inquiry-ui/results", 303)

    @app.get(f"{APPS}inquiry-ui/results")
    @signed_in
    def results(visit: Visit) -> Answer | str:
        title = "Auth/Referral Inquiry Results"
        found = visit.kept.get("found", ())
        if not found:
            return message(title, "info", "No authorizations or referrals match your search.")
        pages = -(-len(found) // ROWS_A_PAGE)
        page = min(max(request.args.get("page", 1, type=int), 1), pages)
        shown = found[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
        status = state.label("Status")
        return view(
            "results",
            title,
            columns=[
                "Transaction ID", state.label("Member ID"), "Patient", "Procedure", "From Date", "To Date",
                status,
            ],
            rows=[
                [
                    r.numbers[NumberKind.TRANSACTION], r.patient.member_id,
                    f"{r.patient.last_name}, {r.patient.first_name}", r.lines[0].requested_code,
                    us_date(r.service_from), us_date(r.service_to), state.shown(r),
                ]
                for r in shown
            ],
            opens=[f"{APPS}inquiry-ui/record/{r.id}" for r in shown],
            status=status,
            total=len(found),
            page=page,
            pages=pages,
        )  # fmt: skip

    @app.get(f"{APPS}inquiry-ui/not-served")
    @signed_in
    def not_served(visit: Visit) -> Answer | str:
        return message(
            "Auth/Referral Inquiry",
            "warning",
            "Requests for members of this program are not available here. Use the program's own site.",
        )

    @app.get(f"{APPS}inquiry-ui/record/<record_id>")
    @signed_in
    def record_page(visit: Visit, record_id: str) -> Answer | str:
        a = state.open(record_id) or abort(404)
        status, here_ = state.label("Status"), f"{APPS}inquiry-ui/record/{record_id}"
        decision = (
            (status, state.shown(a)),
            ("Transaction ID", a.numbers[NumberKind.TRANSACTION]),
            ("Certification Number", a.numbers[NumberKind.AUTHORIZATION]),
            ("Reference Number", a.numbers[NumberKind.REFERENCE]),
            ("Request Date", us_date(a.requested)),
            ("Certification Issue Date", us_date(a.decided)),
            ("Certification Effective Date", us_date(a.effective)),
            ("Certification Expiration Date", us_date(a.expiry)),
        )
        member = (
            (state.label("Member ID"), a.patient.member_id),
            ("Patient Name", f"{a.patient.last_name}, {a.patient.first_name}"),
            ("Patient Date of Birth", us_date(a.patient.birth_date)),
            ("Payer", records.payer),
            ("Plan", a.patient.plan),
        )
        service = (
            ("Request Type", LEVELS[a.level_of_care]),
            ("Place of Service", PLACES[a.place_of_service]),
            ("Diagnosis Codes", ", ".join(a.diagnoses)),
            ("Service From Date", us_date(a.service_from)),
            ("Service To Date", us_date(a.service_to)),
            ("Requesting Provider NPI", a.requesting_npi),
            ("Rendering Provider NPI", a.rendering_npi),
            ("Facility NPI", a.facility_npi),
        )
        titled = (
            ("Decision", "testAuthorization StatusPanel", decision),
            ("Member", "testAuthorization MemberPanel", member),
            ("Service", "testAuthorization ServicePanel", service),
        )
        return view(
            "record",
            "Authorization Details",
            status=status,
            sections=[{"title": title, "test_id": test, "values": values} for title, test, values in titled],
            note=a.note,
            letter=f"{here_}/letter" if a.letter else None,
            cancel=f"{here_}/cancel",
            lines={
                "columns": [
                    "Line", "Procedure Requested", "Procedure Certified", "Modifiers", "Quantity Requested",
                    "Quantity Certified", "Quantity Type", "Line Status", "Line From", "Line To",
                ],
                "rows": [
                    [
                        str(line.number), line.requested_code, line.code if line.approved else "",
                        ", ".join(line.modifiers), str(line.requested),
                        "" if line.approved is None else str(line.approved), QUANTITY_WORDS[line.unit],
                        state.shown(line), us_date(line.effective) if line.approved else "",
                        us_date(line.expiry) if line.approved else "",
                    ]
                    for line in a.lines
                ],
            },
        )  # fmt: skip

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
    def cancel(visit: Visit, record_id: str) -> Answer | str:
        return message("Request canceled", "success", "Your request to cancel was sent to the payer.")

    # ---- the request ----

    @app.get(f"{APPS}clip-ui/")
    @signed_in
    def wizard(visit: Visit) -> Answer | str:
        return view(
            "wizard",
            "Authorization Request",
            member_id=state.label("Member ID"),
            organizations=state.accounts[visit.username].organizations,
            payers=payers,
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

    @app.post(f"{API}um/evaluate")
    @signed_in
    def evaluate(visit: Visit) -> Response:
        visit.kept["transaction"] = f"{18830000000 + 97 * (visit.pages + len(state.requests))}"
        return jsonify(banner="Authorization - Undetermined", transaction=visit.kept["transaction"])

    @app.post(f"{API}um/submit")
    @signed_in
    def submit(visit: Visit) -> Response:
        sent = request.get_json()
        visit.kept["submitted"] = (
            (state.label("Status"), "Pended"),
            ("Transaction ID", visit.kept.get("transaction", "")),
            ("Reference Number", f"BM{state.accept_request(sent)}"),
            (state.label("Member ID"), sent.get("subscriber.memberId", "")),
            ("Patient Date of Birth", sent.get("patient.birthDate", "")),
        )
        return jsonify(accepted=True)

    @app.get(f"{APPS}dashboard-ui/confirmation")
    @signed_in
    def confirmation(visit: Visit) -> Answer | str:
        submitted = visit.kept.pop("submitted", None)
        if submitted is None:
            return redirect(f"{APPS}dashboard-ui/")
        return view("confirmation", "Authorization Request", status=state.label("Status"), values=submitted)

    @app.get(f"{APPS}dashboard-ui/")
    @signed_in
    def dashboard(visit: Visit) -> Answer | str:
        status = state.label("Status")
        return view(
            "dashboard",
            "Auth/Referral Dashboard",
            columns=["Reference Number", status],
            rows=[[f"BM{sent['number']}", "Pended"] for sent in state.requests],
            status=status,
        )

    return app
