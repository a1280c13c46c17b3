"""The sandboxes: accounts, searches, hazards, journal, and what a correct pass must give."""

from __future__ import annotations

import csv
import dataclasses
import http.client
import io
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

import server.demo
from automation import sandbox
from automation.sandbox import (
    Expected,
    SandboxError,
    expected,
    expected_of,
    hazard,
    queries,
    query_key,
    records,
    serve,
    slugs,
    spreadsheet,
)
from portal_profiles import catalogue
from portal_profiles.catalogue import load
from portal_profiles.profile import folded
from portal_profiles.stand_in import HAZARDS, HazardError, Hazards, RecordsError, load_records
from portal_profiles.vocabulary import Determination, NumberKind
from tests.automation.sandbox_visitor import Visitor, visitor

SLUGS = ("availity", "example_payer")
#: What its data say is asked of every sandbox that there is.
EVERY = tuple(slug for slug in catalogue.slugs() if slug in slugs())
BANNER = "Sandbox: a stand-in for"


@pytest.fixture(params=SLUGS)
def guest(request: pytest.FixtureRequest) -> Visitor:
    """A visitor who has not signed in."""
    return visitor(request.param)


@pytest.fixture
def member(guest: Visitor) -> Visitor:
    """A visitor who is signed in."""
    guest.sign_in()
    return guest


def test_both_portals_have_a_sandbox() -> None:
    assert set(SLUGS) <= set(slugs())


def test_a_portal_without_a_sandbox_is_named_with_those_there_are() -> None:
    with pytest.raises(SandboxError, match=r"'nobody'.*example_payer"):
        sandbox.folder("nobody")


def test_pages_that_were_never_built_are_named_with_the_command_that_builds_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held = sandbox.folder("availity")
    copy = tmp_path / "availity" / "sandbox"
    (copy / "app").mkdir(parents=True)
    for name in ("records.json", "routes.py"):
        (copy / name).write_text((held / name).read_text("utf-8"), "utf-8")
    monkeypatch.setattr(sandbox, "folder", lambda _slug: copy)
    with pytest.raises(SandboxError, match=r"availity's sandbox are not built.*npm .* run build"):
        serve(["availity"])


# ---- signing in ----


def test_nothing_of_a_member_is_shown_before_the_sign_in(guest: Visitor) -> None:
    record = guest.state.records.authorizations[0]
    answer = guest.client.get(guest.record_path(record.id))
    assert answer.status_code == 302
    assert record.patient.member_id not in answer.text


def test_password_and_code_lead_in(member: Visitor) -> None:
    assert member.home().status_code == 200
    assert member.account.sign_ins == 1


def test_three_refused_passwords_lock_the_account(guest: Visitor) -> None:
    for _ in range(3):
        guest.give_password("wrong")
    assert guest.account.locked
    guest.give_password()
    guest.give_code()
    assert guest.account.sign_ins == 0
    assert guest.account.passwords_refused == 3


def test_an_unknown_user_is_refused_in_the_words_of_a_wrong_password(guest: Visitor) -> None:
    assert guest.give_password("wrong").data == guest.give_password("wrong", "nobody").data


def test_a_wrong_code_leads_nowhere(guest: Visitor) -> None:
    guest.give_password()
    right = guest.account.code(guest.clock.now)
    guest.give_code("000000" if right != "000000" else "000001")
    assert guest.home().status_code == 302
    assert guest.account.codes_refused == 1


def test_a_code_works_once(member: Visitor) -> None:
    again = member.other()
    again.sign_in()
    assert member.account.sign_ins == 1
    assert again.home().status_code == 302


def test_the_next_code_works_after_a_used_one(member: Visitor) -> None:
    member.clock.now += timedelta(seconds=30)
    member.other().sign_in()
    assert member.account.sign_ins == 2


def test_a_code_of_long_ago_is_refused(guest: Visitor) -> None:
    guest.give_password()
    old = guest.account.code(guest.clock.now - timedelta(minutes=5))
    guest.give_code(old)
    assert guest.account.codes_refused == 1


def test_a_second_sign_in_ends_the_first(member: Visitor) -> None:
    member.clock.now += timedelta(seconds=30)
    second = member.other()
    second.sign_in()
    record = member.state.records.authorizations[0]
    assert record.patient.member_id not in member.client.get(member.record_path(record.id)).text
    assert record.patient.member_id in second.client.get(second.record_path(record.id)).text


