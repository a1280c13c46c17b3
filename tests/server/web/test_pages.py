"""The pages: what they show, what they let be done, and that no patient stands in a title or an address."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from markupsafe import escape
from sqlalchemy import func, select

from portal_profiles.catalogue import load, slugs
from portal_profiles.vocabulary import Checkpoint, Unit
from server.actions.authorization_input import authorization_input
from server.actions.check_service import check_service
from server.actions.keep_evidence import keep_evidence
from server.actions.open_task import open_task
from server.actions.override_finding import Reason, override_finding
from server.actions.record_reading import record_reading
from server.actions.remove_evidence import remove_evidence
from server.actions.save_authorization import create_authorization
from server.actions.save_payer_rules import save_payer_rules
from server.db.session import Database, night_of
from server.db.tables import AuditEntry, Authorization, PortalNight, PortalSetting, Task
from server.matching.facts import Patient, PayerRule, PayerRuleKind, Service
from server.security import audit
from server.security.roles import Role
from tests.server.actions.test_record_reading import APPROVED, SURE
from tests.server.web.conftest import AUTHORIZATION, NOW, Desk, values_of, words_of

Seat = Callable[[Role], Desk]
PAGES = {
    "/": Role.VIEWER,
    "/authorizations": Role.VIEWER,
    "/authorizations/1": Role.VIEWER,
    "/checks": Role.VIEWER,
    "/payer-rules": Role.VIEWER,
    "/authorizations/import": Role.BILLER,
    "/runs": Role.VIEWER,
    "/codes": Role.VIEWER,
    "/portals": Role.VIEWER,
    "/portals/example_payer": Role.VIEWER,
    "/portals/example_payer/to-look-at": Role.SCHEDULER,
    "/authorizations/new": Role.SCHEDULER,
    "/authorizations/1/change": Role.SCHEDULER,
    "/devices": Role.SCHEDULER,
    "/users": Role.ADMINISTRATOR,
}
FORM = {
    "member_id": "XYZ100200302",
    "last_name": "Okafor",
    "first_name": "Bruno",
    "birth_date": "1978-11-05",
    "payer_id": "EXH01",
    "payer_name": "Example Health",
    "type": "prior",
    "determination": "approved",
    "procedure_code": "29881",
    "modifiers": "RT",
    "quantity": "1",
    "unit": "units",
    "reference_number": "004815340",
    "effective": "2026-12-14",
    "expiry": "2027-03-14",
}


@pytest.fixture
def kept(database: Database) -> int:
    """Ada Lindqvist's approval, as authorization 1."""
    with database.write("test") as db:
        return create_authorization(db, authorization_input(AUTHORIZATION), "test", NOW).id


@pytest.mark.parametrize(("path", "least"), PAGES.items())
def test_a_page_is_shown_to_its_role_and_to_no_lower_one(
    path: str, least: Role, desk: Seat, kept: int
) -> None:
    for role in Role:
        answer = desk(role).open(path)
        assert answer.status_code == (200 if role.at_least(least) else 403), role


@pytest.mark.parametrize("path", PAGES)
def test_no_page_names_a_patient_in_its_title_or_in_an_address(path: str, desk: Seat, kept: int) -> None:
    html = desk(Role.ADMINISTRATOR).text(path)
    titles = re.findall(r"<title>(.*?)</title>", html, re.S)
    addresses = re.findall(r'(?:href|action|src)="([^"]*)"', html)
    assert len(titles) == 1
    for text in titles + addresses:
        assert not re.search(r"lindqvist|ada|xyz100200301", text, re.I), text


def test_every_field_of_a_page_has_a_label(desk: Seat, kept: int) -> None:
    admin = desk(Role.ADMINISTRATOR)
    for path in PAGES:
        html = admin.text(path)
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', html))
        fields = re.findall(r"<(?:input|select|textarea)(?![^>]*type=\"hidden\")[^>]*>", html)
        assert all((found := re.search(r' id="([^"]+)"', f)) and found[1] in labelled for f in fields), path


def test_a_search_is_posted_and_finds_by_member_id_without_spaces(desk: Seat, kept: int) -> None:
    found = desk(Role.VIEWER).send("/authorizations", q="xyz 100200301")
    assert "Lindqvist, Ada" in found.text
    none = desk(Role.VIEWER).send("/authorizations", q="XYZ999")
    assert "No authorization fits" in none.text


def test_every_sight_of_a_record_is_on_the_audit_chain(desk: Seat, database: Database, kept: int) -> None:
    desk(Role.VIEWER).text(f"/authorizations/{kept}")
    with database.read() as db:
        seen = db.scalars(
            select(AuditEntry.actor).where(
                AuditEntry.action == "authorization.seen", AuditEntry.subject == f"authorization:{kept}"
            )
        ).all()
    assert list(seen) == ["viewer@riverbend.example"]


