"""The sample clinic: its people, portals, payer rules and the spreadsheets of approvals that it brings."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from automation import sandbox
from server.actions.change_portal_setting import change_portal_setting
from server.actions.create_user import create_user
from server.actions.import_authorizations import import_authorizations
from server.actions.save_payer_rules import save_payer_rules
from server.actions.save_portal_account import AccountSecrets, save_portal_account
from server.db.session import Database
from server.errors import Problem
from server.interchange.payer_rules import read_payer_rules
from server.interchange.spreadsheet import open_table
from server.security.roles import Role

HERE = Path(__file__).parent
ACTOR = "demo"
PEOPLE = (
    ("admin@riverbend.example", "Robin Castell", Role.ADMINISTRATOR),
    ("billing@riverbend.example", "Mara Lindgren", Role.BILLER),
    ("desk@riverbend.example", "Theo Okonkwo", Role.SCHEDULER),
)
#: What the demonstration shows, as data: clinic.toml beside this file.
SHOWN: dict[str, Any] = tomllib.loads((HERE / "clinic.toml").read_text(encoding="utf-8"))
#: Spreadsheets that do not belong to a sandbox: approvals for the claims of the demonstration.
FILES = ("authorizations.csv", "authorizations_real_claims.csv")


def load(database: Database, served: sandbox.Served, folder: Path, now: datetime, today: date) -> None:
    """Fills an empty record. folder: where the clinic's spreadsheet is written, as a clinic would have it."""
    with database.write(ACTOR) as session:
        for email, name, role in PEOPLE:
            create_user(session, email, name, role, ACTOR, now)
        save_payer_rules(session, read_payer_rules(HERE / "payer_rules.toml"), ACTOR, now)
        for slug, state in served.states.items():
            account = state.records.accounts[0]
            save_portal_account(
                session,
                slug,
                account.username,
                AccountSecrets(account.password, account.totp_secret),
                ACTOR,
                now,
                organization=account.organizations[0],
            )
            change_portal_setting(session, slug, ACTOR, now, base_url=served.url(slug))
    for path in spreadsheets(served.states, folder, today):
        with database.write(ACTOR) as session:
            report = import_authorizations(session, open_table(path), ACTOR, now)
        if not report.committed:
            raise Problem("demo_import", f"{path.name} could not be imported.", 500, tuple(report.problems))


def spreadsheets(slugs: Iterable[str], folder: Path, today: date) -> list[Path]:
    """Writes the clinic's spreadsheets and gives their paths; the sandboxes' rows lie around today."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    rows = sandbox.spreadsheet(list(slugs), today=today)
    paths.append(folder / "authorizations_portals.csv")
    paths[0].write_text(_as_csv(rows), encoding="utf-8")
    for name in FILES:
        paths.append(folder / name)
        paths[-1].write_bytes((HERE / name).read_bytes())
    return paths


def _as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
