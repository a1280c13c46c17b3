"""`tallystick import`: takes a clinic's own list of authorizations into the record."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from server.actions.import_authorizations import ImportReport, import_authorizations
from server.cli import COULD_NOT, FINDINGS, FINE
from server.db.session import Database
from server.errors import FieldProblem
from server.interchange.authorization_rows import OwnNames, read_own_names
from server.interchange.column_names import HEADERS
from server.interchange.spreadsheet import open_table
from server.settings import Settings

SHOWN = 40


@click.command("import", epilog=f"Fields of a mapping file: {', '.join(HEADERS)}.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--partial", is_flag=True, help="Import the good rows although others are bad.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file for columns and words that are not found by their usual names.",
)
@click.option("--sheet", help="Which sheet of a workbook; the first with rows otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--actor", default="command line", help="Who does it, for the audit chain.")
def command(
    file: Path,
    dry_run: bool,
    partial: bool,
    mapping: Path | None,
    sheet: str | None,
    as_json: bool,
    actor: str,
) -> int:
    """Imports authorizations from FILE (CSV, XLSX, XLS or ODS).

    Nothing is imported while a row is bad, unless --partial. The same file again changes nothing.

    \b
    Example: tallystick import approvals.xlsx --dry-run
             tallystick import approvals.csv --mapping ours.toml
    \b
    ours.toml:
        [columns]
        "Our own header" = "member_id"
        [defaults]
        determination = "approved"
        [words.determination]
        "OK'd" = "approved"
        [dates]
        order = "day_first"

    Exit codes: 0 all rows are good, 1 some are bad, 3 the file could not be used.
    """
    own = read_own_names(mapping) if mapping else OwnNames()
    table = open_table(file, sheet)
    with file.open("rb") as opened:
        file_digest = hashlib.file_digest(opened, "sha256").hexdigest()
    database = Database.open(Settings.load())
    console = Console(stderr=True)
    try:
        with (
            Progress(
                TextColumn("{task.completed} rows"),
                TimeElapsedColumn(),
                console=console,
                disable=as_json,
                transient=True,
            ) as bar,
            database.write(actor) as session,
        ):
            task = bar.add_task("rows", total=None)
            report = import_authorizations(
                session,
                table,
                actor,
                datetime.now(UTC),
                own=own,
                file_digest=file_digest,
                partial=partial,
                dry_run=dry_run,
                progress=lambda rows: bar.update(task, completed=rows),
            )
    finally:
        database.dispose()
    if as_json:
        click.echo(json.dumps(report_json(report), indent=2))
    else:
        _print(report, dry_run=dry_run, partial=partial)
    if report.rows == 0:
        return COULD_NOT
    return FINDINGS if report.bad_rows else FINE


def report_json(report: ImportReport) -> dict[str, object]:
    """The report as JSON; problems and warnings as in every error of the API."""
    return {
        "committed": report.committed,
        "rows": report.rows,
        "bad_rows": report.bad_rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "columns": dict(report.columns),
        "ignored_columns": list(report.ignored),
        "problem_count": report.problem_count,
        "problems": [_field_json(problem) for problem in report.problems],
        "warning_count": report.warning_count,
        "warnings": [_field_json(warning) for warning in report.warnings],
    }


def _field_json(problem: FieldProblem) -> dict[str, object]:
    return {
        "row": problem.row,
        "field": problem.field,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _print(report: ImportReport, *, dry_run: bool, partial: bool) -> None:
    console = Console()
    _print_fields(console, "Bad rows", report.problems, report.problem_count)
    _print_fields(console, "Warnings", report.warnings, report.warning_count)
    if report.ignored:
        console.print(f"Columns that mean nothing here: {', '.join(report.ignored)}", markup=False)
    would = "" if report.committed else "would be "
    console.print(
        f"{report.rows} rows: {would}{report.created} created, {report.updated} updated, "
        f"{report.unchanged} unchanged authorizations; {report.bad_rows} bad rows."
    )
    if dry_run:
        console.print("Dry run: nothing was imported.")
    elif not report.committed:
        console.print("Nothing was imported. Correct the rows above, or import the good ones with --partial.")
    elif report.bad_rows and partial:
        console.print("The good rows were imported. Correct the others and import the file again.")


def _print_fields(console: Console, title: str, problems: list[FieldProblem], count: int) -> None:
    if not problems:
        return
    table = Table("Row", "Field", "What is wrong", "What to do", title=title, title_justify="left")
    for problem in problems[:SHOWN]:
        table.add_row(str(problem.row or ""), problem.field, problem.message, problem.remedy)
    console.print(table)
    if count > SHOWN:
        console.print(f"... and {count - SHOWN} more (--json shows up to {max(len(problems), SHOWN)}).")
