"""How long from a changed field to its painted mark: built extension, real server, sandbox's form.

    python -m bench.changed_field_to_mark [--times 100] [--json]

A field is changed to a value that is not approved and back again. Measured in the page, from the event to the
first painted frame in which the mark can be hit; the server's own time for the check is told apart. A
committed change (a list, leaving a box) is read after 30 ms; while somebody types, 350 ms after the last key.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from automation import sandbox
from tests.e2e.extension_browser import Eyes, extension_browser, sign_in
from tests.e2e.real_clinic import RealClinic, real_clinic
from tests.e2e.test_extension_with_server import AGREEING, APPROVED, SLUG, fill

FIELD = "procedure_code_1"
APPROVED_CODE, OTHER_CODE = "97110", "97530"
#: Waits that the extension makes on purpose, ms (extension/lib/observe.ts).
WAITS = {"committed": 30, "typed": 350}

CHANGE_AND_WATCH = """
([name, value, how, x, y]) => new Promise((resolve) => {
  const field = document.querySelector(`[name='${name}']`);
  const wanted = how.endsWith("shown"), host = document.documentElement.lastElementChild;
  field.value = value;
  const began = performance.now();
  field.dispatchEvent(new Event(how.startsWith("typed") ? "input" : "change", { bubbles: true }));
  const look = () => {
    const shown = document.elementFromPoint(x, y) === host;
    if (shown === wanted) resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""


def server_times(clinic: RealClinic) -> list[float]:
    """A list to which the server adds, from now on, the milliseconds that each check takes it."""
    app = clinic.client.application
    inner: Callable[..., Iterable[bytes]] = app.wsgi_app
    taken: list[float] = []

    def timed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        answer = inner(environ, start_response)
        if environ["PATH_INFO"] == "/api/v1/checks" and environ["REQUEST_METHOD"] == "POST":
            taken.append((time.perf_counter() - began) * 1000)
        return answer

    app.wsgi_app = timed
    return taken


def measured(
    page: Page, how: str, times: int, where: tuple[float, float], server: list[float]
) -> dict[str, float]:
    """p50 and p99 in ms over `times` changes to a value that is not approved."""
    shown: list[float] = []
    server.clear()
    for _ in range(times):
        shown.append(page.evaluate(CHANGE_AND_WATCH, [FIELD, OTHER_CODE, f"{how} shown", *where]))
        page.evaluate(CHANGE_AND_WATCH, [FIELD, APPROVED_CODE, f"{how} gone", *where])
    hundredths = statistics.quantiles(shown, n=100, method="inclusive")
    of_server = statistics.quantiles(server, n=100, method="inclusive")
    return {
        "times": times,
        "waits_ms": WAITS[how],
        "p50_ms": round(hundredths[49], 1),
        "p99_ms": round(hundredths[98], 1),
        "server_p50_ms": round(of_server[49], 1),
        "server_p99_ms": round(of_server[98], 1),
    }


def run(times: int) -> dict[str, dict[str, float]]:
    """Both ways of changing a field."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox.serve([SLUG]) as portal,
        real_clinic(Path(folder) / "clinic") as clinic,
        sync_playwright() as playwright,
        extension_browser(playwright, Path(folder) / "profile") as browser,
    ):
        clinic.add(APPROVED)
        browser.pair(clinic.url, clinic.pairing_code()).close()
        page = browser.context.new_page()
        sign_in(page, portal)
        page.goto(f"{portal.url(SLUG)}/requests/new")
        eyes = Eyes(page)
        fill(page, **AGREEING)
        page.locator(f"[name='{FIELD}']").evaluate("e => e.scrollIntoView({block: 'center'})")
        fill(page, **{FIELD: OTHER_CODE})
        left, top, right, bottom = eyes.box(eyes.see("mark"))
        fill(page, **{FIELD: APPROVED_CODE})
        eyes.see_none("mark")
        server = server_times(clinic)
        where = ((left + right) / 2, (top + bottom) / 2)
        return {how: measured(page, how, times, where, server) for how in ("committed", "typed")}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = run(given.times)
    if given.json:
        print(json.dumps(results))
        return
    print("Changed field to painted mark (ms)   p50      p99   server p50   p99   waits on purpose")
    for how, r in results.items():
        print(
            f"  {how:32} {r['p50_ms']:7.1f}  {r['p99_ms']:7.1f}   {r['server_p50_ms']:10.1f}"
            f"  {r['server_p99_ms']:5.1f}   {r['waits_ms']:.0f}"
        )


if __name__ == "__main__":
    main()
