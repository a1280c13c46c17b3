"""`tallystick scrub`: the sample clinic, the public files, exit codes, and what is said of bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from portal_profiles.vocabulary import Unit
from server.actions.import_authorizations import import_authorizations
from server.cli import COULD_NOT, FINDINGS, FINE, tallystick
from server.db.session import Database
from server.db.tables import CheckRecord
from server.interchange.claims import Claim, ClaimKind, ClaimLine, Diagnosis, DiagnosisRole
from server.interchange.spreadsheet import open_table
from server.matching.facts import Patient
from server.security import audit
from server.settings import Settings
from tests.server.interchange.shared_data import SHARED, expected, needs_shared_data
from tests.server.interchange.write_837 import render

NOW = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
DEMO = Path(__file__).parents[3] / "server" / "demo"
CLAIM = Claim(
    id="RB-9001",
    kind=ClaimKind.PROFESSIONAL,
    frequency="1",
    place_of_service="11",
    payer_id="EXH01",
    payer_name="Example Health",
    responsibility="P",
    subscriber=Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12)),
    patient=Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12)),
    reference_number="EH7700101",
    diagnoses=(Diagnosis("G43909", DiagnosisRole.PRINCIPAL),),
    billing_npi="1992999957",
    rendering_npi="1234567893",
    lines=(
        ClaimLine(
            number=1, code="70551", charge=Decimal(612), quantity=Decimal(1), unit=Unit.UNITS, unit_code="UN",
            diagnoses=("G43909",), date_from=date(2026, 11, 2),
        ),
    ),
)  # fmt: skip
(LINE,) = CLAIM.lines

Scrub = Callable[..., Result]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation of its own, as the command finds it."""
    monkeypatch.setenv("TALLYSTICK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TALLYSTICK_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("TALLYSTICK_KEY", "5a" * 32)
    monkeypatch.delenv("TALLYSTICK_DATABASE_URL", raising=False)
    return Settings.load()


@pytest.fixture
def clinic(settings: Settings) -> Settings:
    """The sample clinic: its own authorizations and those for the public claims."""
    database = Database.open(settings)
    with database.write("test") as session:
        for name in ("authorizations.csv", "authorizations_real_claims.csv"):
            report = import_authorizations(session, open_table(DEMO / name), "test", NOW)
            assert report.bad_rows == 0
    database.dispose()
    return settings


@pytest.fixture
def scrub(settings: Settings) -> Scrub:
    """Runs the command; paths and options as arguments."""

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(tallystick, ["scrub", *map(str, arguments)], standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        return result

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes claims as a file."""

    def run(*claims: Claim) -> Path:
        path = tmp_path / "claims.837"
        path.write_bytes(render(claims))
        return path

    return run


def told(result: Result) -> list[dict[str, Any]]:
    """The files of the JSON answer."""
    answer = json.loads(result.stdout)
    assert set(answer) == {"files"}
    files: list[dict[str, Any]] = answer["files"]
    return files


def rules(findings: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(finding["rule"], finding["severity"]) for finding in findings}


def findings_by_line(file: dict[str, Any]) -> dict[tuple[str, int], set[tuple[str, str]]]:
    return {
        (claim["claim"], line["line"]): rules(line["findings"])
        for claim in file["claims"]
        for line in claim["lines"]
    }


def test_each_claim_of_the_sample_clinic_differs_in_one_element(clinic: Settings, scrub: Scrub) -> None:
    result = scrub("--json", DEMO / "sample_claims.837")
    (file,) = told(result)
    assert file["problems"] == []
    assert findings_by_line(file) == {
        ("RB-1001", 1): set(),
        ("RB-1002", 1): {("reference_number_missing", "denial")},
        ("RB-1003", 1): {("reference_number_differs", "denial")},
        ("RB-1004", 1): {("procedure_not_approved", "denial")},
        ("RB-1005", 1): {("modifier_not_approved", "denial")},
        ("RB-1006", 1): {("diagnosis_not_approved", "caution")},
        ("RB-1007", 1): {("rendering_provider_differs", "denial")},
        ("RB-1008", 1): {("place_of_service_differs", "denial")},
        ("RB-1009", 1): set(),
        ("RB-1009", 2): {("units_exceed_remaining", "denial")},
        ("RB-1010", 1): {("service_date_outside_window", "denial")},
        ("RB-1011", 1): {("authorization_denied", "denial")},
        ("RB-1012", 1): {("no_authorization", "caution")},
        ("RB-2001", 1): set(),
        ("RB-2002", 1): {("level_of_care_differs", "denial")},
    }
    assert result.return_value == FINDINGS


#: Public file -> claim, line -> the one element in which the sample clinic's authorization differs.
REAL = {
    "scribe_sample_837_provider_roles.edi": ("CLM500", 1, "reference_number_missing", "denial"),
    "tigershark_837i_4010_examples.txt": ("12225850", 1, "reference_number_differs", "denial"),
    "imsweb_x12_valid.txt": ("A37YH556", 1, "procedure_not_approved", "denial"),
    "lfh_837p_demo.example8.837": ("SMI123", 1, "modifier_not_approved", "denial"),
    "scribe_sample_837i_hi_components.edi": ("CLM401", 1, "diagnosis_not_approved", "caution"),
    "staedi_sample837-original.edi": ("945405", 1, "units_exceed_remaining", "denial"),
    "lfh_837p_demo.drug.example10.1.837": ("CLMNO12345", 2, "service_date_outside_window", "denial"),
    "lfh_837p_demo.autoaccident.837": ("900000032", 2, "place_of_service_differs", "denial"),
    "scribe_stroke_encounter_professional_837.edi": (
        "CLM-STROKE-RAD-PRO-001", 3, "rendering_provider_differs", "denial",
    ),
    "lfh_837i_institutional-claim.837i": ("756048Q", 1, "authorization_denied", "denial"),
    "lfh_837i_ppo-repriced-claim.837i": ("456DFH43", 2, "level_of_care_differs", "denial"),
}  # fmt: skip

#: Most public claims carry no number, and the sample's authorizations then have none: that is said beside.
NO_NUMBER_YET = ("reference_number_missing", "caution")


@needs_shared_data
@pytest.mark.parametrize("name", REAL)
def test_of_a_public_claim_the_one_element_that_differs_is_found(
    name: str, clinic: Settings, scrub: Scrub
) -> None:
    claim, line, rule, severity = REAL[name]
    result = scrub("--json", SHARED / "x12_837" / name)
    found = findings_by_line(told(result)[0])[claim, line]
    assert found - {NO_NUMBER_YET} == {(rule, severity)}
    assert result.return_value == (FINDINGS if severity == "denial" else FINE)


@needs_shared_data
def test_every_public_file_is_read_and_nothing_would_be_denied_on_an_empty_record(scrub: Scrub) -> None:
    names = [SHARED / name for name in expected("x12_837")]
    result = scrub("--json", *names)
    files = {Path(file["file"]).name: file for file in told(result)}
    assert len(files) == 26
    counts = {
        f"x12_837/{name}": (len(file["claims"]), sum(len(c["lines"]) for c in file["claims"]))
        for name, file in files.items()
    }
    assert counts == {n: (e.get("claims", 0), e.get("lines", 0)) for n, e in expected("x12_837").items()}
    assert "277CA" in files["imsweb_277CA_accepted.txt"]["problems"][0]["message"]
    verdicts = {c["verdict"] for file in files.values() for c in file["claims"]}
    assert verdicts <= {"no_authorization", "undetermined"}
    assert result.return_value == FINE


def test_a_line_tells_what_the_claim_states(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    line = replace(LINE, modifiers=("26",), referral_number="R1", date_to=date(2026, 11, 3))
    (file,) = told(scrub("--json", write(replace(CLAIM, rendering_npi=None, lines=(line,)))))
    (claim,) = file["claims"]
    (shown,) = claim["lines"]
    assert {key: shown[key] for key in shown if key not in ("findings", "authorization_id", "verdict")} == {
        "line": 1, "code": "70551", "modifiers": ["26"], "revenue_code": None, "ndc": None, "units": 1,
        "unit": "units", "unit_code": "UN", "date_from": "2026-11-02", "date_to": "2026-11-03", "pos": "11",
        "diagnoses": ["G43909"], "rendering_npi": "1992999957", "billing_npi": "1992999957",
        "facility_npi": None, "reference_number": "EH7700101", "referral_number": "R1",
    }  # fmt: skip
    assert claim["claim"] == "RB-9001"
    assert isinstance(shown["authorization_id"], int)


def test_a_clean_claim_exits_0_and_the_table_says_so(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    result = scrub(write(CLAIM))
    assert "1 claim, nothing that differs." in result.stdout
    assert "0 would be denied" in result.stdout
    assert result.return_value == FINE


def test_the_table_names_what_differs_the_next_step_and_the_likely_denial(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    result = scrub(write(replace(CLAIM, rendering_npi="1003000126")))
    words = " ".join(result.stdout.replace("│", " ").split())
    for expected_words in ("RB-9001", "70551", "2026-11-02", "would be denied", "296"):
        assert expected_words in words
    assert "approved 1234567893" in words
    assert result.return_value == FINDINGS


def test_units_of_earlier_lines_and_claims_count(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    again = replace(CLAIM, id="RB-9002")
    (file,) = told(scrub("--json", write(CLAIM, again)))
    assert [claim["verdict"] for claim in file["claims"]] == ["match", "mismatch"]
    assert rules(file["claims"][1]["findings"]) == {("units_exceed_remaining", "denial")}


def test_a_void_claim_takes_no_units_and_is_not_checked_for_them(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    line = replace(LINE, quantity=Decimal(50))
    void = replace(CLAIM, frequency="8", original_claim_number="PAYER77", lines=(line,))
    (file,) = told(scrub("--json", write(void, CLAIM)))
    assert [claim["verdict"] for claim in file["claims"]] == ["match", "match"]


def test_a_replacement_that_names_no_earlier_claim_would_be_denied(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    result = scrub("--json", write(replace(CLAIM, frequency="7")))
    (claim,) = told(result)[0]["claims"]
    assert rules(claim["findings"]) == {("original_claim_named", "denial")}
    assert claim["verdict"] == "mismatch"
    assert result.return_value == FINDINGS


def test_another_procedure_beside_the_authorized_one_is_a_service_of_its_own(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    visit = replace(LINE, number=2, code="99213")
    result = scrub("--json", write(replace(CLAIM, lines=(LINE, visit))))
    assert findings_by_line(told(result)[0]) == {
        ("RB-9001", 1): set(),
        ("RB-9001", 2): {("no_authorization", "caution")},
    }
    assert result.return_value == FINE


def test_a_placeholder_number_is_not_taken_for_the_number(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    result = scrub("--json", write(replace(CLAIM, reference_number="NPN")))
    (file,) = told(result)
    assert rules(file["claims"][0]["findings"]) == {("reference_number_missing", "denial")}
    assert file["claims"][0]["lines"][0]["reference_number"] == "NPN"
    assert "placeholder" in file["problems"][0]["message"]
    assert file["problems"][0]["claim"] == "RB-9001"


def test_a_bad_file_is_listed_and_the_others_are_still_done(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path], tmp_path: Path
) -> None:
    garbage = tmp_path / "picture.837"
    garbage.write_bytes(bytes(range(256)) * 8)
    result = scrub("--json", tmp_path / "absent.837", garbage, write(CLAIM))
    absent, spoilt, good = told(result)
    assert absent["problems"][0]["message"].startswith("The file could not be read")
    assert spoilt["problems"][0]["message"].startswith("This is not an X12 file")
    assert [claim["verdict"] for claim in good["claims"]] == ["match"]
    assert result.return_value == COULD_NOT


def test_a_file_of_another_transaction_alone_could_not_be_scrubbed(scrub: Scrub, tmp_path: Path) -> None:
    path = tmp_path / "ack.837"
    path.write_bytes(render([CLAIM]).replace(b"ST*837*0001*005010X222A1", b"ST*277*0001*005010X214"))
    result = scrub(path)
    assert "This is a claim acknowledgment (277CA), not claims (837)" in " ".join(result.stdout.split())
    assert result.return_value == COULD_NOT


def test_a_cut_claim_is_checked_and_said(clinic: Settings, scrub: Scrub, write: Callable[..., Path]) -> None:
    path = write(CLAIM)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"DTP*472")])
    (file,) = told(scrub("--json", path))
    assert file["claims"][0]["lines"][0]["code"] == "70551"
    assert "The file ends or is cut within this claim" in {p["message"] for p in file["problems"]}


def test_a_claim_billed_after_the_authorization_ended_is_judged_by_its_dates_of_service(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    (file,) = told(scrub("--json", "--today", "2027-06-01", write(CLAIM)))
    assert file["claims"][0]["verdict"] == "match"


def test_lines_without_an_authorization_are_listed_apart_from_what_differs(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    nobody = Patient("XYZ100200399", "Halvorsen", "Dmitri", date(1999, 1, 1))
    lines = (LINE, replace(LINE, number=2, code="99213", modifiers=("25",)))
    claim = replace(CLAIM, subscriber=nobody, patient=nobody, reference_number=None, lines=lines)
    result = scrub(write(claim))
    assert "claim RB-9001, line 1 (70551), 2 (99213 25)" in result.stdout
    assert result.return_value == FINE


def test_a_number_that_is_not_on_file_is_to_be_looked_at(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    nobody = Patient("XYZ100200399", "Halvorsen", "Dmitri", date(1999, 1, 1))
    result = scrub("--json", write(replace(CLAIM, subscriber=nobody, patient=nobody, reference_number="EH1")))
    (claim,) = told(result)[0]["claims"]
    assert claim["verdict"] == "no_authorization"
    assert rules(claim["findings"]) == {("no_authorization", "caution")}
    assert result.return_value == FINE


def test_an_authorization_of_another_payer_for_another_procedure_is_not_this_services(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    visit = replace(LINE, code="99213")
    claim = replace(
        CLAIM, payer_id="BLM02", payer_name="Blue Meridian", reference_number=None, lines=(visit,)
    )
    result = scrub("--json", write(claim))
    assert rules(told(result)[0]["claims"][0]["findings"]) == {("no_authorization", "caution")}
    assert result.return_value == FINE


def test_every_line_is_kept_as_a_check_and_every_sight_is_in_the_audit_chain(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    scrub(write(CLAIM, replace(CLAIM, id="RB-9002", lines=(LINE, replace(LINE, number=2, code="99213")))))
    database = Database.open(clinic)
    with database.read() as session:
        kept = session.execute(
            select(CheckRecord.checkpoint, func.count()).group_by(CheckRecord.checkpoint)
        ).all()
        assert [tuple(row) for row in kept] == [("claim", 3)]
        chain = audit.verify(session)
    assert chain.findings == ()
    assert chain.entries >= 26  # one an imported authorization, one a claim
    database.dispose()


def test_no_patient_stands_in_what_is_printed(
    clinic: Settings, scrub: Scrub, write: Callable[..., Path]
) -> None:
    path = write(replace(CLAIM, reference_number=None))
    for result in (scrub(path), scrub("--json", path)):
        assert "Lindqvist" not in result.output
        assert "XYZ100200301" not in result.output
        assert "1961" not in result.output


def test_help_documents_exit_codes_with_an_example() -> None:
    text = CliRunner().invoke(tallystick, ["scrub", "--help"]).output
    assert "Example: tallystick scrub claims.837" in text
    assert "Exit codes:" in text
    assert '"files"' in text
