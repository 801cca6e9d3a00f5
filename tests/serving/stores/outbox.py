"""Parcels, alerts, endpoints and events of the tests of delivery."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from serving.stores.database import Database
from serving.stores.events import NewEvent, append_events
from serving.stores.schema import alerts, endpoints, shipments

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
DELAY = "parcelcast.delay.predicted"


def event(number: int, **changes: Any) -> NewEvent:
    """Return the event of an alert of its own."""
    told = {
        "event_id": f"01EVENT{number:019d}",
        "alert_id": f"01ALERT{number:019d}",
        "shipment_id": f"p{number}",
        "merchant_id": "kiosk",
        "type": DELAY,
        "data": {"shipment_id": f"p{number}", "order_id": f"o{number}", "slip_days": 2},
        **changes,
    }
    return NewEvent(**told)


def tell(database: Database, told: Sequence[NewEvent], now: datetime = NOON) -> list[int]:
    """Write alerts of parcels, and the events that tell them, in one transaction."""
    with database.writing() as connection:
        for one in told:
            parcel = {"shipment_id": one.shipment_id, "merchant_id": one.merchant_id}
            instants = {"registered_at": now, "updated_at": now}
            connection.execute(insert(shipments), {**parcel, **instants, "order_id": "o", "facts": "{}"})
            alert = {"alert_id": one.alert_id, "incident": "delay", "number": 1, "type": one.type, "state": "open"}
            record = {"revision": 1, "opened_at": now, "updated_at": now, "record": "{}"}
            connection.execute(insert(alerts), {**parcel, **alert, **record})
        return append_events(connection, told, now)


def add_endpoint(database: Database, endpoint_id: str, **columns: Any) -> None:
    """Write an endpoint that wants everything, unless told otherwise."""
    row = {"kind": "webhook", "url": "https://hook.example/", "secrets": "[]", "state": "enabled", "created_at": NOON}
    with database.writing() as connection:
        connection.execute(insert(endpoints), {**row, "endpoint_id": endpoint_id, **columns})
