"""`tallystick scrub`: claims checked before they are billed."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.actions.check_claim import CheckedClaim, CheckedLine, Tally, check_claim
from server.actions.check_service import finding_json
from server.cli import COULD_NOT, FINDINGS, FINE
from server.context import utc_now
from server.db.session import Database
from server.interchange.claims import Claim
from server.interchange.claims_837 import ClaimReader
from server.interchange.x12 import ReadProblem
from server.matching.finding import Finding, Severity, Verdict
from server.settings import Settings

#: Claims checked in one write session: others wait for no longer than these take.
_BATCH = 50
_WIDTH_OFF_TERMINAL = 170

_SHOWN = {
    Verdict.MATCH: ("match", "green"),
    Verdict.CAUTION: ("look at it", "yellow"),
    Verdict.MISMATCH: ("would be denied", "bold red"),
    Verdict.NO_AUTHORIZATION: ("none on file", "cyan"),
    Verdict.UNDETERMINED: ("not decided", "magenta"),
}


@dataclass(frozen=True, slots=True)
class ScrubbedFile:
    """One file: its claims with their answers, and all that could not be read of the file and its claims."""

    file: Path
    claims: tuple[CheckedClaim, ...]
    problems: tuple[ReadProblem, ...]

    def to_json(self) -> dict[str, object]:
        """{"file", "claims", "problems"}: see the command's help."""
        return {
            "file": str(self.file),
            "claims": [_claim_json(checked) for checked in self.claims],
            "problems": [problem.to_json() for problem in self.problems],
        }


@click.command("scrub")
@click.argument("claims", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The clinic's date to judge by; the day it is there when not given.",
)
def command(claims: tuple[Path, ...], as_json: bool, today: datetime | None) -> int:
    """Checks each service line of X12 837 claim files against the authorizations on file.

    Shows every line that is not clear: what differs, what to do, and the likely denial (CARC). A claim that
    can't be read whole is still checked, and what could not be read is listed with its place in the file.

    \b
    Example: tallystick scrub claims.837
             tallystick scrub --json *.837 > findings.json

    \b
    Exit codes:
      0  nothing would be denied (lines without an authorization on file are listed: whether the payer
         requires one is not known)
      1  something would be denied
      2  the command was called wrongly
      3  a file could not be read, or no file held a claim

    \b
    JSON: {"files": [{"file", "claims": [{"claim", "lines": [{"line", "code", "verdict",
           "authorization_id", "findings", ...}], "verdict", "findings"}], "problems"}]}
    """
    settings = Settings.load()
    now = utc_now()
    day = today.date() if today else now.astimezone(settings.zone).date()
    database = Database.open(settings)
    try:
        files = [_scrub(database, path, now, day) for path in claims]
    finally:
        database.dispose()
    if as_json:
        click.echo(json.dumps({"files": [file.to_json() for file in files]}, indent=2))
    else:
        _show(files)
    if any(checked.would_be_denied for file in files for checked in file.claims):
        return FINDINGS
    unread = any(not file.claims and _is_unreadable(file) for file in files)
    return COULD_NOT if unread or not any(file.claims for file in files) else FINE


def _scrub(database: Database, path: Path, now: datetime, today: date) -> ScrubbedFile:
    actor = f"{getpass.getuser()} (command line)"
    tally = Tally()
    done: list[CheckedClaim] = []
    try:
        with path.open("rb") as stream:
            reader = ClaimReader(stream)
            for batch in _batches(reader):
                with database.write(actor) as session:
                    done += [check_claim(session, claim, actor, now, today, tally) for claim in batch]
            problems = [*reader.problems, *(p for checked in done for p in checked.claim.problems)]
    except OSError as error:
        problems = [ReadProblem(f"The file could not be read: {error.strerror}", "Check name and rights.")]
    return ScrubbedFile(path, tuple(done), tuple(problems))


def _batches(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    rest = iter(claims)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _is_unreadable(file: ScrubbedFile) -> bool:
    """No claims, and not because it is another transaction that was read well."""
    return not any(problem.place and problem.place.segment_id == "ST" for problem in file.problems)


def _claim_json(checked: CheckedClaim) -> dict[str, object]:
    claim = checked.claim
    of_lines = [
        {**finding_json(finding), "claim_line": line.line.number}
        for line in checked.lines
        for finding in line.findings
    ]
    return {
        "claim": claim.id,
        "kind": claim.kind.value if claim.kind else None,
        "frequency": claim.frequency,
        "type_of_bill": claim.type_of_bill,
        "payer_id": claim.payer_id,
        "lines": [_line_json(claim, line) for line in checked.lines],
        "verdict": checked.verdict.value,
        "findings": [{**finding_json(f), "claim_line": None} for f in checked.findings] + of_lines,
    }


def _line_json(claim: Claim, checked: CheckedLine) -> dict[str, object]:
    line, service = checked.line, checked.service
    last = service.date_to or service.date_from
    return {
        "line": line.number,
        "code": line.code,
        "modifiers": list(line.modifiers),
        "revenue_code": line.revenue_code,
        "ndc": line.ndc,
        "units": _number(line.quantity),
        "unit": line.unit.value if line.unit else None,
        "unit_code": line.unit_code,
        "date_from": service.date_from.isoformat() if service.date_from else None,
        "date_to": last.isoformat() if last else None,
        "pos": service.place_of_service,
        "diagnoses": list(service.diagnoses),
        "rendering_npi": service.rendering_npi,
        "billing_npi": service.billing_npi,
        "facility_npi": service.facility_npi,
        "reference_number": line.reference_number or claim.reference_number,
        "referral_number": line.referral_number or claim.referral_number,
        "verdict": checked.verdict.value,
        "authorization_id": checked.authorization_id,
        "findings": [finding_json(finding) for finding in checked.findings],
    }


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _show(files: list[ScrubbedFile]) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OFF_TERMINAL, highlight=False)
    for file in files:
        rows = [row for checked in file.claims for row in _rows(checked)]
        if rows:
            table = Table(title=Text(str(file.file)), title_justify="left", title_style="bold")
            for heading in ("Claim", "Line", "Code", "Date", "Verdict"):
                table.add_column(heading, no_wrap=True)
            table.add_column("What differs", ratio=3)
            table.add_column("Next step", ratio=3)
            table.add_column("CARC", no_wrap=True)
            for row in rows:
                table.add_row(*row)
            console.print(table)
        elif file.claims:
            console.print(Text(f"{file.file}: {_counted(file.claims, 'claim')}, nothing that differs."))
        uncovered = [text for checked in file.claims for text in _uncovered(checked)]
        if uncovered:
            console.print(Text("No authorization on file; whether one is required is not known:", "cyan"))
            for text in uncovered:
                console.print(Text(f"  {text}"))
        if file.problems:
            console.print(Text("Could not be read as it should be:", "yellow"))
            for text in _folded(file):
                console.print(Text(f"  {text}"))
    console.print(Text(_summary(files)))


