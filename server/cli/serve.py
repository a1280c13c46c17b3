"""`tallystick serve`: the server and its scheduler, until it is stopped."""

from __future__ import annotations

import dataclasses
import signal

import click
import structlog

from server import log
from server.app import create_app, port_of, server
from server.db.session import Database
from server.jobs import queue, schedule
from server.settings import Settings


@click.command("serve")
@click.option("--host", help="Address to listen on, instead of TALLYSTICK_HOST.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port, instead of TALLYSTICK_PORT; 0 takes any free one."
)
@click.option(
    "--allow-host", "allowed_hosts", multiple=True, metavar="NAME", envvar="TALLYSTICK_ALLOWED_HOSTS",
    help="Name under which people reach this server, besides localhost. May be given several times.",
)  # fmt: skip
@click.option("--https", is_flag=True, help="A proxy in front speaks HTTPS: cookies are for HTTPS only.")
@click.option("--no-schedule", is_flag=True, help="Serve only; another process runs the night job.")
def command(
    host: str | None, port: int | None, allowed_hosts: tuple[str, ...], https: bool, no_schedule: bool
) -> None:
    """Serves the dashboard and the API, and starts the night job at its hour.

    Example: tallystick serve --port 8750
    """
    settings = Settings.load()
    settings = dataclasses.replace(
        settings, host=host or settings.host, port=settings.port if port is None else port
    )
    log.configure()
    database = Database.open(settings)
    scheduler = None
    try:
        app = create_app(settings, database, allowed_hosts=allowed_hosts, https=https)
        listening = server(app, settings.host, settings.port)
        if not no_schedule:
            scheduler = schedule.start(database)
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        structlog.get_logger("server").info("serving", host=shown, port=port_of(listening))
        click.echo(f"Tallystick is at http://{shown}:{port_of(listening)}/ (Ctrl-C ends it)")
        signal.signal(signal.SIGTERM, _end)
        listening.run()
    finally:
        if scheduler is not None:
            scheduler.shutdown()
        queue.IN_PROCESS.stop()
        database.dispose()


def _end(_signal: int, _frame: object) -> None:
    """Ends the server as Ctrl-C does, so that runs under way are left in order."""
    raise SystemExit(0)
