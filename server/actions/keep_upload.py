"""Keeps a file that a person sent, encrypted, between the look at what it would do and the doing.

For an hour, for that person only, and once: what is taken is gone. Clear content is on no disk.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from server.errors import Problem
from server.security.secrets import Vault

KEPT_FOR = timedelta(hours=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


def keep_upload(vault: Vault, folder: Path, user_id: int, content: bytes, now: datetime) -> str:
    """The name under which `take_upload` gives it back. Uploads that are too old are taken away."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        if _is_too_old(old, now):
            old.unlink(missing_ok=True)
    token = secrets.token_urlsafe(24)
    path = _path(folder, user_id, token)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(vault.seal(_purpose(user_id, token), content))
    os.utime(path, (now.timestamp(), now.timestamp()))
    return token


def take_upload(vault: Vault, folder: Path, user_id: int, token: str, now: datetime) -> bytes:
    """The clear content, which is then kept no longer. Raises Problem `upload_gone` (410)."""
    path = _path(folder, user_id, token)
    if not _TOKEN.fullmatch(token) or not path.is_file() or _is_too_old(path, now):
        raise Problem("upload_gone", "The file is no longer kept here. Choose it again.", 410)
    content = vault.unseal(_purpose(user_id, token), path.read_bytes())
    path.unlink()
    return content


def _path(folder: Path, user_id: int, token: str) -> Path:
    return folder / f"{user_id}-{token}"


def _purpose(user_id: int, token: str) -> str:
    return f"upload/{user_id}/{token}"


def _is_too_old(path: Path, now: datetime) -> bool:
    return now.timestamp() - path.stat().st_mtime > KEPT_FOR.total_seconds()
