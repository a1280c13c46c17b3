"""The eighteen hazards of payer portals, by rank, on every portal where each can occur.

One section a hazard. Portals are found by listing: a new one is sent through all of this by being there.
Where a hazard cannot occur, the reason follows from the portal's profile (`HAZARDS`); the last test prints
the table (`pytest -s -k the_table`). One pass over each sandbox in which nothing goes wrong is shared by the
sections that ask what it read. What a person is then told is proved for every kind of outcome in
tests/server/actions/test_record_outcome.py.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from automation import sandbox
from automation.network import is_allowed
from automation.night import Event, check_portal
from automation.outcomes import Outcome, OutcomeKind
from automation.sandbox import Expected
from portal_profiles.acting_words import acting_word
from portal_profiles.catalogue import load, slugs
from portal_profiles.markup import VOID
from portal_profiles.profile import Locator, PageKind, Profile, Step
from portal_profiles.query import Query
from portal_profiles.stand_in import Record, State
from portal_profiles.vocabulary import Determination, NumberKind
from tests.automation.robot import Robot, Serve, Visit

pytestmark = pytest.mark.browser

SLUGS = tuple(slug for slug in slugs() if slug in sandbox.slugs())
#: West of UTC, where a date that is taken for midnight UTC becomes the day before.
CLINICS_ZONE = "America/Los_Angeles"
#: What a sign-in that is a person's ends in, whichever page asks for the person.
A_PERSONS = {"code_needed", "terms_shown"}


# ---- where each hazard can occur ----


def anywhere(profile: Profile) -> str:
    """It can occur on every portal."""
    return ""


def one_document(profile: Profile) -> str:
    """Why frames and tabs cannot be a hazard there."""
    framed = any(page.frame for page in profile.pages.values())
    tab = profile.results is not None and profile.results.opens == "tab"
    return "" if framed or tab else "no page lives in a frame, and nothing opens a tab"


def no_form(profile: Profile) -> str:
    """Why the extension reads nothing that is typed there."""
    return "" if profile.pages_of(PageKind.REQUEST_FORM) else "the profile reads no request form"


HAZARDS: dict[int, tuple[str, Callable[[Profile], str]]] = {
    1: ("a wrong status is read as approved", anywhere),
    2: ("the wrong number is taken", anywhere),
    3: ("a read job submits or withdraws", anywhere),
    4: ("the right page, but another patient, plan, payer or tax ID", anywhere),
    5: ("'not found' for 'could not look'", anywhere),
    6: ("second factors and lockout", anywhere),
    7: ("terms, shared accounts, bot detection", anywhere),
    8: ("the page drifts", anywhere),
    9: ("frames, new tabs, posts of a single sign-on", one_document),
    10: ("the session ends in the middle", anywhere),
    11: ("slow and partial pages", anywhere),
    12: ("the hour of the night", anywhere),
    13: ("dates and units", anywhere),
    14: ("a service is delegated to another portal", anywhere),
    15: ("overlays", anywhere),
    16: ("patient data and secrets in logs, messages and pictures", anywhere),
    17: ("what is typed into a form is read wrong", no_form),
    18: ("duplicates and drafts", anywhere),
}
PROVED: dict[int, dict[str, set[str]]] = {number: {} for number in HAZARDS}
Test = TypeVar("Test", bound=Callable[..., None])


def hazard(
    number: int, *, where: Callable[[Profile], object] = lambda profile: True
) -> Callable[[Test], Test]:
    """Parametrises a test of that hazard over the portals where it can occur (and `where` says yes)."""
    cannot = HAZARDS[number][1]
    chosen = [slug for slug in SLUGS if not cannot(load(slug)) and where(load(slug))]

    def mark(test: Test) -> Test:
        for slug in chosen:
            PROVED[number].setdefault(slug, set()).add(test.__name__)
        # One worker a portal, so that its clean pass is made once.
        each = [pytest.param(slug, marks=pytest.mark.xdist_group(f"hazards_{slug}")) for slug in chosen]
        marked: Test = pytest.mark.parametrize("slug", each)(test)
        return marked

    return mark


def by_itself(profile: Profile) -> bool:
    """The robot signs in there."""
    return profile.unattended


def by_a_person(profile: Profile) -> bool:
    """A person signs in there, and the robot reads on."""
    return not profile.unattended


def has_letters(profile: Profile) -> bool:
    """Its requests link to the payer's letter."""
    return profile.letter is not None


def has_an_app(profile: Profile) -> bool:
    """Its sign-in asks for the code of an authenticator app."""
    return profile.unattended and "totp" in profile.sign_in.methods


