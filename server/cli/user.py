"""`tallystick user`: the people of the clinic, their roles, passwords, links and tokens."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table

from server.actions import change_user, issue_access
from server.actions.create_user import create_user
from server.cli import FINE
from server.db.session import Database
from server.security import people
from server.security.roles import Role
from server.settings import Settings

ACTOR = "command line"
ROLES = click.Choice([role.value for role in Role])


@contextmanager
def _database() -> Iterator[tuple[Database, Settings]]:
    settings = Settings.load()
    database = Database.open(settings)
    try:
        yield database, settings
    finally:
        database.dispose()


@click.group()
def command() -> None:
    """The people who may sign in, and what they may do.

    Example: tallystick user add admin@riverbend.example --role administrator
    """


@command.command()
@click.argument("email")
@click.option("--role", type=ROLES, required=True, help="What the person may do.")
@click.option("--name", default="", help="The person's name; the address otherwise.")
@click.option("--link", "with_link", is_flag=True, help="Also print a one-time sign-in link.")
def add(email: str, role: str, name: str, with_link: bool) -> int:
    """Adds a person, who then signs in with a one-time link or a password.

    Example: tallystick user add noor@riverbend.example --role scheduler --link
    """
    now = datetime.now(UTC)
    with _database() as (database, settings), database.write(ACTOR) as session:
        user = create_user(session, email, name, Role(role), ACTOR, now)
        secret = issue_access.issue_link(session, user, ACTOR, now) if with_link else None
    click.echo(f"{user.email} is now known as {user.role}.")
    if secret is not None:
        click.echo(link_address(settings, secret))
    return FINE


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_(as_json: bool) -> int:
    """Lists everybody, those who may no longer sign in too.

    Example: tallystick user list
    """
    with _database() as (database, _), database.read() as session:
        users = people.everybody(session)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "email": user.email,
                        "name": user.name,
                        "role": user.role,
                        "active": user.active,
                        "signed_in_at": user.signed_in_at.isoformat() if user.signed_in_at else None,
                    }
                    for user in users
                ],
                indent=2,
            )
        )
        return FINE
    table = Table("Address", "Name", "Role", "May sign in", "Last signed in (UTC)")
    for user in users:
        last = f"{user.signed_in_at:%Y-%m-%d %H:%M}" if user.signed_in_at else "never"
        table.add_row(user.email, user.name, user.role, "yes" if user.active else "no", last)
    Console().print(table)
    return FINE


@command.command("set-role")
@click.argument("email")
@click.argument("role", type=ROLES)
def set_role(email: str, role: str) -> int:
    """Gives a person another role; they have to sign in again.

    Example: tallystick user set-role noor@riverbend.example biller
    """
    with _database() as (database, _), database.write(ACTOR) as session:
        change_user.set_role(session, people.person(session, email), Role(role), ACTOR, datetime.now(UTC))
    click.echo(f"The role is now {role}.")
    return FINE


@command.command()
@click.argument("email")
def disable(email: str) -> int:
    """Ends a person's access at once: browsers, links, tokens and devices.

    Example: tallystick user disable noor@riverbend.example
    """
    with _database() as (database, _), database.write(ACTOR) as session:
        change_user.disable_user(session, people.person(session, email), ACTOR, datetime.now(UTC))
    click.echo("The person can no longer sign in.")
    return FINE


@command.command()
@click.argument("email")
def enable(email: str) -> int:
    """Lets a person sign in again.

    Example: tallystick user enable noor@riverbend.example
    """
    with _database() as (database, _), database.write(ACTOR) as session:
        change_user.enable_user(session, people.person(session, email), ACTOR, datetime.now(UTC))
    click.echo("The person can sign in again.")
    return FINE


@command.command()
@click.argument("email")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input, one line.")
def password(email: str, from_stdin: bool) -> int:
    """Sets a person's password, asked for or read from standard input, never given as an argument.

    Example: tallystick user password noor@riverbend.example
    """
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    else:
        given = click.prompt("New password", hide_input=True, confirmation_prompt="The same again")
    with _database() as (database, _), database.write(ACTOR) as session:
        change_user.set_password(session, people.person(session, email), given, ACTOR, datetime.now(UTC))
    click.echo("The password is set.")
    return FINE


@command.command()
@click.argument("email")
def link(email: str) -> int:
    """Prints a one-time sign-in link, good for 15 minutes.

    Example: tallystick user link admin@riverbend.example
    """
    with _database() as (database, settings), database.write(ACTOR) as session:
        secret = issue_access.issue_link(session, people.person(session, email), ACTOR, datetime.now(UTC))
    click.echo(link_address(settings, secret))
    return FINE


@command.command()
@click.argument("email")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--days", type=int, default=90, show_default=True, help="How long it works.")
def token(email: str, name: str, days: int) -> int:
    """Prints an API token with a person's role. It is shown this once.

    Example: tallystick user token biller@riverbend.example --name "claim checks"
    """
    with _database() as (database, _), database.write(ACTOR) as session:
        user = people.person(session, email)
        secret = issue_access.issue_api_token(session, user, name, days, ACTOR, datetime.now(UTC))
    click.echo(secret)
    return FINE


def link_address(settings: Settings, secret: str) -> str:
    """The address that signs in once. Behind another name, replace host and port."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}/sign-in/link/{secret}"
