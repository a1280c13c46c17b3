"""Each portal beside a hand-written script, and all of them in one night, at the sandboxes in one run.

    python -m bench.portals                          2 rounds of 3 checks a portal, then the night
    python -m bench.portals --rounds 3 --checks 12 --json
    python -m bench.portals availity cigna           these only

A script is `portal_profiles/<slug>/sandbox/by_hand.py`: what a competent developer writes for that portal
alone. It goes the portal's own way, reads the page with one evaluate, and keeps what the robot keeps (the
whole page's picture with an inner frame at its full height, the letter's bytes); it has no guard, no wait for
signs, no retry. Both go on in the session of one sign-in, take the same requests, and their rounds alternate.
What they read is compared. A portal that fails, or takes too long, is told with why, and the rest goes on.

Every page is given what portals' pages carry and a check does not need: a tracker's script and pixel on
another host, and a film (`elsewhere`). `portal` is the sandbox's own time for the requests of a check;
`messages` are trips to the browser's driver; bytes and requests are counted where they are answered.
`processor s` is what robot or script, driver, browser and sandbox kept processors busy: beside seconds, what
says most on a machine that does other work too.

The night: each portal alone, then all side by side, every page 300 ms slower, as a real portal's would be;
once as fast as it goes, and once with a pause between a portal's checks, as every profile asks for (the
shortest of them: 4 s).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import importlib
import json
import os
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from playwright.async_api import Browser, Locator, Page

from automation import evidence, sandbox
from automation.browser import started_browser
from automation.closing import close_page
from automation.night import check_portal
from automation.sandbox import Served
from automation.session import Account
from bench.status_checks import Memory, Messages, _family
from portal_profiles.catalogue import load
from portal_profiles.query import Query

#: Seconds between two checks of one portal in the paced night: the least that the profiles ask for.
PAUSE_SECONDS = 4.0
#: Milliseconds that each page takes longer in the night.
SERVICE_MS = 300
#: Seconds that one portal, or its night, may take before it counts as failed.
MOST_SECONDS = 180
#: Host that serves what no check needs.
ELSEWHERE = "tracker.localhost"
#: Brings the document behind a link out of the page.
LETTER = """async (link) => {
  const bytes = new Uint8Array(await (await fetch(link.href)).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class Way:
    """One way of checking one portal: one entry a check in each list. requests: answered by the portal."""

    seconds: list[float] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)
    portal_seconds: list[float] = field(default_factory=list)
    elsewhere: list[int] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)

    def median(self, name: str) -> float:
        """Of one of the lists."""
        return float(statistics.median(getattr(self, name)))


@dataclass
class Measured:
    """One portal: the robot, the script, and the ratios of their middle seconds."""

    portal: str
    robot: Way = field(default_factory=Way)
    script: Way = field(default_factory=Way)

    @property
    def ratio(self) -> float:
        """How many times the script's time the robot takes."""
        return self.robot.median("seconds") / self.script.median("seconds")

    @property
    def processor_ratio(self) -> float:
        """How many times the script's processor seconds the robot takes."""
        return self.robot.median("processor_seconds") / self.script.median("processor_seconds")


