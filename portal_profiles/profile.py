"""A portal as data: what one profile.toml says, checked and frozen. `portal_profiles.schema` makes these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from portal_profiles.query import Query
from portal_profiles.vocabulary import Determination, FieldName, NumberKind


class PageKind(StrEnum):
    """What a page is for; the robot decides by kind, never by a page's name."""

    SIGN_IN = "sign_in"
    CODE = "code"
    PICKER = "picker"
    OVERLAY = "overlay"
    HOME = "home"
    SEARCH = "search"
    RESULTS = "results"
    NO_RESULTS = "no_results"
    DETAIL = "detail"
    REQUEST_FORM = "request_form"
    CONFIRMATION = "confirmation"
    TERMS = "terms"
    MAINTENANCE = "maintenance"
    LOCKED = "locked"
    CHALLENGE = "challenge"
    CREDENTIALS_REFUSED = "credentials_refused"
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - a kind of page
    SIGNED_OUT = "signed_out"
    PLAN_NOT_SERVED = "plan_not_served"
    ROLE_MISSING = "role_missing"
    ERROR = "error"


#: Pages where signing in itself may be sent off; everywhere else a look never acts.
SIGN_IN_KINDS = frozenset({PageKind.SIGN_IN, PageKind.CODE})

#: Pages on which the sign-in flow may do steps. Terms, challenges and locks are for a person.
STEP_KINDS = frozenset({PageKind.SIGN_IN, PageKind.CODE, PageKind.PICKER, PageKind.OVERLAY})

#: Ways to prove who signs in besides the password. `totp` the robot gives by itself; what is typed from a
#: message or agreed to on a telephone is a person's; "person" says that all of the sign-in is.
TOTP, PUSH = "totp", "push"
#: A field of a push's page: the number that it shows and that must be chosen on the telephone.
PUSH_NUMBER = "push_number"
TYPED_BY_A_PERSON = ("email", "text", "call")
METHODS = (TOTP, *TYPED_BY_A_PERSON, PUSH, "person")

#: Pages whose steps unfold what is read on them: folds that start closed, tabs of one record.
UNFOLD_KINDS = frozenset({PageKind.DETAIL})


class ValueKind(StrEnum):
    """What a field's text is to be read as (`as` in the profile)."""

    TEXT = "text"
    DATE = "date"
    IDENTIFIER = "identifier"
    CODE = "code"
    CODES = "codes"
    QUANTITY = "quantity"
    UNIT = "unit"
    DETERMINATION = "determination"
    NPI = "npi"
    NAME = "name"
    NUMBER = "number"
    PLACE_OF_SERVICE = "place_of_service"
    LEVEL_OF_CARE = "level_of_care"
    MODIFIERS = "modifiers"
    COMPONENT = "component"
    AUTHORIZATION_TYPE = "authorization_type"


class Side(StrEnum):
    """Whose value it is: what was asked for, what the payer granted, what the payer counts as used."""

    REQUESTED = "requested"
    APPROVED = "approved"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Locator:
    """One way to an element: `way` is the TOML key (label, role, beside, test_id, text, css, id, column).

    exact: the whole text, white space and letter case folded; False: contained (signs and clicks only).
    """

    way: str
    value: str
    name: str | None = None
    exact: bool = True
    within: Locator | None = None

    def to_json(self) -> dict[str, object]:
        """The same inline table as in the profile, as the reader takes it."""
        shown: dict[str, object] = {self.way: self.value}
        if self.name is not None:
            shown["name"] = self.name
        if not self.exact:
            shown["exact"] = False
        if self.within is not None:
            shown["within"] = self.within.to_json()
        return shown

    def texts(self) -> tuple[str, ...]:
        """Everything the locator says of its element, for the check of acting words."""
        return tuple(text for text in (self.value, self.name) if text)


