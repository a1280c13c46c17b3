"""Codes that a person receives: asked for while the pass waits, typed once, and told how they ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from automation.outcomes import OutcomeKind
from automation.people import CodeAsked, CodeEnd
from portal_profiles.catalogue import load
from tests.automation.robot import Visit
from tests.automation.still_clock import LeapingClock

pytestmark = pytest.mark.browser

Serve = Callable[..., Visit]
#: Portals that send codes to a person, and an account of the sandbox that is sent one.
SENT = (("cigna", "riverbend.desk", "email"), ("covermymeds", "riverbend.desk", "email"),
        ("unitedhealthcare", "riverbend.desk", "text"))  # fmt: skip


@dataclass
class Desk:
    """A person at the account's mailbox and telephone. wrong: how many codes they mistype before."""

    here: Visit
    username: str
    wrong: int = 0
    away: bool = False
    asked: list[CodeAsked] = field(default_factory=list)
    ends: list[CodeEnd] = field(default_factory=list)

    async def code(self, asked: CodeAsked) -> str | None:
        self.asked.append(asked)
        if self.away:
            await self.here.clock.sleep((asked.until - asked.asked_at).total_seconds())
            return None
        if len(self.asked) <= self.wrong:
            return "000000"
        return self.here.served.states[self.here.slug].accounts[self.username].sent[-1]

    async def push(self, asked: CodeAsked) -> None:
        self.asked.append(asked)
        if not self.away:
            assert self.here.served.states[self.here.slug].agree_to_push(self.username) == 1

    async def ended(self, asked: CodeAsked, how: CodeEnd) -> None:
        assert asked is self.asked[-1]
        self.ends.append(how)


class HurriedClock(LeapingClock):
    """Every second that is waited for is half a minute."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(30 * seconds)


def kinds(here: Visit, desk: Desk, many: int = 2) -> list[str]:
    account = here.account(desk.username)
    account = replace(account, totp_secret=account.totp_secret or None)
    outcomes = here.look(here.queries("read", many), account=account, people=desk)
    return [outcome.kind.value for outcome in outcomes]


@pytest.mark.parametrize(("slug", "username", "method"), SENT)
def test_a_pass_waits_for_the_code_and_then_reads(
    visit: Serve, slug: str, username: str, method: str
) -> None:
    here = visit(slug)
    desk = Desk(here, username)
    assert kinds(here, desk) == ["read", "read"]
    assert [asked.method for asked in desk.asked] == [method]
    assert desk.ends == [CodeEnd.USED]
    assert len(here.served.states[slug].accounts[username].sent) == 1
    waits = (desk.asked[0].until - desk.asked[0].asked_at).total_seconds()
    assert waits == 60 * load(slug).sign_in.code_minutes


@pytest.mark.parametrize(("slug", "username", "method"), SENT)
def test_a_wrong_code_is_asked_for_once_more_and_no_more(
    visit: Serve, slug: str, username: str, method: str
) -> None:
    here = visit(slug)
    once = Desk(here, username, wrong=1)
    assert kinds(here, once, 1) == ["read"]
    assert [asked.again for asked in once.asked] == [False, True]
    assert once.ends == [CodeEnd.REFUSED, CodeEnd.USED]
    twice = Desk(here, username, wrong=2)
    assert kinds(here, twice, 2) == ["code_needed", "code_needed"]
    assert twice.ends == [CodeEnd.REFUSED, CodeEnd.REFUSED]
    account = here.counts["accounts"][username]
    assert not account["locked"]
    assert account["passwords_refused"] == 0


def test_when_nobody_answers_in_time_a_code_is_needed_and_the_password_is_not_sent_again(
    visit: Serve,
) -> None:
    here = visit("cigna")
    desk = Desk(here, "riverbend.desk", away=True)
    assert kinds(here, desk, 3) == ["code_needed"] * 3
    assert desk.ends == [CodeEnd.EXPIRED]
    given = [entry for entry in here.counts["entries"] if entry["what"] == "sign_in"]
    assert [entry["path"] for entry in given] == ["/app/login", "/app/verify-code/send"]


def test_a_device_that_the_robot_had_remembered_is_asked_for_no_code_the_next_time(visit: Serve) -> None:
    here = visit("cigna")
    desk = Desk(here, "riverbend.desk")
    assert kinds(here, desk, 1) == ["read"]
    here.served.states["cigna"].visits.clear()
    again = here.account("riverbend.desk", here.states[-1])
    (outcome,) = here.look(here.queries("read", 1), account=again, people=desk)
    assert outcome.kind is OutcomeKind.READ
    assert len(desk.asked) == 1


def test_a_push_is_waited_for_until_the_page_goes_by_itself(visit: Serve) -> None:
    here = visit("example_payer")
    desk = Desk(here, "riverbend.phone")
    assert kinds(here, desk) == ["read", "read"]
    assert [asked.method for asked in desk.asked] == ["push"]
    (number,) = [visit.push_number for visit in here.served.states["example_payer"].visits.values()]
    assert [asked.number for asked in desk.asked] == [number]
    assert desk.ends == [CodeEnd.USED]


def test_a_push_that_nobody_agrees_to_is_a_code_needed(visit: Serve) -> None:
    here = visit("example_payer")
    profile = here.profile
    impatient = replace(profile, sign_in=replace(profile.sign_in, code_minutes=1))
    here.clock = HurriedClock()
    desk = Desk(here, "riverbend.phone", away=True)
    account = replace(here.account("riverbend.phone"), totp_secret=None)
    (outcome,) = here.look(here.queries("read", 1), account=account, people=desk, profile=impatient)
    assert outcome.kind is OutcomeKind.CODE_NEEDED
    assert desk.ends == [CodeEnd.EXPIRED]


def test_an_authenticator_app_goes_first_and_asks_nobody(visit: Serve) -> None:
    here = visit("unitedhealthcare")
    desk = Desk(here, "riverbend.robot")
    assert kinds(here, desk, 1) == ["read"]
    assert desk.asked == []