def has_a_timer(profile: Profile) -> bool:
    """It asks whether anyone is there."""
    return "timer" in profile.pages


def is_paged(profile: Profile) -> bool:
    """Its result list comes in pages."""
    return any(rows.next for page in profile.pages.values() for rows in page.rows.values())


def parts_twins(profile: Profile) -> bool:
    """Its pages are of an odd number of rows, so that the two of a request can stand on two of them."""
    return is_paged(profile) and profile.slug != "covermymeds"  # ten a page


# ---- what tests ask ----


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def nothing_was_changed(visit: Visit) -> bool:
    return (visit.counts["acts"], visit.counts["submitted"]) == ([], 0)


def look(here: Visit, outcome: str | None = None, many: int | None = None, **how: Any) -> list[Outcome]:
    """A pass over so many of the clinic's rows, in a person's session where the portal wants a person. One
    outcome a query, nothing changed, no account locked: in every test of this file."""
    queries = how.pop("queries", None) or here.queries(outcome, many)
    outcomes = here.look(queries, account=how.pop("account", None) or here.inside(), **how)
    assert [one.query_id for one in outcomes] == [query.id for query in queries]
    assert nothing_was_changed(here)
    for account in here.counts["accounts"].values():
        assert account["passwords_refused"] + account["codes_refused"] <= 1
        assert not account["locked"]
    return outcomes


@dataclass(frozen=True)
class Clean:
    """A pass over all of a clinic's rows in which nothing went wrong, and what the sandbox says is true."""

    visit: Visit
    queries: list[Query]
    outcomes: dict[str, Outcome]
    expected: dict[str, Expected]
    events: list[Event]

    def read(self) -> Iterator[tuple[Outcome, Expected]]:
        """Every outcome that must be a reading, with what it must say."""
        for key, wanted in self.expected.items():
            if wanted.outcome == "read":
                yield self.outcomes[key], wanted

    def record(self, key: str) -> Record | None:
        """The portal's own record behind a row of the clinic."""
        known = self.visit.served.states[self.visit.slug].records
        row = next(r for r in known.clinic if sandbox.query_key(r.patient.member_id, r.code) == key)
        return known.by_id(row.record) if row.record else None


@pytest.fixture(scope="module")
def clean(robot: Robot) -> Iterator[Callable[[str], Clean]]:
    """One such pass a portal, made when it is first asked for, by a clinic west of UTC."""
    with sandbox.serve(SLUGS) as served:

        @cache
        def of(slug: str) -> Clean:
            here, events = Visit(slug, served, robot), list[Event]()
            queries = here.queries()
            outcomes = look(here, queries=queries, time_zone=CLINICS_ZONE, on_event=events.append)
            by_id = {outcome.query_id: outcome for outcome in outcomes}
            return Clean(here, queries, by_id, sandbox.expected(slug), events)

        yield of


Pass = Callable[[str], Clean]


# ---- 1. a wrong status is read as approved ----


@hazard(1)
def test_each_outcome_and_status_is_what_the_portals_records_say(clean: Pass, slug: str) -> None:
    whole = clean(slug)
    for key, wanted in whole.expected.items():
        outcome = whole.outcomes[key]
        assert outcome.kind.value == wanted.outcome, (wanted.row, outcome.message, outcome.problems)
        if outcome.reading is None:
            continue
        reading = outcome.reading
        said = (reading.determination, reading.determination_text)
        assert said == (wanted.determination, wanted.determination_text), wanted.row
        assert [line.determination for line in reading.lines] == [
            line.determination for line in wanted.lines
        ], wanted.row
    assert whole.visit.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@hazard(1)
def test_an_unknown_word_is_kept_verbatim_and_raised_to_a_person(visit: Serve, slug: str) -> None:
    here = visit(slug, unknown_word="Approved pending step 2")
    (outcome,) = look(here, "read", 1)
    assert outcome.kind is OutcomeKind.READ
    assert outcome.reading is not None
    assert outcome.reading.determination is Determination.UNRECOGNISED
    assert outcome.reading.determination_text == "Approved pending step 2"
    assert outcome.person


# ---- 2. the wrong number is taken ----


@hazard(2)
def test_every_number_has_its_own_kind_and_only_the_authorizations_is_confirmed(
    clean: Pass, slug: str
) -> None:
    for outcome, wanted in clean(slug).read():
        assert outcome.reading is not None
        assert {(n.kind, n.value) for n in outcome.reading.numbers} == set(wanted.numbers), wanted.row
        confirmed = [n.value for n in outcome.reading.numbers if n.kind is NumberKind.AUTHORIZATION]
        assert confirmed == ([wanted.authorization_number] if wanted.authorization_number else []), wanted.row