def test_a_planned_service_stands_beside_the_approval_with_what_differs(desk: Seat, kept: int) -> None:
    scheduler = desk(Role.SCHEDULER)
    answer = scheduler.send(
        f"/authorizations/{kept}/compare",
        follow=True,
        procedure_code="97110",
        modifiers="GP",
        quantity="12",
        unit="visits",
        date_from="2027-01-05",
    )
    shown = words_of(answer.text)
    assert "Mismatch" in shown
    assert "does not match" in shown
    assert "01/05/2027" in shown


def test_an_approval_entered_by_hand_is_kept_and_shown(desk: Seat, database: Database) -> None:
    answer = desk(Role.SCHEDULER).send("/authorizations/new", FORM, follow=True)
    assert answer.status_code == 200
    assert "004815340" in answer.text
    with database.read() as db:
        assert db.scalars(select(Authorization.member_id)).all() == ["XYZ100200302"]


def test_a_mistyped_form_comes_back_with_its_values_and_the_mistake_named(
    desk: Seat, database: Database
) -> None:
    answer = desk(Role.SCHEDULER).send(
        "/authorizations/new", {**FORM, "requesting_npi": "1234567890", "quantity": "many"}
    )
    assert answer.status_code == 422
    assert 'value="XYZ100200302"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    with database.read() as db:
        assert not db.scalars(select(Authorization.id)).all()


def test_a_record_says_which_rule_says_where_it_is_looked_up(desk: Seat, database: Database) -> None:
    data: dict[str, object] = {"portal": "availity"}
    day = date(2026, 5, 1)
    rule = PayerRule("exh-all", "EXH01", PayerRuleKind.LOOKED_UP_AT, data, "Manual, section 9", day)
    with database.write("test") as db:
        save_payer_rules(db, [rule], "test", NOW)
    desk(Role.SCHEDULER).send("/authorizations/new", FORM)
    shown = words_of(desk(Role.VIEWER).text("/authorizations/1"))
    assert "Looked up there because of the payer rule exh-all : Manual, section 9, 05/01/2026" in shown


def test_a_change_keeps_the_lines_and_numbers_that_the_form_does_not_show(
    desk: Seat, database: Database, kept: int
) -> None:
    scheduler = desk(Role.SCHEDULER)
    html = scheduler.text(f"/authorizations/{kept}/change")
    form = {**values_of(html), "plan": "Example Health PPO"}
    assert scheduler.send(f"/authorizations/{kept}/change", form).status_code == 303
    with database.read() as db:
        row = db.get_one(Authorization, kept)
        assert (row.plan, row.version) == ("Example Health PPO", 2)
        assert [(line.code, line.used) for line in row.lines] == [("97110", Decimal(4))]
        assert [number.value for number in row.reference_numbers] == ["A-7731904"]
    stale = scheduler.send(f"/authorizations/{kept}/change", {**form, "plan": "Another"})
    assert stale.status_code == 412


def test_a_task_says_why_and_what_next_and_is_closed_by_a_biller(
    desk: Seat, database: Database, kept: int
) -> None:
    with database.write("test") as db:
        task = open_task(
            db, kind="not_found", title="The portal has no such request", why="Its search found nothing.",
            next_step="Compare the member ID.", dedupe_key="not_found:1", actor="test", now=NOW,
            authorization_id=kept, portal="example_payer",
        )  # fmt: skip
        db.flush()
        task_id = task.id
    shown = words_of(desk(Role.VIEWER).text("/"))
    assert "Compare the member ID." in shown
    assert "Example Health · 97110" in shown
    assert "By 10/01/2026 Overdue" in shown
    assert desk(Role.VIEWER).send(f"/tasks/{task_id}/done").status_code == 403
    answer = desk(Role.BILLER).send(
        f"/tasks/{task_id}/done", {f"note-{task_id}": "Corrected the number."}, follow=True
    )
    assert "Nothing needs you now" in answer.text
    with database.read() as db:
        closed = db.get_one(Task, task_id)
        assert (closed.state, closed.closing_note) == ("done", "Corrected the number.")


def test_a_changed_portals_task_says_what_was_not_found_and_leads_who_may_to_the_picture(
    desk: Seat, database: Database, kept: int
) -> None:
    with database.write("test") as db:
        picture = keep_evidence(
            db, b"a picture", kind="picture", media_type="image/png", actor="test", now=NOW,
            authorization_id=kept,
        ).id  # fmt: skip
        open_task(
            db, kind="page_changed", title="A portal has changed and was stopped", why="2 pages were not.",
            next_step="Look at the picture.", dedupe_key="page_changed:example_payer", actor="test", now=NOW,
            portal="example_payer", evidence_id=picture,
            problems=["fields.determination is not on the page; nearest to it: Current Status"],
        )  # fmt: skip
    for role in Role:
        html = desk(role).text("/")
        assert "nearest to it: Current Status" in words_of(html)
        assert (f'href="/evidence/{picture}"' in html) == role.at_least(Role.BILLER), role


