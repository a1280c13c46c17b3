"""`tallystick demo`: the whole of it on this machine, with sandboxes for portals and synthetic people."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from automation import sandbox
from automation.people import CodeAsked
from portal_profiles.stand_in import Account
from server import log
from server.actions.answer_code import answer_code
from server.actions.issue_access import issue_link
from server.app import create_app, server
from server.context import utc_now
from server.db.session import Database
from server.db.tables import CodeRequest, User
from server.demo import browser as demo_browser
from server.demo import clinic
from server.demo.compare import Compared, compare, keys
from server.demo.watch import run_pass
from server.errors import Problem
from server.jobs import schedule
from server.security import people
from server.settings import Settings
from server.web.words import portal_name, words

ROOT = Path(__file__).parents[2]
PORT = 8750
WIDTH = 140
MARKER = "this-folder-is-the-demonstration"
CLAIMS = Path("server") / "demo" / "sample_claims.837"


@click.command("demo")
@click.option(
    "--once", is_flag=True, help="One pass, its table, and the end: 0 only if every outcome is right."
)
@click.option("--tour", is_flag=True, help="Drive the whole in a headless browser and write the pictures.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print one JSON object.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="0 takes any free one. Usually: 8750, and a free one with --once or --tour.",
)
@click.option(
    "--portal",
    "portals",
    multiple=True,
    metavar="SLUG",
    help="A portal whose sandbox takes part; may be given several times. Usually: "
    + ", ".join(clinic.SHOWN["portals"])
    + ".",
)
@click.option("--no-browser", is_flag=True, help="Open no browser, even where there is a display.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "data" / "demo",
    help="Where the demonstration keeps its record; made anew each time.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "build" / "tour",
    help="Where --tour writes its pictures.",
)
def command(
    once: bool,
    tour: bool,
    as_json: bool,
    port: int | None,
    portals: tuple[str, ...],
    no_browser: bool,
    folder: Path,
    pictures: Path,
) -> int:
    """Loads a sample clinic, starts sandboxes for its portals and the server, and runs one status pass live.

    Sandboxes are stand-ins on this machine; no real portal is asked. Ctrl-C ends all of it.

    Example: tallystick demo --once
    """
    # Where nobody's window sets the width, nothing is cut off to fit one.
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else WIDTH)
    log.configure(least=logging.WARNING)
    stays = not (once or tour)
    if port is None:
        port = PORT if stays else 0
    with _running(folder, port, portals, scheduled=stays) as demo:
        known_as = _keys(demo)
        if stays:
            _say_where(demo, console)
        console.print("\n[bold]One status pass[/bold] over the sandboxes (stand-ins, not the real portals)\n")
        summary = run_pass(demo.database, "demo", console, _person(demo, console, answers=not stays))
        if summary.run_id is None:
            raise Problem("nothing_due", "No authorization was due, so the pass had nothing to do.", 500)
        with demo.database.read() as session:
            compared = compare(session, summary.run_id, known_as)
        right = sum(row.right for row in compared)
        if as_json:
            shown = [row.to_json() for row in compared]
            click.echo(json.dumps({"run": summary.run_id, "due": len(shown), "right": right, "items": shown}))
        else:
            console.print(_table(compared))
            console.print(f"{right} of {len(compared)} are what the sandboxes' data say.\n")
        all_right = right == len(compared) == summary.ledger.due
        if once:
            return 0 if all_right else 1
        if tour:
            return _tour(demo, pictures, console) if all_right else 1
        _stay(demo, console, with_browser=not no_browser)
    return 0


def _person(demo: Demo, console: Console, *, answers: bool) -> Callable[[CodeAsked], None]:
    """Who receives what a sandbox sends by mail or text: the terminal, to be entered in the dashboard; where
    nobody stays to do so, a person is played by the demonstration itself."""

    def asked(code: CodeAsked) -> None:
        state = demo.served.states[code.portal]
        sent = state.accounts[state.records.accounts[0].username].sent[-1]
        if not answers:
            console.print(
                f"{portal_name(code.portal)} sent the code {sent} by {words(code.method)}. Enter it within "
                f"{int((code.until - code.asked_at).total_seconds() // 60)} minutes: {demo.address}/codes"
            )
            return
        with demo.database.write(clinic.ACTOR) as session:
            waiting = select(CodeRequest.id).where(
                CodeRequest.portal == code.portal, CodeRequest.state == "open"
            )
            answer_code(session, session.scalars(waiting).one(), sent, clinic.ACTOR, utc_now())

    return asked


@dataclass(frozen=True, slots=True)
class Demo:
    """What is running: the record, the sandboxes, and where the dashboard is."""

    database: Database
    served: sandbox.Served
    address: str

    def sign_in_link(self) -> str:
        """A new one-time link for the demonstration's administrator."""
        with self.database.write(clinic.ACTOR) as session:
            user: User = people.person(session, clinic.PEOPLE[0][0])
            return f"{self.address}/sign-in/link/{issue_link(session, user, clinic.ACTOR, utc_now())}"


