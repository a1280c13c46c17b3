"""Which levels of care a place, a type of bill, a revenue code or a procedure code can mean (domain facts,
6.8).

A set, because some places serve two levels: hospital outpatient (22) holds observation and outpatient care
alike. An empty set says that nothing is known, or that the place has no level among the three (a nursing
facility).
"""

from __future__ import annotations

from portal_profiles.vocabulary import LevelOfCare
from server.matching.compare import code_key, place_key
from server.matching.facts import Authorization, Service

Levels = frozenset[LevelOfCare]

UNKNOWN: Levels = frozenset()
INPATIENT: Levels = frozenset({LevelOfCare.INPATIENT})
OBSERVATION: Levels = frozenset({LevelOfCare.OBSERVATION})
OUTPATIENT: Levels = frozenset({LevelOfCare.OUTPATIENT})
HOSPITAL_OUTPATIENT: Levels = OBSERVATION | OUTPATIENT
STATED: dict[LevelOfCare, Levels] = {level: frozenset({level}) for level in LevelOfCare}

_BY_PLACE: dict[str, Levels] = {
    "21": INPATIENT,
    "51": INPATIENT,
    "61": INPATIENT,
    "19": HOSPITAL_OUTPATIENT,
    "22": HOSPITAL_OUTPATIENT,
    "23": HOSPITAL_OUTPATIENT,
}
#: Places with a bed of their own kind: none of the three levels describes them.
_NO_LEVEL = frozenset({"31", "32", "33", "34", "54", "55", "56", "99"})

#: By facility and class digit of the type of bill. 12x (inpatient part B) is left out: it means neither.
_BY_BILL: dict[str, Levels] = {
    "11": INPATIENT,
    "13": HOSPITAL_OUTPATIENT,
    "14": OUTPATIENT,
    "83": OUTPATIENT,
    "85": HOSPITAL_OUTPATIENT,
}
#: HCPCS codes of observation care.
OBSERVATION_CODES = frozenset({"G0378", "G0379"})


def place_levels(place: str | None) -> Levels:
    """The levels that a place of service can mean."""
    key = place_key(place)
    if not key or key in _NO_LEVEL:
        return UNKNOWN
    return _BY_PLACE.get(key, OUTPATIENT)


def bill_levels(type_of_bill: str | None) -> Levels:
    """The levels that a type of bill can mean; a leading zero is ignored."""
    if not type_of_bill:
        return UNKNOWN
    digits = type_of_bill.strip()
    if len(digits) == 4 and digits[0] == "0":
        digits = digits[1:]
    return _BY_BILL.get(digits[:2], UNKNOWN)


def line_levels(procedure_code: str | None, revenue_code: str | None) -> Levels:
    """The levels that a line's own codes mean: observation hours, or room and board (0100 to 0219)."""
    if procedure_code and code_key(procedure_code) in OBSERVATION_CODES:
        return OBSERVATION
    revenue = code_key(revenue_code)
    if revenue == "0762":
        return OBSERVATION
    if len(revenue) == 4 and "0100" <= revenue <= "0219":
        return INPATIENT
    return UNKNOWN


def service_levels(service: Service) -> Levels:
    """The levels that a service can have. Stated beats type of bill, that beats line codes, these beat place.

    A weaker source narrows a stronger one (13x with revenue 0762 is observation) and never overrules it
    (0762 on an 11x bill is part of the inpatient stay).
    """
    if service.level_of_care is not None:
        return STATED[service.level_of_care]
    levels = bill_levels(service.type_of_bill)
    for weaker in (
        line_levels(service.procedure_code, service.revenue_code),
        place_levels(service.place_of_service),
    ):
        if not levels:
            levels = weaker
        elif weaker and levels & weaker:
            levels &= weaker
    return levels


def authorization_levels(authorization: Authorization) -> Levels:
    """The levels that an authorization allows: as stated, else as its place means."""
    if authorization.level_of_care is not None:
        return STATED[authorization.level_of_care]
    return place_levels(authorization.place_of_service)
