"""The same extension in a real Firefox: pairing, marks, filling, going on, recording, the popup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from automation import sandbox
from tests.e2e import firefox
from tests.e2e.firefox import Firefox, Tab, firefox_with_extension
from tests.e2e.real_clinic import RealClinic, real_clinic
from tests.e2e.test_extension_with_server import AGREEING, APPROVED, SLUG

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("extension_in_firefox"),
    pytest.mark.skipif(firefox.program() is None, reason="no Firefox (Debian: apt-get install firefox-esr)"),
]


@pytest.fixture
def portal() -> Iterator[sandbox.Served]:
    with sandbox.serve([SLUG]) as served:
        yield served


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[RealClinic]:
    with real_clinic(tmp_path / "clinic") as started:
        yield started


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Firefox]:
    with firefox_with_extension(tmp_path / "profile") as started:
        yield started


def there(tab: Tab, selector: str) -> None:
    """Waits until the selector finds something."""
    tab.until(lambda: tab.run(f"document.querySelector({json.dumps(selector)}) !== null"), selector)


def pair(browser: Firefox, clinic: RealClinic) -> Tab:
    """Pairs through the options page, as a person does, and leaves that page open."""
    options = browser.open(f"{browser.own}/options.html")
    there(options, "#code")
    options.type("#address", clinic.url)
    options.type("#code", clinic.pairing_code())
    options.type("#name", "Front desk")
    options.click("button[type=submit]")
    options.until(lambda: "Paired with" in options.run("document.body.innerText"), "the pairing")
    return options


def signed_in(browser: Firefox, portal: sandbox.Served) -> Tab:
    """A tab in which a person is signed in to the portal."""
    person = portal.states[SLUG].records.accounts[0]
    tab = browser.open(f"{portal.url(SLUG)}/sign-in")
    tab.type("[name=username]", person.username)
    tab.type("[name=password]", person.password)
    tab.click("main button[type=submit]")
    there(tab, "[name=code]")
    tab.type("[name=code]", pyotp.TOTP(person.totp_secret).now())
    tab.click("main button[type=submit]")
    tab.until(lambda: tab.run("document.querySelector('[name=code]') === null"), "the page after the code")
    return tab


def fill(tab: Tab, **values: str) -> None:
    """Types into the form's controls, by their names, and leaves the last one."""
    for name, value in values.items():
        selector = f"[name='{name}']"
        if tab.run(f"document.querySelector({json.dumps(selector)}).tagName") == "SELECT":
            tab.run(
                f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
                f" e.value = {json.dumps(value)};"
                " e.dispatchEvent(new Event('change', { bubbles: true })); return true; })()"
            )
        else:
            tab.type(selector, value)
    tab.press("\ue004")


def test_the_built_extension_pairs_marks_a_mismatch_and_is_clear_once_mended(
    browser: Firefox, clinic: RealClinic, portal: sandbox.Served
) -> None:
    clinic.add(APPROVED)
    own = pair(browser, clinic)
    tab = signed_in(browser, portal)
    tab.goto(f"{portal.url(SLUG)}/requests/new")

    def badge() -> str:
        return str(
            own.run(
                "browser.tabs.query({})"
                ".then((tabs) => tabs.find(({ url }) => url?.endsWith('/requests/new')))"
                ".then(({ id }) => browser.action.getBadgeText({ tabId: id }))"
            )
        )

    fill(tab, **AGREEING)
    tab.until(lambda: badge() == "✓", "checked and clear")
    fill(tab, quantity_1="30")
    tab.until(lambda: badge() == "1", "one mark")
    assert tab.run("[...document.querySelectorAll('*')].filter((e) => e.shadowRoot).length") == 0
    fill(tab, quantity_1="4")
    tab.until(lambda: badge() == "✓", "clear again")


def test_a_person_fills_goes_on_against_a_finding_records_and_finds_a_case(
    browser: Firefox, clinic: RealClinic, portal: sandbox.Served
) -> None:
    known = clinic.add(APPROVED)
    own = pair(browser, clinic)
    tab = signed_in(browser, portal)
    tab.goto(f"{portal.url(SLUG)}/requests/new")
    number = own.run(
        "browser.tabs.query({}).then((tabs) => tabs.find(({ url }) => url?.endsWith('/requests/new')).id)"
    )

    def ask(kind: str, **what: Any) -> Any:
        message = json.dumps({"type": kind, "tab": number, **what})
        return own.run(f"browser.runtime.sendMessage({message})")["answer"]

    tab.until(lambda: ask("tab/view")["page"] is not None, "the form to be read")
    assert ask("tab/fill", authorization_id=known) == {"ok": True}
    assert tab.run("document.querySelector('[name=member_id]').value") == "XYZ100200301"

    fill(tab, quantity_1="90")
    tab.until(lambda: ask("tab/view")["state"] == "warning", "the mismatch")
    answer = ask("tab/view")["answer"]
    given = {"check": answer["id"], "finding": 0, "reason": "other", "note": "Told so at the desk"}
    assert ask("tab/override", **given) == {"ok": True}
    tab.until(lambda: ask("tab/view")["state"] == "clear", "nothing open any more")
    assert [one.note for one in clinic.overrides()] == ["Told so at the desk"]

    tab.goto(f"{portal.url(SLUG)}/authorizations/k7m2")
    tab.until(lambda: ask("tab/view")["recordable"], "the status page")
    assert ask("tab/record") == {"ok": True}
    assert len(clinic.readings()) == 1

    popup = browser.open(f"{browser.own}/popup.html")
    there(popup, "[role=combobox]")
    popup.type("[role=combobox]", "lindq")
    there(popup, "[role=option]")
    popup.press("\ue015\ue007")
    popup.until(lambda: "Lindqvist, Ada" in popup.run("document.querySelector('main').innerText"), "the case")
