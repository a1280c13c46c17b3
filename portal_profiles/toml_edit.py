"""Writes one thing into the text of a profile.toml and keeps the rest byte for byte.

Each edit is checked: the new text must parse to what the old one did with that one thing changed. Where a
file is written in a way that no edit here fits (sub-tables for single fields, say), it is refused with the
lines to write by hand.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any


class EditRefused(ValueError):
    """The text can't be edited safely; the message has the lines to write by hand."""


def set_value(text: str, path: Sequence[str], value: object) -> str:
    """The text with the value at this path: in its own line where the key stands already, else added.

    path: tables and the key, as in ("pages", "detail", "fields", "member_id"). value: text, a whole number, a
    boolean, or lists and tables of these (tables are written inline). Raises EditRefused.
    """
    lines = text.splitlines(keepends=True)
    end = "\r\n" if text.count("\r\n") > text.count("\n") / 2 else "\n"
    attempts = [
        _in_its_table(lines, path[:split], _dotted(path[split:]), _written(value), end)
        for split in range(len(path) - 1, -1, -1)
    ]
    line = f"{_key(path[-1])} = {_written(value)}"
    header = f"[{_dotted(path[:-1])}]"
    if len(path) > 1:
        gap = "" if not text or text.endswith(end * 2) else end if text.endswith("\n") else end * 2
        # Before the dotted forms: a table that is not there yet is made, not written into its parent.
        attempts.insert(1, f"{text}{gap}{header}{end}{line}{end}")
    for attempt in attempts:
        if attempt is not None and _holds(text, attempt, path, value):
            return attempt
    raise EditRefused(f"It can't be written into this file safely. Write by hand:\n{header}\n{line}")


def _in_its_table(lines: Sequence[str], table: Sequence[str], key: str, value: str, end: str) -> str | None:
    """The text with the key's line replaced in its table, or put after the table's last one."""
    start, stop = _table(lines, table)
    if start is None:
        return None
    own = re.compile(rf"\s*{re.escape(key)}\s*=")
    at = next((at for at in range(start, stop) if own.match(lines[at])), None)
    if at is not None:
        until = next((n for n in range(at + 1, stop + 1) if _parses("".join(lines[at:n]))), at + 1)
        comment = re.search(r"\s+#[^\"']*$", lines[until - 1].rstrip("\r\n"))
        kept = comment.group() if comment else ""
        return "".join([*lines[:at], f"{key} = {value}{kept}{end}", *lines[until:]])
    while stop > start and re.match(r"\s*(#|$)", lines[stop - 1]):
        stop -= 1
    before = list(lines[:stop])
    if before and not before[-1].endswith("\n"):
        before[-1] += end
    return "".join([*before, f"{key} = {value}{end}", *lines[stop:]])


def _table(lines: Sequence[str], table: Sequence[str]) -> tuple[int | None, int]:
    """The lines between a table's header and the next header. No header is needed for the top of the file."""
    headers = [at for at, line in enumerate(lines) if re.match(r"\s*\[.*\]\s*(#.*)?$", line)]
    if not table:
        return 0, headers[0] if headers else len(lines)
    names = r"\s*\.\s*".join(re.escape(_key(name)) for name in table)
    wanted = re.compile(rf"\s*\[\s*{names}\s*\]")
    start = next((at for at in headers if wanted.match(lines[at])), None)
    if start is None:
        return None, 0
    return start + 1, next((at for at in headers if at > start), len(lines))


def _dotted(names: Sequence[str]) -> str:
    return ".".join(map(_key, names))


def _holds(old: str, new: str, path: Sequence[str], value: object) -> bool:
    """Whether the new text says what the old one did, with this value at this path."""
    wanted: dict[str, Any] = tomllib.loads(old)
    at: Any = wanted
    for name in path[:-1]:
        at = at.setdefault(name, {})
        if not isinstance(at, dict):
            return False
    at[path[-1]] = value
    try:
        return tomllib.loads(new) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _written(name)


def _written(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_written(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for this one sign that TOML wants escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not written into profiles")
