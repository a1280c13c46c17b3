"""The reader, built for the robot: one script that sets `TallystickReader` in the page it is run in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BUILD = "npm --prefix portal_profiles/reader ci && npm --prefix portal_profiles/reader run build"


class ReaderNotBuilt(RuntimeError):
    """dist/reader.js is missing; the message names the command that makes it."""


@cache
def reader_script() -> str:
    """The built reader's JavaScript. Raises ReaderNotBuilt when it was never built."""
    return _built("reader.js")


@cache
def picker_script() -> str:
    """The script that picks elements and takes snapshots: it sets `TallystickPicker`. Raises likewise."""
    return _built("picker.js")


def _built(name: str) -> str:
    file = Path(__file__).parent / "dist" / name
    if not file.is_file():
        raise ReaderNotBuilt(f"The page reader is not built. Build it with: {BUILD}")
    return file.read_text(encoding="utf-8")