def test_an_account_without_the_role_may_not_look_up(guest: Visitor) -> None:
    guest.account = next(a for a in guest.state.accounts.values() if a.username.endswith("norole"))
    guest.sign_in()
    path = "/static/web/post/um/inquiry-ui/" if guest.slug == "availity" else "/status"
    text = guest.client.get(path).text
    assert "role" in text
    assert "<input" not in text


# ---- looking ----


def test_a_number_that_names_one_record_opens_it(member: Visitor) -> None:
    record = next(r for r in member.state.records.authorizations if r.numbers[NumberKind.AUTHORIZATION])
    answer = member.find_number(record.numbers[NumberKind.AUTHORIZATION])
    assert answer.request.path == member.record_path(record.id)
    assert record.patient.member_id in answer.text


def test_a_number_without_its_leading_zeros_is_not_found(member: Visitor) -> None:
    numbers = [r.numbers[NumberKind.AUTHORIZATION] for r in member.state.records.authorizations]
    number = next(n for n in numbers if n.startswith("00"))
    assert number not in member.find_number(number.lstrip("0")).text


def test_a_member_is_found_only_with_the_right_birth_date(member: Visitor) -> None:
    row = next(r for r in member.state.records.clinic if r.key.startswith("approved"))
    patient, days = row.patient, (row.service_from, row.service_to)
    assert patient.last_name in member.find_member(patient.member_id, patient.birth_date, *days).text
    wrong = patient.birth_date + timedelta(days=1)
    assert patient.last_name not in member.find_member(patient.member_id, wrong, *days).text


def test_only_requests_that_touch_the_dates_are_listed(member: Visitor) -> None:
    row = next(r for r in member.state.records.clinic if r.key.startswith("approved"))
    patient = row.patient
    long_ago = date(2001, 1, 1), date(2001, 12, 31)
    answer = member.find_member(patient.member_id, patient.birth_date, *long_ago)
    assert patient.last_name not in answer.text


def test_a_plan_that_is_not_served_is_said_to_be_so(member: Visitor) -> None:
    row = next(r for r in member.state.records.clinic if r.key == "plan_not_served")
    patient = row.patient
    answer = member.find_member(patient.member_id, patient.birth_date, row.service_from, row.service_to)
    assert "not served" in answer.text or "not available here" in answer.text
    assert row.code not in answer.text


def test_a_long_list_comes_in_pages() -> None:
    member = visitor("availity")
    member.sign_in()
    patient = next(p for p in member.state.records.patients if p.last_name == "Moreau")
    dates = date(2026, 1, 1), date(2026, 12, 31)
    first = member.find_member(patient.member_id, patient.birth_date, *dates).text
    second = member.client.get("/static/web/post/um/inquiry-ui/results?page=2").text
    listed = re.findall(r"record/(\w+)", first) + re.findall(r"record/(\w+)", second)
    held = [r.id for r in member.state.records.authorizations if r.patient == patient]
    assert sorted(listed) == sorted(held)
    assert first.count(patient.member_id) == 5


def test_the_letter_is_a_pdf_that_carries_the_number(member: Visitor) -> None:
    known = member.state.records.authorizations
    record = next(r for r in known if r.letter and r.numbers[NumberKind.AUTHORIZATION])
    answer = member.client.get(member.letter_path(record.id))
    assert answer.mimetype == "application/pdf"
    text = pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()
    assert record.numbers[NumberKind.AUTHORIZATION] in text


def test_requested_and_approved_stand_apart(member: Visitor) -> None:
    known = member.state.records.authorizations
    record = next(r for r in known if r.lines[0].approved not in (None, 0, r.lines[0].requested))
    line = record.lines[0]
    said = member.said(member.client.get(member.record_path(record.id)).text)
    numbers = [one.split()[0] for one in said if re.match(r"\d+( \w+)?$", one)]
    shown = [str(line.number), line.requested_code, line.code, str(line.requested), str(line.approved)]
    assert any(numbers[at : at + 5] == shown for at in range(len(numbers)))


# ---- every page ----


