"""Writes what one look at a portal's page gave into the record, once it is sure whose page it was.

What holds: a word that the profile does not know never becomes a status; a provisional number never takes the
place of an authorization number, since every number keeps the kind under which a portal showed it (one that
was only typed or imported takes the portal's); what was approved is written beside what was requested, never
over it; what the page does not say is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from automation.outcomes import Evidence, has_unrecognised
from portal_profiles.catalogue import UnknownPortal, load
from portal_profiles.identity import ACCEPTED, WRONG_PATIENT, Identity
from portal_profiles.profile import Due
from portal_profiles.reading import Reading, ReadLine
from portal_profiles.schema import USUAL_DAYS
from portal_profiles.vocabulary import APPROVING, Determination, NumberKind
from server.actions.before_reading import before_reading
from server.actions.close_task import close_tasks_of
from server.actions.keep_evidence import keep_evidence
from server.actions.next_due import next_due
from server.actions.open_task import open_task
from server.actions.override_finding import end_overrides
from server.actions.read_by_staff import close_list_when_done
from server.db import queries, tables
from server.db.session import local_date
from server.errors import Problem
from server.matching.compare import identifier_key, npi_key, place_key
from server.security import audit

#: Tasks of one authorization whose cause is gone once its page was read well.
OUTCOME_TASKS = (
    "not_found",
    "ambiguous",
    "wrong_patient",
    "identity_unconfirmed",
    "could_not_look",
    "timed_out",
)

#: The kinds that claims bear: a number under one of them may be on a claim already.
ON_CLAIMS = frozenset({NumberKind.AUTHORIZATION.value, NumberKind.REFERRAL.value})

#: Determinations that staff must act on: title, why, next step, severity.
_NEWS: dict[Determination, tuple[str, str, str, str]] = {
    Determination.DENIED: (
        "The payer denied a request",
        "Services under it would not be paid.",
        "Read the letter's reason and decide on an appeal or another plan before the service.",
        "denial",
    ),
    Determination.CANCELLED: (
        "A request was cancelled at the payer",
        "Nothing is approved under it any more.",
        "Find out why, and ask again where the service is still wanted.",
        "denial",
    ),
    Determination.VOID: (
        "An authorization was made void at the payer",
        "Nothing is approved under it any more.",
        "Ask the payer why, and request anew where the service is still wanted.",
        "denial",
    ),
    Determination.MORE_INFORMATION_NEEDED: (
        "The payer wants more information",
        "The request is not decided until the payer has it.",
        "Send what the portal or the letter names.",
        "caution",
    ),
    Determination.PARTIALLY_APPROVED: (
        "Only a part was approved",
        "Some lines or units that were asked for are not approved.",
        "Compare what was requested with what was approved before the service is given.",
        "caution",
    ),
    Determination.MODIFIED: (
        "It was approved otherwise than asked for",
        "The payer changed a code, a quantity or a date.",
        "Compare what was requested with what was approved before the service is given.",
        "caution",
    ),
}


def record_reading(
    session: Session,
    reading: Reading,
    identity: Identity,
    authorization_id: int,
    *,
    read_by: str,
    now: datetime,
    run_id: int | None = None,
    evidence: Sequence[Evidence] = (),
    unlike: bool = False,
    sent_key: str | None = None,
    seen_at: datetime | None = None,
) -> tables.Reading:
    """Keeps the reading with its evidence, and, where it is surely this authorization's, changes the record
    by it.

    unlike: the page may be another request of the same patient. sent_key: the sender's own key of it.
    seen_at: when the page was seen, where that was earlier than now. The row's state is `accepted` (written),
    `waiting` (a person confirms the patient; a task says so) or `rejected` (another patient's page: only
    which identifiers differ is kept). Raises Problem `not_found` (404).
    """
    authorization = queries.authorization(session, authorization_id)
    if authorization is None:
        raise Problem("not_found", "There is no such authorization.", 404)
    rejected = identity.verdict == WRONG_PATIENT
    accepted = identity.verdict == ACCEPTED and not unlike
    row = tables.Reading(
        authorization_id=authorization_id,
        run_id=run_id,
        portal=reading.portal,
        profile_version=reading.profile_version,
        page=reading.page or "",
        read_at=seen_at or now,
        read_by=read_by,
        state="rejected" if rejected else "accepted" if accepted else "waiting",
        determination=None if rejected else _word(reading.determination),
        determination_text=None if rejected else reading.determination_text,
        values={} if rejected else {**reading.to_json(), "texts": {}},
        texts={} if rejected else dict(reading.texts),
        identity={
            "agree": list(identity.agree),
            "disagree": list(identity.disagree),
            "verdict": identity.verdict,
        },
        sent_key=sent_key,
        before=before_reading(authorization) if accepted else None,
    )
    session.add(row)
    session.flush()
    if not rejected:
        for item in evidence:
            keep_evidence(
                session,
                item.content,
                kind=item.kind,
                media_type=item.media_type,
                actor=read_by,
                now=now,
                authorization_id=authorization_id,
                reading_id=row.id,
                run_id=run_id,
            )
    if authorization.last_looked_at is None or authorization.last_looked_at <= row.read_at:
        authorization.last_looked_at = row.read_at
        authorization.last_outcome = (
            "wrong_patient" if rejected else "read" if accepted else "identity_unconfirmed"
        )
    subject = f"authorization:{authorization_id}"
    audit.record(
        session, read_by, f"reading.{row.state}", subject, {"reading": row.id, "run": run_id}, now=now
    )
    if accepted:
        apply_reading(session, authorization, row, reading, read_by, now)
    elif not rejected:
        _ask_who_it_is(session, authorization, row, read_by, now)
    session.flush()
    return row


def apply_reading(
    session: Session,
    authorization: tables.Authorization,
    row: tables.Reading,
    reading: Reading,
    actor: str,
    now: datetime,
) -> list[str]:
    """Changes the record by a reading that is surely its own, and gives the names of what changed.

    Changes nothing that the page does not say. Closes the tasks whose cause is gone, opens those that it
    gives. A reading that is older than the last one written changes nothing.
    """
    changed: list[str] = []
    if row.before is None:
        row.before = before_reading(authorization)
    newest = authorization.determination_read_at
    if newest is not None and newest > row.read_at:
        return changed
    row.before = {**row.before, "written_at": now.isoformat()}
    _apply_determination(session, authorization, row, reading, actor, now, changed)
    _apply_values(authorization, reading, changed)
    for line in reading.lines:
        _apply_line(session, authorization, line, row, actor, now, changed)
    _apply_numbers(session, authorization, reading, actor, now, changed)
    if changed:
        authorization.version += 1
        authorization.updated_at = now
        detail = {
            "source": "reading",
            "reading": row.id,
            "version": authorization.version,
            "fields": sorted(set(changed)),
        }
        audit.record(
            session, actor, "authorization.changed", f"authorization:{authorization.id}", detail, now=now
        )
    authorization.next_due = _next_due(session, authorization, local_date(session, now))
    for kind in OUTCOME_TASKS:
        close_tasks_of(session, f"{kind}:{authorization.id}", actor, now, "The page was read.")
    close_list_when_done(session, authorization.portal, actor, now)
    _tell_of_words(session, authorization, row, reading, actor, now)
    end_overrides(session, authorization, actor, now, reading_id=row.id)
    row.version_after = authorization.version
    return changed


def due_of(slug: str | None) -> Due:
    """The profile's days between looks; the usual ones where its profile is not to be had."""
    try:
        return load(slug or "").due
    except (UnknownPortal, ValueError):
        return Due(days=USUAL_DAYS)


