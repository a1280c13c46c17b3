"""Importing a clinic's list: seconds and peak memory, beside merely reading the same file.

    python -m bench.import_rows [--rows 100000] [--json]

Each measurement is a process of its own, so that its peak memory is its own: the CSV read with Python's csv
module, the workbook with openpyxl (read only), and both imported by `tallystick import` into a new encrypted
database, then the CSV imported again, which must change nothing. Aim: 100,000 rows in under 60 s and 300 MB.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

AIM_SECONDS_A_ROW = 60 / 100_000
AIM_MEGABYTES = 300
LAST_NAMES = ("Lindqvist", "Okafor", "Tevez", "Halvorsen", "Nakamura", "Castellane", "Moreau", "Adeyemi")
HEADER = (
    "Payer ID", "Payer", "Member ID", "Last Name", "First Name", "DOB", "Authorization Number", "Status",
    "CPT", "Modifiers", "Units", "Diagnosis Codes", "Requesting NPI", "Rendering NPI", "POS",
    "Level of Care", "Request Date", "Decision Date", "Start Date", "End Date", "Notes",
)  # fmt: skip
NPIS = ("1234567893", "1003000126")

READ_CSV = """
import csv, sys
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    print(sum(1 for row in csv.reader(file)))
"""
READ_XLSX = """
import sys, openpyxl
sheet = openpyxl.load_workbook(sys.argv[1], read_only=True).active
print(sum(1 for row in sheet.iter_rows(values_only=True)))
"""


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Synthetic authorizations, four to a patient, each with one procedure."""
    first = date(2026, 1, 5)
    for number in range(count):
        person = number // 4
        born = date(1940, 1, 1) + timedelta(days=person * 7 % 25_000)
        begin = first + timedelta(days=number % 300)
        yield (
            "EXH01", "Example Health", f"XYZ{100_000_000 + person}", LAST_NAMES[person % len(LAST_NAMES)],
            "Ada", f"{born.month}/{born.day}/{born.year}", f"A{number:09}",
            ("Approved", "Pending", "Denied")[number % 3], ("97110", "97112", "70551", "J1745")[number % 4],
            "GP" if number % 2 else "", str(number % 40 + 1), "M54.50; G89.29", NPIS[0], NPIS[number % 2],
            "11", "outpatient", begin.isoformat(), begin.isoformat(),
            f"{begin.month}/{begin.day}/{begin.year}", (begin + timedelta(days=90)).isoformat(), "",
        )  # fmt: skip


def write_files(text: Path, workbook: Path, count: int) -> None:
    """Writes the same rows as CSV and as XLSX."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("List")
    with text.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for row in (HEADER, *rows(count)):
            writer.writerow(row)
            sheet.append(row)
    book.save(workbook)


def measure(name: str, command: Sequence[str], environment: dict[str, str]) -> dict[str, object]:
    """Runs a command; gives its seconds, processor seconds, and the peak of its resident memory in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{name} failed")
    return {
        "name": name,
        "seconds": round(time.perf_counter() - begun, 2),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_megabytes": round(usage.ru_maxrss / 1024),
        "out": out.strip(),
    }


def main() -> int:
    """Prints the measurements; 0 when the aims are met, 1 when not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    python = sys.executable
    importing = [python, "-c", "from server.cli import main; main()", "import"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, workbook = folder / "list.csv", folder / "list.xlsx"
        # In another process: a child's peak begins with what its parent holds.
        writing = multiprocessing.get_context("spawn").Process(
            target=write_files, args=(text, workbook, options.rows)
        )
        writing.start()
        writing.join()

        def environment(place: str) -> dict[str, str]:
            kept = {key: value for key, value in os.environ.items() if not key.startswith("TALLYSTICK_")}
            return {**kept, "TALLYSTICK_DATA": str(folder / place), "TALLYSTICK_KEY_STORE": "file"}

        measured = [
            measure("read CSV (csv)", [python, "-c", READ_CSV, str(text)], environment("none")),
            measure("import CSV", [*importing, str(text), "--json"], environment("csv")),
            measure("import CSV again", [*importing, str(text), "--json"], environment("csv")),
            measure("read XLSX (openpyxl)", [python, "-c", READ_XLSX, str(workbook)], environment("none")),
            measure("import XLSX", [*importing, str(workbook), "--json"], environment("xlsx")),
        ]
    for one in measured:
        out = one.pop("out")
        if str(one["name"]).startswith("import"):
            report = json.loads(str(out))
            one |= {key: report[key] for key in ("created", "updated", "unchanged", "bad_rows")}
    again = measured[2]
    right = (
        all(one["created"] == options.rows for one in (measured[1], measured[4]))
        and again["unchanged"] == options.rows
        and (again["created"], again["updated"]) == (0, 0)
    )
    imports = [one for one in measured if "created" in one]
    met = right and all(
        float(str(one["seconds"])) <= max(AIM_SECONDS_A_ROW * options.rows, 5)
        and int(str(one["peak_megabytes"])) <= AIM_MEGABYTES
        for one in imports
    )
    ratio = float(str(measured[1]["processor_seconds"])) / max(
        float(str(measured[0]["processor_seconds"])), 0.01
    )
    if options.json:
        print(
            json.dumps(
                {"rows": options.rows, "measured": measured, "import_to_read": round(ratio, 1), "met": met}
            )
        )
    else:
        print(f"{options.rows} rows; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        for one in measured:
            counted = f"  {one['created']} created, {one['unchanged']} unchanged" if "created" in one else ""
            print(
                f"{one['name']:22}{one['seconds']:>8} s {one['processor_seconds']:>8} s of processor"
                f"{one['peak_megabytes']:>6} MB{counted}"
            )
        print(f"importing takes {ratio:.0f} times the processor time of reading with the csv module")
        print("aims met" if met else "AIMS NOT MET")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
