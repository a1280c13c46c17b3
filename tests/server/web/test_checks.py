"""A claim file held against the record on the dashboard, and the list of what was compared."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

import server.demo
from server.actions.import_authorizations import import_authorizations
from server.db.session import Database
from server.db.tables import AuditEntry, CheckRecord
from server.interchange.spreadsheet import open_table
from server.security.roles import Role
from server.web import upload
from tests.server.web.conftest import NOW, Desk, words_of

Seat = Callable[[Role], Desk]
DEMO = Path(server.demo.__file__).parent
CLAIMS = (DEMO / "sample_claims.837").read_bytes()


def sent(content: bytes, name: str = "claims.837") -> dict[str, object]:
    """The form with this file."""
    return {"claims": (BytesIO(content), name)}


@pytest.fixture
def kept(database: Database) -> None:
    """The sample clinic's approvals."""
    with database.write("test") as db:
        table = open_table(DEMO / "authorizations.csv")
        assert import_authorizations(db, table, "test", NOW).committed


@pytest.mark.usefixtures("kept")
def test_each_line_that_would_be_denied_is_told_with_what_differs_and_the_next_step(desk: Seat) -> None:
    answer = desk(Role.BILLER).send("/checks/claims", sent(CLAIMS))
    assert answer.status_code == 200
    shown = words_of(answer.text)
    assert "14 claims, 15 lines" in shown
    assert "10 Would be denied" in shown
    assert "RB-1003 1 74177 11/03/2026 Would be denied" in shown
    assert "On file EH7700103 , claimed EH7700999" in shown
    assert "Claim RB-1012, line 1 (99214)" in shown


@pytest.mark.usefixtures("kept")
def test_a_line_s_answer_leads_to_its_authorization_with_both_halves(desk: Seat) -> None:
    biller = desk(Role.BILLER)
    biller.send("/checks/claims", sent(CLAIMS))
    shown = words_of(biller.text("/authorizations/3"))
    assert "EH7700103 ✕ does not match EH7700999" in shown


@pytest.mark.usefixtures("kept")
def test_only_what_was_compared_is_kept_and_every_sight_is_on_the_chain(
    desk: Seat, database: Database
) -> None:
    desk(Role.BILLER).send("/checks/claims", sent(CLAIMS))
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(CheckRecord)) == 15
        actors = set(db.scalars(select(AuditEntry.actor).where(AuditEntry.action == "check.run")))
    assert actors == {"biller@riverbend.example"}
    assert not list(database.settings.data_dir.glob("uploads/*"))


@pytest.mark.usefixtures("kept")
def test_the_newest_checks_name_no_patient(desk: Seat) -> None:
    desk(Role.BILLER).send("/checks/claims", sent(CLAIMS))
    shown = words_of(desk(Role.VIEWER).text("/checks"))
    assert "Claim biller@riverbend.example Mismatch 1 would deny Authorization 3" in shown
    assert "Tevez" not in shown
    assert "XYZ100200303" not in shown


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SCHEDULER])
def test_below_a_biller_nobody_checks_a_claim_file(role: Role, desk: Seat) -> None:
    assert desk(role).send("/checks/claims", sent(CLAIMS)).status_code == 403
    assert "X12 837 file" not in desk(role).text("/checks")


def test_a_claim_file_without_this_session_s_token_is_refused(desk: Seat, database: Database) -> None:
    answer = desk(Role.BILLER).client.post("/checks/claims", data=sent(CLAIMS))
    assert answer.status_code == 403
    with database.read() as db:
        assert not db.scalars(select(CheckRecord.id)).all()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Member ID,Last Name\nXYZ100200301,Lindqvist\n", "There is no claim in this file."),
        (b"\x00\xff\xfe junk", "There is no claim in this file."),
        (b"", "No file was sent."),
    ],
)
def test_what_is_no_claim_file_is_told_at_the_form(content: bytes, told: str, desk: Seat) -> None:
    answer = desk(Role.BILLER).send("/checks/claims", sent(content))
    assert answer.status_code == 422
    assert told in answer.text
    assert "X12 837 file" in answer.text


def test_a_file_over_the_limit_is_refused_unread(desk: Seat, database: Database) -> None:
    answer = desk(Role.BILLER).client.post(
        "/checks/claims",
        input_stream=BytesIO(CLAIMS),
        environ_overrides={"CONTENT_LENGTH": str(upload.LIMIT + 1)},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413
    assert "larger than this address takes" in answer.text
    with database.read() as db:
        assert not db.scalars(select(CheckRecord.id)).all()