def _next_due(session: Session, authorization: tables.Authorization, today: date) -> date | None:
    setting = queries.portal_setting(session, authorization.portal) if authorization.portal else None
    return next_due(
        determination=Determination(authorization.determination),
        expiry=authorization.expiry,
        service_date=authorization.service_date,
        has_number=any(n.kind == NumberKind.AUTHORIZATION for n in authorization.reference_numbers),
        looked=today,
        due=due_of(authorization.portal),
        own_days=setting.due_days if setting is not None else {},
    )


def _apply_determination(
    session: Session,
    authorization: tables.Authorization,
    row: tables.Reading,
    reading: Reading,
    actor: str,
    now: datetime,
    changed: list[str],
) -> None:
    word = reading.determination
    if word is None or word is Determination.UNRECOGNISED:
        return
    authorization.determination_read_at = row.read_at
    authorization.determination_text = reading.determination_text
    if authorization.determination == word:
        return
    authorization.determination = word.value
    changed.append("determination")
    session.add(
        tables.DeterminationChange(
            authorization_id=authorization.id,
            line_number=None,
            determination=word.value,
            text=reading.determination_text,
            at=now,
            source="reading",
            actor=actor,
            reading_id=row.id,
        )
    )
    key = f"determination:{authorization.id}"
    if word in _NEWS:
        title, why, next_step, severity = _NEWS[word]
        open_task(
            session,
            kind=f"payer_{word.value}",
            title=title,
            why=why,
            next_step=next_step,
            severity=severity,
            dedupe_key=key,
            actor=actor,
            now=now,
            authorization_id=authorization.id,
            portal=authorization.portal,
            run_id=row.run_id,
            reading_id=row.id,
        )
    else:
        close_tasks_of(session, key, actor, now, "The payer's answer has changed.")


