"""The outbox: events written with the alerts that they tell of, and a delivery for every endpoint that wants them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, text

from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED
from serving.stores.among import among
from serving.stores.schema import deliveries, endpoints, events

SOURCE = "urn:parcelcast:alerts"
PREFIX = "parcelcast."
EVENT_TYPES = tuple(PREFIX + type_ for type_ in (*(t for types in FAMILIES.values() for t in types), RECOVERED))
TEST_TYPE = "parcelcast.webhook.test"
MEDIA_TYPE = "application/cloudevents+json"
MAX_BYTES = 20_000

_OUTBOX_LOCK = 7_202_613  # any number of our own


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to tell; `event_id` is a ULID, `type` has its prefix, `data` holds JSON values.

    Its alert is in the database already, or comes in the same transaction. Without an alert it is a test.
    """

    event_id: str
    alert_id: str | None
    shipment_id: str | None
    merchant_id: str | None
    type: str
    data: Mapping[str, Any]


def append_events(connection: Connection, new: Sequence[NewEvent], now: datetime) -> list[int]:
    """Write events, and a delivery for each enabled endpoint that wants them; return their numbers in order.

    Call it last in a transaction: in PostgreSQL others who append wait from here until its end, because a reader of
    the feed must never see a higher number before a lower one.
    """
    if not new:
        return []
    lock_outbox(connection)
    numbers = _write(connection, new, now)
    wishes = _wishes(connection)
    due = [
        {"endpoint_id": wish.endpoint_id, "seq": seq, "due_at": now}
        for seq, event in zip(numbers, new, strict=True)
        for wish in wishes
        if wish.wants(event)
    ]
    if due:
        connection.execute(insert(deliveries), due)
    return numbers


def append_test(connection: Connection, endpoint_id: str, event_id: str, now: datetime) -> None:
    """Write a test event for one endpoint alone."""
    lock_outbox(connection)
    data = {"endpoint_id": endpoint_id, "message": "This is a test; no parcel is concerned."}
    [seq] = _write(connection, [NewEvent(event_id, None, None, None, TEST_TYPE, data)], now)
    connection.execute(insert(deliveries), {"endpoint_id": endpoint_id, "seq": seq, "due_at": now})


def lock_outbox(connection: Connection) -> None:
    """Keep others from appending events until the transaction ends; in SQLite nobody else writes anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _OUTBOX_LOCK})


def cloud_event(event: NewEvent, now: datetime) -> bytes:
    """Return the CloudEvent (1.0, structured JSON) that tells an event.

    Proposed texts are left out where they would make it larger than receivers of webhooks must accept.
    """
    body = _encoded(event, now)
    if len(body) < MAX_BYTES:
        return body
    shorter = {name: value for name, value in event.data.items() if name != "texts"}
    return _encoded(replace(event, data=shorter), now)


def _encoded(event: NewEvent, now: datetime) -> bytes:
    subject = {} if event.shipment_id is None else {"subject": event.shipment_id}
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event.event_id,
            "source": SOURCE,
            "type": event.type,
            **subject,
            "time": now,
            "datacontenttype": "application/json",
            "data": event.data,
        },
        option=orjson.OPT_UTC_Z,
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    endpoint_id: str
    merchant_id: str | None
    types: frozenset[str] | None

    def wants(self, event: NewEvent) -> bool:
        return (self.types is None or event.type in self.types) and self.merchant_id in {None, event.merchant_id}


def _wishes(connection: Connection) -> list[_Wish]:
    columns = endpoints.c.endpoint_id, endpoints.c.merchant_id, endpoints.c.types
    rows = connection.execute(select(*columns).where(endpoints.c.state == "enabled"))
    return [
        _Wish(endpoint_id, merchant_id, None if types is None else frozenset(orjson.loads(types)))
        for endpoint_id, merchant_id, types in rows
    ]


def _write(connection: Connection, new: Sequence[NewEvent], now: datetime) -> list[int]:
    rows = [
        {
            **{name: getattr(event, name) for name in ("event_id", "alert_id", "shipment_id", "merchant_id", "type")},
            "created_at": now,
            "body": cloud_event(event, now).decode(),
        }
        for event in new
    ]
    connection.execute(insert(events), rows)
    found = connection.execute(
        select(events.c.event_id, events.c.seq).where(
            among(connection, events.c.event_id, [event.event_id for event in new])
        )
    )
    seqs = {row.event_id: row.seq for row in found}
    return [seqs[event.event_id] for event in new]
