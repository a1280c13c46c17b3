"""Authorizations: find them, see one with both halves, compare a service, enter and change by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from flask import make_response, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal_profiles import catalogue
from portal_profiles.vocabulary import (
    AuthorizationType,
    CertificationKind,
    Checkpoint,
    Determination,
    LevelOfCare,
    NumberKind,
    RequestMethod,
    Unit,
)
from server.actions.check_service import check_service
from server.actions.keep_evidence import evidence_content
from server.actions.keep_note import NoteKind, keep_note
from server.actions.save_authorization import create_authorization, update_authorization
from server.actions.undo_reading import Why
from server.context import context
from server.db import queries
from server.db.tables import (
    Authorization,
    AuthorizationLine,
    Evidence,
    PayerRule,
    RunItem,
    Task,
)
from server.errors import Problem
from server.matching import facts
from server.security import audit
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web import form
from server.web.blueprint import done, page, web
from server.web.halves import rows as half_rows
from server.web.words import figure, label, portal_name

PAGE_SIZE = 50
LOOKS_SHOWN = 20
READINGS_SHOWN = 5


@web.route("/authorizations", methods=["GET", "POST"])
@needs(Role.VIEWER)
def authorizations() -> Response:
    """The list; a search is posted, so that no member ID stands in an address."""
    known, actor = context(), current_actor()
    filters = {
        key: request.form.get(key, "").strip() for key in ("q", "determination", "portal", "expires_before")
    }
    wanted = queries.AuthorizationFilter(
        text=filters["q"] or None,
        determination=filters["determination"] or None,
        portal=filters["portal"] or None,
        expires_before=form.read_date(filters["expires_before"]),
    )
    number = int(request.form.get("page", "1")) if request.form.get("page", "1").isdigit() else 1
    with known.database.write(actor.label) as db:
        found = queries.list_authorizations(db, wanted, number, PAGE_SIZE)
        seen: list[tuple[str, str, dict[str, Any]]] = [
            ("authorization.listed", f"authorization:{row.id}", {}) for row in found.items
        ]
        audit.record_many(db, actor.label, seen, now=known.clock())
        items = [_as_row(row, known.today()) for row in found.items]
    return page(
        "authorizations.html",
        "authorizations",
        items=items,
        total=found.total,
        page=found.number,
        pages=-(-found.total // PAGE_SIZE),
        filters=filters,
        filtered=any(filters.values()),
        determinations=_choices(Determination),
        portals=_portals(),
        may_write=actor.may(Role.SCHEDULER),
        may_import=actor.may(Role.BILLER),
    )


@web.get("/authorizations/<int:authorization_id>")
@needs(Role.VIEWER)
def authorization(authorization_id: int) -> Response:
    """One authorization: both halves, numbers, lines, history, evidence."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        row = _existing(db, authorization_id)
        check = queries.last_check_of(db, authorization_id)
        values: dict[str, Any] = {
            "a": row,
            "lines": [_line_row(line) for line in row.lines],
            "compared": check,
            "halves": half_rows(row, check),
            "placed_by": db.scalar(select(PayerRule).where(PayerRule.name == row.portal_by_rule)),
            "history": queries.history(db, authorization_id),
            "evidence": queries.evidence_of(db, authorization_id),
            "notes": queries.notes_of(db, authorization_id),
            "readings": queries.readings_of(db, authorization_id, READINGS_SHOWN),
            "looks": list(
                db.scalars(
                    select(RunItem)
                    .where(RunItem.authorization_id == authorization_id, RunItem.finished_at.is_not(None))
                    .order_by(RunItem.id.desc())
                    .limit(LOOKS_SHOWN)
                )
            ),
            "tasks": list(
                db.scalars(
                    select(Task)
                    .where(Task.authorization_id == authorization_id, Task.state == "open")
                    .order_by(Task.id)
                )
            ),
        }
        audit.record(db, actor.label, "authorization.seen", f"authorization:{row.id}", now=known.clock())
    return page(
        "authorization.html",
        "authorizations",
        claim_kinds={NumberKind.AUTHORIZATION.value, NumberKind.REFERRAL.value},
        units=_choices(Unit),
        levels=_choices(LevelOfCare),
        may_check=actor.may(Role.SCHEDULER),
        may_write=actor.may(Role.SCHEDULER),
        may_see_evidence=actor.may(Role.BILLER),
        whys=_choices(Why),
        **values,
    )


@web.post("/authorizations/<int:authorization_id>/notes")
@needs(Role.SCHEDULER)
def add_note(authorization_id: int) -> Response:
    """Keeps a note, or a call with the payer."""
    known, actor = context(), current_actor()
    kind = NoteKind.CALL if request.form.get("kind") == NoteKind.CALL.value else NoteKind.NOTE
    with known.database.write(actor.label) as db:
        keep_note(
            db,
            authorization_id,
            kind,
            request.form.get("text", "")[:4000],
            actor.label,
            known.clock(),
            at=form.read_time(request.form.get("at", ""), known.settings.zone),
            representative=request.form.get("representative", "")[:120],
            call_reference=request.form.get("call_reference", "")[:80],
        )
    done("The call is kept." if kind is NoteKind.CALL else "The note is kept.")
    return redirect(url_for("web.authorization", authorization_id=authorization_id) + "#notes", 303)


