"""Who calls: the API key of a request and the scope that the call needs."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.errors import ForbiddenError, UnauthorizedError
from serving.keys import (
    ADMIN,
    ALERTS_READ,
    ALERTS_WRITE,
    PARCELS_READ,
    PARCELS_WRITE,
    PROMISES_READ,
    PROMISES_WRITE,
    ApiKey,
)
from serving.state import services_of

_BEARER = "bearer "

_scheme = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="An API key, as in `Authorization: Bearer pck_...`"
)


def caller_of(request: Request, scope: str) -> ApiKey:
    """Return the caller's key. UnauthorizedError without a known key, ForbiddenError when it lacks the scope."""
    presented = request.headers.get("authorization", "")
    key = services_of(request).keys.find(presented[len(_BEARER) :]) if _is_bearer(presented) else None
    if key is None:
        raise UnauthorizedError("got no known API key; expected `Authorization: Bearer pck_...` with a valid key")
    if scope not in key.scopes:
        raise ForbiddenError(f"the key {key.key_id} does not carry the scope {scope}; use one that does")
    return key


def _is_bearer(presented: str) -> bool:
    return presented[: len(_BEARER)].lower() == _BEARER


def _needs(scope: str) -> Callable[..., Awaitable[ApiKey]]:
    async def caller(
        request: Request,
        _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
    ) -> ApiKey:
        return caller_of(request, scope)

    return caller


Reader = Annotated[ApiKey, Depends(_needs(PROMISES_READ))]
Writer = Annotated[ApiKey, Depends(_needs(PROMISES_WRITE))]
ParcelReader = Annotated[ApiKey, Depends(_needs(PARCELS_READ))]
ParcelWriter = Annotated[ApiKey, Depends(_needs(PARCELS_WRITE))]
AlertReader = Annotated[ApiKey, Depends(_needs(ALERTS_READ))]
AlertWriter = Annotated[ApiKey, Depends(_needs(ALERTS_WRITE))]
Admin = Annotated[ApiKey, Depends(_needs(ADMIN))]
