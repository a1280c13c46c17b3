from __future__ import annotations

import pytest

from portal_profiles.vocabulary import LevelOfCare
from server.matching.facts import Authorization, Service
from server.matching.setting import authorization_levels, bill_levels, place_levels, service_levels

INPATIENT = frozenset({LevelOfCare.INPATIENT})
OBSERVATION = frozenset({LevelOfCare.OBSERVATION})
OUTPATIENT = frozenset({LevelOfCare.OUTPATIENT})
EITHER = OBSERVATION | OUTPATIENT


@pytest.mark.parametrize(
    ("place", "levels"),
    [
        ("21", INPATIENT),
        ("61", INPATIENT),
        ("22", EITHER),
        ("19", EITHER),
        ("23", EITHER),
        ("11", OUTPATIENT),
        ("24", OUTPATIENT),
        ("31", frozenset()),
        (None, frozenset()),
    ],
)
def test_a_place_means_the_levels_it_serves(place: str | None, levels: frozenset[LevelOfCare]) -> None:
    assert place_levels(place) == levels


@pytest.mark.parametrize(
    ("bill", "levels"),
    [("111", INPATIENT), ("0111", INPATIENT), ("131", EITHER), ("121", frozenset()), ("0851", EITHER)],
)
def test_a_type_of_bill_means_the_levels_it_serves(bill: str, levels: frozenset[LevelOfCare]) -> None:
    assert bill_levels(bill) == levels


@pytest.mark.parametrize(
    ("service", "levels"),
    [
        (Service(type_of_bill="131", revenue_code="0762"), OBSERVATION),
        (Service(type_of_bill="131", procedure_code="g0378"), OBSERVATION),
        (Service(type_of_bill="111", revenue_code="0762"), INPATIENT),
        (Service(revenue_code="120"), INPATIENT),
        (Service(revenue_code="0250"), frozenset()),
        (Service(place_of_service="22", procedure_code="G0378"), OBSERVATION),
        (Service(level_of_care=LevelOfCare.OUTPATIENT, type_of_bill="111"), OUTPATIENT),
        (Service(), frozenset()),
    ],
)
def test_a_services_level_is_read_from_its_strongest_source(
    service: Service, levels: frozenset[LevelOfCare]
) -> None:
    assert service_levels(service) == levels


def test_an_authorizations_stated_level_beats_its_place() -> None:
    stated = Authorization(id="1", level_of_care=LevelOfCare.OBSERVATION, place_of_service="21")
    assert authorization_levels(stated) == OBSERVATION
    assert authorization_levels(Authorization(id="1", place_of_service="21")) == INPATIENT
