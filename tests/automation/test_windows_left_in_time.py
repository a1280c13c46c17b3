"""A night's window is left for a new one after many looks, and the session goes on in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.async_api import BrowserContext

from automation import night
from automation.night import Event
from automation.session import Session
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser

Serve = Callable[..., Visit]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night, "LOOKS_IN_A_WINDOW", 2)


def windows_of(here: Visit, many: int) -> int:
    """How many windows a pass over so many requests had, each of which it read with one sign-in."""
    seen: list[BrowserContext] = []

    def told(event: Event) -> None:
        window = here.robot.browser.contexts[-1] if here.robot.browser.contexts else None
        if window is not None and window not in seen:
            seen.append(window)

    outcomes = here.look(here.queries("read", many), on_event=told)
    assert [outcome.kind.value for outcome in outcomes] == ["read"] * many
    passwords = [entry for entry in here.counts["entries"] if entry["path"] == "/sign-in"]
    assert len([entry for entry in passwords if entry["method"] == "POST"]) == 1
    return len(seen)


def test_the_pass_goes_on_in_a_new_window_without_signing_in_again(visit: Serve) -> None:
    assert windows_of(visit("example_payer"), 5) == 3


def test_a_window_that_keeps_something_for_itself_stays(
    visit: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keeps(session: Session) -> bool:
        await session.page.evaluate("sessionStorage.setItem('draft', '1')")
        return await kept(session)

    kept = Session.keeps_for_itself
    monkeypatch.setattr(Session, "keeps_for_itself", keeps)
    assert windows_of(visit("example_payer"), 5) == 1