def test_a_portals_page_says_how_much_of_this_nights_budget_is_spent(desk: Seat, database: Database) -> None:
    with database.write("test") as db:
        db.add(PortalNight(portal="example_payer", night=night_of(db, NOW), requests=212))
        audit.record(db, "test", "test.spent", "portal:example_payer", now=NOW)
    most = load("example_payer").pace.requests_per_night
    assert f"212 of {most} requests" in words_of(desk(Role.VIEWER).text("/portals/example_payer"))


def test_an_empty_record_says_how_to_begin(desk: Seat) -> None:
    assert "tallystick import" in desk(Role.BILLER).text("/")
    assert "tallystick import" in desk(Role.BILLER).text("/authorizations")


def test_only_an_administrator_decides_on_a_portal_and_needs_the_text_it_rests_on(
    desk: Seat, database: Database
) -> None:
    path = "/portals/example_payer/terms"
    assert desk(Role.BILLER).send(path, automation="permitted", text="x").status_code == 403
    admin = desk(Role.ADMINISTRATOR)
    assert admin.send(path, automation="permitted", text="").status_code == 422
    assert admin.send(path, automation="permitted", text="Letter of 1 May 2026").status_code == 303
    with database.read() as db:
        setting = db.get_one(PortalSetting, "example_payer")
        assert (setting.automation, setting.automation_decided_by) == (
            "permitted",
            "administrator@riverbend.example",
        )


def test_a_portal_that_is_never_looked_at_by_itself_says_why(desk: Seat) -> None:
    profile = next(profile for profile in map(load, slugs()) if profile.attended_because)
    for path in ("/portals", f"/portals/{profile.slug}"):
        assert escape(profile.attended_because) in desk(Role.VIEWER).text(path)


def test_the_list_of_what_to_look_at_says_what_to_type_and_links_to_the_search_alone(
    desk: Seat, database: Database
) -> None:
    with database.write("test") as db:
        pended = {**AUTHORIZATION, "portal": "cigna", "determination": "pended"}
        create_authorization(db, authorization_input(pended), "test", NOW)
    html = desk(Role.SCHEDULER).text("/portals/cigna/to-look-at")
    assert 'href="https://cignaforhcp.cigna.com/app/patient/search" target="_blank"' in html
    shown = words_of(html)
    assert "The clinic has not permitted automated checks on this portal (unknown)." in shown
    assert "Member ID XYZ100200301 Copy" in shown
    assert "Birth date 03/12/1961 Copy" in shown
    with database.read() as db:
        assert db.scalar(select(func.count()).where(AuditEntry.action == "authorization.listed")) == 1


def test_a_portal_whose_pages_nobody_described_is_entered_by_hand(desk: Seat) -> None:
    shown = words_of(desk(Role.SCHEDULER).text("/portals/evolent_radmd/to-look-at"))
    assert "the extension reads none of them" in shown
    assert "Nothing is due on this portal." in shown


def test_evidence_is_opened_by_billers_and_above_and_every_sight_is_on_the_chain(
    desk: Seat, database: Database, kept: int
) -> None:
    with database.write("test") as db:
        evidence_id = keep_evidence(
            db, b"a picture", kind="picture", media_type="image/png", actor="test", now=NOW,
            authorization_id=kept,
        ).id  # fmt: skip
    for role in Role:
        answer = desk(role).open(f"/evidence/{evidence_id}")
        assert answer.status_code == (200 if role.at_least(Role.BILLER) else 403), role
        assert (b"a picture" in answer.data) == role.at_least(Role.BILLER)
        shown = f"/evidence/{evidence_id}" in desk(role).text(f"/authorizations/{kept}")
        assert shown == role.at_least(Role.BILLER)
    with database.read() as db:
        seen = db.scalars(select(AuditEntry.actor).where(AuditEntry.action == "evidence.seen")).all()
    assert set(seen) == {"administrator@riverbend.example", "biller@riverbend.example"}


def test_evidence_that_was_removed_says_when_and_by_what(desk: Seat, database: Database, kept: int) -> None:
    with database.write("test") as db:
        evidence_id = keep_evidence(
            db, b"a picture", kind="picture", media_type="image/png", actor="test",
            now=NOW - timedelta(days=9), authorization_id=kept,
        ).id  # fmt: skip
    remove_evidence(database, 7, "schedule", NOW)
    shown = desk(Role.BILLER)
    html = shown.text(f"/authorizations/{kept}")
    assert "by retention" in words_of(html)
    assert f'src="/evidence/{evidence_id}"' not in html
    assert shown.open(f"/evidence/{evidence_id}").status_code == 410


