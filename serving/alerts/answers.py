"""What is told of alerts."""

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import ConfigDict, Field

from parcelcast.alerts.vocabulary import FAMILIES, TYPES
from serving.promises.answers import Said
from serving.stores.events import EVENT_TYPES, SOURCE
from serving.stores.feed import StoredAlert

TYPES_IN_ORDER = tuple(sorted(TYPES))

EventType = Literal[*EVENT_TYPES]  # type: ignore[valid-type]
AlertType = Literal[*TYPES_IN_ORDER]  # type: ignore[valid-type]
Family = Literal[*FAMILIES]  # type: ignore[valid-type]
Cursor = Annotated[str, Field(min_length=1, max_length=40, pattern="^[0-9A-Za-z_-]+$", examples=["ZjE6MA"])]

EXAMPLE_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "01KAFAKE0000000000000000EV",
    "source": SOURCE,
    "type": "parcelcast.delay.predicted",
    "subject": "parcel-4711",
    "time": "2026-11-23T10:00:05Z",
    "datacontenttype": "application/json",
    "data": {
        "type": "delay.predicted",
        "incident": "delay",
        "revision": 1,
        "shipment_id": "parcel-4711",
        "order_id": "order-815",
        "promise": {"then": {"date": "2026-11-24"}, "now": {"likely": "2026-11-26", "latest": "2026-11-27"}},
        "slip_days": 2,
        "probability": 0.91,
        "cause": {"party": "carrier", "days": {"carrier": 2}},
        "reason": None,
        "pickup": None,
        "locale": "de",
        "compensation_tier": "voucher-5",
    },
}
EXAMPLE_ALERT: dict[str, Any] = {
    "alert_id": "01KAFAKE0000000000000000AM",
    "shipment_id": "parcel-4711",
    "merchant_id": "default",
    "incident": "delay",
    "type": "delay.predicted",
    "state": "open",
    "revision": 1,
    "opened_at": "2026-11-23T10:00:05Z",
    "updated_at": "2026-11-23T10:00:05Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "events": [EXAMPLE_EVENT],
}
EXAMPLE_FEED: dict[str, Any] = {"events": [EXAMPLE_EVENT], "cursor": "ZjE6NDI", "more": False}


class CloudEvent(Said):
    """An event as webhooks and the bus carry it too (CloudEvents 1.0, structured JSON)."""

    specversion: Literal["1.0"]
    id: str = Field(description="stays the same however often the event is sent: drop what you have seen")
    source: str
    type: EventType
    subject: str = Field(description="the shipment_id")
    time: datetime
    datacontenttype: Literal["application/json"]
    data: dict[str, Any] = Field(description="what happened; docs/alerts.md tells every field")


class Feed(Said):
    """A part of the feed, the oldest event first."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_FEED]})

    events: list[CloudEvent]
    cursor: str = Field(description="`after` of the next request; keep it when the events are dealt with")
    more: bool = Field(description="there are more events already")


class Alert(Said):
    """An alert as it is now, and the events of it that are kept."""

    alert_id: str
    shipment_id: str
    merchant_id: str
    incident: Family
    type: AlertType
    state: Literal["open", "retracted", "closed"]
    revision: int = Field(description="counts what was told: 1 when the alert opened")
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(description="public id of the API key that acknowledged first")
    events: list[CloudEvent] = Field(description="those that are kept, the oldest first")

    @classmethod
    def of(cls, stored: StoredAlert) -> "Alert":
        """Return what is told of a stored alert."""
        told = {name: getattr(stored, name) for name in cls.model_fields if name != "events"}
        return cls(**told, events=[CloudEvent(**orjson.loads(body)) for body in stored.bodies])
