"""What a person of the clinic may do: four roles, each with all that the ones below it may.

administrator: users, portals and their accounts, terms, backups. biller: imports, claim checks, closing work.
scheduler: authorizations, readings, checks now. viewer: looks.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The roles, highest first."""

    ADMINISTRATOR = "administrator"
    BILLER = "biller"
    SCHEDULER = "scheduler"
    VIEWER = "viewer"

    def at_least(self, needed: Role) -> bool:
        """Whether this role is `needed` or above it."""
        order = list(Role)
        return order.index(self) <= order.index(needed)
