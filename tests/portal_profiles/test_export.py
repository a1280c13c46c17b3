"""The extension's build gets every portal from the profiles: nothing is typed twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal_profiles.catalogue import load, slugs
from portal_profiles.export import exported, main
from tests.portal_profiles.example import FILE


def test_every_portal_is_written_with_its_hosts_and_its_reading_part(tmp_path: Path) -> None:
    out = tmp_path / "portals.json"
    assert main([str(out), "--sandbox-port", "20123"]) == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    assert [portal["slug"] for portal in written] == slugs()
    example = next(portal for portal in written if portal["slug"] == "example_payer")
    assert example["hosts"] == [
        "https://portal.example-health.example",
        "https://signin.example-health.example",
    ]
    assert example["sandbox_origin"] == "http://example-payer.localhost:20123"
    assert (example["name"], example["seen_live"]) == ("Example Health", "")
    assert example["reading_part"] == json.loads(json.dumps(load("example_payer").reading_part()))


def test_a_portal_without_pages_is_written_with_its_reason_and_none_to_read() -> None:
    undescribed = {portal["slug"]: portal for portal in exported() if not portal["reading_part"]["pages"]}
    assert undescribed
    for slug, portal in undescribed.items():
        assert portal["attended_because"] == load(slug).attended_because != ""
        assert portal["hosts"]


def test_no_sandbox_is_named_unless_its_port_is() -> None:
    assert {portal["sandbox_origin"] for portal in exported()} == {None}


def test_a_mistaken_profile_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "riverbend_payer"
    own.mkdir()
    text = (
        FILE.read_text(encoding="utf-8")
        .replace("example_payer", "riverbend_payer")
        .replace("[expect]", "[expct]")
    )
    (own / "profile.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TALLYSTICK_PROFILES", str(tmp_path))
    assert main([str(tmp_path / "out.json")]) == 3
    assert "expct: is unknown; did you mean expect?" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