@hazard(2)
def test_an_approval_without_a_number_yet_is_among_what_was_read(clean: Pass, slug: str) -> None:
    approved = [w for _, w in clean(slug).read() if w.determination is Determination.APPROVED]
    assert any(wanted.authorization_number is None for wanted in approved)


@hazard(2, where=has_letters)
def test_a_letter_that_is_no_pdf_is_a_problem_of_a_good_reading(visit: Serve, slug: str) -> None:
    (outcome,) = look(visit(slug, letter_not_pdf=True), "read", 1)
    assert outcome.kind is OutcomeKind.READ
    assert {item.kind for item in outcome.evidence} == {"picture", "text"}
    assert any("not a PDF" in problem for problem in outcome.problems)


# ---- 3. a read job submits or withdraws ----


def acting_names(slug: str) -> list[str]:
    """What the buttons of the portal's saved detail pages are called, where their names act."""
    names: list[str] = []

    class Buttons(HTMLParser):
        inside = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.inside = tag == "button" or (self.inside and tag in VOID)

        def handle_data(self, data: str) -> None:
            if self.inside and acting_word(data):
                names.append(" ".join(data.split()))

        def handle_endtag(self, tag: str) -> None:
            self.inside = False

    for golden in sorted((load(slug).folder / "pages").glob("*.json")):
        page = json.loads(golden.read_text("utf-8"))["page_text"]["page"]
        if page is not None and load(slug).pages[page].kind is PageKind.DETAIL:
            Buttons().feed(golden.with_suffix(".html").read_text("utf-8"))
    return list(dict.fromkeys(names))


@hazard(3, where=lambda profile: acting_names(profile.slug))
def test_what_acts_on_the_page_that_is_read_is_refused_at_the_click(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=2)
    name = acting_names(slug)[0]
    pages = {
        key: replace(page, steps=(*page.steps, Step("click", Locator("role", "button", name))))
        if page.kind is PageKind.DETAIL
        else page
        for key, page in here.profile.pages.items()
    }
    (outcome,) = look(here, "read", 1, profile=replace(here.profile, pages=pages))
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert outcome.reading is None


@hazard(3)
def test_no_request_that_acts_is_let_through_where_its_address_tells_it(slug: str) -> None:
    profile = load(slug)
    app = sandbox.create_app(State(sandbox.records(slug)))
    origin = profile.hosts[0].origin
    acts = 0
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in rule.methods or set():
            if method in ("GET", "HEAD", "OPTIONS") or getattr(view, "tallystick_what", "act") != "act":
                continue
            if rule.rule.startswith(sandbox.CONTROL):
                continue
            acts += 1
            path = rule.rule.replace("<", "").replace(">", "")
            sent = is_allowed(
                method, origin + path, origins=frozenset({origin}), posts=profile.network.allowed_posts,
                queries=profile.network.allowed_queries, body='{"query": "mutation { withdraw }"}',
                signing_in=False,
            )  # fmt: skip
            assert not sent, f"{method} {rule.rule}"
    assert acts or profile.network.allowed_posts or profile.network.allowed_queries


def test_a_post_that_no_profile_lists_as_a_search_never_leaves(visit: Serve) -> None:
    here = visit("example_payer", page_seconds=1.5)
    strict = replace(here.profile, network=replace(here.profile.network, allowed_posts=()))
    (outcome,) = look(here, "read", 1, profile=strict)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert "blocked POST to /status" in outcome.problems
    assert all(
        entry["method"] == "GET" or "sign-in" in entry["path"] or entry["path"] == "/organization"
        for entry in here.counts["entries"]
    )


# ---- 4. the right page, but another patient, plan, payer or tax ID ----


@hazard(4)
def test_of_another_patients_page_nothing_is_kept(visit: Serve, slug: str) -> None:
    (outcome,) = look(visit(slug, wrong_patient=True), "read", 1)
    assert (outcome.kind, outcome.reading) == (OutcomeKind.WRONG_PATIENT, None)
    assert outcome.evidence == ()


@hazard(4)
def test_every_reading_names_the_records_own_patient(clean: Pass, slug: str) -> None:
    whole = clean(slug)
    asked = {query.id: query for query in whole.queries}
    for outcome, wanted in whole.read():
        assert outcome.identity is not None
        assert outcome.identity.disagree == (), wanted.row
        assert len(outcome.identity.agree) >= 2, wanted.row
        assert outcome.reading is not None
        assert outcome.reading.member_id in (None, asked[outcome.query_id].member_id), wanted.row


#: The portal's own number by which a row of its list is known, and how many requests are listed.
LISTED = {"availity": (NumberKind.TRANSACTION, 6), "covermymeds": (NumberKind.KEY, 14)}


