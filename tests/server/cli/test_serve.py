"""`tallystick serve`: a real process that answers, and ends when it is told to."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli.serve import command


@pytest.mark.enable_socket
def test_it_answers_at_the_address_that_it_prints_and_ends_on_a_signal(tmp_path: Path) -> None:
    environ = {**os.environ, "TALLYSTICK_DATA": str(tmp_path / "data"), "TALLYSTICK_KEY": "5a" * 32}
    with subprocess.Popen(
        [sys.executable, "-c", "from server.cli import main; main()", "serve", "--port", "0"],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            address = re.search(r"http://(127\.0\.0\.1):(\d+)/", line)
            assert address, line + (process.stderr.read() if process.stderr and process.poll() else "")
            connection = http.client.HTTPConnection(address[1], int(address[2]), timeout=30)
            connection.request("GET", "/api/openapi.json")
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.getheader("Server") is None
            answer.read()
            connection.close()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_the_help_shows_an_example() -> None:
    assert "Example: tallystick serve --port 8750" in CliRunner().invoke(command, ["--help"]).output
