"""The pass as a story, with a portal that does what the test tells it: one outcome for each query, whatever
happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Error as PlaywrightError

from automation import session
from automation.night import check_portal, is_loopback
from automation.outcomes import Ended, Outcome, OutcomeKind, TechnicalFault
from automation.reading import Seen
from automation.session import Account
from portal_profiles.catalogue import load
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from tests.automation.still_clock import StillClock

PROFILE = load("example_payer")
ACCOUNT = Account("riverbend.robot", "correct horse", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
ADDRESS = "http://127.0.0.1:9"
FAULT = TechnicalFault("The portal did not answer in time.")
LOST = Ended(OutcomeKind.SIGNED_OUT)


class Page:
    """A tab without a browser."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    async def screenshot(self, **_: Any) -> bytes:
        return b"\x89PNG"


class Gate:
    def forget(self) -> None:
        return


@dataclass
class Portal:
    """Tells each sign-in and each look how to end: None is well (a look then finds nothing)."""

    sign_ins: Iterator[Exception | None]
    looks: Iterator[Exception | None]
    signed_in: int = 0
    looked: int = 0
    states: list[bytes | None] = field(default_factory=list)

    async def open(self, *_: Any, **__: Any) -> Session:
        account = _[2]
        self.states.append(account.browser_state)
        return Session(self)


@dataclass
class Session:
    portal: Portal
    page: Page = field(default_factory=Page)
    gate: Gate = field(default_factory=Gate)

    async def sign_in(self) -> None:
        self.portal.signed_in += 1
        if error := next(self.portal.sign_ins, None):
            raise error

    async def close(self) -> None:
        self.page.closed = True

    async def let_go(self) -> None:
        return None

    def hands_for(self, query: Query) -> None:
        return None

    async def do(self, hands: None, steps: Sequence[Any]) -> None:
        self.portal.looked += 1
        if error := next(self.portal.looks, None):
            raise error

    async def see(self, *kinds: Any, acted_on: Seen | None = None) -> Seen:
        return Seen(PROFILE.pages["no_results"], {}, 0.0, (PROFILE.pages["no_results"],))

    def refusals(self) -> tuple[str, ...]:
        return ()


class Browser:
    def is_connected(self) -> bool:
        return True


@dataclass
class Told:
    outcomes: list[Outcome]
    portal: Portal
    clock: StillClock

    @property
    def kinds(self) -> list[str]:
        return [outcome.kind.value for outcome in self.outcomes]


