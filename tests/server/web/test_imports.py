"""A spreadsheet on the dashboard: what it would change is seen first, then it is imported."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from server.db.session import Database
from server.db.tables import AuditEntry, Authorization
from server.security import audit
from server.security.roles import Role
from tests.server.api.conftest import Clock
from tests.server.web.conftest import Desk, values_of, words_of

Seat = Callable[[Role], Desk]
HEADER = "Payer ID,Member ID,Last Name,First Name,DOB,Status,Authorization Number,CPT,Start Date,End Date\n"
GOOD = "EXH01,XYZ100200302,Okafor,Bruno,1978-11-05,Approved,004815340,29881,2026-12-14,2027-03-14\n"
ALSO_GOOD = "EXH01,XYZ100200303,Tevez,Carmen,1990-07-04,Approved,004815341,74177,2026-12-01,2027-01-31\n"
BAD = "EXH01,XYZ100200304,Halvorsen,Dmitri,1955-12-30,Approved,004815342,72148,2027-03-01,2026-12-01\n"


def look(desk: Desk, *rows: str, name: str = "ours.csv") -> str:
    """The page that says what these rows would change."""
    content = (HEADER + "".join(rows)).encode()
    answer = desk.send("/authorizations/import", {"file": (BytesIO(content), name)})
    assert answer.status_code == 200, words_of(answer.text)
    return answer.text


def members(database: Database) -> list[str | None]:
    """Whose authorizations are kept."""
    with database.read() as db:
        return list(db.scalars(select(Authorization.member_id).order_by(Authorization.id)))


def test_a_look_changes_nothing_and_the_import_then_does(desk: Seat, database: Database) -> None:
    biller = desk(Role.BILLER)
    html = look(biller, GOOD, ALSO_GOOD)
    assert "2 Rows 2 New" in words_of(html)
    assert "Every row is good." in html
    assert members(database) == []
    answer = biller.send("/authorizations/import/confirm", values_of(html), follow=True)
    assert "Imported: 2 new, 0 changed, 0 as they were." in answer.text
    assert members(database) == ["XYZ100200302", "XYZ100200303"]


def test_a_bad_row_is_told_with_its_number_field_and_remedy_and_only_good_rows_come_in(
    desk: Seat, database: Database
) -> None:
    biller = desk(Role.BILLER)
    html = look(biller, GOOD, BAD)
    assert "Some rows are bad." in html
    bad = words_of(html.partition('id="bad"')[2])
    assert re.search(r"Bad rows Row Field What is wrong What to do 3 \S+", bad), bad
    assert "Halvorsen" not in html
    answer = biller.send("/authorizations/import/confirm", values_of(html), follow=True)
    assert "1 new" in answer.text
    assert "1 rows were left out" in answer.text
    assert members(database) == ["XYZ100200302"]


def test_all_rows_are_never_imported_while_one_is_bad(desk: Seat, database: Database) -> None:
    biller = desk(Role.BILLER)
    form = {**values_of(look(biller, GOOD, BAD)), "rows": "all"}
    assert biller.send("/authorizations/import/confirm", form).status_code == 422
    assert members(database) == []


def test_the_same_file_again_has_nothing_to_import(desk: Seat, database: Database) -> None:
    biller = desk(Role.BILLER)
    biller.send("/authorizations/import/confirm", values_of(look(biller, GOOD)))
    html = look(biller, GOOD)
    assert "Nothing to import." in html
    assert "/authorizations/import/confirm" not in html


def test_between_the_two_steps_the_file_lies_encrypted_and_is_gone_afterwards(
    desk: Seat, database: Database
) -> None:
    biller = desk(Role.BILLER)
    html = look(biller, GOOD)
    [kept] = database.settings.data_dir.glob("uploads/*")
    assert b"Okafor" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0
    biller.send("/authorizations/import/confirm", values_of(html))
    assert not kept.exists()


def test_a_file_looked_at_is_imported_once_by_its_person_and_within_the_hour(
    desk: Seat, database: Database, clock: Clock
) -> None:
    biller, other = desk(Role.BILLER), desk(Role.ADMINISTRATOR)
    form = values_of(look(biller, GOOD))
    assert other.send("/authorizations/import/confirm", form).status_code == 410
    late = values_of(look(biller, ALSO_GOOD))
    assert biller.send("/authorizations/import/confirm", form).status_code == 303
    assert biller.send("/authorizations/import/confirm", form).status_code == 410
    clock.forward(timedelta(hours=1, seconds=1).total_seconds())
    assert biller.send("/authorizations/import/confirm", late).status_code == 410
    look(biller, ALSO_GOOD)
    assert len(list(database.settings.data_dir.glob("uploads/*"))) == 1
    assert members(database) == ["XYZ100200302"]


@pytest.mark.parametrize("token", ["", "../record/tallystick.db", "a" * 32])
def test_a_made_up_name_of_a_kept_file_opens_nothing(token: str, desk: Seat, database: Database) -> None:
    answer = desk(Role.BILLER).send("/authorizations/import/confirm", token=token, rows="all")
    assert answer.status_code == 410
    assert database.settings.database_file.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SCHEDULER])
def test_below_a_biller_nobody_imports(role: Role, desk: Seat, database: Database) -> None:
    mine = desk(role)
    file = {"file": (BytesIO((HEADER + GOOD).encode()), "ours.csv")}
    assert mine.send("/authorizations/import", file).status_code == 403
    assert mine.send("/authorizations/import/confirm", token="a" * 32, rows="all").status_code == 403
    assert "Import a spreadsheet" not in mine.text("/authorizations")


def test_a_file_without_this_session_s_token_is_refused(desk: Seat, database: Database) -> None:
    file = {"file": (BytesIO((HEADER + GOOD).encode()), "ours.csv")}
    assert desk(Role.BILLER).client.post("/authorizations/import", data=file).status_code == 403
    assert not list(database.settings.data_dir.glob("uploads/*"))


@pytest.mark.parametrize("content", [b"", b"one column\nvalue\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1broken"])
def test_a_file_that_can_t_be_used_is_told_at_the_form(content: bytes, desk: Seat) -> None:
    answer = desk(Role.BILLER).send("/authorizations/import", {"file": (BytesIO(content), "odd.xlsx")})
    assert answer.status_code in {400, 422}
    assert 'role="alert"' in answer.text
    assert "Spreadsheet" in answer.text


def test_an_import_is_on_the_chain_in_the_person_s_name(desk: Seat, database: Database) -> None:
    biller = desk(Role.BILLER)
    biller.send("/authorizations/import/confirm", values_of(look(biller, GOOD)))
    with database.read() as db:
        assert not audit.verify(db).findings
        rows = db.execute(select(AuditEntry.actor).where(AuditEntry.action == "import.finished"))
        assert rows.scalars().all() == ["biller@riverbend.example"]
