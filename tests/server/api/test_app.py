"""What every answer carries, and whose questions are answered at all."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from server.app import create_app
from server.db.session import Database
from server.security.roles import Role
from tests.server.api.conftest import Browser, bearer

EXTENSION = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"


@pytest.mark.parametrize(
    "path", ["/api/v1/runs", "/api/openapi.json", "/api/nothing", "/sign-in", "/nothing"]
)
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


def test_the_session_cookie_is_for_this_site_and_not_for_scripts(client: FlaskClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_the_cookie_is_for_https_only(database: Database) -> None:
    app = create_app(database.settings, database, https=True)
    cookie = app.test_client().get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]
    assert "Secure" in cookie


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8750", "127.0.0.1:20000", "[::1]:8750", "LOCALHOST"]
)
def test_loopback_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/api/openapi.json", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b", "localhost:8750:1"],
)
def test_other_host_names_are_refused_so_that_a_name_pointed_here_reaches_nothing(
    client: FlaskClient, database: Database, host: str
) -> None:
    response = client.get("/api/v1/runs", headers={**bearer(database, Role.VIEWER), "Host": host})
    assert (response.status_code, response.get_json()["error"]["code"]) == (400, "host_unknown")


def test_a_configured_host_name_is_answered(database: Database) -> None:
    app = create_app(database.settings, database, allowed_hosts=["tally.riverbend.example"])
    asked = app.test_client().get("/api/openapi.json", headers={"Host": "Tally.Riverbend.Example:443"})
    assert asked.status_code == 200


@pytest.mark.parametrize("origin", [EXTENSION, "moz-extension://0b5a1f8e-6d5a-4b0e-9d53-1c2e3f4a5b6c"])
def test_an_extension_may_ask_first_and_then_read_the_answer(browser: Browser, origin: str) -> None:
    asked = browser.client.options(
        "/api/v1/checks",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in asked.headers
    header = browser.header("GET", "/api/v1/devices/me")
    answered = browser.client.get("/api/v1/devices/me", headers={"Origin": origin, "Authorization": header})
    assert answered.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answered.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8750", ""])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_no_other_origin_is_allowed_to_read(client: FlaskClient, origin: str, method: str) -> None:
    response = client.open("/api/v1/devices/pair", method=method, headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/sign-in", "/api/openapi.json", "/nothing"])
def test_outside_the_api_not_even_an_extension_is_allowed_to_read(client: FlaskClient, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": EXTENSION}).headers


def test_an_error_can_be_read_by_the_extension_too(client: FlaskClient) -> None:
    response = client.get("/api/v1/devices/me", headers={"Origin": EXTENSION})
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == EXTENSION


def test_the_log_names_the_rule_and_not_the_address(
    client: FlaskClient, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/api/v1/profiles/XYZ100200301", headers=bearer(database, Role.VIEWER))
    client.get("/XYZ100200301")
    logged = capsys.readouterr().out
    assert "/api/v1/profiles/<slug>" in logged
    assert "XYZ100200301" not in logged
