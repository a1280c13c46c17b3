"""What a portal sees of an account's browser window. It is chosen once and kept: a portal that remembers a
device asks for a code again when the device looks like another one.

Only what a person's own window would say is fixed; the browser tells its own name and version truthfully.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Window:
    """width, height: of the page, in CSS pixels. time_zone: IANA name, None for the machine's."""

    width: int = 1280
    height: int = 900
    locale: str = "en-US"
    color_scheme: str = "light"
    time_zone: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the account."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Window:
        """The window that `to_json` gave. Raises TypeError for what no window has."""
        return cls(**kept)

    def options(self) -> dict[str, Any]:
        """As Playwright's `new_context` takes it."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "locale": self.locale,
            "color_scheme": self.color_scheme,
            "timezone_id": self.time_zone,
        }
