"""How one attempt to check one authorization ends. Every query ends in exactly one of these.

    an attempt
    ├── the portal was looked at
    │   ├── read                  the page was read, and it is this patient's
    │   ├── not_found             the portal said, on a page made for it, that it has none person
    │   ├── ambiguous             several match                                            person
    │   ├── wrong_patient         the page is somebody else's: nothing of it is kept       person
    │   ├── identity_unconfirmed  too few identifiers shown: the reading waits             person
    │   ├── could_not_look        role, plan, range: an empty answer means nothing         person
    │   └── page_changed          the page is not the one that the profile knows           person
    ├── signing in ended it
    │   ├── signed_out            the session was lost and did not come back               stops the account
    │   ├── code_needed           a code that only a person receives               person, stops the account
    │   ├── challenge_shown       the portal asks whether a person is there        person, stops the portal
    │   ├── terms_shown           terms to accept are accepted by people           person, stops the account
    │   ├── credentials_refused   tried once, never again until reopened           person, closes the account
    │   ├── password_expired                                                       person, closes the account
    │   └── locked                                                                 person, closes the account
    ├── the portal or the line failed
    │   ├── maintenance           the portal says so itself                                stops the portal
    │   └── timed_out             technical faults, all tries used
    └── not_started               a limit, a breaker or the terms came first

`retry`: a later pass tries again by itself. `person`: somebody must do something first. What closes an
account keeps every later pass off it until a person reopens it (design, decision 7).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portal_profiles.identity import Identity
from portal_profiles.reading import Reading
from portal_profiles.vocabulary import Determination


class Stops(StrEnum):
    """What goes no further in this pass after an outcome."""

    NOTHING = "nothing"
    ACCOUNT = "account"
    PORTAL = "portal"


class OutcomeKind(StrEnum):
    """The leaves of the tree above."""

    READ = "read"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    WRONG_PATIENT = "wrong_patient"
    IDENTITY_UNCONFIRMED = "identity_unconfirmed"
    COULD_NOT_LOOK = "could_not_look"
    PAGE_CHANGED = "page_changed"
    SIGNED_OUT = "signed_out"
    CODE_NEEDED = "code_needed"
    CHALLENGE_SHOWN = "challenge_shown"
    TERMS_SHOWN = "terms_shown"
    CREDENTIALS_REFUSED = "credentials_refused"
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - an outcome
    LOCKED = "locked"
    MAINTENANCE = "maintenance"
    TIMED_OUT = "timed_out"
    NOT_STARTED = "not_started"

    @property
    def retry(self) -> bool:
        """A later pass tries again by itself."""
        return _CONDUCT[self].retry

    @property
    def person(self) -> bool:
        """Somebody must do something before it can end better."""
        return _CONDUCT[self].person

    @property
    def stops(self) -> Stops:
        """What goes no further in this pass."""
        return _CONDUCT[self].stops

    @property
    def closes_account(self) -> bool:
        """No pass signs in with this account again until a person reopens it."""
        return _CONDUCT[self].closes_account

    @property
    def looked(self) -> bool:
        """The portal was signed in to and answered for this authorization."""
        return _CONDUCT[self].looked

    @property
    def why(self) -> str:
        """One sentence for staff: what happened. No patient data."""
        return _CONDUCT[self].why

    @property
    def next_step(self) -> str:
        """One sentence for staff: what to do. Empty where nothing is to be done."""
        return _CONDUCT[self].next_step


@dataclass(frozen=True, slots=True)
class _Conduct:
    why: str
    next_step: str = ""
    retry: bool = False
    person: bool = False
    stops: Stops = Stops.NOTHING
    closes_account: bool = False
    looked: bool = False


_CONDUCT: dict[OutcomeKind, _Conduct] = {
    OutcomeKind.READ: _Conduct("The portal's page was read.", looked=True, retry=True),
    OutcomeKind.NOT_FOUND: _Conduct(
        "The portal says that it has no such request.",
        "Look it up in the portal by another number or date, and correct the record or ask the payer.",
        person=True,
        retry=True,
        looked=True,
    ),
    OutcomeKind.AMBIGUOUS: _Conduct(
        "Several requests in the portal match this record.",
        "Open the right one in the portal and add its number to the record.",
        person=True,
        retry=True,
        looked=True,
    ),
    OutcomeKind.WRONG_PATIENT: _Conduct(
        "The page that the portal showed names another patient. Nothing of it was kept.",
        "Compare the record's member ID, birth date and number with the payer's, and correct what is wrong.",
        person=True,
        looked=True,
    ),
    OutcomeKind.IDENTITY_UNCONFIRMED: _Conduct(
        "The page shows too little to be sure whose it is; the reading waits.",
        "Look at the picture and accept or reject the reading.",
        person=True,
        retry=True,
        looked=True,
    ),
    OutcomeKind.COULD_NOT_LOOK: _Conduct(
        "The portal could not be asked about this one, so nothing is known.",
        "Read the reason, then look it up where the payer keeps it, or complete the record.",
        person=True,
        retry=True,
        looked=True,
    ),
    OutcomeKind.PAGE_CHANGED: _Conduct(
        "The portal showed a page that its profile does not know.",
        "Look at the picture; correct the portal's profile or report the change.",
        person=True,
        retry=True,
        looked=True,
    ),
    OutcomeKind.SIGNED_OUT: _Conduct(
        "The session was lost and signing in again did not help.", retry=True, stops=Stops.ACCOUNT
    ),
    OutcomeKind.CODE_NEEDED: _Conduct(
        "The portal asks for a code that only a person receives.",
        "Sign in by hand once, or give the account an authenticator app's secret.",
        person=True,
        stops=Stops.ACCOUNT,
    ),
    OutcomeKind.CHALLENGE_SHOWN: _Conduct(
        "The portal asks whether a person is there. It is never answered by the robot.",
        "Sign in by hand; ask the portal whether unattended checks are welcome.",
        person=True,
        stops=Stops.PORTAL,
    ),
    OutcomeKind.TERMS_SHOWN: _Conduct(
        "The portal shows terms to accept, which only people do.",
        "Sign in by hand, read them and decide.",
        person=True,
        stops=Stops.ACCOUNT,
    ),
    OutcomeKind.CREDENTIALS_REFUSED: _Conduct(
        "The portal refused the user name or password. It was tried once.",
        "Correct the password of this account, then reopen it.",
        person=True,
        stops=Stops.ACCOUNT,
        closes_account=True,
    ),
    OutcomeKind.PASSWORD_EXPIRED: _Conduct(
        "The portal wants a new password for this account.",
        "Set a new password in the portal, enter it here, then reopen the account.",
        person=True,
        stops=Stops.ACCOUNT,
        closes_account=True,
    ),
    OutcomeKind.LOCKED: _Conduct(
        "The portal has locked this account.",
        "Have it unlocked in the portal, then reopen the account.",
        person=True,
        stops=Stops.ACCOUNT,
        closes_account=True,
    ),
    OutcomeKind.MAINTENANCE: _Conduct(
        "The portal is closed for maintenance.", retry=True, stops=Stops.PORTAL
    ),
    OutcomeKind.TIMED_OUT: _Conduct("The portal did not answer in time, after several tries.", retry=True),
    OutcomeKind.NOT_STARTED: _Conduct("It was not its turn in this pass.", retry=True),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What backs an outcome: kind is picture (image/png), letter (application/pdf) or text
    (application/json)."""

    kind: str
    media_type: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Of the clear content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the attempt for one query ended.

    at: aware UTC. message: one sentence without patient data. reading: given when kind is read or
    identity_unconfirmed, with `identity` saying which identifiers agreed. attempts: tries that were made, 0
    when none.
    problems: what was odd on the page (labels and field names, never values).
    requests: how many the portal was sent since the outcome before, signing in included.
    drift: why the portal was stopped at this outcome, because it is no longer the one that its profile knows;
    empty else.
    """

    query_id: str
    kind: OutcomeKind
    portal: str
    at: datetime
    message: str
    reading: Reading | None = field(default=None, repr=False)
    identity: Identity | None = None
    evidence: tuple[Evidence, ...] = ()
    attempts: int = 0
    problems: tuple[str, ...] = ()
    drift: str = ""
    requests: int = 0

    @property
    def person(self) -> bool:
        """Somebody must look: by the kind, because a word of a reading was not recognised, or for drift."""
        return (
            self.kind.person
            or bool(self.drift)
            or (self.reading is not None and has_unrecognised(self.reading))
        )

    def to_json(self) -> dict[str, object]:
        """One JSON-able object: dates as ISO text, evidence by kind, media type, sha256 and size (bytes)."""
        return {
            "query_id": self.query_id,
            "kind": self.kind.value,
            "portal": self.portal,
            "at": self.at.isoformat(),
            "message": self.message,
            "retry": self.kind.retry,
            "person": self.person,
            "stops": self.kind.stops.value,
            "attempts": self.attempts,
            "reading": self.reading.to_json() if self.reading is not None else None,
            "identity": {"agree": list(self.identity.agree), "disagree": list(self.identity.disagree)}
            if self.identity is not None
            else None,
            "problems": list(self.problems),
            "drift": self.drift,
            "requests": self.requests,
            "evidence": [
                {"kind": e.kind, "media_type": e.media_type, "sha256": e.sha256, "size": len(e.content)}
                for e in self.evidence
            ],
        }


class Ended(Exception):
    """What was being done ends with this outcome; nothing is tried again in this pass."""

    def __init__(self, kind: OutcomeKind, message: str = "", problems: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.message = message or kind.why
        self.problems = problems
        super().__init__(self.message)


class TechnicalFault(Exception):
    """The portal or the line failed in a way that another try may mend. The message holds no patient data."""


def has_unrecognised(reading: Reading) -> bool:
    """Whether the page or one of its lines bears a status word that the profile does not know."""
    return Determination.UNRECOGNISED in (
        reading.determination,
        *(line.determination for line in reading.lines),
    )
