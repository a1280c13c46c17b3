"""837 claims: what is read from which loop, what is said of what cannot be read, the public sample files."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal_profiles.vocabulary import Unit
from server.interchange.claims import (
    Claim,
    ClaimKind,
    ClaimLine,
    Diagnosis,
    DiagnosisRole,
    OtherPayer,
)
from server.interchange.claims_837 import ClaimFile, ClaimReader, read_claims
from server.matching.facts import Patient
from tests.server.interchange.shared_data import SHARED, expected, needs_shared_data
from tests.server.interchange.write_837 import UNIT_WORDS, Style, render

ADA = Patient("XYZ100200301", "Lindqvist", "Ada", date(1961, 3, 12))
ESTHER = Patient("XYZ100200301", "Nakamura", "Esther", date(2001, 2, 28))
LINE = ClaimLine(
    number=1,
    code="70551",
    code_qualifier="HC",
    modifiers=("26", "LT"),
    charge=Decimal("950"),
    quantity=Decimal(1),
    unit=Unit.UNITS,
    unit_code="UN",
    diagnoses=("M545",),
    date_from=date(2026, 3, 4),
)
CLAIM = Claim(
    id="RB-1",
    kind=ClaimKind.PROFESSIONAL,
    version="005010X222A1",
    frequency="1",
    charge=Decimal("950"),
    place_of_service="11",
    payer_id="EXH01",
    payer_name="Example Health",
    responsibility="P",
    subscriber=ADA,
    patient=ADA,
    reference_number="EH7700001",
    diagnoses=(Diagnosis("G43909", DiagnosisRole.PRINCIPAL), Diagnosis("M545", DiagnosisRole.OTHER)),
    billing_npi="1992999957",
    rendering_npi="1234567893",
    lines=(LINE,),
)
STAY = replace(
    CLAIM,
    kind=ClaimKind.INSTITUTIONAL,
    version="005010X223A2",
    place_of_service=None,
    type_of_bill="111",
    statement_from=date(2026, 3, 1),
    statement_to=date(2026, 3, 5),
    admission_date=date(2026, 3, 1),
    rendering_npi=None,
    attending_npi="1234567893",
    lines=(
        replace(LINE, code=None, code_qualifier=None, modifiers=(), revenue_code="0120", unit=Unit.DAYS,
                unit_code="DA", quantity=Decimal(4), diagnoses=(), date_from=None),
    ),
)  # fmt: skip


def read(content: bytes | str) -> ClaimFile:
    reader = ClaimReader(io.BytesIO(content.encode() if isinstance(content, str) else content))
    claims = tuple(reader)
    return ClaimFile(claims, tuple(reader.problems), tuple(reader.transactions), reader.segment_count)


def edited(claim: Claim, old: str, new: str) -> Claim:
    """The one claim read from the claim's file with one text replaced."""
    text = render([claim]).decode()
    assert old in text
    (found,) = read(text.replace(old, new)).claims
    return found


def messages(claim: Claim) -> list[str]:
    return [problem.message for problem in claim.problems]


@needs_shared_data
@pytest.mark.parametrize("name", [n.removeprefix("x12_837/") for n in expected("x12_837")])
def test_every_public_file_has_the_independently_counted_claims_and_lines(name: str) -> None:
    found = read_claims(SHARED / "x12_837" / name)
    counts = expected("x12_837")[f"x12_837/{name}"]
    assert len(found.claims) == counts.get("claims", 0)
    assert sum(len(claim.lines) for claim in found.claims) == counts.get("lines", 0)
    assert found.segment_count == counts["segments"]
    assert len(found.transactions) == counts["ST_count"]


@needs_shared_data
def test_the_public_files_are_twenty_six() -> None:
    assert len(expected("x12_837")) == 26


def test_a_professional_claim_is_read_whole() -> None:
    found = read(render([CLAIM]))
    assert found.problems == ()
    assert found.claims == (CLAIM,)


def test_an_institutional_claim_is_read_whole() -> None:
    assert read(render([STAY])).claims == (STAY,)


def test_another_payers_numbers_are_kept_apart() -> None:
    other = OtherPayer("BLM02", "Blue Meridian", "S", "BM5550001", "BMR1")
    (found,) = read(render([replace(CLAIM, reference_number=None, other_payers=(other,))])).claims
    assert found.reference_number is None
    assert found.referral_number is None
    assert found.other_payers == (other,)


