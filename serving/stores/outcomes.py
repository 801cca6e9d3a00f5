"""What became of parcels that were promised for some days: who counts, what is late, and what was told of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from parcelcast.alerts import Incident
from serving.stores.etas import DatesRow
from serving.stores.schema import alerts, etas, shipments

_AT_ONCE = 5_000
_PARCEL = tuple(shipments.c[name] for name in ("shipment_id", "promised_on", "status", "stage", "eta", "facts"))
_by_parcel = attrgetter("shipment_id")


@dataclass(frozen=True, slots=True)
class Window:
    """Promised days from ``since`` on and before ``until``, local to the destinations; of all merchants, or of one."""

    since: date
    until: date
    merchant_id: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A parcel that was promised for a day, by what was said of it last; dates are local, None: not yet.

    ``arrived_on`` is when it came to the door or a pickup point, ``delivered_on`` when the shopper had it,
    ``dispatched_on`` local to the origin. ``attempts`` are failed deliveries, None where that was not kept.
    ``carrier``, ``service`` and ``address`` (country, postal code and city) are as the shop told them.
    """

    shipment_id: str
    promised_on: date
    status: str
    stage: str
    arrived_on: date | None
    delivered_on: date | None
    dispatched_on: date | None
    attempts: int | None
    carrier: str | None
    service: str | None
    address: tuple[str, str, str]

    @property
    def counts(self) -> bool:
        """Whether anything can be told of it: not the shop alone has heard of it, and somebody waits for it."""
        return self.status != "cancelled" and self.stage != "pre_dispatch"

    @property
    def days_after(self) -> int | None:
        """Days from the promised one to that on which it came, negative where it was early; None: it has not come."""
        return None if self.arrived_on is None else (self.arrived_on - self.promised_on).days

    @property
    def transit_days(self) -> int | None:
        """Days from the dispatch to the arrival; None where one of them is not known."""
        if self.dispatched_on is None or self.arrived_on is None:
            return None
        return (self.arrived_on - self.dispatched_on).days

    @property
    def is_late(self) -> bool:
        """Whether it came after the promised day, which is over, or has not come."""
        return is_late(self.days_after)


def is_late(days_after: int | None) -> bool:
    """Tell whether a parcel is late that came so many days after the promised one; None: it has not come.

    >>> is_late(-1), is_late(0), is_late(1), is_late(None)
    (False, False, True, True)
    """
    return days_after is None or days_after > 0


def read_outcomes(connection: Connection, window: Window) -> Iterator[Outcome]:
    """Yield the parcels of a window, by id."""
    for outcome, _ in _parcels(connection, window, select(*_PARCEL)):
        yield outcome


def read_incidents(connection: Connection, window: Window, family: str) -> Iterator[tuple[Outcome, list[Incident]]]:
    """Yield the same parcels, each with its incidents of a family, the first one first."""
    told = and_(alerts.c.shipment_id == shipments.c.shipment_id, alerts.c.incident == family)
    query = select(*_PARCEL, alerts.c.record).outerjoin_from(shipments, alerts, told)
    for outcome, rows in _parcels(connection, window, query, alerts.c.number):
        yield outcome, [Incident.from_dict(orjson.loads(row.record)) for row in rows if row.record is not None]


def read_histories(connection: Connection, window: Window) -> Iterator[tuple[Outcome, list[DatesRow]]]:
    """Yield the same parcels, each with its history of dates, in order."""
    columns = [etas.c[name].label(f"told_{name}") for name in DatesRow.__dataclass_fields__]
    query = select(*_PARCEL, *columns).outerjoin_from(shipments, etas, etas.c.shipment_id == shipments.c.shipment_id)
    for outcome, rows in _parcels(connection, window, query, etas.c.number):
        yield outcome, [DatesRow(*row[len(_PARCEL) :]) for row in rows if row.told_number is not None]


def _parcels(
    connection: Connection, window: Window, query: Select[Any], *order: ColumnElement[Any]
) -> Iterator[tuple[Outcome, list[Row[Any]]]]:
    """Yield the parcels of a window that were looked at, each with its rows, as the database streams them.

    Parcels that go to the shop are left out: no shopper waits for them.
    """
    query = query.where(
        shipments.c.promised_on >= window.since,
        shipments.c.promised_on < window.until,
        shipments.c.eta.is_not(None),
    )
    if window.merchant_id is not None:
        query = query.where(shipments.c.merchant_id == window.merchant_id)
    query = query.order_by(shipments.c.shipment_id, *order).execution_options(yield_per=_AT_ONCE)
    for _, group in groupby(connection.execute(query), key=_by_parcel):
        rows = list(group)
        facts = orjson.loads(rows[0].facts)
        if not facts.get("is_return", False):
            yield _outcome(rows[0], facts), rows


def _outcome(row: Row[Any], facts: dict[str, Any]) -> Outcome:
    said = orjson.loads(row.eta)
    return Outcome(
        row.shipment_id,
        row.promised_on,
        row.status,
        row.stage,
        arrived_on=_day(said.get("arrived_on")),
        delivered_on=_day(said["likely"]) if row.stage == "delivered" else None,
        dispatched_on=_day(said.get("dispatched_on")),
        attempts=said.get("attempts"),
        carrier=facts.get("carrier"),
        service=facts.get("service"),
        address=(
            facts["destination_country"],
            facts.get("destination_postal_code", ""),
            facts.get("destination_city", ""),
        ),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
