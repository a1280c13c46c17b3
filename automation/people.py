"""What a sign-in needs from a person while it waits: a code that was sent to them, or a yes by telephone.

The robot asks and waits; who is asked and how (a dashboard, a terminal) is for whoever gives it `People`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CodeEnd(StrEnum):
    """How a request to a person ended."""

    USED = "used"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """One request to a person. method: email, text, call or push (nothing is typed); until: aware, when it is
    no longer waited for. again: the code that was given before was refused by the portal. number: the one
    that the portal's page shows and the person must choose or type on the telephone; empty where none is."""

    portal: str
    method: str
    asked_at: datetime
    until: datetime
    again: bool = False
    number: str = ""


class People(Protocol):
    """Whoever can answer. Every request that was made is ended exactly once."""

    async def code(self, asked: CodeAsked) -> str | None:
        """The code that a person gave, or None when nobody did before `asked.until`."""
        ...

    async def push(self, asked: CodeAsked) -> None:
        """Says that a person must agree by telephone; gives at once, the portal's page tells the rest."""
        ...

    async def ended(self, asked: CodeAsked, how: CodeEnd) -> None:
        """How it ended: the portal went on, refused it, or nobody answered in time."""
        ...