@dataclass(frozen=True, slots=True)
class Step:
    """One verb of a profile. Only the parts that the verb uses are given."""

    do: str
    locator: Locator | None = None
    value: str | None = None
    path: str | None = None
    host: str = "portal"
    key: str | None = None
    page: str | None = None
    search: Locator | None = None
    option: Locator | None = None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One declared value of a page or of a row: where it stands and what its text is.

    field: which element of an authorization it is, or None for a text that is only kept.
    stand_in: the visible control in front of a `hidden` one. compare: read every fallback too and say if they
    differ.
    range: which end of a text "start - end" is meant. pattern: the shape of the whole text (a regular
    expression, letter case folded), of which the one group is the value.
    number_kinds: for a label under which numbers of several kinds stand: the shape of each (a whole regular
    expression, letter case folded) and its kind.
    """

    key: str
    find: Locator
    kind: ValueKind
    field: FieldName | None = None
    fallback: tuple[Locator, ...] = ()
    format: str | None = None
    range: str | None = None
    pattern: str | None = None
    number_kind: NumberKind | None = None
    number_kinds: tuple[tuple[str, NumberKind], ...] = ()
    side: Side = Side.APPROVED
    required: bool = False
    hidden: bool = False
    stand_in: Locator | None = None
    compare: bool = False

    def kind_of(self, number: str) -> NumberKind | None:
        """The kind of a number that stands here; None when its shape is none that the profile knows."""
        if self.number_kind is not None:
            return self.number_kind
        return next((kind for shape, kind in self.number_kinds if fits(shape, number)), None)

    def reading_part(self) -> dict[str, object]:
        """What the reader needs of it."""
        return {
            "find": self.find.to_json(),
            "fallback": [locator.to_json() for locator in self.fallback],
            "field": self.field.value if self.field else None,
            "required": self.required,
            "hidden": self.hidden,
            "stand_in": self.stand_in.to_json() if self.stand_in else None,
            "compare": self.compare,
        }


@dataclass(frozen=True, slots=True)
class RowsSpec:
    """A repeated part of a page: the locator of one row, and what is read in each.

    refresh: what in a row brings its stale values up to date, pressed before the row is opened.
    refreshed: what stands in the row once they are.
    scroll: the box that is scrolled to see the other rows, where only those in view are in the page.
    next: what is pressed to see the next page of the list, where it comes in pages.
    """

    key: str
    row: Locator
    cells: Mapping[str, FieldSpec]
    required: bool = False
    refresh: Locator | None = None
    refreshed: Locator | None = None
    scroll: Locator | None = None
    next: Locator | None = None

    def reading_part(self) -> dict[str, object]:
        """What the reader needs of it."""
        return {
            "row": self.row.to_json(),
            "required": self.required,
            "cells": {key: cell.reading_part() for key, cell in self.cells.items()},
        }


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page of the portal. `frame`: the iframe of the shell in which the page's document lives.

    words: what this page alone says, beside the profile's words and before them: one plan's screen, for one.
    method: the second factor that a page of kind code is about, where the sign-in has several.
    """

    name: str
    kind: PageKind
    sign: tuple[Locator, ...]
    absent: tuple[Locator, ...] = ()
    frame: Locator | None = None
    steps: tuple[Step, ...] = ()
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    rows: Mapping[str, RowsSpec] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    invented: bool = False
    method: str | None = None

    @property
    def asks_for_code(self) -> bool:
        """Whether its steps type a one-time code."""
        return any("{code}" in (step.value or "") for step in self.steps)

    def reading_part(self) -> dict[str, object]:
        """What the reader needs of it: no steps."""
        return {
            "kind": self.kind.value,
            "sign": [locator.to_json() for locator in self.sign],
            "absent": [locator.to_json() for locator in self.absent],
            "frame": self.frame.to_json() if self.frame else None,
            "fields": {key: spec.reading_part() for key, spec in self.fields.items()},
            "rows": {key: spec.reading_part() for key, spec in self.rows.items()},
        }


@dataclass(frozen=True, slots=True)
class Host:
    """One origin of the portal: `use` is portal, sign-in or app; `source` says who documented it, or
    "invented".
    """

    origin: str
    use: str
    source: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is publicly known of the portal's terms on automation. The clinic's own decision is in its
    database.
    """

    automation: str = "unknown"
    text: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How gently the night job goes. Seconds; `hours` is the window in the clinic's local time, `start` lies
    in it.

    attempts: tries for a technical fault; breaker: failures in a row that stop the portal. accounts_at_once:
    how many of the clinic's accounts may be signed in at the same time.
    """

    between_checks_seconds: tuple[float, float] = (4.0, 12.0)
    requests_per_night: int = 400
    page_seconds: float = 30.0
    hours: tuple[time, time] = (time(18), time(21))
    start: time = time(19)
    attempts: int = 3
    breaker: int = 5
    accounts_at_once: int = 1


@dataclass(frozen=True, slots=True)
class Due:
    """Days between looks. A determination that is not in `days` is never looked at by itself.

    approved_near_expiry holds within near_expiry_days of the expiry date.
    """

    days: Mapping[Determination, int]
    approved_near_expiry: int = 1
    near_expiry_days: int = 14


