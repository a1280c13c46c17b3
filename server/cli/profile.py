"""`tallystick profile`: run a portal's profile by itself, or say what is wrong with it. No database."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click

from automation.browser import NoBrowser, started_browser
from automation.night import Event, check_portal, is_loopback
from automation.outcomes import Evidence, Outcome, OutcomeKind
from automation.session import Account
from portal_profiles import catalogue
from portal_profiles.profile import Profile
from portal_profiles.query import Query, QueryError
from portal_profiles.schema import ProfileError
from server.cli import COULD_NOT, FINDINGS, FINE
from server.errors import FieldProblem, Problem

_CREDENTIALS = {"username": True, "password": True, "totp_secret": False, "organization": False}
_SUFFIX = {"image/png": ".png", "application/pdf": ".pdf", "application/json": ".json"}


@click.group("profile")
def command() -> None:
    """A portal's profile by itself, without server or database.

    Example: tallystick profile validate portal_profiles/example_payer
    """


@command.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def validate(paths: tuple[Path, ...], as_json: bool) -> int:
    """Says of each PROFILE.toml (or its folder; all of ours when none is named) whether it can be used.

    Exit codes: 0 all can, 1 something is to be corrected, 3 a file is not there.

    Example: tallystick profile validate my_profiles/new_portal
    """
    if missing := [path for path in paths if not path.exists()]:
        raise Problem("not_found", f"There is no {missing[0]}. Name a profile.toml or its folder.", 404)
    found: list[dict[str, Any]] = []
    for path in paths or tuple(Path(catalogue.__file__).parent / slug for slug in catalogue.slugs({})):
        try:
            profile = catalogue.load_path(path)
        except ProfileError as error:
            mistakes = [{"key": mistake.key, "remedy": mistake.remedy} for mistake in error.mistakes]
            found.append({"file": str(error.file), "mistakes": mistakes})
        else:
            found.append(
                {"file": str(path), "slug": profile.slug, "version": profile.version, "mistakes": []}
            )
    if as_json:
        click.echo(json.dumps({"profiles": found}, indent=2))
    else:
        for entry in found:
            if not entry["mistakes"]:
                click.echo(f"{entry['file']}: fine ({entry['slug']} {entry['version']})")
            for mistake in entry["mistakes"]:
                click.echo(f"{entry['file']}: {mistake['key']}: {mistake['remedy']}")
    return FINDINGS if any(entry["mistakes"] for entry in found) else FINE


@command.command("run")
@click.argument("profile_path", metavar="PROFILE.toml", type=click.Path(path_type=Path))
@click.option(
    "--queries",
    "queries_path",
    required=True,
    type=click.Path(path_type=Path),
    help="A JSON list of queries.",
)
@click.option(
    "--credentials",
    "credentials_path",
    required=True,
    type=click.Path(path_type=Path),
    help="A JSON object: username, password, totp_secret, organization.",
)
@click.option(
    "--out",
    "out_path",
    required=True,
    type=click.Path(path_type=Path),
    help="Outcomes, one JSON object a line.",
)
@click.option("--base-url", help="A sandbox that stands in for every host of the profile.")
@click.option(
    "--evidence", "evidence_dir", type=click.Path(path_type=Path), help="A folder for pictures and letters."
)
@click.option(
    "--permitted", is_flag=True, help="The clinic has decided that this real portal may be automated."
)
def run(
    profile_path: Path,
    queries_path: Path,
    credentials_path: Path,
    out_path: Path,
    base_url: str | None,
    evidence_dir: Path | None,
    permitted: bool,
) -> int:
    """Looks authorizations up on one portal: one outcome a query, as it comes.

    Exit codes: 0 all read, 1 something needs a person or was not read, 3 none could be looked at.

    Example: tallystick profile run portal_profiles/example_payer --queries q.json --credentials c.json
    --out outcomes.jsonl --base-url http://example-payer.localhost:8765
    """
    profile = _profile(profile_path)
    queries = _queries(queries_path)
    account = _account(credentials_path)
    if not permitted and not is_loopback(base_url):
        raise Problem(
            "automation_not_permitted",
            f"{profile.name} is a real portal, and its terms are the clinic's to weigh. Give --permitted "
            "once the clinic has decided that it may be automated, or --base-url of a sandbox here.",
            403,
        )
    if evidence_dir is not None:
        evidence_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            out = stack.enter_context(_private(out_path))
        except OSError as error:
            raise Problem("not_writable", f"{out_path} can't be written: {error.strerror}.", 500) from error
        try:
            outcomes = asyncio.run(_run(profile, account, queries, base_url, out, evidence_dir))
        except NoBrowser as error:
            raise Problem("no_browser", str(error), 503) from error
    return exit_code(outcomes)


def exit_code(outcomes: list[Outcome]) -> int:
    """0 when every outcome is a reading that needs nobody, 3 when none was so much as looked at, else 1."""
    if all(outcome.kind is OutcomeKind.READ and not outcome.person for outcome in outcomes):
        return FINE
    return FINDINGS if any(outcome.kind.looked for outcome in outcomes) else COULD_NOT


async def _run(
    profile: Profile,
    account: Account,
    queries: list[Query],
    base_url: str | None,
    out: IO[str],
    evidence_dir: Path | None,
) -> list[Outcome]:
    outcomes: list[Outcome] = []

    def told(event: Event) -> None:
        click.echo(f"{profile.slug}: {event.what.replace('_', ' ')}", err=True)

    async with started_browser() as browser:
        async for outcome in check_portal(
            profile, account, queries, browser=browser, base_url=base_url, on_event=told
        ):
            outcomes.append(outcome)
            out.write(json.dumps(outcome.to_json(), ensure_ascii=False) + "\n")
            out.flush()
            if evidence_dir is not None:
                for item in outcome.evidence:
                    _keep(item, evidence_dir)
            done = f"{len(outcomes)}/{len(queries)}"
            click.echo(f"{profile.slug}: {done} {outcome.kind}: {outcome.message}", err=True)
    return outcomes


def _keep(item: Evidence, folder: Path) -> None:
    path = folder / f"{item.sha256}{_SUFFIX.get(item.media_type, '')}"
    with open(path, "wb", opener=_only_mine) as file:
        file.write(item.content)


def _private(path: Path) -> IO[str]:
    """Opened for writing, readable by its owner only: outcomes are patients' data."""
    return open(path, "w", encoding="utf-8", opener=_only_mine)


