"""Portals: what is known of each, what the clinic allows on it, its accounts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from automation.browser import has_display
from portal_profiles import catalogue
from portal_profiles.profile import Profile
from server.actions.change_portal_setting import change_portal_setting
from server.actions.decide_automation import decide_automation
from server.actions.save_portal_account import (
    AccountSecrets,
    keep_browser_state,
    reopen_portal_account,
    save_portal_account,
)
from server.actions.warn_of_accounts import deadlines_of
from server.context import LOOPBACK, context
from server.db import queries
from server.db.session import night_of
from server.db.tables import Authorization, PortalAccount, PortalSetting
from server.errors import Problem
from server.jobs import queue
from server.jobs import to_look_at as looking
from server.security import audit
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web


@web.get("/portals")
@needs(Role.VIEWER)
def portals() -> Response:
    """Every portal that has a folder."""
    shown = []
    with context().database.read() as db:
        counts = dict(
            db.execute(
                select(Authorization.portal, func.count())
                .where(Authorization.portal.is_not(None))
                .group_by(Authorization.portal)
            ).all()
        )
        for slug in catalogue.slugs():
            profile = catalogue.load(slug)
            setting = queries.portal_setting(db, slug) or _undecided(slug)
            accounts = queries.portal_accounts(db, slug)
            shown.append(
                {
                    "slug": slug,
                    "name": profile.name,
                    "summary": profile.summary,
                    "seen_live": profile.seen_live,
                    "attended_because": profile.attended_because,
                    "sandbox": setting.base_url,
                    "automation": setting.automation,
                    "authorizations": counts.get(slug, 0),
                    "accounts": len(accounts),
                    "closed": sum(account.state != "open" for account in accounts),
                }
            )
    return page("portals.html", "portals", portals=shown)


@web.get("/portals/<slug>")
@needs(Role.VIEWER)
def portal(slug: str) -> Response:
    """One portal: terms, hours, accounts."""
    profile = _profile(slug)
    with context().database.read() as db:
        setting = queries.portal_setting(db, slug) or _undecided(slug)
        accounts = queries.portal_accounts(db, slug)
        sent = queries.requests_sent(db, slug, night_of(db, context().clock()))
        deadlines = {account.id: deadlines_of(db, account, profile) for account in accounts}
    return page(
        "portal.html",
        "portals",
        p=_as_shown(profile),
        setting=setting,
        accounts=accounts,
        deadlines=deadlines,
        requests_sent=sent,
        time_zone=context().settings.time_zone,
        may_decide=current_actor().may(Role.ADMINISTRATOR),
        may_attend=current_actor().may(Role.SCHEDULER) and bool(profile.pages),
        at_this_machine=_at_this_machine(),
        by_hand=_by_hand(slug),
    )


@web.get("/portals/<slug>/to-look-at")
@needs(Role.SCHEDULER)
def to_look_at(slug: str) -> Response:
    """What is due on a portal that staff read as they browse, with what to type there."""
    _profile(slug)
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        found = looking.to_look_at(db, slug, known.clock())
        seen: list[tuple[str, str, dict[str, Any]]] = [
            ("authorization.listed", f"authorization:{item.authorization.id}", {}) for item in found.items
        ]
        audit.record_many(db, actor.label, seen, now=known.clock())
    return page("to_look_at.html", "worklist", list=found)


@web.post("/portals/<slug>/terms")
@needs(Role.ADMINISTRATOR)
def decide_portal(slug: str) -> Response:
    """Records whether the night job may look here, by whom and on what text."""
    _profile(slug)
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        decide_automation(
            db,
            slug,
            request.form.get("automation", ""),
            request.form.get("text", ""),
            actor.label,
            known.clock(),
        )
    done("The decision is recorded.")
    return redirect(url_for("web.portal", slug=slug), 303)


@web.post("/portals/<slug>/hours")
@needs(Role.ADMINISTRATOR)
def schedule_portal(slug: str) -> Response:
    """Sets the hour at which the night job starts here."""
    _profile(slug)
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        setting = queries.portal_setting(db, slug) or _undecided(slug)
        change_portal_setting(
            db,
            slug,
            actor.label,
            known.clock(),
            enabled=setting.enabled,
            start_at=request.form.get("start_at", ""),
            due_days=setting.due_days,
            base_url=setting.base_url,
        )
    done("The hour is saved.")
    return redirect(url_for("web.portal", slug=slug), 303)


@web.post("/portals/<slug>/attended")
@needs(Role.SCHEDULER)
def attend(slug: str) -> Response:
    """Opens a window on this machine in which the person signs in; the robot reads on in it."""
    _profile(slug)
    known, actor = context(), current_actor()
    if not _at_this_machine():
        raise Problem(
            "elsewhere", f"You sit at another machine than the server. Run there: {_by_hand(slug)}", 409
        )
    run_id = queue.attended(known.database, slug, actor.label, known.clock())
    done("A window opens on this machine. Sign in there; this page follows what is read.")
    return redirect(url_for("web.run", run_id=run_id), 303)


@web.post("/portals/<slug>/accounts")
@needs(Role.ADMINISTRATOR)
def save_account(slug: str) -> Response:
    """Adds an account or replaces its secrets; they are never shown again."""
    _profile(slug)
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        save_portal_account(
            db,
            slug,
            request.form.get("username", ""),
            AccountSecrets(
                request.form.get("password", ""), request.form.get("totp_secret", "").strip() or None
            ),
            actor.label,
            known.clock(),
            organization=request.form.get("organization", "").strip() or None,
            npis=request.form.get("npis", "").replace(",", " ").split(),
        )
    done("The account is saved.")
    return redirect(url_for("web.portal", slug=slug), 303)


@web.post("/portals/<slug>/accounts/<int:account_id>/reopen")
@needs(Role.ADMINISTRATOR)
def reopen_account(slug: str, account_id: int) -> Response:
    """Lets the night job sign in with this account again."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        account = db.get(PortalAccount, account_id)
        if account is None or account.portal != slug:
            raise Problem("not_found", "There is no such account.", 404)
        reopen_portal_account(db, account, actor.label, known.clock())
    done("The account is open again. Make sure that its password is right before the next pass.")
    return redirect(url_for("web.portal", slug=slug), 303)