def _is_uncovered(line: CheckedLine) -> bool:
    """Nothing on file, and no number on the claim that says there should be."""
    return line.verdict is Verdict.NO_AUTHORIZATION and line.service.reference_number is None


def _uncovered(checked: CheckedClaim) -> Iterator[str]:
    """One text for a claim's lines without an authorization."""
    lines = [line for line in checked.lines if _is_uncovered(line)]
    if lines:
        told = ", ".join(f"{line.line.number} ({_code(line)})" for line in lines)
        yield f"claim {checked.claim.id or '(no number)'}, line {told}"


def _code(line: CheckedLine) -> str:
    return " ".join([line.line.code or line.line.revenue_code or "no code", *line.line.modifiers])


def _rows(checked: CheckedClaim) -> Iterator[list[Text]]:
    claim_id = checked.claim.id or "(no number)"
    for finding in checked.findings:
        yield _row(claim_id, "", "", "", Verdict.MISMATCH, finding)
    for line in checked.lines:
        if _is_uncovered(line):
            continue
        day = line.service.date_from
        place = (claim_id, str(line.line.number), _code(line), day.isoformat() if day else "")
        told = [finding for finding in line.findings if finding.severity is not Severity.ALLOWED]
        for finding in told:
            yield _row(*place, line.verdict, finding)
        if not told and line.verdict is not Verdict.MATCH:
            step = "Complete the line or the record."
            yield _texts(*place, line.verdict, "Too little is known to decide.", step, "")


def _row(claim: str, line: str, code: str, day: str, verdict: Verdict, finding: Finding) -> list[Text]:
    values = [
        f"{word} {value}"
        for word, value in [("approved", finding.approved), ("claimed", finding.entered)]
        if value
    ]
    told = f" ({', '.join(values)})" if values else ""
    if verdict is Verdict.MISMATCH and finding.severity is Severity.CAUTION:
        verdict = Verdict.CAUTION
    return _texts(
        claim, line, code, day, verdict, finding.message + told, finding.next_step, finding.carc or ""
    )


def _texts(
    claim: str, line: str, code: str, day: str, verdict: Verdict, what: str, step: str, carc: str
) -> list[Text]:
    word, style = _SHOWN[verdict]
    return [
        *(Text(cell) for cell in (claim, line, code, day)),
        Text(word, style=style),
        *(Text(cell) for cell in (what, step, carc)),
    ]


def _folded(file: ScrubbedFile) -> Iterator[str]:
    """Each kind of problem once, with its first place and how often it came."""
    first: dict[str, tuple[ReadProblem, int]] = {}
    for problem in file.problems:
        kept, count = first.get(problem.message, (problem, 0))
        first[problem.message] = (kept, count + 1)
    for problem, count in first.values():
        of = f"claim {problem.claim}" if problem.claim else str(file.file)
        more = f" And {count - 1} more of this kind." if count > 1 else ""
        yield f"{of}: {problem.as_text()}{more}"


def _summary(files: list[ScrubbedFile]) -> str:
    claims = [checked for file in files for checked in file.claims]
    lines = [line for checked in claims for line in checked.lines]
    denied = sum(line.would_be_denied for line in lines)
    by_verdict = {verdict: sum(line.verdict is verdict for line in lines) for verdict in Verdict}
    problems = sum(len(file.problems) for file in files)
    return (
        f"{_counted(files, 'file')}, {_counted(claims, 'claim')}, {_counted(lines, 'line')}: "
        f"{denied} would be denied, "
        f"{by_verdict[Verdict.CAUTION]} to look at, {by_verdict[Verdict.MATCH]} match, "
        f"{by_verdict[Verdict.NO_AUTHORIZATION]} without an authorization on file, "
        f"{by_verdict[Verdict.UNDETERMINED]} not decided; {_counted(range(problems), 'problem')} in reading."
    )


def _counted(things: Sized, word: str) -> str:
    return f"{len(things)} {word}" if len(things) == 1 else f"{len(things)} {word}s"
