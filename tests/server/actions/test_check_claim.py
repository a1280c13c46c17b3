"""A claim's lines together: what one line alone does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portal_profiles.vocabulary import Determination, LevelOfCare, NumberKind, Unit
from server.actions.authorization_input import AuthorizationInput, LineInput, NumberInput
from server.actions.check_claim import CheckedClaim, Tally, check_claim
from server.actions.save_authorization import create_authorization
from server.db.session import Database
from server.interchange.claims import Claim, ClaimKind, ClaimLine
from server.matching.facts import Patient
from server.matching.finding import Verdict
from server.settings import Settings

NOW = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 16)
GRETA = Patient("XYZ100200307", "Moreau", "Greta", date(1949, 6, 21))
HOSPITAL, ATTENDING, SURGEON = "1992999957", "1003000126", "1234567893"

VISITS = AuthorizationInput(
    determination=Determination.APPROVED,
    payer_id="EXH01",
    payer_name="Example Health",
    patient=GRETA,
    lines=(LineInput(number=1, code="97110", quantity=Decimal(12), unit=Unit.UNITS),),
    rendering_npis=(SURGEON,),
    effective=date(2026, 10, 1),
    expiry=date(2026, 12, 31),
    reference_numbers=(NumberInput("EH7700700", NumberKind.AUTHORIZATION),),
)
STAY = replace(
    VISITS,
    lines=(LineInput(number=1, quantity=Decimal(3), unit=Unit.DAYS),),
    level_of_care=LevelOfCare.INPATIENT,
    billing_npi=HOSPITAL,
    reference_numbers=(NumberInput("EH7700701", NumberKind.AUTHORIZATION),),
)
LINE = ClaimLine(number=1, code="97110", quantity=Decimal(5), unit=Unit.UNITS, date_from=date(2026, 11, 2))
CLAIM = Claim(
    id="RB-7",
    kind=ClaimKind.PROFESSIONAL,
    frequency="1",
    payer_id="EXH01",
    subscriber=GRETA,
    patient=GRETA,
    reference_number="EH7700700",
    billing_npi=HOSPITAL,
    rendering_npi=SURGEON,
    lines=(LINE,),
)
BED = ClaimLine(number=1, revenue_code="0120", quantity=Decimal(3), unit=Unit.DAYS)
STAY_CLAIM = replace(
    CLAIM,
    kind=ClaimKind.INSTITUTIONAL,
    type_of_bill="111",
    rendering_npi=None,
    attending_npi=ATTENDING,
    operating_npi=SURGEON,
    reference_number="EH7700701",
    statement_from=date(2026, 11, 2),
    statement_to=date(2026, 11, 5),
    admission_date=date(2026, 11, 2),
    lines=(BED,),
)

Check = Callable[..., CheckedClaim]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty encrypted record."""
    made = Database.open(
        Settings(data_dir=tmp_path / "data", config_dir=tmp_path / "config", key_text="5a" * 32)
    )
    yield made
    made.dispose()


@pytest.fixture
def check(database: Database) -> Check:
    """Checks a claim against the authorizations given."""

    def run(claim: Claim, *on_file: AuthorizationInput, tally: Tally | None = None) -> CheckedClaim:
        with database.write("test") as session:
            for data in on_file:
                create_authorization(session, data, "test", NOW)
            return check_claim(session, claim, "test", NOW, TODAY, tally or Tally())

    return run


def rules(checked: CheckedClaim) -> list[list[str]]:
    return [[finding.rule for finding in line.findings] for line in checked.lines]


def test_lines_that_together_exceed_what_remains_would_be_denied(check: Check) -> None:
    lines = tuple(replace(LINE, number=n, date_from=date(2026, 11, n)) for n in (1, 2, 3))
    checked = check(replace(CLAIM, lines=lines), VISITS)
    assert rules(checked) == [[], [], ["units_exceed_remaining"]]
    assert checked.verdict is Verdict.MISMATCH


def test_what_was_used_before_counts_with_the_lines(check: Check) -> None:
    used = replace(VISITS, lines=(replace(VISITS.lines[0], used=Decimal(4)),))
    lines = (LINE, replace(LINE, number=2))
    assert rules(check(replace(CLAIM, lines=lines), used)) == [[], ["units_exceed_remaining"]]


def test_a_line_in_another_measure_takes_nothing_of_the_units(check: Check) -> None:
    minutes = replace(LINE, number=2, unit=Unit.MINUTES, quantity=Decimal(60))
    tally = Tally()
    check(replace(CLAIM, lines=(LINE, minutes)), VISITS, tally=tally)
    assert list(tally.counted.values()) == [Decimal(5)]


def test_a_line_for_another_procedure_takes_nothing_of_the_units(check: Check) -> None:
    tally = Tally()
    check(replace(CLAIM, lines=(replace(LINE, code="99213"),)), VISITS, tally=tally)
    assert tally.counted == {}


def test_an_approved_attending_or_operating_provider_renders_an_institutional_claim(check: Check) -> None:
    checked = check(STAY_CLAIM, STAY)
    assert checked.lines[0].service.rendering_npi == SURGEON
    assert checked.verdict is Verdict.MATCH


def test_where_none_of_the_providers_was_approved_the_difference_is_told(check: Check) -> None:
    checked = check(replace(STAY_CLAIM, operating_npi=None), STAY)
    assert checked.lines[0].service.rendering_npi == HOSPITAL
    assert rules(checked) == [["rendering_provider_differs"]]


def test_a_rendering_provider_that_the_claim_names_is_never_replaced(check: Check) -> None:
    checked = check(replace(STAY_CLAIM, rendering_npi=ATTENDING), STAY)
    assert checked.lines[0].service.rendering_npi == ATTENDING
    assert rules(checked) == [["rendering_provider_differs"]]


def test_a_dependent_is_found_under_their_own_member_id(check: Check) -> None:
    subscriber = Patient("XYZ100200399", "Moreau", "Hugo", date(1950, 1, 1))
    dependent = replace(GRETA, member_id="XYZ100200399", last_name=None)
    claim = replace(
        CLAIM, subscriber=subscriber, patient=dependent, patient_own_id="XYZ100200307", reference_number=None
    )
    checked = check(claim, VISITS)
    assert rules(checked) == [["reference_number_missing"]]


def test_another_procedure_under_the_claims_number_would_be_denied(check: Check) -> None:
    checked = check(replace(CLAIM, lines=(replace(LINE, code="97140"),)), VISITS)
    assert rules(checked) == [["procedure_not_approved"]]
    assert checked.would_be_denied


def test_a_claim_without_lines_is_undetermined(check: Check) -> None:
    checked = check(replace(CLAIM, lines=()), VISITS)
    assert checked.verdict is Verdict.UNDETERMINED
    assert not checked.would_be_denied