@web.post("/portals/<slug>/accounts/<int:account_id>/forget")
@needs(Role.ADMINISTRATOR)
def forget_device(slug: str, account_id: int) -> Response:
    """Forgets the browser's saved state of an account, and with it the device that the portal remembers."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        account = db.get(PortalAccount, account_id)
        if account is None or account.portal != slug:
            raise Problem("not_found", "There is no such account.", 404)
        keep_browser_state(db, account, None, actor.label, known.clock())
    done("The device is forgotten. The next sign-in begins anew, and the portal may ask for a code.")
    return redirect(url_for("web.portal", slug=slug), 303)


def _at_this_machine() -> bool:
    """Whether the person's browser runs where the server does, and a window can be shown to them."""
    host = (urlsplit(f"//{request.host}").hostname or "").lower()
    return request.remote_addr in ("127.0.0.1", "::1") and host in LOOPBACK and has_display()


def _by_hand(slug: str) -> str:
    return f"tallystick nightly --attended --portal {slug}"


def _profile(slug: str) -> Profile:
    if slug not in catalogue.slugs():
        raise Problem("not_found", "There is no such portal.", 404)
    return catalogue.load(slug)


def _undecided(slug: str) -> PortalSetting:
    return PortalSetting(portal=slug, enabled=True, automation="unknown", due_days={})


def _as_shown(profile: Profile) -> dict[str, object]:
    return {
        "slug": profile.slug,
        "name": profile.name,
        "summary": profile.summary,
        "version": profile.version,
        "seen_live": profile.seen_live,
        "attended_because": profile.attended_because,
        "terms_text": profile.terms.text or "nothing was found.",
        "requests": profile.pace.requests_per_night,
        "start": f"{profile.pace.start:%H:%M}",
        "due": [(determination.value, days) for determination, days in profile.due.days.items()],
        "hosts": [host.origin for host in profile.hosts],
    }