def in_a_long_list(visit: Visit, place: int) -> Outcome:
    """How the look for the request at this place (from 0, newest first; -1 is the oldest) of the longest
    member's list ends, searched for by the member and dates that list so many."""
    kind, many = LISTED[visit.slug]
    records = visit.served.states[visit.slug].records
    most = max(records.patients, key=lambda p: len(records.by_member(p, None, None)))
    listed = records.by_member(most, None, None)[:many]
    query = Query(
        id="1",
        reference_number=listed[place].numbers[kind],
        member_id=most.member_id,
        last_name=most.last_name,
        first_name=most.first_name,
        birth_date=most.birth_date,
        payer=most.payer.name,
        plan=most.plan,
        requesting_npi=listed[place].requesting_npi,
        service_from=listed[-1].service_from,
        service_to=max(known.service_to for known in listed),
        procedure_codes=(listed[place].lines[0].requested_code,),
    )
    in_lists = tuple(search for search in visit.profile.search if "reference_number" not in search.needs)
    profile = replace(visit.profile, search=in_lists)
    (outcome,) = visit.look([query], profile=profile, account=visit.inside())
    if outcome.reading is not None:
        assert query.reference_number in {number.value for number in outcome.reading.numbers}
    assert nothing_was_changed(visit)
    return outcome


@hazard(4, where=is_paged)
@pytest.mark.parametrize("place", [-1, 1])
def test_a_request_is_opened_on_the_page_of_the_list_that_shows_it(
    visit: Serve, slug: str, place: int
) -> None:
    outcome = in_a_long_list(visit(slug), place)
    assert outcome.kind is OutcomeKind.READ, (outcome.message, outcome.problems)


# ---- 5. "not found" for "could not look" ----


@hazard(5)
def test_nothing_found_is_said_by_a_page_made_for_it(visit: Serve, slug: str) -> None:
    assert kinds(look(visit(slug, no_result=True), "read", 2)) == ["not_found"] * 2


@hazard(5)
def test_an_account_without_the_role_could_not_look(visit: Serve, slug: str) -> None:
    here = visit(slug)
    (outcome,) = look(here, "read", 1, account=here.inside("riverbend.norole"))
    assert outcome.kind is OutcomeKind.COULD_NOT_LOOK
    assert "role" in outcome.message


# ---- 6. second factors and lockout ----

DOOR = {
    "locked": "locked",
    "expired_password": "password_expired",
    "refused": "credentials_refused",
}


@hazard(6, where=by_itself)
@pytest.mark.parametrize("what", DOOR)
def test_what_stops_a_sign_in_is_every_querys_outcome(visit: Serve, slug: str, what: str) -> None:
    here = visit(slug, **{what: True})
    assert kinds(look(here, many=3)) == [DOOR[what]] * 3


@hazard(6, where=by_itself)
def test_a_refused_password_is_sent_exactly_once(visit: Serve, slug: str) -> None:
    here = visit(slug)
    wrong = replace(here.account(), password="not the password")
    assert set(kinds(look(here, many=5, account=wrong))) == {"credentials_refused"}
    assert here.counts["accounts"]["riverbend.robot"]["passwords_refused"] == 1


@hazard(6, where=has_an_app)
def test_without_an_authenticator_a_code_is_a_persons_to_give(visit: Serve, slug: str) -> None:
    here = visit(slug)
    outcomes = look(here, many=2, account=replace(here.account(), totp_secret=None))
    assert kinds(outcomes) == ["code_needed"] * 2
    assert here.counts["accounts"]["riverbend.robot"]["codes_refused"] == 0


@hazard(6, where=has_an_app)
def test_a_code_that_another_pass_has_used_is_followed_by_the_next_windows(visit: Serve, slug: str) -> None:
    here = visit(slug)
    account = here.served.states[slug].accounts["riverbend.robot"]
    account.used_codes.add(account.code(here.clock.now()))
    assert kinds(look(here, "read", 1)) == ["read"]


@hazard(6, where=by_itself)
def test_a_saved_state_spares_the_next_pass_the_sign_in(visit: Serve, slug: str) -> None:
    here = visit(slug)
    look(here, "read", 1)
    (state,) = here.states
    assert kinds(look(here, "read", 1, account=here.account(state=state))) == ["read"]
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@hazard(6, where=by_a_person)
def test_alone_at_the_door_it_stops_for_a_person_and_asks_for_no_code(visit: Serve, slug: str) -> None:
    here = visit(slug)
    outcomes = look(here, many=3, account=here.account())
    assert len(set(kinds(outcomes))) == 1
    assert set(kinds(outcomes)) <= A_PERSONS
    assert all(outcome.person for outcome in outcomes)
    assert here.served.states[slug].accounts["riverbend.robot"].sent == []
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 0


