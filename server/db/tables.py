"""Every table, as SQLAlchemy 2 typed mappings. SQLite (SQLCipher) and PostgreSQL share them; Alembic migrates
them.

Times are UTC. Dates are the payer's local calendar dates. Words (determination, type, unit, ...) are the
values of the enums in `portal_profiles.vocabulary`. `*_key` columns hold the normalised form that look-ups
use; what was issued or typed stays exactly as it was in the column beside it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was given to the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Quantity(TypeDecorator[Decimal]):
    """An exact decimal, at most three places, on both databases (SQLite has none: it is kept there as
    text).
    """

    impl = Numeric(12, 3).with_variant(String(20), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else plain_decimal(Decimal(value))


def plain_decimal(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 12.000 is 12, 10 stays 10."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


class Base(DeclarativeBase):
    """The one metadata. Constraints and indexes are named by rule, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    type_annotation_map = {  # noqa: RUF012
        datetime: UTCDateTime,
        date: Date,
        Decimal: Quantity,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[Any]: JSON,
        bytes: LargeBinary,
    }


def table_of(row_class: type[Base]) -> Table:
    """The table behind a mapped class, for plain selects and many-row inserts."""
    table = row_class.__table__
    assert isinstance(table, Table)
    return table


class Authorization(Base):
    """One payer's decision on requested services: see the design's table of words.

    version: raised by each change, the ETag. portal: slug of the portal where its status lives (it may be a
    delegated vendor's). determination_text: the portal's own word, verbatim. member_key: the member ID as
    `server.matching.compare.identifier_key` gives it; name_key: `server.db.keys.person_key` of the last name.
    portal_by_rule: the name of the payer rule that says where the status lives; None where a person or a file
    said it.
    import_key: payer, patient and codes, by which a row of an imported file without a number finds its
    authorization again; import_digest: of the file's row as it was last imported. next_due: the first date on
    which the night job should look again; None when it never should.
    """

    __tablename__ = "authorization_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    payer_id: Mapped[str | None] = mapped_column(String(40), index=True)
    payer_name: Mapped[str | None] = mapped_column(String(200))
    plan: Mapped[str | None] = mapped_column(String(200))
    portal: Mapped[str | None] = mapped_column(String(60))
    portal_by_rule: Mapped[str | None] = mapped_column(String(80))

    member_id: Mapped[str | None] = mapped_column(String(80))
    member_key: Mapped[str | None] = mapped_column(String(80), index=True)
    last_name: Mapped[str | None] = mapped_column(String(120))
    first_name: Mapped[str | None] = mapped_column(String(120))
    name_key: Mapped[str | None] = mapped_column(String(120))
    birth_date: Mapped[date | None]

    type: Mapped[str] = mapped_column(String(30))
    certification_kind: Mapped[str | None] = mapped_column(String(30))
    requested_by: Mapped[str | None] = mapped_column(String(30))

    determination: Mapped[str] = mapped_column(String(30), index=True)
    determination_text: Mapped[str | None] = mapped_column(String(200))
    determination_read_at: Mapped[datetime | None]

    diagnoses: Mapped[list[str]] = mapped_column(default=list)
    requesting_npi: Mapped[str | None] = mapped_column(String(20))
    rendering_npis: Mapped[list[str]] = mapped_column(default=list)
    billing_npi: Mapped[str | None] = mapped_column(String(20))
    facility_npi: Mapped[str | None] = mapped_column(String(20))
    place_of_service: Mapped[str | None] = mapped_column(String(2))
    level_of_care: Mapped[str | None] = mapped_column(String(20))

    requested: Mapped[date | None]
    decided: Mapped[date | None]
    effective: Mapped[date | None]
    expiry: Mapped[date | None] = mapped_column(index=True)
    service_date: Mapped[date | None]

    last_looked_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(30))
    next_due: Mapped[date | None]

    import_key: Mapped[str | None] = mapped_column(String(64), index=True)
    import_digest: Mapped[str | None] = mapped_column(String(64))
    notes: Mapped[str | None] = mapped_column(Text)

    lines: Mapped[list[AuthorizationLine]] = relationship(
        back_populates="authorization", order_by="AuthorizationLine.number", cascade="all, delete-orphan"
    )
    reference_numbers: Mapped[list[ReferenceNumber]] = relationship(
        back_populates="authorization", order_by="ReferenceNumber.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        Index("ix_authorization_record_due", "portal", "next_due"),
        Index("ix_authorization_record_person", "name_key", "birth_date"),
        # An id is never given twice: the audit chain names records by it.
        {"sqlite_autoincrement": True},
    )


