"""`POST /v1/scans`, and the reports `GET /v1/reports/codes` and `/v1/reports/refused`."""

from asyncio import wrap_future
from collections.abc import Callable, Coroutine, Mapping
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from parcelcast.errors import InputError
from serving.alerts.answers import Cursor
from serving.alerts.cursor import cursor_of, seq_of
from serving.callers import ParcelReader, ParcelWriter, caller_of
from serving.keys import PARCELS_WRITE
from serving.problems import SHOWN_ERRORS, FieldProblem, documented, problem
from serving.scans.answers import (
    CarrierCodes,
    CodesReport,
    RefusedAnswer,
    RefusedReport,
    ScansAnswer,
    UnknownCodeAnswer,
)
from serving.scans.bodies import json_of, pieces, whole
from serving.scans.intake import Intake
from serving.scans.rows import EXAMPLES, SCHEMA_NAME
from serving.scans.streams import keep_stream
from serving.state import Services, Serving, services_of
from serving.stores.scans import read_refused, unknown_codes

MAX_BATCH_BYTES = 5_242_880
MAX_BATCH_ROWS = 10_000
MAX_CODES = 1_000
MAX_PAGE = 500
NDJSON = "application/x-ndjson"

router = APIRouter(prefix="/v1", tags=["parcels"])

Before = Annotated[Cursor | None, Query(description="`cursor` of the page before; without it the newest come first")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]

_ROW = {"$ref": f"#/components/schemas/{SCHEMA_NAME}"}
_BODY: Mapping[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"oneOf": [_ROW, {"type": "array", "items": _ROW, "minItems": 1, "maxItems": MAX_BATCH_ROWS}]},
            "examples": {"one": {"value": EXAMPLES[0]}, "several": {"value": EXAMPLES}},
        },
        NDJSON: {"schema": {"type": "string", "description": "one scan a line"}},
    },
}


async def take_scans(request: Request, services: Serving, _caller: ParcelWriter) -> Response:
    """Take one scan, a list of up to 10,000 (5 MB), or a stream of them, one a line (`application/x-ndjson`).

    In any order and as often as you like: a scan that is known is a duplicate, not an error. Good rows are kept
    although others are not; what is wrong with those is told by index. Only what this answer counts is safe; a stream
    is kept in batches as it comes. Content-Encoding may be gzip.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type == NDJSON:
        intake = await keep_stream(pieces(request), services.reading_desk, services.recorder)
    elif media_type == "application/json":
        intake = await _keep(services, await whole(request, MAX_BATCH_BYTES))
    else:
        raise HTTPException(415, f"got {ascii(media_type)[:60]}; expected application/json or {NDJSON}")
    return _answer(intake)


class ScansRoute(APIRoute):
    """A route that reads its request itself: what FastAPI does before costs more than a scan does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""

        async def handler(request: Request) -> Response:
            return await take_scans(request, services_of(request), caller_of(request, PARCELS_WRITE))

        return handler


router.add_api_route(
    "/scans",
    take_scans,
    methods=["POST"],
    response_model=ScansAnswer,
    responses=documented(400, 401, 403, 413, 415, 422, 503),
    openapi_extra={"requestBody": _BODY},
    route_class_override=ScansRoute,
)


async def _keep(services: Services, body: bytes) -> Intake:
    batch = await services.reading_desk.rows(_rows, body)
    return await wrap_future(services.recorder.submit(batch))


def _rows(body: bytes) -> list[object]:
    told = json_of(body)
    rows = told if isinstance(told, list) else [told]
    if not 0 < len(rows) <= MAX_BATCH_ROWS:
        raise InputError(f"got a list of {len(rows)} scans; expected 1 to {MAX_BATCH_ROWS}, or a stream: {NDJSON}")
    return rows


def _answer(intake: Intake) -> Response:
    """Answer with counts; a 422 when there was something, and nothing of it was a scan."""
    if intake.refused < max(intake.received, 1):
        return Response(ScansAnswer.of(intake).model_dump_json(), media_type="application/json")
    several = intake.received > 1
    fields = [
        FieldProblem(pointer=f"/{one.index}{one.pointer}" if several else one.pointer, detail=one.detail, got=one.got)
        for one in intake.refusals[:SHOWN_ERRORS]
    ]
    told = f"none of the {intake.received} scans can be used" if several else "the scan cannot be used"
    return problem(422, "invalid-input", told, fields)


@router.get("/reports/codes", responses=documented(401, 403, 503))
async def report_codes(services: Serving, _caller: ParcelReader) -> CodesReport:
    """List the raw codes that no table knows, at most 1,000 of them, by carrier."""
    return await run_in_threadpool(_codes, services)


def _codes(services: Services) -> CodesReport:
    with services.database.reading() as connection:
        found = sorted(unknown_codes(connection, MAX_CODES), key=lambda one: (one.carrier, -one.count, one.raw_code))
    carriers = []
    for carrier, group in groupby(found, key=lambda one: one.carrier):
        codes = list(group)
        shown = [
            UnknownCodeAnswer(raw_code=one.raw_code, source=one.source, count=one.count, example=one.example)
            for one in codes
        ]
        carriers.append(CarrierCodes(carrier=carrier, scans=sum(one.count for one in codes), codes=shown))
    return CodesReport(carriers=carriers)


@router.get("/reports/refused", responses=documented(401, 403, 422, 503))
def report_refused(
    services: Serving, _caller: ParcelReader, before: Before = None, limit: Limit = 100
) -> RefusedReport:
    """List rows that were set aside as they are no scans, of all ways in, the newest first; nothing that they hold."""
    with services.database.reading() as connection:
        rows = read_refused(connection, None if before is None else seq_of(before), limit)
    return RefusedReport(
        refused=[RefusedAnswer(received_at=row.received_at, source=row.source, problem=row.problem) for row in rows],
        cursor=cursor_of(rows[-1].seq) if len(rows) == limit else None,
    )