@dataclass(frozen=True, slots=True)
class Expect:
    """What a pass over a portal that has not changed looks like; past these limits the portal is stopped.

    minimum_read: the share (0 to 1) of looks that give a reading. most_changed_pages: looks that end at
    a page that is not as the profile says; most_unknown_words: looks that read a status word that it does not
    know. The portal is stopped when so many are reached.
    """

    minimum_read: float = 0.5
    most_changed_pages: int = 2
    most_unknown_words: int = 3


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where signing in starts; second factors (`METHODS`), the ones to prefer first.

    The flow is driven by the pages: at most `most_pages` are gone through until one of kind home fits.
    code_minutes: how long a person has to give a code, or to agree to a push, before it is no longer good.
    idle_days: without use, after which the portal disables an account; password_days: the age at which it
    wants a new password. None where nothing public says.
    """

    open: str = "/"
    methods: tuple[str, ...] = ()
    most_pages: int = 12
    code_minutes: int = 10
    idle_days: int | None = None
    password_days: int | None = None

    def ways_past(self, page: PageSpec) -> tuple[str, ...]:
        """The second factors by which a page of kind code can be gone past; empty where only a person can.

        A page without steps goes by itself once a push is agreed to, and else waits for a person.
        """
        if page.method is not None:
            return (page.method,)
        if not page.steps:
            return (PUSH,) if PUSH in self.methods else ()
        return tuple(method for method in self.methods if method in (TOTP, *TYPED_BY_A_PERSON))


@dataclass(frozen=True, slots=True)
class Search:
    """One way to look an authorization up: usable when the query has everything in `needs`.

    when: for a query's fields, the shape that their values must have (a whole regular expression, letter case
    folded): the payers that a screen serves, the numbers that can be searched by.
    """

    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    when: Mapping[str, str] = field(default_factory=dict)

    def complete(self, query: Query) -> bool:
        """Whether the query has everything that is needed."""
        return all(query.has(name) for name in self.needs)

    def serves(self, query: Query) -> bool:
        """Whether the search is for such a query."""
        return all(fits(shape, str(getattr(query, name) or "")) for name, shape in self.when.items())


@dataclass(frozen=True, slots=True)
class Results:
    """How a result list is used: `match` cells agree with the query, then `open` in that row is clicked."""

    rows: str
    match: tuple[str, ...]
    open: Locator
    opens: str = "same"


@dataclass(frozen=True, slots=True)
class Network:
    """allowed_posts: paths (with * for any part) that a look may post to, because there a search is a POST.
    allowed_queries: such paths of a GraphQL interface, where only what asks may be posted, and no mutation.

    Every other request that could change something is blocked outside the sign-in.
    """

    allowed_posts: tuple[str, ...] = ()
    allowed_queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One portal. `words` maps, for each kind of value, the folded words of this portal to ours.

    fictional: made up for tests and demonstration. seen_live: when a person last confirmed it on the live
    portal.
    unattended: whether the portal's second factor and terms leave room for a pass with nobody at the screen.
    attended_because: why they do not, or what is not known; never empty for a portal without pages.
    pages: empty where nothing public says what they look like; then nothing is read, here or beside staff.
    letter: the way to the payer's letter on a detail page, where there is one: a link, or (letter_pressed)
    a button that downloads or opens it.
    """

    slug: str
    name: str
    version: str
    summary: str
    folder: Path
    fictional: bool
    seen_live: date | None
    unattended: bool
    hosts: tuple[Host, ...]
    terms: Terms
    pace: Pace
    due: Due
    expect: Expect
    sign_in: SignIn
    pages: Mapping[str, PageSpec]
    search: tuple[Search, ...]
    results: Results | None
    words: Mapping[str, Mapping[str, str]]
    network: Network = field(default_factory=Network)
    letter: Locator | None = None
    letter_pressed: bool = False
    attended_because: str = ""

    def reading_part(self) -> dict[str, object]:
        """What the reader is given, as JSON: pages with signs, fields and rows; no sign-in, no steps, no
        words.
        """
        return {
            "slug": self.slug,
            "version": self.version,
            "pages": {name: page.reading_part() for name, page in self.pages.items()},
        }

    def words_on(self, page: PageSpec) -> Mapping[str, Mapping[str, str]]:
        """The words as that page means them."""
        if not page.words:
            return self.words
        both = {*self.words, *page.words}
        return {kind: {**self.words.get(kind, {}), **page.words.get(kind, {})} for kind in both}

    def pages_of(self, *kinds: PageKind) -> tuple[PageSpec, ...]:
        """The pages of these kinds, in the profile's order."""
        return tuple(page for page in self.pages.values() if page.kind in kinds)

    def url(self, path: str, use: str = "portal", base_url: str | None = None) -> str:
        """The address of a path on the first host of this use (or, where it has none, on the portal's).

        base_url stands in for scheme, host and port of every host; the path stays.
        """
        if base_url is not None:
            base = urlsplit(base_url)
            return f"{base.scheme}://{base.netloc}{path}"
        hosts = [host for host in self.hosts if host.use == use] or list(self.hosts)
        return hosts[0].origin + path

    @property
    def needs_person(self) -> str:
        """The sentence to say where a pass needs a person at the screen, with the reason; else empty."""
        if self.unattended:
            return ""
        return f"This portal needs a person at the screen. {self.attended_because}".strip()

    @property
    def sandbox_host(self) -> str:
        """The name under which the sandbox of this portal is served; browsers resolve *.localhost by
        themselves.
        """
        return self.slug.replace("_", "-") + ".localhost"


def fits(shape: str, text: str) -> bool:
    """Whether the whole text has this shape, white space and letter case folded."""
    return re.fullmatch(shape, " ".join(text.split()), re.IGNORECASE) is not None


def folded(text: str) -> str:
    """How a portal's word is compared: white space and letter case folded, nothing else."""
    return " ".join(text.split()).casefold()