class AuthorizationLine(Base):
    """One procedure of an authorization. requested_* is what was asked, the other values what was
    approved.
    """

    __tablename__ = "authorization_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    code: Mapped[str | None] = mapped_column(String(20))
    code_end: Mapped[str | None] = mapped_column(String(20))
    service_type: Mapped[str | None] = mapped_column(String(10))
    modifiers: Mapped[list[str]] = mapped_column(default=list)
    component: Mapped[str | None] = mapped_column(String(20))
    quantity: Mapped[Decimal | None]
    unit: Mapped[str | None] = mapped_column(String(20))
    rate_quantity: Mapped[Decimal | None]
    rate_per: Mapped[str | None] = mapped_column(String(10))
    rate_periods: Mapped[int | None]
    used: Mapped[Decimal | None]
    determination: Mapped[str | None] = mapped_column(String(30))
    effective: Mapped[date | None]
    expiry: Mapped[date | None]
    rendering_npis: Mapped[list[str]] = mapped_column(default=list)
    requested_code: Mapped[str | None] = mapped_column(String(20))
    requested_quantity: Mapped[Decimal | None]

    authorization: Mapped[Authorization] = relationship(back_populates="lines")


class ReferenceNumber(Base):
    """One number as issued, its kind and issuer, the label it stood beside, and when it was first seen."""

    __tablename__ = "reference_number"

    id: Mapped[int] = mapped_column(primary_key=True)
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    value: Mapped[str] = mapped_column(String(80))
    value_key: Mapped[str] = mapped_column(String(80), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    issuer: Mapped[str | None] = mapped_column(String(120))
    label: Mapped[str | None] = mapped_column(String(120))
    first_seen_at: Mapped[datetime]

    authorization: Mapped[Authorization] = relationship(back_populates="reference_numbers")

    __table_args__ = (UniqueConstraint("authorization_id", "kind", "value"),)


class DeterminationChange(Base):
    """The full history: each determination an authorization (or one line of it) ever had, and who said so."""

    __tablename__ = "determination_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    line_number: Mapped[int | None]
    determination: Mapped[str] = mapped_column(String(30))
    text: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(40))  # import, reading, person, api
    actor: Mapped[str] = mapped_column(String(120))
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("reading.id"))


class Reading(Base):
    """What one look at one portal page gave, with provenance.

    state: accepted (it changed or confirmed the record), waiting (a person must confirm the patient),
    rejected. values: the typed reading as JSON; texts: the page's text behind each value; identity: which of
    the page's identifiers agreed and which did not.
    sent_key: the sender's own random key of the request, so that what is sent twice is kept once. before: the
    record as it was before the reading was written (`server.actions.before_reading`), version_after: its
    version after; both None while nothing was written. taken_back_*: who undid it, when and why.
    """

    __tablename__ = "reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    portal: Mapped[str] = mapped_column(String(60))
    profile_version: Mapped[str] = mapped_column(String(40))
    page: Mapped[str] = mapped_column(String(60))
    read_at: Mapped[datetime]
    read_by: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(20))
    determination: Mapped[str | None] = mapped_column(String(30))
    determination_text: Mapped[str | None] = mapped_column(String(200))
    values: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    identity: Mapped[dict[str, Any]]
    sent_key: Mapped[str | None] = mapped_column(String(40))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version_after: Mapped[int | None]
    taken_back_at: Mapped[datetime | None]
    taken_back_by: Mapped[str | None] = mapped_column(String(120))
    taken_back_why: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_reading_sent_key", "sent_key", unique=True),)


