"""What became of parcels that were promised for some days, and which delays were told of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, and_, select

from parcelcast.alerts import Incident
from serving.stores.schema import alerts, shipments

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A parcel, its stage by now, and the delays that were told of it; ``arrived_on`` is local, None: not yet."""

    shipment_id: str
    promised_on: date
    status: str
    stage: str
    arrived_on: date | None
    delays: tuple[Incident, ...]


def read_outcomes(connection: Connection, since: date, until: date, merchant_id: str | None) -> Iterator[Outcome]:
    """Yield the parcels that were promised for a day from ``since`` on and before ``until`` and were looked at."""
    delays = and_(alerts.c.shipment_id == shipments.c.shipment_id, alerts.c.incident == "delay")
    facts = (shipments.c[name] for name in ("shipment_id", "promised_on", "status", "stage", "eta"))
    rows = (
        select(*facts, alerts.c.record)
        .select_from(shipments.outerjoin(alerts, delays))
        .where(shipments.c.promised_on >= since, shipments.c.promised_on < until, shipments.c.eta.is_not(None))
        .order_by(shipments.c.shipment_id, alerts.c.number)
    )
    if merchant_id is not None:
        rows = rows.where(shipments.c.merchant_id == merchant_id)
    found: list[Any] = []
    for row in connection.execute(rows.execution_options(yield_per=_AT_ONCE)):
        if found and found[0].shipment_id != row.shipment_id:
            yield _outcome(found)
            found = []
        found.append(row)
    if found:
        yield _outcome(found)


def _outcome(rows: list[Any]) -> Outcome:
    first = rows[0]
    arrived_on = orjson.loads(first.eta).get("arrived_on")
    return Outcome(
        first.shipment_id,
        first.promised_on,
        first.status,
        first.stage,
        None if arrived_on is None else date.fromisoformat(arrived_on),
        tuple(Incident.from_dict(orjson.loads(row.record)) for row in rows if row.record is not None),
    )