@hazard(6, where=by_a_person)
@pytest.mark.parametrize("what", DOOR)
def test_what_stands_at_a_persons_door_is_told_and_a_password_refused_at_most_once(
    visit: Serve, slug: str, what: str
) -> None:
    here = visit(slug, **{what: True})
    outcomes = look(here, many=2, account=here.account())
    assert set(kinds(outcomes)) <= {DOOR[what]} | A_PERSONS
    if here.counts["accounts"]["riverbend.robot"]["passwords_refused"]:
        assert set(kinds(outcomes)) == {DOOR[what]}


# ---- 7. terms, shared accounts, bot detection ----


@hazard(7)
def test_a_challenge_stops_the_portal_and_is_not_answered(visit: Serve, slug: str) -> None:
    here = visit(slug, challenge=True)
    outcomes = look(here, many=2, account=here.account())
    assert set(kinds(outcomes)) <= {"challenge_shown"} | (set() if load(slug).unattended else A_PERSONS)
    assert all(outcome.person for outcome in outcomes)
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 0


@hazard(7)
def test_a_firewalls_refusal_in_the_middle_stops_the_portal_at_once(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=2)
    asked: list[int] = []

    def refuse(event: Event) -> None:
        if event.what == "looking":
            here.served.states[slug].hazards.switch({"firewall": True})
            asked.append(here.counts["requests"])

    outcomes = look(here, "read", 2, on_event=refuse)
    assert kinds(outcomes) == ["challenge_shown"] * 2
    assert len(asked) == 1, "it was asked again"
    assert all(outcome.person for outcome in outcomes)


@hazard(7, where=by_a_person)
def test_at_a_portal_that_wants_a_person_nothing_is_begun_alone_and_the_reason_is_said(
    visit: Serve, slug: str
) -> None:
    here = visit(slug)

    async def alone() -> list[Outcome]:
        queries = here.queries(many=2)
        looking = check_portal(here.profile, here.account(), queries, browser=here.robot.browser)
        return [outcome async for outcome in looking]

    outcomes = here.robot.do(alone())
    assert kinds(outcomes) == ["not_started"] * 2
    assert here.profile.attended_because
    assert here.profile.attended_because in outcomes[0].message


# ---- 8. the page drifts ----

#: What a release changes overnight -> what of the page's own wording is told to whoever mends the profile.
CHANGES = {"changed_label": "Current ", "changed_id": "-v2", "changed_layout": ""}


@hazard(8, where=by_itself)
@pytest.mark.parametrize("what", CHANGES)
def test_what_a_release_changed_overnight_stops_the_portal_with_its_picture_and_the_nearest_wording(
    visit: Serve, slug: str, what: str
) -> None:
    here = visit(slug)

    def change(event: Event) -> None:
        if event.what == "signed_in":
            here.served.states[slug].hazards.switch({what: True})

    known = here.queries("read")
    by_number = [query for query in known if query.reference_number][:1]
    by_member = [query for query in known if not query.reference_number][:2]
    outcomes = look(here, queries=[*by_number, *by_member], on_event=change)
    changed = [outcome for outcome in outcomes if outcome.kind is OutcomeKind.PAGE_CHANGED]
    assert kinds(outcomes) == ["page_changed", "page_changed", "not_started"]
    assert [bool(outcome.drift) for outcome in outcomes] == [False, True, False]
    for outcome in changed:
        assert [item.kind for item in outcome.evidence] == ["picture"]
        assert any("nearest to it" in problem for problem in outcome.problems), outcome.problems
    assert any(CHANGES[what] in problem for outcome in changed for problem in outcome.problems)
    said = " ".join(problem for outcome in outcomes for problem in outcome.problems).casefold()
    assert not [v for v in values_of(here) if re.search(rf"(?<!\w){re.escape(v.casefold())}(?!\w)", said)]


def values_of(visit: Visit) -> set[str]:
    """Everything that the portal's pages say of its members: names, numbers, dates, codes."""
    records = visit.served.states[visit.slug].records
    said: set[str] = set()
    for record in records.authorizations:
        patient = record.patient
        said |= {patient.member_id, patient.last_name, patient.first_name, *record.numbers.values()}
        said |= {day.strftime("%m/%d/%Y") for day in (patient.birth_date, record.service_from)}
        said |= {line.code for line in record.lines} | set(record.diagnoses)
    return said - {""}


