"""`tallystick evidence`: what is kept of the portals' pages, and for how long."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict

import click

from server.actions.remove_evidence import SIX_YEARS_IN_DAYS, remove_evidence
from server.cli import FINE
from server.context import utc_now
from server.db.session import Database
from server.errors import Problem
from server.settings import Settings


@click.group()
def command() -> None:
    """Pictures, letters and texts of the portals' pages, kept encrypted.

    Example: tallystick evidence remove --dry-run
    """


@command.command()
@click.option(
    "--older-than", "days", type=click.IntRange(min=1), metavar="DAYS",
    help="Days to keep, instead of TALLYSTICK_EVIDENCE_DAYS.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def remove(days: int | None, dry_run: bool, as_json: bool) -> int:
    """Deletes the files of evidence older than the clinic keeps; the server does so daily.

    Without TALLYSTICK_EVIDENCE_DAYS everything is kept. HIPAA asks that documentation be kept six years from
    its making (45 CFR 164.316(b)(2)(i): 2192 days); state law and payers' contracts may ask for longer. What
    an open task or a waiting reading rests on is never removed. Each removal is an entry on the audit chain.
    Backups that were made before still hold the files.

    Example: tallystick evidence remove --older-than 2192 --dry-run
    """
    settings = Settings.load()
    days = days or settings.evidence_days
    if days is None:
        raise Problem(
            "no_retention", "Everything is kept: set TALLYSTICK_EVIDENCE_DAYS, or give --older-than.", 409
        )
    database = Database.open(settings)
    try:
        removed = remove_evidence(
            database, days, f"{getpass.getuser()} (command line)", utc_now(), dry_run=dry_run
        )
    finally:
        database.dispose()
    if as_json:
        click.echo(json.dumps({**asdict(removed), "days": days, "dry_run": dry_run}))
        return FINE
    verb = "would be removed" if dry_run else "removed"
    click.echo(
        f"{removed.count} files, {removed.size} bytes: {verb}. Kept for open work: {removed.kept_back}."
    )
    if days < SIX_YEARS_IN_DAYS:
        click.echo("That is less than the six years of 45 CFR 164.316(b)(2)(i).")
    return FINE
