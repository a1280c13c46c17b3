from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from portal_profiles.vocabulary import (
    AuthorizationType,
    Checkpoint,
    Determination,
    FieldName,
    LevelOfCare,
    NumberKind,
    Unit,
)
from server.matching import cast
from server.matching.engine import check, checked_fields, choose, evaluate
from server.matching.facts import (
    ApprovedLine,
    Authorization,
    Patient,
    PayerRuleKind,
    Policy,
    Rate,
    ReferenceNumber,
    Service,
)
from server.matching.finding import CheckResult, Severity, Verdict
from server.matching.rule import EXAMPLE_DAY

POLICY = Policy(today=EXAMPLE_DAY)


def evaluated(service: Service, *authorizations: Authorization, policy: Policy = POLICY) -> CheckResult:
    return evaluate(service, authorizations, policy)


def found(result: CheckResult) -> set[tuple[str, Severity]]:
    return {(finding.rule, finding.severity) for finding in result.findings}


def another(number: str, **changes: Any) -> Authorization:
    """A second authorization of the same patient, with a number of its own."""
    return cast.approval(id=number, reference_numbers=(ReferenceNumber(number),), **changes)


# Verdicts


def test_a_service_as_approved_is_a_match() -> None:
    result = evaluated(cast.SERVICE, cast.APPROVAL)
    assert result.verdict is Verdict.MATCH
    assert result.findings == ()
    assert result.choice.chosen is not None
    assert result.choice.chosen.authorization_id == "1"


@pytest.mark.parametrize(
    ("changes", "name", "carc"),
    [
        ({"procedure_code": "70553"}, FieldName.PROCEDURE_CODE, "284"),
        ({"rendering_npi": cast.OTHER_INDIVIDUAL_NPI}, FieldName.RENDERING_NPI, "296"),
        ({"billing_npi": cast.OTHER_INDIVIDUAL_NPI}, FieldName.BILLING_NPI, "296"),
        ({"place_of_service": "11"}, FieldName.PLACE_OF_SERVICE, "284"),
        ({"level_of_care": LevelOfCare.INPATIENT}, FieldName.LEVEL_OF_CARE, "284"),
        ({"level_of_care": LevelOfCare.OBSERVATION}, FieldName.LEVEL_OF_CARE, "284"),
        ({"quantity": Decimal(3)}, FieldName.QUANTITY, "198"),
        ({"date_from": date(2026, 5, 1)}, FieldName.SERVICE_FROM, "302"),
        ({"date_to": date(2026, 5, 1)}, FieldName.SERVICE_TO, "302"),
        ({"reference_number": "A0012354"}, FieldName.REFERENCE_NUMBER, "197"),
        ({"payer_id": "BLM02"}, FieldName.PAYER, "109"),
        ({"plan": "Silver HMO"}, FieldName.PLAN, "27"),
        ({"patient": replace(cast.ADA, member_id="XYZ100203001")}, FieldName.MEMBER_ID, "31"),
        ({"patient": replace(cast.ADA, birth_date=date(1961, 12, 3))}, FieldName.BIRTH_DATE, "31"),
        ({"patient": replace(cast.ADA, last_name="Okafor")}, FieldName.PATIENT_LAST_NAME, "31"),
    ],
)
def test_one_changed_element_is_the_one_denial(changes: dict[str, Any], name: FieldName, carc: str) -> None:
    result = evaluated(cast.service(**changes), cast.APPROVAL)
    assert result.verdict is Verdict.MISMATCH
    assert [(f.field, f.severity, f.carc) for f in result.findings] == [(name, Severity.DENIAL, carc)]
    assert all(f.next_step and f.why and f.message for f in result.findings)


def test_another_diagnosis_is_a_caution() -> None:
    result = evaluated(cast.service(diagnoses=("M54.50",)), cast.APPROVAL)
    assert result.verdict is Verdict.CAUTION
    assert found(result) == {("diagnosis_not_approved", Severity.CAUTION)}