def _only_mine(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _profile(path: Path) -> Profile:
    try:
        return catalogue.load_path(path)
    except ProfileError as error:
        fields = tuple(FieldProblem(mistake.key, mistake.remedy, "") for mistake in error.mistakes)
        raise Problem("profile", f"{error.file} can't be used.", 422, fields) from None


def _json_file(path: Path, what: str) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Problem("not_readable", f"{path} can't be read: {error.strerror}.", 404) from None
    except ValueError:
        raise Problem("not_json", f"{path} is not JSON: write {what} there.", 422) from None


def _queries(path: Path) -> list[Query]:
    data = _json_file(path, 'a list of queries, as in [{"id": "1", "reference_number": "..."}]')
    if not isinstance(data, list):
        raise Problem("not_a_list", f"{path} must hold a list of queries.", 422)
    queries: dict[str, Query] = {}
    problems: list[FieldProblem] = []
    for row, entry in enumerate(data, start=1):
        try:
            if not isinstance(entry, Mapping):
                raise QueryError("(the query)", 'must be an object, as in {"id": "1"}')
            query = Query.from_json(entry)
            if query.id in queries:
                raise QueryError("id", "is another query's too: give each its own")
            queries[query.id] = query
        except QueryError as error:
            problems.append(FieldProblem(error.field, error.remedy, "", row))
    if problems:
        raise Problem("queries", f"{path} has queries that can't be asked.", 422, tuple(problems))
    return list(queries.values())


def _account(path: Path) -> Account:
    data = _json_file(path, 'an object with "username" and "password"')
    if not isinstance(data, Mapping):
        raise Problem("not_an_object", f"{path} must hold an object with username and password.", 422)
    problems = [
        FieldProblem(key, "is not known.", f"Known: {', '.join(_CREDENTIALS)}.")
        for key in data
        if key not in _CREDENTIALS
    ]
    problems += [
        FieldProblem(key, "is missing or not text.", "Write it in quotes.")
        for key, needed in _CREDENTIALS.items()
        if not isinstance(data.get(key), str) and (needed or data.get(key) is not None)
    ]
    if problems:
        raise Problem("credentials", f"{path} can't be used to sign in.", 422, tuple(problems))
    return Account(data["username"], data["password"], data.get("totp_secret"), data.get("organization"))
