"""Seconds for a status check: the robot against a hand-written Playwright script, at the same sandbox in one
run.

The script is what a competent developer writes for this one portal: it knows its pages by heart, fills the
form, reads the detail page with one evaluate, and, in its second form, keeps the same evidence as the robot
(the page's picture and the letter). It has no guard, no wait for signs, no retries and no other portal. Both
sign in once, take the same requests in turn, and their rounds alternate, so that what else the machine does
falls on both alike. What each read is compared; a difference ends the benchmark.

    python -m bench.status_checks                   5 rounds
    python -m bench.status_checks --rounds 2 --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyotp
from playwright._impl.connection import Connection
from playwright.async_api import Browser, Page

from automation import sandbox
from automation.browser import started_browser
from automation.night import check_portal
from automation.outcomes import OutcomeKind
from automation.pace import SystemClock
from automation.sandbox import Served
from automation.session import Account
from portal_profiles.catalogue import load
from portal_profiles.query import Query

SLUG = "example_payer"

#: What the script reads: every label's value, and every line, in one evaluate.
READ = """() => ({
  fields: Object.fromEntries([...document.querySelectorAll('dt')].map((dt) =>
    [dt.textContent.trim(), dt.nextElementSibling.textContent.trim()])),
  lines: [...document.querySelectorAll('#lines tbody tr')].map((tr) =>
    [...tr.cells].map((cell) => cell.textContent.trim())),
})"""


@dataclass
class Measured:
    """What one way took. seconds: one entry a check, signing in left out; messages: to the browser's
    driver."""

    name: str
    seconds: list[float] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of the middle check."""
        return statistics.median(self.seconds)


