"""The data key: where it is kept, how it is made, and the keys that are derived from it.

One key of 32 random bytes opens everything that this installation keeps. It is looked for in the environment
(TALLYSTICK_KEY), then in its file (mode 0600), then in the keyring of the operating system. It is never
printed.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from enum import StrEnum

import keyring
import keyring.errors
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.errors import Problem
from server.settings import Settings

KEYRING_SERVICE = "tallystick"
KEY_BYTES = 32


class KeyPlace(StrEnum):
    """Where the data key was found."""

    ENVIRONMENT = "environment"
    FILE = "file"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class DataKey:
    """The installation's key. Only keys derived from it are ever used."""

    secret: bytes = field(repr=False)
    place: KeyPlace

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256): knowing one derived key tells nothing about another."""
        return HKDF(SHA256(), KEY_BYTES, None, f"tallystick {purpose}".encode()).derive(self.secret)


def find_key(settings: Settings) -> DataKey | None:
    """The data key, or None when none of the three places has one.

    Raises Problem when what stands there is not a key, or when others may read the key's file.
    """
    if settings.key_text:
        return DataKey(_parsed(settings.key_text, "TALLYSTICK_KEY"), KeyPlace.ENVIRONMENT)
    if settings.key_file.exists():
        mode = stat.S_IMODE(settings.key_file.stat().st_mode)
        if mode & 0o077:
            raise Problem(
                "key_file_open",
                f"The key's file has mode {mode:04o}: others on this machine may read it. "
                f"Run: chmod 600 {settings.key_file}",
                500,
            )
        return DataKey(_parsed(settings.key_file.read_text("ascii").strip(), "The key's file"), KeyPlace.FILE)
    if settings.key_store == "file":
        return None
    kept = _from_keyring(settings)
    return DataKey(_parsed(kept, "The key in the keyring"), KeyPlace.KEYRING) if kept else None


def make_key(settings: Settings) -> DataKey:
    """Makes the data key of a first start and keeps it: in the keyring when one really works, else in the
    file.
    """
    secret = secrets.token_bytes(KEY_BYTES)
    if settings.key_store != "file" and keyring_works():
        keyring.set_password(KEYRING_SERVICE, str(settings.data_dir), secret.hex())
        return DataKey(secret, KeyPlace.KEYRING)
    if settings.key_store == "keyring":
        raise Problem(
            "no_keyring",
            "No keyring works here. Set TALLYSTICK_KEY_STORE=file to keep the key in a file of mode 0600.",
            500,
        )
    settings.config_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(settings.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Problem(
            "key_being_made", "Another start is making the key right now. Start again.", 503
        ) from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return DataKey(secret, KeyPlace.FILE)


def keyring_works() -> bool:
    """Whether the keyring gives back what is put in: a backend can be present and yet be locked or empty."""
    trial = secrets.token_hex(8)
    try:
        keyring.set_password(KEYRING_SERVICE, "trial", trial)
        given = keyring.get_password(KEYRING_SERVICE, "trial")
        keyring.delete_password(KEYRING_SERVICE, "trial")
    except (keyring.errors.KeyringError, OSError):
        return False
    return given == trial


def _from_keyring(settings: Settings) -> str | None:
    try:
        return keyring.get_password(KEYRING_SERVICE, str(settings.data_dir))
    except (keyring.errors.KeyringError, OSError):
        # No keyring at all is the usual case on a server; a database without its key is said by
        # Database.open.
        return None


def _parsed(text: str, where: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise Problem("key_malformed", f"{where} is not a key: 64 hexadecimal digits are needed.", 500)
    return secret
