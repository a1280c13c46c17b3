"""Where the public sample files are: they are read in place, never copied into the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_REPOSITORY = Path(__file__).parents[3]
SHARED = Path(os.environ.get("TALLYSTICK_SHARED", _REPOSITORY.parent / "shared")) / "data"

needs_shared_data = pytest.mark.skipif(
    not (SHARED / "expected.json").is_file(),
    reason="the public X12 sample files are absent (set TALLYSTICK_SHARED to their folder)",
)


def expected(folder: str) -> dict[str, dict[str, Any]]:
    """File name -> independent counts of one folder of samples; empty when the samples are absent."""
    path = SHARED / "expected.json"
    if not path.is_file():
        return {}
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return {name: entry for name, entry in entries.items() if name.startswith(f"{folder}/")}
