"""`/v1/admin`."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from serving.callers import Admin
from serving.health.answers import BundleAnswer
from serving.problems import documented
from serving.state import Serving

router = APIRouter(prefix="/v1/admin", tags=["operations"])


@router.post("/reload", responses=documented(401, 403, 503))
async def reload(services: Serving, _caller: Admin) -> BundleAnswer:
    """Load the published bundle again. If it fails its self-test, the one in use goes on and the answer is a 503."""
    await run_in_threadpool(services.bundles.refresh, force=True)
    return BundleAnswer.of(services.bundles.current, services.clock())
