"""What can be set, read once from the environment into one frozen value. There are no default secrets.

Every setting is an environment variable that starts with TALLYSTICK_; `Settings.load` names each one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.errors import FieldProblem, Problem

KEY_STORES = ("", "keyring", "file")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this installation keeps its things and how it serves.

    data_dir: database and evidence. config_dir: the key's file, so that a copy of the data is not a copy of
    the key. database_url: empty for SQLCipher in data_dir, else a PostgreSQL URL. key_text: TALLYSTICK_KEY,
    64 hexadecimal digits, or empty. key_store: where a first start puts a new key: "keyring", "file", or ""
    for the keyring where one works and the file otherwise. time_zone: IANA name; the clinic's calendar dates
    are taken in it. evidence_days: after how many days evidence is removed; None keeps all of it.
    """

    data_dir: Path
    config_dir: Path
    database_url: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8750
    time_zone: str = "UTC"
    clinic: str = "This clinic"
    key_text: str = field(default="", repr=False)
    key_store: str = ""
    evidence_days: int | None = None

    @property
    def key_file(self) -> Path:
        """The file of mode 0600 that holds the data key when no keyring does."""
        return self.config_dir / "key"

    @property
    def database_file(self) -> Path:
        """The SQLCipher database of the default set-up."""
        return self.data_dir / "tallystick.db"

    @property
    def evidence_dir(self) -> Path:
        """The folder of encrypted evidence files."""
        return self.data_dir / "evidence"

    @property
    def is_postgresql(self) -> bool:
        """Whether the record lives in PostgreSQL instead of the data folder."""
        return bool(self.database_url)

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.time_zone)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads TALLYSTICK_DATA, _CONFIG, _DATABASE_URL, _HOST, _PORT, _TIME_ZONE, _CLINIC, _KEY, _KEY_STORE
        and _EVIDENCE_DAYS.

        Raises Problem with every setting that is wrong, at once.
        """
        env = os.environ if environ is None else environ
        home = Path(env.get("HOME") or Path.home())
        data_text = env.get("TALLYSTICK_DATA", "")
        data_dir = Path(data_text).expanduser() if data_text else home / ".local/share/tallystick"
        if env.get("TALLYSTICK_CONFIG"):
            config_dir = Path(env["TALLYSTICK_CONFIG"]).expanduser()
        elif data_text:
            config_dir = data_dir.with_name(f"{data_dir.name}-config")
        else:
            config_dir = home / ".config/tallystick"
        problems: list[FieldProblem] = []
        port_text = env.get("TALLYSTICK_PORT", "8750")
        if not (port_text.isascii() and port_text.isdigit() and int(port_text) <= 65535):
            problems.append(
                FieldProblem("TALLYSTICK_PORT", "This is not a port.", "Give a number from 0 to 65535.")
            )
        time_zone = env.get("TALLYSTICK_TIME_ZONE") or machine_time_zone()
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            problems.append(
                FieldProblem(
                    "TALLYSTICK_TIME_ZONE", "No time zone has this name.", "Give one such as America/Chicago."
                )
            )
        database_url = env.get("TALLYSTICK_DATABASE_URL", "")
        if database_url and not database_url.startswith(("postgresql://", "postgresql+psycopg://")):
            problems.append(
                FieldProblem(
                    "TALLYSTICK_DATABASE_URL",
                    "Only a PostgreSQL URL can be set.",
                    "Give postgresql://user@host/name, or leave it empty for the encrypted file in the data "
                    "folder.",
                )
            )
        key_store = env.get("TALLYSTICK_KEY_STORE", "")
        if key_store not in KEY_STORES:
            problems.append(
                FieldProblem(
                    "TALLYSTICK_KEY_STORE", "There is no such place for a key.", "Give keyring or file."
                )
            )
        days_text = env.get("TALLYSTICK_EVIDENCE_DAYS", "").strip()
        days_fit = days_text.isascii() and days_text.isdigit() and 1 <= int(days_text) <= 36500
        if days_text and not days_fit:
            problems.append(
                FieldProblem(
                    "TALLYSTICK_EVIDENCE_DAYS",
                    "This is not a number of days.",
                    "Give a whole number from 1 (HIPAA's six years are 2192), or leave it empty to keep all.",
                )
            )
        if problems:
            raise Problem("settings", "A setting in the environment is wrong.", 500, tuple(problems))
        return cls(
            data_dir=data_dir.absolute(),
            config_dir=config_dir.absolute(),
            database_url=database_url,
            host=env.get("TALLYSTICK_HOST", "127.0.0.1"),
            port=int(port_text),
            time_zone=time_zone,
            clinic=env.get("TALLYSTICK_CLINIC", "This clinic"),
            key_text=env.get("TALLYSTICK_KEY", "").strip(),
            key_store=key_store,
            evidence_days=int(days_text) if days_text else None,
        )


def machine_time_zone(localtime: Path = Path("/etc/localtime")) -> str:
    """The IANA name of the machine's own zone, from where `/etc/localtime` points; UTC when that says
    nothing.
    """
    name = localtime.resolve().as_posix().partition("/zoneinfo/")[2]
    return name or "UTC"
