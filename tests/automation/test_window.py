"""An account's browser window is the one that it has had so far."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from automation.window import Window
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser


def test_a_kept_window_comes_back_as_it_was() -> None:
    window = Window(width=1111, height=777, time_zone="America/Chicago")
    assert Window.from_json(window.to_json()) == window


@pytest.mark.parametrize("width", [1111, 1366])
def test_the_pass_looks_through_the_accounts_own_window(visit: Callable[..., Visit], width: int) -> None:
    here = visit("example_payer")
    account = replace(here.account(), window=Window(width=width))
    [outcome] = here.look(here.queries("read", 1), account=account)
    [picture] = [kept for kept in outcome.evidence if kept.kind == "picture"]
    # The width in a PNG's first chunk (PNG specification, 11.2.1).
    assert struct.unpack(">I", picture.content[16:20]) == (width,)
