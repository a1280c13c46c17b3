"""One resource of the API: a blueprint whose every route says in one place who may use it, what it takes,
what it answers and which errors it can give. The OpenAPI document is made from the same declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from flask import request
from flask_smorest import Api, Blueprint  # type: ignore[import-untyped]
from marshmallow import RAISE, Schema, fields
from werkzeug.exceptions import UnsupportedMediaType

from server.security.access import BODY_LIMIT, needs, public
from server.security.roles import Role

View = TypeVar("View", bound=Callable[..., Any])

_ERRORS: Mapping[int, str] = {
    400: "The request could not be read, or the host name is not this server's.",
    401: "Nobody is signed in, or the token or the device's signature was refused.",
    403: "The role is too low, or the CSRF token is missing.",
    404: "There is no such thing, or it is not yours to see.",
    409: "It conflicts with what is there.",
    412: "It was changed meanwhile: read it again.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Fields are missing or not valid; each is named with its remedy.",
    428: "If-Match with the ETag that was read is needed.",
    500: "The server failed; the message holds a reference to its log.",
    503: "The record is busy or cannot be reached.",
}


class Strict(Schema):
    """A schema that names unknown fields instead of ignoring them."""

    class Meta:
        unknown = RAISE


class FieldProblemSchema(Schema):
    """One field that is not right."""

    field = fields.String(
        required=True, metadata={"description": "name of the field, dotted where it is inside"}
    )
    message = fields.String(required=True)
    remedy = fields.String(required=True)
    row = fields.Integer(allow_none=True, required=True, metadata={"description": "row of an imported file"})


class ErrorBodySchema(Schema):
    """What went wrong."""

    code = fields.String(required=True, metadata={"description": "stable word to act on"})
    message = fields.String(required=True, metadata={"description": "a sentence for a person"})
    fields_ = fields.List(fields.Nested(FieldProblemSchema), required=True, data_key="fields")


class ErrorSchema(Schema):
    """The one error shape."""

    error = fields.Nested(ErrorBodySchema, required=True)


class TallystickApi(Api):  # type: ignore[misc]
    """flask-smorest with our error shape in its document; the errors themselves are answered by
    `server.api.errors`.
    """

    ERROR_SCHEMA = ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """`server.api.errors` answers for the whole app."""


def _only_json(view: View) -> View:
    """Refuses a body of another type, which would otherwise be read as an empty one."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not request.is_json:
            raise UnsupportedMediaType
        return view(*args, **kwargs)

    return cast(View, checked)


class Resource:
    """Collects the routes of one resource. blueprint: to be registered with a `TallystickApi`."""

    def __init__(self, name: str, path: str, description: str) -> None:
        self.blueprint = Blueprint(name, name, url_prefix=f"/api/v1/{path}", description=description)

    def get(self, path: str, **declaration: Any) -> Callable[[View], View]:
        """`route` for GET."""
        return self.route("GET", path, **declaration)

    def post(self, path: str, **declaration: Any) -> Callable[[View], View]:
        """`route` for POST."""
        return self.route("POST", path, **declaration)

    def put(self, path: str, **declaration: Any) -> Callable[[View], View]:
        """`route` for PUT."""
        return self.route("PUT", path, **declaration)

    def delete(self, path: str, **declaration: Any) -> Callable[[View], View]:
        """`route` for DELETE."""
        return self.route("DELETE", path, **declaration)

    def route(
        self,
        method: str,
        path: str,
        *,
        access: Role | None,
        answers: type[Schema] | None,
        status: int = 200,
        body: type[Schema] | None = None,
        query: type[Schema] | None = None,
        errors: Iterable[int] = (),
        body_limit: int = BODY_LIMIT,
        claims_nonce: bool = False,
        etag: bool = False,
        if_match: bool = False,
    ) -> Callable[[View], View]:
        """Declares a view.

        access: the least role, None for public (no default: it must be said). answers: the schema of the
        success, None for no content. body, query: what is taken, handed to the view as a dict after its path
        arguments. The docstring's first line is the summary, the rest the description. A view that gives a
        `Response` has made it itself, to the same schema.
        """

        def decorate(view: View) -> View:
            declared = (
                public(body_limit=body_limit)
                if access is None
                else needs(access, body_limit=body_limit, claims_nonce=claims_nonce)
            )
            wrapped: Any = view
            headers = {"ETag": {"schema": {"type": "string"}, "description": "the version"}} if etag else None
            wrapped = self.blueprint.response(status, answers, headers=headers)(wrapped)
            # unknown=None: the schema's own rule holds, so that a misspelt filter is not ignored.
            if query is not None:
                wrapped = self.blueprint.arguments(query(), location="query", unknown=None)(wrapped)
            if body is not None:
                wrapped = _only_json(self.blueprint.arguments(body(), unknown=None)(wrapped))
            for code in sorted(self._possible(access, body, query, errors)):
                wrapped = self.blueprint.alt_response(code, schema=ErrorSchema, description=_ERRORS[code])(
                    wrapped
                )
            parameters = []
            if if_match:
                parameters.append(
                    {
                        "in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"},
                        "description": "the ETag that was read",
                    }
                )  # fmt: skip
            wrapped = self.blueprint.doc(
                **{"x-access": "public" if access is None else access.value},
                security=[] if access is None else [{"cookie": []}, {"token": []}, {"device": []}],
                **({"parameters": parameters} if parameters else {}),
            )(wrapped)
            self.blueprint.route(path, methods=[method])(declared(wrapped))
            return view

        return decorate

    @staticmethod
    def _possible(
        access: Role | None, body: type[Schema] | None, query: type[Schema] | None, errors: Iterable[int]
    ) -> set[int]:
        possible = {400, 500, 503, *errors}
        if access is not None:
            possible |= {401, 403}
        if body is not None:
            possible |= {413, 415, 422}
        if query is not None:
            possible |= {422}
        return possible
