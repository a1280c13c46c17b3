"""What payers publish of how they compare and where they are asked: read only, each with its source and
date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.context import context
from server.db.tables import Authorization, PayerRule
from server.matching.facts import PayerRuleKind
from server.security.access import needs
from server.security.roles import Role
from server.web.blueprint import page, web
from server.web.words import portal_name, words

_LEVELS = {
    "individual": "the individual's NPI",
    "group": "the group's NPI",
    "facility": "the facility",
    "place_of_service": "the place of service",
    "setting": "the setting (office, outpatient, inpatient)",
    "exact": "the whole code",
    "category": "the category (the code up to its point)",
    "any": "nothing: any will do",
}
#: What a rule says, with its data put in.
_SAYS = {
    PayerRuleKind.EQUIVALENT_CODE: "{allowed} may be billed where {approved} was approved.",
    PayerRuleKind.CODE_GROUP: "Any of {codes} may be billed where another of them was approved.",
    PayerRuleKind.SERVICE_TYPE_CODES: "An approval of service type {service_type} covers {codes}.",
    PayerRuleKind.IGNORED_MODIFIER: "Modifier {modifier} is not compared.",
    PayerRuleKind.RIDES_ON: "A service with {modifiers} goes on the main service's approval.",
    PayerRuleKind.PROVIDER_LEVEL: "Rendering providers are compared by {level}.",
    PayerRuleKind.LOCATION_LEVEL: "Places are compared by {level}.",
    PayerRuleKind.EQUIVALENT_PLACE: "Place of service {allowed} will do where {approved} was approved.",
    PayerRuleKind.DIAGNOSIS_LEVEL: "Diagnoses are compared by {level}.",
    PayerRuleKind.LEVEL_OF_CARE: "Level of care {allowed} will do where {approved} was approved.",
    PayerRuleKind.UNIT_EQUIVALENCE: "For {code}, one of {from_unit} is {factor} of {to_unit}.",
    PayerRuleKind.MEMBER_ID_PREFIX: "The first {length} letters of a member ID may be missing on one side.",
    PayerRuleKind.DATE_ANCHOR: "The approved dates are held against the date of {anchor}.",
    PayerRuleKind.DATE_GRACE: "Services up to {days} days outside the approved dates are accepted.",
    PayerRuleKind.NUMBER_NOT_NEEDED: "The claim need not bear the authorization number.",
}


@web.get("/payer-rules")
@needs(Role.VIEWER)
def payer_rules() -> Response:
    """Every rule kept, by payer."""
    with context().database.read() as db:
        rows = db.scalars(select(PayerRule).order_by(PayerRule.payer_id, PayerRule.name)).all()
        names = {payer_id: _payer_name(db, payer_id) for payer_id in {row.payer_id for row in rows}}
    shown = [
        {"rule": row, "payer": names[row.payer_id] or row.payer_id, "says": says(row.kind, row.data)}
        for row in rows
    ]
    return page("payer_rules.html", "payer_rules", rules=shown)


def says(kind: str, data: Mapping[str, Any]) -> str:
    """One sentence of what a rule of this kind with this data changes."""
    if kind == PayerRuleKind.LOOKED_UP_AT:
        return _where(data)
    return _SAYS[PayerRuleKind(kind)].format_map({key: _told(key, value) for key, value in data.items()})


def _where(data: Mapping[str, Any]) -> str:
    for_what = [_told("codes", data["codes"])] if "codes" in data else []
    if "service_types" in data:
        for_what.append(f"service types {_told('service_types', data['service_types'])}")
    if "drugs" in data:
        for_what.append("any drug (NDC)")
    services = f"For {'; '.join(for_what)}, the status" if for_what else "The status of any service"
    return f"{services} is looked up at {portal_name(data['portal'])}."


def _told(key: str, value: Any) -> str:
    if key == "level":
        return _LEVELS[value]
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(item if isinstance(item, str) else "–".join(item) for item in value)
    return words(value)


def _payer_name(db: Session, payer_id: str) -> str | None:
    """What the record calls the payer."""
    return db.scalar(
        select(Authorization.payer_name)
        .where(Authorization.payer_id == payer_id, Authorization.payer_name.is_not(None))
        .limit(1)
    )
