"""`/healthz` and `/readyz`."""

from fastapi import APIRouter

from serving.health.answers import Alive, BundleAnswer, Readiness
from serving.problems import documented
from serving.state import Serving

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
    healthy = bundles.last_error is None and bundles.current.generation > 0
    return Readiness(
        status="ready" if healthy else "degraded",
        bundle=BundleAnswer.of(bundles.current),
        last_error=bundles.last_error,
    )
