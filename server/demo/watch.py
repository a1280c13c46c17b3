"""One pass shown live in the terminal: a bar for each portal, and how each look ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from automation.people import CodeAsked
from server.db.session import Database
from server.jobs.nightly import Progress as Step
from server.jobs.nightly import Summary, night
from server.web.words import portal_name, words

DOING = {
    "signing_in": "signing in",
    "signed_in": "signed in",
    "looking": "looking",
    "waiting": "waiting a little",
    "waiting_for_a_person": "waiting for a code",
}


def run_pass(
    database: Database, actor: str, console: Console, on_code: Callable[[CodeAsked], None]
) -> Summary:
    """Looks at everything that is due, drawing its progress, and gives the summary.

    on_code: told when a portal has sent a code to a person, for which the pass waits.
    """
    bars: dict[str, TaskID] = {}
    outcomes: dict[str, Counter[str]] = {}
    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}"),
    )
    with Progress(*columns, console=console) as drawn:

        def step(told: Step) -> None:
            if told.asked is not None:
                on_code(told.asked)
            if told.portal not in bars:
                name = portal_name(told.portal)
                bars[told.portal] = drawn.add_task(name, total=told.total, doing="")
                outcomes[told.portal] = Counter()
            if told.outcome is not None:
                outcomes[told.portal][told.outcome] += 1
            ended = ", ".join(f"{count} {words(kind)}" for kind, count in outcomes[told.portal].items())
            drawn.update(
                bars[told.portal],
                completed=told.done,
                total=told.total,
                doing=DOING.get(told.what) if told.what in DOING and not ended else ended,
            )

        return asyncio.run(night(database, actor=actor, on_progress=step))