@dataclass
class Night:
    """Portals with every page slower. alone: seconds of each; together: of all of them side by side; pause:
    seconds between two checks of one portal."""

    pause: float = 0.0
    checks: int = 0
    alone: dict[str, float] = field(default_factory=dict)
    together: float = 0.0
    sign_ins: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times as long as the slowest all together take."""
        return self.together / max(self.alone.values())


@dataclass
class Found:
    """What a run found. failed: what could not be measured ("availity", "the night of availity"), and why."""

    portals: list[Measured] = field(default_factory=list)
    night: Night = field(default_factory=Night)
    paced: Night = field(default_factory=Night)
    failed: dict[str, str] = field(default_factory=dict)


class Meter:
    """Counts what the sandboxes answer, by host, and adds to each page what no check needs."""

    def __init__(self, served: Served) -> None:
        server = served._server
        self._inner: Wsgi = server.app
        self._lock = threading.Lock()
        self._port = served.port
        self.counts: dict[str, list[float]] = {}
        self._ticks: dict[int, int] = {}
        self._busy = 0
        server.app = self

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", "")).split(":")[0]
        began, said = time.perf_counter(), dict[str, Any]()
        if host == ELSEWHERE or environ["PATH_INFO"] == "/weight.mp4":
            start_response("200 OK", [("Content-Type", "text/javascript"), ("Content-Length", "0")])
            self._note(ELSEWHERE, 0, 0)
            return [b""]

        def hold(status: str, headers: list[tuple[str, str]], *rest: object) -> Callable[[bytes], object]:
            said.update(status=status, headers=headers)
            return lambda data: None

        body = b"".join(self._inner(environ, hold))
        headers = [(name, value) for name, value in said["headers"] if name.lower() != "content-length"]
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if kind.startswith("text/html"):
            body = body.replace(b"</body>", self._weight() + b"</body>", 1)
        start_response(said["status"], [*headers, ("Content-Length", str(len(body)))])
        self._note(host, len(body), time.perf_counter() - began)
        return [body]

    def _weight(self) -> bytes:
        there = f"http://{ELSEWHERE}:{self._port}"
        parts = (
            f"<script async src='{there}/collect.js'></script>",
            f"<img alt='' width=1 height=1 src='{there}/pixel'>",
            "<video hidden preload=auto src='/weight.mp4'></video>",
        )
        return "".join(parts).encode()

    def _note(self, host: str, size: int, seconds: float) -> None:
        with self._lock:
            counted = self.counts.setdefault(host, [0, 0, 0.0])
            counted[0] += 1
            counted[1] += size
            counted[2] += seconds

    def processor_seconds(self) -> float:
        """How long this process and its children, ended ones too, have been busy. 0 where /proc is not."""
        for pid, _ in _family():
            try:
                said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended since
            ticks = int(said[11]) + int(said[12])
            self._busy += ticks - self._ticks.get(pid, 0)
            self._ticks[pid] = ticks
        return self._busy / os.sysconf("SC_CLK_TCK")

    def of(self, host: str) -> tuple[float, float, float]:
        """Requests, bytes and seconds so far."""
        with self._lock:
            return tuple(self.counts.get(host, (0, 0, 0.0)))  # type: ignore[return-value]


def scripts(wanted: Sequence[str] = ()) -> dict[str, ModuleType]:
    """The hand-written scripts by portal: found by listing."""
    found = [slug for slug in sandbox.slugs() if (sandbox.folder(slug) / "by_hand.py").is_file()]
    return {
        slug: importlib.import_module(f"portal_profiles.{slug}.sandbox.by_hand") for slug in wanted or found
    }


def readable(slug: str, most: int | None = None) -> list[Query]:
    """The clinic's rows that a pass must read there; at most so many of them, evenly spread."""
    expected = sandbox.expected(slug)
    rows = [Query.from_json(query) for query in sandbox.queries(slug)]
    found = [query for query in rows if expected[query.id].outcome == "read"]
    if most is None or most >= len(found):
        return found
    return [found[n * len(found) // most] for n in range(most)]


def account_of(served: Served, slug: str) -> Account:
    """The sandbox's first account, on a device that a person had remembered where the portal knows that."""
    known = served.states[slug].accounts[next(iter(served.states[slug].accounts))]
    for account in served.states[slug].accounts.values():
        account.used_codes.clear()  # how long a code lasts is not what is measured
    state = served.remembered(slug, known.username)
    return Account(known.username, known.password, known.totp_secret, known.organizations[0], state)


async def passed(
    browser: Browser, served: Served, slug: str, account: Account, queries: list[Query], pause: float = 0.0
) -> Any:
    """A pass of the robot, with so many seconds between two checks; gives the browser's state after the
    sign-in."""
    kept: list[bytes] = []
    looking = check_portal(
        load(slug), account, queries, browser=browser, base_url=served.url(slug), keeper=kept.append
    )
    async for outcome in looking:
        if outcome.reading is None:
            raise RuntimeError(f"{slug}: the robot did not read: {outcome.message} {outcome.problems}")
        if outcome.query_id != queries[-1].id:
            await asyncio.sleep(pause)
    return kept[-1] if kept else account.browser_state


async def noted(
    work: Callable[[], Awaitable[Any]], way: Way, messages: Messages, meter: Meter, host: str
) -> Any:
    """Does one check, and notes what it took."""
    sent, before, aside = messages.count, meter.of(host), meter.of(ELSEWHERE)
    busy = meter.processor_seconds()
    began = time.perf_counter()
    result = await work()
    way.seconds.append(time.perf_counter() - began)
    way.processor_seconds.append(meter.processor_seconds() - busy)
    way.messages.append(messages.count - sent)
    after = meter.of(host)
    way.requests.append(int(after[0] - before[0]))
    way.kilobytes.append((after[1] - before[1]) / 1024)
    way.portal_seconds.append(after[2] - before[2])
    way.elsewhere.append(int(meter.of(ELSEWHERE)[0] - aside[0]))
    return result


async def kept_by_hand(shown: Page, letter: Locator | None) -> None:
    """What the robot keeps: the picture in its own way, an inner frame at its full height, and the letter."""
    inner = next((frame for frame in shown.frames if frame.parent_frame is not None), None)
    if await evidence.picture(shown, inner) is None:
        raise RuntimeError("the script got no picture")
    if letter is not None and await letter.count():
        content = await letter.evaluate(LETTER)
        if not base64.b64decode(content).startswith(b"%PDF"):
            raise RuntimeError("the script got no letter")


async def measure(
    browser: Browser, slug: str, script: ModuleType, rounds: int, checks: int, messages: Messages
) -> Measured:
    """One portal, robot and script in turns over the same requests. Raises what stops either."""
    measured, queries = Measured(slug), readable(slug, checks)
    with sandbox.serve([slug]) as served:
        meter, host, base = Meter(served), f"{slug.replace('_', '-')}.localhost", served.url(slug)
        account = account_of(served, slug)
        state = await passed(browser, served, slug, account, queries[:1])
        account = replace(account, browser_state=state)
        organization = account.organization or ""
        everything = queries
        for number in range(rounds + 1):
            into = measured if number else Measured(slug)  # the first round, of one check, warms up
            queries = everything if number else everything[:1]
            by_robot, by_script = {}, {}
            looking = check_portal(load(slug), account, queries, browser=browser, base_url=base)
            for _ in queries:
                outcome = await noted(lambda: anext(looking), into.robot, messages, meter, host)  # noqa: B023
                if outcome.reading is None:
                    raise RuntimeError(f"{slug}: not read: {outcome.message} {outcome.problems}")
                by_robot[outcome.query_id] = (outcome.reading.determination_text, outcome.reading.member_id)
            await looking.aclose()  # type: ignore[attr-defined]
            context = await browser.new_context(
                storage_state=json.loads(state), viewport={"width": 1280, "height": 900}
            )
            if script.INIT:
                await context.add_init_script(script.INIT)
            page = await context.new_page()
            page.set_default_timeout(load(slug).pace.page_seconds * 1000)

            async def by_hand(query: Query) -> tuple[str, str]:
                shown, status, member, letter = await script.check(page, base, query, organization)  # noqa: B023
                await kept_by_hand(shown, letter)
                if shown is not page:  # noqa: B023
                    await close_page(shown)
                return status, member

            for query in queries:
                one = await noted(lambda: by_hand(query), into.script, messages, meter, host)  # noqa: B023
                by_script[query.id] = one
            await context.close()
            if by_script != by_robot:
                differ = [key for key in by_robot if by_robot[key] != by_script.get(key)]
                raise RuntimeError(f"{slug}: the script and the robot did not read the same: {differ}")
    return measured


async def timed_night(
    browser: Browser, served: Served, slugs: Sequence[str], checks: int, pause: float
) -> float:
    """Seconds of these portals' passes side by side, signing in included. Raises when one does not read."""
    began = time.perf_counter()
    async with asyncio.timeout(MOST_SECONDS), asyncio.TaskGroup() as together:
        for slug in slugs:
            rows = readable(slug, checks)
            together.create_task(passed(browser, served, slug, account_of(served, slug), rows, pause))
    return time.perf_counter() - began


async def night(
    browser: Browser, slugs: Sequence[str], checks: int, failed: dict[str, str], pause: float
) -> Night:
    """Each portal alone, then all that got through side by side."""
    whole, slow, named = Night(pause), {"slow": SERVICE_MS}, "the paced night" if pause else "the night"
    for slug in slugs:
        with noting(failed, f"{named} of {slug}"), sandbox.serve([slug], hazards=slow) as served:
            whole.alone[slug] = await timed_night(browser, served, [slug], checks, pause)
    with noting(failed, f"{named} of all"), sandbox.serve(list(whole.alone), hazards=slow) as served:
        whole.together = await timed_night(browser, served, list(whole.alone), checks, pause)
        for slug in whole.alone:
            whole.sign_ins[slug] = sum(a.sign_ins for a in served.states[slug].accounts.values())
            whole.checks += len(readable(slug, checks))
    return whole


@contextmanager
def noting(failed: dict[str, str], what: str) -> Iterator[None]:
    """Whatever fails in the block is noted with its line of the benchmark, and the benchmark goes on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one portal's script must not hide the others' numbers
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        lines = traceback.extract_tb(error.__traceback__)
        here = [line for line in lines if "site-packages" not in line.filename]
        where = f"{Path(here[-1].filename).name}:{here[-1].lineno}" if here else "?"
        said = str(error).splitlines() or [f"not done within {MOST_SECONDS} s"]
        failed[what] = f"{type(error).__name__} at {where}: {said[0]}"


async def run(
    wanted: Sequence[str], rounds: int, checks: int, tell: Callable[[Measured], None] = lambda one: None
) -> Found:
    """Every portal wanted, one after the other, and the night. tell: is given each portal when it is done."""
    messages, found = Messages(), Found()
    async with started_browser() as browser:
        with messages.counted():
            for slug, script in scripts(wanted).items():
                with noting(found.failed, slug):
                    measuring = measure(browser, slug, script, rounds, checks, messages)
                    found.portals.append(await asyncio.wait_for(measuring, MOST_SECONDS))
                    tell(found.portals[-1])
        found.night = await night(browser, list(scripts(wanted)), checks, found.failed, 0.0)
        found.paced = await night(browser, list(scripts(wanted)), checks, found.failed, PAUSE_SECONDS)
    return found


COLUMNS = ("seconds", "processor_seconds", "portal_seconds", "messages", "requests", "kilobytes", "elsewhere")


def main() -> int:
    """Prints a table, or JSON; exit code 0, or 1 when something could not be measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("portal", nargs="*", help="which portals; all that have a script when none is named")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--checks", type=int, default=3, help="how many requests a round, and in the night")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    memory = Memory()
    heads = ("s", "processor s", "portal s", "messages", "requests", "KB", "elsewhere")
    if not options.json:
        head = "".join(f"{head:>11}" for head in heads)
        print(f"{'medians a check':24}{head}{'robot is':>11}{'processor':>11}", flush=True)
    with memory.watched():
        tell = (lambda one: None) if options.json else print_portal
        found = asyncio.run(run(options.portal, options.rounds, options.checks, tell))
    load_average = [round(load, 1) for load in os.getloadavg()]
    if options.json:
        portals = [
            {**asdict(one), "ratio": one.ratio, "processor_ratio": one.processor_ratio}
            for one in found.portals
        ]
        beside = {"portals": portals, "memory_mb": memory.most, "load": load_average}
        print(json.dumps(asdict(found) | beside))
        return 1 if found.failed else 0
    print_night(found.night)
    print_night(found.paced)
    sizes = ", ".join(f"{part} {size:.0f}" for part, size in sorted(memory.most.items()))
    print(f"largest memory in MB (PSS): {sizes or 'not measured on this system'}")
    print(f"load of the machine over 1, 5 and 15 minutes at the end: {load_average}, {os.cpu_count()} cores")
    for what, why in found.failed.items():
        print(f"FAILED {what}: {why}", file=sys.stderr)
    return 1 if found.failed else 0


def print_portal(one: Measured) -> None:
    """The robot's line and the script's, as soon as they are known."""
    for name, way in (("robot", one.robot), ("script", one.script)):
        values = "".join(f"{way.median(column):>11.3g}" for column in COLUMNS)
        ratio = f"{one.ratio:>9.2f} x{one.processor_ratio:>9.2f} x" if name == "robot" else ""
        print(f"{one.portal + ', ' + name:24}{values}{ratio}", flush=True)


def print_night(whole: Night) -> None:
    """The night's lines, as far as it got."""
    pace = f"{whole.pause:g} s between two checks" if whole.pause else "no pause between checks"
    print(f"one night, each page {SERVICE_MS} ms slower, {pace}; alone, sign-in included:")
    print("  " + ", ".join(f"{slug} {seconds:.1f} s" for slug, seconds in whole.alone.items()))
    if whole.together:
        slowest = max(whole.alone, key=lambda slug: whole.alone[slug])
        print(f"  all side by side ({whole.checks} checks) {whole.together:.1f} s", end="")
        print(f" = {whole.ratio:.2f} x {slowest}; one after the other {sum(whole.alone.values()):.1f} s")
        print(f"  sign-ins: {', '.join(f'{slug} {many}' for slug, many in whole.sign_ins.items())}")


if __name__ == "__main__":
    sys.exit(main())
