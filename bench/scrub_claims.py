"""Claims per second: reading and checking against just splitting the same bytes.

Makes a file of many claims out of `server/demo/sample_claims.837` (its sets over and over, each claim with a
number of its own), and a throwaway encrypted database with the authorizations of the sample clinic.

    python -m bench.scrub_claims [CLAIMS]
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path

from server.actions.check_claim import Tally, check_claim
from server.actions.import_authorizations import import_authorizations
from server.context import utc_now
from server.db.session import Database
from server.interchange.claims import services_of
from server.interchange.claims_837 import ClaimReader
from server.interchange.spreadsheet import open_table
from server.interchange.x12 import X12Reader
from server.settings import Settings

SAMPLE = Path(__file__).parents[1] / "server" / "demo" / "sample_claims.837"


def claims_file(claims: int) -> bytes:
    """A file of at least that many claims."""
    text = SAMPLE.read_text("utf-8")
    head, groups, tail = re.fullmatch(r"(ISA.*?~\n)(GS.*)(IEA.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    copies = -(-claims // groups.count("CLM*"))
    return (head + "".join(groups.replace("CLM*RB-", f"CLM*R{n}-") for n in range(copies)) + tail).encode()


def seconds(work: Callable[[], object]) -> float:
    """The best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def split(content: bytes) -> int:
    """The least that any reader must do: segments and elements, nothing understood."""
    return sum(len(segment.split("*")) for segment in content.decode().split("~"))


def read(content: bytes) -> int:
    """Every claim read whole, as services."""
    return sum(len(services_of(claim)) for claim in ClaimReader(io.BytesIO(content)))


def checked(database: Database, content: bytes) -> int:
    """Every line checked and kept, as `tallystick scrub` does."""
    tally = Tally()
    with database.write("bench") as session:
        return sum(
            len(check_claim(session, claim, "bench", utc_now(), date(2026, 11, 16), tally).lines)
            for claim in ClaimReader(io.BytesIO(content))
        )


def main() -> None:
    """Prints one line a measure."""
    content = claims_file(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
    claims = content.count(b"CLM*")
    print(f"{claims} claims, {content.count(b'~')} segments, {len(content) / 1e6:.1f} MB")
    baseline = seconds(lambda: split(content))
    print(f"{'split only':24}{claims / baseline:12,.0f} claims/s")
    measures: dict[str, Callable[[], object]] = {
        "tokenised with places": lambda: sum(1 for _ in X12Reader(io.BytesIO(content))),
        "read as claims": lambda: read(content),
    }
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load({"TALLYSTICK_DATA": folder, "TALLYSTICK_KEY": "5a" * 32, "HOME": folder})
        database = Database.open(settings)
        with database.write("bench") as session:
            table = open_table(SAMPLE.with_name("authorizations.csv"))
            import_authorizations(session, table, "bench", utc_now())
        measures["read and checked"] = lambda: checked(database, content)
        for name, work in measures.items():
            took = seconds(work)
            print(f"{name:24}{claims / took:12,.0f} claims/s {took / baseline:8.1f} x split only")
        database.dispose()
    tracemalloc.start()
    read(content)
    print(f"highest memory while reading: {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
