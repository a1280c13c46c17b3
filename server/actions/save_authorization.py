"""Creates and changes one authorization, its format checks at the door: `authorization_input.check`.

A person or script who types an NPI with a wrong check digit is stopped (`strict`); an import keeps it with a
warning. One that stood in the record before is kept either way, so that an old number never blocks another
correction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal_profiles.vocabulary import (
    CLOSED,
    AuthorizationType,
    CertificationKind,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    RequestMethod,
    Unit,
)
from server.actions.authorization_input import (
    AuthorizationInput,
    Checked,
    LineInput,
    NumberInput,
    check,
)
from server.actions.override_finding import end_overrides
from server.actions.place_authorization import Placement, Router, named_portal, place, tell_of_place
from server.db import queries
from server.db.keys import person_key
from server.db.session import local_date
from server.db.tables import Authorization, AuthorizationLine, DeterminationChange, ReferenceNumber
from server.errors import FieldProblem, Problem
from server.matching.compare import identifier_key, name_key, place_key
from server.matching.facts import Patient, Rate
from server.security import audit

#: Determinations at which no portal need be asked: final ones, and those that no payer has heard of yet.
NOTHING_TO_LOOK_FOR = CLOSED | {Determination.NOT_REQUIRED, Determination.DRAFT}


def create_authorization(
    session: Session,
    data: AuthorizationInput,
    actor: str,
    now: datetime,
    *,
    source: str = "person",
    strict: bool = True,
) -> Authorization:
    """The new row, in a write session. source: person, api, import or reading, for the history.

    Raises Problem `invalid` (422) with every field, or `exists` (409) where the payer's number is in the
    record.
    """
    today = local_date(session, now)
    _refuse_errors(check(data, today, forgiven=frozenset() if strict else None))
    _refuse_known_number(session, data, None)
    placed = place(Router(session, today).route(data), data.portal)
    data = replace(data, portal=placed.portal)
    row = Authorization(
        **record_columns(data),
        portal_by_rule=placed.by_rule,
        version=1,
        created_at=now,
        updated_at=now,
        next_due=first_look(data.portal, data.determination, data.expiry, today),
        lines=[AuthorizationLine(**line_columns(line)) for line in data.lines],
        reference_numbers=[
            ReferenceNumber(**number_columns(number), first_seen_at=now)
            for number in distinct_numbers(data.reference_numbers)
        ],
    )
    session.add(row)
    session.flush()
    session.add_all(new_determinations(row.id, data, source, actor, now))
    audit.record(
        session, actor, "authorization.created", f"authorization:{row.id}", {"source": source}, now=now
    )
    tell_of_place(session, row.id, placed, actor, now)
    end_overrides(session, row, actor, now)
    return row


def update_authorization(
    session: Session,
    authorization_id: int,
    expected_version: int | None,
    data: AuthorizationInput,
    actor: str,
    now: datetime,
    *,
    source: str = "person",
    strict: bool = True,
) -> Authorization:
    """The row with `data` in place of all that could be written; nothing at all happens where nothing
    differs.

    expected_version: the version that the change was made from; None takes the present one. Raises Problem
    `not_found` (404), `changed_meanwhile` (412), `invalid` (422) or `exists` (409).
    """
    row = queries.authorization(session, authorization_id)
    if row is None:
        raise Problem("not_found", "There is no such authorization.", 404)
    if expected_version is not None and row.version != expected_version:
        raise Problem(
            "changed_meanwhile",
            "Somebody else has changed this authorization meanwhile. Read it again, then repeat your change.",
            412,
        )
    today = local_date(session, now)
    before = input_of(row)
    _refuse_errors(check(data, today, forgiven=_npis_of(before) if strict else None))
    _refuse_known_number(session, data, row.id)
    named = named_portal(data.portal, row.portal, row.portal_by_rule)
    placed = place(Router(session, today).route(data), named, row.portal, row.portal_by_rule)
    changed = change_row(row, data, placed, today, now)
    tell_of_place(session, row.id, placed, actor, now)
    if changed:
        session.add_all(new_determinations(row.id, data, source, actor, now, before=before))
        session.flush()
        detail = {"source": source, "version": row.version, "fields": sorted(changed)}
        audit.record(session, actor, "authorization.changed", f"authorization:{row.id}", detail, now=now)
        end_overrides(session, row, actor, now)
    return row


def change_row(
    row: Authorization, data: AuthorizationInput, placed: Placement, today: date, now: datetime
) -> set[str]:
    """Writes what differs into a row that was loaded with its parts; gives the names of the fields that did.

    placed: on which portal it is looked up, whatever `data` says of that. Version, time of change and first
    look follow. Neither history nor audit entry is written here.
    """
    data = replace(data, portal=placed.portal)
    changed = _apply(row, data, now)
    if row.portal_by_rule != placed.by_rule:
        row.portal_by_rule = placed.by_rule
        changed.add("portal")
    if changed:
        row.version += 1
        row.updated_at = now
    if {"portal", "determination", "expiry"} & changed:
        row.next_due = first_look(data.portal, data.determination, data.expiry, today)
    return changed


def first_look(
    portal: str | None, determination: Determination, expiry: date | None, today: date
) -> date | None:
    """When the night job should first look at an authorization: today, or never.

    Never where no portal is known, nothing can change any more, or the approved dates are over.
    """
    if portal is None or determination in NOTHING_TO_LOOK_FOR or (expiry is not None and expiry < today):
        return None
    return today


def record_columns(data: AuthorizationInput) -> dict[str, Any]:
    """The columns of `authorization_record` that come from the input, with the keys for look-ups."""
    patient = data.patient
    return {
        "payer_id": data.payer_id,
        "payer_name": data.payer_name,
        "plan": data.plan,
        "portal": data.portal,
        "member_id": patient.member_id,
        "member_key": identifier_key(patient.member_id) or None,
        "last_name": patient.last_name,
        "first_name": patient.first_name,
        "name_key": person_key(patient.last_name),
        "birth_date": patient.birth_date,
        "type": data.type.value,
        "certification_kind": _value(data.certification_kind),
        "requested_by": _value(data.requested_by),
        "determination": data.determination.value,
        "determination_text": data.determination_text,
        "diagnoses": list(data.diagnoses),
        "requesting_npi": _npi(data.requesting_npi),
        "rendering_npis": [identifier_key(npi) for npi in data.rendering_npis],
        "billing_npi": _npi(data.billing_npi),
        "facility_npi": _npi(data.facility_npi),
        "place_of_service": place_key(data.place_of_service) or None,
        "level_of_care": _value(data.level_of_care),
        "requested": data.requested,
        "decided": data.decided,
        "effective": data.effective,
        "expiry": data.expiry,
        "service_date": data.service_date,
        "notes": data.notes,
    }


def line_columns(line: LineInput) -> dict[str, Any]:
    """The columns of `authorization_line` that come from the input."""
    return {
        "number": line.number,
        "code": line.code,
        "code_end": line.code_end,
        "service_type": line.service_type,
        "modifiers": [modifier.upper() for modifier in line.modifiers],
        "component": _value(line.component),
        "quantity": line.quantity,
        "unit": _value(line.unit),
        "rate_quantity": line.rate.quantity if line.rate else None,
        "rate_per": line.rate.per if line.rate else None,
        "rate_periods": line.rate.periods if line.rate else None,
        "used": line.used,
        "determination": _value(line.determination),
        "effective": line.effective,
        "expiry": line.expiry,
        "rendering_npis": [identifier_key(npi) for npi in line.rendering_npis],
        "requested_code": line.requested_code,
        "requested_quantity": line.requested_quantity,
    }


def number_columns(number: NumberInput) -> dict[str, Any]:
    """The columns of `reference_number` that come from the input."""
    return {
        "value": number.value,
        "value_key": identifier_key(number.value),
        "kind": number.kind.value,
        "issuer": number.issuer,
        "label": number.label,
    }


def distinct_numbers(numbers: Iterable[NumberInput]) -> list[NumberInput]:
    """Each number of a kind once: the first of those that are written the same."""
    kept: dict[tuple[NumberKind, str], NumberInput] = {}
    for number in numbers:
        kept.setdefault((number.kind, number.value), number)
    return list(kept.values())


def input_of(row: Authorization) -> AuthorizationInput:
    """The row as the input that would write it: what a partial change starts from."""
    return AuthorizationInput(
        determination=Determination(row.determination),
        payer_id=row.payer_id,
        payer_name=row.payer_name,
        plan=row.plan,
        portal=row.portal,
        patient=Patient(row.member_id, row.last_name, row.first_name, row.birth_date),
        type=AuthorizationType(row.type),
        certification_kind=CertificationKind(row.certification_kind) if row.certification_kind else None,
        requested_by=RequestMethod(row.requested_by) if row.requested_by else None,
        determination_text=row.determination_text,
        lines=tuple(_line_of(line) for line in row.lines),
        diagnoses=tuple(row.diagnoses),
        requesting_npi=row.requesting_npi,
        rendering_npis=tuple(row.rendering_npis),
        billing_npi=row.billing_npi,
        facility_npi=row.facility_npi,
        place_of_service=row.place_of_service,
        level_of_care=LevelOfCare(row.level_of_care) if row.level_of_care else None,
        requested=row.requested,
        decided=row.decided,
        effective=row.effective,
        expiry=row.expiry,
        service_date=row.service_date,
        reference_numbers=tuple(
            NumberInput(number.value, NumberKind(number.kind), number.issuer, number.label)
            for number in row.reference_numbers
        ),
        notes=row.notes,
    )


def _line_of(line: AuthorizationLine) -> LineInput:
    rate = None
    if line.rate_quantity is not None and line.rate_per is not None:
        rate = Rate(line.rate_quantity, line.rate_per, line.rate_periods)
    return LineInput(
        number=line.number,
        code=line.code,
        code_end=line.code_end,
        service_type=line.service_type,
        modifiers=tuple(line.modifiers),
        component=Component(line.component) if line.component else None,
        quantity=line.quantity,
        unit=Unit(line.unit) if line.unit else None,
        rate=rate,
        used=line.used,
        determination=Determination(line.determination) if line.determination else None,
        effective=line.effective,
        expiry=line.expiry,
        rendering_npis=tuple(line.rendering_npis),
        requested_code=line.requested_code,
        requested_quantity=line.requested_quantity,
    )


def _apply(row: Authorization, data: AuthorizationInput, now: datetime) -> set[str]:
    """Writes what differs and gives the names of the fields that did. Rows of parts are kept where they
    stay.
    """
    changed: set[str] = set()
    for name, value in record_columns(data).items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed.add(name)
    lines = {line.number: line for line in row.lines}
    for given in data.lines:
        columns = line_columns(given)
        line = lines.pop(given.number, None)
        if line is None:
            row.lines.append(AuthorizationLine(**columns))
            changed.add("lines")
            continue
        for name, value in columns.items():
            if getattr(line, name) != value:
                setattr(line, name, value)
                changed.add("lines")
    numbers = {(number.kind, number.value): number for number in row.reference_numbers}
    for wanted in distinct_numbers(data.reference_numbers):
        number = numbers.pop((wanted.kind.value, wanted.value), None)
        if number is None:
            row.reference_numbers.append(ReferenceNumber(**number_columns(wanted), first_seen_at=now))
            changed.add("reference_numbers")
        elif (number.issuer, number.label) != (wanted.issuer, wanted.label):
            number.issuer, number.label = wanted.issuer, wanted.label
            changed.add("reference_numbers")
    for left_line in lines.values():
        row.lines.remove(left_line)
        changed.add("lines")
    for left_number in numbers.values():
        row.reference_numbers.remove(left_number)
        changed.add("reference_numbers")
    return changed


def new_determinations(
    authorization_id: int,
    data: AuthorizationInput,
    source: str,
    actor: str,
    now: datetime,
    *,
    before: AuthorizationInput | None = None,
) -> list[DeterminationChange]:
    """The history's new rows: each determination, of the whole and of each line, that is another than
    before.
    """
    known: dict[int | None, Determination | None] = {}
    if before is not None:
        known = {line.number: line.determination for line in before.lines}
        known[None] = before.determination
    present: list[tuple[int | None, Determination | None, str | None]] = [
        (None, data.determination, data.determination_text)
    ]
    present += [(line.number, line.determination, None) for line in data.lines]
    return [
        DeterminationChange(
            authorization_id=authorization_id,
            line_number=line_number,
            determination=determination.value,
            text=text,
            at=now,
            source=source,
            actor=actor,
        )
        for line_number, determination, text in present
        if determination is not None and known.get(line_number) != determination
    ]


def _refuse_errors(checked: Checked) -> None:
    if checked.errors:
        raise Problem("invalid", "The authorization was not accepted.", 422, checked.errors)


def _npis_of(data: AuthorizationInput) -> frozenset[str]:
    """Every NPI that stands in the record."""
    single = (data.requesting_npi, data.billing_npi, data.facility_npi)
    of_lines = [npi for line in data.lines for npi in line.rendering_npis]
    return frozenset(identifier_key(npi) for npi in (*single, *data.rendering_npis, *of_lines) if npi)


def _refuse_known_number(session: Session, data: AuthorizationInput, own_id: int | None) -> None:
    keys = [identifier_key(n.value) for n in data.reference_numbers if n.kind is NumberKind.AUTHORIZATION]
    if not keys:
        return
    payer = payer_key(data.payer_id, data.payer_name)
    rows = session.execute(
        select(Authorization.id, Authorization.payer_id, Authorization.payer_name)
        .join(ReferenceNumber, ReferenceNumber.authorization_id == Authorization.id)
        .where(
            ReferenceNumber.value_key.in_(keys),
            ReferenceNumber.kind == NumberKind.AUTHORIZATION.value,
            Authorization.id != (own_id or 0),
        )
    )
    for row in rows:
        if payer_key(row.payer_id, row.payer_name) == payer:
            raise Problem(
                "exists",
                "This payer's number is in the record already.",
                409,
                (
                    FieldProblem(
                        "reference_numbers",
                        f"Authorization {row.id} has this number.",
                        "Change that one instead, or correct the number.",
                    ),
                ),
            )


def payer_key(payer_id: str | None, payer_name: str | None) -> str:
    """One payer for comparison within the record: by id where there is one, else by name."""
    return identifier_key(payer_id) or name_key(payer_name)


def _npi(text: str | None) -> str | None:
    return identifier_key(text) or None


def _value(word: Any) -> str | None:
    return None if word is None else str(word.value)