def test_a_difference_that_the_payer_allows_is_still_a_match_and_is_shown() -> None:
    rule = cast.payer_rule(PayerRuleKind.EQUIVALENT_PLACE, approved="22", allowed="19")
    policy = Policy(today=EXAMPLE_DAY, payer_rules=(rule,))
    result = evaluated(cast.service(place_of_service="19"), cast.APPROVAL, policy=policy)
    assert result.verdict is Verdict.MATCH
    assert found(result) == {("place_of_service_differs", Severity.ALLOWED)}


def test_nothing_entered_is_undetermined() -> None:
    result = evaluated(Service(), cast.APPROVAL)
    assert result.verdict is Verdict.UNDETERMINED
    assert result.findings == ()
    assert result.checked == ()


def test_a_patient_without_a_procedure_is_never_a_match() -> None:
    result = evaluated(Service(patient=cast.ADA), cast.APPROVAL)
    assert result.verdict is Verdict.UNDETERMINED
    assert result.findings == ()


def test_a_patient_without_a_procedure_still_shows_what_differs() -> None:
    result = evaluated(Service(patient=cast.ADA, date_from=date(2026, 5, 1)), cast.APPROVAL)
    assert result.verdict is Verdict.MISMATCH
    assert found(result) == {("service_date_outside_window", Severity.DENIAL)}


def test_a_procedure_without_a_patient_is_undetermined() -> None:
    result = evaluated(Service(procedure_code="70551", date_from=EXAMPLE_DAY), cast.APPROVAL)
    assert result.verdict is Verdict.UNDETERMINED
    assert result.choice.candidates == ()


def test_a_birth_date_alone_names_nobody() -> None:
    service = Service(patient=Patient(birth_date=cast.ADA.birth_date), procedure_code="70551")
    assert evaluated(service, cast.APPROVAL).verdict is Verdict.UNDETERMINED


def test_the_number_alone_finds_its_authorization() -> None:
    service = Service(reference_number="A0012345", procedure_code="70551")
    result = evaluated(service, cast.APPROVAL)
    assert result.verdict is Verdict.MATCH
    assert FieldName.MEMBER_ID not in result.checked


def test_an_authorization_that_names_no_patient_is_not_none_on_file() -> None:
    service = cast.service(reference_number=None)
    result = evaluated(service, cast.approval(patient=Patient()))
    assert result.verdict is Verdict.UNDETERMINED


# No authorization


def test_nothing_on_file_is_no_authorization() -> None:
    result = evaluated(cast.service(reference_number=None))
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert [(f.rule, f.severity, f.carc) for f in result.findings] == [
        ("no_authorization", Severity.DENIAL, "197")
    ]


def test_a_number_that_is_not_on_file_is_a_caution() -> None:
    result = evaluated(cast.SERVICE)
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert found(result) == {("no_authorization", Severity.CAUTION)}


def test_codes_that_fit_never_choose_another_patients_authorization() -> None:
    service = cast.service(patient=cast.BRUNO, reference_number=None)
    result = evaluated(service, cast.APPROVAL)
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert result.choice.candidates == ()


def test_a_number_of_another_patient_is_shown_as_a_patient_mismatch() -> None:
    result = evaluated(cast.service(patient=cast.BRUNO), cast.APPROVAL)
    assert result.verdict is Verdict.MISMATCH
    assert {f.field for f in result.findings} == {
        FieldName.MEMBER_ID,
        FieldName.BIRTH_DATE,
        FieldName.PATIENT_LAST_NAME,
    }


def test_the_patients_own_authorization_is_chosen_over_the_number_of_another_patient() -> None:
    others = another("B9990001", patient=cast.BRUNO)
    result = evaluated(cast.service(reference_number="B9990001"), cast.APPROVAL, others)
    assert result.choice.chosen is not None
    assert result.choice.chosen.authorization_id == "1"
    assert found(result) == {
        ("number_of_another_patient", Severity.DENIAL),
        ("reference_number_differs", Severity.DENIAL),
    }


def test_a_relative_who_shares_the_member_id_is_not_the_patient() -> None:
    child = Patient(cast.ADA.member_id, "Lindqvist", "Beate", date(2019, 5, 6))
    result = evaluated(cast.service(patient=child, reference_number=None), cast.APPROVAL)
    assert result.verdict is Verdict.NO_AUTHORIZATION


