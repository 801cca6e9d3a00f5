"""`/v1/delivery-date`."""

import hashlib
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from parcelcast.shipment import Carrier
from serving.callers import Reader
from serving.delivery_dates.answers import DeliveryDate, shortened
from serving.delivery_dates.requests import DeliveryDateQuery
from serving.locale.negotiation import choose_language
from serving.problems import documented
from serving.promises.memory import Question, Remembered
from serving.promises.requests import OptionChoice
from serving.state import Services, Serving

router = APIRouter(tags=["promises"])

_ETAG_BYTES = 16
_CACHE_HEADERS: dict[str, Any] = {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in {
        "ETag": "names this answer; it stays while the answer stays",
        "Cache-Control": "max-age: seconds until the next cut-off or full local hour",
        "Vary": "what else the answer depends on",
        "Promise-Id": "id under which this promise is kept",
    }.items()
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"headers": _CACHE_HEADERS},
    304: {"description": "The copy named by If-None-Match is still current", "headers": _CACHE_HEADERS},
    **documented(401, 403, 422, 503),
}


@router.get("/v1/delivery-date", response_model=DeliveryDate, responses=_RESPONSES)
async def show_delivery_date(
    query: Annotated[DeliveryDateQuery, Query()],
    request: Request,
    services: Serving,
    caller: Reader,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Tell by when one product comes, in a form that may be cached until the answer could change."""
    now = services.clock()
    kept = _remembered(query, request, services, caller.key_id, now)
    return _cacheable(kept, if_none_match, now)


def _remembered(
    query: DeliveryDateQuery, request: Request, services: Services, key_id: str, now: datetime
) -> Remembered:
    accept_language = request.headers.get("accept-language")
    question: Question = (request.scope["query_string"], (accept_language or "").encode("latin-1"))
    found = services.memory.recall(question, now, services.bundles.current.generation)
    return found or _fresh(query, question, accept_language, services, key_id)


def _fresh(
    query: DeliveryDateQuery, question: Question, accept_language: str | None, services: Services, key_id: str
) -> Remembered:
    asked = query.question(_default_option(services))
    answered = services.promises.answer(asked, choose_language(query.locale, accept_language))
    body = orjson.dumps(shortened(answered.content))
    kept = services.promises.keep_whole(answered, body, question[0] or b"")
    promise_id, _ = services.promises.give(kept, key_id, answered.made_at)
    named = kept.named(promise_id)
    services.memory.remember(question, named)
    return named


def _default_option(services: Services) -> OptionChoice:
    carriers = services.bundles.current.bundle.carriers
    first = next(iter(carriers.values()), Carrier(""))
    service = first.services[0].service_id if first.services else None
    return OptionChoice(carrier=first.carrier_id or None, service=service)


def _cacheable(kept: Remembered, if_none_match: str | None, now: datetime) -> Response:
    etag = f'"{hashlib.sha256(kept.body).hexdigest()[: 2 * _ETAG_BYTES]}"'
    assert kept.valid_until is not None  # a query carries no time of its own
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={max(int((kept.valid_until - now).total_seconds()), 0)}",
        "Vary": "Accept-Language",
        "Promise-Id": kept.promise_id or "",
    }
    if _matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(kept.body, headers=headers, media_type="application/json")


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Compare weakly, as RFC 9110 (section 13.1.2) asks of If-None-Match."""
    named = [name.strip().removeprefix("W/") for name in (if_none_match or "").split(",")]
    return etag in named or "*" in named
