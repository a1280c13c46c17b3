"""Every failure of a request in the one error shape: {"error": {"code", "message", "fields": [...]}}.

Nothing that was sent is repeated: a field is named, its value is not. An unforeseen failure answers a
reference that stands in the log beside where it happened, and no details.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import structlog
from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from server.context import PAGE_FOR_PROBLEM
from server.errors import FieldProblem, Problem

_log = structlog.get_logger("server")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SENTENCES: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request could not be read. Send a JSON object as UTF-8."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    406: ("not_acceptable", "This address answers JSON only."),
    413: ("too_large", "The request is larger than this address takes. Send less at once."),
    415: ("not_json", "Send JSON with Content-Type: application/json."),
}


def install(app: Flask) -> None:
    """Answers every error of the app: JSON under /api, the dashboard's page elsewhere when it has one."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def as_response(problem: Problem) -> Response:
    """The problem as this request should see it."""
    page = current_app.extensions.get(PAGE_FOR_PROBLEM)
    if page is not None and not request.path.startswith("/api/"):
        return cast(Callable[[Problem], Response], page)(problem)
    response = jsonify(problem.to_json())
    response.status_code = problem.status
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer, Tallystick"
    return response


def _problem(problem: Problem) -> Response:
    return as_response(problem)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return cast(Response, error.get_response())
    if error.code >= 500:
        return _unforeseen(error)
    messages = getattr(error, "data", {}).get("messages")
    if error.code == 422 and messages is not None:
        fields = tuple(field_problems(messages))
        return as_response(Problem("invalid", "Some fields are missing or not valid.", 422, fields))
    code, sentence = _SENTENCES.get(error.code, ("refused", "The request was refused."))
    response = as_response(Problem(code, sentence, error.code))
    valid_methods = getattr(error, "valid_methods", None)
    if valid_methods:
        response.headers["Allow"] = ", ".join(sorted(valid_methods))
    return response


def _unforeseen(error: Exception) -> Response:
    reference = secrets.token_hex(6)
    rule = request.url_rule.rule if request.url_rule is not None else None
    _log.error("unforeseen", reference=reference, method=request.method, route=rule, exc_info=error)
    return as_response(
        Problem("unforeseen", f"The server failed. Nothing was changed. The log has it as {reference}.", 500)
    )


def field_problems(messages: object, where: str = "") -> Iterator[FieldProblem]:
    """marshmallow's messages ({location: {field: [sentence, ...] or {index: ...}}}) as one problem a field.

    A message is "what is wrong. What to do."; the second half is the remedy. The name of a field that is not
    ours is only repeated when it looks like a name.
    """
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = str(key)
            if not where and name in ("json", "query"):
                yield from field_problems(inner, "")
                continue
            if name == "_schema":
                yield from field_problems(inner, where or "body")
                continue
            if isinstance(key, int):
                yield from field_problems(inner, f"{where}[{key}]")
                continue
            if not _FIELD_NAME.fullmatch(name):
                name = "(unnamed)"
            yield from field_problems(inner, f"{where}.{name}" if where else name)
        return
    for sentence in messages if isinstance(messages, list) else [str(messages)]:
        message, _, remedy = str(sentence).partition(". ")
        if remedy:
            message += "."
        yield FieldProblem(where or "body", message, remedy or _remedy(message))


def _remedy(message: str) -> str:
    if message == "Unknown field.":
        return "Leave it out, or check its name in /api/openapi.json."
    if message.startswith("Missing data"):
        return "Send this field."
    if message.startswith("Field may not be null"):
        return "Send a value, or leave the field out."
    return "Correct it, or leave the field out. /api/openapi.json says what it takes."
