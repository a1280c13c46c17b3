"""Keeps a sign-in to a portal: its secrets encrypted, its door closed by a refusal until a person reopens
it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from automation.window import Window
from server.db.session import zone_of
from server.db.tables import PortalAccount
from server.errors import FieldProblem, Problem
from server.matching.compare import identifier_key
from server.matching.formats import npi_problem
from server.security import audit
from server.security.secrets import vault_of


@dataclass(frozen=True, slots=True)
class AccountSecrets:
    """What signs in. totp_secret: the base32 secret of the one-time code, or None."""

    password: str = field(repr=False)
    totp_secret: str | None = field(default=None, repr=False)


def save_portal_account(
    session: Session,
    portal: str,
    username: str,
    secrets: AccountSecrets,
    actor: str,
    now: datetime,
    organization: str | None = None,
    npis: Sequence[str] = (),
) -> PortalAccount:
    """The account of this user name on this portal, new or with new secrets; it is open afterwards. A device
    that the portal remembers for this user name stays remembered.

    npis: the providers that it is for (see `choose_account`). Raises Problem `invalid` (422) where user name
    or password is empty, or an NPI is none.
    """
    problems = [
        FieldProblem(name, "It is empty.", "Give what the portal asks for.")
        for name, value in (("username", username.strip()), ("password", secrets.password))
        if not value
    ]
    wrong = [problem for npi in npis if (problem := npi_problem(npi))]
    problems += [FieldProblem("npis", problem.message, problem.remedy) for problem in wrong[:1]]
    if problems:
        raise Problem("invalid", "The portal account was not kept.", 422, tuple(problems))
    account = session.scalar(
        select(PortalAccount).where(
            PortalAccount.portal == portal, PortalAccount.username == username.strip()
        )
    )
    if account is None:
        account = PortalAccount(portal=portal, username=username.strip())
        session.add(account)
    account.organization, account.npis = organization, list(dict.fromkeys(map(identifier_key, npis)))
    clear = json.dumps({"password": secrets.password, "totp_secret": secrets.totp_secret}).encode()
    account.secrets = vault_of(session).seal(_purpose(account, "secrets"), clear)
    account.state, account.closed_reason = "open", None
    account.password_changed_at = now
    session.flush()
    audit.record(
        session, actor, "portal_account.saved", f"portal_account:{account.id}", {"portal": portal}, now=now
    )
    return account


def secrets_of(session: Session, account: PortalAccount) -> AccountSecrets:
    """The clear secrets of an account, for the robot's sign-in only."""
    kept = json.loads(vault_of(session).unseal(_purpose(account, "secrets"), account.secrets))
    return AccountSecrets(kept["password"], kept["totp_secret"])


def keep_browser_state(
    session: Session, account: PortalAccount, state: bytes | None, actor: str, now: datetime
) -> None:
    """Keeps the browser's signed-in state (cookies and storage) encrypted; None forgets it, and with it the
    device that the portal remembers."""
    vault = vault_of(session)
    account.browser_state = None if state is None else vault.seal(_purpose(account, "browser state"), state)
    account.signed_in_at = now if state is not None else account.signed_in_at
    audit.record(session, actor, "portal_account.session_kept", f"portal_account:{account.id}", now=now)


def browser_state_of(session: Session, account: PortalAccount) -> bytes | None:
    """The clear browser state of an account; None where none is kept."""
    if account.browser_state is None:
        return None
    return vault_of(session).unseal(_purpose(account, "browser state"), account.browser_state)


def window_of(session: Session, account: PortalAccount, actor: str, now: datetime) -> Window:
    """The browser window of this account: the one it has had from its first pass on."""
    if not account.browser:
        account.browser = Window(time_zone=zone_of(session).key).to_json()
        audit.record(session, actor, "portal_account.window_kept", f"portal_account:{account.id}", now=now)
    return Window.from_json(account.browser)


def close_portal_account(
    session: Session, account: PortalAccount, reason: str, actor: str, now: datetime
) -> None:
    """Nobody signs in with this account until a person reopens it: a refused password is never tried
    twice.
    """
    account.state, account.closed_reason = "closed", reason
    audit.record(
        session,
        actor,
        "portal_account.closed",
        f"portal_account:{account.id}",
        {"portal": account.portal},
        now=now,
    )


def reopen_portal_account(session: Session, account: PortalAccount, actor: str, now: datetime) -> None:
    """A person has seen to the account: it may be used again."""
    account.state, account.closed_reason = "open", None
    audit.record(
        session,
        actor,
        "portal_account.reopened",
        f"portal_account:{account.id}",
        {"portal": account.portal},
        now=now,
    )


def _purpose(account: PortalAccount, what: str) -> str:
    return f"portal account/{account.portal}/{account.username}/{what}"
