"""The guard at the click, on pages that try to slip something past it, in a real Chromium."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Page, Route

from automation.closing import close_page
from automation.outcomes import Ended, OutcomeKind
from automation.reading import Eye, Seen
from automation.steps import REFUSED, VERBS, Hands, NotOffered, StepFailed, do
from portal_profiles.catalogue import load
from portal_profiles.profile import Locator, PageSpec, Step
from portal_profiles.schema import VERBS as DECLARED
from tests.automation.robot import Robot

pytestmark = pytest.mark.browser

ADDRESS = "http://portal.localhost/"
BUTTON = Locator("role", "button")
COUNT = "<script>addEventListener('submit', (e) => { e.preventDefault(); document.title = 'sent'; })</script>"

OnPage = Callable[[str, Callable[[Hands], Coroutine[Any, Any, None]]], str]


@pytest.fixture
def on_page(robot: Robot) -> OnPage:
    """Does something on a page with this body and gives the page's title afterwards, and errors that it
    threw."""

    def run(body: str, work: Callable[[Hands], Coroutine[Any, Any, None]]) -> str:
        async def open_and_work() -> str:
            page = await robot.browser.new_page()
            thrown: list[str] = []
            page.on("pageerror", lambda error: thrown.append(error.message))

            async def serve(route: Route) -> None:
                await route.fulfill(
                    body=f"<!doctype html><title>quiet</title>{body}", content_type="text/html"
                )

            await page.route("**/*", serve)
            await page.goto(ADDRESS)
            try:
                await work(hands(page))
                return json.dumps([await page.title(), thrown])
            finally:
                await close_page(page)

        return robot.do(open_and_work())

    return run


def hands(page: Page, *, may_act: bool = False) -> Hands:
    profile = load("example_payer")

    async def settle(wanted: tuple[PageSpec, ...]) -> Seen:
        return Seen(None, {}, 0.0, ())

    async def clear() -> bool:
        return False

    values = {"member_id": "XYZ100200301", "password": "secret one"}
    return Hands(page, Eye(profile, page), profile, ADDRESS, values, 1.0, settle, clear, may_act=may_act)


def click(locator: Locator = BUTTON) -> Callable[[Hands], Coroutine[Any, Any, None]]:
    return lambda h: do(h, (Step("click", locator),))


def test_every_verb_of_the_schema_has_its_function() -> None:
    assert set(VERBS) == set(DECLARED)


PLANS = "".join(
    f"<p><a href='#' onclick='document.title = this.id' id='{name}'>{text}</a></p>"
    for name, text in (("ended", "Blue Meridian PPO (ended)"), ("own", " Blue  Meridian PPO "))
)


def test_of_several_the_one_is_clicked_whose_whole_text_the_value_is(on_page: OnPage) -> None:
    step = Step("click", Locator("role", "link"), value="blue meridian {member_id}")

    async def work(h: Hands) -> None:
        h.values = {"member_id": "PPO"}
        await do(h, (step,))

    assert json.loads(on_page(PLANS, work)) == ["own", []]


def test_nothing_is_clicked_when_none_or_several_say_the_value(on_page: OnPage) -> None:
    with pytest.raises(StepFailed, match="there 0 times"):
        on_page(PLANS, lambda h: do(h, (Step("click", Locator("role", "link"), value="Blue Meridian"),)))
    with pytest.raises(StepFailed, match="there 2 times"):
        on_page(
            PLANS + PLANS,
            lambda h: do(h, (Step("click", Locator("role", "link"), value="Blue Meridian PPO"),)),
        )


@pytest.mark.parametrize(
    "button",
    [
        "<button>Submit</button>",
        "<button aria-label='Withdraw request'>Next</button>",
        "<button id='btnSaveAndExit'>Next</button>",
        "<input type='submit' value='Send to payer'>",
        "<button name='action.cancel'>Next</button>",
        "<button title='Archive'>Next</button>",
        "<span id='l'>Accept all</span><button aria-labelledby='l'>Next</button>",
        "<button formaction='/requests/delete'>Next</button>",
        "<a role='button' href='/requests/9/withdraw'>Next</a>",
        "<button data-testid='submitButton'>Next</button>",
    ],
)
def test_what_would_act_is_not_clicked_by_whatever_name_it_goes(on_page: OnPage, button: str) -> None:
    with pytest.raises(Ended) as caught:
        on_page(f"<form>{button}</form>{COUNT}", click())
    assert caught.value.kind is OutcomeKind.PAGE_CHANGED
    assert caught.value.problems


def test_a_plain_search_is_clicked_although_its_type_is_submit(on_page: OnPage) -> None:
    title, thrown = json.loads(on_page(f"<form><button type='submit'>Search</button></form>{COUNT}", click()))
    assert (title, thrown) == ("sent", [])


def test_a_button_that_turns_from_next_into_submit_under_the_pointer_is_stopped_by_the_browser(
    on_page: OnPage,
) -> None:
    body = f"""<form><button>Next</button></form>{COUNT}
    <script>
      document.querySelector('button').onmousedown = (e) => {{ e.target.textContent = 'Submit'; }};
    </script>"""
    title, thrown = json.loads(on_page(body, click()))
    assert title == "quiet"
    assert any(REFUSED in message and "submit" in message for message in thrown)


def test_a_row_may_be_opened_that_says_cancelled_but_not_by_its_withdraw_button(on_page: OnPage) -> None:
    row = "<table><tr onclick=\"document.title='opened'\"><td>Cancelled, cancel date 1</td>{}</tr></table>"
    opened = click(Locator("css", "tr"))
    assert json.loads(on_page(row.format(""), opened))[0] == "opened"
    wide = "<td><button style='width:600px' type='button'>Withdraw</button></td>"
    title, thrown = json.loads(on_page(row.format(wide), opened))
    assert title == "quiet"
    assert "withdraw" in thrown[0]


def test_enter_is_a_click_on_what_the_form_sends_with(on_page: OnPage) -> None:
    enter = Step("press", Locator("label", "Member ID"), key="Enter")
    field = "<label>Member ID <input></label>"
    with pytest.raises(Ended):
        on_page(f"<form>{field}<button>Save</button></form>{COUNT}", lambda h: do(h, (enter,)))
    searched = on_page(f"<form>{field}<button>Search</button></form>{COUNT}", lambda h: do(h, (enter,)))
    assert json.loads(searched)[0] == "sent"


def test_the_sign_in_may_submit(on_page: OnPage) -> None:
    async def sign_in(h: Hands) -> None:
        await do(replace(h, may_act=True), (Step("click", BUTTON),))

    assert json.loads(on_page(f"<form><button>Submit</button></form>{COUNT}", sign_in))[0] == "sent"


def test_a_password_is_typed_into_its_box_on_sign_in_pages(on_page: OnPage) -> None:
    body = "<label>Password *<input type='password' oninput='document.title = this.value.length'></label>"

    async def sign_in(h: Hands) -> None:
        step = Step("fill", Locator("label", "password"), value="{password}")
        await do(replace(h, may_act=True), (step,))

    assert json.loads(on_page(body, sign_in))[0] == str(len("secret one"))


def test_several_that_fit_are_not_chosen_from(on_page: OnPage) -> None:
    with pytest.raises(StepFailed, match="2 times"):
        on_page("<button>One</button><button>Two</button>", click())


def test_a_step_left_in_the_page_by_an_earlier_page_is_not_seen(on_page: OnPage) -> None:
    next_button = "<button onclick='document.title={}'>Next</button>"
    body = f"<div hidden>{next_button.format(1)}</div>{next_button.format(2)}"
    assert json.loads(on_page(body, click()))[0] == "2"


def test_a_value_that_the_record_lacks_is_named_and_nothing_is_typed(on_page: OnPage) -> None:
    step = Step("fill", Locator("label", "Plan"), value="{plan}")
    with pytest.raises(Ended) as caught:
        on_page("<label>Plan <input></label>", lambda h: do(h, (step,)))
    assert caught.value.kind is OutcomeKind.COULD_NOT_LOOK
    assert "plan" in caught.value.message


def test_an_entry_is_picked_by_its_whole_text(on_page: OnPage) -> None:
    body = """<input id="box" aria-label="Provider"><ul role="listbox"></ul><script>
    box.oninput = () => setTimeout(() => { document.querySelector('ul').innerHTML =
      ['XYZ1002003011', 'xyz100200301 ']
        .map((t) => `<li role="option" onclick="document.title='${t}'">${t}</li>`).join('');
    }, 120);</script>"""
    step = Step("pick", Locator("label", "Provider"), value="{member_id}")
    assert json.loads(on_page(body, lambda h: do(h, (step,))))[0].strip() == "xyz100200301"


def test_a_list_offers_its_entry_by_text_or_by_value_and_never_by_a_part(on_page: OnPage) -> None:
    body = (
        "<label>Member <select onchange='document.title=this.value'><option>XYZ</option>{}</select></label>"
    )
    step = Step("select", Locator("label", "Member"), value="{member_id}")
    entry = "<option value='7'>XYZ100200301</option>"
    assert json.loads(on_page(body.format(entry), lambda h: do(h, (step,))))[0] == "7"
    with pytest.raises(StepFailed, match="does not offer"):
        on_page(body.format("<option>XYZ1002003012</option>"), lambda h: do(h, (step,)))


def test_a_list_that_takes_its_time_to_open_is_waited_for_and_chosen_from_in_one_trip(
    on_page: OnPage,
) -> None:
    body = """<label>Member <select disabled onchange='document.title=this.value'>
      <option>XYZ100200301</option></select></label>
      <script>setTimeout(() => document.querySelector('select').disabled = false, 60)</script>"""
    step = Step("select", Locator("label", "Member"), value="{member_id}")
    trips: list[int] = []

    async def doing(hands: Hands) -> None:
        before = hands.eye.round_trips
        await do(hands, (step,))
        trips.append(hands.eye.round_trips - before)

    assert json.loads(on_page(body, doing))[0] == "XYZ100200301"
    assert trips == [1]


def test_a_list_that_stays_closed_is_not_chosen_from(on_page: OnPage) -> None:
    body = "<label>Member <select disabled><option>XYZ100200301</option></select></label>"
    step = Step("select", Locator("label", "Member"), value="{member_id}")
    with pytest.raises(StepFailed, match="can't be used"):
        on_page(body, lambda h: do(h, (step,)))


#: A page whose end, with the script that listens, comes when `arrive` is called.
ARRIVING = r"""<script>
  const listens = "document.body.onchange = document.body.onclick = () => { document.title = 'heard'; }";
  addEventListener('load', () => {
    document.open();
    document.write("%s");
    window.arrive = () => { document.write(`<script>${listens}<\/script>`); document.close(); };
  });
