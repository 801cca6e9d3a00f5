"""`GET /v1/shipments/{shipment_id}` and `GET /v1/orders/{order_id}`."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool

from serving.callers import ParcelReader
from serving.problems import documented
from serving.state import Serving
from serving.tracking.answers import OrderAnswer, ShipmentAnswer
from serving.tracking.reading import find_order, find_shipment
from serving.tracking.render import order_answer, shipment_answer

router = APIRouter(prefix="/v1", tags=["parcels"])

# Ids may hold slashes.
_NAME = r"^[^\x00-\x1f\x7f]+$"
ShipmentId = Annotated[str, Path(min_length=1, max_length=100, pattern=_NAME, examples=["S-2026-104-1"])]
OrderId = Annotated[str, Path(min_length=1, max_length=100, pattern=_NAME, examples=["2026-104"])]


@router.get("/shipments/{shipment_id:path}", responses=documented(401, 403, 404, 422, 503))
async def show_shipment(shipment_id: ShipmentId, services: Serving, _caller: ParcelReader) -> ShipmentAnswer:
    """Tell where a parcel is and when it comes, as of now, and how its dates changed and why."""

    def find() -> ShipmentAnswer:
        now = services.clock()
        bundle = services.bundles.current.bundle
        peers = services.background.peers
        return shipment_answer(find_shipment(services.database, shipment_id, bundle, peers, now), now)

    return await run_in_threadpool(find)


@router.get("/orders/{order_id:path}", responses=documented(401, 403, 404, 422, 503))
async def show_order(order_id: OrderId, services: Serving, _caller: ParcelReader) -> OrderAnswer:
    """Tell how far an order is, with each of its parcels: up to 500, those that were registered first."""

    def find() -> OrderAnswer:
        bundle = services.bundles.current.bundle
        found = find_order(services.database, order_id, bundle, services.background.peers, services.clock())
        return order_answer(order_id, found)

    return await run_in_threadpool(find)