@hazard(8, where=by_a_person)
def test_labels_that_changed_end_as_a_changed_page_with_its_picture(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=2)

    def change(event: Event) -> None:
        if event.what == "looking":
            here.served.states[slug].hazards.switch({"changed_label": True})

    by_number = [query for query in here.queries("read") if query.reference_number][:1]
    (outcome,) = look(here, queries=by_number, on_event=change)
    assert outcome.kind is OutcomeKind.PAGE_CHANGED
    assert [item.kind for item in outcome.evidence] == ["picture"]
    assert outcome.problems


@hazard(8, where=by_itself)
def test_labels_that_changed_at_the_door_are_a_changed_page_and_no_password_is_sent(
    visit: Serve, slug: str
) -> None:
    here = visit(slug, page_seconds=2)
    pages = {
        name: replace(page, sign=(*page.sign, Locator("label", "What the last release called it")))
        if page.kind is PageKind.SIGN_IN
        else page
        for name, page in here.profile.pages.items()
    }
    outcomes = look(here, "read", 2, profile=replace(here.profile, pages=pages))
    assert kinds(outcomes) == ["page_changed", "not_started"]
    assert outcomes[0].drift
    assert [item.kind for item in outcomes[0].evidence] == ["picture"]
    account = here.counts["accounts"]["riverbend.robot"]
    assert (account["sign_ins"], account["passwords_refused"]) == (0, 0)


# ---- 9. frames, new tabs, posts of a single sign-on ----


@hazard(9)
def test_the_whole_page_is_kept_though_it_lives_in_a_frame_or_a_tab(clean: Pass, slug: str) -> None:
    heights = []
    for outcome, _ in clean(slug).read():
        kept = {item.kind: item.content for item in outcome.evidence}
        assert {"picture", "text"} <= set(kept) <= {"picture", "text", "letter"}
        width, height = struct.unpack(">II", kept["picture"][16:24])
        assert width == 1280
        heights.append(height)
    assert min(heights) >= 900
    assert max(heights) > 900, "what is longer than the window is cut off"


# ---- 10. the session ends in the middle ----


@hazard(10, where=by_itself)
def test_a_session_that_ends_in_the_middle_is_signed_in_again_and_no_query_is_lost(
    visit: Serve, slug: str
) -> None:
    here = visit(slug, signed_out=6)
    assert kinds(look(here, "read", 3)) == ["read"] * 3
    account = here.counts["accounts"]["riverbend.robot"]
    assert (account["sign_ins"], account["codes_refused"]) == (2, 0)


@hazard(10, where=by_a_person)
def test_a_session_that_ends_in_the_middle_waits_for_the_person_and_loses_no_query(
    visit: Serve, slug: str
) -> None:
    here = visit(slug, signed_out=10)
    ended = kinds(look(here, "read"))
    first = ended.index(next(kind for kind in ended if kind != "read"))
    assert first > 0
    assert set(ended[first:]) <= A_PERSONS
    assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 1


@hazard(10)
def test_a_session_that_another_sign_in_ends_costs_no_query(visit: Serve, slug: str) -> None:
    here = visit(slug)
    state = here.served.states[slug]
    looked: list[str] = []

    def another_signs_in(event: Event) -> None:
        if event.what != "looking":
            return
        looked.append(event.query_id or "")
        if len(looked) == 2:
            _, session = state.give_password("riverbend.robot", state.accounts["riverbend.robot"].password)
            assert session is not None
            state.let_in(session)

    ended = kinds(look(here, "read", 2, on_event=another_signs_in))
    assert ended[0] == "read"
    if load(slug).unattended:
        assert ended[1] == "read"
        assert here.counts["accounts"]["riverbend.robot"]["sign_ins"] == 3
    else:
        assert ended[1] in A_PERSONS | {"signed_out"}


@hazard(10, where=has_a_timer)
def test_a_timer_that_asks_whether_anyone_is_there_does_not_end_the_pass(visit: Serve, slug: str) -> None:
    assert set(kinds(look(visit(slug, timer=1), "read", 2))) <= {"read", "signed_out"}


# ---- 11. slow and partial pages ----


@hazard(11)
def test_a_slow_portal_is_waited_for(visit: Serve, slug: str) -> None:
    assert kinds(look(visit(slug, page_seconds=10, slow=350), "read", 1)) == ["read"]


@hazard(11)
def test_a_portal_that_is_slower_than_its_profile_allows_is_timed_out(visit: Serve, slug: str) -> None:
    here = visit(slug, page_seconds=1, slow=1600)
    profile = replace(here.profile, pace=replace(here.profile.pace, attempts=1))
    ended = kinds(look(here, "read", 2, profile=profile))
    assert ended[0] == "timed_out"
    assert ended[1] in ("timed_out", "not_started")