Run = Callable[..., Told]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a pass over `many` queries against a portal that is told how to behave."""

    def run_pass(
        many: int,
        *,
        sign_ins: Sequence[Exception | None] = (),
        looks: Sequence[Exception | None] = (),
        profile: Profile = PROFILE,
        account: Account = ACCOUNT,
        base_url: str | None = ADDRESS,
        **others: Any,
    ) -> Told:
        portal = Portal(iter(sign_ins), iter(looks))
        clock = StillClock()
        monkeypatch.setattr(session.Session, "open", portal.open)
        queries = [Query(id=str(n), reference_number=f"R{n}") for n in range(many)]

        async def collect() -> list[Outcome]:
            browser: Any = Browser()
            return [
                outcome
                async for outcome in check_portal(
                    profile,
                    account,
                    queries,
                    browser=browser,
                    base_url=base_url,
                    clock=clock,
                    random=Random(7),
                    **others,
                )
            ]

        return Told(asyncio.run(collect()), portal, clock)

    return run_pass


def with_pace(**values: Any) -> Profile:
    return replace(PROFILE, pace=replace(PROFILE.pace, **values))


@pytest.mark.parametrize("base_url", [None, ADDRESS])
def test_a_portal_without_pages_is_not_begun_and_each_outcome_says_why(
    run: Run, base_url: str | None
) -> None:
    profile = replace(PROFILE, pages={}, search=(), unattended=False, attended_because="Nobody saw it.")
    told = run(2, profile=profile, base_url=base_url)
    assert told.kinds == ["not_started", "not_started"]
    assert {outcome.message for outcome in told.outcomes} == {profile.needs_person}
    assert told.portal.signed_in == 0


ERRORS = st.one_of(
    st.none(),
    st.sampled_from(list(OutcomeKind)).map(lambda kind: Ended(kind)),
    st.builds(TechnicalFault, st.just("It failed.")),
    st.builds(PlaywrightError, st.just("Target closed: XYZ100200301")),
    st.builds(ValueError, st.just("XYZ100200301")),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(many=st.integers(0, 9), sign_ins=st.lists(ERRORS, max_size=12), looks=st.lists(ERRORS, max_size=40))
def test_every_query_has_exactly_one_outcome_whatever_happens(
    run: Run, many: int, sign_ins: list[Exception | None], looks: list[Exception | None]
) -> None:
    told = run(many, sign_ins=sign_ins, looks=looks)
    assert [outcome.query_id for outcome in told.outcomes] == [str(n) for n in range(many)]
    assert "XYZ100200301" not in repr(told.outcomes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(faults=st.integers(0, 2), many=st.integers(1, 6))
def test_a_password_is_never_sent_again_after_a_refusal(run: Run, faults: int, many: int) -> None:
    told = run(many, sign_ins=[*[FAULT] * faults, Ended(OutcomeKind.CREDENTIALS_REFUSED), None, None])
    assert told.kinds == ["credentials_refused"] * many
    assert told.portal.signed_in == faults + 1


@pytest.mark.parametrize(
    "kind",
    [
        OutcomeKind.CODE_NEEDED,
        OutcomeKind.CHALLENGE_SHOWN,
        OutcomeKind.TERMS_SHOWN,
        OutcomeKind.PASSWORD_EXPIRED,
        OutcomeKind.LOCKED,
        OutcomeKind.MAINTENANCE,
    ],
)
def test_what_stops_the_sign_in_is_every_querys_outcome_and_is_not_tried_again(
    run: Run, kind: OutcomeKind
) -> None:
    told = run(3, sign_ins=[Ended(kind), None])
    assert told.kinds == [kind.value] * 3
    assert told.portal.signed_in == 1
    assert told.portal.looked == 0


def test_technical_faults_of_the_sign_in_are_tried_as_often_as_the_profile_says(run: Run) -> None:
    told = run(4, sign_ins=[FAULT] * 20)
    assert told.portal.signed_in == PROFILE.pace.attempts
    assert told.kinds == ["timed_out", "not_started", "not_started", "not_started"]


def test_a_technical_fault_is_tried_again_later_and_later_and_then_ends_well(run: Run) -> None:
    told = run(1, looks=[FAULT, FAULT, None])
    assert told.kinds == ["not_found"]
    assert told.outcomes[0].attempts == 3
    assert len(told.clock.slept) == 2
    assert told.portal.signed_in == 1


def test_a_technical_fault_that_stays_is_timed_out_and_the_next_query_goes_on(run: Run) -> None:
    told = run(2, looks=[FAULT, FAULT, FAULT, None])
    assert told.kinds == ["timed_out", "not_found"]


def test_the_breaker_leaves_a_portal_alone_that_fails_again_and_again(run: Run) -> None:
    told = run(9, looks=[FAULT] * 99, profile=with_pace(breaker=2, attempts=1))
    assert told.kinds == ["timed_out"] * 2 + ["not_started"] * 7
    assert told.portal.looked == 2


def test_a_look_that_works_closes_the_row_of_failures(run: Run) -> None:
    looks = [FAULT, None, FAULT, None, FAULT, None]
    told = run(6, looks=looks, profile=with_pace(breaker=2, attempts=1))
    assert told.kinds == ["timed_out", "not_found"] * 3


def test_a_lost_session_is_signed_in_again_once_and_the_query_goes_on(run: Run) -> None:
    told = run(3, looks=[None, LOST, None, None])
    assert told.kinds == ["not_found"] * 3
    assert told.portal.signed_in == 2


def test_a_session_lost_again_at_once_ends_the_rest_as_signed_out(run: Run) -> None:
    told = run(4, looks=[None, LOST, LOST])
    assert told.kinds == ["not_found", "signed_out", "signed_out", "signed_out"]
    assert told.portal.signed_in == 2


def test_a_session_that_is_lost_every_hour_is_found_every_hour(run: Run) -> None:
    told = run(3, looks=[LOST, None, LOST, None, LOST, None])
    assert told.kinds == ["not_found"] * 3
    assert told.portal.signed_in == 4


def test_a_saved_state_that_holds_needs_no_sign_in(run: Run) -> None:
    told = run(2, account=replace(ACCOUNT, browser_state=b"{}"))
    assert told.kinds == ["not_found"] * 2
    assert told.portal.signed_in == 0


def test_a_saved_state_that_ran_out_keeps_its_device_and_does_not_count_as_a_lost_session(run: Run) -> None:
    told = run(2, account=replace(ACCOUNT, browser_state=b"{}"), looks=[LOST, LOST, None, None])
    assert told.kinds == ["not_found"] * 2
    assert told.portal.signed_in == 2
    assert told.portal.states == [b"{}"] * 3


def test_maintenance_in_the_middle_stops_the_portal(run: Run) -> None:
    told = run(3, looks=[None, Ended(OutcomeKind.MAINTENANCE)])
    assert told.kinds == ["not_found", "maintenance", "maintenance"]


def test_an_error_that_no_code_foresaw_is_one_querys_outcome_and_says_where_it_arose(run: Run) -> None:
    told = run(2, looks=[ValueError("XYZ100200301"), None])
    assert told.kinds == ["could_not_look", "not_found"]
    assert "ValueError in test_night.py" in told.outcomes[0].message
    assert "XYZ" not in told.outcomes[0].message


def test_a_record_that_lacks_what_the_portal_searches_by_is_not_looked_for(run: Run) -> None:
    async def one() -> list[Outcome]:
        browser: Any = Browser()
        bare = [Query(id="1", last_name="Lindqvist")]
        return [o async for o in check_portal(PROFILE, ACCOUNT, bare, browser=browser, base_url=ADDRESS)]

    (outcome,) = asyncio.run(one())
    assert outcome.kind is OutcomeKind.COULD_NOT_LOOK
    assert "reference number" in outcome.message


def test_two_queries_with_one_id_are_refused_before_anything_is_asked() -> None:
    async def two() -> None:
        browser: Any = Browser()
        async for _ in check_portal(PROFILE, ACCOUNT, [Query(id="1"), Query(id="1")], browser=browser):
            pytest.fail("something was asked")

    with pytest.raises(ValueError, match="same id"):
        asyncio.run(two())


def test_a_portal_that_needs_a_person_is_not_started_on_its_real_host(run: Run) -> None:
    told = run(2, profile=replace(PROFILE, unattended=False), base_url=None)
    assert told.kinds == ["not_started"] * 2
    assert told.portal.signed_in == 0


def test_nothing_is_begun_after_the_hours_are_over(run: Run) -> None:
    start = StillClock().now()
    told = run(
        5,
        base_url=None,
        profile=with_pace(between_checks_seconds=(60, 60)),
        until=start + timedelta(seconds=90),
    )
    assert told.kinds == ["not_found"] * 2 + ["not_started"] * 3


def test_a_real_portal_is_given_rest_between_checks_and_a_sandbox_here_is_not(run: Run) -> None:
    slow = with_pace(between_checks_seconds=(4, 12))
    rests = run(4, base_url=None, profile=slow).clock.slept
    assert len(rests) == 3
    assert all(4 <= rest <= 12 for rest in rests)
    assert run(4, profile=slow).clock.slept == []


def test_a_secret_that_gives_no_codes_stops_before_the_password_is_sent(run: Run) -> None:
    told = run(2, account=replace(ACCOUNT, totp_secret="0189"))
    assert told.kinds == ["code_needed"] * 2
    assert told.portal.signed_in == 0


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:8765", True),
        ("http://example-payer.localhost:8765", True),
        ("http://localhost", True),
        ("https://portal.example", False),
        ("https://localhost.example", False),
        (None, False),
    ],
)
def test_only_a_sandbox_on_this_machine_is_one_that_nobody_else_waits_for(
    address: str | None, here: bool
) -> None:
    assert is_loopback(address) is here
