"""The application: made from its settings, a clock and a source of bundles; nothing else is read in the middle."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from time import perf_counter

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from parcelcast.place import PlaceIndex
from parcelcast.settings import Settings
from serving.admin.endpoints import router as admin
from serving.body_limit import BodyLimit
from serving.bundle_sources import BundleSource
from serving.bundles import Bundles
from serving.clock import Clock
from serving.delivery_dates.endpoints import router as delivery_dates
from serving.health.endpoints import router as health
from serving.keys import KeyRing
from serving.last_resort import LastResort
from serving.openapi import install_openapi
from serving.problems import install_problem_handlers
from serving.promises.endpoints import router as promises
from serving.promises.memory import Memory
from serving.promises.service import Entropy, PromiseService, Timer
from serving.state import Services, State
from serving.store import PromiseStore

logger = logging.getLogger("parcelcast.serving")

API_VERSION = "1.0"
NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(
    settings: Settings,
    clock: Clock,
    bundle_source: BundleSource,
    keys: KeyRing,
    *,
    entropy: Entropy = os.urandom,
    timer: Timer = perf_counter,
    memory_factory: Callable[[], Memory] = Memory,
) -> FastAPI:
    """Return the application. Files are opened and the first bundle is loaded when it starts, not here."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        places = PlaceIndex.default()
        bundles = Bundles(bundle_source, clock, places)
        bundles.refresh()
        store = PromiseStore(settings.store)
        promise_service = PromiseService(
            bundles=bundles,
            store=store,
            places=places,
            clock=clock,
            timer=timer,
            entropy=entropy,
            service_level=settings.service_level,
            calendar_version=f"holidays {version('holidays')}",
        )
        watch = asyncio.create_task(_watch(bundles, settings.bundle_poll_seconds))
        try:
            yield State(services=Services(settings, clock, keys, bundles, store, promise_service, memory_factory()))
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            store.close()

    app = FastAPI(
        title="parcelcast",
        version=API_VERSION,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    for router in (promises, delivery_dates, health, admin):
        app.include_router(router)
    install_problem_handlers(app)
    app.add_middleware(LastResort)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=["ETag", "Promise-Id", "Server-Timing"],
    )
    install_openapi(app)
    return app


async def _watch(bundles: Bundles, seconds: float) -> None:
    """Look for a new bundle for ever; loading happens in a thread, so that answers go on."""
    while seconds > 0:
        await asyncio.sleep(seconds)
        await run_in_threadpool(bundles.refresh)
