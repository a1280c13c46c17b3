"""`tallystick audit`: checks and shows the chain of every write and every sight of a patient's record."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from server.cli import FINDINGS, FINE
from server.db.session import Database
from server.db.tables import AuditEntry
from server.security import audit
from server.settings import Settings


@click.group()
def command() -> None:
    """Checks and shows the audit chain.

    Example: tallystick audit verify
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(as_json: bool) -> int:
    """Checks every entry, the chain's end, and every evidence file.

    Example: tallystick audit verify

    Exit codes: 0 all is as it was written, 1 something was changed, removed, reordered or cut off.
    """
    database = Database.open(Settings.load())
    try:
        with database.read() as session:
            seen = audit.verify(session)
    finally:
        database.dispose()
    if as_json:
        findings = [{"entry": f.seq, "kind": f.kind, "message": f.message} for f in seen.findings]
        click.echo(
            json.dumps(
                {
                    "whole": not findings,
                    "entries": seen.entries,
                    "evidence_files": seen.evidence_files,
                    "findings": findings,
                },
                indent=2,
            )
        )
    elif seen.findings:
        table = Table("Entry", "Kind", "What is wrong")
        for finding in seen.findings:
            table.add_row(str(finding.seq or ""), finding.kind, finding.message)
        console = Console()
        console.print(table)
        console.print("Keep a copy of the data folder as it is, and restore the last backup that verifies.")
    else:
        click.echo(
            f"{seen.entries} entries and {seen.evidence_files} evidence files are as they were written."
        )
    return FINDINGS if seen.findings else FINE


@command.command()
@click.option("--subject", help='Only about this, such as "authorization:12".')
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many, newest."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def show(subject: str | None, limit: int, as_json: bool) -> int:
    """Shows the newest entries, oldest of them first.

    Example: tallystick audit show --subject authorization:12
    """
    wanted = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    if subject is not None:
        wanted = wanted.where(AuditEntry.subject == subject)
    database = Database.open(Settings.load())
    try:
        with database.read() as session:
            entries = list(reversed(session.scalars(wanted).all()))
    finally:
        database.dispose()
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "seq": entry.seq,
                        "at": entry.at.isoformat(),
                        "actor": entry.actor,
                        "action": entry.action,
                        "subject": entry.subject,
                        "detail": entry.detail,
                    }
                    for entry in entries
                ],
                indent=2,
            )
        )
        return FINE
    table = Table("Entry", "When (UTC)", "Who", "What", "About", "More")
    for entry in entries:
        more = ", ".join(f"{name}={value}" for name, value in entry.detail.items())
        table.add_row(
            str(entry.seq), f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.action, entry.subject, more
        )
    Console().print(table)
    return FINE