def _apply_values(authorization: tables.Authorization, reading: Reading, changed: list[str]) -> None:
    """Writes the page's values: over the record's where the page is an approval, else only where it has
    none."""
    decided = reading.determination in APPROVING
    said: dict[str, Any] = {
        "effective": reading.effective,
        "expiry": reading.expiry,
        "decided": reading.decided,
        "level_of_care": _word(reading.level_of_care),
        "place_of_service": place_key(reading.place_of_service) or None,
        "requesting_npi": npi_key(reading.requesting_npi) or None,
        "billing_npi": npi_key(reading.billing_npi) or None,
        "facility_npi": npi_key(reading.facility_npi) or None,
        "rendering_npis": [npi_key(reading.rendering_npi)] if reading.rendering_npi else None,
        "diagnoses": list(reading.diagnoses) or None,
    }
    for name, value in said.items():
        if value is not None and (decided or not getattr(authorization, name)):
            _set(authorization, name, value, changed)
    for name, value in (
        ("requested", reading.requested),
        ("payer_name", reading.payer),
        ("plan", reading.plan),
    ):
        if value is not None and not getattr(authorization, name):
            _set(authorization, name, value, changed)


def _apply_line(
    session: Session,
    authorization: tables.Authorization,
    read: ReadLine,
    row: tables.Reading,
    actor: str,
    now: datetime,
    changed: list[str],
) -> None:
    line = _line_for(authorization, read)
    name = f"lines[{read.number}]"
    if line is None:
        taken = {known.number for known in authorization.lines}
        number = read.number if read.number not in taken else max(taken) + 1
        line = tables.AuthorizationLine(number=number, modifiers=[], rendering_npis=[])
        authorization.lines.append(line)
        changed.append(name)
    before = len(changed)
    used = read.used_quantity if line.used is None or (read.used_quantity or 0) > line.used else None
    said: dict[str, Any] = {
        "code": read.code or (read.requested_code if line.code is None else None),
        "modifiers": list(read.modifiers) or None,
        "component": _word(read.component),
        "unit": _word(read.unit),
        "quantity": read.approved_quantity,
        "used": used,
        "requested_code": read.requested_code,
        "requested_quantity": read.requested_quantity,
        "effective": read.effective,
        "expiry": read.expiry,
    }
    for attribute, value in said.items():
        if value is not None:
            _set(line, attribute, value, changed, name)
    word = read.determination
    if word is not None and word is not Determination.UNRECOGNISED and line.determination != word:
        line.determination = word.value
        changed.append(name)
        session.add(
            tables.DeterminationChange(
                authorization_id=authorization.id,
                line_number=line.number,
                determination=word.value,
                text=read.determination_text,
                at=now,
                source="reading",
                actor=actor,
                reading_id=row.id,
            )
        )
    if len(changed) > before:
        session.flush()


def _line_for(authorization: tables.Authorization, read: ReadLine) -> tables.AuthorizationLine | None:
    """The record's line that a read line is: the only one with its code (approved or asked for), else none
    yet.

    Line numbers alone decide nothing: the portal counts its own lines, the clinic's sheet counts others.
    """
    codes = {identifier_key(code) for code in (read.code, read.requested_code) if code}
    if not codes:
        return next((line for line in authorization.lines if line.number == read.number), None)
    same = [
        line
        for line in authorization.lines
        if codes.intersection(identifier_key(code) for code in (line.code, line.requested_code) if code)
    ]
    if len(same) > 1:
        alike = [line for line in same if sorted(line.modifiers) == sorted(read.modifiers)]
        same = alike if len(alike) == 1 else [line for line in same if line.number == read.number]
    return same[0] if len(same) == 1 else None


