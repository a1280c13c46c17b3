"""How long a check request takes, against a bare Flask route on the same server, as the record grows.

One run, one server process (waitress, as `tallystick serve` sets it up) that answers both: `POST /bare`, a
Flask app of one view that reads the JSON body and answers a constant, and `POST /api/v1/checks` of the real
application on an encrypted database: a paired device's signature is verified, its nonce taken, the candidates
found, compared and written down with the audit chain, in one transaction. The two are asked in turn, one
after the other, each check about another patient, and each answer is verified. Only the time from sending to
the whole answer is counted.

    python bench/check_requests.py                    1,000 and 1,000,000 authorizations
    python bench/check_requests.py --rows 50000       1,000 and 50,000: shorter
    python bench/check_requests.py --json
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from flask import Flask, Response, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from server import log
from server.app import create_app, port_of, server
from server.db.session import Database
from server.db.tables import Device, User
from server.security import audit
from server.settings import Settings

KEY = ec.generate_private_key(ec.SECP256R1())
DEVICE = "be4cbe4cbe4cbe4c"
SMALL = 1000
NAMES = 50_000  # different last names: at a million rows each is borne by twenty people

# Bulk loading goes past the actions on purpose: a million audited saves would measure them, not the checks.
LOAD = (
    """
    INSERT INTO authorization_record
      (id, version, created_at, updated_at, payer_id, payer_name, portal, member_id, member_key, last_name,
       first_name, name_key, birth_date, type, determination, determination_text, diagnoses, rendering_npis,
       billing_npi, place_of_service, level_of_care, effective, expiry, next_due)
    SELECT value, 1, :now, :now, 'EXH01', 'Example Health', 'example_payer',
       printf('XYZ%09d', value), printf('XYZ%09d', value),
       printf('Person%d', value % :names), 'Sam', printf('PERSON%d', value % :names),
       date('1940-01-01', printf('+%d days', value % 25000)), 'prior', 'approved', 'Approved', '["M54.50"]',
       '["1234567893"]', '1992999957', '11', 'outpatient', '2026-01-01', '2026-12-31', '2026-11-20'
    FROM counted
    """,
    """
    INSERT INTO authorization_line
      (authorization_id, number, code, modifiers, quantity, unit, used, rendering_npis)
    SELECT value, 1, '97110', '["GP"]', 12, 'visits', 4, '[]' FROM counted
    """,
    """
    INSERT INTO reference_number (authorization_id, value, value_key, kind, issuer, first_seen_at)
    SELECT value, printf('A-%09d', value), printf('A%09d', value), 'authorization', 'Example Health', :now
    FROM counted
    """,
    """
    INSERT INTO determination_change (authorization_id, determination, text, at, source, actor)
    SELECT value, 'approved', 'Approved', :now, 'import', 'bench' FROM counted
    """,
)
COUNTED = """
    WITH RECURSIVE counted(value) AS
      (SELECT :first UNION ALL SELECT value + 1 FROM counted WHERE value < :last)
"""


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one size, and megabytes of the server after it."""

    authorizations: int
    requests: int
    bare_p50: float
    bare_p99: float
    check_p50: float
    check_p99: float
    p50_ratio: float
    p99_ratio: float
    server_mb: float
    load_seconds: float


