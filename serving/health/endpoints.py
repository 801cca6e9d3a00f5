"""`/healthz`, `/readyz` and `/metrics`."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from serving.errors import StoreUnavailableError
from serving.health.answers import (
    Alive,
    BundleAnswer,
    DatabaseAnswer,
    DeliveriesAnswer,
    DispatchAnswer,
    QueueAnswer,
    Readiness,
    WorkerAnswer,
)
from serving.health.metrics import MEDIA_TYPE, exposition, gather
from serving.health.writing import unwritable
from serving.problems import documented
from serving.state import Services, Serving
from serving.stores.deliveries import queue_state
from serving.stores.work import queue_of

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> Alive:
    """Say that the process answers. It does nothing else, so it is also what other endpoints are measured against."""
    return Alive()


@router.get("/readyz", responses=documented(503))
async def readyz(services: Serving) -> Readiness:
    """Say which bundle answers, and why a newer one does not. A 503 means that promises cannot be kept now."""
    services.store.check()
    bundles = services.bundles
    database = await run_in_threadpool(_database, services)
    worker, dispatch = _worker(services), _dispatch(services)
    healthy = (
        bundles.last_error is None
        and bundles.current.generation > 0
        and database.status == "ok"
        and "waiting" not in {worker.status, dispatch.status}
        and dispatch.bus != "down"
    )
    return Readiness(
        status="ready" if healthy else "degraded",
        bundle=BundleAnswer.of(bundles.current, services.clock()),
        last_error=bundles.last_error,
        database=database,
        worker=worker,
        dispatch=dispatch,
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def metrics(services: Serving) -> Response:
    """Tell numbers for Prometheus. While the database is unavailable its numbers are missing."""
    return Response(exposition(await run_in_threadpool(gather, services)), media_type=MEDIA_TYPE)


def _database(services: Services) -> DatabaseAnswer:
    now = services.clock()
    try:
        with services.database.reading() as connection:
            queue, deliveries = queue_of(connection, now), queue_state(connection, now)
    except StoreUnavailableError as error:
        return DatabaseAnswer(status="unavailable", error=str(error), queue=None, deliveries=None)
    trouble = unwritable(services)
    return DatabaseAnswer(
        status="ok" if trouble is None else "unwritable",
        error=trouble,
        queue=QueueAnswer(
            awaited=queue.awaited, due=queue.due, failing=queue.failing, oldest_due_at=queue.oldest_due_at
        ),
        deliveries=DeliveriesAnswer(
            pending=deliveries.pending,
            due=deliveries.due,
            dead=deliveries.dead,
            oldest_due_at=deliveries.oldest_due_at,
        ),
    )


def _worker(services: Services) -> WorkerAnswer:
    worker = services.background.worker
    if worker is None:
        return WorkerAnswer(status="off", last_round_at=None, last_error=None)
    state = worker.state
    return WorkerAnswer(
        status="working" if state.last_error is None else "waiting",
        last_round_at=state.last_round_at,
        last_error=state.last_error,
    )


def _dispatch(services: Services) -> DispatchAnswer:
    dispatch = services.background.dispatch
    if dispatch is None:
        return DispatchAnswer(status="off", bus="off", bus_error=None, last_error=None)
    state = dispatch.state()
    return DispatchAnswer(
        status="working" if state.running and state.last_error is None else "waiting",
        bus=state.bus,
        bus_error=state.bus_error,
        last_error=state.last_error,
    )
