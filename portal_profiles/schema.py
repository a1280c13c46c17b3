"""The shape of profile.toml. Every mistake names the file, the key and the remedy; an unknown key is refused
with the nearest valid one. `parse` gives a `portal_profiles.profile.Profile`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from portal_profiles.acting_words import acting_word
from portal_profiles.calendar_dates import DateProblem, check_format
from portal_profiles.profile import (
    METHODS,
    PUSH,
    SIGN_IN_KINDS,
    STEP_KINDS,
    TOTP,
    TYPED_BY_A_PERSON,
    UNFOLD_KINDS,
    Due,
    Expect,
    FieldSpec,
    Host,
    Locator,
    Network,
    Pace,
    PageKind,
    PageSpec,
    Profile,
    Results,
    RowsSpec,
    Search,
    Side,
    SignIn,
    Step,
    Terms,
    ValueKind,
    folded,
)
from portal_profiles.query import DATE_FIELDS, QUERY_FIELDS
from portal_profiles.template import TemplateError, slots
from portal_profiles.vocabulary import (
    CLOSED,
    AuthorizationType,
    Component,
    Determination,
    FieldName,
    LevelOfCare,
    NumberKind,
    Unit,
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a profile: the key's path and what to do about it."""

    key: str
    remedy: str


class ProfileError(ValueError):
    """A profile that can't be used. `mistakes` has all of them; `key` and `remedy` are the first one's."""

    def __init__(self, file: Path, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(f"{file}: {mistake.key}: {mistake.remedy}" for mistake in mistakes))
        self.file = file
        self.mistakes = tuple(mistakes)
        self.key = mistakes[0].key
        self.remedy = mistakes[0].remedy


#: What each element of an authorization may be read as; the first is taken when the profile gives no `as`.
KINDS_OF_FIELD: Mapping[FieldName, tuple[ValueKind, ...]] = {
    FieldName.PAYER: (ValueKind.TEXT,),
    FieldName.PLAN: (ValueKind.TEXT,),
    FieldName.MEMBER_ID: (ValueKind.IDENTIFIER,),
    FieldName.PATIENT_NAME: (ValueKind.NAME,),
    FieldName.PATIENT_LAST_NAME: (ValueKind.TEXT,),
    FieldName.PATIENT_FIRST_NAME: (ValueKind.TEXT,),
    FieldName.BIRTH_DATE: (ValueKind.DATE,),
    FieldName.AUTHORIZATION_TYPE: (ValueKind.AUTHORIZATION_TYPE,),
    FieldName.DETERMINATION: (ValueKind.DETERMINATION,),
    FieldName.REFERENCE_NUMBER: (ValueKind.NUMBER,),
    FieldName.REFERRAL_NUMBER: (ValueKind.NUMBER,),
    FieldName.PROCEDURE_CODE: (ValueKind.CODE,),
    FieldName.MODIFIERS: (ValueKind.MODIFIERS,),
    FieldName.COMPONENT: (ValueKind.COMPONENT,),
    FieldName.QUANTITY: (ValueKind.QUANTITY,),
    FieldName.UNIT: (ValueKind.UNIT,),
    FieldName.DIAGNOSES: (ValueKind.CODES, ValueKind.CODE),
    FieldName.REQUESTING_NPI: (ValueKind.NPI,),
    FieldName.RENDERING_NPI: (ValueKind.NPI,),
    FieldName.BILLING_NPI: (ValueKind.NPI,),
    FieldName.FACILITY_NPI: (ValueKind.NPI,),
    FieldName.PLACE_OF_SERVICE: (ValueKind.PLACE_OF_SERVICE,),
    FieldName.LEVEL_OF_CARE: (ValueKind.LEVEL_OF_CARE,),
    FieldName.SERVICE_FROM: (ValueKind.DATE,),
    FieldName.SERVICE_TO: (ValueKind.DATE,),
    FieldName.ADMISSION_DATE: (ValueKind.DATE,),
    FieldName.REQUESTED_DATE: (ValueKind.DATE,),
    FieldName.DECIDED_DATE: (ValueKind.DATE,),
    FieldName.EFFECTIVE_DATE: (ValueKind.DATE,),
    FieldName.EXPIRY_DATE: (ValueKind.DATE,),
}

#: Kinds of words a profile may list, and what its words may mean. Places of service are two digits.
MEANINGS: Mapping[str, tuple[str, ...] | None] = {
    "determination": tuple(word.value for word in Determination if word is not Determination.UNRECOGNISED),
    "unit": tuple(Unit),
    "level_of_care": tuple(LevelOfCare),
    "component": tuple(Component),
    "authorization_type": tuple(AuthorizationType),
    "place_of_service": None,
}

#: Fields of a query that have no one text to compare a shape with.
NOT_TEXT = frozenset({"id", "procedure_codes", *DATE_FIELDS})

LOCATOR_WAYS = ("label", "role", "beside", "test_id", "text", "css", "id", "column")


# ---- a table whose unknown keys are refused with the nearest valid one ----


