"""A long night at one portal whose every answer takes 300 ms: how near to what latency allows, and how large.

    python -m bench.two_thousand_checks                          200 checks
    python -m bench.two_thousand_checks --whole                  2,000, about an hour and a half
    python -m bench.two_thousand_checks --checks 40 --json
    python -m bench.two_thousand_checks --whole --service-ms 0   memory alone, in about half an hour

The sandbox runs in a process of its own. What latency allows: the same requests, made one after the other by
a bare HTTP client that knows the answers and reads nothing, timed right after the robot's check, so that what
else the machine does falls on both. `ratio` is the middle of the robot's time to the client's for the same
request, signing in left out. `pace` is off at a sandbox; at a portal 4 to 12 seconds lie between two checks,
which nothing here can beat. The ratio to what pace and latency allow (aim 1.15) is computed: both times with
the least of that pause added. Memory is the proportional size (PSS) of robot, driver and browser, the middle
of the samples from check 20 to 200 and of the last tenth (aim: flat); with fewer than 400 checks the growth
says nothing, and is not given.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from automation import sandbox
from automation.browser import started_browser
from automation.night import check_portal
from automation.outcomes import OutcomeKind
from automation.session import Account
from bench.portals import readable
from bench.status_checks import _family, _pss_megabytes
from portal_profiles.catalogue import load
from portal_profiles.profile import Pace
from portal_profiles.query import Query
from portal_profiles.vocabulary import Determination

SLUG = "example_payer"
SERVICE_MS = 300
#: The client measures after each so many checks; memory is sampled as often.
EVERY = 20
#: Up to which check memory counts as that of the beginning.
EARLY = 200


@dataclass
class Measured:
    """Seconds of each check; robot's and client's for the same request; megabytes after every EVERY."""

    seconds: list[float] = field(default_factory=list)
    pairs: list[tuple[float, float]] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The robot's time to the client's, the middle of the pairs."""
        return statistics.median(robot / client for robot, client in self.pairs)

    def paced_ratio(self, pause: float) -> float:
        """The same with so many seconds of pause added to each."""
        return statistics.median((robot + pause) / (client + pause) for robot, client in self.pairs)

    @property
    def growth(self) -> float | None:
        """Memory of the last tenth to that of the first 200 checks, the first sample left out, while the
        browser still warms up. None with so few checks that the one would be the other."""
        if len(self.memory) < 2 * EARLY // EVERY:
            return None
        early = self.memory[1 : EARLY // EVERY]
        late = self.memory[-max(1, len(self.memory) // 10) :]
        return statistics.median(late) / statistics.median(early)


@contextmanager
def portal(service_ms: int) -> Iterator[tuple[str, int]]:
    """The sandbox in a process of its own, every answer so much later: its address and process id."""
    command = [sys.executable, "-u", "-m", "automation.sandbox", "--port", "0"]
    command += ["--hazard", f"slow={service_ms}", SLUG] if service_ms else [SLUG]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"(http://[^/ ]+)/", process.stdout.readline())
            assert found, "the sandbox did not start"
            yield found[1], process.pid
        finally:
            process.send_signal(signal.SIGINT)


class Client:
    """A bare HTTP client in the robot's own session: the requests of one check, nothing read."""

    def __init__(self, base: str, state: bytes) -> None:
        parts = urlsplit(base)
        self._host = parts.netloc
        self._connection = http.client.HTTPConnection("127.0.0.1", parts.port)
        cookies = json.loads(state)["cookies"]
        self._cookie = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        headers = {"Host": self._host, "Cookie": self._cookie}
        body = urlencode(form) if form is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.headers.get("Location", ""), content.decode("utf-8", "replace")

    def check(self, query: Query) -> None:
        """The search page, the search, each page it leads to, and the letter where there is one."""
        self._ask("GET", "/status")
        form = {"number": query.reference_number or ""}
        if not query.reference_number:
            assert query.birth_date
            assert query.service_from
            assert query.service_to
            form |= {
                "member_id": query.member_id or "",
                "birth_date": f"{query.birth_date:%m/%d/%Y}",
                "service_from": f"{query.service_from:%m/%d/%Y}",
                "service_to": f"{query.service_to:%m/%d/%Y}",
            }
        where, page = self._ask("POST", "/status", form)
        while where:
            where, page = self._ask("GET", urlsplit(where).path)
        if "Authorization detail" not in page:
            row = next(row for row in page.split("<tr")[2:] if query.procedure_codes[0] in row)
            _, page = self._ask("GET", re.findall(r'href="([^"]+)"', row)[0])
        if letter := re.search(r'href="([^"]+)"[^>]*>\s*Decision letter', page):
            self._ask("GET", letter[1])


def megabytes(without: int) -> float:
    """Of this process and its children, the sandbox left out."""
    return sum(_pss_megabytes(pid) for pid, _ in _family() if pid != without)


async def run(checks: int, service_ms: int) -> Measured:
    """The night, the client's same requests after every EVERY checks."""
    measured = Measured()
    expected = sandbox.expected(SLUG)
    # One unknown word, looked up again and again, would rightly stop the portal as one that has changed.
    rows = [q for q in readable(SLUG) if expected[q.id].determination is not Determination.UNRECOGNISED]
    queries = [replace(rows[n % len(rows)], id=str(n)) for n in range(checks)]
    known = sandbox.records(SLUG).accounts[0]
    account = Account(known.username, known.password, known.totp_secret, known.organizations[0])
    profile = load(SLUG)
    profile = replace(profile, pace=replace(profile.pace, requests_per_night=100 * checks))
    kept: list[bytes] = []
    with portal(service_ms) as (base, pid):
        async with started_browser() as browser:
            looking = check_portal(
                profile, account, [Query(id="sign-in", reference_number="0"), *queries],
                browser=browser, base_url=base, keeper=kept.append,
            )  # fmt: skip
            first = await anext(looking)
            if first.kind is not OutcomeKind.NOT_FOUND:
                raise RuntimeError(f"the robot did not get in: {first.message}")
            client = Client(base, kept[-1])
            for number, query in enumerate(queries, 1):
                began = time.perf_counter()
                outcome = await anext(looking)
                measured.seconds.append(time.perf_counter() - began)
                if outcome.reading is None:
                    raise RuntimeError(f"not read: {outcome.message} {outcome.problems}")
                if number % EVERY <= len(rows) - 1:
                    began = time.perf_counter()
                    await asyncio.to_thread(client.check, query)
                    measured.pairs.append((measured.seconds[-1], time.perf_counter() - began))
                if number % EVERY == 0:
                    measured.memory.append(megabytes(pid))
            await looking.aclose()  # type: ignore[attr-defined]
    return measured


def main() -> int:
    """Prints a line each, or JSON; exit code 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checks", type=int, default=200)
    parser.add_argument("--whole", action="store_true", help="2,000 checks")
    parser.add_argument("--service-ms", type=int, default=SERVICE_MS, help="what each answer waits for")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    checks = 2000 if options.whole else max(EVERY, options.checks)
    measured = asyncio.run(run(checks, options.service_ms))
    pause = Pace().between_checks_seconds[0]  # of a real portal; the example's own is none
    load_average = [round(load, 1) for load in os.getloadavg()]
    if options.json:
        found = asdict(measured) | {"ratio": measured.ratio, "memory_growth": measured.growth}
        found |= {"load": load_average, "paced_ratio": measured.paced_ratio(pause)}
        print(json.dumps(found))
        return 0
    print(f"{len(measured.seconds)} checks, every answer {options.service_ms} ms later")
    print(f"  a check: {statistics.median(measured.seconds):.3f} s, mean", end=" ")
    print(f"{statistics.mean(measured.seconds):.3f} s; the same requests bare:", end=" ")
    print(f"{statistics.median(client for _, client in measured.pairs):.3f} s ({measured.ratio:.2f} x)")
    print(f"  with {pause:g} s of pause between two checks (computed): {measured.paced_ratio(pause):.2f} x")
    print(f"  memory: {measured.memory[0]:.0f} MB, at the end {measured.memory[-1]:.0f} MB", end=" ")
    print(f"({measured.growth:.2f} x)" if measured.growth else "(too few checks to say whether it grows)")
    print(
        f"  load of the machine over 1, 5 and 15 minutes at the end: {load_average}, {os.cpu_count()} cores"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