class Messages:
    """Counts what is sent to Playwright's driver: each is a trip to the browser or its driver and back."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts for the length of the block."""
        original = Connection.send_message_to_server

        def counting(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            return original(*arguments, **named)

        Connection.send_message_to_server = counting  # type: ignore[method-assign]
        try:
            yield
        finally:
            Connection.send_message_to_server = original  # type: ignore[method-assign]


class Memory:
    """The largest proportional memory (PSS) of this process and all its children, sampled meanwhile, in
    MB."""

    def __init__(self) -> None:
        self.most: dict[str, float] = {}
        self._end = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Samples for the length of the block; on a system without /proc nothing is measured."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.5):
            now = {"robot": 0.0, "driver": 0.0, "browser": 0.0}
            for pid, name in _family():
                part = (
                    "browser"
                    if "chrom" in name or "edge" in name
                    else "driver"
                    if "node" in name
                    else "robot"
                )
                now[part] += _pss_megabytes(pid)
            for part, size in [*now.items(), ("all", sum(now.values()))]:
                self.most[part] = max(self.most.get(part, 0.0), size)


def _family() -> list[tuple[int, str]]:
    parents: dict[int, tuple[int, str]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = stat.read_text().rpartition(")")
        except OSError:
            continue  # it has ended since
        parents[int(stat.parent.name)] = (int(after.split()[1]), before.partition("(")[2])
    own = {Path("/proc/self").resolve().name}
    family = {int(pid) for pid in own}
    for _ in range(6):
        family |= {pid for pid, (parent, _) in parents.items() if parent in family}
    return [(pid, parents[pid][1]) for pid in family if pid in parents]


def _pss_megabytes(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0  # it has ended since
    return 0.0


class Script:
    """The hand-written script: one signed-in page, and one check after the other."""

    def __init__(self, page: Page, base: str, keeps: bool) -> None:
        self.page = page
        self.base = base
        self.keeps = keeps

    @classmethod
    async def signed_in(cls, browser: Browser, base: str, account: Account, keeps: bool) -> Script:
        """Signs in with a code that nobody has used in this window."""
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        await page.goto(f"{base}/sign-in")
        await page.evaluate("document.querySelector('[aria-label=Cookies]')?.remove()")
        await page.get_by_label("User name").fill(account.username)
        await page.get_by_label("Password").fill(account.password)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("One-time code").fill(pyotp.TOTP(account.totp_secret or "").now())
        await page.get_by_role("button", name="Continue").click()
        choose = page.get_by_role("heading", name="Choose your organization")
        home = page.get_by_role("heading", name="Welcome")
        await choose.or_(home).wait_for()
        if await choose.is_visible():
            await page.get_by_label("Organization").select_option(account.organization)
            await page.get_by_role("button", name="Continue").click()
        await home.wait_for()
        return cls(page, base, keeps)

    async def check(self, query: Query) -> str:
        """Looks one request up by its number, or by member and dates, and gives the status that it shows."""
        page = self.page
        await page.goto(f"{self.base}/status", wait_until="domcontentloaded")
        if query.reference_number:
            await page.get_by_label("Reference number").fill(query.reference_number)
        else:
            assert query.birth_date
            assert query.service_from
            assert query.service_to
            await page.get_by_label("Member ID").fill(query.member_id or "")
            await page.get_by_label("Birth date").fill(f"{query.birth_date:%m/%d/%Y}")
            await page.get_by_label("From").fill(f"{query.service_from:%m/%d/%Y}")
            await page.get_by_label("To").fill(f"{query.service_to:%m/%d/%Y}")
        await page.get_by_role("button", name="Search").click()
        detail = page.get_by_role("heading", name="Authorization detail")
        row = page.locator("#results tbody tr").filter(has_text=query.procedure_codes[0])
        await detail.or_(row).first.wait_for()
        if not query.reference_number or await row.is_visible():
            await row.get_by_role("link", name="View").click()
            await detail.wait_for()
        read = await page.evaluate(READ)
        if read["fields"]["Member ID"] != query.member_id:
            raise RuntimeError("the script opened another member's request")
        if self.keeps:
            await page.screenshot(full_page=True)
            letter = page.get_by_role("link", name="Decision letter (PDF)")
            if await letter.count():
                href = await letter.get_attribute("href")
                await page.evaluate(
                    "async (href) => (await (await fetch(href)).arrayBuffer()).byteLength", href
                )
        return str(read["fields"]["Status"])


async def timed(work: Callable[[], Awaitable[Any]], measured: Measured, messages: Messages) -> Any:
    """Does it, and notes its time and messages."""
    before, started = messages.count, time.perf_counter()
    result = await work()
    measured.seconds.append(time.perf_counter() - started)
    measured.messages.append(messages.count - before)
    return result


async def robots_round(
    browser: Browser,
    served: Served,
    account: Account,
    queries: list[Query],
    measured: Measured,
    messages: Messages,
) -> dict[str, str]:
    """One pass of the robot with a session that is signed in; the first query signs in and is not
    measured."""
    read: dict[str, str] = {}
    clock = SystemClock()
    outcomes = check_portal(
        load(SLUG), account, [Query(id="sign-in", reference_number="0"), *queries],
        browser=browser, base_url=served.url(SLUG), clock=clock,
    )  # fmt: skip
    first = await anext(outcomes)
    if first.kind is not OutcomeKind.NOT_FOUND:
        raise RuntimeError(f"the robot did not get in: {first.kind}: {first.message}")
    for _ in queries:
        outcome = await timed(lambda: anext(outcomes), measured, messages)
        if outcome.reading is None:
            raise RuntimeError(
                f"the robot did not read: {outcome.kind}: {outcome.message} {outcome.problems}"
            )
        read[outcome.query_id] = str(outcome.reading.determination_text)
    await outcomes.aclose()  # type: ignore[attr-defined]
    return read


def a_fresh_code(served: Served) -> None:
    """Lets every sign-in of the benchmark use the window's code: how long codes last is not what is
    measured."""
    for account in served.states[SLUG].accounts.values():
        account.used_codes.clear()


async def run(rounds: int) -> tuple[list[Measured], Messages]:
    """Alternates the three ways over the same requests."""
    ways = [Measured("robot"), Measured("script that keeps evidence"), Measured("script that only reads")]
    messages = Messages()
    with sandbox.serve([SLUG]) as served, messages.counted():
        known = served.states[SLUG].records.accounts[0]
        account = Account(known.username, known.password, known.totp_secret, known.organizations[0])
        expected = sandbox.expected(SLUG)
        queries = [
            Query.from_json(query)
            for query in sandbox.queries(SLUG)
            if expected[str(query["id"])].outcome == "read"
        ]
        async with started_browser() as browser:
            for number in range(rounds + 1):
                into = ways if number else [Measured(way.name) for way in ways]  # the first round warms up
                a_fresh_code(served)
                by_robot = await robots_round(browser, served, account, queries, into[0], messages)
                for measured, keeps in ((into[1], True), (into[2], False)):
                    a_fresh_code(served)
                    script = await Script.signed_in(browser, served.url(SLUG), account, keeps)
                    by_script = {}
                    for query in queries:
                        by_script[query.id] = await timed(partial(script.check, query), measured, messages)
                    await script.page.context.close()
                    if by_script != by_robot:
                        raise RuntimeError("the script and the robot did not read the same")
    return ways, messages


def main() -> int:
    """Prints a table, or JSON; exit code 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    memory = Memory()
    with memory.watched():
        ways, _ = asyncio.run(run(options.rounds))
    robot, keeps, reads = ways
    ratios = {way.name: robot.median / way.median for way in (keeps, reads)}
    if options.json:
        print(json.dumps({"ways": [asdict(w) for w in ways], "ratios": ratios, "memory_mb": memory.most}))
        return 0
    print(f"{'':30}{'checks':>8}{'median s':>10}{'mean s':>9}{'messages':>10}{'robot is':>10}")
    for way in ways:
        ratio = "" if way is robot else f"{ratios[way.name]:.2f} x"
        row = f"{len(way.seconds):>8}{way.median:>10.3f}{statistics.mean(way.seconds):>9.3f}"
        print(f"{way.name:30}{row}{statistics.median(way.messages):>10.0f}{ratio:>10}")
    sizes = ", ".join(f"{part} {size:.0f}" for part, size in sorted(memory.most.items()))
    print(f"largest memory of the pass in MB (PSS): {sizes or 'not measured on this system'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
