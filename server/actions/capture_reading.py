"""Records what a portal says of an authorization from the page that a person has open.

The same interpretation and the same guard as the night job's: two of the page's identifiers agree, one of
them the patient's, none disagrees. Here no search said which request the page is of, so that it is written at
once only where a number on the page is the record's own; else the reading waits for a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from automation.outcomes import Evidence
from portal_profiles.identity import WRONG_PATIENT, Identity, identify
from portal_profiles.interpret import interpret
from portal_profiles.profile import PageKind, Profile
from portal_profiles.query import Query
from portal_profiles.reading import Reading
from server.actions.record_reading import record_reading
from server.actions.save_authorization import input_of
from server.db import queries, tables
from server.errors import FieldProblem, Problem
from server.matching import facts
from server.matching.compare import identifier_key

#: Problems of the reader after which a required value does not stand on the page for sure.
_UNSURE = frozenset({"nothing", "several", "disagree"})


@dataclass(frozen=True, slots=True)
class Captured:
    """row: the reading as it is kept (accepted, waiting or rejected). authorization: its record, now.
    changes: the names of its fields that the page changed.
    """

    row: tables.Reading
    authorization: tables.Authorization
    changes: tuple[str, ...]


def capture_reading(
    session: Session,
    profile: Profile,
    page: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    authorization_id: int | None = None,
    picture: bytes | None = None,
) -> Captured:
    """Keeps one page's reading, in a write session. page: the reader's PageText; picture: PNG.

    authorization_id: the one that the person chose; without it the page's own identifiers must lead to one.
    Raises Problem `not_a_status_page` or `page_changed` (422), `not_found` (404) for an id or a page that
    leads to no record, `ambiguous` (409) for one that leads to several.
    """
    reading = _status_of(profile, page)
    if authorization_id is None:
        authorization = _the_one(session, reading)
    else:
        chosen = queries.authorization(session, authorization_id)
        if chosen is None:
            raise Problem("not_found", "There is no such authorization.", 404)
        authorization = chosen
    identity = _identity(reading, authorization)
    before = input_of(authorization)
    row = record_reading(
        session,
        reading,
        identity,
        authorization.id,
        read_by=actor,
        now=now,
        evidence=_evidence(profile, page, picture, now),
        unlike="reference_number" not in identity.agree,
    )
    after = input_of(authorization)
    changes = tuple(f.name for f in fields(after) if getattr(before, f.name) != getattr(after, f.name))
    return Captured(row, authorization, changes)


def _status_of(profile: Profile, page: Mapping[str, Any]) -> Reading:
    """The reading of a page that shows one authorization's status, whole."""
    reading = interpret(profile, page)
    spec = profile.pages.get(reading.page or "")
    if spec is None or spec.kind is not PageKind.DETAIL:
        raise _refused("not_a_status_page", "The page does not show the status of one authorization.")
    required = {f"fields.{key}" for key, field in spec.fields.items() if field.required}
    required |= {f"rows.{key}" for key, rows in spec.rows.items() if rows.required}
    unsure = {said["where"] for said in page.get("problems") or () if said["problem"] in _UNSURE}
    if required & unsure or reading.determination is None:
        raise _refused("page_changed", "The page lacks what its profile requires, so nothing was recorded.")
    return reading


def _refused(code: str, message: str) -> Problem:
    remedy = "Open the authorization's detail page, wait until it is whole, and try again."
    return Problem(code, message, 422, (FieldProblem("page", message, remedy),))


def _the_one(session: Session, reading: Reading) -> tables.Authorization:
    """The record that the page's identifiers lead to, when it is one."""
    fits: dict[int, tuple[bool, tables.Authorization]] = {}
    patient = facts.Patient(reading.member_id, reading.last_name, reading.first_name, reading.birth_date)
    services = [facts.Service(reference_number=number.value) for number in reading.numbers]
    for service in (*services, facts.Service(patient=patient)):
        for candidate in queries.candidates_for(session, service):
            row = queries.authorization(session, int(candidate.id))
            if row is not None and row.id not in fits:
                identity = _identity(reading, row)
                if identity.verdict != WRONG_PATIENT:
                    fits[row.id] = ("reference_number" in identity.agree, row)
    surely = [row for by_number, row in fits.values() if by_number]
    possible = surely or [row for _, row in fits.values()]
    if not possible:
        raise Problem("not_found", "No authorization on file is this page's. Enter it first.", 404)
    if len(possible) > 1:
        ids = ", ".join(str(row.id) for row in possible)
        raise Problem(
            "ambiguous",
            "Several authorizations on file may be this page's.",
            409,
            (FieldProblem("authorization_id", f"It may be any of {ids}.", "Send the one that it is."),),
        )
    return possible[0]


def _identity(reading: Reading, authorization: tables.Authorization) -> Identity:
    """What agrees and what does not. Of the record's numbers the one that the page shows is compared."""
    shown = {identifier_key(number.value) for number in reading.numbers}
    own = list(authorization.reference_numbers)
    number = next((n.value for n in own if n.value_key in shown), own[0].value if own else None)
    query = Query(
        id=str(authorization.id),
        reference_number=number,
        member_id=authorization.member_id,
        last_name=authorization.last_name,
        first_name=authorization.first_name,
        birth_date=authorization.birth_date,
    )
    return identify(reading, query)


def _evidence(
    profile: Profile, page: Mapping[str, Any], picture: bytes | None, now: datetime
) -> list[Evidence]:
    said = {
        "portal": profile.slug,
        "profile_version": profile.version,
        "page": page.get("page"),
        "read_at": now.isoformat(),
        "fields": page.get("fields", {}),
        "rows": page.get("rows", {}),
        "problems": page.get("problems", []),
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
    kept = [Evidence("text", "application/json", text)]
    if picture is not None:
        kept.append(Evidence("picture", "image/png", picture))
    return kept
