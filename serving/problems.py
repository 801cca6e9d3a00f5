"""Every error is answered here, as an RFC 9457 problem document."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.types import Scope

from parcelcast.errors import ParcelcastError

logger = logging.getLogger("parcelcast.serving")

MEDIA_TYPE = "application/problem+json"
SHOWN_ERRORS = 20
_SHOWN_CHARACTERS = 80
# Names of the two forms of a body that is one thing or a list of them; they are no part of a pointer into it.
ONE, MANY = "(one)", "(many)"


class FieldProblem(BaseModel):
    """One wrong value: where it is (a JSON pointer into the body, or the parameter), and what was expected."""

    pointer: str
    detail: str
    got: str


class Problem(BaseModel):
    """RFC 9457 problem document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:parcelcast:problem:invalid-input",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "1 value cannot be used",
                    "errors": [
                        {
                            "pointer": "/items/0/weight_g",
                            "detail": "Input should be greater than or equal to 0",
                            "got": "-5",
                        }
                    ],
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


_REASONS = {
    304: "The copy named by If-None-Match is still current",
    400: "The body is not JSON",
    401: "No API key, or an unknown one",
    403: "The key does not carry the scope this call needs",
    404: "There is nothing under this id",
    413: "The body is larger than the server accepts",
    415: "The body is of another type than this path reads, or packed in an unknown way",
    422: "The request is well formed, but a value in it cannot be used",
    503: "The server cannot keep its word now: the promise store or the bundle is not usable",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` for these problem statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": _REASONS[status], "content": {MEDIA_TYPE: schema}} for status in statuses}


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Build the response of one problem."""
    document: dict[str, Any] = {
        "type": f"urn:parcelcast:problem:{code}",
        "title": _title(status),
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = [error.model_dump() for error in errors]
    return Response(orjson.dumps(document), status, headers, media_type=MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Let every exception leave the application as a problem document."""
    for kind in (ParcelcastError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    """Translate an exception. Neither keys nor addresses go to the log: only the route and the kind of error."""
    match error:
        case ParcelcastError():
            if error.status >= 500:
                logger.error("%s on %s: %s", error.code, route_of(request.scope), error)
            challenge = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
            return problem(error.status, error.code, str(error), headers=challenge)
        case RequestValidationError() if isinstance(error.body, bytes):  # which FastAPI takes apart where it is JSON
            got = ascii(request.headers.get("content-type", ""))[:60]
            return problem(415, "unsupported-media-type", f"got Content-Type {got}; expected application/json")
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            code = _title(error.status_code).lower().replace(" ", "-")
            return problem(error.status_code, code, str(error.detail), headers=error.headers)
    raise error


def _invalid(error: RequestValidationError) -> Response:
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        where = found[0]["loc"][-1]
        return problem(400, "invalid-json", f"the body is not JSON: {found[0]['ctx']['error']} at character {where}")
    fields = [FieldProblem(pointer=pointer_of(e["loc"]), detail=e["msg"], got=got_of(e)) for e in found[:SHOWN_ERRORS]]
    counted = f"{len(found)} value{'s' if len(found) != 1 else ''} cannot be used"
    shown = f"; the first {SHOWN_ERRORS} are listed" if len(found) > SHOWN_ERRORS else ""
    return problem(422, "invalid-input", counted + shown, fields)


def pointer_of(location: Sequence[str | int]) -> str:
    """Name the place of a value: `/items/0/weight_g` in the body, `query/country` elsewhere.

    >>> pointer_of(("body", "items", 0, "weight_g")), pointer_of(("query", "country"))
    ('/items/0/weight_g', 'query/country')
    """
    if location and location[0] == "body":
        parts = [str(part) for part in location[1:] if part not in {ONE, MANY}]
        return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
    return "/".join(str(part) for part in location)


def got_of(entry: Mapping[str, Any]) -> str:
    """Tell the value of one of pydantic's errors, cut to 80 characters."""
    if entry["type"] == "missing":
        return "nothing"
    value = entry.get("input")
    shown = f"{type(value).__name__} of {len(value)}" if isinstance(value, list | dict) else ascii(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 3] + "..."


def _title(status: int) -> str:
    # RFC 9110's names; older Pythons know those of its predecessors.
    return {413: "Content Too Large", 422: "Unprocessable Content"}.get(status) or HTTPStatus(status).phrase


def route_of(scope: Scope) -> str:
    """Return method and path template: all that a log may say of a request."""
    route = scope.get("route")
    return f"{scope.get('method')} {getattr(route, 'path', 'an unknown route')}"
