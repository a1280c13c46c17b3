"""How the dashboard says things: words for stored values, tones for states, local times and dates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Flask

from portal_profiles import catalogue
from portal_profiles.vocabulary import APPROVING, CLOSED, Determination

_SPECIAL = {
    "npi": "NPI",
    "npis": "NPIs",
    "id": "ID",
    "ehr": "EHR",
    "no_authorization": "no authorization",
    "unrecognised": "not understood",
    "read": "read",
}


def words(value: object) -> str:
    """`service_from` -> "service from": what a stored word is called on a page."""
    text = str(value)
    if text in _SPECIAL:
        return _SPECIAL[text]
    return " ".join(_SPECIAL.get(part, part) for part in text.split("_"))


def label(value: object) -> str:
    """`service_from` -> "Service from": a stored word where it stands alone."""
    text = words(value)
    return text[:1].upper() + text[1:]


def tone_of_determination(value: str) -> str:
    """good, warn, bad or "" (still open): the colour and shape of a determination."""
    try:
        determination = Determination(value)
    except ValueError:
        return "warn"
    if determination is Determination.APPROVED or determination is Determination.NOT_REQUIRED:
        return "good"
    if determination in APPROVING or determination is Determination.UNRECOGNISED:
        return "warn"
    return "bad" if determination in CLOSED else "wait"


def tone_of_outcome(value: str | None) -> str:
    """good for a reading, bad for what must never be overlooked, warn for every other outcome."""
    if value == "read":
        return "good"
    if value in {"wrong_patient", "credentials_refused", "locked", "challenge_shown", "password_expired"}:
        return "bad"
    return "warn" if value else "wait"


def day(value: date | None) -> str:
    """A calendar date as the clinic writes it: 03/09/2026; a dash when there is none."""
    return f"{value:%m/%d/%Y}" if value is not None else "–"


def figure(value: Decimal | None) -> str:
    """A quantity without needless zeros; a dash when there is none."""
    return f"{value.normalize():f}" if value is not None else "–"


def portal_name(slug: str) -> str:
    """The portal's own name; the slug when its folder is gone."""
    return catalogue.name_of(slug)


def install(app: Flask, time_zone: ZoneInfo) -> None:
    """Puts the words into the templates of `app`."""

    def local(value: datetime) -> str:
        return f"{value.astimezone(time_zone):%m/%d/%Y %H:%M}"

    def clock(value: datetime) -> str:
        return f"{value.astimezone(time_zone):%H:%M}"

    app.jinja_env.filters.update(
        words=words,
        label=label,
        day=day,
        figure=figure,
        portal_name=portal_name,
        local=local,
        clock=clock,
    )
    app.jinja_env.globals.update(tone_of_determination=tone_of_determination, tone_of_outcome=tone_of_outcome)
