"""The commands of the record as a person runs them: their words, their JSON, their exit codes."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from automation.browser import NoBrowser
from portal_profiles.reader import ReaderNotBuilt
from server import cli
from server.actions.sign_in import sign_in, sign_in_by_link
from server.cli import doctor
from server.db.session import Database
from server.db.tables import AccessToken, AuditEntry
from server.security import tokens
from server.settings import Settings
from tests.server.records import NOW

Run = Callable[..., tuple[int, str, str]]

LIST = (
    "Payer,Member ID,Last Name,DOB,Auth #,Status,CPT,Units\n"
    "Example Health,XYZ100200301,Lindqvist,3/12/1961,A-0001,Approved,97110,12\n"
)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this installation; gives exit code, output and errors."""
    monkeypatch.setenv("TALLYSTICK_DATA", str(settings.data_dir))
    monkeypatch.setenv("TALLYSTICK_KEY", settings.key_text)
    monkeypatch.setenv("TALLYSTICK_TIME_ZONE", settings.time_zone)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("TALLYSTICK_DATABASE_URL", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tallystick", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, written.out, written.err

    return call


@pytest.fixture
def good_list(tmp_path: Path) -> str:
    """A file of one good row."""
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    return str(path)


@pytest.fixture
def bad_list(tmp_path: Path) -> str:
    """A file of one good and one bad row."""
    path = tmp_path / "bad.csv"
    path.write_text(
        LIST + "Example Health,XYZ100200302,Okafor,11/5/78,A-0002,Approved,97110,8\n", encoding="utf-8"
    )
    return str(path)


def test_an_import_says_what_it_did_and_the_second_time_that_it_did_nothing(run: Run, good_list: str) -> None:
    code, out, _ = run("import", good_list)
    assert code == 0
    assert "1 rows: 1 created, 0 updated, 0 unchanged" in out
    code, out, _ = run("import", good_list)
    assert code == 0
    assert "0 created, 0 updated, 1 unchanged" in out


def test_a_bad_row_is_told_with_row_field_and_remedy_and_nothing_comes_in(run: Run, bad_list: str) -> None:
    code, out, _ = run("import", bad_list)
    assert code == 1
    assert "birth_date" in out
    assert "Write the year with four digits." in out
    assert "Nothing was imported" in out
    assert "Okafor" not in out
    code, out, _ = run("import", bad_list, "--partial", "--json")
    report = json.loads(out)
    assert code == 1
    assert (report["committed"], report["created"], report["bad_rows"]) == (True, 1, 1)
    assert [(problem["row"], problem["field"]) for problem in report["problems"]] == [(3, "birth_date")]


def test_a_dry_run_changes_nothing(run: Run, good_list: str) -> None:
    code, out, _ = run("import", good_list, "--dry-run")
    assert code == 0
    assert "would be 1 created" in out
    assert json.loads(run("import", good_list, "--json")[1])["created"] == 1


def test_a_mapping_file_is_used(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        "Karte,Kasse,Code,Nr\nXYZ100200301,Example Health,97110,A-1\n", encoding="utf-8"
    )
    (tmp_path / "own.toml").write_text(
        '[columns]\nKarte = "member_id"\nKasse = "payer_name"\nNr = "authorization_number"\n'
        '[defaults]\ndetermination = "approved"\n',
        encoding="utf-8",
    )
    code, out, _ = run("import", str(tmp_path / "own.csv"), "--mapping", str(tmp_path / "own.toml"), "--json")
    assert code == 0
    assert json.loads(out)["columns"]["Karte"] == "member_id"


def test_a_file_that_is_no_list_can_not_be_imported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear payer,\nplease approve.\n", encoding="utf-8")
    code, _, err = run("import", str(tmp_path / "letter.txt"))
    assert code == 3
    assert "No row of the file names its columns" in err
    assert run("import", str(tmp_path / "missing.csv"))[0] == 2


def test_the_audit_chain_is_verified_and_a_change_found(run: Run, good_list: str, settings: Settings) -> None:
    run("import", good_list)
    assert run("audit", "verify")[0] == 0
    database = Database.open(settings)
    with database._writing.connect() as connection, connection.begin():
        connection.execute(update(AuditEntry).where(AuditEntry.seq == 1).values(actor="somebody else"))
    database.dispose()
    code, out, _ = run("audit", "verify", "--json")
    seen = json.loads(out)
    assert code == 1
    assert seen["whole"] is False
    assert [(finding["entry"], finding["kind"]) for finding in seen["findings"]] == [(1, "changed")]
    code, out, _ = run("audit", "verify")
    assert code == 1
    assert "not as it was written" in out


def test_the_chain_is_shown_by_subject(run: Run, good_list: str) -> None:
    run("import", good_list)
    entries = json.loads(run("audit", "show", "--subject", "authorization:1", "--json")[1])
    assert [entry["action"] for entry in entries] == ["authorization.created"]
    assert "import.finished" in run("audit", "show")[1]


def test_a_person_is_added_listed_changed_and_ended(run: Run, settings: Settings) -> None:
    assert run("user", "add", "admin@riverbend.example", "--role", "administrator")[0] == 0
    code, out, _ = run("user", "add", "noor@riverbend.example", "--role", "viewer", "--link")
    assert code == 0
    secret = out.strip().splitlines()[-1].rpartition("/")[2]
    run("user", "set-role", "noor@riverbend.example", "scheduler")
    people = {person["email"]: person for person in json.loads(run("user", "list", "--json")[1])}
    assert people["noor@riverbend.example"]["role"] == "scheduler"
    database = Database.open(settings)
    with database.read() as session:
        digest = tokens.digest(secret)
        assert session.get_one(AccessToken, digest).kind == "link"
        issued = session.get_one(AccessToken, digest).created_at
    assert sign_in_by_link(database, secret, issued + timedelta(minutes=1)).email == "noor@riverbend.example"
    database.dispose()
    run("user", "disable", "noor@riverbend.example")
    people = {person["email"]: person for person in json.loads(run("user", "list", "--json")[1])}
    assert people["noor@riverbend.example"]["active"] is False
    assert run("user", "link", "noor@riverbend.example")[0] == 3
    assert run("user", "enable", "noor@riverbend.example")[0] == 0
    assert run("user", "link", "noor@riverbend.example")[0] == 0


def test_a_password_is_read_from_standard_input_and_never_from_an_argument(
    run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("user", "add", "admin@riverbend.example", "--role", "administrator")
    (settings.data_dir / "given").write_text("river bend willow stone\n", encoding="utf-8")
    with (settings.data_dir / "given").open(encoding="utf-8") as given:
        monkeypatch.setattr(sys, "stdin", given)
        assert run("user", "password", "admin@riverbend.example", "--stdin")[0] == 0
    database = Database.open(settings)
    assert sign_in(database, "admin@riverbend.example", "river bend willow stone", NOW).id == 1
    database.dispose()
    assert run("user", "password", "admin@riverbend.example", "an argument")[0] == 2


def test_an_api_token_is_shown_once_and_works(run: Run, settings: Settings) -> None:
    run("user", "add", "biller@riverbend.example", "--role", "biller")
    code, out, _ = run("user", "token", "biller@riverbend.example", "--name", "claim checks", "--days", "7")
    assert code == 0
    database = Database.open(settings)
    with database.read() as session:
        made = session.get_one(AccessToken, tokens.digest(out.strip()))
        assert (made.name, made.expires_at - made.created_at) == ("claim checks", timedelta(days=7))
        user = tokens.user_of_api_token(session, out.strip(), made.created_at)
        assert user is not None
        assert user.role == "biller"
    database.dispose()


def test_nobody_who_is_unknown_can_be_changed(run: Run) -> None:
    code, _, err = run("user", "set-role", "nobody@riverbend.example", "viewer")
    assert code == 3
    assert "Nobody with this address" in err
    assert run("user", "add", "x@riverbend.example", "--role", "king")[0] == 2


def test_a_backup_is_made_and_restored(run: Run, good_list: str, tmp_path: Path) -> None:
    run("import", good_list)
    code, out, _ = run("backup", str(tmp_path / "b1"), "--json")
    assert code == 0
    assert json.loads(out)["evidence_files"] == 0
    assert run("backup", str(tmp_path / "b1"))[0] == 3
    run("user", "add", "admin@riverbend.example", "--role", "administrator")
    code, out, _ = run("restore", str(tmp_path / "b1"))
    assert code == 0
    assert "kept in" in out
    assert json.loads(run("user", "list", "--json")[1]) == []
    assert run("audit", "verify")[0] == 0


@pytest.mark.parametrize("name", ["import", "user", "audit", "backup", "restore", "doctor"])
def test_every_help_shows_an_example(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"Example: tallystick {name}" in out


def test_doctor_finds_nothing_wrong_with_a_new_installation_and_makes_nothing(
    run: Run, settings: Settings
) -> None:
    checks = {check.name: check for check in doctor.all_checks(settings)}
    for name in ("Python", "Data folder", "Disk space", "Key", "Database", "Clock", "Evidence"):
        assert checks[name].state == "fine", name
    assert not settings.data_dir.exists()
    code, out, _ = run("doctor", "--json")
    told = json.loads(out)
    assert told["healthy"] is (code == 0)
    assert {check["name"] for check in told["checks"]} >= {"Browser", "Node", "Profiles", "Time zone"}
    assert settings.key_text not in out


def test_doctor_gives_a_remedy_for_everything_that_is_wrong(settings: Settings, tmp_path: Path) -> None:
    def no_browser() -> Path:
        raise NoBrowser("Install Chromium.")

    def no_reader() -> str:
        raise ReaderNotBuilt("Run the build.")

    Database.open(settings).dispose()
    settings.data_dir.chmod(0o755)
    wrong = [
        doctor.python_check((3, 10)),
        doctor.browser_check(no_browser),
        doctor.reader_check(no_reader),
        doctor.folder_check(settings.data_dir),
        doctor.disk_check(tmp_path, least=1 << 60),
        doctor.clock_check(NOW + timedelta(hours=1), NOW),
        doctor.key_check(Settings.load({"TALLYSTICK_DATA": str(tmp_path), "TALLYSTICK_KEY": "no key"})),
        *doctor.record_checks(
            Settings.load({"TALLYSTICK_DATA": str(settings.data_dir), "TALLYSTICK_KEY": "1e" * 32})
        ),
    ]
    assert [check.state for check in wrong] == ["problem"] * len(wrong)
    assert all(check.remedy for check in wrong)


def test_doctor_minds_what_only_building_needs(settings: Settings, tmp_path: Path) -> None:
    assert doctor.node_check(None).state == "note"
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v16.1.0\n")
    old.chmod(0o755)
    assert doctor.node_check(str(old)).state == "note"
    old.write_text("#!/bin/sh\necho v22.3.0\n")
    assert doctor.node_check(str(old)) == doctor.Check("Node", "fine", "v22.3.0")


def test_doctor_names_a_profile_that_is_not_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "profile.toml").write_text('slug = "broken"\n', encoding="utf-8")
    monkeypatch.setenv("TALLYSTICK_PROFILES", str(tmp_path))
    checks = list(doctor.profile_checks())
    assert [check.name for check in checks if check.state == "problem"] == ["Profile broken"]
