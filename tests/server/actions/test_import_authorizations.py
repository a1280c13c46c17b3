import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal_profiles.identity import Identity
from portal_profiles.reading import Reading, ReadNumber
from portal_profiles.vocabulary import Determination, NumberKind
from server.actions.import_authorizations import ImportReport, import_authorizations, reserve_ids
from server.actions.record_reading import record_reading
from server.actions.save_authorization import update_authorization
from server.db import queries
from server.db.session import Database
from server.db.tables import AuditEntry, Authorization
from server.interchange.spreadsheet import open_table
from server.security import audit
from tests.server.records import ACTOR, NOW, ada, keep

HEADER = [
    "Payer ID", "Member ID", "Last Name", "First Name", "DOB", "Auth #", "Case #", "Status", "CPT", "Units",
    "Start Date", "End Date", "Date Requested", "Portal", "NPI", "Notes",
]  # fmt: skip
ADA = {
    "Payer ID": "EXH01", "Member ID": "XYZ100200301", "Last Name": "Lindqvist", "First Name": "Ada",
    "DOB": "3/12/1961",
    "Auth #": "A-0001", "Status": "Approved", "CPT": "97110", "Units": "12", "Start Date": "10/5/2026",
    "End Date": "12/31/2026", "Portal": "example_payer",
}  # fmt: skip
BRUNO = {
    **ADA, "Member ID": "XYZ100200302", "Last Name": "Okafor", "First Name": "Bruno", "DOB": "11/5/1978",
    "Auth #": "A-0002",
}  # fmt: skip


def write(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def bring_in(database: Database, tmp_path: Path, *rows: dict[str, str], **options: Any) -> ImportReport:
    table = open_table(write(tmp_path / "list.csv", *rows))
    with database.write(ACTOR) as session:
        return import_authorizations(session, table, ACTOR, NOW, file_digest="f" * 64, **options)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return (report.created, report.updated, report.unchanged, report.bad_rows)


def test_a_list_does_not_undo_the_kind_that_a_portal_has_shown_for_a_number(
    database: Database, tmp_path: Path
) -> None:
    bring_in(database, tmp_path, ADA)
    shown = Reading(
        "example_payer", "1", page="detail", member_id="XYZ100200301", determination=Determination.APPROVED,
        numbers=(ReadNumber(NumberKind.TRACKING, "Tracking ID", "A-0001"),),
    )  # fmt: skip
    sure = Identity(("member_id", "reference_number"), (), "accepted")
    with database.write(ACTOR) as session:
        record_reading(session, shown, sure, 1, read_by="robot", now=NOW)
    report = bring_in(database, tmp_path, {**ADA, "Notes": "Called the payer"})
    assert counts(report) == (0, 1, 0, 0)
    assert [warning.field for warning in report.warnings] == ["reference_numbers"]
    (row,) = records(database)
    assert [(n.kind, n.value) for n in row.reference_numbers] == [("tracking", "A-0001")]


def records(database: Database) -> list[Authorization]:
    with database.read() as session:
        return queries.list_authorizations(session, queries.AuthorizationFilter()).items[::-1]


def refused(report: ImportReport) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.field) for problem in report.problems]


def test_good_rows_come_in_with_history_keys_and_audit_entries(
    either_database: Database, tmp_path: Path
) -> None:
    report = bring_in(either_database, tmp_path, ADA, BRUNO)
    assert counts(report) == (2, 0, 0, 0)
    assert report.committed
    first, second = records(either_database)
    assert (first.member_key, first.birth_date, first.determination) == (
        "XYZ100200301",
        date(1961, 3, 12),
        "approved",
    )
    assert [(line.code, line.unit) for line in first.lines] == [("97110", "units")]
    assert (first.next_due, first.version) == (date(2026, 11, 2), 1)
    with either_database.read() as session:
        assert [change.source for change in queries.history(session, second.id)] == ["import"]
        entries = session.execute(
            select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.seq)
        ).all()
        assert [tuple(entry) for entry in entries] == [
            ("authorization.created", f"authorization:{first.id}"),
            ("authorization.created", f"authorization:{second.id}"),
            ("import.finished", "import"),
        ]
        assert audit.verify(session).findings == ()