def every_page(guest: Visitor) -> list[tuple[str, str]]:
    """(path, HTML) of every page that has no parameter, of every record, and of the sign-in."""
    pages = [("sign-in", guest.sign_in_page().text)]
    guest.sign_in()
    app = guest.client.application
    paths = [r.rule for r in app.url_map.iter_rules() if "GET" in (r.methods or ()) and not r.arguments]
    signs_off = [p for p in paths if "out" in p.rsplit("/", 1)[-1]]
    for path in [*(p for p in paths if p not in signs_off and "__sandbox__" not in p), *signs_off]:
        answer = guest.client.get(path)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            pages.append((path, answer.text))
        if path == paths[0]:
            for record in guest.state.records.authorizations:
                where = guest.record_path(record.id)
                pages.append((where, guest.client.get(where).text))
    return pages


def test_every_page_says_that_it_is_a_sandbox(guest: Visitor) -> None:
    pages = every_page(guest)
    assert len(pages) > len(guest.state.records.authorizations) + 5
    assert [path for path, text in pages if BANNER not in text] == []


def test_no_page_title_and_no_address_names_a_patient(guest: Visitor) -> None:
    named = {x for p in guest.state.records.patients for x in (p.member_id, p.last_name, p.first_name)}
    for path, text in every_page(guest):
        title = re.search(r"<title>(.*?)</title>", text)
        assert title is not None
        for name in named:
            assert name not in title.group(1)
            assert name not in path


def test_no_page_loads_anything_from_elsewhere(guest: Visitor) -> None:
    for path, text in every_page(guest):
        assert re.findall(r"(?:src|href|action)=[\"'](?:https?:)?//[^\"']*", text) == [], path


# ---- hazards ----


def test_maintenance_stands_before_every_page(member: Visitor) -> None:
    member.state.hazards.switch({"maintenance": True})
    answer = member.home()
    assert answer.status_code == 503
    assert "maintenance" in answer.text


def test_the_same_seed_fails_the_same_pages() -> None:
    def fates(seed: int) -> list[int]:
        guest = visitor("example_payer", {"error_rate": 0.5}, seed=seed)
        return [guest.sign_in_page().status_code for _ in range(24)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    assert set(fates(1)) == {200, 500}


def test_slow_makes_a_page_wait(monkeypatch: pytest.MonkeyPatch, guest: Visitor) -> None:
    waited: list[float] = []
    monkeypatch.setattr("automation.sandbox.time.sleep", waited.append)
    guest.state.hazards.switch({"slow": 300})
    guest.sign_in_page()
    assert waited == [0.3]


def test_an_unknown_word_replaces_every_status(member: Visitor) -> None:
    member.state.hazards.switch({"unknown_word": "With the Actuary"})
    text = member.client.get(member.record_path(member.state.records.authorizations[0].id)).text
    assert "With the Actuary" in text
    assert set(member.said(text)).isdisjoint(member.state.records.words.values())


@pytest.mark.parametrize(("name", "records_listed"), [("no_result", 0), ("duplicates", 2)])
def test_a_number_is_listed_as_often_as_the_hazard_says(
    member: Visitor, name: str, records_listed: int
) -> None:
    record = next(r for r in member.state.records.authorizations if r.numbers[NumberKind.AUTHORIZATION])
    member.state.hazards.switch({name: True})
    text = member.find_number(record.numbers[NumberKind.AUTHORIZATION]).text
    assert text.count(record.patient.member_id) == records_listed


def test_another_patient_stands_on_the_page_that_was_asked_for(member: Visitor) -> None:
    member.state.hazards.switch({"wrong_patient": True})
    for record in member.state.records.authorizations:
        text = member.client.get(member.record_path(record.id)).text
        assert record.patient.member_id not in text
        assert "XYZ" in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("locked", "locked"),
        ("expired_password", "expired"),
        ("refused", "refused|not correct"),
        ("challenge", "challenge|you are a person"),
    ],
)
def test_a_right_password_ends_where_the_hazard_says(guest: Visitor, name: str, says: str) -> None:
    guest.state.hazards.switch({name: True})
    assert re.search(says, guest.give_password().text)
    guest.give_code()
    assert guest.account.sign_ins == 0


def test_a_locked_account_counts_no_refused_password(guest: Visitor) -> None:
    guest.state.hazards.switch({"locked": True})
    guest.give_password("wrong")
    assert guest.account.passwords_refused == 0


