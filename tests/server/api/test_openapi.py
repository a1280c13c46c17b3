"""The OpenAPI document is complete: what it says is what the app has, and each operation says all of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from server.security import access
from server.security.roles import Role

METHODS = {"get", "post", "put", "delete", "patch"}
#: A success that does not show one of our schemas would be a hole in the document.
BODY_METHODS = {"post", "put"}


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    response = app.test_client().get("/api/openapi.json")
    assert response.status_code == 200
    shown: dict[str, Any] = response.get_json()
    return shown


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_every_address_of_the_api_is_in_it_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    in_app = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(method, path) for method, path, _ in operations(document)} == in_app


def test_each_operation_says_its_summary_its_role_and_its_errors(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        at = f"{method} {path}"
        assert operation.get("summary", "").endswith("."), at
        role = operation["x-access"]
        assert role == "public" or role in set(Role), at
        answers = set(operation["responses"])
        assert {"400", "500", "503"} <= answers, at
        assert any(code.startswith("2") for code in answers), at
        if role == "public":
            assert operation["security"] == [], at
        else:
            assert {"401", "403"} <= answers, at
            assert operation["security"] == [{"cookie": []}, {"token": []}, {"device": []}], at
        if method in BODY_METHODS:
            assert operation["requestBody"]["content"]["application/json"]["schema"], at
            assert {"413", "415", "422"} <= answers, at
        for code, answer in operation["responses"].items():
            schema = answer["content"]["application/json"]["schema"]
            assert schema.get("$ref"), (at, code)
            if not code.startswith("2"):
                assert schema["$ref"] == "#/components/schemas/Error", (at, code)


def test_the_role_it_tells_is_the_one_that_the_gate_asks_for(app: Flask, document: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/"):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            need = access.declared(app, rule.endpoint, method)
            assert need is not None
            told = document["paths"][path][method.lower()]["x-access"]
            assert told == ("public" if need.role is None else need.role.value)


def test_every_reference_in_it_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            found = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return found + [inner for value in part.values() for inner in references(value)]
        if isinstance(part, list):
            return [inner for value in part for inner in references(value)]
        return []

    found = references(document["paths"]) + references(document["components"])
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_it_is_an_openapi_document_of_its_version(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.0.3"
    assert set(document["info"]) >= {"title", "version", "description"}
    for _, path, operation in operations(document):
        wanted = set(re.findall(r"{(\w+)}", path))
        shared = document["paths"][path].get("parameters", [])
        parameters = [p for p in (*shared, *operation.get("parameters", [])) if p.get("in") == "path"]
        assert {p["name"] for p in parameters} == wanted, path
        assert all(p["required"] and p["schema"] for p in parameters), path
    for name, schema in document["components"]["schemas"].items():
        assert schema["type"] == "object", name
        for field, described in schema.get("properties", {}).items():
            assert described, (name, field)


def test_closed_vocabularies_are_listed_in_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "approved" in schemas["AuthorizationIn"]["properties"]["determination"]["enum"]
    assert schemas["Check"]["properties"]["verdict"]["enum"] == [
        "match",
        "caution",
        "mismatch",
        "no_authorization",
        "undetermined",
    ]
