"""`tallystick payer-rules`: what a payer's published practice allows, as data with source and date."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import select

from server.actions.save_payer_rules import save_payer_rules
from server.context import utc_now
from server.db.session import Database
from server.db.tables import PayerRule
from server.interchange.payer_rules import read_payer_rules
from server.settings import Settings


@click.group("payer-rules")
def command() -> None:
    """Payers' published practices: without a row here every comparison is strict.

    Example: tallystick payer-rules import rules.toml
    """


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_(file: Path, as_json: bool) -> None:
    """Keeps every [[rule]] of a TOML file; one mistake and nothing is kept.

    Example: tallystick payer-rules import rules.toml
    """
    rules = read_payer_rules(file)
    database = Database.open(Settings.load())
    actor = f"{getpass.getuser()} (command line)"
    with database.write(actor) as session:
        saved = save_payer_rules(session, rules, actor, utc_now())
    database.dispose()
    if as_json:
        click.echo(json.dumps(asdict(saved)))
    else:
        click.echo(f"{saved.created} new, {saved.updated} changed, {saved.unchanged} as they were.")
        if saved.moved:
            click.echo(f"{saved.moved} authorizations are looked up on another portal now.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(as_json: bool) -> None:
    """Shows every rule that is kept.

    Example: tallystick payer-rules list --json
    """
    database = Database.open(Settings.load())
    with database.read() as session:
        rows = [
            {
                "name": row.name,
                "payer_id": row.payer_id,
                "plan": row.plan,
                "kind": row.kind,
                "data": row.data,
                "source": row.source,
                "source_date": row.source_date.isoformat(),
            }
            for row in session.scalars(select(PayerRule).order_by(PayerRule.payer_id, PayerRule.name))
        ]
    database.dispose()
    if as_json:
        click.echo(json.dumps({"rules": rows}))
        return
    for row in rows:
        click.echo(f"{row['payer_id']}  {row['name']}  {row['kind']}  {row['data']}  {row['source']}")
    if not rows:
        click.echo("No payer rule is kept: every comparison is strict.")
