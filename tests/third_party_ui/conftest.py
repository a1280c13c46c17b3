"""The browser that a module's tests share is the robot's."""

from __future__ import annotations

from tests.automation.conftest import robot

__all__ = ["robot"]