def main() -> int:
    """Measures both sizes and prints them; exit code 1 when an aim is missed."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, default=1_000_000, help="the larger record (default 1,000,000)")
    options.add_argument("--requests", type=int, default=2000, help="of each kind and size (default 2000)")
    options.add_argument("--json", action="store_true", help="print one JSON object")
    options.add_argument("--as-server", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.as_server is not None:
        serve(asked.as_server)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), [SMALL, max(asked.rows, SMALL + 1)], asked.requests)
    growth = measured[1].check_p50 / measured[0].check_p50
    worst = max(one.p50_ratio for one in measured)
    if asked.json:
        print(json.dumps({"sizes": [asdict(one) for one in measured], "p50_growth": growth}, indent=2))
    else:
        show(measured, growth)
    return 0 if worst <= 2 and growth <= 1.25 else 1


def settings_in(folder: Path) -> Settings:
    """The database of this run; its key is thrown away with it."""
    return Settings(
        data_dir=folder / "data", config_dir=folder / "config", key_text=(folder / "key").read_text(), port=0
    )


def measure(folder: Path, sizes: list[int], requests: int) -> list[Measured]:
    """One server for both sizes: rows are added while it runs, as they are in life."""
    (folder / "key").write_text(secrets.token_hex(32))
    database = Database.open(settings_in(folder))
    pair(database)
    command = [sys.executable, str(Path(__file__).resolve()), "--as-server", str(folder)]
    # The request log is written as in life; only that nobody reads it here.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            measured = []
            loaded = 0
            for size in sizes:
                began = time.perf_counter()
                load(database, loaded + 1, size)
                loaded, seconds = size, time.perf_counter() - began
                ask_in_turn(port, size, 100)  # connections opened, code warm, pages cached
                bare, check = ask_in_turn(port, size, requests)
                measured.append(compare(size, bare, check, memory_mb(process.pid), seconds))
        finally:
            process.terminate()
    database.dispose()
    return measured


def serve(folder: Path) -> None:
    """The server process: prints its port, then answers until it is ended."""
    log.configure()
    settings = settings_in(folder)
    bare = Flask("bare")

    @bare.post("/")
    def answer() -> Response:
        return jsonify(verdict="match", asked=len(request.get_json()))

    app = create_app(settings, Database.open(settings))
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/bare": bare})  # type: ignore[method-assign]
    listening = server(app, settings.host, 0)
    print(port_of(listening), flush=True)
    listening.run()


def pair(database: Database) -> None:
    """One scheduler with one paired device."""
    now = datetime.now(UTC)
    numbers = KEY.public_key().public_numbers()
    with database.write("bench") as session:
        user = User(
            email="scheduler@riverbend.example",
            name="Scheduler",
            role="scheduler",
            active=True,
            created_at=now,
        )
        session.add(user)
        session.flush()
        key = {
            "kty": "EC",
            "crv": "P-256",
            "x": base64url(numbers.x.to_bytes(32)),
            "y": base64url(numbers.y.to_bytes(32)),
        }
        session.add(
            Device(id=DEVICE, user_id=user.id, name="Bench", public_key=key, paired_at=now, seen_at=now)
        )
        audit.record(session, "bench", "device.paired", f"device:{DEVICE}", now=now)


def load(database: Database, first: int, last: int) -> None:
    """Authorizations `first` to `last`, each of another patient, with line, number and determination."""
    values = {
        "first": first,
        "last": last,
        "names": NAMES,
        "now": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
    with database.engine.connect() as connection, connection.begin():
        for statement in LOAD:
            connection.exec_driver_sql(f"{COUNTED} {statement}", values)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def ask_in_turn(port: int, size: int, requests: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each bare and each check request, asked in turn over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    bare, check = [], []
    step = max(size // requests, 1)
    for number in range(requests):
        person = number * step % size + 1
        body = json.dumps(check_of(person)).encode()
        signed = {"Content-Type": "application/json", "Authorization": sign("/api/v1/checks", body)}
        seconds, _ = timed(connection, "/bare/", body, {"Content-Type": "application/json"})
        bare.append(seconds * 1000)
        seconds, answer = timed(connection, "/api/v1/checks", body, signed)
        check.append(seconds * 1000)
        if answer["verdict"] != "match" or answer["authorization"]["id"] != person:
            raise SystemExit(f"a check answered wrongly: {answer}")
    return bare, check


def timed(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]
) -> tuple[float, dict[str, Any]]:
    """Seconds from sending to the whole answer, and the answer."""
    began = time.perf_counter()
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    content = response.read()
    seconds = time.perf_counter() - began
    if response.status != 200:
        raise SystemExit(f"{path} answered {response.status}: {content.decode()}")
    answer: dict[str, Any] = json.loads(content)
    return seconds, answer


def check_of(person: int) -> dict[str, object]:
    """A service of this person that matches, with all that a request form states."""
    return {
        "checkpoint": "pre_service",
        "service": {
            "payer_id": "EXH01",
            "member_id": f"XYZ{person:09d}",
            "last_name": f"Person{person % NAMES}",
            "first_name": "Sam",
            "reference_number": f"A-{person:09d}",
            "procedure_code": "97110",
            "modifiers": ["GP"],
            "quantity": 1,
            "unit": "visits",
            "diagnoses": ["M54.50"],
            "rendering_npi": "1234567893",
            "billing_npi": "1992999957",
            "place_of_service": "11",
            "date_from": "2026-11-16",
        },
    }


def sign(target: str, body: bytes) -> str:
    """The header of a paired device."""
    stamp, nonce = int(time.time()), base64url(secrets.token_bytes(16))
    text = f"POST\n{target}\n{hashlib.sha256(body).hexdigest()}\n{stamp}\n{nonce}"
    r, s = decode_dss_signature(KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url(r.to_bytes(32) + s.to_bytes(32))
    return f'Tallystick device="{DEVICE}", time="{stamp}", nonce="{nonce}", signature="{signature}"'


def base64url(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def compare(size: int, bare: list[float], check: list[float], megabytes: float, seconds: float) -> Measured:
    """The medians and 99th percentiles, side by side."""
    bare_p50, check_p50 = statistics.median(bare), statistics.median(check)
    bare_p99, check_p99 = (statistics.quantiles(values, n=100)[98] for values in (bare, check))
    return Measured(
        size, len(check), bare_p50, bare_p99, check_p50, check_p99,
        check_p50 / bare_p50, check_p99 / bare_p99, megabytes, seconds,
    )  # fmt: skip


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]) / 1024


def show(measured: list[Measured], growth: float) -> None:
    """The table."""
    head = f"{'p50':>8} {'p99':>8}"
    print(f"{'':>14}  {'bare route':>17}  {'check':>17}  {'check / bare':>13}  {'server':>6}")
    print(f"{'authorizations':>14}  {head}  {head}  {'p50':>6} {'p99':>6}  {'memory':>6}")
    for one in measured:
        print(
            f"{one.authorizations:>14,}  {one.bare_p50:>5.2f} ms {one.bare_p99:>5.2f} ms  "
            f"{one.check_p50:>5.2f} ms {one.check_p99:>5.2f} ms  "
            f"{one.p50_ratio:>5.2f}x {one.p99_ratio:>5.2f}x  "
            f"{one.server_mb:>3.0f} MB"
        )
    print(f"p50 with {measured[1].authorizations:,} against {measured[0].authorizations:,}: {growth:.2f}x")
    print("Aims: p50 within 2x of the bare route, and flat (within 1.25x) as the record grows.")


if __name__ == "__main__":
    sys.exit(main())