def test_an_account_s_secrets_are_never_shown(desk: Seat) -> None:
    admin = desk(Role.ADMINISTRATOR)
    admin.send(
        "/portals/example_payer/accounts",
        username="riverbend.robot",
        password="Quartz-Otter-9",
        totp_secret="",
    )
    html = admin.text("/portals/example_payer")
    assert "riverbend.robot" in html
    assert "Quartz-Otter-9" not in html


def test_a_pairing_code_is_shown_once(desk: Seat) -> None:
    scheduler = desk(Role.SCHEDULER)
    assert 'id="pairing-code"' in scheduler.send("/devices").text
    assert 'id="pairing-code"' not in scheduler.text("/devices")


def test_a_new_person_gets_a_link_that_signs_them_in(desk: Seat) -> None:
    admin = desk(Role.ADMINISTRATOR)
    html = admin.send("/users", name="Ines Varga", email="ines@riverbend.example", role="viewer").text
    link = re.search(r"http://localhost(/sign-in/link/[^<\s]+)", html)
    assert link
    new = Desk(admin.client.application.test_client())
    assert "Ines Varga" in new.send(link[1], follow=True).text


def test_the_last_administrator_stays_one(desk: Seat) -> None:
    admin = desk(Role.ADMINISTRATOR)
    html = admin.text("/users")
    me = re.search(r'/users/(\d+)/role"[^§]*?value="administrator" selected', html)
    assert me
    assert admin.send(f"/users/{me[1]}/role", role="viewer").status_code == 409


def test_checking_now_with_nothing_due_says_so(desk: Seat) -> None:
    answer = desk(Role.SCHEDULER).send("/runs")
    assert answer.status_code == 409
    assert "Nothing is due now" in answer.text


def test_an_unknown_page_is_told_as_a_page(desk: Seat) -> None:
    answer = desk(Role.VIEWER).open("/authorizations/999")
    assert answer.status_code == 404
    assert "There is no such authorization" in answer.text


def test_a_call_with_the_payer_is_kept_on_the_record_in_the_clinics_time(desk: Seat, kept: int) -> None:
    scheduler = desk(Role.SCHEDULER)
    answer = scheduler.send(
        f"/authorizations/{kept}/notes",
        follow=True,
        kind="call",
        representative="Maria",
        call_reference="C-881204",
        at="2026-11-16T08:05",
        text="Approved until March.",
    )
    shown = words_of(answer.text)
    assert "Call" in shown
    assert "spoke with Maria" in shown
    assert "C-881204" in shown
    assert "11/16/2026 08:05" in shown
    refused = scheduler.send(f"/authorizations/{kept}/notes", kind="call", text="They said yes.")
    assert refused.status_code == 422
    assert desk(Role.VIEWER).send(f"/authorizations/{kept}/notes", kind="note", text="x").status_code == 403


def test_a_recorded_reading_is_taken_back_from_the_records_page(
    desk: Seat, kept: int, database: Database
) -> None:
    with database.write("robot") as db:
        row = record_reading(db, APPROVED, SURE, kept, read_by="robot", now=NOW)
    scheduler = desk(Role.SCHEDULER)
    assert "Take it back" in words_of(scheduler.text(f"/authorizations/{kept}"))
    assert desk(Role.VIEWER).send(f"/readings/{row.id}/undo", why="misread").status_code == 403
    assert scheduler.send(f"/readings/{row.id}/undo", why="").status_code == 422
    shown = words_of(scheduler.send(f"/readings/{row.id}/undo", follow=True, why="misread").text)
    assert "as it was before" in shown
    assert "taken back" in shown
    assert "Take it back" not in shown


def test_what_people_passed_over_is_listed_with_how_it_ended(
    desk: Seat, kept: int, database: Database
) -> None:
    service = Service(
        payer_id="EXH01",
        patient=Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12)),
        procedure_code="97110",
        quantity=Decimal(30),
        unit=Unit.VISITS,
    )
    with database.write("desk") as db:
        check = check_service(db, service, Checkpoint.PORTAL_ENTRY, "desk", NOW, NOW.date())
        place = next(n for n, (_, f) in enumerate(check.findings) if f.field == "quantity")
        override_finding(db, check.id, place, Reason.PAYER_SAID_SO, "desk", NOW)
    shown = words_of(desk(Role.VIEWER).text("/checks"))
    assert "Warnings that people passed over" in shown
    assert "Payer said so" in shown
    assert "Not answered yet: 1" in shown