def _apply_numbers(
    session: Session,
    authorization: tables.Authorization,
    reading: Reading,
    actor: str,
    now: datetime,
    changed: list[str],
) -> None:
    """Adds each number under its own kind. Nothing that a portal has shown is replaced; a second
    authorization number is asked about."""
    _correct_kinds(session, authorization, reading, actor, now, changed)
    for number in reading.numbers:
        key = identifier_key(number.value)
        of_kind = [known for known in authorization.reference_numbers if known.kind == number.kind]
        if any(known.value_key == key for known in of_kind):
            continue
        if number.kind is NumberKind.AUTHORIZATION and of_kind:
            open_task(
                session,
                kind="number_differs",
                title="The payer shows another authorization number",
                why="The record had one already. Both are kept; a claim must bear the right one.",
                next_step="Compare both with the letter and take away the one that is wrong.",
                dedupe_key=f"number_differs:{authorization.id}",
                actor=actor,
                now=now,
                authorization_id=authorization.id,
                portal=authorization.portal,
            )
        authorization.reference_numbers.append(
            tables.ReferenceNumber(
                value=number.value,
                value_key=key,
                kind=number.kind.value,
                issuer=reading.payer,
                label=number.label,
                first_seen_at=now,
            )
        )
        changed.append("reference_numbers")


def _correct_kinds(
    session: Session,
    authorization: tables.Authorization,
    reading: Reading,
    actor: str,
    now: datetime,
    changed: list[str],
) -> None:
    """A number that stands under a kind that no page ever showed for it takes the kind that this page shows.

    Clinics keep a tracking or request number in their column of authorization numbers. Confirmed is a kind
    that an accepted reading showed; only such a page corrects, and it corrects only what was typed.
    """
    shown = {identifier_key(number.value): number for number in reading.numbers}
    doubtful = [
        known
        for known in authorization.reference_numbers
        if known.value_key in shown and known.kind != shown[known.value_key].kind
    ]
    if not doubtful:
        return
    confirmed = queries.kinds_read(session, authorization.id)
    for key, number in shown.items():
        wrong = [n for n in doubtful if n.value_key == key and n.kind not in confirmed.get(key, ())]
        if not wrong:
            continue
        was = sorted(known.kind for known in wrong)
        if not any(n.value_key == key and n.kind == number.kind for n in authorization.reference_numbers):
            mended = wrong.pop(0)
            mended.kind, mended.value = number.kind.value, number.value
            mended.label, mended.issuer = number.label, reading.payer
        for known in wrong:
            authorization.reference_numbers.remove(known)
        session.flush()
        changed.append("reference_numbers")
        detail = {"was": was, "is": number.kind.value, "label": number.label}
        subject = f"authorization:{authorization.id}"
        audit.record(session, actor, "authorization.number_kind_corrected", subject, detail, now=now)
        if ON_CLAIMS.intersection(was):
            open_task(
                session,
                kind="number_kind_corrected",
                title="A number was kept as one that goes on claims, and is none",
                why=f"The record had it as its {' and '.join(was)} number; the portal shows it as "
                f"{number.label!r}, a {number.kind.value} number. The record follows the portal.",
                next_step="Look for it on claims that are not sent yet, and get the authorization number.",
                dedupe_key=f"number_kind_corrected:{authorization.id}",
                actor=actor,
                now=now,
                authorization_id=authorization.id,
                portal=authorization.portal,
            )


def _tell_of_words(
    session: Session,
    authorization: tables.Authorization,
    row: tables.Reading,
    reading: Reading,
    actor: str,
    now: datetime,
) -> None:
    """A word that the profile does not know is a person's to read; the status stays as it was."""
    key = f"unrecognised:{authorization.id}"
    if not has_unrecognised(reading):
        close_tasks_of(session, key, actor, now, "The portal's word is known.")
        return
    open_task(
        session,
        kind="unrecognised_word",
        title="The portal uses a status word that is not known",
        why="The status was left as it was: an unknown word is never guessed.",
        next_step="Read the word, change the status by hand, and add the word to the portal's profile.",
        dedupe_key=key,
        actor=actor,
        now=now,
        authorization_id=authorization.id,
        portal=authorization.portal,
        run_id=row.run_id,
        reading_id=row.id,
    )


def _ask_who_it_is(
    session: Session, authorization: tables.Authorization, row: tables.Reading, actor: str, now: datetime
) -> None:
    open_task(
        session,
        kind="identity_unconfirmed",
        title="A reading waits for a person",
        why="The page shows too little, or something else, to be sure that it is this authorization's.",
        next_step="Compare the reading and its picture with the record, then accept or reject it.",
        dedupe_key=f"identity_unconfirmed:{authorization.id}",
        actor=actor,
        now=now,
        authorization_id=authorization.id,
        portal=authorization.portal,
        run_id=row.run_id,
        reading_id=row.id,
    )


def _set(row: Any, name: str, value: Any, changed: list[str], called: str | None = None) -> None:
    if getattr(row, name) != value:
        setattr(row, name, value)
        changed.append(called or name)


def _word(word: Any) -> str | None:
    return None if word is None else str(word.value)