@web.post("/authorizations/<int:authorization_id>/compare")
@needs(Role.SCHEDULER)
def compare(authorization_id: int) -> Response:
    """Compares a planned service with this authorization; what was left out is not compared."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        row = _existing(db, authorization_id)
        patient = facts.Patient(row.member_id, row.last_name, row.first_name, row.birth_date)
        service = form.service(request.form, patient, row.payer_id)
        check_service(
            db,
            service,
            Checkpoint.PRE_SERVICE,
            actor.label,
            known.clock(),
            known.today(),
            authorization_id=authorization_id,
        )
    return redirect(url_for("web.authorization", authorization_id=authorization_id) + "#halves", 303)


@web.route("/authorizations/new", methods=["GET", "POST"])
@needs(Role.SCHEDULER)
def new_authorization() -> Response:
    """Enters an authorization by hand."""
    if request.method == "GET":
        return _form("New authorization", {}, {})
    known, actor = context(), current_actor()
    try:
        with known.database.write(actor.label) as db:
            row = create_authorization(db, form.authorization(request.form), actor.label, known.clock())
            db.flush()
            authorization_id = row.id
    except Problem as problem:
        return _form("New authorization", request.form, form.wrong(problem), problem.status)
    done("The authorization is kept.")
    return redirect(url_for("web.authorization", authorization_id=authorization_id), 303)


@web.route("/authorizations/<int:authorization_id>/change", methods=["GET", "POST"])
@needs(Role.SCHEDULER)
def edit_authorization(authorization_id: int) -> Response:
    """Changes an authorization, if nobody else did meanwhile."""
    known, actor = context(), current_actor()
    heading = f"Change authorization {authorization_id}"
    if request.method == "GET":
        with known.database.write(actor.label) as db:
            values = form.values_of(_existing(db, authorization_id))
            audit.record(
                db, actor.label, "authorization.seen", f"authorization:{authorization_id}", now=known.clock()
            )
        return _form(heading, values, {}, authorization_id=authorization_id)
    try:
        with known.database.write(actor.label) as db:
            row = _existing(db, authorization_id)
            update_authorization(
                db,
                authorization_id,
                form.version(request.form),
                form.authorization(request.form, row),
                actor.label,
                known.clock(),
            )
    except Problem as problem:
        return _form(
            heading, request.form, form.wrong(problem), problem.status, authorization_id=authorization_id
        )
    done("The change is kept.")
    return redirect(url_for("web.authorization", authorization_id=authorization_id), 303)


@web.get("/evidence/<int:evidence_id>")
@needs(Role.BILLER)
def evidence(evidence_id: int) -> Response:
    """One piece of evidence, decrypted for this look only; the look is in the audit chain."""
    known, actor = context(), current_actor()
    with known.database.write(actor.label) as db:
        row = db.get(Evidence, evidence_id)
        if row is None:
            raise Problem("not_found", "There is no such evidence.", 404)
        content = evidence_content(db, row)
        audit.record(db, actor.label, "evidence.seen", f"evidence:{evidence_id}", now=known.clock())
    response = make_response(content)
    response.headers["Content-Type"] = (
        row.media_type if row.media_type in {"image/png", "application/pdf"} else "text/plain; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'inline; filename="evidence-{evidence_id}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; img-src 'self'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def _existing(db: Session, authorization_id: int) -> Authorization:
    row = queries.authorization(db, authorization_id)
    if row is None:
        raise Problem("not_found", "There is no such authorization.", 404)
    return row


def _form(
    heading: str,
    values: Mapping[str, Any],
    wrong: Mapping[str, str],
    status: int = 200,
    authorization_id: int | None = None,
) -> Response:
    back = (
        url_for("web.authorization", authorization_id=authorization_id)
        if authorization_id is not None
        else url_for("web.authorizations")
    )
    return page(
        "authorization_form.html",
        "authorizations",
        status,
        heading=heading,
        v=values,
        wrong=wrong,
        back=back,
        portals=_portals(),
        types=_choices(AuthorizationType),
        kinds=_choices(CertificationKind),
        methods=_choices(RequestMethod),
        units=_choices(Unit),
        levels=_choices(LevelOfCare),
        determinations=_choices(Determination),
    )


def _choices(of: type[StrEnum]) -> list[tuple[str, str]]:
    return [(member.value, label(member.value)) for member in of]


def _portals() -> list[tuple[str, str]]:
    return [(slug, portal_name(slug)) for slug in catalogue.slugs()]


def _as_row(row: Authorization, today: date) -> dict[str, Any]:
    names = [name for name in (row.last_name, row.first_name) if name]
    numbers = [n.value for n in row.reference_numbers if n.kind == NumberKind.AUTHORIZATION]
    return {
        "id": row.id,
        "patient_name": ", ".join(names) or "No name",
        "member_id": row.member_id,
        "payer_name": row.payer_name,
        "payer_id": row.payer_id,
        "plan": row.plan,
        "codes": [line.code for line in row.lines if line.code],
        "determination": row.determination,
        "determination_text": row.determination_text,
        "number": ", ".join(numbers),
        "effective": row.effective,
        "expiry": row.expiry,
        "days_left": (row.expiry - today).days if row.expiry else None,
        "last_looked_at": row.last_looked_at,
        "last_outcome": row.last_outcome,
    }


def _line_row(line: AuthorizationLine) -> dict[str, Any]:
    rate = None
    if line.rate_quantity is not None:
        times = f" for {line.rate_periods} {line.rate_per}s" if line.rate_periods else ""
        rate = f"{figure(line.rate_quantity)} a {line.rate_per}{times}"
    remaining = line.quantity - (line.used or Decimal(0)) if line.quantity is not None else None
    return {
        "number": line.number,
        "code": line.code,
        "code_end": line.code_end,
        "service_type": line.service_type,
        "modifiers": line.modifiers,
        "requested_quantity": line.requested_quantity,
        "quantity": line.quantity,
        "used": line.used,
        "remaining": remaining,
        "unit": line.unit,
        "rate": rate,
        "determination": line.determination,
    }
