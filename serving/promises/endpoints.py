"""`/v1/promises`."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.callers import Reader, Writer
from serving.locale.negotiation import choose_language
from serving.problems import documented
from serving.promises.answers import PromiseAnswer, PromiseRecord
from serving.promises.fast import FastRoute, question_of
from serving.promises.requests import PromiseRequest
from serving.promises.service import Answered
from serving.state import Services, Serving

router = APIRouter(prefix="/v1/promises", tags=["promises"])

PromiseId = Annotated[str, Path(max_length=26, pattern="^[0-9A-Za-z]{26}$", examples=["01KAFAKE0000000000000000ZZ"])]

# Up to so many candidate origins times options an answer is quicker than the way to another thread and back.
_QUICK = 8


async def create_promise(body: PromiseRequest, request: Request, services: Serving, caller: Writer) -> Response:
    """Promise delivery dates for a product or a cart, per option, per parcel and for the whole order."""
    answered = await _answer(services, body, request.headers.get("accept-language"))
    raw = await request.body()
    kept = services.promises.keep(answered, raw)
    services.memory.remember(question_of(request, raw), kept)
    _, content = services.promises.give(kept, caller.key_id, answered.made_at)
    headers = {"Server-Timing": f"model;dur={answered.model_ms:.3f}"}
    return Response(content, headers=headers, media_type="application/json")


async def _answer(services: Services, body: PromiseRequest, accept_language: str | None) -> Answered:
    language = choose_language(body.locale, accept_language)
    bundle = services.bundles.current.bundle
    candidates = sum(len(item.origins or bundle.origins) for item in body.items)
    options = len(body.options or bundle.carriers)
    if max(candidates, 1) * max(options, 1) <= _QUICK:
        return services.promises.answer(body, language)
    return await run_in_threadpool(services.promises.answer, body, language)


router.add_api_route(
    "",
    create_promise,
    methods=["POST"],
    response_model=PromiseAnswer,
    responses=documented(400, 401, 403, 413, 415, 422, 503),
    route_class_override=FastRoute,
)


@router.get("/{promise_id}", response_model=PromiseAnswer, responses=documented(401, 403, 404, 422, 503))
async def show_promise(promise_id: PromiseId, services: Serving, _caller: Reader) -> Response:
    """Show a promise exactly as it was given."""
    return Response(services.store.find(promise_id.upper()).body, media_type="application/json")


@router.get("/{promise_id}/record", responses=documented(401, 403, 404, 422, 503))
async def show_record(promise_id: PromiseId, services: Serving, _caller: Reader) -> PromiseRecord:
    """Show what a promise was made from: the question, the model, the calendar and the policy."""
    return PromiseRecord.of(services.store.find(promise_id.upper()))
