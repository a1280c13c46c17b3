"""The clinic's synthetic records that the tests of the record share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from server.actions.authorization_input import AuthorizationInput, authorization_input
from server.actions.save_authorization import create_authorization
from server.db.session import Database

NOW = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
ACTOR = "admin@riverbend.example"

ADA: dict[str, Any] = {
    "member_id": "XYZ100200301",
    "last_name": "Lindqvist",
    "first_name": "Ada",
    "birth_date": "1961-03-12",
}
BRUNO: dict[str, Any] = {
    "member_id": "XYZ100200302",
    "last_name": "Okafor",
    "first_name": "Bruno",
    "birth_date": "1978-11-05",
}


def plain(**changes: Any) -> dict[str, Any]:
    """Ada's approval of twelve visits as plain JSON, with changes."""
    return {
        "payer_id": "EXH01",
        "payer_name": "Example Health",
        "patient": ADA,
        "determination": "approved",
        "lines": [{"code": "97110", "modifiers": ["GP"], "quantity": 12, "unit": "visits"}],
        "diagnoses": ["M54.50"],
        "requesting_npi": "1234567893",
        "rendering_npis": ["1003000126"],
        "billing_npi": "1992999957",
        "place_of_service": "11",
        "requested": "2026-10-01",
        "decided": "2026-10-05",
        "effective": "2026-10-05",
        "expiry": "2026-12-31",
        "reference_numbers": [{"value": "A-0001", "kind": "authorization"}],
        **changes,
    }


def ada(**changes: Any) -> AuthorizationInput:
    """The same as input."""
    return authorization_input(plain(**changes))


def keep(database: Database, data: AuthorizationInput | None = None) -> int:
    """Creates an authorization and gives its id."""
    with database.write(ACTOR) as session:
        return create_authorization(session, data or ada(), ACTOR, NOW).id
