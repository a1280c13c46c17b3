"""Every page of a sandbox that needs no browser, for what must be true of each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flask.testing import FlaskClient

from portal_profiles.stand_in import State

BANNER = "Sandbox: a stand-in for"


def pages_of(
    client: FlaskClient, sign_in: Callable[[FlaskClient], object], more: Iterable[str]
) -> dict[str, str]:
    """path -> HTML of every page without a parameter, and of `more`, for somebody who signs in as told."""
    rules = [rule for rule in client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    paths = [rule.rule for rule in rules if not rule.arguments and "__sandbox__" not in rule.rule]
    before = {path: client.get(path) for path in paths}
    sign_in(client)
    leaving = [path for path in paths if "out" in path.rsplit("/", 1)[-1]]
    staying = [path for path in paths if path not in leaving]
    inside = {path: client.get(path) for path in [*staying, *more, *leaving]}
    return {
        f"{when} {path}": answer.text
        for when, answers in (("before", before), ("inside", inside))
        for path, answer in answers.items()
        if answer.mimetype == "text/html" and answer.status_code == 200
    }


def wrong_with(pages: dict[str, str], state: State) -> list[str]:
    """What no page of a sandbox may be: without its banner, with a person in its title, with anything from
    elsewhere."""
    people = {name for p in state.records.patients for name in (p.member_id, p.last_name, p.first_name)}
    wrong = []
    for path, text in pages.items():
        title = re.search(r"<title>(.*?)</title>", text)
        if BANNER not in text:
            wrong.append(f"{path}: no banner")
        if title is None or any(name in title.group(1) for name in people):
            wrong.append(f"{path}: its title")
        if re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", text):
            wrong.append(f"{path}: loads from elsewhere")
    return wrong