def test_a_line_number_that_ref04_gives_to_another_payer_is_not_the_lines() -> None:
    line = replace(LINE, other_payers=(OtherPayer("BLM02", reference_number="BM5550001"),))
    (found,) = read(render([replace(CLAIM, lines=(line,))])).claims
    assert found.lines[0].reference_number is None
    assert found.lines[0].other_payers == line.other_payers


def test_numbers_at_line_level_are_the_lines_own() -> None:
    line = replace(LINE, reference_number="EH7700002", referral_number="R1")
    (found,) = read(render([replace(CLAIM, referral_number="R0", lines=(line,))])).claims
    assert (found.reference_number, found.referral_number) == ("EH7700001", "R0")
    assert (found.lines[0].reference_number, found.lines[0].referral_number) == ("EH7700002", "R1")


def test_a_number_at_line_level_of_an_institutional_claim_is_said_and_not_read() -> None:
    found = edited(STAY, "LX*1~\n", "LX*1~\nREF*G1*EH7700002~\n")
    assert found.lines[0].reference_number is None
    assert "An institutional claim has no REF*G1 at line level; it is not read" in messages(found)


def test_a_number_in_a_providers_loop_is_read_and_said() -> None:
    claim = replace(CLAIM, reference_number=None)
    found = edited(claim, "REF*0B*STATE7", "REF*G1*EH7700001")
    assert found.reference_number == "EH7700001"
    assert messages(found) == ["REF*G1 stands in a provider's loop; read as if it stood before the providers"]


@pytest.mark.parametrize("number", ["NPN", "99999999", "XXXXX 9999999999", "000000", "X9999999"])
def test_a_placeholder_number_is_kept_and_said_not_to_be_trusted(number: str) -> None:
    found = edited(CLAIM, "EH7700001", number)
    assert found.reference_number == number
    assert messages(found) == ["REF*G1 holds a placeholder, not a number that a payer issued: not trusted"]


def test_the_dependent_is_the_patient_under_the_subscribers_member_id() -> None:
    (found,) = read(render([replace(CLAIM, patient=ESTHER)])).claims
    assert found.subscriber == ADA
    assert found.patient == ESTHER
    assert found.problems == ()


def test_a_dependents_own_id_is_kept_beside_the_subscribers() -> None:
    (found,) = read(render([replace(CLAIM, patient=ESTHER, patient_own_id="OWN9")])).claims
    assert found.patient.member_id == "XYZ100200301"
    assert found.patient_own_id == "OWN9"


def test_one_patient_never_leaks_into_the_next() -> None:
    other = Patient("XYZ100200302", "Okafor", "Bruno", date(1978, 11, 5))
    claims = [
        replace(CLAIM, patient=ESTHER),
        replace(CLAIM, id="RB-2", subscriber=other, patient=other, payer_id="BLM02"),
        replace(CLAIM, id="RB-3", payer_id=None, payer_name="Example Health"),
    ]
    found = read(render(claims)).claims
    assert [(c.patient, c.payer_id) for c in found] == [(c.patient, c.payer_id) for c in claims]


def test_a_file_without_hl_is_grouped_by_its_names() -> None:
    second = Patient("XYZ100200302", "Okafor", "Bruno", date(1978, 11, 5))
    text = render([CLAIM, replace(CLAIM, id="RB-2", subscriber=second, patient=second)]).decode()
    one_set = "".join(
        line + "\n" for line in text.splitlines() if not line.startswith(("HL*", "SE*", "GE*", "IEA*"))
    )
    one_set = one_set.replace("ST*837*0002*005010X222A1~\nBHT*0019*00*2*20260301*0900*CH~\n", "")
    found = read(one_set)
    assert [(c.id, c.patient, c.payer_id) for c in found.claims] == [
        ("RB-1", ADA, "EXH01"),
        ("RB-2", second, "EXH01"),
    ]


