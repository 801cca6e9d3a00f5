"""`POST /v1/trackers/aftership` and `POST /v1/trackers/easypost`."""

from asyncio import wrap_future
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request

from parcelcast.errors import NotFound
from serving.errors import UnauthorizedError
from serving.problems import documented
from serving.scans.answers import ScansAnswer
from serving.scans.bodies import as_it_came, json_of
from serving.scans.intake import Reader
from serving.state import Services, Serving
from serving.trackers.events import Row, aftership_rows, easypost_rows
from serving.trackers.signatures import is_aftership, is_easypost

MAX_BODY_BYTES = 1_048_576

_EVENT = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}

router = APIRouter(prefix="/v1/trackers", tags=["trackers"])


def _signed(header: str) -> dict[str, Any]:
    """Return what FastAPI cannot know of a webhook, which is read only once its signature was checked."""
    signature = {"name": header, "in": "header", "required": True, "schema": {"type": "string"}}
    return {"parameters": [signature], "requestBody": _EVENT}


@router.post(
    "/aftership", responses=documented(400, 401, 404, 413, 422, 503), openapi_extra=_signed("aftership-hmac-sha256")
)
async def take_aftership(request: Request, services: Serving) -> ScansAnswer:
    """Take a webhook of AfterShip: its checkpoints become scans. Signed in `aftership-hmac-sha256`, without an API key.

    The newer name `as-signature-hmac-sha256` is understood too. The same webhook again changes nothing.
    """
    secret = _secret(services.settings.aftership_secret, "AfterShip", "PARCELCAST_AFTERSHIP_SECRET")
    body = await as_it_came(request)
    headers = (request.headers.get(name) for name in ("aftership-hmac-sha256", "as-signature-hmac-sha256"))
    if not is_aftership(body, secret, next(filter(None, headers), "")):
        raise _unsigned("aftership-hmac-sha256")
    places = services.bundles.current.bundle.places
    return await _keep(services, "aftership", lambda told: aftership_rows(json_of(told), places), body)


@router.post("/easypost", responses=documented(400, 401, 404, 413, 422, 503), openapi_extra=_signed("x-hmac-signature"))
async def take_easypost(request: Request, services: Serving) -> ScansAnswer:
    """Take a webhook of EasyPost: a tracker's details become scans. Signed in `X-Hmac-Signature`, without an API key.

    The same webhook again changes nothing.
    """
    secret = _secret(services.settings.easypost_secret, "EasyPost", "PARCELCAST_EASYPOST_SECRET")
    body = await as_it_came(request)
    if not is_easypost(body, secret, request.headers.get("x-hmac-signature", "")):
        raise _unsigned("X-Hmac-Signature")
    return await _keep(services, "easypost", lambda told: easypost_rows(json_of(told)), body)


def _secret(secret: str, tracker: str, variable: str) -> str:
    if not secret:
        raise NotFound(f"this server takes no webhooks of {tracker}; to do: set {variable} to the webhook's secret")
    return secret


def _unsigned(header: str) -> UnauthorizedError:
    return UnauthorizedError(f"the signature in {header} is not that of this body with the secret of this server")


async def _keep(services: Services, tracker: str, decode: Callable[[bytes], list[Row]], body: bytes) -> ScansAnswer:
    """Keep what was told. A tracker cannot correct a row, so one that is no scan is set aside, and this succeeds."""
    reader = Reader(services.tables, tracker, vocabulary=tracker)
    batch = await services.reading_desk.rows(decode, body, reader)
    return ScansAnswer.of(await wrap_future(services.recorder.submit(batch)))
