"""`tallystick profile`: what it refuses, what it says, and a run without server and database."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation import sandbox
from portal_profiles import catalogue
from server.cli.profile import command
from server.errors import Problem

EXAMPLE = catalogue.load("example_payer").folder / "profile.toml"
QUERY = {"id": "1", "reference_number": "26110417"}
CREDENTIALS = {"username": "riverbend.robot", "password": "secret"}


def call(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], standalone_mode=False)


def files(tmp_path: Path, queries: Any = (QUERY,), credentials: Any = CREDENTIALS) -> list[object]:
    (tmp_path / "q.json").write_text(json.dumps(queries))
    (tmp_path / "c.json").write_text(json.dumps(credentials))
    return [
        "run", EXAMPLE, "--queries", tmp_path / "q.json", "--credentials", tmp_path / "c.json",
        "--out", tmp_path / "out.jsonl", "--base-url", "http://127.0.0.1:9",
    ]  # fmt: skip


def problem(result: Result) -> Problem:
    assert isinstance(result.exception, Problem), result.output
    return result.exception


def test_our_own_profiles_are_fine() -> None:
    result = call("validate")
    assert result.return_value == 0
    assert "example_payer" in result.output


def test_a_mistake_is_said_with_file_key_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(EXAMPLE.read_text().replace('kind = "home"', 'kind = "hone"'))
    result = call("validate", tmp_path, "--json")
    assert result.return_value == 1
    (entry,) = json.loads(result.output)["profiles"]
    assert {"pages.home.kind"} == {mistake["key"] for mistake in entry["mistakes"]}
    assert "home" in entry["mistakes"][0]["remedy"]


def test_a_profile_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert problem(call("validate", tmp_path / "none")).code == "not_found"


def test_a_real_portal_is_not_asked_without_the_clinics_decision(tmp_path: Path) -> None:
    arguments = files(tmp_path)[:-2]
    assert problem(call(*arguments)).code == "automation_not_permitted"
    assert not (tmp_path / "out.jsonl").exists()


def test_each_wrong_query_is_named_by_its_place_and_key(tmp_path: Path) -> None:
    queries = [QUERY, {"id": "2", "birth_date": "12/03/1961"}, {"id": "1"}, {"id": "3", "member": "X"}, "x"]
    found = problem(call(*files(tmp_path, queries)))
    assert [(field.row, field.field) for field in found.fields] == [
        (2, "birth_date"),
        (3, "id"),
        (4, "member"),
        (5, "(the query)"),
    ]
    assert "1961" not in found.as_text()


@pytest.mark.parametrize(
    ("credentials", "field"),
    [
        ({"username": "a"}, "password"),
        ({**CREDENTIALS, "pasword": "x"}, "pasword"),
        ({**CREDENTIALS, "totp_secret": 12}, "totp_secret"),
    ],
)
def test_credentials_that_can_t_sign_in_are_refused_by_field(
    tmp_path: Path, credentials: dict[str, object], field: str
) -> None:
    found = problem(call(*files(tmp_path, credentials=credentials)))
    assert [wrong.field for wrong in found.fields] == [field]
    assert "secret" not in found.as_text().replace("totp_secret", "")


def test_a_file_that_is_no_json_is_said(tmp_path: Path) -> None:
    arguments = files(tmp_path)
    (tmp_path / "q.json").write_text("[{")
    assert problem(call(*arguments)).code == "not_json"


@pytest.mark.browser
def test_a_run_writes_one_outcome_a_line_and_its_evidence_for_its_owner_only(tmp_path: Path) -> None:
    expected = sandbox.expected("example_payer")
    queries = [q for q in sandbox.queries("example_payer") if expected[str(q["id"])].outcome == "read"][:2]
    account = sandbox.records("example_payer").accounts[0]
    credentials = {
        "username": account.username,
        "password": account.password,
        "totp_secret": account.totp_secret,
        "organization": account.organizations[0],
    }
    with sandbox.serve(["example_payer"]) as served:
        arguments = [*files(tmp_path, queries, credentials)[:-1], served.url("example_payer")]
        result = call(*arguments, "--evidence", tmp_path / "evidence")
    assert result.exception is None, result.output
    assert result.return_value == 0
    outcomes = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [(outcome["query_id"], outcome["kind"]) for outcome in outcomes] == [
        (q["id"], "read") for q in queries
    ]
    for outcome in outcomes:
        for item in outcome["evidence"]:
            (kept,) = (tmp_path / "evidence").glob(f"{item['sha256']}.*")
            assert kept.stat().st_size == item["size"]
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600
    assert "XYZ100200301" not in result.stderr
