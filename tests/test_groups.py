"""The groups that the suite is shared out by between its workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GROUPED = """
import os
import pytest

@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("group", [
    pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("one", "two")
])
def test_it(group, number):
    with open("workers", "a") as file:
        print(group, os.environ["PYTEST_XDIST_WORKER"], file=file)
"""


def test_the_tests_of_a_group_are_run_by_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "-p",
        "no:cacheprovider",
    ]
    subprocess.run([*command, "test_grouped.py"], cwd=tmp_path, check=True, capture_output=True)
    ran = (tmp_path / "workers").read_text().splitlines()
    assert len(ran) == 8
    assert len(set(ran)) == 2
