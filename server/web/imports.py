"""Importing the clinic's own list: first what it would do, row by row, then the doing."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from server.actions.import_authorizations import ImportReport, import_authorizations
from server.actions.keep_upload import keep_upload, take_upload
from server.context import context
from server.errors import Problem
from server.interchange.spreadsheet import open_table
from server.security.access import current_actor, needs
from server.security.roles import Role
from server.web.blueprint import done, page, web
from server.web.upload import LIMIT, LIMIT_TEXT, uploaded

PROBLEMS_SHOWN = 100


@web.get("/authorizations/import")
@needs(Role.BILLER)
def import_file() -> Response:
    """Where a spreadsheet is chosen."""
    return page("import.html", "authorizations", limit=LIMIT_TEXT)


@web.post("/authorizations/import")
@needs(Role.BILLER, body_limit=LIMIT)
def preview_import() -> Response:
    """What the file would change; nothing is changed yet. It is kept, encrypted, for the next step."""
    known, actor = context(), current_actor()
    try:
        _, content = uploaded("file")
        report = _import(content, dry_run=True, partial=False)
    except Problem as problem:
        return page("import.html", "authorizations", problem.status, limit=LIMIT_TEXT, wrong=problem.message)
    token = keep_upload(known.database.vault, _folder(), actor.user_id, content, known.clock())
    return page(
        "import.html",
        "authorizations",
        limit=LIMIT_TEXT,
        report=report,
        problems=report.problems[:PROBLEMS_SHOWN],
        warnings=report.warnings[:PROBLEMS_SHOWN],
        token=token,
    )


@web.post("/authorizations/import/confirm")
@needs(Role.BILLER)
def confirm_import() -> Response:
    """Imports the file that was looked at: all of it, or its good rows where the person chose so."""
    known, actor = context(), current_actor()
    token = request.form.get("token", "")
    content = take_upload(known.database.vault, _folder(), actor.user_id, token, known.clock())
    report = _import(content, dry_run=False, partial=request.form.get("rows") == "good")
    if not report.committed:
        raise Problem("rows_bad", "Nothing was imported: some rows are bad. Correct them in the file.", 422)
    done(
        f"Imported: {report.created} new, {report.updated} changed, {report.unchanged} as they were"
        + (f"; {report.bad_rows} rows were left out." if report.bad_rows else "."),
        "warn" if report.bad_rows else "good",
    )
    return redirect(url_for("web.authorizations"), 303)


def _import(content: bytes, *, dry_run: bool, partial: bool) -> ImportReport:
    known, actor = context(), current_actor()
    table = open_table(content)
    with known.database.write(actor.label) as db:
        return import_authorizations(
            db,
            table,
            actor.label,
            known.clock(),
            file_digest=hashlib.sha256(content).hexdigest(),
            partial=partial,
            dry_run=dry_run,
        )


def _folder() -> Path:
    return context().settings.data_dir / "uploads"