def test_a_changed_label_no_longer_says_status(member: Visitor) -> None:
    path = member.record_path(member.state.records.authorizations[0].id)
    assert "Status" in member.said(member.client.get(path).text)
    member.state.hazards.switch({"changed_label": True})
    said = member.said(member.client.get(path).text)
    assert "Status" not in said
    assert "Member ID" in said


def test_terms_stand_before_the_first_page_until_a_person_accepts_them(member: Visitor) -> None:
    member.state.hazards.switch({"terms": True})
    record = member.state.records.authorizations[0]
    kept_back = member.client.get(member.record_path(record.id), follow_redirects=True).text
    assert "erms" in kept_back
    assert record.patient.member_id not in kept_back
    prefix = "/static/web/onb/onboarding-ui-apps/navigation" if member.slug == "availity" else ""
    member.client.post(f"{prefix}/terms")
    assert record.patient.member_id in member.client.get(member.record_path(record.id)).text


def test_a_session_ends_once_after_the_pages_named(member: Visitor) -> None:
    path = member.record_path(member.state.records.authorizations[0].id)
    already = next(iter(member.state.visits.values())).pages
    member.state.hazards.switch({"signed_out": already + 2})
    shown = ["Status" in member.said(member.client.get(path).text) for _ in range(4)]
    assert shown == [True, True, False, False]
    member.clock.now += timedelta(seconds=30)
    member.sign_in()
    assert all("Status" in member.said(member.client.get(path).text) for _ in range(6))


def test_a_letter_that_is_not_ready_is_a_page_and_no_pdf(member: Visitor) -> None:
    member.state.hazards.switch({"letter_not_pdf": True})
    record = next(r for r in member.state.records.authorizations if r.letter)
    answer = member.client.get(member.letter_path(record.id))
    assert answer.mimetype == "text/html"
    assert not answer.data.startswith(b"%PDF")


def test_the_session_timer_asks_after_the_seconds_named() -> None:
    member = visitor("availity", {"timer": 7})
    member.sign_in()
    assert "idle > 7.0" in member.home().text


def test_a_dropped_connection_gives_no_answer() -> None:
    with serve(["example_payer"], hazards={"dropped": 1}) as served:
        line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        line.request("GET", "/sign-in")
        with pytest.raises(http.client.RemoteDisconnected):
            line.getresponse()
        line.close()


def test_an_unknown_hazard_is_refused_with_those_there_are() -> None:
    with pytest.raises(HazardError, match=r"'flood'.*maintenance"):
        Hazards({"flood": True})


@pytest.mark.parametrize("value", ["much", "-1"])
def test_a_hazard_that_takes_a_number_refuses_anything_else(value: str) -> None:
    with pytest.raises(HazardError, match="slow takes a number"):
        Hazards({"slow": value})


def test_a_mistake_in_one_hazard_changes_none() -> None:
    hazards = Hazards({"terms": True})
    with pytest.raises(HazardError):
        hazards.switch({"maintenance": True, "flood": True})
    assert hazards.to_json() == {"terms": 1.0}


@given(st.dictionaries(st.sampled_from(sorted(HAZARDS)), st.booleans()))
def test_switching_everything_off_leaves_nothing_on(wanted: dict[str, bool]) -> None:
    hazards = Hazards(wanted)
    assert set(hazards.to_json()) == {name for name, on in wanted.items() if on}
    hazards.switch(dict.fromkeys(HAZARDS))
    assert hazards.to_json() == {}


def test_a_hazard_on_the_command_line_has_a_value_or_none() -> None:
    assert hazard("slow=300") == ("slow", "300")
    assert hazard("terms") == ("terms", True)


# ---- journal and control ----


def test_hazards_are_switched_while_pages_are_served(guest: Visitor) -> None:
    answer = guest.client.post("/__sandbox__/hazards", json={"maintenance": True, "slow": 0})
    assert answer.get_json() == {"on": {"maintenance": 1.0, "slow": 0.0}}
    assert guest.sign_in_page().status_code == 503
    guest.client.post("/__sandbox__/hazards", json={"maintenance": None})
    assert guest.sign_in_page().status_code == 200


def test_an_unknown_hazard_is_answered_with_the_one_error_shape(guest: Visitor) -> None:
    answer = guest.client.post("/__sandbox__/hazards", json={"flood": True})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "unknown_hazard"