class CaseNote(Base):
    """What staff add to an authorization by hand: kind note, or call (a talk with the payer on the phone).

    at: when the call was, or the note's own time. representative, call_reference: of a call only, as the
    payer's person gave them. sent_key: as in `Reading`.
    """

    __tablename__ = "case_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)
    representative: Mapped[str | None] = mapped_column(String(120))
    call_reference: Mapped[str | None] = mapped_column(String(80))
    written_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    sent_key: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (Index("ix_case_note_sent_key", "sent_key", unique=True),)


class Evidence(Base):
    """One encrypted file that backs a reading: picture, letter or page text. sha256 is of the clear
    content.

    removed_at: when the file was deleted because the clinic's retention was over; what it was stays on the
    audit chain.
    """

    __tablename__ = "evidence"

    id: Mapped[int] = mapped_column(primary_key=True)
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("reading.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    kind: Mapped[str] = mapped_column(String(20))
    media_type: Mapped[str] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    path: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Run(Base):
    """One pass over the authorizations that were due. state: running, finished, stopped (a crash or Ctrl-C;
    the next start goes on with what is left). due = read + each other outcome + left, at any moment."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # nightly, check_now, attended
    portal: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(20), index=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    started_by: Mapped[str] = mapped_column(String(120))
    heartbeat_at: Mapped[datetime | None]
    message: Mapped[str | None] = mapped_column(Text)


class RunItem(Base):
    """One authorization in one run. outcome is None until it was looked at."""

    __tablename__ = "run_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    portal: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str | None] = mapped_column(String(30))
    message: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("reading.id"))

    __table_args__ = (UniqueConstraint("run_id", "authorization_id"),)


class Task(Base):
    """One thing that needs a person. kind names the work; dedupe_key keeps one open task a cause.

    title, why and next_step hold no patient data: the authorization is linked by id. state: open, done.
    problems: what was odd on the page (signs, fields, the labels nearest to them); evidence_id: its picture.
    """

    __tablename__ = "task"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(Text)
    next_step: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(10))  # denial, caution, info
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    portal: Mapped[str | None] = mapped_column(String(60))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("reading.id"))
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id"))
    problems: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    due: Mapped[date | None] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(10), default="open", index=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(120))
    closing_note: Mapped[str | None] = mapped_column(Text)
    dedupe_key: Mapped[str] = mapped_column(String(160), index=True)


class CheckRecord(Base):
    """One check that was run: what was asked (facts as JSON), where, and what it answered."""

    __tablename__ = "check_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(120))
    checkpoint: Mapped[str] = mapped_column(String(20))
    portal: Mapped[str | None] = mapped_column(String(60))
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    verdict: Mapped[str] = mapped_column(String(20))
    service: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]


class FindingOverride(Base):
    """A person went on though a check's finding spoke against it: which finding, who, when, and why.

    position: of the finding in the check's list, from 0. reason: a word of
    `server.actions.override_finding.Reason`. ending: what the payer did then
    (`server.actions.override_finding.Ending`), None while it has not answered; ended_by_*: what told it.
    """

    __tablename__ = "finding_override"

    id: Mapped[int] = mapped_column(primary_key=True)
    check_id: Mapped[int] = mapped_column(ForeignKey("check_record.id", ondelete="CASCADE"))
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    rule: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(30))
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    ending: Mapped[str | None] = mapped_column(String(20), index=True)
    ended_at: Mapped[datetime | None]
    ended_by_authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorization_record.id", ondelete="SET NULL")
    )
    ended_by_reading_id: Mapped[int | None] = mapped_column(ForeignKey("reading.id"))

    __table_args__ = (UniqueConstraint("check_id", "position"),)


class PayerRule(Base):
    """One published practice of a payer (`server.matching.facts.PayerRule`), as a row with source and
    date.
    """

    __tablename__ = "payer_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    payer_id: Mapped[str] = mapped_column(String(40), index=True)
    plan: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(Text)
    source_date: Mapped[date]
    effective: Mapped[date | None]
    expiry: Mapped[date | None]


class PortalSetting(Base):
    """What the clinic decided about one portal. base_url: set only where a sandbox stands in for the portal.

    automation: unknown, permitted or forbidden, with who decided, when, and on what text (design, decision
    8). start_at: local HH:MM of the night job; due_days: {determination: days} over the profile's own.
    """

    __tablename__ = "portal_setting"

    portal: Mapped[str] = mapped_column(String(60), primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    base_url: Mapped[str | None] = mapped_column(String(200))
    automation: Mapped[str] = mapped_column(String(12), default="unknown")
    automation_decided_by: Mapped[str | None] = mapped_column(String(120))
    automation_decided_at: Mapped[datetime | None]
    automation_text: Mapped[str | None] = mapped_column(Text)
    start_at: Mapped[str | None] = mapped_column(String(5))
    due_days: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PortalAccount(Base):
    """One sign-in to one portal. secrets and browser_state are encrypted by `server.security.secrets`.

    state: open, or closed until a person reopens it (a refused password is never tried twice).
    browser: what the account's browser window is like, kept so that a remembered device stays remembered.
    npis: the providers whose authorizations it looks up; none: all that no other account names.
    """

    __tablename__ = "portal_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    portal: Mapped[str] = mapped_column(String(60), index=True)
    username: Mapped[str] = mapped_column(String(120))
    organization: Mapped[str | None] = mapped_column(String(200))
    secrets: Mapped[bytes]
    browser_state: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(String(10), default="open")
    closed_reason: Mapped[str | None] = mapped_column(Text)
    signed_in_at: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    browser: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    npis: Mapped[list[str]] = mapped_column(default=list, server_default="[]")

    __table_args__ = (UniqueConstraint("portal", "username"),)


class CodeRequest(Base):
    """A sign-in that waits for what only a person receives. method: email, text, call, push (nothing is
    typed).

    state: open, answered (by a person), used (by the robot), refused (by the portal), expired. answer: the
    code, encrypted, kept only until it is used; None for a push. number: what a push's page shows, to be
    chosen on the telephone; empty where none is.
    """

    __tablename__ = "code_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("portal_account.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    portal: Mapped[str] = mapped_column(String(60))
    method: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open", index=True)
    answer: Mapped[bytes | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(20), default="", server_default="")


class PortalNight(Base):
    """How many requests a portal was sent in one night (noon to noon, the clinic's time), over all passes."""

    __tablename__ = "portal_night"

    portal: Mapped[str] = mapped_column(String(60), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(default=0)


class Lease(Base):
    """A lock that outlives no crash: who holds `name` until when. Account sign-ins and the night pass use
    it.
    """

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime]


class User(Base):
    """A person of the clinic. role: administrator, biller, scheduler, viewer."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]
    refused_count: Mapped[int] = mapped_column(default=0)
    refused_until: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(default=1)


class AccessToken(Base):
    """A secret that opens the door once or for a script: kind link (one use), pairing (one use) or api.
    name: what an api token is for.

    digest: SHA-256 of the secret; the secret itself is shown once and never stored.
    tries: wrong codes given while a pairing code was open.
    """

    __tablename__ = "access_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str | None] = mapped_column(String(120))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


class Device(Base):
    """A paired browser extension: the public half of the key pair that it made, and whose it is."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    public_key: Mapped[dict[str, Any]]
    paired_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class DeviceNonce(Base):
    """A nonce that a device has used: the same request is never taken twice."""

    __tablename__ = "device_nonce"

    device_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class Installation(Base):
    """The one row about this database itself: which key it was made with, and where its audit chain ends.

    key_check: a value derived from the data key, by which a wrong key is told at once. audit_mac: HMAC by a
    key derived from the data key over the chain's last seq and hash, so that a tail cut off is found.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    key_check: Mapped[str] = mapped_column(String(64))
    audit_seq: Mapped[int] = mapped_column(default=0)
    audit_hash: Mapped[str] = mapped_column(String(64))
    audit_mac: Mapped[str] = mapped_column(String(64))


class AuditEntry(Base):
    """One link of the hash chain: every write, and every sight of a patient's record.

    hash = SHA-256 over the canonical JSON of all other columns, prev_hash included.
    """

    __tablename__ = "audit_entry"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    detail: Mapped[dict[str, Any]]
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
