"""A visitor of a sandbox without a browser: signs in and looks, over Flask's test client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from automation.sandbox import create_app, records
from portal_profiles.stand_in import Account, State

NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def us(day: date) -> str:
    """MM/DD/YYYY."""
    return day.strftime("%m/%d/%Y")


@dataclass
class Visitor:
    """One browser at one sandbox: each portal is spoken to in its own way."""

    state: State
    client: FlaskClient
    clock: Clock
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        self.account = next(iter(self.state.accounts.values()))

    @property
    def slug(self) -> str:
        return self.state.records.slug

    def other(self) -> Visitor:
        """Another browser at the same sandbox."""
        return Visitor(self.state, self.client.application.test_client(), self.clock)

    def give_password(self, password: str | None = None, username: str | None = None) -> TestResponse:
        given = self.account.password if password is None else password
        name = username or self.account.username
        if self.slug == "availity":
            return self.client.post(
                "/ms/api/availity/internal/onb/sign-in", json={"userId": name, "password": given}
            )
        return self.client.post("/sign-in", data={"username": name, "password": given})

    def give_code(self, code: str | None = None) -> TestResponse:
        given = self.account.code(self.clock.now) if code is None else code
        if self.slug == "availity":
            return self.client.post("/ms/api/availity/internal/onb/two-step", json={"code": given})
        return self.client.post("/sign-in/code", data={"code": given})

    def sign_in(self) -> TestResponse:
        self.give_password()
        answer = self.give_code()
        if self.slug == "example_payer":
            self.client.post("/organization", data={"organization": self.account.organizations[0]})
        return answer

    def home(self) -> TestResponse:
        if self.slug == "availity":
            return self.client.get("/static/web/onb/onboarding-ui-apps/navigation/")
        return self.client.get("/")

    def sign_in_page(self) -> TestResponse:
        if self.slug == "availity":
            return self.client.get("/static/public/onb/onboarding-ui-apps/availity-fr-ui/")
        return self.client.get("/sign-in")

    def find_number(self, number: str) -> TestResponse:
        return self._find({"by": "number", "number": number}, {"number": number})

    def find_member(self, member_id: str, born: date, since: date, until: date) -> TestResponse:
        days = us(since), us(until)
        npi = self.state.records.authorizations[0].requesting_npi
        return self._find(
            {"by": "member", "memberId": member_id, "patientBirthDate": us(born), "providerNpi": npi}
            | dict(zip(("fromDate", "toDate"), days, strict=True)),
            {"member_id": member_id, "birth_date": us(born)}
            | dict(zip(("service_from", "service_to"), days, strict=True)),
        )

    def _find(self, availity: Mapping[str, str], example: Mapping[str, str]) -> TestResponse:
        if self.slug == "availity":
            customer_id = self.account.organizations[0].split(" | ")[0]
            picked = {"organization": customer_id, "payer": self.state.records.payer}
            path = "/static/web/post/um/inquiry-ui/search"
            return self.client.post(path, json={**picked, **availity}, follow_redirects=True)
        return self.client.post("/status", data=dict(example), follow_redirects=True)

    def said(self, page: str) -> list[str]:
        """Every label, value and cell of a page by itself."""
        given = re.search(r'<script type="application/json" id="shown">(.*?)</script>', page)
        if given is not None:
            return list(_texts(json.loads(given.group(1))))
        return re.findall(r"<(?:dt|dd|th|td|span class=\"badge\")>([^<]+)<", page)

    def record_path(self, record_id: str) -> str:
        if self.slug == "availity":
            return f"/static/web/post/um/inquiry-ui/record/{record_id}"
        return f"/authorizations/{record_id}"

    def letter_path(self, record_id: str) -> str:
        return self.record_path(record_id) + ("/letter" if self.slug == "availity" else "/letter.pdf")


def _texts(given: object) -> Iterator[str]:
    """The texts of what a page is drawn from, in their order."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list | dict):
        for one in given.values() if isinstance(given, dict) else given:
            yield from _texts(one)


def visitor(slug: str, hazards: Mapping[str, object] | None = None, *, seed: int = 0) -> Visitor:
    """A visitor of a fresh sandbox whose clock stands at NOW."""
    clock = Clock()
    state = State(records(slug), hazards, clock=clock)
    return Visitor(state, create_app(state, seed=seed).test_client(), clock)