def test_control_is_for_this_machine_only(guest: Visitor) -> None:
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert guest.client.get("/__sandbox__/journal", environ_base=elsewhere).status_code == 403
    assert guest.client.get("/__sandbox__/journal").status_code == 200


def test_a_look_is_no_act(member: Visitor) -> None:
    row = next(r for r in member.state.records.clinic if r.record)
    patient = row.patient
    member.find_member(patient.member_id, patient.birth_date, row.service_from, row.service_to)
    member.find_number("0")
    counts = member.client.get("/__sandbox__/journal").get_json()
    assert counts["acts"] == []
    assert counts["accounts"][member.account.username]["sign_ins"] == 1
    assert counts["requests"] == len(counts["entries"])


def test_what_would_change_something_is_an_act(member: Visitor) -> None:
    record = member.state.records.authorizations[0]
    verb = "cancel" if member.slug == "availity" else "withdraw"
    path = f"{member.record_path(record.id)}/{verb}"
    member.client.post(path)
    acts = member.client.get("/__sandbox__/journal").get_json()["acts"]
    assert [(a["method"], a["path"]) for a in acts] == [("POST", path)]


def test_the_journal_holds_no_patient_data(member: Visitor) -> None:
    row = next(r for r in member.state.records.clinic if r.record)
    patient = row.patient
    member.find_member(patient.member_id, patient.birth_date, row.service_from, row.service_to)
    written = json.dumps(member.state.counts())
    assert patient.member_id not in written
    assert patient.last_name not in written


def test_a_submitted_request_is_counted_and_given_a_number_that_is_no_authorization_number() -> None:
    member = visitor("example_payer")
    member.sign_in()
    sent = {"member_id": "XYZ100200301", "procedure_code_1": "97110", "last_name": "Lindqvist"}
    page = member.client.post("/requests/new", data=sent, follow_redirects=True).text
    number = member.state.requests[0]["number"]
    assert f"<dt>Tracking ID</dt><dd>T{number}</dd>" in page
    assert "Authorization number" not in page
    assert member.state.counts()["submitted"] == 1


# ---- what a correct pass must give ----


@pytest.mark.parametrize("slug", EVERY)
def test_every_row_of_the_clinic_has_an_expected_outcome(slug: str) -> None:
    assert [q["id"] for q in queries(slug)] == list(expected(slug))


@pytest.mark.parametrize("slug", EVERY)
def test_the_sandbox_shows_every_kind_of_outcome(slug: str) -> None:
    answers, known = expected(slug).values(), records(slug)
    said = set(known.words).union(*(patient.payer.words for patient in known.patients))
    assert {"read", "not_found", "ambiguous", "wrong_patient", "could_not_look"} == {
        a.outcome for a in answers
    }
    # What a portal has no word for, it cannot show.
    assert {a.determination for a in answers} >= (said | {Determination.UNRECOGNISED}) & {
        Determination.APPROVED,
        Determination.PARTIALLY_APPROVED,
        Determination.MODIFIED,
        Determination.PENDED,
        Determination.DENIED,
        Determination.MORE_INFORMATION_NEEDED,
        Determination.CANCELLED,
        Determination.UNRECOGNISED,
    }


@pytest.mark.parametrize("slug", EVERY)
def test_a_row_that_stands_for_a_record_expects_that_record(slug: str) -> None:
    known, answers = records(slug), expected(slug)
    for row in known.clinic:
        answer = answers[query_key(row.patient.member_id, row.code)]
        assert (row.record is not None) == (answer.outcome == "read"), row.key
        if row.record is not None:
            record = known.by_id(row.record)
            assert record is not None
            assert dict(answer.numbers) == {k: v for k, v in record.numbers.items() if v}


@pytest.mark.parametrize("slug", EVERY)
@given(decision=st.sampled_from(Determination))
def test_what_is_expected_follows_from_the_record(slug: str, decision: Determination) -> None:
    known = records(slug)
    changed = tuple(dataclasses.replace(r, decision=decision, shown_as="") for r in known.authorizations)
    if decision not in known.words:
        known = dataclasses.replace(known, words={**known.words, decision: "In the Mail Room"})
    answers = expected_of(dataclasses.replace(known, authorizations=changed))
    told = {a.determination for a in answers.values() if a.outcome == "read"}
    assert told == {decision}