def test_the_same_file_again_changes_nothing(either_database: Database, tmp_path: Path) -> None:
    without_number = {**BRUNO, "Auth #": ""}
    bring_in(either_database, tmp_path, ADA, without_number)
    before = [(row.id, row.version, row.updated_at) for row in records(either_database)]
    assert counts(bring_in(either_database, tmp_path, ADA, without_number)) == (0, 0, 2, 0)
    assert [(row.id, row.version, row.updated_at) for row in records(either_database)] == before


def test_rows_in_another_order_change_nothing_either(database: Database, tmp_path: Path) -> None:
    second_line = {**ADA, "CPT": "97112", "Units": "8"}
    bring_in(database, tmp_path, ADA, BRUNO, second_line)
    assert [[line.code for line in row.lines] for row in records(database)] == [["97110"], ["97110", "97112"]]
    assert counts(bring_in(database, tmp_path, BRUNO, ADA, second_line)) == (0, 0, 2, 0)


def test_a_changed_row_changes_its_authorization_only(either_database: Database, tmp_path: Path) -> None:
    bring_in(either_database, tmp_path, ADA, BRUNO)
    changed = {**BRUNO, "Status": "Denied", "Units": "6"}
    assert counts(bring_in(either_database, tmp_path, ADA, changed)) == (0, 1, 1, 0)
    first, second = records(either_database)
    assert (first.version, second.version) == (1, 2)
    assert (second.determination, str(second.lines[0].quantity), second.next_due) == ("denied", "6", None)
    with either_database.read() as session:
        assert [change.determination for change in queries.history(session, second.id)] == [
            "approved",
            "denied",
        ]
        last = session.scalars(select(AuditEntry).where(AuditEntry.action == "authorization.changed")).one()
        assert last.detail["fields"] == ["determination", "determination_text", "lines"]


def test_one_bad_row_is_enough_for_nothing_to_come_in(either_database: Database, tmp_path: Path) -> None:
    report = bring_in(either_database, tmp_path, ADA, {**BRUNO, "DOB": "11/5/78"})
    assert refused(report) == [(3, "birth_date")]
    assert report.problems[0].remedy == "Write the year with four digits."
    assert not report.committed
    assert records(either_database) == []
    with either_database.read() as session:
        assert session.scalars(select(AuditEntry)).all() == []


def test_with_partial_the_good_rows_come_in(database: Database, tmp_path: Path) -> None:
    report = bring_in(database, tmp_path, ADA, {**BRUNO, "CPT": "971X1"}, partial=True)
    assert counts(report) == (1, 0, 0, 1)
    assert refused(report) == [(3, "lines[0].code")]
    assert [row.last_name for row in records(database)] == ["Lindqvist"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    either_database: Database, tmp_path: Path
) -> None:
    report = bring_in(either_database, tmp_path, ADA, BRUNO, dry_run=True)
    assert counts(report) == (2, 0, 0, 0)
    assert not report.committed
    assert records(either_database) == []


@pytest.mark.parametrize("npi", ["9876543210", "1234567890"])
def test_an_npi_that_fails_its_check_is_warned_about_and_kept(
    database: Database, tmp_path: Path, npi: str
) -> None:
    report = bring_in(database, tmp_path, {**ADA, "NPI": npi})
    assert [(warning.row, warning.field) for warning in report.warnings] == [(2, "rendering_npis")]
    assert records(database)[0].rendering_npis == [npi]


def test_an_npi_without_ten_digits_is_refused(database: Database, tmp_path: Path) -> None:
    assert refused(bring_in(database, tmp_path, {**ADA, "NPI": "123456789"})) == [(2, "rendering_npis")]


def test_an_unknown_portal_is_refused_with_the_known_ones(database: Database, tmp_path: Path) -> None:
    report = bring_in(database, tmp_path, {**ADA, "Portal": "nowhere"})
    assert refused(report) == [(2, "portal")]
    assert "example_payer" in report.problems[0].remedy


