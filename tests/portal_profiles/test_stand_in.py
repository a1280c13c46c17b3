"""What every sandbox's sign-in stands on: codes that are sent to a person, devices that are remembered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automation.sandbox import records, spreadsheet
from portal_profiles.stand_in import TRIES, State, Visit

NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)


@pytest.fixture
def state() -> State:
    """A sandbox's state whose clock stands."""
    return State(records("example_payer"), clock=lambda: NOW)


def at_the_code(state: State) -> Visit:
    """A session whose password was right."""
    account = next(iter(state.accounts.values()))
    answer, visit = state.give_password(account.username, account.password)
    assert (answer, visit is not None) == ("code", True)
    assert visit is not None
    return visit


def test_a_code_that_was_sent_lets_in_once(state: State) -> None:
    visit = at_the_code(state)
    state.send_code(visit)
    code = state.accounts[visit.username].sent[-1]
    assert len(code) == 6
    assert state.give_code(visit, code) == "in"
    assert state.give_code(at_the_code(state), code) == "refused"


def test_a_code_is_void_as_soon_as_the_next_is_sent(state: State) -> None:
    visit = at_the_code(state)
    state.send_code(visit)
    state.send_code(visit)
    first, second = state.accounts[visit.username].sent
    assert state.give_code(visit, first) == "refused"
    assert state.give_code(visit, second) == "in"


def test_an_account_without_an_app_takes_no_code_that_was_not_sent(state: State) -> None:
    visit = at_the_code(state)
    account = state.accounts[visit.username]
    from_an_app = account.code(NOW)
    account.totp_secret = ""
    assert [state.give_code(visit, code) for code in (from_an_app, "", "000000")] == [
        *["refused"] * (TRIES - 1),
        "locked",
    ]


def test_a_remembered_device_needs_no_code(state: State) -> None:
    visit = at_the_code(state)
    assert state.give_device(visit, state.remember_device(visit.username))
    assert visit.stage == "in"
    assert state.accounts[visit.username].sign_ins == 1


def test_a_device_is_remembered_for_its_own_account_only(state: State) -> None:
    visit = at_the_code(state)
    others = state.remember_device("riverbend.desk")
    assert not any(state.give_device(visit, token) for token in (others, None, "", "made up"))
    assert visit.stage == "code"


def test_a_locked_account_is_not_opened_by_its_device(state: State) -> None:
    visit = at_the_code(state)
    token = state.remember_device(visit.username)
    state.accounts[visit.username].locked = True
    assert not state.give_device(visit, token)


def test_the_codes_of_one_sandbox_are_not_those_of_the_next(state: State) -> None:
    visit = at_the_code(state)
    state.send_code(visit)
    again = State(records("example_payer"), clock=lambda: NOW)
    assert again.accounts[visit.username].sent == []


def test_a_key_stands_in_a_column_of_its_own_and_never_among_the_authorization_numbers() -> None:
    clinic = records("covermymeds").clinic
    rows = spreadsheet(["covermymeds", "example_payer"])
    keys = [row.number for row in clinic]
    assert [row["Request Key"] for row in rows[: len(clinic)]] == keys
    assert {row["Authorization Number"] for row in rows[: len(clinic)]} == {""}
    assert {row["Request Key"] for row in rows[len(clinic) :]} == {""}
    assert "Request Key" not in spreadsheet(["example_payer"])[0]
