"""A walk over a sandbox: what is met is confirmed or differs, what is not met stays unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from automation.pace import OneTimeCodes
from automation.verifying import Tick, Verified, verify
from tests.automation.robot import Visit

pytestmark = pytest.mark.browser

Visiting = Callable[..., Visit]


def walked(visit: Visit, **change: object) -> Verified:
    account = visit.account()
    assert account.totp_secret is not None
    profile = replace(visit.profile, **change)  # type: ignore[arg-type]
    return visit.robot.do(
        verify(
            profile,
            visit.queries("read", 1)[0],
            browser=visit.robot.browser,
            account=account,
            base_url=visit.served.url(visit.slug),
            codes=OneTimeCodes(account.totp_secret, visit.clock),
        )
    )


def test_what_the_portal_bears_out_is_confirmed_and_the_rest_is_unseen(visit: Visiting) -> None:
    verified = walked(visit("example_payer"))
    assert verified.ended is None
    assert verified.read
    assert verified.ticks["pages.detail.field determination"] is Tick.CONFIRMED
    assert verified.ticks["pages.search.sign role 'button' 'Search'"] is Tick.CONFIRMED
    assert verified.ticks["words.determination approved"] is Tick.CONFIRMED
    assert verified.ticks["words.determination expired"] is Tick.UNSEEN
    assert verified.ticks["pages.locked"] is Tick.UNSEEN


def test_a_label_that_changed_differs(visit: Visiting) -> None:
    served = visit("example_payer")
    detail = served.profile.pages["detail"]
    plan = replace(detail.fields["plan"], find=replace(detail.fields["plan"].find, value="Plans"))
    pages = {**served.profile.pages, "detail": replace(detail, fields={**detail.fields, "plan": plan})}
    verified = walked(served, pages=pages)
    assert verified.ticks["pages.detail.field plan"] is Tick.DIFFERS
    assert not verified.read


def test_a_walk_that_is_stopped_says_why_and_keeps_what_it_met(visit: Visiting) -> None:
    verified = walked(visit("example_payer", no_result=True))
    assert verified.ended is not None
    assert not verified.read
    assert verified.ticks["pages.detail"] is Tick.UNSEEN
    assert verified.ticks["pages.no_results.sign text 'No authorizations found'"] is Tick.CONFIRMED
