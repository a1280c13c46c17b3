"""What the extension costs a portal's page: the same page with and without it, in turns, in one run.

    python -m bench.page_cost [--rounds 10] [--keys 40] [--sizes 500 5000 50000] [--minutes 0.2] [--json]

fields known: from the document's readiness until the server has what was read, page, background and signature
included. load: until the load event. keystroke: what the page's main thread was busy, shared out over the
keys (the page's own work and the browser's are in it: the difference is the extension's). long tasks: those
over 50 ms while typing. memory: the page's JavaScript heap after collecting, before and after `--minutes` of
typing mistakes and mending them (60 for an hour's work). The server is one that answers at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Playwright, Route, sync_playwright

from automation import sandbox
from automation.browser import find_browser
from tests.e2e.extension_browser import ARGUMENTS, ExtensionBrowser, Eyes, extension_browser, sign_in, until
from tests.e2e.scripted_clinic import CODE, ScriptedClinic, check

SLUG = "example_payer"
FORM = "/requests/new"
CHECKS = "/api/v1/checks"
READY = (
    "() => performance.timeOrigin + performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
)
LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"
WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ entryTypes: ["longtask"] });
}"""
Numbers = dict[str, float]


@contextmanager
def plain_browser(playwright: Playwright, profile: Path) -> Iterator[BrowserContext]:
    """The same browser without the extension."""
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=find_browser(),
        headless=True,
        args=list(ARGUMENTS),
        viewport={"width": 1280, "height": 900},
    )
    try:
        yield context
    finally:
        context.close()