def test_a_number_that_belongs_to_another_patient_is_refused(database: Database, tmp_path: Path) -> None:
    bring_in(database, tmp_path, ADA)
    report = bring_in(database, tmp_path, {**BRUNO, "Auth #": "A-0001"})
    assert refused(report) == [(2, "patient")]
    assert records(database)[0].last_name == "Lindqvist"


def test_one_corrected_identifier_of_the_patient_is_a_change(database: Database, tmp_path: Path) -> None:
    bring_in(database, tmp_path, ADA)
    assert counts(bring_in(database, tmp_path, {**ADA, "Member ID": "XYZ100200310"})) == (0, 1, 0, 0)
    assert records(database)[0].member_key == "XYZ100200310"


def test_the_same_number_of_another_payer_is_another_authorization(
    database: Database, tmp_path: Path
) -> None:
    bring_in(database, tmp_path, ADA)
    assert counts(bring_in(database, tmp_path, {**ADA, "Payer ID": "BLM02"})) == (1, 0, 0, 0)


def test_an_authorization_typed_by_a_person_is_found_by_its_number(
    database: Database, tmp_path: Path
) -> None:
    own = keep(database)
    report = bring_in(database, tmp_path, {**ADA, "Notes": "from the list"})
    assert counts(report) == (0, 1, 0, 0)
    [row] = records(database)
    assert (row.id, row.notes, row.diagnoses) == (own, "from the list", ["M54.50"])


def test_a_pended_row_that_gets_its_number_is_the_same_authorization(
    database: Database, tmp_path: Path
) -> None:
    pended = {
        **ADA,
        "Auth #": "",
        "Status": "Pending",
        "Start Date": "",
        "End Date": "",
        "Date Requested": "10/1/2026",
    }
    bring_in(database, tmp_path, pended)
    report = bring_in(database, tmp_path, {**ADA, "Date Requested": "10/1/2026"})
    assert counts(report) == (0, 1, 0, 0)
    [row] = records(database)
    assert (row.determination, [number.value for number in row.reference_numbers]) == ("approved", ["A-0001"])


def test_rows_without_a_number_are_told_apart_by_their_dates(database: Database, tmp_path: Path) -> None:
    first = {**ADA, "Auth #": "", "Date Requested": "10/1/2026"}
    second = {**ADA, "Auth #": "", "Date Requested": "10/2/2026"}
    assert counts(bring_in(database, tmp_path, first, second)) == (2, 0, 0, 0)
    assert counts(bring_in(database, tmp_path, second, first)) == (0, 0, 2, 0)


def test_a_new_number_beside_a_known_one_is_added_and_none_is_taken_away(
    database: Database, tmp_path: Path
) -> None:
    bring_in(database, tmp_path, {**ADA, "Case #": "C-1"})
    bring_in(database, tmp_path, {**ADA, "Case #": "C-2"})
    [row] = records(database)
    assert sorted(number.value for number in row.reference_numbers) == ["A-0001", "C-1", "C-2"]


def test_empty_cells_keep_what_is_there(database: Database, tmp_path: Path) -> None:
    bring_in(database, tmp_path, {**ADA, "Notes": "call back"})
    bring_in(database, tmp_path, {**ADA, "Units": "10", "End Date": ""})
    [row] = records(database)
    assert (row.notes, row.expiry, str(row.lines[0].quantity)) == ("call back", date(2026, 12, 31), "10")


def test_what_was_read_at_the_portal_is_kept_and_told(database: Database, tmp_path: Path) -> None:
    bring_in(database, tmp_path, {**ADA, "Status": "Pending"})
    with database.write("robot") as session:
        row = session.scalars(select(Authorization)).one()
        row.determination, row.determination_read_at = Determination.APPROVED.value, NOW
        audit.record(session, "robot", "reading.accepted", f"authorization:{row.id}")
    report = bring_in(database, tmp_path, {**ADA, "Status": "Submitted", "Notes": "new"})
    [row] = records(database)
    assert (row.determination, row.notes) == ("approved", "new")
    assert [(warning.row, warning.field) for warning in report.warnings] == [(2, "determination")]


