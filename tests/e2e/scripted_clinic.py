"""A clinic's server whose answers a test scripts: what the real one cannot be made to do on command.

It checks signatures as the real one does (server.security.signatures), and can be slow, broken or gone.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from server.security import signatures

CODE = "ABCD2345"
Answer = Callable[[Mapping[str, Any]], "tuple[int, object]"]


def authorization() -> dict[str, Any]:
    """The approval of Ada Lindqvist that the scripted answers are about."""
    return {
        "id": 12, "version": 1, "payer_name": "Example Health", "plan": "Example Health PPO",
        "patient": {"member_id": "XYZ100200301", "last_name": "Lindqvist", "first_name": "Ada",
                    "birth_date": "1961-03-12"},
        "portal": "example_payer", "last_looked_at": "2026-11-23T02:10:00+00:00", "last_outcome": "read",
        "determination": "approved", "determination_text": "Approved",
        "determination_read_at": "2026-11-23T02:10:00+00:00",
        "lines": [{"number": 1, "code": "97110", "code_end": None, "modifiers": ["GP"], "component": None,
                   "quantity": 24, "unit": "units", "used": 0, "remaining": 24, "determination": None,
                   "effective": "2026-12-01", "expiry": "2027-02-28"}],
        "diagnoses": ["M54.50"], "requesting_npi": "1234567893", "rendering_npis": ["1003000126"],
        "billing_npi": None, "facility_npi": "1992999957", "place_of_service": "11",
        "level_of_care": "outpatient", "effective": "2026-12-01", "expiry": "2027-02-28",
        "reference_numbers": [{"value": "004815162", "kind": "authorization", "issuer": None, "label": None}],
    }  # fmt: skip


def case() -> dict[str, Any]:
    """The same with nothing noted on it yet, read by the night job."""
    return {
        "authorization": authorization(),
        "last_reading": {"at": "2026-11-23T02:10:00+00:00", "by": "nightly", "reading_id": 3},
        "last_check": None,
        "portal_name": "Example Payer",
        "notes": [],
    }


def check(page: Mapping[str, Any], *, member: str = "XYZ100200301") -> dict[str, Any]:
    """What the server would say of a request form: code 97110 and at most 24 units are approved."""
    texts = {key: field["text"] for key, field in page["fields"].items()}
    line = {key: cell["text"] for key, cell in (page["rows"].get("procedures") or [{}])[0].items()}
    findings = []

    def differs(rule: str, field: str, approved: str, entered: str, severity: str, carc: str | None) -> None:
        findings.append(
            {
                "rule": rule,
                "severity": severity,
                "field": field,
                "approved": approved,
                "entered": entered,
                "message": f"{entered} was entered, {approved} is approved.",
                "why": "The payer compares each line of the claim with the approval.",
                "next_step": f"Correct it to {approved}, or ask the payer to change the approval.",
                "carc": carc,
                "line": 1,
                "allowed_by": None,
                "source": None,
                "row": None,
            }
        )

    if texts.get("member_id") and texts["member_id"] != member:
        differs("patient_differs", "member_id", member, texts["member_id"], "denial", "31")
    if line.get("procedure_code") and line["procedure_code"] != "97110":
        differs("procedure_not_approved", "procedure_code", "97110", line["procedure_code"], "denial", "197")
    if line.get("quantity", "").isdigit() and int(line["quantity"]) > 24:
        differs("units_exceed", "quantity", "24 units", f"{line['quantity']} units", "denial", "198")
    if line.get("unit") and line["unit"] != "units":
        differs("units_not_comparable", "unit", "units", line["unit"], "caution", None)
    known = bool(texts.get("member_id"))
    severities = {str(finding["severity"]) for finding in findings}
    verdict = "mismatch" if "denial" in severities else "caution" if severities else "match"
    checked = [key for key in ("member_id", "birth_date") if texts.get(key)]
    checked += [key for key in ("procedure_code", "quantity", "unit") if line.get(key)]
    return {
        "id": 1,
        "verdict": verdict if known else "undetermined",
        "authorization": authorization() if known else None,
        "line": 1 if known else None,
        "candidates": [],
        "tie": False,
        "findings": findings,
        "checked": checked if known else [],
        "unreadable": [],
        "before_request": None,
        "checked_at": "2026-11-23T10:00:00+00:00",
    }


class ScriptedClinic:
    """Serves at `url` until left. `answers` maps a path to what answers it; `taken` keeps what was sent."""

    def __init__(self, port: int = 0) -> None:
        self.answers: dict[str, Answer] = {
            "/api/v1/checks": lambda sent: (200, check(sent["page"])),
            "/api/v1/devices/me": lambda _: (
                200,
                {"device_id": "d1", "name": "desk", "clinic": "Riverbend Clinic", "user": "Admin"},
            ),
            "/api/v1/authorizations/search": lambda _: (200, {"items": [authorization()], "total": 1}),
            "/api/v1/cases/12": lambda _: (200, case()),
            "/api/v1/portals/to-look-at": lambda _: (200, {"portals": []}),
        }
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[str] = []
        self._key: dict[str, str] | None = None
        self._nonces: set[str] = set()
        clinic = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_OPTIONS(self) -> None:
                self._send(204, None)

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                status, answer = clinic.reply(
                    self.command, self.path, self.headers.get("Authorization", ""), body
                )
                self._send(status, answer)

            def _send(self, status: int, answer: object) -> None:
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                origin = self.headers.get("Origin", "")
                if origin.startswith("chrome-extension://"):
                    self.send_header("Access-Control-Allow-Origin", origin)
                    self.send_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
                    self.send_header("Access-Control-Allow-Methods", "GET, POST")
                    self.send_header("Access-Control-Max-Age", "600")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
                """Says nothing: `taken` keeps what was asked."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                self.open: set[socket.socket] = set()

            def process_request(self, request: Any, client_address: Any) -> None:
                self.open.add(request)
                super().process_request(request, client_address)

            def handle_error(self, request: object, client_address: object) -> None:
                """A browser that hangs up on an answer it no longer wants is no error here."""

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def reply(self, method: str, path: str, header: str, body: bytes) -> tuple[int, object]:
        """Status and JSON for one request; a signature that is missing, wrong or used before is refused."""
        sent = json.loads(body) if body else {}
        if path == "/api/v1/devices/pair":
            if sent["code"] != CODE:
                return 401, {"error": {"code": "pairing_refused", "message": "This code opens nothing."}}
            self._key = signatures.public_key(sent["public_key"])
            return 201, {"device_id": "d1", "clinic": "Riverbend Clinic", "user": "Admin"}
        signed = signatures.parse(header)
        message = signatures.text_to_sign(method, path, body, signed.time, signed.nonce)
        if (
            self._key is None
            or signed.nonce in self._nonces
            or not signatures.is_genuine(signed, self._key, message)
        ):
            self.refused.append(path)
            return 401, {"error": {"code": "signature", "message": "The signature is not genuine."}}
        self._nonces.add(signed.nonce)
        self.taken.append((path, sent))
        return self.answers[path](sent)

    def revoke(self) -> None:
        """No signature is genuine from now on."""
        self._key = None

    def sent(self, path: str) -> list[dict[str, Any]]:
        """What was sent to a path, in order."""
        return [what for where, what in self.taken if where == path]

    def stop(self) -> None:
        """Frees the port: the next request finds nobody."""
        self._server.shutdown()
        for kept in self._server.open:
            with contextlib.suppress(OSError):  # the browser was quicker to hang up
                kept.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
