"""Records what a portal says of an authorization from the page that a person has open.

The same interpretation and the same guard as the night job's: two of the page's identifiers agree, one of
them the patient's, none disagrees. Here no search said which request the page is of, so that it is written at
once only where a number on the page is the record's own; else the reading waits for a person. A confirmation
of a request that was just typed is the exception: its record is made from what was typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from automation.outcomes import Evidence
from portal_profiles.identity import WRONG_PATIENT, Identity, identify
from portal_profiles.interpret import interpret
from portal_profiles.profile import PageKind, Profile
from portal_profiles.query import Query
from portal_profiles.reading import Reading
from portal_profiles.vocabulary import Determination, RequestMethod
from server.actions.authorization_input import AuthorizationInput, LineInput
from server.actions.check_service import service_of_json
from server.actions.record_reading import record_reading
from server.actions.save_authorization import create_authorization, input_of
from server.db import queries, tables
from server.db.session import local_date
from server.errors import FieldProblem, Problem
from server.matching import facts
from server.matching.compare import identifier_key

#: Pages that tell of one request.
RECORDED = frozenset({PageKind.DETAIL, PageKind.CONFIRMATION})
#: How long after it was last typed a request may still be what a confirmation confirms.
_TYPED_WITHIN = timedelta(hours=4)
#: Problems of the reader after which a required value does not stand on the page for sure.
_UNSURE = frozenset({"nothing", "several", "disagree", "failed"})


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
    sent_key: str | None = None,
    check_id: int | None = None,
    seen_at: datetime | None = None,
) -> Captured:
    """Keeps one page's reading, in a write session. page: the reader's PageText; picture: PNG.

    authorization_id: the one that the person chose; without it the page's own identifiers must lead to one.
    sent_key: the sender's own key of it. check_id: the check of the request whose confirmation the page is;
    with it a request that is not on file yet is entered as it was typed, and the page recorded on it.
    seen_at: when the page was seen; now where it is left out.
    Raises Problem `not_a_status_page` or `page_changed` (422), `not_found` (404) for an id or a page that
    leads to no record, `ambiguous` (409) for one that leads to several.
    """
    reading = _status_of(profile, page)
    seen = seen_at or now
    is_new = False
    if authorization_id is None:
        known = _the_one(session, reading)
        is_new = known is None
        authorization = known or _as_typed(session, profile, reading, check_id, actor, now, seen)
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
        seen_at=seen,
        evidence=_evidence(profile, page, picture, seen),
        unlike=not is_new and "reference_number" not in identity.agree,
        sent_key=sent_key,
    )
    after = input_of(authorization)
    changes = tuple(f.name for f in fields(after) if getattr(before, f.name) != getattr(after, f.name))
    return Captured(row, authorization, changes)


def _status_of(profile: Profile, page: Mapping[str, Any]) -> Reading:
    """The reading of a page that shows one authorization's status, whole. What confirms a request that was
    sent says at least that: it was submitted.
    """
    reading = interpret(profile, page)
    spec = profile.pages.get(reading.page or "")
    if spec is not None and spec.kind is PageKind.CONFIRMATION and reading.determination is None:
        reading = replace(reading, determination=Determination.SUBMITTED)
    if spec is None or spec.kind not in RECORDED:
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


def _the_one(session: Session, reading: Reading) -> tables.Authorization | None:
    """The record that the page's identifiers lead to, when it is one; None for a confirmation of a request
    that is not on file. What is decided is not what was just asked for.
    """
    is_confirmation = reading.kind == PageKind.CONFIRMATION.value
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
    possible = surely
    if not surely and not is_confirmation:
        possible = [row for _, row in fits.values()]
    if not possible and is_confirmation:
        return None
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


def _as_typed(
    session: Session,
    profile: Profile,
    reading: Reading,
    check_id: int | None,
    actor: str,
    now: datetime,
    seen: datetime,
) -> tables.Authorization:
    """A new record of the request whose confirmation is open, as it was typed and checked just before.

    Raises Problem `not_found` (404) where no such check is known, it is too old, of another portal, or names
    another patient than the page.
    """
    unknown = Problem(
        "not_found", "No request on file is this page's. Enter it first, then record the page again.", 404
    )
    record = session.get(tables.CheckRecord, check_id) if check_id is not None else None
    if record is None or record.portal != profile.slug or seen - record.at > _TYPED_WITHIN:
        raise unknown
    services = [service_of_json(record.service)]
    services += [service_of_json(row) for row in record.service.get("rows", {}).values()]
    first = services[0]
    if first.patient.member_id is None and first.patient.last_name is None:
        raise unknown
    said = Query(
        id="",
        member_id=first.patient.member_id,
        last_name=first.patient.last_name,
        first_name=first.patient.first_name,
        birth_date=first.patient.birth_date,
    )
    identity = identify(reading, said)
    if identity.disagree or not identity.agree:
        raise unknown
    payer_id, payer_name, plan = _payer_of(session, reading, first)
    if payer_id is None and payer_name is None:
        raise unknown
    data = AuthorizationInput(
        determination=Determination.DRAFT,
        payer_id=payer_id,
        payer_name=payer_name,
        plan=plan,
        portal=profile.slug,
        patient=first.patient,
        requested_by=RequestMethod.PORTAL,
        lines=tuple(
            LineInput(
                number=number,
                requested_code=service.procedure_code,
                requested_quantity=service.quantity,
                unit=service.unit,
                modifiers=service.modifiers,
                component=service.component,
            )
            for number, service in enumerate(services, 1)
            if service.procedure_code is not None
        ),
        diagnoses=first.diagnoses,
        requesting_npi=first.requesting_npi,
        rendering_npis=(first.rendering_npi,) if first.rendering_npi else (),
        billing_npi=first.billing_npi,
        facility_npi=first.facility_npi,
        place_of_service=first.place_of_service,
        level_of_care=first.level_of_care,
        requested=local_date(session, seen),
        service_date=first.date_from,
    )
    return create_authorization(session, data, actor, now, source="reading", strict=False)


def _payer_of(
    session: Session, reading: Reading, service: facts.Service
) -> tuple[str | None, str | None, str | None]:
    """Payer's id and name, and the plan: as typed, else as the page says, else as the member's newest record
    on file says: a member ID is one payer's.
    """
    if service.payer_id is not None or service.payer_name is not None:
        return service.payer_id, service.payer_name, service.plan
    if reading.payer is not None:
        return None, reading.payer, reading.plan
    wanted = queries.AuthorizationFilter(member_id=service.patient.member_id)
    on_file = queries.list_authorizations(session, wanted, size=1).items if service.patient.member_id else []
    return (on_file[0].payer_id, on_file[0].payer_name, on_file[0].plan) if on_file else (None, None, None)


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
