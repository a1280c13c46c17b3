"""`tallystick profile new`, `validate`, `save-page`, `diff`, `record` and `verify`, as they are typed."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from automation import sandbox
from automation.picking import Pick, Proposal
from automation.verifying import Tick, Verified
from portal_profiles import catalogue
from portal_profiles.profile import PageKind
from portal_profiles.scrubbing import MARK
from server.cli import profile as profile_command
from server.cli.profile import Recorder, command
from server.errors import Problem

EXAMPLE = catalogue.load("example_payer")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], standalone_mode=False)


def problem(result: Result) -> Problem:
    assert isinstance(result.exception, Problem), result.output
    return result.exception


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    assert call("new", "blue_meridian", "--folder", tmp_path).return_value == 0
    return tmp_path / "blue_meridian"


def test_a_new_profile_is_valid(mine: Path) -> None:
    result = call("validate", mine)
    assert result.return_value == 0
    assert "fine (blue_meridian" in result.output


def test_a_profile_is_not_made_over_another(mine: Path) -> None:
    assert "is there already" in problem(call("new", "blue_meridian", "--folder", mine.parent)).message


def test_a_profile_is_validated_by_its_slug() -> None:
    assert call("validate", "example_payer").return_value == 0


@pytest.mark.parametrize("slug", ["evolent_radmd", "optum"])
def test_a_portal_that_nobody_described_is_said_to_need_a_person_and_is_not_walked(
    slug: str, tmp_path: Path
) -> None:
    result = call("validate", slug)
    assert result.return_value == 0
    assert catalogue.load(slug).attended_because in result.output
    (tmp_path / "q.json").write_text('[{"id": "1", "reference_number": "1"}]')
    refused = problem(call("verify", slug, "--query", tmp_path / "q.json"))
    assert refused.code == "no_pages"
    assert "profile record" in refused.message


def test_a_slug_that_is_not_there_is_said() -> None:
    assert "example_payer" in problem(call("validate", "example_player")).message


def test_the_schema_for_editors_is_written(tmp_path: Path) -> None:
    assert call("validate", "example_payer", "--schema", tmp_path / "s.json").return_value == 0
    assert json.loads((tmp_path / "s.json").read_text())["$ref"] == "#/$defs/ProfileTable"


def test_a_page_is_kept_scrubbed(mine: Path, tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    page.write_text("<dl><dt>Patient</dt><dd>Smithson, Peter</dd><dt>Status</dt><dd>Approved</dd></dl>")
    assert call("save-page", page, "--profile", mine, "--name", "detail_approved").return_value == 0
    kept = (mine / "pages" / "detail_approved.html").read_text()
    assert MARK in kept
    assert "<dt>Patient</dt>" in kept
    assert "<dd>Approved</dd>" in kept
    assert "smithson" not in kept.casefold()


@pytest.mark.parametrize("name", ["../x", "Detail", "a b", ""])
def test_a_page_name_that_is_none_is_refused(mine: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "p.html").write_text("<p>x</p>")
    assert problem(call("save-page", tmp_path / "p.html", "--profile", mine, "--name", name)).code == "name"


def test_a_real_portal_is_not_opened_without_a_window(mine: Path, tmp_path: Path) -> None:
    result = call("save-page", "https://portal.example", "--profile", mine, "--name", "x", "--headless")
    assert problem(result).code == "headless"
    (tmp_path / "q.json").write_text('[{"id": "1", "reference_number": "1"}]')
    query = ("--query", tmp_path / "q.json")
    assert problem(call("verify", mine, *query, "--headless")).code == "automation_not_permitted"
    (tmp_path / "c.json").write_text('{"username": "a", "password": "b"}')
    given = call("verify", mine, *query, "--credentials", tmp_path / "c.json")
    assert problem(given).code == "automation_not_permitted"


@pytest.mark.browser
def test_a_difference_is_shown_and_is_exit_code_1(tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    html = (EXAMPLE.folder / "pages" / "detail_approved.html").read_text()
    page.write_text(html.replace("<dt>Plan</dt>", "<dt>Plan name</dt>"))
    result = call("diff", "example_payer", page, "--json", "--page", "detail")
    assert result.return_value == 1
    moved = [one for one in json.loads(result.output)["parts"] if one["state"] == "moved"]
    assert moved == [{"part": "field", "name": "plan", "state": "moved", "nearest": ["Plan name"]}]


# ---- record: what is asked and written; picking itself is tested in tests/automation/test_picking.py ----


def answered(monkeypatch: pytest.MonkeyPatch, *answers: object) -> None:
    """Answers each prompt in turn."""
    left = list(answers)
    monkeypatch.setattr("click.prompt", lambda *_a, **_k: left.pop(0))


PICK = Pick(
    (Proposal({"beside": "Decision"}, 1), Proposal({"css": "dd"}, 4)),
    None,
    None,
    "<h1>Authorization detail</h1><dl><dt>Decision</dt><dd>Approved</dd></dl>",
)


def test_a_pick_that_is_named_is_written_and_its_page_is_kept(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(catalogue.load_path(mine), "detail", PageKind.DETAIL)
    answered(monkeypatch, "decided_date", 1, "YYYY-MM-DD", "-", "done")
    assert recorder._ask(PICK)
    assert recorder._ask(PICK)
    assert not recorder._ask(PICK)
    fields = tomllib.loads((mine / "profile.toml").read_text())["pages"]["detail"]["fields"]
    assert fields["decided_date"] == {"beside": "Decision", "format": "YYYY-MM-DD"}
    assert recorder.finish() == 0
    assert "<dt>Decision</dt>" in (mine / "pages" / "detail.html").read_text()


def test_a_pick_that_would_spoil_the_profile_is_not_written(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (mine / "profile.toml").read_bytes()
    recorder = Recorder(catalogue.load_path(mine), "other", PageKind.DETAIL)
    answered(monkeypatch, "member_id", 1)
    assert recorder._ask(PICK)
    assert (mine / "profile.toml").read_bytes() == before
    assert recorder.finish() == 1


# ---- verify ----


def test_a_walk_on_which_nothing_differed_stamps_the_profile(mine: Path) -> None:
    verified = Verified({"pages.home.sign text 'A'": Tick.CONFIRMED, "pages.locked": Tick.UNSEEN}, {})
    profile_command._stamp(catalogue.load_path(mine), verified, date(2026, 11, 23))
    assert catalogue.load_path(mine).seen_live == date(2026, 11, 23)
    kept = tomllib.loads((mine / "verified.toml").read_text())
    assert kept["date"] == "2026-11-23"
    assert kept["ticks"] == {"pages.home.sign text 'A'": "confirmed", "pages.locked": "unseen"}


def test_a_walk_on_which_something_differed_is_kept_but_confirms_nothing(mine: Path) -> None:
    verified = Verified({"pages.home.sign text 'A'": Tick.DIFFERS}, {})
    profile_command._stamp(catalogue.load_path(mine), verified, date(2026, 11, 23))
    assert catalogue.load_path(mine).seen_live is None
    assert (mine / "verified.toml").is_file()


@pytest.mark.browser
def test_a_walk_over_a_sandbox_ticks_and_never_stamps(tmp_path: Path) -> None:
    known = sandbox.records("example_payer").accounts[0]
    expected = sandbox.expected("example_payer")
    queries = [q for q in sandbox.queries("example_payer") if expected[str(q["id"])].outcome == "read"]
    (tmp_path / "q.json").write_text(json.dumps(queries[:1]))
    given = {
        "username": known.username,
        "password": known.password,
        "totp_secret": known.totp_secret,
        "organization": known.organizations[0],
    }
    (tmp_path / "c.json").write_text(json.dumps(given))
    before = (EXAMPLE.folder / "profile.toml").read_bytes()
    with sandbox.serve(["example_payer"]) as served:
        result = call(
            "verify", "example_payer", "--query", tmp_path / "q.json", "--credentials", tmp_path / "c.json",
            "--headless", "--base-url", served.url("example_payer"), "--json",
        )  # fmt: skip
    assert result.exception is None, result.output
    assert json.loads(result.output)["ticks"]["pages.detail.field determination"] == "confirmed"
    assert result.return_value == 0
    assert (EXAMPLE.folder / "profile.toml").read_bytes() == before
    assert not (EXAMPLE.folder / "verified.toml").exists()