def test_a_neighbouring_member_id_alone_is_not_the_patient() -> None:
    near = Patient(member_id="XYZ100200302")
    result = evaluated(cast.service(patient=near, reference_number=None), cast.APPROVAL)
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert "slip" in result.findings[0].message


def test_only_a_referral_is_no_authorization() -> None:
    referral = cast.approval(type=AuthorizationType.REFERRAL)
    result = evaluated(cast.service(reference_number=None), referral)
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert "referral" in result.findings[0].message


def test_another_procedure_at_another_time_is_no_candidate() -> None:
    old = cast.approval(
        lines=(ApprovedLine(code="97110"),),
        effective=date(2025, 1, 1),
        expiry=date(2025, 3, 1),
        rendering_npis=(cast.OTHER_INDIVIDUAL_NPI,),
        diagnoses=(),
    )
    result = evaluated(cast.service(reference_number=None), old)
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert "none of them fits" in result.findings[0].message


# Choice


def test_of_several_the_one_for_the_procedure_is_chosen() -> None:
    therapy = another("2", lines=(ApprovedLine(code="97110"),))
    choice = choose(cast.service(reference_number=None), [therapy, cast.APPROVAL], POLICY)
    assert choice.chosen is not None
    assert choice.chosen.authorization_id == "1"
    assert [c.authorization_id for c in choice.candidates] == ["1", "2"]
    assert "for: procedure code agrees" in choice.candidates[0].reasons
    assert "against: This procedure was not approved." in choice.candidates[1].reasons


def test_of_a_renewal_and_its_original_the_dates_choose() -> None:
    renewal = another("2", effective=date(2026, 5, 1), expiry=date(2026, 7, 31))
    for day, expected in ((date(2026, 4, 30), "1"), (date(2026, 5, 1), "2")):
        service = cast.service(reference_number=None, date_from=day)
        result = evaluated(service, cast.APPROVAL, renewal)
        assert result.choice.chosen is not None
        assert result.choice.chosen.authorization_id == expected
        assert result.verdict is Verdict.MATCH


def test_an_approved_one_is_chosen_before_one_that_was_replaced_used_up_or_denied() -> None:
    for worse in (
        {"determination": Determination.CANCELLED},
        {"determination": Determination.DENIED},
        {"determination": Determination.PENDED},
        {"lines": (replace(cast.APPROVED_LINE, used=Decimal(2)),)},
    ):
        result = evaluated(cast.service(reference_number=None), cast.approval(**worse), another("2"))
        assert result.choice.chosen is not None
        assert result.choice.chosen.authorization_id == "2"
        assert result.verdict is Verdict.MATCH


def test_the_number_entered_chooses_even_what_does_not_fit_and_says_that_another_does() -> None:
    cancelled = cast.approval(determination=Determination.CANCELLED)
    result = evaluated(cast.SERVICE, cancelled, another("2"))
    assert result.choice.chosen is not None
    assert result.choice.chosen.authorization_id == "1"
    assert found(result) == {
        ("authorization_cancelled", Severity.DENIAL),
        ("another_authorization_fits", Severity.CAUTION),
    }


def test_two_that_cannot_be_told_apart_are_a_tie_and_none_is_chosen() -> None:
    result = evaluated(cast.service(reference_number=None), cast.APPROVAL, another("2"))
    assert result.choice.tie
    assert result.choice.chosen is None
    assert result.verdict is Verdict.UNDETERMINED
    assert found(result) == {("several_authorizations_fit", Severity.CAUTION)}


def test_what_all_of_a_tie_deny_is_a_mismatch_whichever_is_meant() -> None:
    service = cast.service(reference_number=None, place_of_service="11")
    result = evaluated(service, cast.APPROVAL, another("2", place_of_service="24"))
    assert result.choice.tie
    assert result.verdict is Verdict.MISMATCH
    place = next(f for f in result.findings if f.rule == "place_of_service_differs")
    assert place.approved == "22 or 24"
    assert place.line is None


def test_what_only_one_of_a_tie_denies_is_left_out() -> None:
    one = cast.approval(place_of_service="24")
    other = another("2", billing_npi=cast.OTHER_INDIVIDUAL_NPI)
    result = evaluated(cast.service(reference_number=None), one, other)
    assert result.choice.tie
    assert result.verdict is Verdict.UNDETERMINED


