"""The reader that is put into every document once, in a real Chromium, beside pages that would rather have
another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, Route

from automation.closing import close_page
from automation.in_page import InPage
from automation.night import Event
from automation.reading import _LOOK, Eye
from portal_profiles.catalogue import load
from tests.automation.robot import Robot, Serve

pytestmark = pytest.mark.browser

PORTAL = "http://portal.localhost/"
ELSEWHERE = "http://elsewhere.localhost/"
PROFILE = load("example_payer")
COUNT = "return TallystickReader.locate(document, a).length;"
BUTTON = {"role": "button"}

InWindow = Callable[[str, Callable[[Page, InPage], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def in_window(robot: Robot) -> InWindow:
    """Does something in a window that has the reader, at a page with this body; every other address has one
    button."""

    def run(body: str, work: Callable[[Page, InPage], Coroutine[Any, Any, Any]]) -> Any:
        async def open_and_work() -> Any:
            context = await robot.browser.new_context()
            in_page = InPage(PROFILE)
            try:
                await serve(context, body)
                await in_page.install(context)
                page = await context.new_page()
                await page.goto(PORTAL)
                return await work(page, in_page)
            finally:
                await context.close()

        return robot.do(open_and_work())

    return run


async def serve(context: BrowserContext, body: str) -> None:
    async def answer(route: Route) -> None:
        shown = body if route.request.url == PORTAL else "<button>One</button>"
        await route.fulfill(body=f"<!doctype html>{shown}", content_type="text/html")

    await context.route("**/*", answer)


def test_the_page_its_frames_and_tabs_have_the_reader_and_none_is_sent_it(in_window: InWindow) -> None:
    frames = (
        f"<button>One</button><iframe src='/inner'></iframe><iframe src='{ELSEWHERE}'></iframe>"
        "<iframe srcdoc='<button>One</button>'></iframe>"
    )

    async def work(page: Page, in_page: InPage) -> None:
        async with page.context.expect_page() as opening:
            await page.evaluate("() => { open('/tab'); }")
        tab = await opening.value
        await tab.wait_for_load_state()
        assert len(page.frames) == 4
        for frame in [*page.frames, tab.main_frame]:
            assert await in_page.ask(frame, COUNT, BUTTON) == 1
        assert in_page.sent_whole == 0

    in_window(frames, work)


def test_a_document_that_is_written_anew_and_an_empty_tab_have_the_reader(in_window: InWindow) -> None:
    async def work(page: Page, in_page: InPage) -> None:
        await page.evaluate(
            "() => { document.open(); document.write('<button>One</button>'); document.close(); }"
        )
        assert await in_page.ask(page.main_frame, COUNT, BUTTON) == 1
        async with page.context.expect_page() as opening:
            await page.evaluate("() => { open('').document.write('<button>One</button>'); }")
        tab = await opening.value
        assert await in_page.ask(tab.main_frame, COUNT, BUTTON) == 1
        assert in_page.sent_whole == 0

    in_window("<p>Nothing</p>", work)


def test_a_document_without_the_reader_is_sent_it(in_window: InWindow, robot: Robot) -> None:
    async def work(page: Page, in_page: InPage) -> None:
        other = await robot.browser.new_page()
        try:
            await other.set_content("<button id=one>One</button>")
            assert await in_page.ask(other.main_frame, COUNT, BUTTON) == 1
            found = await in_page.ask_for_element(
                other.main_frame, "return TallystickReader.locate(document, a)[0];", BUTTON
            )
            assert not isinstance(found, str)
            assert await found.get_attribute("id") == "one"
            assert in_page.sent_whole == 2
        finally:
            await close_page(other)

    in_window("", work)


#: What a page can try: another reader under our name, other answers of ours, another profile, other functions
#: of the browser in place of those that the reader is made of.
HOSTILE = """<p>Nothing</p><script>
  const fake = { locate: () => [document.body, document.body], read: () => ({ fits: [] }) };
  for (const name of Object.getOwnPropertyNames(window).filter((one) => /tallystick/i.test(one))) {
    const there = window[name];
    const tries = [
      () => { window[name] = { TallystickReader: fake }; },
      () => { delete window[name]; },
      () => Object.defineProperty(window, name, { value: { TallystickReader: fake } }),
      () => { there.TallystickReader = fake; },
      () => { there.TallystickReader.locate = fake.locate; },
      () => { Object.values(there.given[0].part.pages)[0].sign.pop(); },
      () => { there.given[0].part.pages = {}; },
    ];
    for (const one of tries) { try { one(); } catch { /* it was refused */ } }
  }
  const define = Object.defineProperty;
  Object.defineProperty = (on, name, how) =>
    define(on, name, /tallystick/i.test(name) ? { value: fake, configurable: true } : how);
  window.TallystickReader = fake;
  const several = [document.body, document.body];
  Element.prototype.querySelectorAll = Document.prototype.querySelectorAll = () => several;
</script>"""


def test_a_page_can_put_nothing_in_the_place_of_the_reader_or_of_the_profile(in_window: InWindow) -> None:
    async def work(page: Page, in_page: InPage) -> tuple[int, int]:
        count = await in_page.ask(page.main_frame, COUNT, {"css": "p"})
        signs = await in_page.ask(page.main_frame, "return given[0].part.pages;")
        assert list(signs) == [name for name, spec in PROFILE.pages.items() if spec.frame is None]
        assert all(len(signs[name]["sign"]) == len(PROFILE.pages[name].sign) for name in signs)
        return count, in_page.sent_whole

    assert in_window(HOSTILE, work) == (1, 0)


def test_a_look_that_another_one_follows_ends(in_window: InWindow) -> None:
    def given(ms: int) -> dict[str, Any]:
        return {"document": 0, "wanted": [], "ms": ms, "valuesMs": ms, "actedOn": None, "born": None}

    async def work(page: Page, in_page: InPage) -> None:
        waiting = asyncio.create_task(in_page.ask(page.main_frame, _LOOK, given(600_000)))
        await Eye(PROFILE, page, in_page).look((), 0.0)
        assert await asyncio.wait_for(waiting, 30) is None

    in_window("<p>Nothing</p>", work)


@pytest.mark.parametrize("slug", ["example_payer", "anthem"])
def test_what_the_checks_before_have_found_is_let_go_once_it_is_much(
    visit: Serve, robot: Robot, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automation.in_page.MANY_ELEMENTS", 3)
    here = visit(slug)
    kept: list[int] = []

    def told(event: Event) -> None:
        known = robot.browser._impl_obj._connection._objects.values()
        kept.append(sum(type(one).__name__ == "ElementHandle" for one in known))

    outcomes = here.look(here.queries("read", 3), on_event=told)
    assert [outcome.kind.value for outcome in outcomes] == ["read"] * 3
    # signing in, signed in, and one for each check, of which the first has the elements of the sign-in
    assert len(kept) == 5
    assert max(kept[-2:]) < 3
