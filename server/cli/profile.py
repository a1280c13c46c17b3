"""`tallystick profile`: run a portal's profile by itself, or say what is wrong with it. No database."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import IO, Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from automation.browser import NoBrowser, started_browser
from automation.inspecting import differences
from automation.night import Event, check_portal, is_loopback
from automation.outcomes import Evidence, Outcome, OutcomeKind
from automation.pace import OneTimeCodes, SystemClock
from automation.picking import Pick, record, snapshot
from automation.session import Account
from automation.verifying import Tick, Verified, verify
from portal_profiles import catalogue
from portal_profiles.json_schema import json_schema
from portal_profiles.profile import PageKind, Profile, ValueKind
from portal_profiles.query import Query, QueryError
from portal_profiles.recording import SIGN, Named, write_named
from portal_profiles.schema import KINDS_OF_FIELD, ProfileError
from portal_profiles.scrubbing import scrub
from portal_profiles.starter import StarterError, write_starter
from portal_profiles.toml_edit import EditRefused, set_value
from portal_profiles.vocabulary import FieldName, NumberKind
from server.cli import COULD_NOT, FINDINGS, FINE
from server.errors import FieldProblem, Problem

_CREDENTIALS = {"username": True, "password": True, "totp_secret": False, "organization": False}
_SUFFIX = {"image/png": ".png", "application/pdf": ".pdf", "application/json": ".json"}


@click.group("profile")
def command() -> None:
    """A portal's profile by itself, without server or database.

    Example: tallystick profile validate portal_profiles/example_payer
    """


@command.command("new")
@click.argument("slug")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(), help="Where its folder is made.")
def new(slug: str, folder: Path) -> int:
    """Makes a folder SLUG with a commented profile.toml to edit; it can be used as it is.

    Example: tallystick profile new blue_meridian --folder my_profiles
    """
    try:
        written = write_starter(slug, folder, date.today())  # noqa: DTZ011 (a version's day is the author's)
    except StarterError as error:
        raise Problem("starter", str(error), 409) from None
    click.echo(f"{written}: edit it, then: tallystick profile validate {written.parent}")
    return FINE


@command.command("validate")
@click.argument("paths", nargs=-1, metavar="[SLUG|PATH]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.option(
    "--schema", "schema_path", type=click.Path(path_type=Path), help="Writes a JSON Schema for editors."
)
def validate(paths: tuple[str, ...], as_json: bool, schema_path: Path | None) -> int:
    """Says of each PROFILE.toml (its folder or slug; all of ours when none is named) whether it can be used.

    Exit codes: 0 all can, 1 something is to be corrected, 3 a file is not there.

    Example: tallystick profile validate my_profiles/new_portal
    """
    if schema_path is not None:
        schema_path.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
    named = [_named(path) for path in paths]
    found: list[dict[str, Any]] = []
    for path in named or [Path(catalogue.__file__).parent / slug for slug in catalogue.slugs({})]:
        try:
            profile = catalogue.load_path(path)
        except ProfileError as error:
            mistakes = [{"key": mistake.key, "remedy": mistake.remedy} for mistake in error.mistakes]
            found.append({"file": str(error.file), "mistakes": mistakes})
        else:
            found.append(
                {
                    "file": str(path),
                    "slug": profile.slug,
                    "version": profile.version,
                    "needs_person": profile.needs_person,
                    "mistakes": [],
                }
            )
    if as_json:
        click.echo(json.dumps({"profiles": found}, indent=2))
    else:
        for entry in found:
            if not entry["mistakes"]:
                click.echo(f"{entry['file']}: fine ({entry['slug']} {entry['version']})")
                if entry["needs_person"]:
                    click.echo(f"  {entry['needs_person']}")
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


@command.command("save-page")
@click.argument("source", metavar="URL|FILE")
@click.option("--profile", "profile_name", required=True, metavar="SLUG|PATH", help="Whose page it is.")
@click.option("--name", required=True, help="The saved page's name, as in detail_approved.")
@click.option("--headless", is_flag=True, help="Without a window: for sandboxes on this machine.")
def save_page(source: str, profile_name: str, name: str, headless: bool) -> int:
    """Keeps a page of a portal without what the portal said: each text becomes one of the named cast's.

    A URL opens a browser, in which you sign in and go to the page; a FILE is a page that a browser saved.

    Example: tallystick profile save-page saved.html --profile my_profiles/new_portal --name detail
    """
    profile = _profile(_named(profile_name))
    if source.startswith(("http://", "https://")):
        if headless and not is_loopback(source):
            raise Problem(
                "headless", "A real portal is opened in a window, for a person. Drop --headless.", 403
            )
        html = _browsing(_snapshot_of(source, headless))
    else:
        try:
            html = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise Problem("not_readable", f"{source} can't be read as a page in UTF-8.", 404) from None
    click.echo(f"{_keep_page(profile, name, html)}: read it before you commit it")
    return FINE


async def _snapshot_of(url: str, headless: bool) -> str:
    async with started_browser(headless=headless) as browser:
        page = await browser.new_page()
        await page.goto(url, wait_until="load")
        if not headless:
            await asyncio.to_thread(
                click.prompt, "Go to the page, then press Enter here", default="", prompt_suffix=""
            )
        return await snapshot(page.context.pages[-1])


def _keep_page(profile: Profile, name: str, html: str) -> Path:
    if not name.replace("_", "").isalnum() or not name.islower():
        raise Problem("name", f"{name!r} is no page's name: use small letters, digits and _.", 422)
    path = profile.folder / "pages" / f"{name}.html"
    path.parent.mkdir(exist_ok=True)
    path.write_text(scrub(html, profile), encoding="utf-8")
    return path


@command.command("diff")
@click.argument("profile_name", metavar="SLUG|PATH")
@click.argument("page_path", metavar="PAGE.html", type=click.Path(path_type=Path))
@click.option("--page", "page_name", help="The profile's page that it is; found by its signs when not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def diff(profile_name: str, page_path: Path, page_name: str | None, as_json: bool) -> int:
    """Says what of the profile a saved page bears out: signs, fields, rows and words; found, moved or lost.

    Exit codes: 0 all as declared, 1 something differs, 3 it is no page of the profile.

    Example: tallystick profile diff example_payer portal_profiles/example_payer/pages/detail_approved.html
    """
    profile = _profile(_named(profile_name))
    if page_name is not None and page_name not in profile.pages:
        raise Problem("page", f"{profile.slug} has no page {page_name}: {', '.join(profile.pages)}.", 404)
    try:
        html = page_path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Problem("not_readable", f"{page_path} can't be read as a page in UTF-8.", 404) from None

    async def look() -> Any:
        async with started_browser() as browser:
            return await differences(await browser.new_page(), profile, html, page_name)

    page, found = _browsing(look())
    if page is None:
        raise Problem(
            "no_page", f"{page_path} could be none or several of the profile's pages: give --page.", 422
        )
    if as_json:
        click.echo(json.dumps({"page": page.name, "parts": [one.to_json() for one in found]}, indent=2))
    else:
        table = Table(title=f"{profile.slug}: {page.name}")
        for column in ("", "part", "name", "state", "on the page instead"):
            table.add_column(column)
        for one in found:
            instead = one.said if one.said is not None else ", ".join(one.nearest)
            table.add_row("!" if one.differs else "", one.part, one.name, one.state, instead)
        Console().print(table)
    return FINDINGS if any(one.differs for one in found) else FINE


@command.command("record")
@click.argument("url")
@click.option(
    "--profile", "profile_name", required=True, metavar="SLUG|PATH", help="The profile to write into."
)
@click.option("--page", "page_name", required=True, help="The page that is recorded, as in detail.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in PageKind]), default="detail", help="Of a new page."
)
def record_page(url: str, profile_name: str, page_name: str, kind: str) -> int:
    """Opens a browser in which you click, with Alt held, what the profile is to read, and name it here.

    The first thing to pick on a new page is a sign that it is known by: name it "sign". A cell of a table is
    named "rows.cell". Close the window or answer "done" to end; the page is then saved, scrubbed.

    Example: tallystick profile record https://portal.example/ --profile my_profiles/new_portal --page detail
    """
    recorder = Recorder(_profile(_named(profile_name)), page_name, PageKind(kind))

    async def work() -> None:
        async with started_browser(headless=False) as browser:
            await record(await browser.new_context(), url, recorder.on_pick)

    _browsing(work())
    return recorder.finish()


class Recorder:
    """Asks for the name of each pick on the terminal and writes it into the profile."""

    def __init__(self, profile: Profile, page: str, kind: PageKind) -> None:
        self._file = profile.folder / catalogue.FILE_NAME
        self._page = page
        self._kind = kind
        self._html: str | None = None

    async def on_pick(self, pick: Pick) -> bool:
        """One pick: False when the person is done."""
        return await asyncio.to_thread(self._ask, pick)

    def _ask(self, pick: Pick) -> bool:
        for number, proposal in enumerate(pick.proposals, start=1):
            found = "finds it alone" if proposal.count == 1 else f"finds {proposal.count} elements"
            click.echo(f"  {number}  {json.dumps(proposal.locator, ensure_ascii=False)}  {found}")
        name = click.prompt("Its name (sign, a field, rows.cell; - to skip; done)", default="-")
        if name == "done":
            return False
        if name != "-":
            chosen = click.prompt("Which locator", type=click.IntRange(1, len(pick.proposals)), default=1)
            named = Named(
                self._page,
                name,
                pick.proposals[chosen - 1].locator,
                self._kind,
                pick.row.locator if pick.row else None,
                pick.frame,
                {} if name == SIGN else _more(name.rpartition(".")[2]),
            )
            self._write(named, pick.html)
        return True

    def _write(self, named: Named, html: str) -> None:
        try:
            text = write_named(self._file.read_bytes().decode("utf-8"), named, self._file)
        except (EditRefused, ProfileError) as error:
            click.echo(f"Not written: {error}", err=True)
            return
        self._file.write_bytes(text.encode("utf-8"))
        self._html = html
        click.echo(f"{self._file}: pages.{named.page}: {named.name} written")

    def finish(self) -> int:
        """Saves the page as it was at the last pick that was written."""
        if self._html is None:
            return FINDINGS
        profile = _profile(self._file)
        click.echo(f"{_keep_page(profile, self._page, self._html)}: read it before you commit it")
        return FINE


def _more(key: str) -> dict[str, str]:
    """What else a field of this name needs, asked for where it does."""
    if key not in set(FieldName):
        element = click.prompt(
            "Which element of an authorization (- for a text that is only kept)", default="-"
        )
        if element == "-":
            return {"as": "text"}
        return {"field": element, **_more(element)} if element in set(FieldName) else {"field": element}
    kind = KINDS_OF_FIELD[FieldName(key)][0]
    if kind is ValueKind.DATE:
        return {"format": click.prompt("How the date is written", default="MM/DD/YYYY")}
    if kind is ValueKind.NUMBER:
        return {"number_kind": click.prompt("Kind of number", type=click.Choice([*NumberKind]))}
    return {}


@command.command("verify")
@click.argument("profile_name", metavar="SLUG|PATH")
@click.option(
    "--query", "query_path", required=True, type=click.Path(path_type=Path), help="One known authorization."
)
@click.option(
    "--credentials", "credentials_path", type=click.Path(path_type=Path), help="Lets the robot sign in."
)
@click.option(
    "--base-url", help="A sandbox that stands in for every host of the profile; nothing is stamped."
)
@click.option("--headless", is_flag=True, help="Without a window: for sandboxes on this machine.")
@click.option(
    "--permitted", is_flag=True, help="The clinic has decided that this real portal may be automated."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def verify_profile(
    profile_name: str,
    query_path: Path,
    credentials_path: Path | None,
    base_url: str | None,
    headless: bool,
    permitted: bool,
    as_json: bool,
) -> int:
    """Walks the portal in a window: you sign in, the robot reads a known authorization and ticks the profile.

    What it met is kept in verified.toml beside the profile; when nothing differs, seen_live is set to today.

    Exit codes: 0 nothing met differs, 1 something does or the walk stopped early.

    Example: tallystick profile verify my_profiles/new_portal --query one.json
    """
    profile = _profile(_named(profile_name))
    sandboxed = is_loopback(base_url)
    if not sandboxed and (headless or (credentials_path is not None and not permitted)):
        remedy = "Sign in yourself in the window, or give --permitted with --credentials."
        raise Problem("automation_not_permitted", f"{profile.name} is a real portal. {remedy}", 403)
    if headless and credentials_path is None:
        raise Problem("headless", "Nobody can sign in without a window: give --credentials.", 422)
    if not profile.pages:
        remedy = f"Describe them first: tallystick profile record URL --profile {profile_name} --page NAME."
        raise Problem("no_pages", f"{profile.name}: no page is described. {remedy}", 422)
    query = _queries(query_path)[0]
    account = _account(credentials_path) if credentials_path is not None else None
    codes = OneTimeCodes(account.totp_secret, SystemClock()) if account and account.totp_secret else None

    async def walk() -> Verified:
        async with started_browser(headless=headless) as browser:
            return await verify(
                profile, query, browser=browser, account=account, base_url=base_url, codes=codes
            )

    verified = _browsing(walk())
    if base_url is None:
        _stamp(profile, verified, date.today())  # noqa: DTZ011 (the day on the clinic's own wall)
    if as_json:
        click.echo(
            json.dumps({"ended": verified.ended, "ticks": verified.ticks}, indent=2, ensure_ascii=False)
        )
    else:
        for name, tick in verified.ticks.items():
            click.echo(f"{tick:9}  {name}")
        click.echo(", ".join(f"{verified.count(tick)} {tick}" for tick in Tick))
        if verified.ended is not None:
            click.echo(f"The walk stopped early: {verified.ended}", err=True)
    return FINE if verified.read else FINDINGS


def _stamp(profile: Profile, verified: Verified, today: date) -> None:
    """Keeps what was ticked beside the profile, and the day in it when nothing differed. No value is kept."""
    text = "# Written by `tallystick profile verify`: what the live portal bore out of profile.toml.\n"
    text = set_value(text, ("date",), today.isoformat())
    text = set_value(text, ("version",), profile.version)
    for name, tick in verified.ticks.items():
        text = set_value(text, ("ticks", name), tick.value)
    (profile.folder / "verified.toml").write_text(text, encoding="utf-8")
    if verified.read:
        file = profile.folder / catalogue.FILE_NAME
        before = file.read_bytes().decode("utf-8")
        file.write_bytes(set_value(before, ("seen_live",), today.isoformat()).encode("utf-8"))


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


Done = TypeVar("Done")


def _browsing(work: Coroutine[Any, Any, Done]) -> Done:
    """Runs it; a browser that is not there is said."""
    try:
        return asyncio.run(work)
    except NoBrowser as error:
        raise Problem("no_browser", str(error), 503) from error


def _named(given: str) -> Path:
    """The profile that a path or a slug names."""
    path = Path(given)
    if path.exists():
        return path
    if given.isidentifier():
        try:
            return catalogue.load(given).folder
        except catalogue.UnknownPortal:
            known = ", ".join(catalogue.slugs())
            raise Problem("not_found", f"There is no portal {given}. Known: {known}.", 404) from None
        except ProfileError as error:
            return error.file
    raise Problem("not_found", f"There is no {given}. Name a slug, a profile.toml or its folder.", 404)


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
