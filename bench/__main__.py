"""Every benchmark, one after the other: `make bench`, or `make bench ARGS="engine_checks scrub_claims"`.

Each is a file beside this one and can be run alone: python -m bench.engine_checks --help
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def names() -> list[str]:
    """Every benchmark's name, sorted."""
    return sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))


def main(wanted: Sequence[str]) -> int:
    """Runs those named, or all; 0 when each ended well, 1 when one failed, 2 when there is none of a name."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    failed = []
    for name in wanted or names():
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"]).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
