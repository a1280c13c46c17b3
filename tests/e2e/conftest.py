"""What the browser tests print at the end of a run, and how long they wait for what must come."""

from __future__ import annotations

import json

from _pytest.terminal import TerminalReporter
from playwright.sync_api import expect

# How soon a page answers depends on what else the machine does, and says nothing about the code.
expect.set_options(timeout=30_000)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Precision and recall of the marks, over every portal whose table ran to its end."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    told = [
        json.loads(str(value))
        for report in reports
        for name, value in report.user_properties
        if name == "marks"
    ]
    if not told:
        return
    cases, clean, right, missed, false = (
        sum(one[name] for one in told) for name in ("cases", "clean", "right", "missed", "false")
    )
    precision, recall = (f"{right / n:.3f}" if (n := right + other) else "none" for other in (false, missed))
    terminalreporter.write_line(
        f"Marks over {cases} cases at {len(told)} request forms ({clean} clean): {right} right,"
        f" {missed} missed, {false} false; precision {precision}, recall {recall}"
    )
