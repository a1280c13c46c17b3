"""Set-up on machines that lack something: what is said, and that nothing is done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

import bootstrap


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no program on its path, no display and an empty home."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TALLYSTICK_BROWSER", raising=False)
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    monkeypatch.setattr(bootstrap, "MAC_BROWSERS", ())
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    return programs


def _program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_an_installed_browser_is_found_before_any_other(bare: Path) -> None:
    assert bootstrap.find_browser() is None
    chromium = _program(bare, "chromium", "exit 0")
    _program(bare, "google-chrome", "exit 0")
    assert bootstrap.find_browser() == str(chromium)


def test_playwright_s_own_browser_is_found_where_it_was_put(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    folder = tmp_path / "browsers" / "chromium-1234" / "chrome-linux"
    folder.mkdir(parents=True)
    own = _program(folder, "chrome", "exit 0")
    assert bootstrap.find_browser() == str(own)


def test_without_a_browser_and_without_apt_it_is_said_what_to_install(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    _program(tmp_path / "venv" / "bin", "playwright", "exit 1")
    with pytest.raises(bootstrap.Missing, match=r"Chromium, Chrome or Edge.*Install it: chromium"):
        bootstrap.browser()


def test_a_browser_that_is_named_but_not_there_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_BROWSER", "/nowhere/chromium")
    with pytest.raises(bootstrap.Missing, match="unset TALLYSTICK_BROWSER"):
        bootstrap.browser()


def test_a_system_package_that_cannot_be_fetched_names_the_one_command(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _program(bare, "apt-get", "echo 'no network' >&2; exit 100")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(bootstrap.Missing, match="Run: sudo apt-get install chromium"):
        bootstrap.system_packages(["chromium"], "A browser")
    assert "no network" in capfd.readouterr().err


def test_without_rights_the_administrator_s_command_is_named(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(bare, "apt-get", "exit 0")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(bootstrap.Missing, match="As an administrator: apt-get install python3-venv"):
        bootstrap.system_packages(["python3-venv"], "Python's venv module")


def test_packages_that_cannot_be_installed_name_the_one_command(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    _program(tmp_path / "venv" / "bin", "python", "echo 'index not reached'; exit 1")
    with pytest.raises(
        bootstrap.Missing, match=r"\.venv/bin/pip install --require-hashes -r requirements\.txt"
    ):
        bootstrap.hashed_packages("requirements.txt", "The Python packages")
    assert "index not reached" in capsys.readouterr().err


def test_an_old_node_is_not_taken_for_a_new_one(bare: Path) -> None:
    assert bootstrap.node_version(str(_program(bare, "node", "echo v18.19.1"))) == (18, 19)
    assert bootstrap.node_version(str(_program(bare, "node", "echo v18.19.1"))) < bootstrap.OLDEST_NODE
    assert bootstrap.node_version(str(_program(bare, "node", "exit 1"))) == (0, 0)


def test_a_step_is_done_once_until_its_inputs_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path / "stamps.json")
    source, made = tmp_path / "source.ts", tmp_path / "made.js"
    source.write_text("one")
    done: list[str] = []

    def work() -> None:
        done.append(source.read_text())
        made.write_text("built")

    for text in ("one", "one", "two"):
        source.write_text(text)
        bootstrap.once("step", [source], made, work, "building")
    made.unlink()
    bootstrap.once("step", [source], made, work, "building")
    assert done == ["one", "two", "two"]


def test_a_step_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path / "stamps.json")
    made = tmp_path / "made.js"

    def fails() -> None:
        made.write_text("half")
        raise bootstrap.Missing("no network")

    with pytest.raises(bootstrap.Missing):
        bootstrap.once("step", [], made, fails, "building")
    done: list[bool] = []
    bootstrap.once("step", [], made, lambda: done.append(True), "building")
    assert done == [True]


def test_an_unknown_step_is_a_matter_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["fly"]) == 2
    assert "bootstrap.py run" in capsys.readouterr().out