def test_a_record_that_is_taken_away_is_expected_not_to_be_found() -> None:
    known = records("example_payer")
    row = next(r for r in known.clinic if r.record and not r.number)
    left = tuple(r for r in known.authorizations if r.id != row.record)
    answers = expected_of(dataclasses.replace(known, authorizations=left))
    key = query_key(row.patient.member_id, row.code)
    assert answers[key] == Expected(row.key, "not_found")


@pytest.mark.parametrize("slug", EVERY)
def test_the_words_of_the_sandbox_are_the_words_of_the_profile(slug: str) -> None:
    known, profile = records(slug), load(slug)
    for decision, word in known.words.items():
        assert profile.words["determination"][folded(word)] == decision
    said = [profile.words_on(page)["determination"] for page in profile.pages.values()]
    for payer in {p.payer.name: p.payer for p in known.patients}.values():
        for decision, word in payer.words.items():
            assert {words[folded(word)] for words in said if folded(word) in words} == {decision}
    strange = {r.shown_as for r in known.authorizations if r.shown_as}
    assert strange
    assert not any(folded(word) in profile.words["determination"] for word in strange)


def test_the_demo_clinics_spreadsheet_is_what_the_records_say() -> None:
    file = Path(server.demo.__file__).parent / "authorizations_sandbox.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        assert list(csv.DictReader(rows)) == spreadsheet(["example_payer", "availity"])


def test_the_spreadsheet_is_printed_as_a_table_with_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox.main(["--spreadsheet", "example_payer"]) == 0
    printed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert printed == spreadsheet(["example_payer"])


# ---- records ----


@pytest.mark.parametrize("slug", EVERY)
def test_dates_move_by_whole_weeks_and_birth_dates_stay(slug: str) -> None:
    then, now = records(slug), records(slug, today=date(2027, 11, 24))
    moved = {b.service_from - a.service_from for a, b in zip(then.clinic, now.clinic, strict=True)}
    assert moved == {timedelta(weeks=52)}
    assert [p.birth_date for p in then.patients] == [p.birth_date for p in now.patients]


@pytest.mark.parametrize("slug", EVERY)
def test_the_windows_of_the_records_are_in_order(slug: str) -> None:
    for record in records(slug).authorizations:
        assert record.service_from <= record.service_to, record.id
        assert record.requested <= (record.decided or record.requested), record.id
        for line in record.lines:
            assert (line.effective is None) == (line.expiry is None), record.id
            if line.effective and line.expiry:
                assert line.effective <= line.expiry, record.id
            assert line.approved is None or line.approved <= line.requested, record.id


def test_a_mistake_in_the_records_names_file_and_entry(tmp_path: Path) -> None:
    data = json.loads((sandbox.folder("example_payer") / "records.json").read_text("utf-8"))
    data["authorizations"][3]["decision"] = "granted"
    (tmp_path / "records.json").write_text(json.dumps(data), "utf-8")
    entry = data["authorizations"][3]["id"]
    with pytest.raises(RecordsError, match=rf"records\.json: entry {entry}: .*granted"):
        load_records(tmp_path)


# ---- serving ----


def test_the_host_name_chooses_the_sandbox() -> None:
    with serve(SLUGS) as served:
        seen = {}
        for host in ("availity.localhost", "example-payer.localhost", "127.0.0.1"):
            line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
            line.request("GET", "/__sandbox__/hazards", headers={"Host": f"{host}:{served.port}"})
            seen[host] = line.getresponse().read().decode()
            line.close()
        assert json.loads(seen["availity.localhost"])["on"] == {}
        assert served.url("example_payer") == f"http://example-payer.localhost:{served.port}"
        assert "example-payer.localhost" in seen["127.0.0.1"]
        with pytest.raises(SandboxError, match="not served here"):
            served.url("nobody")


def test_a_taken_port_is_said_to_be_taken() -> None:
    with serve(["example_payer"]) as served, pytest.raises(SandboxError, match=str(served.port)):
        serve(["example_payer"], served.port)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["nobody"], "No sandbox for 'nobody'"), (["--hazard", "flood"], "There is no hazard 'flood'")],
)
def test_what_cannot_be_served_ends_with_code_3(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert sandbox.main(arguments) == 3
    assert says in capsys.readouterr().err
