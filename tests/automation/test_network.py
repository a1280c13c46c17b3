"""What a look may ask of the network."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.network import SAFE_METHODS, is_allowed, only_asks, shown_path

OWN = frozenset({"https://portal.example", "https://app.example:8443"})
POSTS = ("/status", "/api/*/search")


def allowed(method: str, url: str, *, signing_in: bool = False) -> bool:
    return is_allowed(method, url, origins=OWN, posts=POSTS, signing_in=signing_in)


@pytest.mark.parametrize("url", ["https://portal.example/x", "https://app.example:8443/static/a.css?v=1"])
def test_the_portals_own_pages_are_loaded(url: str) -> None:
    assert allowed("GET", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://tracker.example/pixel.gif",
        "http://portal.example/x",
        "https://portal.example:444/x",
        "https://portal.example.evil.example/",
        "https://app.example/x",
    ],
)
def test_another_host_scheme_or_port_is_not_asked_even_while_signing_in(url: str) -> None:
    assert not allowed("GET", url, signing_in=True)


@pytest.mark.parametrize("path", ["/status", "/api/v2/search"])
def test_a_declared_search_may_be_posted(path: str) -> None:
    assert allowed("POST", f"https://portal.example{path}?page=1")


@pytest.mark.parametrize("path", ["/authorizations/9/withdraw", "/status/9", "/api/search", "/"])
def test_any_other_post_is_blocked_unless_it_is_the_sign_ins(path: str) -> None:
    assert not allowed("POST", f"https://portal.example{path}")
    assert allowed("POST", f"https://portal.example{path}", signing_in=True)


@given(st.sampled_from(["PUT", "PATCH", "DELETE", "MERGE"]), st.booleans())
def test_what_can_only_change_something_is_blocked_always(method: str, signing_in: bool) -> None:
    assert method not in SAFE_METHODS
    assert not allowed(method, "https://portal.example/status", signing_in=signing_in)


@given(st.from_regex(r"/([a-z]{1,8}/|[A-Z0-9]{3,12}/){0,5}", fullmatch=True))
def test_no_digit_of_an_address_is_shown(path: str) -> None:
    assert not any(letter.isdigit() for letter in shown_path(f"https://portal.example{path}?member=XYZ1#2"))


def test_the_rest_of_an_address_is_shown_to_the_profiles_author() -> None:
    assert shown_path("https://portal.example/members/XYZ100200301/search?q=1") == "/members/…/search"


QUERY = "query Requests($id: ID!) { requests(patient: $id) { number status } }"
MUTATION = "mutation Appeal($id: ID!) { appeal(request: $id) { done } }"


@pytest.mark.parametrize(
    "sent",
    [
        {"query": QUERY, "variables": {"id": "1"}},
        {"query": "{ me { name } }"},
        [{"query": QUERY}, {"query": "{ me { name } }"}],
        {"query": 'query { search(note: "a mutation \\" of it") { id } } # no mutation'},
    ],
)
def test_what_only_asks_may_be_posted_to_a_graphql_interface(sent: object) -> None:
    assert only_asks(json.dumps(sent))


@pytest.mark.parametrize(
    "sent",
    [
        {"query": MUTATION},
        {"query": QUERY + "\n" + MUTATION, "operationName": "Requests"},
        [{"query": QUERY}, {"query": MUTATION}],
        {"query": '# "\nmutation { appeal { done } } # "'},
        {"query": "subscription { changed { id } }"},
        {"operationName": "Requests", "extensions": {"persistedQuery": {"sha256Hash": "0f"}}},
        {"query": " # nothing"},
        {"query": None},
        [],
        "query",
    ],
)
def test_what_may_change_something_or_cannot_be_told_is_not_posted_there(sent: object) -> None:
    assert not only_asks(json.dumps(sent))


@pytest.mark.parametrize("body", [None, "", "query { me }", "id=1"])
def test_what_is_no_json_does_not_only_ask(body: str | None) -> None:
    assert not only_asks(body)


@given(before=st.sampled_from([QUERY, ""]), text=st.text(st.characters(exclude_characters='"\\\n\r')))
def test_no_text_or_comment_hides_a_mutation(before: str, text: str) -> None:
    hidden = f'{before} query {{ a(b: "{text}") }} # {text}\n{MUTATION}'
    assert not only_asks(json.dumps({"query": hidden}))


def test_a_query_is_let_to_its_declared_path_only() -> None:
    body = json.dumps({"query": QUERY})

    def let(path: str, sent: str) -> bool:
        return is_allowed(
            "POST",
            f"https://portal.example{path}",
            origins=OWN,
            posts=(),
            signing_in=False,
            queries=("/graphql",),
            body=sent,
        )

    assert let("/graphql", body)
    assert not let("/status", body)
    assert not let("/graphql", json.dumps({"query": MUTATION}))
