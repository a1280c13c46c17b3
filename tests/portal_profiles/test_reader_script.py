"""A reader that was never built is said with the command that builds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal_profiles import reader


def test_a_missing_build_names_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.reader_script.cache_clear()
    monkeypatch.setattr(reader, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(reader.ReaderNotBuilt, match="npm --prefix portal_profiles/reader"):
        reader.reader_script()
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "reader.js").write_text("built", encoding="utf-8")
    assert reader.reader_script() == "built"
    reader.reader_script.cache_clear()
