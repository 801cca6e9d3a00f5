"""`POST /v1/shipments`."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from serving.callers import ParcelWriter
from serving.problems import documented
from serving.shipments.answers import ParcelAnswer
from serving.shipments.promised import with_promise
from serving.shipments.requests import ParcelsRequest
from serving.state import Services, Serving
from serving.stores.parcels import NewParcel, Registered, register_parcels

router = APIRouter(prefix="/v1/shipments", tags=["parcels"])


@router.post("", responses=documented(400, 401, 403, 413, 415, 422, 503))
async def register(body: ParcelsRequest, services: Serving, _caller: ParcelWriter) -> ParcelAnswer | list[ParcelAnswer]:
    """Register a parcel, or up to 500, with what was promised. Answered once it is kept.

    The same again changes nothing. What is told anew takes the place of what was told before; scans stay.
    """
    told = body if isinstance(body, list) else [body]
    # The store of promises is used by the event loop's thread alone.
    parcels = [with_promise(one, services.store).parcel() for one in told]
    answers = [ParcelAnswer.of(kept) for kept in await run_in_threadpool(_keep, services, parcels)]
    return answers if isinstance(body, list) else answers[0]


def _keep(services: Services, parcels: Sequence[NewParcel]) -> list[Registered]:
    with services.database.writing() as connection:
        return register_parcels(connection, parcels, services.clock())
