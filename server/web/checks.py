"""Checks: a claim file held against the record before it is billed, and what was compared lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any

from sqlalchemy import select
from werkzeug.wrappers import Response

from server.actions.check_claim import CheckedClaim, CheckedLine, Tally, check_claim
from server.actions.override_finding import Ending
from server.context import context
from server.db import queries
from server.db.tables import CheckRecord
from server.errors import Problem
from server.interchange.claims import Claim
from server.interchange.claims_837 import ClaimReader
from server.interchange.x12 import ReadProblem
from server.matching.finding import Finding, Severity, Verdict
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import page, web
from server.web.upload import LIMIT, LIMIT_TEXT, uploaded

#: Claims checked in one write session: others wait for no longer than these take.
_BATCH = 50
RECENT = 50
#: Verdict -> tone and word, the most pressing first.
VERDICTS = {
    Verdict.MISMATCH: ("bad", "Would be denied"),
    Verdict.CAUTION: ("warn", "Look at it"),
    Verdict.UNDETERMINED: ("", "Not decided"),
    Verdict.NO_AUTHORIZATION: ("warn", "None on file"),
    Verdict.MATCH: ("good", "Match"),
}
#: How an override ended -> tone and word; None: the payer has not answered.
ENDINGS: dict[str | None, tuple[str, str]] = {
    Ending.ACCEPTED.value: ("good", "The payer went along"),
    Ending.OTHERWISE.value: ("warn", "Approved otherwise"),
    Ending.REFUSED.value: ("bad", "The payer refused"),
    None: ("wait", "Not answered yet"),
}


@web.get("/checks")
@needs(Role.VIEWER)
def checks() -> Response:
    """Where a claim file is chosen, and the newest checks of every checkpoint."""
    return _checks()


@web.post("/checks/claims")
@needs(Role.BILLER, body_limit=LIMIT)
def check_claims() -> Response:
    """Checks each line of an 837 file. The file is not kept, only what was compared."""
    known, actor = context(), current_actor()
    try:
        name, content = uploaded("claims")
    except Problem as problem:
        return _checks(problem.status, problem.message)
    tally, checked = Tally(), list[CheckedClaim]()
    reader = ClaimReader(BytesIO(content))
    for batch in _batches(reader):
        with known.database.write(actor.label) as db:
            checked += [
                check_claim(db, claim, actor.label, known.clock(), known.today(), tally) for claim in batch
            ]
    problems = [*reader.problems, *(problem for done in checked for problem in done.claim.problems)]
    if not checked:
        said = " ".join(f"{p.message} {p.remedy}" for p in problems[:3])
        return _checks(422, f"There is no claim in this file. {said}")
    lines = [line for done in checked for line in done.lines]
    return page(
        "claims.html",
        "checks",
        name=name,
        claims=len(checked),
        lines=len(lines),
        counts=[
            (word, sum(line.verdict is verdict for line in lines)) for verdict, (_, word) in VERDICTS.items()
        ],
        rows=sorted((row for done in checked for row in _rows(done)), key=lambda row: row["order"]),
        uncovered=[text for done in checked if (text := _uncovered(done))],
        problems=_folded(problems),
    )


def _checks(status: int = 200, wrong: str | None = None) -> Response:
    with context().database.read() as db:
        recent = db.scalars(select(CheckRecord).order_by(CheckRecord.id.desc()).limit(RECENT)).all()
        passed_over = queries.overrides(db, RECENT)
        endings = queries.override_endings(db)
    return page(
        "checks.html",
        "checks",
        status,
        checks=[(record, _counted(record.findings)) for record in recent],
        overrides=[(row, record.findings[row.position]) for row, record in passed_over],
        endings=[(tone, word, endings.get(key, 0)) for key, (tone, word) in ENDINGS.items()],
        ending_words=ENDINGS,
        wrong=wrong,
        limit=LIMIT_TEXT,
        may_check=current_actor().may(Role.BILLER),
    )


def _batches(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    rest = iter(claims)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _counted(findings: Sequence[dict[str, Any]]) -> str:
    counts = Counter(finding["severity"] for finding in findings)
    told = [("denial", "would deny"), ("caution", "to look at"), ("allowed", "allowed by rule")]
    return ", ".join(f"{counts[severity]} {word}" for severity, word in told if counts[severity])


def _is_uncovered(line: CheckedLine) -> bool:
    """Nothing on file, and no number on the claim that says there should be."""
    return line.verdict is Verdict.NO_AUTHORIZATION and line.service.reference_number is None


def _code(line: CheckedLine) -> str:
    return " ".join([line.line.code or line.line.revenue_code or "no code", *line.line.modifiers])


def _uncovered(done: CheckedClaim) -> str:
    """A claim's lines without an authorization in one text; empty when every line has one."""
    told = ", ".join(f"{line.line.number} ({_code(line)})" for line in done.lines if _is_uncovered(line))
    return f"Claim {done.claim.id or 'without a number'}, line {told}" if told else ""


def _rows(done: CheckedClaim) -> Iterator[dict[str, Any]]:
    """A row for each finding that somebody must act on, and one for a line that could not be decided."""
    claim = done.claim.id or "no number"
    for finding in done.findings:
        yield _row(claim, None, Verdict.MISMATCH, finding)
    for line in done.lines:
        if _is_uncovered(line):
            continue
        told = [finding for finding in line.findings if finding.severity is not Severity.ALLOWED]
        for finding in told:
            softer = line.verdict is Verdict.MISMATCH and finding.severity is Severity.CAUTION
            yield _row(claim, line, Verdict.CAUTION if softer else line.verdict, finding)
        if not told and line.verdict is not Verdict.MATCH:
            yield _row(claim, line, line.verdict, None)


def _row(claim: str, line: CheckedLine | None, verdict: Verdict, finding: Finding | None) -> dict[str, Any]:
    tone, word = VERDICTS[verdict]
    return {
        "order": list(VERDICTS).index(verdict),
        "claim": claim,
        "line": line.line.number if line is not None else None,
        "code": _code(line) if line is not None else "",
        "day": line.service.date_from if line is not None else None,
        "authorization_id": line.authorization_id if line is not None else None,
        "tone": tone,
        "word": word,
        "what": finding.message if finding is not None else "Too little is known to decide.",
        "approved": finding.approved if finding is not None else None,
        "claimed": finding.entered if finding is not None else None,
        "next_step": finding.next_step if finding is not None else "Complete the line or the record.",
        "carc": finding.carc if finding is not None else None,
    }


def _folded(problems: Iterable[ReadProblem]) -> list[str]:
    """Each kind of problem once, with its first place and how often it came."""
    counts = Counter(problem.message for problem in problems)
    first: dict[str, ReadProblem] = {}
    for problem in problems:
        first.setdefault(problem.message, problem)
    return [
        (f"Claim {problem.claim}: " if problem.claim else "")
        + problem.as_text()
        + (f" And {counts[message] - 1} more of this kind." if counts[message] > 1 else "")
        for message, problem in first.items()
    ]