def test_an_unchanged_row_never_turns_back_what_a_person_changed(database: Database, tmp_path: Path) -> None:
    bring_in(database, tmp_path, ADA)
    own = records(database)[0].id
    with database.write(ACTOR) as session:
        changed = ada(portal="example_payer", notes="changed by hand", diagnoses=[], determination="denied")
        update_authorization(session, own, 1, changed, ACTOR, NOW)
    assert counts(bring_in(database, tmp_path, ADA)) == (0, 0, 1, 0)
    assert records(database)[0].determination == "denied"


def test_a_file_without_a_status_column_says_so(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Payer,Member ID,Auth #,CPT\nExample Health,XYZ100200301,A-1,97110\n", encoding="utf-8")
    with database.write(ACTOR) as session:
        report = import_authorizations(session, open_table(path), ACTOR, NOW)
    assert [warning.field for warning in report.warnings] == ["determination"]
    assert records(database)[0].determination == "unrecognised"


def test_rows_of_one_number_far_apart_are_one_authorization(database: Database, tmp_path: Path) -> None:
    others = [{**BRUNO, "Auth #": f"B-{number}"} for number in range(1500)]
    report = bring_in(database, tmp_path, ADA, *others, {**ADA, "CPT": "97112", "Units": "8"})
    assert counts(report) == (1501, 0, 0, 0)
    with database.read() as session:
        [row] = queries.list_authorizations(session, queries.AuthorizationFilter(text="A-0001")).items
        assert [line.code for line in row.lines] == ["97110", "97112"]
        assert audit.verify(session).entries == 1502


def test_ids_that_are_reserved_are_not_given_again(either_database: Database) -> None:
    own = keep(either_database)
    with either_database.write(ACTOR) as session:
        ids = list(reserve_ids(session, 3))
        assert len(set(ids)) == 3
        assert min(ids) > own


def test_no_report_repeats_what_a_patients_row_says(database: Database, tmp_path: Path) -> None:
    bad = {**ADA, "DOB": "12.13.1961x", "Auth #": "1.5E+12", "Units": "a dozen", "Status": "Parked by Bob"}
    report = bring_in(database, tmp_path, bad)
    told = " ".join(p.message + p.remedy for p in (*report.problems, *report.warnings))
    assert report.bad_rows == 1
    assert not [value for value in bad.values() if len(value) > 5 and value in told]


rows = st.fixed_dictionaries(
    {
        "Payer ID": st.sampled_from(["EXH01", "BLM02", ""]),
        "Member ID": st.sampled_from(["XYZ100200301", "XYZ100200302", ""]),
        "Last Name": st.sampled_from(["Lindqvist", "Okafor", ""]),
        "DOB": st.sampled_from(["3/12/1961", "1978-11-05", "", "soon"]),
        "Auth #": st.sampled_from(["A-1", "A-2", "a1", ""]),
        "Status": st.sampled_from(["Approved", "Denied", "Parked", ""]),
        "CPT": st.sampled_from(["97110", "97110, 97112", "J1745", "", "12"]),
        "Units": st.sampled_from(["12", "12; 8", ""]),
        "Start Date": st.sampled_from(["10/5/2026", ""]),
        "End Date": st.sampled_from(["12/31/2026", "9/1/2026", ""]),
    }
)


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(rows, max_size=8))
def test_whatever_the_file_says_its_second_import_changes_nothing(
    database: Database, tmp_path: Path, given_rows: list[dict[str, str]]
) -> None:
    with database.write(ACTOR) as session:
        for row in session.scalars(select(Authorization)):
            session.delete(row)
        audit.record(session, ACTOR, "emptied", "record")
    first = bring_in(database, tmp_path, *given_rows, partial=True)
    assert first.rows == len([row for row in given_rows if any(row.values())])
    second = bring_in(database, tmp_path, *given_rows, partial=True)
    assert (second.created, second.updated) == (0, 0)
    assert second.bad_rows >= first.bad_rows
    with database.read() as session:
        assert audit.verify(session).findings == ()


@pytest.mark.parametrize("count", [0, 1])
def test_a_header_with_few_rows_is_a_table_too(database: Database, tmp_path: Path, count: int) -> None:
    report = bring_in(database, tmp_path, *[ADA] * count)
    assert (report.rows, report.created) == (count, count)
