"""What holds for every service and authorization, not only for the examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal_profiles.vocabulary import Determination, FieldName, LevelOfCare, Unit
from server.matching import cast
from server.matching.engine import check, checked_fields, choose, evaluate
from server.matching.facts import (
    ApprovedLine,
    Authorization,
    Patient,
    Policy,
    ReferenceNumber,
    Service,
)
from server.matching.finding import Severity, Verdict
from server.matching.rule import EXAMPLE_DAY

POLICY = Policy(today=EXAMPLE_DAY)

#: Drawing whole authorizations is slow beside checking them: fewer cases, and no limit on one.
few = settings(max_examples=50, deadline=None)

NPIS = (cast.INDIVIDUAL_NPI, cast.OTHER_INDIVIDUAL_NPI, cast.GROUP_NPI)
PLACE_AND_LEVEL = (
    ("11", LevelOfCare.OUTPATIENT),
    ("21", LevelOfCare.INPATIENT),
    ("22", LevelOfCare.OBSERVATION),
    ("22", LevelOfCare.OUTPATIENT),
    ("24", LevelOfCare.OUTPATIENT),
)

CODES = ("70551", "97110", "0042T", "0240U", "J1745", "K0001", "G0378", "A0427")

days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
patients = st.sampled_from(
    (
        cast.ADA,
        cast.BRUNO,
        Patient("XYZ100200303", "Tevez", "Carmen", date(1990, 7, 4)),
        Patient("XYZ100200304", "Halvorsen", "Dmitri", date(1955, 12, 30)),
    )
)


@st.composite
def lines(draw: st.DrawFn, code: str, number: int) -> ApprovedLine:
    quantity, left = draw(st.integers(2, 40)), draw(st.integers(1, 2))
    return ApprovedLine(
        code=code,
        modifiers=draw(st.sampled_from(((), ("RT",), ("LT",), ("26",), ("59",), ("RR",)))),
        quantity=Decimal(quantity),
        unit=draw(st.sampled_from(Unit)),
        used=draw(st.sampled_from((None, Decimal(0), Decimal(quantity - left)))),
        number=number,
    )


@st.composite
def authorizations(draw: st.DrawFn, most_lines: int = 3) -> Authorization:
    """An approved authorization with everything stated, of one to three lines."""
    place, level = draw(st.sampled_from(PLACE_AND_LEVEL))
    effective = draw(days)
    lined = draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=most_lines, unique=True))
    return Authorization(
        id="1",
        payer_id="EXH01",
        payer_name="Example Health",
        plan="Gold PPO",
        patient=draw(patients),
        determination=draw(st.sampled_from((Determination.APPROVED, Determination.MODIFIED))),
        reference_numbers=(ReferenceNumber("A001"),),
        lines=tuple(draw(lines(code, number)) for number, code in enumerate(lined, start=1)),
        diagnoses=draw(st.sampled_from((("G43.909",), ("M54.50", "I10")))),
        rendering_npis=(draw(st.sampled_from(NPIS)),),
        billing_npi=draw(st.sampled_from(NPIS)),
        facility_npi=draw(st.sampled_from(NPIS)),
        place_of_service=place,
        level_of_care=level,
        effective=effective,
        expiry=effective + timedelta(days=draw(st.integers(0, 200))),
    )


@st.composite
def served(draw: st.DrawFn, most_lines: int = 3) -> tuple[Service, Authorization]:
    """An authorization and a service that is exactly what one of its lines approves."""
    authorization = draw(authorizations(most_lines))
    line = draw(st.sampled_from(authorization.lines))
    assert authorization.effective is not None
    assert authorization.expiry is not None
    assert line.quantity is not None
    first = draw(st.dates(authorization.effective, authorization.expiry))
    left = line.quantity - (line.used or 0)
    service = Service(
        payer_id=authorization.payer_id,
        payer_name=authorization.payer_name,
        plan=authorization.plan,
        patient=authorization.patient,
        reference_number=authorization.reference_numbers[0].value,
        procedure_code=line.code,
        modifiers=line.modifiers,
        quantity=Decimal(draw(st.integers(1, int(left)))),
        unit=line.unit,
        diagnoses=(draw(st.sampled_from(authorization.diagnoses)),),
        rendering_npi=authorization.rendering_npis[0],
        billing_npi=authorization.billing_npi,
        facility_npi=authorization.facility_npi,
        place_of_service=authorization.place_of_service,
        level_of_care=authorization.level_of_care,
        date_from=first,
        date_to=draw(st.one_of(st.none(), st.dates(first, authorization.expiry))),
    )
    return service, authorization


_EMPTY = Service()
_SERVICE_FIELDS = tuple(f.name for f in fields(Service))


def without(service: Service, names: set[str]) -> Service:
    """The service with these attributes as if they had not been entered."""
    return replace(service, **{name: getattr(_EMPTY, name) for name in names})


@few
@given(served())
def test_a_service_built_from_an_authorization_matches(pair: tuple[Service, Authorization]) -> None:
    service, authorization = pair
    result = evaluate(service, [authorization], POLICY)
    assert result.findings == ()
    assert result.verdict is Verdict.MATCH


@few
@given(served(), st.sets(st.sampled_from(_SERVICE_FIELDS)))
def test_what_is_not_entered_gives_no_finding(pair: tuple[Service, Authorization], names: set[str]) -> None:
    service, authorization = pair
    result = evaluate(without(service, names), [authorization], POLICY)
    own = {finding for finding in result.findings if finding.rule != "no_authorization"}
    assert own == set()
    assert result.verdict in (Verdict.MATCH, Verdict.UNDETERMINED)


@few
@given(served(), st.sets(st.sampled_from([f.name for f in fields(Authorization)])))
def test_what_is_not_on_record_gives_no_denial(pair: tuple[Service, Authorization], names: set[str]) -> None:
    service, authorization = pair
    empty = Authorization(id="1")
    kept = names - {"id", "determination"}
    sparse = replace(authorization, **{name: getattr(empty, name) for name in kept})
    assert check(service, sparse, POLICY) == ()


@few
@given(served(), st.sets(st.sampled_from(_SERVICE_FIELDS)))
def test_only_what_both_sides_know_is_called_checked(
    pair: tuple[Service, Authorization], names: set[str]
) -> None:
    service, authorization = pair
    checked = checked_fields(without(service, names), authorization)
    known = {
        FieldName.PROCEDURE_CODE: "procedure_code",
        FieldName.RENDERING_NPI: "rendering_npi",
        FieldName.PLAN: "plan",
        FieldName.DIAGNOSES: "diagnoses",
        FieldName.MEMBER_ID: "patient",
        FieldName.REFERENCE_NUMBER: "reference_number",
        FieldName.PLACE_OF_SERVICE: "place_of_service",
    }
    for field, name in known.items():
        assert (field in checked) is (name not in names)


def _another_code(service: Service, _: Authorization) -> dict[str, Any]:
    return {"procedure_code": "Z9999"}


def _another_member(service: Service, _: Authorization) -> dict[str, Any]:
    return {"patient": replace(service.patient, member_id="QRS555444333")}


def _another_birth_date(service: Service, _: Authorization) -> dict[str, Any]:
    return {"patient": replace(service.patient, birth_date=date(1933, 10, 9))}


def _too_many(service: Service, authorization: Authorization) -> dict[str, Any]:
    return {"quantity": Decimal(41)}


def _too_late(service: Service, authorization: Authorization) -> dict[str, Any]:
    assert authorization.expiry is not None
    return {"date_from": authorization.expiry + timedelta(days=1), "date_to": None}


def _reaching_out(service: Service, authorization: Authorization) -> dict[str, Any]:
    assert authorization.expiry is not None
    return {"date_to": authorization.expiry + timedelta(days=1)}


def _another_provider(service: Service, authorization: Authorization) -> dict[str, Any]:
    return {"rendering_npi": next(npi for npi in NPIS if npi not in authorization.rendering_npis)}


def _another_place(service: Service, _: Authorization) -> dict[str, Any]:
    return {"place_of_service": "12"}


def _another_number(service: Service, _: Authorization) -> dict[str, Any]:
    return {"reference_number": "ZZ-998877"}


def _another_payer(service: Service, _: Authorization) -> dict[str, Any]:
    return {"payer_id": "BLM02"}


PERTURBED: tuple[tuple[Callable[[Service, Authorization], dict[str, Any]], FieldName], ...] = (
    (_another_code, FieldName.PROCEDURE_CODE),
    (_another_member, FieldName.MEMBER_ID),
    (_another_birth_date, FieldName.BIRTH_DATE),
    (_too_many, FieldName.QUANTITY),
    (_too_late, FieldName.SERVICE_FROM),
    (_reaching_out, FieldName.SERVICE_TO),
    (_another_provider, FieldName.RENDERING_NPI),
    (_another_place, FieldName.PLACE_OF_SERVICE),
    (_another_number, FieldName.REFERENCE_NUMBER),
    (_another_payer, FieldName.PAYER),
)


@few
@given(served(), st.sampled_from(PERTURBED))
def test_one_changed_element_is_denied_on_its_own_field_and_no_other(
    pair: tuple[Service, Authorization],
    perturbed: tuple[Callable[[Service, Authorization], dict[str, Any]], FieldName],
) -> None:
    service, authorization = pair
    change, name = perturbed
    result = evaluate(replace(service, **change(service, authorization)), [authorization], POLICY)
    assert result.verdict is Verdict.MISMATCH
    assert {(finding.field, finding.severity) for finding in result.findings} == {(name, Severity.DENIAL)}


@few
@given(served(most_lines=1), st.sampled_from(PERTURBED), st.sampled_from(PERTURBED))
def test_two_changed_elements_are_both_found(
    pair: tuple[Service, Authorization],
    one: tuple[Callable[[Service, Authorization], dict[str, Any]], FieldName],
    other: tuple[Callable[[Service, Authorization], dict[str, Any]], FieldName],
) -> None:
    service, authorization = pair
    changes = one[0](service, authorization), other[0](service, authorization)
    assume(not changes[0].keys() & changes[1].keys())
    result = check(replace(service, **changes[0], **changes[1]), authorization, POLICY)
    assert {one[1], other[1]} <= {finding.field for finding in result}


@few
@given(served(), st.sampled_from(PERTURBED), st.sampled_from(_SERVICE_FIELDS))
def test_taking_a_field_away_never_adds_a_denial(
    pair: tuple[Service, Authorization],
    perturbed: tuple[Callable[[Service, Authorization], dict[str, Any]], FieldName],
    name: str,
) -> None:
    service, authorization = pair
    changed = replace(service, **perturbed[0](service, authorization))
    before = {f.field for f in check(changed, authorization, POLICY) if f.severity is Severity.DENIAL}
    fewer = check(without(changed, {name}), authorization, POLICY)
    dates = {FieldName.SERVICE_FROM, FieldName.SERVICE_TO}
    after = {f.field for f in fewer if f.severity is Severity.DENIAL}
    assert after <= (before | dates if before & dates else before)


@few
@given(st.lists(authorizations(), min_size=1, max_size=3), served(), st.randoms(use_true_random=False))
def test_the_order_of_authorizations_does_not_change_the_answer(
    several: list[Authorization], pair: tuple[Service, Authorization], random: Any
) -> None:
    service, authorization = pair
    filed = [replace(one, id=str(n)) for n, one in enumerate([authorization, *several])]
    shuffled = list(filed)
    random.shuffle(shuffled)
    for asked in (service, replace(service, reference_number=None)):
        straight, mixed = evaluate(asked, filed, POLICY), evaluate(asked, shuffled, POLICY)
        assert straight.choice == mixed.choice
        assert straight.verdict is mixed.verdict
        assert straight.findings == mixed.findings


@few
@given(served(), st.booleans())
def test_two_alike_are_a_tie_from_either_side(pair: tuple[Service, Authorization], swap: bool) -> None:
    service, authorization = pair
    filed = [authorization, replace(authorization, id="2")]
    choice = choose(service, filed[::-1] if swap else filed, POLICY)
    assert choice.tie
    assert choice.chosen is None
    assert {candidate.authorization_id for candidate in choice.candidates} == {"1", "2"}


@few
@given(st.lists(authorizations(), min_size=1, max_size=3), served())
def test_another_patients_authorization_is_never_a_candidate(
    several: list[Authorization], pair: tuple[Service, Authorization]
) -> None:
    service = replace(pair[0], reference_number=None)
    filed = [replace(one, id=str(n)) for n, one in enumerate(several)]
    owners = {one.id: one.patient for one in filed}
    for candidate in choose(service, filed, POLICY).candidates:
        assert owners[candidate.authorization_id] == service.patient


@given(days, st.integers(0, 60), st.integers(-80, 80), st.integers(0, 20))
def test_the_window_is_inclusive_and_a_range_must_lie_wholly_inside(
    effective: date, length: int, offset: int, span: int
) -> None:
    expiry = effective + timedelta(days=length)
    start = effective + timedelta(days=offset)
    end = start + timedelta(days=span)
    service = cast.service(date_from=start, date_to=end)
    authorization = cast.approval(effective=effective, expiry=expiry)
    denied = {f.rule for f in check(service, authorization, POLICY)}
    inside = all(effective <= start + timedelta(days=day) <= expiry for day in range((end - start).days + 1))
    assert denied == (set() if inside else {"service_date_outside_window"})


@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from(Unit), st.sampled_from(Unit))
def test_a_measure_is_never_turned_into_another(
    approved: int, entered: int, approved_unit: Unit, entered_unit: Unit
) -> None:
    service = cast.service(quantity=Decimal(entered), unit=entered_unit)
    authorization = cast.approval_of(quantity=Decimal(approved), unit=approved_unit)
    rules = {(f.rule, f.severity) for f in check(service, authorization, POLICY)}
    if approved_unit is not entered_unit:
        assert rules == {("units_not_comparable", Severity.CAUTION)}
    elif entered > approved:
        assert rules == {("units_exceed_remaining", Severity.DENIAL)}
    else:
        assert rules == set()


@given(st.sampled_from(Determination))
def test_only_an_approving_determination_is_a_match(determination: Determination) -> None:
    result = evaluate(cast.SERVICE, [cast.approval(determination=determination)], POLICY)
    approving = {
        Determination.APPROVED,
        Determination.MODIFIED,
        Determination.PARTIALLY_APPROVED,
    }
    assert (result.verdict is Verdict.MATCH) is (determination in approving)
    if determination not in approving:
        assert {finding.field for finding in result.findings} == {FieldName.DETERMINATION}