def test_a_tie_of_other_procedures_is_no_authorization() -> None:
    service = cast.service(reference_number=None, procedure_code="27447")
    result = evaluated(service, cast.APPROVAL, another("2", lines=(ApprovedLine(code="97110"),)))
    assert result.verdict is Verdict.NO_AUTHORIZATION
    assert {f.rule for f in result.findings} == {"no_authorization"}


# Lines


def _two_lines(**second: Any) -> Authorization:
    return cast.approval(
        lines=(cast.APPROVED_LINE, replace(cast.APPROVED_LINE, number=2, **second)),
    )


def test_another_line_that_matches_is_the_line() -> None:
    result = evaluated(cast.service(procedure_code="97110"), _two_lines(code="97110"))
    assert result.verdict is Verdict.MATCH
    assert result.choice.chosen is not None
    assert result.choice.chosen.line == 2


def test_a_procedure_on_no_line_names_them_all() -> None:
    result = evaluated(cast.service(procedure_code="27447"), _two_lines(code="97110"))
    assert [(f.rule, f.approved, f.line) for f in result.findings] == [
        ("procedure_not_approved", "70551, 97110", None)
    ]


@pytest.mark.parametrize(("modifier", "rules"), [("RT", set()), ("LT", {"authorization_denied"})])
def test_lines_of_one_code_are_told_apart_by_their_side_and_decided_apart(
    modifier: str, rules: set[str]
) -> None:
    lines = (
        replace(cast.APPROVED_LINE, modifiers=("RT",), determination=Determination.APPROVED),
        replace(cast.APPROVED_LINE, modifiers=("LT",), determination=Determination.DENIED, number=2),
    )
    authorization = cast.approval(determination=Determination.PARTIALLY_APPROVED, lines=lines)
    result = evaluated(cast.service(modifiers=(modifier,)), authorization)
    assert {f.rule for f in result.findings} == rules


def test_lines_of_one_code_are_told_apart_by_their_dates() -> None:
    lines = (
        replace(cast.APPROVED_LINE, expiry=date(2026, 2, 28)),
        replace(cast.APPROVED_LINE, effective=date(2026, 3, 1), number=2),
    )
    result = evaluated(cast.SERVICE, cast.approval(lines=lines))
    assert result.verdict is Verdict.MATCH
    assert result.choice.chosen is not None
    assert result.choice.chosen.line == 2


def test_a_line_approved_on_a_denied_request_is_approved() -> None:
    authorization = cast.approval(
        determination=Determination.DENIED,
        lines=(replace(cast.APPROVED_LINE, determination=Determination.APPROVED),),
    )
    assert evaluated(cast.SERVICE, authorization).verdict is Verdict.MATCH


def test_a_cancelled_authorization_takes_its_approved_lines_with_it() -> None:
    authorization = cast.approval(
        determination=Determination.CANCELLED,
        lines=(replace(cast.APPROVED_LINE, determination=Determination.APPROVED),),
    )
    assert found(evaluated(cast.SERVICE, authorization)) == {("authorization_cancelled", Severity.DENIAL)}


def test_a_revenue_code_line_is_compared_with_the_revenue_code() -> None:
    authorization = cast.approval_of(code="0120", unit=Unit.DAYS)
    same = cast.service(procedure_code=None, revenue_code="120", unit=Unit.DAYS, level_of_care=None)
    result = evaluated(replace(same, place_of_service=None), replace(authorization, level_of_care=None))
    assert "procedure_not_approved" not in {f.rule for f in result.findings}
    other = evaluated(replace(same, revenue_code="0200", place_of_service=None), authorization)
    assert ("procedure_not_approved", Severity.DENIAL) in found(other)


# Practice at the edges


def test_a_status_is_told_as_stale_after_its_limit_and_not_on_it() -> None:
    read = cast.approval(read_at=datetime(2026, 2, 23, 3, 0, tzinfo=UTC))
    assert evaluated(cast.SERVICE, read).verdict is Verdict.MATCH
    older = cast.approval(read_at=datetime(2026, 2, 22, 3, 0, tzinfo=UTC))
    result = evaluated(cast.SERVICE, older)
    assert result.verdict is Verdict.CAUTION
    assert "2026-02-22" in result.findings[0].message