</script>"""


@pytest.mark.parametrize(
    ("shown", "step"),
    [
        ("<button type=button>Look</button>", Step("click", BUTTON)),
        (
            "<label>Member <select><option>One<option>XYZ100200301</select></label>",
            Step("select", Locator("label", "Member"), value="{member_id}"),
        ),
    ],
)
def test_nothing_is_done_on_a_page_that_still_arrives(on_page: OnPage, shown: str, step: Step) -> None:
    async def work(h: Hands) -> None:
        while not await h.page.evaluate("'arrive' in window"):
            await asyncio.sleep(0.01)
        doing = asyncio.create_task(do(h, (step,)))
        await asyncio.wait({doing}, timeout=0.3)
        assert not doing.done()
        await h.page.evaluate("arrive()")
        await doing

    assert json.loads(on_page(ARRIVING % shown, work))[0] == "heard"


def test_a_choice_that_does_not_hold_the_records_own_is_told_from_a_page_that_changed(
    on_page: OnPage,
) -> None:
    own = Step("click", Locator("role", "link"), value="{member_id}")
    with pytest.raises(NotOffered, match="this record's member_id"):
        on_page(PLANS, lambda h: do(h, (own,)))
    for body, step in (("", own), (PLANS, replace(own, value="Blue Meridian"))):
        with pytest.raises(StepFailed) as caught:
            on_page(body, lambda h, step=step: do(h, (step,)))  # type: ignore[misc]
        assert not isinstance(caught.value, NotOffered)


def test_an_overlay_is_hidden_and_not_answered(on_page: OnPage) -> None:
    body = "<div id='banner'>Cookies <button onclick='document.title=1'>OK</button></div>"

    async def hide(h: Hands) -> None:
        await do(h, (Step("hide", Locator("id", "banner")),))
        assert await h.page.locator("#banner").is_hidden()

    assert json.loads(on_page(body, hide))[0] == "quiet"