class Table(Schema):
    """A TOML table. Subclasses declare its keys and, in `made`, what it becomes."""

    class Meta:
        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_unknown_keys(self, _data: object, original: object, **_: object) -> None:
        if not isinstance(original, Mapping):
            return
        known = [field.data_key or name for name, field in self.fields.items()]
        mistakes = {key: [unknown(str(key), known)] for key in original if key not in known}
        if mistakes:
            raise ValidationError(mistakes)


class Tables(fields.Field[dict[str, Any]]):
    """A table of tables: each name is the profile's own, each value has the one shape."""

    def __init__(self, schema: type[Table], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = schema

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("must be a table: write it as [name.of.the.table]")
        loaded: dict[str, Any] = {}
        mistakes: dict[str, Any] = {}
        for name, table in value.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                mistakes[name] = ["is no name here: use small letters, digits and _, starting with a letter"]
                continue
            try:
                loaded[name] = self.table().load(table)
            except ValidationError as error:
                mistakes[name] = error.messages
        if mistakes:
            raise ValidationError(mistakes)
        return loaded


def unknown(key: str, known: Sequence[str]) -> str:
    """The remedy for a key or word that is not known, with the nearest one that is."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"is unknown; did you mean {near[0]}?"
    return f"is unknown; known here: {', '.join(known)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A validator: the text is one of the words in `known`, and the nearest is named when it is not."""

    known: tuple[str, ...]

    def __call__(self, value: str) -> None:
        """Raises ValidationError unless the value is one of them."""
        if value not in self.known:
            raise ValidationError(f"{value!r} {unknown(value, self.known)}")


def one_of(words: type[StrEnum] | Sequence[str]) -> OneOf:
    """The validator for these words."""
    return OneOf(tuple(str(word) for word in words))


def string(**kwargs: Any) -> fields.String:
    """Text that is not empty."""
    checks = [validate.Length(min=1, error="is empty: write it or drop the key")]
    if check := kwargs.pop("check", None):
        checks.append(check)
    return fields.String(validate=checks, **kwargs)


def flag() -> fields.Boolean:
    """true or false, and nothing that merely looks like it."""
    return fields.Boolean(truthy={True}, falsy={False}, load_default=False)


def whole(minimum: int, **kwargs: Any) -> fields.Integer:
    """A whole number from `minimum` up."""
    return fields.Integer(
        strict=True, validate=validate.Range(min=minimum, error=f"must be {minimum} or more"), **kwargs
    )


def check_shape(value: str) -> None:
    """Raises ValidationError unless the text is a regular expression."""
    try:
        re.compile(value)
    except re.error as error:
        raise ValidationError(f"{value!r} is no regular expression: {error}") from None


def check_pattern(value: str) -> None:
    """Raises ValidationError unless the text is a regular expression with exactly one group."""
    check_shape(value)
    if re.compile(value).groups != 1:
        raise ValidationError("needs exactly one group in brackets: what of the text is the value")


# ---- locators ----


class LocatorTable(Table):
    """Exactly one way to an element, and what narrows it."""

    label = string()
    role = string()
    name = string()
    beside = string()
    test_id = string()
    text = string()
    css = string()
    id = string()
    column = string()
    exact = fields.Boolean(truthy={True}, falsy={False}, load_default=True)
    within = fields.Nested(lambda: LocatorTable())

    @validates_schema(skip_on_field_errors=False)
    def _one_way(self, data: Mapping[str, Any], **_: object) -> None:
        check_one_way(data)


def check_one_way(data: Mapping[str, Any]) -> None:
    """Raises ValidationError unless the table has exactly one way, and a name where the way is role."""
    ways = [way for way in LOCATOR_WAYS if way in data]
    if len(ways) != 1:
        given = "none is given" if not ways else f"{' and '.join(ways)} are given"
        raise ValidationError(f"a locator needs exactly one of {', '.join(LOCATOR_WAYS)}; {given}")
    if "name" in data and ways != ["role"]:
        raise ValidationError({"name": ["goes with role only: drop it, or add role"]})
    if not data.get("exact", True) and ways[0] in ("beside", "column"):
        raise ValidationError({"exact": [f"{ways[0]} always takes the whole label: drop exact"]})


def locator(data: Mapping[str, Any]) -> Locator:
    """The locator that a checked table says."""
    way = next(way for way in LOCATOR_WAYS if way in data)
    within = locator(data["within"]) if "within" in data else None
    return Locator(
        way=way, value=data[way], name=data.get("name"), exact=data.get("exact", True), within=within
    )


# ---- steps ----

#: For each verb: the keys it needs besides its locator, whether it takes a locator, and the keys it may have.
VERBS: Mapping[str, tuple[tuple[str, ...], bool | None, tuple[str, ...]]] = {
    "goto": (("path",), False, ("host",)),
    "click": ((), True, ("value",)),
    "fill": (("value",), True, ()),
    "select": (("value",), True, ()),
    "pick": (("value",), True, ("search", "option")),
    "press": (("key",), None, ()),
    "hide": ((), True, ()),
    "wait": (("page",), False, ()),
}


class StepTable(LocatorTable):
    """One verb with its locator and its parts."""

    do = string(required=True, check=one_of(tuple(VERBS)))
    value = string()
    path = string(check=validate.Regexp(r"^/", error="must start with /: the host comes from [[hosts]]"))
    host = string(check=one_of(("portal", "sign-in", "app")))
    key = string()
    page = string()
    search = fields.Nested(LocatorTable)
    option = fields.Nested(LocatorTable)

    @validates_schema(skip_on_field_errors=True)
    def _one_way(self, data: Mapping[str, Any], **_: object) -> None:
        if data.get("do") not in VERBS:
            return
        needs, takes_locator, may = VERBS[data["do"]]
        for key in needs:
            if key not in data:
                raise ValidationError({key: [f"is missing: {data['do']} needs it"]})
        parts = {"value", "path", "host", "key", "page", "search", "option"} & set(data)
        for extra in sorted(parts - {*needs, *may}):
            raise ValidationError({extra: [f"is not for {data['do']}: drop it"]})
        located = any(way in data for way in LOCATOR_WAYS)
        if takes_locator is False and located:
            raise ValidationError(f"{data['do']} takes no locator: drop it")
        if takes_locator or located:
            check_one_way(data)
        if "column" in data:
            raise ValidationError({"column": ["is for the cells of rows only"]})
        if "value" in data:
            try:
                slots(data["value"])
            except TemplateError as error:
                raise ValidationError({"value": [str(error)]}) from None


def step(data: Mapping[str, Any]) -> Step:
    """The step that a checked table says."""
    located = any(way in data for way in LOCATOR_WAYS)
    return Step(
        do=data["do"],
        locator=locator(data) if located else None,
        value=data.get("value"),
        path=data.get("path"),
        host=data.get("host", "portal"),
        key=data.get("key"),
        page=data.get("page"),
        search=locator(data["search"]) if "search" in data else None,
        option=locator(data["option"]) if "option" in data else None,
    )


# ---- fields, rows, pages ----


class FieldTable(LocatorTable):
    """One declared value: a locator and what its text is."""

    field = string(check=one_of(FieldName))
    as_ = string(data_key="as", check=one_of(ValueKind))
    format = string()
    range = string(check=one_of(("start", "end")))
    pattern = string(check=check_pattern)
    number_kind = string(check=one_of(NumberKind))
    number_kinds = fields.Dict(
        keys=fields.String(validate=check_shape),
        values=string(check=one_of(NumberKind)),
        validate=validate.Length(min=1, error="is empty: give each shape its kind, or use number_kind"),
    )
    side = string(check=one_of(Side))
    fallback = fields.List(fields.Nested(LocatorTable), load_default=list)
    required = flag()
    hidden = flag()
    stand_in = fields.Nested(LocatorTable)
    compare = flag()

    @validates_schema(skip_on_field_errors=True)
    def _agrees(self, data: Mapping[str, Any], **_: object) -> None:
        if data["hidden"] and "stand_in" not in data:
            raise ValidationError(
                {"stand_in": ["is missing: a hidden control is read only while its visible front is seen"]}
            )
        if "stand_in" in data and not data["hidden"]:
            raise ValidationError({"stand_in": ["goes with hidden = true: add that, or drop it"]})
        if data["compare"] and not data["fallback"]:
            raise ValidationError({"compare": ["needs a fallback to compare with"]})


class RowsTable(Table):
    """A repeated part of a page."""

    row = fields.Nested(LocatorTable, required=True)
    cells = Tables(FieldTable, required=True)
    required = flag()
    refresh = fields.Nested(LocatorTable)
    refreshed = fields.Nested(LocatorTable)
    scroll = fields.Nested(LocatorTable)
    next = fields.Nested(LocatorTable)

    @validates_schema(skip_on_field_errors=True)
    def _pages_or_scrolls(self, data: Mapping[str, Any], **_: object) -> None:
        if "next" not in data:
            return
        if "scroll" in data:
            raise ValidationError({"next": ["goes without scroll: a list is paged or scrolled, drop one"]})
        if word := acting_word(*locator(data["next"]).texts()):
            raise ValidationError({"next": [f"clicks something named {word}: a look never acts"]})

    @validates_schema(skip_on_field_errors=True)
    def _says_when_it_is_fresh(self, data: Mapping[str, Any], **_: object) -> None:
        if ("refresh" in data) != ("refreshed" in data):
            lacking = "refreshed" if "refresh" in data else "refresh"
            raise ValidationError(
                {lacking: ["is missing: what refreshes a row and what shows it go together"]}
            )
        if "refresh" in data and (word := acting_word(*locator(data["refresh"]).texts())):
            raise ValidationError({"refresh": [f"clicks something named {word}: a look never acts"]})


class PageTable(Table):
    """One page: how it is known, what stands on it."""

    kind = string(required=True, check=one_of(PageKind))
    sign = fields.List(
        fields.Nested(LocatorTable),
        required=True,
        validate=validate.Length(min=1, error="is empty: a page is known by at least one visible sign"),
    )
    absent = fields.List(fields.Nested(LocatorTable), load_default=list)
    frame = fields.Nested(LocatorTable)
    steps = fields.List(fields.Nested(StepTable), load_default=list)
    fields_ = Tables(FieldTable, data_key="fields", load_default=dict)
    rows = Tables(RowsTable, load_default=dict)
    words = fields.Nested(lambda: WordsTable(), load_default=dict)
    invented = flag()
    method = string(check=one_of(METHODS))


# ---- the rest of the file ----


def check_origin(value: str) -> None:
    """Raises ValidationError unless the text is https://host or https://host:port."""
    parts = urlsplit(value)
    plain = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme != "https" or not parts.hostname or value != plain or "@" in parts.netloc:
        raise ValidationError(f"{value!r} must be scheme and host only, as in https://portal.payer.example")


def check_time(value: str) -> None:
    """Raises ValidationError unless the text is a time of day, HH:MM."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValidationError(f"{value!r} must be a time of day, as in 19:00")


class HostTable(Table):
    origin = string(required=True, check=check_origin)
    use = string(required=True, check=one_of(("portal", "sign-in", "app")))
    source = string(
        required=True,
        check=validate.Regexp(
            r"^(documented: .+|invented)$", error='must be "documented: ..." or "invented"'
        ),
    )


class TermsTable(Table):
    automation = string(load_default="unknown", check=one_of(("unknown", "permitted", "forbidden")))
    text = fields.String(load_default="")
    source = fields.String(load_default="")

    @validates_schema
    def _says_where(self, data: Mapping[str, Any], **_: object) -> None:
        if data["automation"] != "unknown" and not (data["text"] and data["source"]):
            raise ValidationError(
                {"source": ["is missing: what is permitted or forbidden needs its text and source"]}
            )


class PaceTable(Table):
    between_checks_seconds = fields.List(
        fields.Float(validate=validate.Range(min=0, error="must be 0 or more")),
        validate=validate.Length(equal=2, error="must be two numbers: [least, most]"),
        load_default=lambda: [4.0, 12.0],
    )
    requests_per_night = whole(1, load_default=400)
    page_seconds = fields.Float(load_default=30.0, validate=validate.Range(min=1, error="must be 1 or more"))
    hours = fields.List(
        string(check=check_time),
        validate=validate.Length(equal=2, error='must be two times: ["18:00", "21:00"]'),
        load_default=lambda: ["18:00", "21:00"],
    )
    start = string(load_default="19:00", check=check_time)
    attempts = whole(1, load_default=3)
    breaker = whole(1, load_default=5)
    accounts_at_once = whole(1, load_default=1)

    @validates_schema
    def _in_order(self, data: Mapping[str, Any], **_: object) -> None:
        least, most = data["between_checks_seconds"]
        if least > most:
            raise ValidationError({"between_checks_seconds": ["the least comes first: swap them"]})
        first, last = data["hours"]
        inside = (
            first <= data["start"] <= last
            if first <= last
            else data["start"] >= first or data["start"] <= last
        )
        if not inside:
            raise ValidationError(
                {"start": [f"{data['start']} is outside hours {first} to {last}: move one of them"]}
            )


#: Days between looks where the profile says nothing: an undecided one daily, an approved one weekly.
USUAL_DAYS = {
    Determination.SUBMITTED: 1,
    Determination.PENDED: 1,
    Determination.MORE_INFORMATION_NEEDED: 1,
    Determination.IN_APPEAL: 3,
    Determination.APPROVED: 7,
    Determination.PARTIALLY_APPROVED: 7,
    Determination.MODIFIED: 7,
    Determination.UNRECOGNISED: 1,
}

OPEN_DETERMINATIONS = tuple(word for word in Determination if word not in CLOSED)

DueTable = Table.from_dict(
    {
        **{word.value: whole(1) for word in OPEN_DETERMINATIONS},
        "approved_near_expiry": whole(1, load_default=1),
        "near_expiry_days": whole(0, load_default=14),
    },
    name="DueTable",
)


class ExpectTable(Table):
    minimum_read = fields.Float(
        load_default=0.5, validate=validate.Range(min=0, max=1, error="must be a share from 0 to 1")
    )
    most_changed_pages = whole(1, load_default=2)
    most_unknown_words = whole(1, load_default=3)


class SignInTable(Table):
    open = string(
        required=True, check=validate.Regexp(r"^/", error="must start with /: the host comes from [[hosts]]")
    )
    methods = fields.List(string(check=one_of(METHODS)), load_default=list)
    most_pages = whole(1, load_default=12)
    code_minutes = fields.Integer(
        strict=True,
        load_default=10,
        validate=validate.Range(min=1, max=60, error="must be a number of minutes from 1 to 60"),
    )
    idle_days = whole(1, load_default=None)
    password_days = whole(1, load_default=None)


class SearchTable(Table):
    needs = fields.List(
        string(check=one_of(tuple(name for name in QUERY_FIELDS if name != "id"))),
        required=True,
        validate=validate.Length(min=1, error="is empty: name what the query must have"),
    )
    steps = fields.List(
        fields.Nested(StepTable),
        required=True,
        validate=validate.Length(min=1, error="is empty: a search needs steps"),
    )
    when = fields.Dict(
        keys=string(check=one_of(tuple(name for name in QUERY_FIELDS if name not in NOT_TEXT))),
        values=fields.String(validate=check_shape),
        load_default=dict,
    )

    @validates_schema
    def _asks_for_what_it_needs(self, data: Mapping[str, Any], **_: object) -> None:
        for position, taken in enumerate(data["steps"]):
            for name in slots(taken.get("value", "")):
                if name not in data["needs"] and name != "organization":
                    message = f"{{{name}}} is not in needs: add it there, or fill something else"
                    raise ValidationError({"steps": {position: {"value": [message]}}})


class ResultsTable(Table):
    rows = string(required=True)
    match = fields.List(
        string(),
        required=True,
        validate=validate.Length(min=1, error="is empty: name the cells that must agree"),
    )
    open = fields.Nested(LocatorTable, required=True)
    opens = string(load_default="same", check=one_of(("same", "tab")))


def paths() -> Any:
    """A list of paths, in which * stands for any part."""
    return fields.List(
        string(check=validate.Regexp(r"^/", error="must start with /: it is a path, * stands for any part")),
        load_default=list,
    )


class NetworkTable(Table):
    allowed_posts = paths()
    allowed_queries = paths()


class LetterTable(Table):
    link = fields.Nested(LocatorTable)
    button = fields.Nested(LocatorTable)

    @validates_schema(skip_on_field_errors=True)
    def _one_way_to_it(self, data: Mapping[str, Any], **_: object) -> None:
        if len({"link", "button"} & set(data)) != 1:
            raise ValidationError(
                "needs exactly one of link (its document is asked for) and button (pressed)"
            )


class WordsTable(Table):
    determination = fields.Raw()
    unit = fields.Raw()
    level_of_care = fields.Raw()
    component = fields.Raw()
    authorization_type = fields.Raw()
    place_of_service = fields.Raw()


def check_seen_live(value: str) -> None:
    """Raises ValidationError unless the text is empty or a date."""
    if value:
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValidationError('must be "" or the date it was last seen, as in 2026-11-20') from None


class ProfileTable(Table):
    slug = string(required=True)
    name = string(required=True)
    version = string(
        required=True,
        check=validate.Regexp(r"^\d{4}\.\d{1,2}\.\d+$", error="must be year.month.number, as in 2026.11.1"),
    )
    summary = string(required=True)
    fictional = flag()
    seen_live = fields.String(load_default="", validate=check_seen_live)
    unattended = flag()
    attended_because = string(load_default="")
    hosts = fields.List(
        fields.Nested(HostTable),
        required=True,
        validate=validate.Length(min=1, error="is empty: name at least the portal's own host"),
    )
    terms = fields.Nested(TermsTable, load_default=lambda: TermsTable().load({}))
    pace = fields.Nested(PaceTable, load_default=lambda: PaceTable().load({}))
    due = fields.Nested(DueTable, load_default=lambda: DueTable().load({}))
    expect = fields.Nested(ExpectTable, load_default=lambda: ExpectTable().load({}))
    sign_in = fields.Nested(SignInTable)
    pages = Tables(PageTable, load_default=dict)
    search = fields.List(fields.Nested(SearchTable), load_default=list)
    results = fields.Nested(ResultsTable)
    network = fields.Nested(NetworkTable, load_default=lambda: NetworkTable().load({}))
    letter = fields.Nested(LetterTable)
    words = fields.Nested(WordsTable, load_default=dict)

    @validates_schema(skip_on_field_errors=True)
    def _is_whole_or_says_why_not(self, data: Mapping[str, Any], **_: object) -> None:
        if data["unattended"] and data["attended_because"]:
            raise ValidationError(
                {"attended_because": ["goes with unattended = false only: drop one of them"]}
            )
        if data["pages"]:
            if "sign_in" not in data:
                raise ValidationError({"sign_in": ["is missing: add it"]})
            return
        mistakes = {
            name: ["is of no use while no page is declared: drop it, or describe [pages]"]
            for name in ("sign_in", "search", "results", "letter", "words")
            if data.get(name)
        }
        if data["unattended"]:
            mistakes["unattended"] = ["must be false while no page is declared: nothing could be read"]
        if not data["attended_because"]:
            mistakes["attended_because"] = ["is missing: without pages, say why none is declared"]
        if mistakes:
            raise ValidationError(mistakes)


# ---- from tables to a profile ----


def parse(data: Mapping[str, Any], file: Path) -> Profile:
    """The profile that a parsed profile.toml says. Raises ProfileError with every mistake found."""
    try:
        loaded: dict[str, Any] = ProfileTable().load(data)
    except ValidationError as error:
        raise ProfileError(file, list(_flat(error.messages, ""))) from None
    mistakes: list[Mistake] = []
    pages = {name: _page(name, table, mistakes) for name, table in loaded["pages"].items()}
    searches = tuple(
        Search(
            needs=tuple(table["needs"]),
            steps=tuple(step(taken) for taken in table["steps"]),
            when=table["when"],
        )
        for table in loaded["search"]
    )
    for number, search in enumerate(searches):
        _check_steps(search.steps, f"search[{number}].steps", pages, False, mistakes)
    for page in pages.values():
        where = f"pages.{page.name}.steps"
        if page.steps and page.kind not in STEP_KINDS | UNFOLD_KINDS:
            kinds = ", ".join(sorted(STEP_KINDS | UNFOLD_KINDS))
            mistakes.append(
                Mistake(where, f"a page of kind {page.kind} is only read: drop them (allowed: {kinds})")
            )
        _check_steps(page.steps, where, pages, page.kind in SIGN_IN_KINDS, mistakes)
    if "sign_in" in loaded:
        _check_methods(tuple(loaded["sign_in"]["methods"]), pages, mistakes)
    results = _results(loaded.get("results"), pages, mistakes)
    for name, way in loaded.get("letter", {}).items():
        if word := acting_word(*locator(way).texts()):
            mistakes.append(Mistake(f"letter.{name}", f"clicks something named {word}: a look never acts"))
    if pages and not any(page.kind is PageKind.HOME for page in pages.values()):
        mistakes.append(Mistake("pages", "none is of kind home: the sign-in must know when it is through"))
    words = _words(loaded["words"], "words", mistakes)
    _check_words_are_there(pages, words, mistakes)
    if mistakes:
        raise ProfileError(file, mistakes)
    return _profile(loaded, file, pages, searches, results, words)


def _profile(
    loaded: Mapping[str, Any],
    file: Path,
    pages: Mapping[str, PageSpec],
    searches: tuple[Search, ...],
    results: Results | None,
    words: Mapping[str, Mapping[str, str]],
) -> Profile:
    pace, due, sign_in = loaded["pace"], loaded["due"], loaded.get("sign_in")
    least, most = pace["between_checks_seconds"]
    first, last = pace["hours"]
    days = {word: due.get(word.value, USUAL_DAYS.get(word)) for word in OPEN_DETERMINATIONS}
    return Profile(
        slug=loaded["slug"],
        name=loaded["name"],
        version=loaded["version"],
        summary=loaded["summary"],
        folder=file.parent,
        fictional=loaded["fictional"],
        seen_live=date.fromisoformat(loaded["seen_live"]) if loaded["seen_live"] else None,
        unattended=loaded["unattended"],
        attended_because=loaded["attended_because"],
        hosts=tuple(Host(**host) for host in loaded["hosts"]),
        terms=Terms(**loaded["terms"]),
        pace=Pace(
            between_checks_seconds=(least, most),
            requests_per_night=pace["requests_per_night"],
            page_seconds=pace["page_seconds"],
            hours=(time.fromisoformat(first), time.fromisoformat(last)),
            start=time.fromisoformat(pace["start"]),
            attempts=pace["attempts"],
            breaker=pace["breaker"],
        ),
        due=Due(
            days={word: number for word, number in days.items() if number is not None},
            approved_near_expiry=due["approved_near_expiry"],
            near_expiry_days=due["near_expiry_days"],
        ),
        expect=Expect(**loaded["expect"]),
        sign_in=SignIn(
            open=sign_in["open"],
            methods=tuple(sign_in["methods"]),
            most_pages=sign_in["most_pages"],
            code_minutes=sign_in["code_minutes"],
            idle_days=sign_in["idle_days"],
            password_days=sign_in["password_days"],
        )
        if sign_in
        else SignIn(),
        pages=pages,
        search=searches,
        results=results,
        words=words,
        network=Network(**{name: tuple(listed) for name, listed in loaded["network"].items()}),
        letter=next((locator(way) for way in loaded.get("letter", {}).values()), None),
        letter_pressed="button" in loaded.get("letter", {}),
    )


def _page(name: str, table: Mapping[str, Any], mistakes: list[Mistake]) -> PageSpec:
    where = f"pages.{name}"
    kind = PageKind(table["kind"])
    usual = Side.REQUESTED if kind is PageKind.REQUEST_FORM else Side.APPROVED
    for part in ("sign", "absent"):
        for number, sign in enumerate(table[part]):
            if "column" in sign:
                mistakes.append(Mistake(f"{where}.{part}[{number}]", "column is for the cells of rows only"))
    rows = {
        key: RowsSpec(
            key=key,
            row=locator(part["row"]),
            required=part["required"],
            refresh=locator(part["refresh"]) if "refresh" in part else None,
            refreshed=locator(part["refreshed"]) if "refreshed" in part else None,
            scroll=locator(part["scroll"]) if "scroll" in part else None,
            next=locator(part["next"]) if "next" in part else None,
            cells={
                cell: _field(cell, spec, f"{where}.rows.{key}.cells.{cell}", usual, True, mistakes)
                for cell, spec in part["cells"].items()
            },
        )
        for key, part in table["rows"].items()
    }
    mistakes += [
        Mistake(f"{where}.rows.{key}.{name}", "is for the rows of a result list only: drop it")
        for key, part in rows.items()
        for name, way in (("scroll", part.scroll), ("next", part.next))
        if way is not None and kind is not PageKind.RESULTS
    ]
    return PageSpec(
        name=name,
        kind=kind,
        sign=tuple(locator(sign) for sign in table["sign"]),
        absent=tuple(locator(sign) for sign in table["absent"]),
        frame=locator(table["frame"]) if "frame" in table else None,
        steps=tuple(step(taken) for taken in table["steps"]),
        fields={
            key: _field(key, spec, f"{where}.fields.{key}", usual, False, mistakes)
            for key, spec in table["fields_"].items()
        },
        rows=rows,
        words=_words(table["words"], f"{where}.words", mistakes),
        invented=table["invented"],
        method=table.get("method"),
    )


def _field(
    key: str, table: Mapping[str, Any], where: str, usual: Side, in_row: bool, mistakes: list[Mistake]
) -> FieldSpec:
    named = table.get("field") or (key if key in set(FieldName) else None)
    name = FieldName(named) if named else None
    kind = _kind(key, name, table, where, mistakes)
    if not in_row and ("column" in table or any("column" in other for other in table["fallback"])):
        mistakes.append(Mistake(f"{where}.column", "is for the cells of rows only: use beside or label"))
    if (kind is ValueKind.DATE) != ("format" in table):
        remedy = "is missing: a date needs its format, as in MM/DD/YYYY"
        mistakes.append(
            Mistake(f"{where}.format", remedy if kind is ValueKind.DATE else "is for dates only: drop it")
        )
    if "format" in table:
        try:
            check_format(table["format"])
        except DateProblem as problem:
            mistakes.append(Mistake(f"{where}.format", str(problem)))
    if "range" in table and kind is not ValueKind.DATE:
        mistakes.append(Mistake(f"{where}.range", "is for dates only: drop it"))
    kinds_given = [name for name in ("number_kind", "number_kinds") if name in table]
    if kind is ValueKind.NUMBER and not kinds_given:
        kinds = ", ".join(NumberKind)
        mistakes.append(Mistake(f"{where}.number_kind", f"is missing: numbers have kinds ({kinds})"))
    if kind is not ValueKind.NUMBER:
        mistakes += [Mistake(f"{where}.{name}", "is for numbers only: drop it") for name in kinds_given]
    elif len(kinds_given) > 1:
        mistakes.append(Mistake(f"{where}.number_kinds", "goes without number_kind: drop one of them"))
    return FieldSpec(
        key=key,
        find=locator(table),
        kind=kind,
        field=name,
        fallback=tuple(locator(other) for other in table["fallback"]),
        format=table.get("format"),
        range=table.get("range"),
        pattern=table.get("pattern"),
        number_kind=NumberKind(table["number_kind"]) if "number_kind" in table else None,
        number_kinds=tuple(
            (shape, NumberKind(kind)) for shape, kind in table.get("number_kinds", {}).items()
        ),
        side=Side(table["side"]) if "side" in table else usual,
        required=table["required"],
        hidden=table["hidden"],
        stand_in=locator(table["stand_in"]) if "stand_in" in table else None,
        compare=table["compare"],
    )


def _kind(
    key: str, name: FieldName | None, table: Mapping[str, Any], where: str, mistakes: list[Mistake]
) -> ValueKind:
    given = ValueKind(table["as_"]) if "as_" in table else None
    if name is None:
        if given in (ValueKind.TEXT, ValueKind.NUMBER):
            return given
        remedy = unknown(key, list(FieldName)) if given is None else "names no element of an authorization"
        mistakes.append(
            Mistake(
                f"{where}.field",
                f'{key} {remedy} (add field = "...", or as = "text" to keep it as it stands)',
            )
        )
        return given or ValueKind.TEXT
    allowed = KINDS_OF_FIELD[name]
    if given is not None and given not in allowed:
        mistakes.append(
            Mistake(f"{where}.as", f"{name} can't be read as {given}: use {' or '.join(allowed)}")
        )
    return given or allowed[0]


def _check_steps(
    steps: Sequence[Step],
    where: str,
    pages: Mapping[str, PageSpec],
    signing_in: bool,
    mistakes: list[Mistake],
) -> None:
    for number, taken in enumerate(steps):
        at = f"{where}[{number}]"
        if taken.page is not None and taken.page not in pages:
            mistakes.append(Mistake(f"{at}.page", f"{taken.page} {unknown(taken.page, list(pages))}"))
        if signing_in:
            continue
        asked = slots(taken.value or "")
        secret = next((name for name in asked if name in ("username", "password", "code")), None)
        if secret:
            mistakes.append(Mistake(f"{at}.value", f"{{{secret}}} is typed on sign-in pages only"))
        if taken.do in ("click", "press", "pick"):
            word = acting_word(*(taken.locator.texts() if taken.locator else ()))
            if word:
                remedy = f"clicks something named {word}: a look never acts; click navigation only"
                mistakes.append(Mistake(at, remedy))


def _check_methods(methods: tuple[str, ...], pages: Mapping[str, PageSpec], mistakes: list[Mistake]) -> None:
    """Whether each page of kind code says enough for the robot to know who gets it past."""
    several = [method for method in methods if method in TYPED_BY_A_PERSON]
    for page in pages.values():
        at = f"pages.{page.name}.method"
        if page.method is None:
            if page.asks_for_code and TOTP not in methods and len(several) > 1:
                mistakes.append(Mistake(at, f"is missing: say which of {', '.join(several)} it is about"))
            continue
        if page.kind is not PageKind.CODE:
            mistakes.append(Mistake(at, "is for pages of kind code only: drop it"))
        elif page.method not in methods:
            mistakes.append(Mistake(at, f"{page.method} is not in sign_in.methods: add it there"))
        elif page.method == PUSH and page.asks_for_code:
            mistakes.append(Mistake(at, "a push has no code to type: drop {code}, or name another method"))


def _results(
    table: Mapping[str, Any] | None, pages: Mapping[str, PageSpec], mistakes: list[Mistake]
) -> Results | None:
    lists = [page for page in pages.values() if page.kind is PageKind.RESULTS]
    if table is None:
        if lists:
            mistakes.append(
                Mistake("results", f"is missing: say how the rows of pages.{lists[0].name} are used")
            )
        return None
    name = table["rows"]
    if not lists:
        mistakes.append(Mistake("results", "no page is of kind results: declare one, or drop this table"))
    for page in lists:
        if name not in page.rows:
            remedy = unknown(name, list(page.rows)) if page.rows else "is not there"
            mistakes.append(Mistake("results.rows", f"pages.{page.name}.rows.{name} {remedy}"))
            continue
        cells = page.rows[name].cells
        for number, cell in enumerate(table["match"]):
            if cell not in cells:
                mistakes.append(Mistake(f"results.match[{number}]", f"{cell} {unknown(cell, list(cells))}"))
            elif query_field(cells[cell]) is None:
                remedy = f"{cell} is nothing that a query has: match identifiers or service dates"
                mistakes.append(Mistake(f"results.match[{number}]", remedy))
    opening = locator(table["open"])
    if word := acting_word(*opening.texts()):
        mistakes.append(Mistake("results.open", f"clicks something named {word}: a look never acts"))
    return Results(rows=name, match=tuple(table["match"]), open=opening, opens=table["opens"])


#: Which identifier of a query each element of a page is compared with.
QUERY_FIELD: Mapping[FieldName, str] = {
    FieldName.MEMBER_ID: "member_id",
    FieldName.PATIENT_NAME: "patient_name",
    FieldName.PATIENT_LAST_NAME: "last_name",
    FieldName.PATIENT_FIRST_NAME: "first_name",
    FieldName.BIRTH_DATE: "birth_date",
    FieldName.REFERENCE_NUMBER: "reference_number",
    FieldName.REFERRAL_NUMBER: "reference_number",
    FieldName.SERVICE_FROM: "service_from",
    FieldName.SERVICE_TO: "service_to",
    FieldName.REQUESTING_NPI: "requesting_npi",
    FieldName.PROCEDURE_CODE: "procedure_codes",
}


def query_field(spec: FieldSpec) -> str | None:
    """What of a query this value is compared with (a whole name is `patient_name`), or None."""
    if spec.kind is ValueKind.NUMBER:
        return "reference_number"
    return QUERY_FIELD.get(spec.field) if spec.field else None


def _words(table: Mapping[str, Any], path: str, mistakes: list[Mistake]) -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = {}
    for kind, listed in table.items():
        where = f"{path}.{kind}"
        if not isinstance(listed, Mapping):
            mistakes.append(Mistake(where, 'must be a table of words: "Approved" = "approved"'))
            continue
        known, kept = MEANINGS[kind], words.setdefault(kind, {})
        for word, meaning in listed.items():
            at = f'{where}."{word}"'
            if not isinstance(meaning, str) or (known is not None and meaning not in known):
                remedy = unknown(str(meaning), known or ())
                mistakes.append(Mistake(at, f"{meaning!r} {remedy}"))
            elif known is None and not re.fullmatch(r"\d{2}", meaning):
                mistakes.append(
                    Mistake(at, f'{meaning!r} must be the two digits of a place of service, as in "11"')
                )
            elif not folded(word):
                mistakes.append(Mistake(at, "is empty: write the portal's word"))
            elif kept.setdefault(folded(word), meaning) != meaning:
                mistakes.append(
                    Mistake(at, f"is listed twice with different meanings: keep {meaning!r} or the other")
                )
    return words


def _check_words_are_there(
    pages: Mapping[str, PageSpec], words: Mapping[str, Mapping[str, str]], mistakes: list[Mistake]
) -> None:
    if words.get("determination"):
        return
    for page in pages.values():
        if page.words.get("determination"):
            continue
        specs = [
            *page.fields.values(),
            *(cell for rows in page.rows.values() for cell in rows.cells.values()),
        ]
        if any(spec.kind is ValueKind.DETERMINATION for spec in specs):
            mistakes.append(
                Mistake(
                    "words.determination", f"is missing: pages.{page.name} reads a status, so list its words"
                )
            )
            return


# ---- marshmallow's mistakes as key paths and remedies ----

_PLAINER = {
    "Missing data for required field.": "is missing: add it",
    "Field may not be null.": "is empty: write it or drop the key",
    "Not a valid string.": "must be text in quotes",
    "Not a valid integer.": "must be a whole number without quotes",
    "Not a valid number.": "must be a number without quotes",
    "Not a valid boolean.": "must be true or false without quotes",
    "Not a valid list.": "must be a list in square brackets",
    "Invalid type.": "must be a list of tables: write [[...]] or [{...}, {...}]",
    "Invalid input type.": "must be a table: {key = value} or [name]",
}


def _flat(messages: Any, path: str) -> Iterator[Mistake]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _flat(inner, path)
            elif isinstance(key, int):
                yield from _flat(inner, f"{path}[{key}]")
            else:
                yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield Mistake(path or "(the file)", _PLAINER.get(str(messages), str(messages)))