def grown(route: Route, size: int) -> None:
    """The portal's form with more in it, until the document has about `size` elements."""
    # By the machine's number: only a browser knows the names under localhost.
    asked = urlsplit(route.request.url)
    answer = route.fetch(
        url=asked._replace(netloc=f"127.0.0.1:{asked.port}").geturl(), headers=route.request.all_headers()
    )
    rows = "".join(
        f"<div><span>{n}</span><label>Field {n}</label><p>text</p></div>"
        for n in range(max(0, size - 150) // 4)
    )
    route.fulfill(response=answer, body=answer.text().replace("</main>", f"{rows}</main>"))


class Clock:
    """When each check reached the server, in ms since 1970."""

    def __init__(self, clinic: ScriptedClinic) -> None:
        self.at: list[float] = []
        clinic.answers[CHECKS] = self._answer

    def _answer(self, sent: Mapping[str, Any]) -> tuple[int, object]:
        self.at.append(time.time() * 1000)
        return 200, check(sent["page"])


def opened(context: BrowserContext, portal: sandbox.Served, size: int) -> Page:
    """The form with that many elements, in a new page."""
    page = context.new_page()
    page.route(f"**{FORM}", lambda route: grown(route, size))
    page.goto(f"{portal.url(SLUG)}{FORM}")
    return page


def loading(
    plain: BrowserContext,
    with_it: BrowserContext,
    portal: sandbox.Served,
    clock: Clock,
    size: int,
    rounds: int,
) -> Numbers:
    """Medians in ms of the load with and without the extension, and until the fields were known."""
    known: list[float] = []
    loads = {"with": list[float](), "without": list[float]()}
    for turn in range(rounds + 1):
        page = opened(plain, portal, size)
        loads["without"].append(page.evaluate(LOADED))
        page.close()
        clock.at.clear()
        page = opened(with_it, portal, size)
        until(lambda: clock.at, page, 60, "the first check")
        known.append(clock.at[0] - page.evaluate(READY))
        loads["with"].append(page.evaluate(LOADED))
        page.close()
        if turn == 0:  # the first in each browser is for its caches
            for kept in (known, *loads.values()):
                kept.clear()
    with_ms, without_ms = statistics.median(loads["with"]), statistics.median(loads["without"])
    return {
        "fields_known_p50_ms": round(statistics.median(known), 1),
        "fields_known_worst_ms": round(max(known), 1),
        "load_with_ms": round(with_ms, 1),
        "load_without_ms": round(without_ms, 1),
        "load_ratio": round(with_ms / without_ms, 3),
    }


def typing(context: BrowserContext, portal: sandbox.Served, size: int, keys: int) -> Numbers:
    """Main-thread ms for each key typed, and the tasks over 50 ms meanwhile."""
    page = opened(context, portal, size)
    cdp = context.new_cdp_session(page)
    cdp.send("Performance.enable")
    page.evaluate(WATCH)
    page.locator("#member_id").focus()

    def busy() -> float:
        return float(
            {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}["TaskDuration"]
        )

    page.keyboard.type("X" * 5, delay=80)
    began = busy()
    page.keyboard.type("9" * keys, delay=80)
    page.wait_for_timeout(1000)  # what the extension puts off until typing rests is counted too
    spent = (busy() - began) * 1000
    tasks: list[float] = page.evaluate("() => window.longTasks")
    page.close()
    return {
        "main_thread_ms_a_key": round(spent / keys, 2),
        "long_tasks": len(tasks),
        "longest_task_ms": round(max(tasks, default=0.0), 1),
    }


def memory(browser: ExtensionBrowser, portal: sandbox.Served, minutes: float) -> Numbers:
    """The page's heap in MB before and after scripted work; nodes and listeners that stayed."""
    page = opened(browser.context, portal, 500)
    eyes = Eyes(page)
    cdp = browser.context.new_cdp_session(page)
    cdp.send("Performance.enable")

    def counted() -> Numbers:
        cdp.send("HeapProfiler.collectGarbage")
        return {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}

    def mistake_and_mend() -> None:
        page.locator("#procedure_code_1").fill("97112")
        page.locator("#procedure_code_1").press("Tab")
        eyes.see("mark")
        page.locator("#procedure_code_1").fill("97110")
        page.locator("#procedure_code_1").press("Tab")
        eyes.see_none("mark")

    page.locator("#member_id").fill("XYZ100200301")
    for _ in range(3):
        mistake_and_mend()
    before, turns = counted(), 0
    end = time.monotonic() + minutes * 60
    while turns == 0 or time.monotonic() < end:
        mistake_and_mend()
        turns += 1
    after = counted()
    page.close()
    return {
        "minutes": minutes,
        "turns": turns,
        "heap_before_mb": round(before["JSHeapUsedSize"] / 1e6, 2),
        "heap_after_mb": round(after["JSHeapUsedSize"] / 1e6, 2),
        "nodes_more": after["Nodes"] - before["Nodes"],
        "listeners_more": after["JSEventListeners"] - before["JSEventListeners"],
    }


def run(rounds: int, keys: int, sizes: Sequence[int], minutes: float) -> dict[str, Any]:
    """Everything, with and without the extension in turns."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox.serve([SLUG]) as portal,
        ScriptedClinic() as clinic,
        sync_playwright() as playwright,
        plain_browser(playwright, Path(folder) / "plain") as plain,
        extension_browser(playwright, Path(folder) / "with") as browser,
    ):
        clock = Clock(clinic)
        browser.pair(clinic.url, CODE).close()
        for account, context in enumerate((plain, browser.context)):
            page = context.new_page()
            sign_in(page, portal, account=account)
            page.close()
        results: dict[str, Any] = {}
        for size in sizes:
            results[str(size)] = {
                **loading(plain, browser.context, portal, clock, size, rounds),
                "typing_with": typing(browser.context, portal, size, keys),
                "typing_without": typing(plain, portal, size, keys),
            }
        return {"elements": results, "memory": memory(browser, portal, minutes)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 5_000, 50_000])
    parser.add_argument("--minutes", type=float, default=0.2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = run(given.rounds, given.keys, given.sizes, given.minutes)
    if given.json:
        print(json.dumps(results))
        return
    print(
        "Elements   fields known p50  worst   load with  without  ratio"
        "   ms a key with  without   long tasks with  without"
    )
    for size, r in results["elements"].items():
        a, b = r["typing_with"], r["typing_without"]
        print(
            f"{size:>8}   {r['fields_known_p50_ms']:16.1f} {r['fields_known_worst_ms']:6.1f}"
            f"   {r['load_with_ms']:9.1f} {r['load_without_ms']:8.1f} {r['load_ratio']:6.2f}"
            f"   {a['main_thread_ms_a_key']:13.2f} {b['main_thread_ms_a_key']:8.2f}"
            f"   {a['long_tasks']:15.0f} {b['long_tasks']:8.0f}"
        )
    m = results["memory"]
    print(
        f"Heap {m['heap_before_mb']} MB, {m['heap_after_mb']} MB after {m['turns']} mistakes mended"
        f" ({m['minutes']:g} min); nodes {m['nodes_more']:+.0f}, listeners {m['listeners_more']:+.0f}"
    )


if __name__ == "__main__":
    main()