def test_a_total_follows_from_a_rate_and_its_periods() -> None:
    line = replace(
        cast.APPROVED_LINE,
        quantity=None,
        unit=Unit.VISITS,
        rate=Rate(Decimal(3), "week", 8),
        used=Decimal(23),
    )
    service = cast.service(unit=Unit.VISITS)
    assert evaluated(service, cast.approval(lines=(line,))).verdict is Verdict.MATCH
    two = evaluated(replace(service, quantity=Decimal(2)), cast.approval(lines=(line,)))
    assert found(two) == {("units_exceed_remaining", Severity.DENIAL)}
    assert two.findings[0].approved == "1 of 24 visits left"


def test_visits_are_never_counted_as_units() -> None:
    authorization = cast.approval_of(unit=Unit.VISITS)
    for quantity in (1, 2, 99):
        result = evaluated(cast.service(quantity=Decimal(quantity)), authorization)
        assert found(result) == {("units_not_comparable", Severity.CAUTION)}


def test_a_quantity_without_a_unit_is_not_compared() -> None:
    result = evaluated(cast.service(quantity=Decimal(99), unit=None), cast.APPROVAL)
    assert result.verdict is Verdict.MATCH
    assert FieldName.QUANTITY not in result.checked


def test_a_referral_beside_the_authorization_is_looked_at_apart() -> None:
    referral = cast.approval(
        id="2",
        type=AuthorizationType.REFERRAL,
        reference_numbers=(ReferenceNumber("R55", NumberKind.REFERRAL),),
        expiry=date(2026, 2, 28),
    )
    service = cast.service(referral_number="R55")
    result = evaluated(service, cast.APPROVAL, referral)
    assert [(f.rule, f.field, f.carc) for f in result.findings] == [
        ("referral_not_usable", FieldName.REFERRAL_NUMBER, "288")
    ]


def test_a_referral_number_in_the_authorizations_place_is_denied() -> None:
    referral = cast.approval(
        id="2",
        type=AuthorizationType.REFERRAL,
        reference_numbers=(ReferenceNumber("R55", NumberKind.REFERRAL),),
    )
    result = evaluated(cast.service(reference_number="R55"), cast.APPROVAL, referral)
    assert result.choice.chosen is not None
    assert result.choice.chosen.authorization_id == "1"
    assert result.verdict is Verdict.MISMATCH


def test_a_claim_without_the_number_is_denied_and_a_plan_without_it_is_not() -> None:
    service = cast.service(reference_number=None)
    claim = Policy(today=EXAMPLE_DAY, checkpoint=Checkpoint.CLAIM)
    assert found(evaluated(service, cast.APPROVAL, policy=claim)) == {
        ("reference_number_missing", Severity.DENIAL)
    }
    assert evaluated(service, cast.APPROVAL).verdict is Verdict.MATCH


def test_a_place_that_differs_is_told_once_when_the_level_is_only_read_from_it() -> None:
    service = cast.service(level_of_care=None, place_of_service="21")
    assert found(evaluated(service, cast.APPROVAL)) == {("place_of_service_differs", Severity.DENIAL)}


def test_a_facilitys_own_claim_may_bill_under_the_facility_npi() -> None:
    authorization = cast.approval(
        facility_npi=cast.OTHER_INDIVIDUAL_NPI, place_of_service=None, level_of_care=None
    )
    service = cast.service(
        type_of_bill="131",
        billing_npi=cast.OTHER_INDIVIDUAL_NPI,
        rendering_npi=cast.OTHER_INDIVIDUAL_NPI,
        place_of_service=None,
        level_of_care=None,
    )
    assert evaluated(service, authorization).verdict is Verdict.MATCH


def test_checked_fields_tells_clear_from_not_checked() -> None:
    service = Service(patient=Patient(member_id=cast.ADA.member_id), procedure_code="70551")
    assert set(checked_fields(service, cast.APPROVAL)) == {
        FieldName.MEMBER_ID,
        FieldName.PROCEDURE_CODE,
        FieldName.DETERMINATION,
    }
    assert check(service, cast.APPROVAL, POLICY) == ()
