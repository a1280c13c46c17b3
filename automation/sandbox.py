"""Serves the sandboxes of portal profiles: stand-ins to sign in to, search, read and break on purpose.

    python -m automation.sandbox --port 8765 --hazard slow=300 example_payer availity

Each is at http://<slug, with - for _>.localhost:PORT/ (a browser resolves *.localhost by itself); when only
one is served, also at http://127.0.0.1:PORT/. Control, from this machine only:

    GET  /__sandbox__/journal   what was counted, and every request that would have changed something
    GET  /__sandbox__/hazards   the hazards that are on, and all there are
    POST /__sandbox__/hazards   {"slow": 300, "maintenance": true, "terms": null} turns them on and off
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as Answer

import portal_profiles
from portal_profiles.catalogue import load
from portal_profiles.stand_in import HAZARDS, HazardError, Record, Records, State, load_records
from portal_profiles.stand_in_changes import change_script
from portal_profiles.vocabulary import Determination, NumberKind

CONTROL = "/__sandbox__/"
COLUMNS = (
    "Payer", "Payer ID", "Plan", "Portal", "Member ID", "Last Name", "First Name", "DOB",
    "Authorization Number", "CPT", "Modifiers", "Units", "Unit", "Diagnosis", "Requesting NPI",
    "Rendering NPI", "Facility NPI",
    "Place of Service", "Level of Care", "Status", "Requested Date", "Start Date", "End Date",
)  # fmt: skip
#: What a firewall in front of a portal answers with: nothing of the portal's own.
FIREWALL = "<!doctype html><title>Access denied</title><h1>Access denied</h1><p>Your request was blocked.</p>"
#: Header under which the clinic's spreadsheet has a number of that kind.
OTHER_NUMBERS = {NumberKind.KEY: "Request Key"}


class SandboxError(Exception):
    """A sandbox that is not there or cannot be served; the message says what to do."""


def _folders() -> dict[str, Path]:
    """slug -> its sandbox folder, in our profiles and in the folders that $TALLYSTICK_PROFILES names."""
    roots = [Path(portal_profiles.__file__).parent]
    roots += [Path(p) for p in os.environ.get("TALLYSTICK_PROFILES", "").split(os.pathsep) if p]
    return {
        found.parent.parent.name: found.parent
        for root in roots
        for found in sorted(root.glob("*/sandbox/routes.py"))
    }


def slugs() -> list[str]:
    """The portals that have a sandbox, sorted."""
    return sorted(_folders())


def folder(slug: str) -> Path:
    """The sandbox folder of a portal. Raises SandboxError naming those there are."""
    found = _folders()
    if slug not in found:
        raise SandboxError(
            f"No sandbox for {slug!r}: there is one for {', '.join(sorted(found)) or 'no portal'}."
        )
    return found[slug]


def records(slug: str, *, today: date | None = None) -> Records:
    """The records of a portal's sandbox (see `load_records` for `today`)."""
    return load_records(folder(slug), today=today)