@contextmanager
def _running(folder: Path, port: int, portals: tuple[str, ...], *, scheduled: bool) -> Iterator[Demo]:
    settings = _settings(_fresh(folder), port)
    database = Database.open(settings)
    today = utc_now().astimezone(settings.zone).date()
    unknown = sorted(set(portals) - set(sandbox.slugs()))
    if unknown:
        raise click.UsageError(f"No sandbox: {', '.join(unknown)}. There are: {', '.join(sandbox.slugs())}.")
    wanted = sorted({*(portals or clinic.SHOWN["portals"]), clinic.SHOWN["typed"]["portal"]})
    with sandbox.serve(wanted, today=today) as served:
        clinic.load(database, served, folder / "spreadsheets", utc_now(), today)
        try:
            listening = server(create_app(settings, database), settings.host, settings.port)
        except OSError as error:
            raise Problem(
                "port_taken", f"Port {port} is taken. Choose another: tallystick demo --port 0", 503
            ) from error
        serving = threading.Thread(target=listening.run, name="dashboard", daemon=True)
        serving.start()
        scheduler = schedule.start(database) if scheduled else None
        try:
            yield Demo(database, served, f"http://{settings.host}:{listening.effective_port}")
        finally:
            if scheduler is not None:
                scheduler.shutdown()
            listening.close()
            serving.join(timeout=10)
            database.dispose()


def _fresh(folder: Path) -> Path:
    """An empty folder; only one that an earlier demonstration made is emptied."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise Problem(
                "folder_in_use",
                f"{folder} holds something else than a demonstration. Name another with --folder.",
                409,
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    return folder


def _settings(folder: Path, port: int) -> Settings:
    return Settings(
        data_dir=folder / "record",
        config_dir=folder / "key",
        port=port,
        time_zone=Settings.load().time_zone,
        clinic="Riverbend Clinic (demonstration)",
        key_store="file",
    )


def _keys(demo: Demo) -> dict[int, str]:
    with demo.database.read() as session:
        return keys(session, demo.served.states)


def _table(compared: list[Compared]) -> Table:
    table = Table(title="The pass beside the sandboxes' data", title_justify="left")
    for heading in (
        "Portal",
        "Authorization",
        "Procedure",
        "Outcome",
        "Determination",
        "Number",
        "As it must be",
    ):
        table.add_column(heading)
    for row in compared:
        must = (
            "yes"
            if row.right
            else f"NO: {row.expected_outcome} {row.expected_determination} {row.expected_number}"
        )
        table.add_row(
            row.portal,
            str(row.authorization_id),
            row.procedure,
            words(row.outcome),
            words(row.determination) if row.determination else "",
            row.number,
            must,
        )
    return table


def _tour(demo: Demo, pictures: Path, console: Console) -> int:
    console.print("[bold]The tour[/bold], in a headless browser\n")
    for picture in demo_browser.tour(demo.served, demo.address, demo.sign_in_link(), pictures):
        console.print(f"  {picture}")
    return 0


def _say_where(demo: Demo, console: Console) -> None:
    """The dashboard's address and a sign-in link, before the pass: it can be watched there."""
    console.print(f"\n[bold]Dashboard[/bold]      {demo.address}/")
    console.print(f"[bold]Sign in[/bold]        {demo.sign_in_link()}  (works once)", soft_wrap=True)


def _code(account: Account) -> str:
    if not account.totp_secret:
        return "its codes are sent to a person"
    return f"code {account.code(utc_now())} (for 30 s)"


def _stay(demo: Demo, console: Console, *, with_browser: bool) -> None:
    settings = demo.database.settings
    _say_where(demo, console)
    console.print("[bold]Extension[/bold]      chrome://extensions, Developer mode, Load unpacked:")
    console.print(f"               {demo_browser.EXTENSION}", soft_wrap=True)
    console.print(
        "               then Devices in the dashboard, “Pair a browser”, and the code in its options"
    )
    for slug, state in demo.served.states.items():
        account = state.records.accounts[0]
        console.print(
            f"[bold]Sandbox[/bold]        {demo.served.url(slug)}/  {portal_name(slug)}: user "
            f"{account.username}, password {account.password}, {_code(account)}",
            soft_wrap=True,
        )
    record = f"TALLYSTICK_DATA={settings.data_dir} TALLYSTICK_CONFIG={settings.config_dir}"
    console.print(f"[bold]Claims[/bold]         {record} .venv/bin/tallystick scrub {CLAIMS}", soft_wrap=True)
    has_display = sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    console.print("\nCtrl-C ends all of it.")
    try:
        if with_browser and has_display:
            console.print(
                "A window opens on the sandbox's request form: a quantity of "
                f"{clinic.SHOWN['typed']['too_much']} is typed, which is more than remains. "
                f"Make it {clinic.SHOWN['typed']['enough']}."
            )
            demo_browser.show(demo.served, demo.address, demo.sign_in_link())
        else:
            threading.Event().wait()
    except KeyboardInterrupt:
        # The window's driver ends by the same Ctrl-C and would report that as an error.
        logging.getLogger("asyncio").disabled = True
        console.print("\nEnded.")
