"""Packed size of each script of the built extension, beside the aim for the one that runs in pages.

    python -m bench.extension_size [--json]

gzip -9, in kB of 1,000 bytes. A page of the extension is made of chunks; each file is told by itself.
"""

from __future__ import annotations

import argparse
import gzip
import json

from tests.e2e.extension_browser import EXTENSION

IN_PAGES, AIM_KB = "portal.js", 40.0


def sizes() -> dict[str, dict[str, float]]:
    """File -> kB plain and packed, the largest first. Raises FileNotFoundError when nothing is built."""
    files = sorted(EXTENSION.rglob("*.js"))
    if not files:
        raise FileNotFoundError("The extension is not built: npm --prefix extension run build:sandbox")
    told = {
        str(file.relative_to(EXTENSION)): {
            "plain_kb": round(file.stat().st_size / 1000, 1),
            "packed_kb": round(len(gzip.compress(file.read_bytes(), 9)) / 1000, 1),
        }
        for file in files
    }
    return dict(sorted(told.items(), key=lambda one: -one[1]["packed_kb"]))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = sizes()
    if given.json:
        print(json.dumps({"files": results, "aim_kb": {IN_PAGES: AIM_KB}}))
        return
    print("Script                                   kB    gzip kB")
    for name, size in results.items():
        aim = f"   aim: under {AIM_KB:.0f}" if name == IN_PAGES else ""
        print(f"  {name:32} {size['plain_kb']:8.1f}   {size['packed_kb']:8.1f}{aim}")


if __name__ == "__main__":
    main()
