"""`tallystick restore`: puts a backup in the place of the present record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from server.actions.restore import restore_backup
from server.cli import FINE
from server.settings import Settings


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(file: Path, as_json: bool) -> int:
    """Restores FILE after checking its audit chain and every evidence file. Stop the server first.

    What is there now is kept aside and never deleted.

    Example: tallystick restore /mnt/backups/tallystick-2026-11-02.backup
    """
    report = restore_backup(Settings.load(), file, "command line", datetime.now(UTC))
    if as_json:
        click.echo(
            json.dumps(
                {
                    "kept_aside": report.aside,
                    "audit_entries": report.entries,
                    "evidence_files": report.evidence_files,
                }
            )
        )
        return FINE
    click.echo(
        f"Restored: {report.entries} audit entries and {report.evidence_files} evidence files, all checked."
    )
    if report.aside:
        click.echo(f"What was there before is kept in: {report.aside}")
    return FINE
