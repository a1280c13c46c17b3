"""`tallystick nightly`: looks at every authorization that is due, now."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from automation.browser import NoBrowser, has_display, started_browser, window
from automation.people import CodeAsked
from portal_profiles.profile import PUSH
from server import log
from server.actions.start_run import ATTENDED, CHECK_NOW, NIGHTLY
from server.cli import COULD_NOT, FINDINGS, FINE
from server.db.session import Database
from server.errors import Problem
from server.jobs import nightly
from server.settings import Settings

#: So many ids are listed for each portal; --json lists them all.
SHOWN = 10


@click.command("nightly")
@click.option("--portal", metavar="SLUG", help="Only this portal.")
@click.option(
    "--authorization", "authorization_id", type=int, metavar="ID", help="Only this authorization, due or not."
)
@click.option(
    "--attended", is_flag=True, help="Opens a window in which you sign in by hand; the robot reads on in it."
)
@click.option("--dry-run", is_flag=True, help="Say what is due, and look at nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def command(
    portal: str | None, authorization_id: int | None, attended: bool, dry_run: bool, as_json: bool
) -> int:
    """Signs in to each portal and looks at every authorization that is due.

    Goes on where a stopped pass was left. Ctrl-C stops it; what was seen stays. With --attended (and
    --portal) you sign in by hand, with your code and whatever else is asked, in a window that opens here.

    Exit codes: 0 all were read, 1 something needs a person or was not read, 3 none could be looked at.

    Example: tallystick nightly --portal example_payer
    """
    if attended and portal is None:
        raise click.UsageError("--attended goes with --portal SLUG: you sign in to one portal at a time.")
    if attended and not has_display():
        raise Problem(
            "no_display",
            "There is no display here to open a window on. Run this on the machine at which you sit, with "
            "the same settings (TALLYSTICK_DATABASE_URL, TALLYSTICK_KEY), or allow windows here (ssh -X).",
            503,
        )
    log.configure()
    database = Database.open(Settings.load())
    try:
        if dry_run:
            return _say_what_is_due(database, portal, authorization_id, as_json)
        return _run(database, portal, authorization_id, as_json, attended=attended)
    finally:
        database.dispose()


def exit_code(summary: nightly.Summary) -> int:
    """0 when every item was read and needs nobody, 3 when there were items and none was looked at, else 1."""
    ledger = summary.ledger
    if ledger.due == 0 or (ledger.outcomes["read"] == ledger.due and summary.persons == 0):
        return FINE
    return FINDINGS if summary.looked else COULD_NOT


def _say_what_is_due(
    database: Database, portal: str | None, authorization_id: int | None, as_json: bool
) -> int:
    due = nightly.what_is_due(database, datetime.now(UTC), (portal,) if portal else None, authorization_id)
    if as_json:
        click.echo(json.dumps({"due": due.count, "by_portal": due.by_portal}, indent=2))
        return FINE
    click.echo(f"{due.count} due")
    for slug, ids in due.by_portal.items():
        more = ", …" if len(ids) > SHOWN else ""
        click.echo(f"  {slug}: {len(ids)} (authorizations {', '.join(map(str, ids[:SHOWN]))}{more})")
    return FINE


def _run(
    database: Database, portal: str | None, authorization_id: int | None, as_json: bool, *, attended: bool
) -> int:
    kind = CHECK_NOW if authorization_id is not None else NIGHTLY
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[what]}"), console=console) as bars:
        shown: dict[str, TaskID] = {}

        def told(step: nightly.Progress) -> None:
            if step.portal not in shown:
                shown[step.portal] = bars.add_task(step.portal, total=step.total, what="")
            what = (step.outcome or step.what).replace("_", " ")
            if step.asked is not None:
                bars.console.print(_asked_of_a_person(step.asked, database.settings))
            if step.until is not None:
                until = f"{step.until.astimezone(database.settings.zone):%H:%M}"
                bars.console.print(f"{step.portal} needs you in its window, until {until}.")
            bars.update(shown[step.portal], completed=step.done, what=what)

        try:
            summary = asyncio.run(
                nightly.night(
                    database,
                    actor="command line",
                    kind=ATTENDED if attended else kind,
                    portals=(portal,) if portal else None,
                    authorization_id=authorization_id,
                    on_progress=told,
                    browsers=window if attended else started_browser,
                )
            )
        except NoBrowser as error:
            raise Problem("no_browser", str(error), 503) from error
        except nightly.LeaseLost as lost:
            raise Problem("lease_lost", str(lost), 409) from lost
        except KeyboardInterrupt:
            raise Problem(
                "stopped", "Stopped. What was seen is kept; the next pass goes on with the rest.", 409
            ) from None
    _report(summary, as_json)
    return exit_code(summary)


def _asked_of_a_person(asked: CodeAsked, settings: Settings) -> str:
    """What somebody must do now so that the pass goes on, until when, and where."""
    until = f"{asked.until.astimezone(settings.zone):%H:%M}"
    if asked.method == PUSH:
        choose = f" Choose {asked.number} there." if asked.number else ""
        return f"{asked.portal} waits until {until} for approval on the account's telephone.{choose}"
    again = "The portal refused the code that was given. " if asked.again else ""
    return (
        f"{again}{asked.portal} has sent a code ({asked.method}) and waits until {until}: "
        f"enter it in the dashboard, under http://{settings.host}:{settings.port}/codes (tallystick serve)."
    )


def _report(summary: nightly.Summary, as_json: bool) -> None:
    ledger = summary.ledger
    if as_json:
        shown = {
            "run": summary.run_id,
            "due": ledger.due,
            "outcomes": dict(ledger.outcomes),
            "left": ledger.left,
            "needs_a_person": summary.persons,
        }
        click.echo(json.dumps(shown, indent=2))
        return
    if summary.run_id is None:
        click.echo("Nothing is due.")
        return
    table = Table(title=f"Run {summary.run_id}: {ledger.due} due")
    table.add_column("Outcome")
    table.add_column("Authorizations", justify="right")
    for outcome, count in ledger.outcomes.most_common():
        table.add_row(outcome.replace("_", " "), str(count))
    if ledger.left:
        table.add_row("left for the next pass", str(ledger.left))
    Console().print(table)
    click.echo(f"{summary.persons} on the worklist." if summary.persons else "Nothing needs a person.")
