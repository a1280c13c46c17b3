"""The outcome tree: what each leaf says, and how an outcome is written down."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

import pytest

from automation import outcomes
from automation.outcomes import Evidence, Outcome, OutcomeKind, Stops, has_unrecognised
from portal_profiles.identity import Identity
from portal_profiles.reading import Reading, ReadLine
from portal_profiles.vocabulary import Determination

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_every_kind_is_drawn_in_the_tree() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", outcomes.__doc__ or ""))
    assert {kind.value for kind in OutcomeKind} <= drawn


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_kind_says_what_happened_and_a_person_is_told_what_to_do(kind: OutcomeKind) -> None:
    assert kind.why.endswith(".")
    assert bool(kind.next_step) == kind.person


@pytest.mark.parametrize("kind", OutcomeKind)
def test_nothing_that_closes_an_account_is_ever_retried(kind: OutcomeKind) -> None:
    if kind.closes_account:
        assert not kind.retry
        assert kind.stops is Stops.ACCOUNT


@pytest.mark.parametrize(
    "kind",
    [OutcomeKind.CREDENTIALS_REFUSED, OutcomeKind.PASSWORD_EXPIRED, OutcomeKind.LOCKED],
)
def test_a_refused_expired_or_locked_account_is_closed(kind: OutcomeKind) -> None:
    assert kind.closes_account
    assert kind.person


def test_a_challenge_stops_the_whole_portal() -> None:
    assert OutcomeKind.CHALLENGE_SHOWN.stops is Stops.PORTAL


def test_an_unknown_word_on_one_line_calls_a_person_although_the_page_was_read() -> None:
    reading = Reading(
        "example_payer",
        "2026.11.1",
        determination=Determination.APPROVED,
        lines=(ReadLine(1, determination=Determination.UNRECOGNISED),),
    )
    assert has_unrecognised(reading)
    assert Outcome("1", OutcomeKind.READ, "example_payer", NOW, "", reading=reading).person


def test_a_clean_reading_calls_nobody() -> None:
    reading = Reading(
        "example_payer", "2026.11.1", determination=Determination.APPROVED, lines=(ReadLine(1),)
    )
    assert not Outcome("1", OutcomeKind.READ, "example_payer", NOW, "", reading=reading).person


def test_an_outcome_is_one_json_object_without_the_pictures_bytes() -> None:
    outcome = Outcome(
        "1",
        OutcomeKind.READ,
        "example_payer",
        NOW,
        "The portal's page was read.",
        reading=Reading("example_payer", "2026.11.1", determination=Determination.DENIED),
        identity=Identity(("member_id", "name"), (), "accepted"),
        evidence=(Evidence("picture", "image/png", b"png"),),
        attempts=1,
    )
    said = json.loads(json.dumps(outcome.to_json()))
    assert said["kind"] == "read"
    assert said["reading"]["determination"] == "denied"
    assert said["identity"] == {"agree": ["member_id", "name"], "disagree": []}
    digest = hashlib.sha256(b"png").hexdigest()
    assert said["evidence"] == [{"kind": "picture", "media_type": "image/png", "sha256": digest, "size": 3}]


def test_the_representation_of_an_outcome_shows_no_reading_and_no_content() -> None:
    reading = Reading("example_payer", "2026.11.1", member_id="XYZ100200301")
    outcome = Outcome(
        "1",
        OutcomeKind.READ,
        "p",
        NOW,
        "",
        reading=reading,
        evidence=(Evidence("text", "t", b"XYZ100200301"),),
    )
    assert "XYZ100200301" not in repr(outcome)
