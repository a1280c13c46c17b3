"""What every sandbox stands on: its records, its accounts and sign-ins, its hazards, its journal.

A sandbox is `portal_profiles/<slug>/sandbox/`: `records.json`, `templates/`, and `routes.py` with
`create(state: State) -> flask.Flask`. The routes draw pages; what must be the same in every sandbox (an
account locks after three refused passwords, a code works once, a second sign-in ends the first) lives here.
All people in the records are synthetic.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pyotp

from portal_profiles.profile import folded
from portal_profiles.vocabulary import Determination, NumberKind

#: Every hazard and what its value means. A hazard that is off has no value.
HAZARDS: dict[str, str] = {
    "maintenance": "every page says that the portal is down for maintenance (503)",
    "error_rate": "share of pages answered with an error (500), 0 to 1",
    "slow": "milliseconds that each page takes longer",
    "dropped": "share of pages whose connection is closed without an answer, 0 to 1",
    "unknown_word": "the word shown as every status, in place of the portal's own",
    "no_result": "every search finds nothing",
    "duplicates": "every record is listed twice, under two numbers of the portal",
    "wrong_patient": "a detail page shows another patient's record",
    "locked": "the account is locked before it signs in",
    "expired_password": "the password has expired",
    "refused": "every password is refused",
    "challenge": "the sign-in asks to prove that a person is there",
    "firewall": "the portal's firewall answers every page with its own refusal (403)",
    "changed_label": "the label that has another wording: Status, Member ID, or that of the user's name",
    "changed_id": "what the profile finds by id, class or test id in lists and details has another one",
    "changed_layout": "the status stands in a section of its own, no longer beside its label",
    "terms": "terms of use stand before the first page, to be accepted by a person",
    "signed_out": "the session ends, once, after this many pages past the sign-in",
    "timer": "seconds without a key or click until the session's timer asks whether anyone is there",
    "letter_not_pdf": "the letter's link answers with a page instead of a PDF",
}

#: Value of a hazard named without one.
DEFAULTS: dict[str, float | str] = {
    "error_rate": 0.3,
    "slow": 500.0,
    "dropped": 0.3,
    "unknown_word": "In Clinical Queue B",
    "changed_label": "Status",
    "signed_out": 3.0,
    "timer": 5.0,
}

#: Refused passwords, and refused codes, after which an account is locked.
TRIES = 3

#: What the id of a record's second listing ends in, under the hazard `duplicates`.
TWIN = "-2"


class HazardError(ValueError):
    """A hazard that does not exist, or a value it cannot have. It names the hazard and the remedy."""


class Hazards:
    """The hazards that are on, by name. Safe to switch while pages are being served."""

    def __init__(self, on: Mapping[str, object] | None = None) -> None:
        self._on: dict[str, float | str] = {}
        self.switch(on or {})

    def switch(self, wanted: Mapping[str, object]) -> None:
        """Turns each named hazard on (true, a number, a word) or off (None or false).

        Raises HazardError before anything is changed.
        """
        change = {name: self._value(name, value) for name, value in wanted.items()}
        on = {**self._on, **{n: v for n, v in change.items() if v is not None}}
        self._on = {n: v for n, v in on.items() if change.get(n, v) is not None}

    @staticmethod
    def _value(name: str, value: object) -> float | str | None:
        if name not in HAZARDS:
            raise HazardError(f"There is no hazard {name!r}. Known: {', '.join(sorted(HAZARDS))}.")
        if value is None or value is False:
            return None
        default = DEFAULTS.get(name, 1.0)
        if value is True:
            return default
        if isinstance(default, str):
            return str(value)
        try:
            number = float(str(value))
        except ValueError:
            raise HazardError(
                f"Hazard {name} takes a number ({HAZARDS[name]}). Example: {name}={default:g}"
            ) from None
        if number < 0:
            raise HazardError(f"Hazard {name} takes a number that is not negative ({HAZARDS[name]}).")
        return number

    def on(self, name: str) -> bool:
        """Whether the hazard is on."""
        return name in self._on

    def number(self, name: str) -> float:
        """Its number; 0 when it is off."""
        value = self._on.get(name, 0.0)
        return value if isinstance(value, float) else 0.0

    def word(self, name: str) -> str:
        """Its word; empty when it is off."""
        value = self._on.get(name, "")
        return value if isinstance(value, str) else ""

    def to_json(self) -> dict[str, float | str]:
        """The hazards that are on, with their values."""
        return dict(self._on)


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer whose members the portal serves. words: its own, before those of the portal."""

    name: str
    payer_id: str
    words: Mapping[Determination, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """A member as the payer knows them."""

    member_id: str
    last_name: str
    first_name: str
    birth_date: date
    plan: str
    payer: Payer


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a record. `decision` is the payer's truth; `shown_as` replaces the portal's word for it.

    requested_code differs from code where the payer decided another code than was asked for. payer: whose it
    is.
    """

    number: int
    code: str
    requested_code: str
    modifiers: tuple[str, ...]
    unit: str
    requested: int
    approved: int | None
    used: int | None
    decision: Determination
    shown_as: str
    effective: date | None
    expiry: date | None
    payer: Payer


@dataclass(frozen=True, slots=True)
class Record:
    """One authorization in the payer's own system. `id` is the portal's key in its addresses."""

    id: str
    patient: Patient
    type: str
    level_of_care: str
    place_of_service: str
    diagnoses: tuple[str, ...]
    requesting_npi: str
    rendering_npi: str
    facility_npi: str
    service_from: date
    service_to: date
    requested: date
    decided: date | None
    effective: date | None
    expiry: date | None
    decision: Determination
    shown_as: str
    numbers: Mapping[NumberKind, str]
    lines: tuple[Line, ...]
    letter: bool
    note: str
    details: Mapping[str, str]

    @property
    def payer(self) -> Payer:
        """The payer whose member the patient is."""
        return self.patient.payer


@dataclass(frozen=True, slots=True)
class ClinicRow:
    """One authorization as the clinic has it in its spreadsheet before the pass.

    key: name of the row in this sandbox. record: the portal's record it stands for, None where there is none.
    why: what the row is there to show. number_kind: which kind of number the clinic has.
    """

    key: str
    record: str | None
    why: str
    patient: Patient
    code: str
    modifiers: tuple[str, ...]
    quantity: int
    unit: str
    diagnoses: tuple[str, ...]
    requesting_npi: str
    rendering_npi: str
    facility_npi: str
    place_of_service: str
    level_of_care: str
    number: str
    number_kind: NumberKind
    status: str
    requested: date
    service_from: date
    service_to: date


@dataclass(slots=True)
class Account:
    """A synthetic account of the sandbox, with what the portal counts about it.

    totp_secret: of its authenticator app; empty where the portal sends every code to a person.
    sent: codes sent by mail, text or call so far, newest last; the account's mailbox and telephone in one.
    push: this portal asks its telephone instead of for a code.
    """

    username: str
    password: str
    totp_secret: str
    organizations: tuple[str, ...]
    roles: tuple[str, ...]
    passwords_refused: int = 0
    codes_refused: int = 0
    sign_ins: int = 0
    locked: bool = False
    used_codes: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    push: bool = False

    def code(self, at: datetime) -> str:
        """The one-time code that is right at that moment (RFC 6238, 30 seconds, six digits)."""
        return pyotp.TOTP(self.totp_secret).at(at)


@dataclass(frozen=True, slots=True)
class Records:
    """Everything in a sandbox's records.json, dates moved by whole weeks where asked.

    device_cookie: the cookie by which this portal knows a remembered device; empty where it remembers none.
    families: member IDs whose requests the portal lists together, under the one subscriber.
    """

    slug: str
    portal: str
    payer: str
    payer_id: str
    plans_not_served: frozenset[str]
    searched_by: tuple[NumberKind, ...]
    words: Mapping[Determination, str]
    accounts: tuple[Account, ...]
    patients: tuple[Patient, ...]
    authorizations: tuple[Record, ...]
    clinic: tuple[ClinicRow, ...]
    device_cookie: str = ""
    families: tuple[frozenset[str], ...] = ()

    def word(self, item: Record | Line) -> str:
        """The word that the portal shows for a decision."""
        return item.shown_as or self._words_of(item.payer)[item.decision]

    def published(self, item: Record | Line) -> Determination:
        """The decision as far as the shown word tells it: a word outside the portal's list tells nothing."""
        told = {word: decision for decision, word in self._words_of(item.payer).items()}
        return told.get(self.word(item), Determination.UNRECOGNISED)

    def _words_of(self, payer: Payer) -> Mapping[Determination, str]:
        return {**self.words, **payer.words}

    def by_id(self, record_id: str) -> Record | None:
        """The record with that key, or None."""
        return next((r for r in self.authorizations if r.id == record_id), None)

    def by_number(self, number: str) -> tuple[Record, ...]:
        """Records that carry exactly that number, in one of the kinds that this portal searches by."""
        wanted = number.strip()
        return tuple(
            r
            for r in self.authorizations
            if wanted in {r.numbers.get(k) for k in self.searched_by} - {None, ""}
        )

    def member(self, member_id: str, birth_date: date | None) -> Patient | None:
        """The member with that ID and birth date, or None: this portal wants both."""
        wanted = member_id.strip().upper()
        return next((p for p in self.patients if (p.member_id, p.birth_date) == (wanted, birth_date)), None)

    def by_member(self, patient: Patient, since: date | None, until: date | None) -> tuple[Record, ...]:
        """The records of the member (and of the family, where the portal lists it too) whose service dates
        touch the range (either end may be open), newest first."""
        listed = {patient.member_id}.union(*(f for f in self.families if patient.member_id in f))
        found = [
            r
            for r in self.authorizations
            if r.patient.member_id in listed
            and (until is None or r.service_from <= until)
            and (since is None or r.service_to >= since)
        ]
        return tuple(sorted(found, key=lambda r: (r.service_from, r.id), reverse=True))


class RecordsError(ValueError):
    """records.json says something that cannot be. The message names the file, the entry and the remedy."""


def load_records(folder: Path, *, today: date | None = None) -> Records:
    """Reads `records.json` of a sandbox folder.

    today: moves every date but birth dates by whole weeks, so that the records lie around that day as they
    lay around the file's own `as_of`. None leaves them as written.
    Raises RecordsError.
    """
    file = folder / "records.json"
    data = json.loads(file.read_text("utf-8"))
    as_of = date.fromisoformat(data["as_of"])
    shift = timedelta(weeks=(today - as_of).days // 7) if today else timedelta()
    payers = {
        p["name"]: Payer(p["name"], p["payer_id"], {Determination(k): v for k, v in p["words"].items()})
        for p in data.get("payers", ())
    }
    only = Payer(data["payer"], data["payer_id"])
    patients = {p["member_id"]: _patient(p, payers.get(p.get("payer"), only)) for p in data["patients"]}
    records: list[Record] = []
    clinic: list[ClinicRow] = []
    try:
        for entry in data["authorizations"]:
            where = str(entry["id"])
            records.append(_record(entry, patients, shift))
        known = {r.id: r for r in records}
        for entry in data["clinic"]:
            where = str(entry["key"])
            clinic.append(_clinic_row(entry, known, patients, shift))
    except (KeyError, ValueError, TypeError) as error:
        raise RecordsError(
            f"{file}: entry {where}: {error!r}. Write it like the entries around it."
        ) from error
    return Records(
        slug=folder.parent.name,
        portal=data["portal"],
        payer=data["payer"],
        payer_id=data["payer_id"],
        plans_not_served=frozenset(data["plans_not_served"]),
        searched_by=tuple(NumberKind(k) for k in data["searched_by"]),
        words={Determination(k): v for k, v in data["words"].items()},
        accounts=tuple(
            Account(
                a["username"],
                a["password"],
                a["totp_secret"],
                tuple(a["organizations"]),
                tuple(a["roles"]),
                push=a.get("push", False),
            )
            for a in data["accounts"]
        ),
        patients=tuple(patients.values()),
        authorizations=tuple(records),
        clinic=tuple(clinic),
        device_cookie=data.get("device_cookie", ""),
        families=tuple(frozenset(family) for family in data.get("families", ())),
    )


def _patient(entry: Mapping[str, Any], payer: Payer) -> Patient:
    return Patient(
        entry["member_id"],
        entry["last_name"],
        entry["first_name"],
        date.fromisoformat(entry["birth_date"]),
        entry["plan"],
        payer,
    )


def _day(text: str | None, shift: timedelta) -> date | None:
    return date.fromisoformat(text) + shift if text else None


def _record(entry: Mapping[str, Any], patients: Mapping[str, Patient], shift: timedelta) -> Record:
    decision = Determination(entry["decision"])
    effective, expiry = _day(entry.get("effective"), shift), _day(entry.get("expiry"), shift)
    lines = tuple(
        Line(
            number=number,
            code=line["code"],
            requested_code=line.get("requested_code", line["code"]),
            modifiers=tuple(line.get("modifiers", ())),
            unit=line["unit"],
            requested=line["requested"],
            approved=line.get("approved"),
            used=line.get("used"),
            decision=Determination(line.get("decision", decision)),
            shown_as=line.get("shown_as", entry.get("shown_as", "")),
            effective=_day(line.get("effective"), shift) or effective,
            expiry=_day(line.get("expiry"), shift) or expiry,
            payer=patients[entry["member_id"]].payer,
        )
        for number, line in enumerate(entry["lines"], 1)
    )
    since = date.fromisoformat(entry["service_from"]) + shift
    return Record(
        id=entry["id"],
        patient=patients[entry["member_id"]],
        type=entry["type"],
        level_of_care=entry["level_of_care"],
        place_of_service=entry["place_of_service"],
        diagnoses=tuple(entry["diagnoses"]),
        requesting_npi=entry["requesting_npi"],
        rendering_npi=entry["rendering_npi"],
        facility_npi=entry["facility_npi"],
        service_from=since,
        service_to=_day(entry.get("service_to"), shift) or since,
        requested=date.fromisoformat(entry["requested"]) + shift,
        decided=_day(entry.get("decided"), shift),
        effective=effective,
        expiry=expiry,
        decision=decision,
        shown_as=entry.get("shown_as", ""),
        numbers={NumberKind(k): v for k, v in entry["numbers"].items()},
        lines=lines,
        letter=entry.get("letter", False),
        note=entry.get("note", ""),
        details=entry.get("details", {}),
    )


def _clinic_row(
    entry: Mapping[str, Any],
    records: Mapping[str, Record],
    patients: Mapping[str, Patient],
    shift: timedelta,
) -> ClinicRow:
    """A clinic's row: taken from `like` (a record of this file) except for what the entry says otherwise."""
    like = records[entry["like"]]
    line = like.lines[0]
    since = _day(entry.get("service_from"), shift) or like.service_from
    return ClinicRow(
        key=entry["key"],
        record=entry.get("record", entry["like"]),
        why=entry["why"],
        patient=patients[entry["member_id"]] if "member_id" in entry else like.patient,
        code=entry.get("code", line.requested_code),
        modifiers=tuple(entry.get("modifiers", line.modifiers)),
        quantity=entry.get("quantity", line.requested),
        unit=entry.get("unit", line.unit),
        diagnoses=tuple(entry.get("diagnoses", like.diagnoses)),
        requesting_npi=like.requesting_npi,
        rendering_npi=like.rendering_npi,
        facility_npi=like.facility_npi,
        place_of_service=entry.get("place_of_service", like.place_of_service),
        level_of_care=entry.get("level_of_care", like.level_of_care),
        number=entry["number"],
        number_kind=NumberKind(entry.get("number_kind", NumberKind.AUTHORIZATION)),
        status=entry["status"],
        requested=like.requested,
        service_from=since,
        service_to=_day(entry.get("service_to"), shift) or max(since, like.service_to),
    )


@dataclass(slots=True)
class Visit:
    """One browser's session. stage: "code" (password given) or "in". ended: why it ended, or empty.
    push_number: what the page of a push shows."""

    token: str
    username: str
    stage: str = "code"
    organization: str = ""
    ended: str = ""
    pages: int = 0
    accepted_terms: bool = False
    kept: dict[str, Any] = field(default_factory=dict)
    push_number: str = field(default_factory=lambda: str(10 + secrets.randbelow(90)))


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request as the sandbox saw it. what: "look", "sign_in" or "act" (it would change something)."""

    number: int
    method: str
    path: str
    what: str

    def to_json(self) -> dict[str, object]:
        """{"number", "method", "path", "what"}; the path has no query and no patient's data."""
        return {"number": self.number, "method": self.method, "path": self.path, "what": self.what}


class State:
    """A running sandbox: what its pages are drawn from and what it has counted."""

    def __init__(
        self,
        records: Records,
        hazards: Mapping[str, object] | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.records = records
        self.hazards = Hazards(hazards)
        self.clock = clock or (lambda: datetime.now(UTC))
        self.lock = threading.RLock()
        self.visits: dict[str, Visit] = {}
        self.journal: list[JournalEntry] = []
        self.requests: list[dict[str, Any]] = []
        self.signed_out_done = False
        self.accounts = {a.username: replace(a, used_codes=set(), sent=[]) for a in records.accounts}
        self.devices: dict[str, str] = {}

    def give_password(self, username: str, password: str) -> tuple[str, Visit | None]:
        """Checks a password. Answers ("code", visit) | ("refused" | "locked" | "expired", None).

        Three refused passwords lock the account. An unknown user name is refused in the same words.
        """
        with self.lock:
            account = self.accounts.get(username)
            if account is None:
                return "refused", None
            if account.locked or self.hazards.on("locked"):
                return "locked", None
            if self.hazards.on("refused") or not secrets.compare_digest(
                account.password.encode(), password.encode()
            ):
                account.passwords_refused += 1
                account.locked = account.passwords_refused >= TRIES
                return ("locked" if account.locked else "refused"), None
            if self.hazards.on("expired_password"):
                return "expired", None
            visit = Visit(secrets.token_urlsafe(16), username)
            self.visits[visit.token] = visit
            return "code", visit

    def send_code(self, visit: Visit) -> None:
        """Sends a new six-digit code to the person behind the account; an earlier one no longer works."""
        with self.lock:
            account = self.accounts[visit.username]
            account.sent.append(f"{(480_611 + 104_729 * len(account.sent)) % 1_000_000:06d}")

    def give_code(self, visit: Visit, code: str) -> str:
        """Checks a one-time code: "in", "refused", or "locked". A code works once; one of the app also a
        step early or late, one that was sent until the next is.

        Signing in ends every other session of the account.
        """
        with self.lock:
            account = self.accounts[visit.username]
            if account.locked:
                return "locked"
            right = code not in account.used_codes and (
                code in account.sent[-1:]
                or (
                    bool(account.totp_secret)
                    and pyotp.TOTP(account.totp_secret).verify(code, for_time=self.clock(), valid_window=1)
                )
            )
            if not right:
                account.codes_refused += 1
                account.locked = account.codes_refused >= TRIES
                return "locked" if account.locked else "refused"
            account.used_codes.add(code)
            self._let_in(account, visit)
            return "in"

    def agree_to_push(self, username: str) -> int:
        """The person behind the account agrees on their telephone; gives how many sign-ins waited for it."""
        with self.lock:
            waiting = [v for v in self.visits.values() if v.username == username and v.stage == "code"]
            for visit in waiting:
                self._let_in(self.accounts[username], visit)
            return len(waiting)

    def remember_device(self, username: str) -> str:
        """A token for the cookie `Records.device_cookie`: whoever shows it needs no code for this account."""
        with self.lock:
            token = secrets.token_urlsafe(16)
            self.devices[token] = username
        return token

    def give_device(self, visit: Visit, token: str | None) -> bool:
        """Lets a session in without a code when its device is remembered; says whether it was."""
        with self.lock:
            account = self.accounts[visit.username]
            known = self.devices.get(token or "") == visit.username and not account.locked
            if known:
                self._let_in(account, visit)
            return known

    def let_in(self, visit: Visit) -> None:
        """Signs a session in without a code: this portal asks this account for none."""
        with self.lock:
            self._let_in(self.accounts[visit.username], visit)

    def _let_in(self, account: Account, visit: Visit) -> None:
        account.sign_ins += 1
        account.passwords_refused = account.codes_refused = 0
        for other in self.visits.values():
            if other.username == visit.username and other is not visit and not other.ended:
                other.ended = "elsewhere"
        visit.stage = "in"

    def visit(self, token: str | None) -> Visit | None:
        """The session of that cookie, ended ones too; None when there is none."""
        return self.visits.get(token or "")

    def page_of(self, visit: Visit) -> bool:
        """Counts a page of a session; False when it has ended, or `signed_out` ends it here."""
        with self.lock:
            visit.pages += 1
            after = self.hazards.number("signed_out")
            if self.hazards.on("signed_out") and not self.signed_out_done and visit.pages > after:
                self.signed_out_done = True
                visit.ended = "idle"
        return not visit.ended

    def search_number(self, number: str) -> tuple[Record, ...]:
        """Records of that number, as the portal would list them under its hazards."""
        return self._listed(self.records.by_number(number))

    def search_member(self, patient: Patient, since: date | None, until: date | None) -> tuple[Record, ...]:
        """Records of that member in the dates, as the portal would list them under its hazards."""
        return self._listed(self.records.by_member(patient, since, until))

    def _listed(self, found: tuple[Record, ...]) -> tuple[Record, ...]:
        if self.hazards.on("no_result"):
            return ()
        if self.hazards.on("duplicates"):
            return tuple(twin for r in found for twin in (r, replace(r, id=r.id + TWIN)))
        return found

    def open(self, record_id: str) -> Record | None:
        """The record behind a link, as the portal would show it under its hazards."""
        record = self.records.by_id(record_id.removesuffix(TWIN))
        if record is None or not self.hazards.on("wrong_patient"):
            return record
        others = [p for p in self.records.patients if p.member_id != record.patient.member_id]
        return replace(record, patient=others[sum(record.id.encode()) % len(others)])

    def shown(self, item: Record | Line) -> str:
        """The status word on the page."""
        return self.hazards.word("unknown_word") or self.records.word(item)

    def label(self, name: str) -> str:
        """A label as the page words it."""
        changed = folded(self.hazards.word("changed_label")) == folded(name)
        return f"Current {name}" if changed else name

    def note(self, method: str, path: str, what: str) -> None:
        """Writes one request into the journal."""
        with self.lock:
            self.journal.append(JournalEntry(len(self.journal) + 1, method, path, what))

    def accept_request(self, fields: Mapping[str, Any]) -> str:
        """Keeps a submitted request and gives its provisional number."""
        with self.lock:
            number = f"{260000000 + 7919 * (len(self.requests) + 1)}"
            self.requests.append({"number": number, "fields": dict(fields)})
        return number

    def counts(self) -> dict[str, object]:
        """What was counted: requests, sign-ins and refusals by account, and every request that would act."""
        with self.lock:
            return {
                "requests": len(self.journal),
                "accounts": {
                    a.username: {
                        "sign_ins": a.sign_ins,
                        "passwords_refused": a.passwords_refused,
                        "codes_refused": a.codes_refused,
                        "locked": a.locked,
                    }
                    for a in self.accounts.values()
                },
                "acts": [e.to_json() for e in self.journal if e.what == "act"],
                "submitted": len(self.requests),
                "entries": [e.to_json() for e in self.journal],
            }


View = TypeVar("View", bound=Callable[..., Any])


def looks(view: View) -> View:
    """Marks a route that takes a POST and changes nothing (a search). Any other POST counts as an act."""
    view.__dict__["tallystick_what"] = "look"
    return view


def signs_in(view: View) -> View:
    """Marks a route that belongs to signing in or out."""
    view.__dict__["tallystick_what"] = "sign_in"
    return view


def letter(portal: str, lines: tuple[str, ...]) -> bytes:
    """A one-page PDF of a determination letter, written by hand (PDF 1.4, Helvetica, Latin-1).

    lines: the letter's text, one string a line.
    """

    def literal(text: str) -> bytes:
        latin = text.encode("latin-1", "replace")
        return latin.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

    shown = (f"{portal}", f"Sandbox letter: {portal} did not issue it.", "", *lines)
    text = (
        b"BT /F1 11 Tf 15 TL 72 740 Td " + b" ".join(b"(" + literal(s) + b") Tj T*" for s in shown) + b" ET"
    )
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n" % len(text) + text + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    )