def test_a_name_before_the_service_segment_belongs_to_the_line() -> None:
    text = render(
        [replace(CLAIM, rendering_npi=None, lines=(replace(LINE, rendering_npi="1003000126"),))]
    ).decode()
    name = "NM1*82*1*Salim*Noor****XX*1003000126~\n"
    (found,) = read(text.replace(name, "").replace("LX*1~\n", "LX*1~\n" + name)).claims
    assert found.rendering_npi is None
    assert found.lines[0].rendering_npi == "1003000126"
    assert found.lines[0].date_from == LINE.date_from


def test_dates_of_the_adjudication_are_not_the_lines() -> None:
    found = edited(CLAIM, "DTP*472*D8*20260304~\n", "SVD*BLM02*50*HC:70551**1~\nDTP*573*D8*20260401~\n")
    assert found.lines[0].date_from is None
    assert messages(found) == ["The line has no service date that can be read (DTP*472)"]


def test_a_range_of_one_day_is_one_day() -> None:
    found = edited(CLAIM, "D8*20260304", "RD8*20260304-20260304")
    assert (found.lines[0].date_from, found.lines[0].date_to) == (date(2026, 3, 4), None)


def test_an_admission_with_its_hour_is_the_day() -> None:
    assert edited(STAY, "435*D8*20260301", "435*DT*202603011430").admission_date == date(2026, 3, 1)


@pytest.mark.parametrize(
    "text", ["D8*20260231", "D8*999999999999", "TM*1130", "RD8*20260305-20260304", "D8*"]
)
def test_a_date_that_is_none_is_said_with_its_line(text: str) -> None:
    found = edited(CLAIM, "D8*20260304", text)
    assert found.lines[0].date_from is None
    assert len(found.problems) == 1
    assert found.problems[0].line == 1
    assert found.problems[0].place is not None
    assert found.problems[0].place.segment_id == "DTP"


def test_a_place_of_service_that_the_line_states_is_the_lines() -> None:
    (found,) = read(render([replace(CLAIM, lines=(replace(LINE, place_of_service="22"),))])).claims
    assert (found.place_of_service, found.lines[0].place_of_service) == ("11", "22")


def test_a_type_of_bill_ends_with_the_frequency() -> None:
    found = edited(
        replace(STAY, original_claim_number="PAYER1"), "CLM*RB-1*950***11:A:1", "CLM*RB-1*950***11:A:7"
    )
    assert (found.type_of_bill, found.frequency, found.place_of_service) == ("117", "7", None)
    assert found.problems == ()


def test_an_institutional_claim_with_a_place_of_service_is_said() -> None:
    found = edited(STAY, "11:A:1", "11:B:1")
    assert (found.type_of_bill, found.place_of_service) == (None, "11")
    assert messages(found) == [
        "CLM05-2 is B: an institutional claim states a place of service, not a type of bill"
    ]


@pytest.mark.parametrize("frequency", ["7", "8"])
def test_a_replacement_or_void_without_the_payers_claim_number_is_said(frequency: str) -> None:
    found = edited(CLAIM, "11:B:1", f"11:B:{frequency}")
    assert messages(found) == [
        f"Frequency {frequency} needs the payer's claim number (REF*F8), which is missing"
    ]


def test_diagnoses_in_one_segment_or_many_read_the_same() -> None:
    together = edited(CLAIM, "HI*ABK:G43909~\nHI*ABF:M545~\n", "HI*ABK:G43909*ABF:M545*BG:01*DR:470~\n")
    assert together.diagnoses == CLAIM.diagnoses
    assert together.problems == ()


def test_a_diagnosis_in_two_elements_is_read_as_a_pair_and_said() -> None:
    found = edited(CLAIM, "HI*ABK:G43909~\nHI*ABF:M545~\n", "HI*ABK*G43909*ABF:M545~\n")
    assert found.diagnoses == CLAIM.diagnoses
    assert messages(found) == ["HI has qualifier and code in elements of their own; read as a pair"]


def test_a_diagnosis_with_an_unknown_qualifier_is_said() -> None:
    found = edited(replace(CLAIM, lines=(replace(LINE, diagnoses=("G43909",)),)), "ABF:M545", "XX:99999")
    assert found.diagnoses == CLAIM.diagnoses[:1]
    assert len(found.problems) == 1
    assert "HI01" in found.problems[0].message