def create_app(state: State, *, seed: int = 0) -> Flask:
    """The sandbox of `state` with its hazards, journal and control pages. `seed` fixes which pages fail."""
    file = folder(state.records.slug) / "routes.py"
    spec = importlib.util.spec_from_file_location(f"sandbox_of_{state.records.slug}", file)
    if spec is None or spec.loader is None:
        raise SandboxError(f"{file} cannot be loaded as Python.")
    app_folder = file.parent / "app"
    if app_folder.is_dir() and not (app_folder / "dist" / "app.js").is_file():
        raise SandboxError(
            f"The pages of {state.records.slug}'s sandbox are not built. Build them with: "
            f"npm --prefix {app_folder} ci && npm --prefix {app_folder} run build"
        )
    routes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(routes)
    app: Flask = routes.create(state)
    chance = random.Random(seed)  # noqa: S311 (which page fails is no secret)
    turn = threading.Lock()

    def happens(share: float) -> bool:
        with turn:
            return share > 0 and chance.random() < share

    @app.before_request
    def endanger() -> Answer | tuple[str, int] | None:
        if request.path.startswith(CONTROL):
            return None if request.remote_addr in ("127.0.0.1", "::1") else ("This machine only.", 403)
        view = app.view_functions.get(request.endpoint or "")
        default = "look" if request.method in ("GET", "HEAD", "OPTIONS") else "act"
        state.note(request.method, request.path, getattr(view, "tallystick_what", default))
        hazards = state.hazards
        if hazards.on("slow"):
            time.sleep(hazards.number("slow") / 1000)
        if happens(hazards.number("dropped")):
            connection = request.environ.get("werkzeug.socket")
            if isinstance(connection, socket.socket):
                connection.shutdown(socket.SHUT_RDWR)
            return Response(status=500)
        if hazards.on("firewall"):
            return FIREWALL, 403
        if hazards.on("maintenance"):
            return render_template("maintenance.html"), 503
        if happens(hazards.number("error_rate")):
            return render_template("error.html"), 500
        return None

    @app.after_request
    def uncached(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.after_request
    def released(response: Response) -> Response:
        """The page as a new release of the portal draws it, under the hazards that say so."""
        ids, layout = state.hazards.on("changed_id"), state.hazards.on("changed_layout")
        if (ids or layout) and response.mimetype == "text/html" and not response.direct_passthrough:
            script = change_script(load(state.records.slug), ids=ids, layout=layout)
            page = response.get_data(as_text=True)
            response.set_data(page.replace("<head>", f"<head><script>{script}</script>", 1))
        return response

    @app.get(CONTROL + "journal")
    def journal() -> Response:
        return jsonify(state.counts())

    @app.get(CONTROL + "hazards")
    def hazards() -> Response:
        return jsonify({"on": state.hazards.to_json(), "all": HAZARDS})

    @app.post(CONTROL + "hazards")
    def switch() -> Response | tuple[Response, int]:
        try:
            state.hazards.switch(request.get_json())
        except HazardError as error:
            return jsonify({"error": {"code": "unknown_hazard", "message": str(error), "fields": []}}), 400
        return jsonify({"on": state.hazards.to_json()})

    return app


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: the journal counts requests."""


class Served:
    """Sandboxes being served in a thread. Use as a context manager, or call `stop`."""

    def __init__(self, server: BaseWSGIServer, states: dict[str, State]) -> None:
        self.states = states
        self.port = server.server_port
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="sandbox", daemon=True)
        self._thread.start()

    def url(self, slug: str) -> str:
        """Where that portal's sandbox is, for a browser: scheme, host and port, no path."""
        if slug not in self.states:
            raise SandboxError(f"{slug} is not served here; {', '.join(self.states)} is.")
        return f"http://{slug.replace('_', '-')}.localhost:{self.port}"

    @property
    def direct_url(self) -> str:
        """http://127.0.0.1:PORT, which answers for the only sandbox served (with several: a list of them)."""
        return f"http://127.0.0.1:{self.port}"

    def remembered(self, slug: str, username: str) -> bytes | None:
        """The browser state that a person's sign-in with "remember this device" leaves behind, for `Account`.

        It holds the device's cookie and no session. None where the portal remembers no device.
        """
        state = self.states[slug]
        if not state.records.device_cookie:
            return None
        cookie = {
            "name": state.records.device_cookie,
            "value": state.remember_device(username),
            "domain": urlsplit(self.url(slug)).hostname,
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return json.dumps({"cookies": [cookie], "origins": []}).encode()

    def stop(self) -> None:
        """Stops serving and frees the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def dispatcher(apps: Mapping[str, Flask]) -> Flask | Callable[..., Iterable[bytes]]:
    """One WSGI app over several sandboxes, chosen by the host's first label."""
    if len(apps) == 1:
        return next(iter(apps.values()))

    def choose(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", ""))
        slug = host.split(":")[0].split(".")[0].replace("-", "_").lower()
        if slug in apps:
            return apps[slug](environ, start_response)  # type: ignore[arg-type]
        port = host.partition(":")[2]
        links = "".join(
            f'<li><a href="http://{s.replace("_", "-")}.localhost:{port}/">{s}</a></li>' for s in apps
        )
        page = f"<!doctype html><title>Sandboxes</title><h1>Sandboxes</h1><ul>{links}</ul>"
        return Response(page, mimetype="text/html")(environ, start_response)  # type: ignore[arg-type]

    return choose


def serve(
    wanted: Sequence[str] = (),
    port: int = 0,
    hazards: Mapping[str, object] | None = None,
    *,
    host: str = "127.0.0.1",
    seed: int = 0,
    today: date | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Served:
    """Serves the sandboxes of these portals (all, when none is named) in a thread; port 0 takes a free one.

    hazards: those on from the start, as {"slow": 300, "maintenance": True}, in every sandbox served.
    today: moves the records' dates by whole weeks to lie around that day. clock: for one-time codes.
    Raises SandboxError, HazardError or RecordsError.
    """
    states = {slug: State(records(slug, today=today), hazards, clock=clock) for slug in (wanted or slugs())}
    apps = {slug: create_app(state, seed=seed) for slug, state in states.items()}
    try:
        server = make_server(host, port, dispatcher(apps), threaded=True, request_handler=_Quiet)
    except (OSError, SystemExit) as error:
        raise SandboxError(f"Port {port} cannot be had ({error}). Choose another with --port.") from error
    return Served(server, states)


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """What a correct pass reads of one line."""

    code: str
    determination: Determination
    requested: int
    approved: int | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a correct pass over a sandbox without hazards must give for one of the clinic's rows.

    outcome: value of the robot's OutcomeKind. determination and the rest: None and empty unless it is "read".
    """

    row: str
    outcome: str
    determination: Determination | None = None
    determination_text: str = ""
    authorization_number: str | None = None
    numbers: tuple[tuple[NumberKind, str], ...] = ()
    lines: tuple[ExpectedLine, ...] = ()


def query_key(member_id: str, procedure_code: str) -> str:
    """What tells one of the clinic's rows from the others of the same sandbox: member and first procedure."""
    return f"{member_id.strip().upper()} {procedure_code.strip().upper()}"


def queries(slug: str, *, today: date | None = None) -> list[dict[str, object]]:
    """The clinic's rows as the robot's queries (Query JSON); `id` is the row's `query_key`."""
    known = records(slug, today=today)
    return [
        {
            "id": query_key(row.patient.member_id, row.code),
            "reference_number": row.number or None,
            "member_id": row.patient.member_id,
            "last_name": row.patient.last_name,
            "first_name": row.patient.first_name,
            "birth_date": row.patient.birth_date.isoformat(),
            "payer": row.patient.payer.name,
            "plan": row.patient.plan,
            "service_from": row.service_from.isoformat(),
            "service_to": row.service_to.isoformat(),
            "requesting_npi": row.requesting_npi,
            "procedure_codes": [row.code],
        }
        for row in known.clinic
    ]


def expected(slug: str) -> dict[str, Expected]:
    """`query_key` -> what a correct pass over that portal's sandbox must give (see `expected_of`)."""
    return expected_of(records(slug))


def expected_of(known: Records) -> dict[str, Expected]:
    """`query_key` -> what a correct pass must give, worked out from these records.

    The search is done again on the data: by number where the clinic has one and the portal searches by it (it
    names one record at once), else by member and dates, of which only a record with the same procedure and
    first day is the clinic's.
    """
    answers = {}
    for row in known.clinic:
        if row.number and known.searched_by:
            found = known.by_number(row.number)
        elif row.patient.plan in known.plans_not_served:
            answers[query_key(row.patient.member_id, row.code)] = Expected(row.key, "could_not_look")
            continue
        else:
            found = tuple(
                r
                for r in known.by_member(row.patient, row.service_from, row.service_to)
                if r.lines[0].requested_code == row.code and r.service_from == row.service_from
            )
        if not found:
            answer = Expected(row.key, "not_found")
        elif len(found) > 1:
            answer = Expected(row.key, "ambiguous")
        elif found[0].patient != row.patient:
            answer = Expected(row.key, "wrong_patient")
        else:
            answer = _read(known, row.key, found[0])
        answers[query_key(row.patient.member_id, row.code)] = answer
    return answers


def _read(known: Records, key: str, record: Record) -> Expected:
    return Expected(
        row=key,
        outcome="read",
        determination=known.published(record),
        determination_text=known.word(record),
        authorization_number=record.numbers.get(NumberKind.AUTHORIZATION) or None,
        numbers=tuple((kind, value) for kind, value in record.numbers.items() if value),
        lines=tuple(
            ExpectedLine(line.code, known.published(line), line.requested, line.approved)
            for line in record.lines
        ),
    )


def spreadsheet(wanted: Sequence[str] = (), *, today: date | None = None) -> list[dict[str, str]]:
    """The clinic's rows before the pass, one dict a row under `COLUMNS`, as its spreadsheet has them.

    A number of another kind than the authorization's has a column of its own, where any row has one.
    """

    def us(day: date) -> str:
        return day.strftime("%m/%d/%Y")

    rows = []
    portals = {slug: records(slug, today=today) for slug in wanted or slugs()}
    kinds = {row.number_kind for known in portals.values() for row in known.clinic if row.number}
    others = {kind: OTHER_NUMBERS[kind] for kind in sorted(kinds - {NumberKind.AUTHORIZATION})}
    for slug, known in portals.items():
        for row in known.clinic:
            numbers = {row.number_kind: row.number}
            payer = row.patient.payer
            values = (
                payer.name, payer.payer_id, row.patient.plan, slug, row.patient.member_id,
                row.patient.last_name, row.patient.first_name, us(row.patient.birth_date),
                numbers.get(NumberKind.AUTHORIZATION, ""),
                row.code, " ".join(row.modifiers),
                str(row.quantity), row.unit, ", ".join(row.diagnoses), row.requesting_npi, row.rendering_npi,
                row.facility_npi, row.place_of_service, row.level_of_care, row.status, us(row.requested),
                us(row.service_from), us(row.service_to),
            )  # fmt: skip
            beside = {column: numbers.get(kind, "") for kind, column in others.items()}
            rows.append({**dict(zip(COLUMNS, values, strict=True)), **beside})
    return rows


def hazard(text: str) -> tuple[str, object]:
    """`slow=300` -> ("slow", "300"); `terms` -> ("terms", True)."""
    name, equals, value = text.partition("=")
    return name, value if equals else True


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until Ctrl-C. Exit code 0, or 3 when it could not."""
    parser = argparse.ArgumentParser(
        prog="python -m automation.sandbox",
        description=(__doc__ or "").split("\n")[0],
        epilog="Example: python -m automation.sandbox --port 8765 --hazard slow=300 example_payer",
    )
    parser.add_argument(
        "slug", nargs="*", help=f"which portals ({', '.join(slugs())}); all when none is named"
    )
    parser.add_argument("--port", type=int, default=8765, help="default 8765; 0 takes a free one")
    parser.add_argument(
        "--hazard", action="append", default=[], metavar="NAME[=VALUE]", help=f"one of {', '.join(HAZARDS)}"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="fixes which pages fail under error_rate and dropped"
    )
    parser.add_argument(
        "--today", type=date.fromisoformat, help="YYYY-MM-DD: move the records' dates around it"
    )
    parser.add_argument("--spreadsheet", action="store_true", help="print the clinic's rows as CSV and end")
    options = parser.parse_args(arguments)
    try:
        if options.spreadsheet:
            rows = spreadsheet(options.slug, today=options.today)
            table = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
            return 0
        served = serve(
            options.slug,
            options.port,
            dict(hazard(h) for h in options.hazard),
            seed=options.seed,
            today=options.today,
        )
    except (SandboxError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3
    with served:
        for slug, state in served.states.items():
            account = state.records.accounts[0]
            print(f"{state.records.portal}: {served.url(slug)}/  account {account.username}")  # noqa: T201
        print(f"On this machine: {served.direct_url}/  (Ctrl-C ends it)", flush=True)  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