@hazard(11)
@pytest.mark.parametrize("what", ["error_rate", "dropped"])
def test_a_portal_that_fails_now_and_then_costs_time_and_never_a_query(
    visit: Serve, slug: str, what: str
) -> None:
    here = visit(slug, page_seconds=2, **{what: 0.1})
    assert set(kinds(look(here, "read", 3))) <= {"read", "timed_out", "not_started"}


# ---- 12. the hour of the night ----


@hazard(12)
def test_maintenance_is_every_querys_outcome_and_never_not_found(visit: Serve, slug: str) -> None:
    here = visit(slug, maintenance=True)
    assert kinds(look(here, many=3, account=here.account())) == ["maintenance"] * 3


@pytest.mark.parametrize("slug", slugs())
def test_the_hours_lie_at_the_edges_of_the_working_day_and_end_before_midnight(slug: str) -> None:
    start, end = load(slug).pace.hours
    assert time(5) <= start < end <= time(22)
    assert start <= load(slug).pace.start < end


# ---- 13. dates and units ----


@hazard(13)
def test_dates_amounts_and_units_are_the_records_also_west_of_utc(clean: Pass, slug: str) -> None:
    whole = clean(slug)
    for outcome, wanted in whole.read():
        record, reading = whole.record(outcome.query_id), outcome.reading
        assert record is not None
        assert reading is not None
        told: tuple[date | None, ...] = (reading.effective, reading.expiry, reading.birth_date)
        true = (record.effective, record.expiry, record.patient.birth_date)
        assert all(a in (None, b) for a, b in zip(told, true, strict=True)), (wanted.row, told, true)
        assert [(ln.requested_quantity, ln.approved_quantity) for ln in reading.lines] == [
            (Decimal(ln.requested), None if ln.approved is None else Decimal(ln.approved))
            for ln in wanted.lines
        ], wanted.row
        units = [line.unit for line in reading.lines]
        assert all(unit in (None, line.unit) for unit, line in zip(units, record.lines, strict=True)), wanted


# ---- 14. a service is delegated to another portal ----


@hazard(14)
def test_what_lives_on_another_portal_is_not_said_to_be_missing(clean: Pass, slug: str) -> None:
    whole = clean(slug)
    elsewhere = whole.visit.served.states[slug].records.plans_not_served
    asked = [query for query in whole.queries if query.plan in elsewhere and not query.reference_number]
    assert asked, "the sandbox shows no plan that the portal does not serve"
    assert {whole.outcomes[query.id].kind for query in asked} == {OutcomeKind.COULD_NOT_LOOK}


# ---- 15. overlays ----


@hazard(15)
def test_terms_that_come_up_are_a_persons_to_accept(visit: Serve, slug: str) -> None:
    here = visit(slug, terms=True)
    assert kinds(look(here, many=2)) == ["terms_shown"] * 2


@hazard(15, where=by_itself)
def test_a_pass_over_every_overlay_accepts_nothing(clean: Pass, slug: str) -> None:
    visits = clean(slug).visit.served.states[slug].visits.values()
    assert not any(session.accepted_terms for session in visits)


# ---- 16. patient data and secrets in logs, messages and pictures ----


@hazard(16)
def test_no_message_event_or_path_names_a_patient_and_no_evidence_holds_a_secret(
    clean: Pass, slug: str
) -> None:
    whole = clean(slug)
    account = whole.visit.account()
    secrets = [account.password, account.totp_secret or account.password]
    patients = whole.visit.served.states[slug].records.patients
    private = [*secrets, *(value for p in patients for value in (p.member_id, p.last_name))]
    told = [f"{one.kind} {one.message} {one.problems} {one.identity}" for one in whole.outcomes.values()]
    told += [f"{event.portal} {event.what}" for event in whole.events]
    told += [entry["path"] for entry in whole.visit.counts["entries"]]
    told += [repr(account), *map(repr, whole.outcomes.values())]
    found = {
        value for value in private for text in told if value in text and f"query_id='{value}" not in text
    }
    assert not found, f"{len(found)} of them stand in what is told"
    for outcome in whole.outcomes.values():
        assert not any(secret.encode() in item.content for item in outcome.evidence for secret in secrets)


@hazard(16)
def test_a_reading_keeps_the_text_of_each_value_and_the_profiles_version(clean: Pass, slug: str) -> None:
    for outcome, _ in clean(slug).read():
        text = json.loads(next(item.content for item in outcome.evidence if item.kind == "text"))
        assert outcome.reading is not None
        assert text["profile_version"] == outcome.reading.profile_version
        assert text["fields"]["determination"]["text"] == outcome.reading.determination_text


