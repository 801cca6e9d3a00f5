"""The application: made from its settings, a clock and a source of bundles; nothing else is read in the middle."""

import os
from collections.abc import Callable
from time import perf_counter

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware

from parcelcast.settings import Settings
from serving.admin.endpoints import router as admin
from serving.alerts.endpoints import router as alerts
from serving.alerts.report import router as alerts_report
from serving.body_limit import BodyLimit
from serving.bundle_sources import BundleSource
from serving.clock import Clock
from serving.delivery_dates.endpoints import router as delivery_dates
from serving.health.endpoints import router as health
from serving.keys import KeyRing
from serving.last_resort import LastResort
from serving.lifespan import Means, lifespan
from serving.openapi import install_openapi
from serving.problems import install_problem_handlers
from serving.promises.endpoints import router as promises
from serving.promises.memory import Memory
from serving.promises.service import Entropy, Timer
from serving.reports.endpoints import router as reports
from serving.scans.endpoints import router as scans
from serving.shipments.endpoints import router as shipments
from serving.shipments.requests import MAX_BODY_BYTES as MAX_PARCELS_BYTES
from serving.trackers.endpoints import MAX_BODY_BYTES as MAX_TRACKER_BYTES
from serving.trackers.endpoints import router as trackers
from serving.tracking.endpoints import router as tracking
from serving.webhooks.endpoints import router as webhooks

API_VERSION = "1.0"
LARGER_BODIES = {
    "/v1/shipments": MAX_PARCELS_BYTES,
    "/v1/scans": None,  # it has limits of its own
    "/v1/trackers/aftership": MAX_TRACKER_BYTES,
    "/v1/trackers/easypost": MAX_TRACKER_BYTES,
}
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
    means = Means(settings, clock, bundle_source, keys, entropy, timer, memory_factory)
    app = FastAPI(
        title="parcelcast",
        version=API_VERSION,
        lifespan=lambda _app: lifespan(means),
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    # Routes are tried in this order, so that what is asked most comes first.
    asked_first = (promises, scans, delivery_dates, health, admin, shipments, trackers, tracking)
    for router in (*asked_first, alerts, alerts_report, reports, webhooks):
        app.include_router(router)
    _add_middleware(app, settings)
    install_problem_handlers(app)
    install_openapi(app)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add plain ASGI middleware, the innermost first."""
    app.add_middleware(LastResort)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, larger=LARGER_BODIES)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=["ETag", "Promise-Id", "Server-Timing"],
    )
