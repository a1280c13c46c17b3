"""`tallystick backup`: one encrypted copy of everything but the key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from server.actions.backup import make_backup
from server.cli import FINE
from server.db.session import Database
from server.settings import Settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(file: Path, as_json: bool) -> int:
    """Writes the database and the evidence to FILE, encrypted; the server may go on.

    The key is not in it: keep a copy of the key elsewhere, or the backup can't be read.

    Example: tallystick backup /mnt/backups/tallystick-2026-11-02.backup
    """
    database = Database.open(Settings.load())
    try:
        report = make_backup(database, file.absolute(), "command line", datetime.now(UTC))
    finally:
        database.dispose()
    if as_json:
        click.echo(
            json.dumps(
                {"file": str(report.path), "bytes": report.size, "evidence_files": report.evidence_files}
            )
        )
    else:
        click.echo(f"{report.size} bytes with {report.evidence_files} evidence files. The key is not in it.")
    return FINE