@hazard(16, where=has_letters)
def test_a_letter_is_kept_where_the_page_links_to_one_and_is_a_pdf(clean: Pass, slug: str) -> None:
    letters = [i.content for o, _ in clean(slug).read() for i in o.evidence if i.kind == "letter"]
    assert letters
    assert all(letter.startswith(b"%PDF") for letter in letters)


# ---- 17. what is typed into a form is read wrong ----


@hazard(17)
def test_a_saved_form_is_read_into_a_service_with_its_codes(slug: str) -> None:
    profile = load(slug)
    goldens = [json.loads(f.read_text("utf-8")) for f in sorted((profile.folder / "pages").glob("*.json"))]
    services = [golden["service"] for golden in goldens if "service" in golden]
    assert any(service.get("procedure_code") for service in services), (
        "no saved form shows a procedure that was typed"
    )


# ---- 18. duplicates and drafts ----


@hazard(18)
def test_two_that_match_are_ambiguous_and_neither_is_opened(visit: Serve, slug: str) -> None:
    (outcome,) = look(visit(slug, duplicates=True), "read", 1)
    assert (outcome.kind, outcome.reading) == (OutcomeKind.AMBIGUOUS, None)


@hazard(18, where=parts_twins)
def test_two_that_match_on_two_pages_of_the_list_are_ambiguous(visit: Serve, slug: str) -> None:
    # Each is listed twice: the twins of the third one are the last of page one and the first of page two.
    outcome = in_a_long_list(visit(slug, duplicates=True), 2)
    assert outcome.kind is OutcomeKind.AMBIGUOUS, (outcome.message, outcome.problems)
    assert outcome.reading is None


# ---- several at once ----

#: What may be on together with anything; how large where it has a size.
TOGETHER: dict[str, object] = {
    "error_rate": 0.15,
    "slow": 120,
    "dropped": 0.15,
    "unknown_word": "Approved pending step 2",
    "no_result": True,
    "duplicates": True,
    "wrong_patient": True,
    "changed_label": True,
    "signed_out": 5,
    "letter_not_pdf": True,
    "refused": True,
    "challenge": True,
    "terms": True,
}


def some_together(slug: str, many: int) -> list[tuple[str, ...]]:
    """Pairs and triples of hazards, drawn by the portal's name: the same each time."""
    chance = Random(slug)
    every = [*combinations(TOGETHER, 2), *combinations(TOGETHER, 3)]
    return chance.sample(every, many)


@pytest.mark.parametrize(
    ("slug", "on"),
    [
        pytest.param(slug, on, marks=pytest.mark.xdist_group(f"hazards_{slug}"))
        for slug in SLUGS
        for on in some_together(slug, 6 if slug == "example_payer" else 2)
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else str(value),
)
def test_however_many_come_together_nothing_wrong_is_read_and_nothing_is_lost(
    visit: Serve, slug: str, on: tuple[str, ...]
) -> None:
    quiet = {"refused", "challenge", "terms"} & set(on) and not load(slug).unattended
    here = visit(slug, page_seconds=1.5, **({} if quiet else {name: TOGETHER[name] for name in on}))
    account = here.inside()
    here.served.states[slug].hazards.switch({name: TOGETHER[name] for name in on})
    expected = sandbox.expected(slug)
    for outcome in look(here, "read", 3, account=account):
        wanted = expected[outcome.query_id]
        assert outcome.kind is not OutcomeKind.NOT_FOUND or "no_result" in on
        if outcome.reading is None:
            continue
        assert "wrong_patient" not in on
        if "unknown_word" in on:
            assert outcome.reading.determination is Determination.UNRECOGNISED
        else:
            assert outcome.reading.determination is wanted.determination
        assert {(n.kind, n.value) for n in outcome.reading.numbers} <= set(wanted.numbers)


# ---- the table ----


def test_the_table_each_hazard_is_proved_on_each_portal_where_it_can_occur() -> None:
    for number, (title, cannot) in HAZARDS.items():
        print(f"\n{number:2}. {title}")
        for slug in SLUGS:
            reason = cannot(load(slug))
            tests = len(PROVED[number].get(slug, ()))
            assert bool(reason) != bool(tests), (number, slug)
            print(f"    {slug:18} {f'cannot occur: {reason}' if reason else f'{tests} tests'}")
    thin = [slug for slug in slugs() if slug not in SLUGS]
    for slug in thin:
        assert not load(slug).unattended
        assert not Path(load(slug).folder / "sandbox").exists()
        print(f"\n    {slug}: nothing public says what its pages look like; it is never begun unattended")