def test_a_pointer_to_no_diagnosis_is_said() -> None:
    found = edited(CLAIM, "UN*1***2~", "UN*1***2:5~")
    assert found.lines[0].diagnoses == ("M545",)
    assert messages(found) == ["A diagnosis pointer points to no diagnosis of the claim"]


def test_an_unknown_unit_is_kept_as_the_files_word() -> None:
    found = edited(CLAIM, "*UN*1*", "*F2*1*")
    assert (found.lines[0].unit, found.lines[0].unit_code, found.lines[0].quantity) == (
        None,
        "F2",
        Decimal(1),
    )
    assert messages(found) == ["SV103 is no known unit; it is kept as it stands"]


def test_a_quantity_that_is_no_number_is_said() -> None:
    found = edited(CLAIM, "*UN*1*", "*UN*one*")
    assert found.lines[0].quantity is None
    assert messages(found) == ["SV104 is not a number"]


def test_a_drug_is_read_with_its_quantity() -> None:
    line = replace(LINE, ndc="00026063512", ndc_quantity=Decimal("10.5"), ndc_unit="ML")
    assert read(render([replace(CLAIM, lines=(line,))])).claims[0].lines == (line,)


def test_a_dental_line_is_read() -> None:
    text = render([CLAIM]).decode().replace("X222A1", "X224A2")
    text = text.replace("SV1*HC:70551:26:LT*950*UN*1***2", "SV3*AD:D2740*950****1")
    (found,) = read(text).claims
    assert found.kind is ClaimKind.DENTAL
    line = found.lines[0]
    assert (line.code_qualifier, line.code, line.quantity, line.unit) == (
        "AD",
        "D2740",
        Decimal(1),
        Unit.UNITS,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("XX*1992999957", "24*1992999957", "NM109 of NM1*85 is not an NPI (NM108 is not XX)"),
        ("XX*1992999957", "XX*19929", "NM109 of NM1*85 is not ten digits"),
        ("NM1*PR*2*Example Health*****PI*EXH01~\n", "", "The payer (NM1*PR) is missing"),
        ("****MI*XYZ100200301", "", "NM109 of the subscriber is empty: no member ID"),
        ("CLM*RB-1*", "CLM**", "CLM01 is empty: the claim has no number of its own"),
        ("11:B:1", "", "CLM05-1 is empty: no place of service or type of bill"),
        ("SV1*HC:70551:26:LT*", "SV1**", "The line has neither a procedure nor a revenue code"),
        ("HC:70551", "XX:70551", "SV101-1 is no known kind of code; the code is kept as it stands"),
        ("SV1*HC:70551:26:LT*950*UN*1***2~\n", "", "The line has no service segment (SV1, SV2 or SV3)"),
        ("NM1*82*1", "NM1**1", "NM101 is empty: whose name this is cannot be told"),
        ("19610312", "19611312", "DMG02 is not a date"),
        ("LX*1~", "LX*one~", "The line has no number (LX01)"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_claim_is_kept(old: str, new: str, message: str) -> None:
    found = edited(CLAIM, old, new)
    assert message in messages(found)
    assert all(problem.place is not None for problem in found.problems)


def test_a_claim_without_lines_is_kept_and_said() -> None:
    text = render([CLAIM]).decode()
    (found,) = read(text[: text.index("LX*")] + text[text.index("SE*") :]).claims
    assert (found.id, found.lines) == ("RB-1", ())
    assert messages(found) == ["The claim has no service line"]


def test_a_claim_that_the_files_end_cuts_is_kept_and_said() -> None:
    text = render([CLAIM]).decode()
    found = read(text[: text.index("DTP*472")])
    assert found.claims[0].lines[0].code == "70551"
    assert "The file ends or is cut within this claim" in messages(found.claims[0])


def test_another_component_separator_than_declared_is_read_and_said() -> None:
    text = render([CLAIM]).decode()
    head, body = text[: text.index("CLM*")], text[text.index("CLM*") :]
    (found,) = read(head + body.replace(":", ">")).claims
    assert found == replace(CLAIM, problems=found.problems)
    assert messages(found) == ["Components are separated by '>', ISA16 declares ':'; read as used"]


@pytest.mark.parametrize(
    ("st_segment", "words"),
    [
        ("ST*277*0001*005010X214", "a claim acknowledgment (277CA)"),
        ("ST*835*0001", "a remittance advice (835)"),
        ("ST*278*0001*005010X217", "an authorization request or response (278)"),
        ("ST*123*0001", "a transaction this command does not know"),
    ],
)
def test_another_transaction_is_named(st_segment: str, words: str) -> None:
    text = render([CLAIM]).decode().replace("ST*837*0001*005010X222A1", st_segment)
    found = read(text)
    assert found.claims == ()
    assert [p.message for p in found.problems] == [f"This is {words}, not claims (837)"]


def test_claims_beside_another_transaction_are_still_read() -> None:
    text = render([CLAIM, CLAIM]).decode().replace("ST*837*0001", "ST*835*0001")
    assert [c.id for c in read(text).claims] == ["RB-1"]


def test_version_4010_is_told_by_ref_87() -> None:
    text = render([STAY]).decode().replace("*005010X223A2", "").replace("X222A1", "")
    text = text.replace("HL*1**20*1", "REF*87*004010X096A1~\nHL*1**20*1")
    (found,) = read(text).claims
    assert found == replace(STAY, version="004010X096A1")


def test_the_bytes_of_the_number_are_found_again() -> None:
    content = render([CLAIM], Style(terminator="~\r\n", bom=True))
    span = read(content).claims[0].reference_span
    assert span is not None
    assert content[span.offset : span.offset + span.length] == b"REF*G1*EH7700001"


# Properties

words = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=2, max_size=12)
npis = st.sampled_from(["1234567893", "1003000126", "1992999957"])
numbers = st.from_regex(r"[A-Z]{2}[1-8][0-8]{3,8}", fullmatch=True)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
amounts = st.decimals(0, 99999, places=2)
names = st.text("abcdefghijklmnopqrstuvwxyzäöüñé", min_size=2, max_size=12).map(str.title)


def perhaps(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    return Patient(draw(words), draw(names), draw(names), draw(st.none() | days))


@st.composite
def lines(draw: st.DrawFn, number: int, kind: ClaimKind, codes: list[str]) -> ClaimLine:
    institutional = kind is ClaimKind.INSTITUTIONAL
    first = draw(days)
    length = draw(st.integers(0, 30))
    unit = draw(st.sampled_from(list(UNIT_WORDS)))
    code = draw(st.from_regex(r"[0-9]{5}", fullmatch=True))
    other = OtherPayer(draw(words), reference_number=draw(numbers))
    ndc = draw(perhaps(st.from_regex(r"[0-9]{11}", fullmatch=True)))
    return ClaimLine(
        number=number,
        code=code,
        code_end=draw(st.none() | st.just("99999")),
        code_qualifier="HC",
        modifiers=tuple(draw(st.lists(st.sampled_from(["26", "TC", "LT", "59"]), max_size=4))),
        revenue_code=draw(st.sampled_from(["0120", "0450"])) if institutional else None,
        charge=draw(amounts),
        quantity=draw(amounts),
        unit=unit,
        unit_code=UNIT_WORDS[unit],
        place_of_service=None if institutional else draw(perhaps(st.sampled_from(["11", "22"]))),
        diagnoses=()
        if institutional
        else tuple(draw(st.lists(st.sampled_from(codes), max_size=4, unique=True))),
        date_from=first,
        date_to=first + timedelta(length) if length else None,
        rendering_npi=draw(perhaps(npis)),
        facility_npi=draw(perhaps(npis)),
        ordering_npi=draw(perhaps(npis)),
        referring_npi=draw(perhaps(npis)),
        supervising_npi=draw(perhaps(npis)),
        reference_number=None if institutional else draw(perhaps(numbers)),
        referral_number=None if institutional else draw(perhaps(numbers)),
        other_payers=(other,) if not institutional and draw(st.booleans()) else (),
        control_number=draw(perhaps(words)),
        ndc=ndc,
        ndc_quantity=draw(amounts) if ndc else None,
        ndc_unit=draw(st.sampled_from(["ML", "UN"])) if ndc else None,
    )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    kind = draw(st.sampled_from([ClaimKind.PROFESSIONAL, ClaimKind.INSTITUTIONAL]))
    institutional = kind is ClaimKind.INSTITUTIONAL
    codes = draw(
        st.lists(st.from_regex(r"[A-T][0-9]{2,5}", fullmatch=True), min_size=1, max_size=6, unique=True)
    )
    icd = draw(st.sampled_from([9, 10]))
    roles = [DiagnosisRole.PRINCIPAL, *[DiagnosisRole.OTHER] * (len(codes) - 1)]
    diagnoses = [Diagnosis(code, role, icd) for code, role in zip(codes, roles, strict=True)]
    if institutional:
        diagnoses.append(Diagnosis("R079", draw(st.sampled_from(list(DiagnosisRole)[2:])), icd))
    subscriber = draw(patients())
    dependent = draw(st.booleans())
    patient = replace(draw(patients()), member_id=subscriber.member_id) if dependent else subscriber
    frequency = draw(st.sampled_from(["1", "7", "8"]))
    statement = draw(days)
    others = st.builds(OtherPayer, words, words, st.sampled_from("PST"), perhaps(numbers), perhaps(numbers))
    return Claim(
        id=draw(words),
        kind=kind,
        version="005010X223A2" if institutional else "005010X222A1",
        frequency=frequency,
        charge=draw(amounts),
        place_of_service=None if institutional else draw(st.sampled_from(["11", "12", "22"])),
        type_of_bill=draw(st.sampled_from(["11", "13"])) + frequency if institutional else None,
        payer_id=draw(words),
        payer_name=draw(words),
        responsibility=draw(st.sampled_from("PST")),
        group_name=draw(perhaps(words)),
        subscriber=subscriber,
        patient=patient,
        patient_own_id=draw(perhaps(words)) if patient != subscriber else None,
        reference_number=draw(perhaps(numbers)),
        referral_number=draw(perhaps(numbers)),
        peer_review_number=draw(perhaps(numbers)),
        original_claim_number=draw(perhaps(words) if frequency == "1" else words),
        other_payers=tuple(draw(st.lists(others, max_size=2))),
        diagnoses=tuple(diagnoses),
        statement_from=statement if institutional else None,
        statement_to=statement + timedelta(3) if institutional else None,
        admission_date=statement if institutional else None,
        billing_npi=draw(npis),
        rendering_npi=draw(perhaps(npis)),
        attending_npi=draw(perhaps(npis)),
        operating_npi=draw(perhaps(npis)),
        other_operating_npi=draw(perhaps(npis)),
        referring_npi=draw(perhaps(npis)),
        supervising_npi=draw(perhaps(npis)),
        facility_npi=draw(perhaps(npis)),
        lines=tuple(draw(lines(n, kind, codes)) for n in range(1, draw(st.integers(1, 4)) + 1)),
    )


styles = st.builds(
    Style,
    element=st.sampled_from("*|~"),
    component=st.sampled_from(":><^"),
    terminator=st.sampled_from(["~", "~\n", "\n", "\r\n", "\n~", "'"]),
    indent=st.sampled_from(["", "  ", "\t"]),
    bom=st.booleans(),
    envelope=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(claims(), min_size=1, max_size=3), styles)
def test_any_claims_written_in_any_style_read_back_equal(wanted: list[Claim], style: Style) -> None:
    assume(style.element not in style.terminator)
    found = read(render(wanted, style))
    assert found.problems == ()
    assert list(found.claims) == wanted


@settings(max_examples=60, deadline=None)
@given(claims(), st.data())
def test_a_file_cut_anywhere_gives_problems_and_never_a_crash(claim: Claim, data: st.DataObject) -> None:
    content = render([claim], Style(terminator="~"))
    at = data.draw(st.integers(0, content.index(b"SE*")))
    found = read(content[:at])
    assert found.problems
    if content[:at].count(b"~CLM*"):
        assert len(found.claims) == 1
        assert found.claims[0].problems


@settings(max_examples=60, deadline=None)
@given(claims(), st.data())
def test_spoilt_bytes_never_crash_the_reader_nor_lose_a_later_claim(
    claim: Claim, data: st.DataObject
) -> None:
    content = bytearray(render([claim], Style(terminator="~")))
    start = content.index(b"CLM*") + 4
    spoilt = data.draw(st.integers(start, content.index(b"SE*") - 2))
    content[spoilt] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in b"~"))
    found = read(bytes(content) + render([CLAIM]))
    assert found.claims[-1] == CLAIM
