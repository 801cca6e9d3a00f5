"""What became of parcels that were promised for some days: who counts, what is late, and what was told of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select, text

from parcelcast.alerts import Incident
from serving.stores.schema import EPOCH, MICROSECOND, alerts, etas, shipments

_AT_ONCE = 5_000
_PARCEL = tuple(shipments.c[name] for name in ("shipment_id", "promised_on", "status", "stage", "eta", "facts"))
_by_parcel = attrgetter("shipment_id")

_STATED = tuple(etas.c[name] for name in ("promised_on", "delay_risk", "earliest_on", "latest_on", "eta"))
_SQLITE = """
select json_extract(value, '$.shipment_id') as shipment_id, json_extract(value, '$.at') as at from json_each(:asked)
"""
_POSTGRESQL = "select * from json_to_recordset(cast(:asked as json)) as one (shipment_id text, at timestamptz)"
# Histories are long, and this reads one row of each.
_STATED_LAST = """
select asked.shipment_id, {columns} from ({asked}) as asked
join etas on etas.shipment_id = asked.shipment_id and etas.number = (
    select told.number from etas as told where told.shipment_id = asked.shipment_id and told.as_of <= asked.at
    order by told.number desc limit 1
)
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Promised days from ``since`` on and before ``until``, local to the destinations; of all merchants, or of one."""

    since: date
    until: date
    merchant_id: str | None


class StatedDates(NamedTuple):
    """What a row of the history of dates says (`serving.stores.etas.DatesRow`)."""

    promised_on: date | None
    delay_risk: float | None
    earliest_on: date | None
    latest_on: date | None
    eta: str


class Outcome(NamedTuple):
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
    for row in connection.execute(_of_window(window, select(*_PARCEL))):
        if (outcome := _outcome(row)) is not None:
            yield outcome


def read_incidents(connection: Connection, window: Window, family: str) -> Iterator[tuple[Outcome, list[Incident]]]:
    """Yield the same parcels, each with its incidents of a family, the first one first."""
    told = and_(alerts.c.shipment_id == shipments.c.shipment_id, alerts.c.incident == family)
    query = select(*_PARCEL, alerts.c.record).outerjoin_from(shipments, alerts, told)
    for _, group in groupby(connection.execute(_of_window(window, query, alerts.c.number)), key=_by_parcel):
        rows = list(group)
        if (outcome := _outcome(rows[0])) is not None:
            yield outcome, [Incident.from_dict(orjson.loads(row.record)) for row in rows if row.record is not None]


def read_stated(
    connection: Connection, window: Window, until: Callable[[Outcome], datetime]
) -> Iterator[tuple[Outcome, StatedDates | None]]:
    """Yield the same parcels, each with what was stated last until an instant of its own, None: nothing."""
    is_sqlite = connection.dialect.name == "sqlite"
    asked_of = _SQLITE if is_sqlite else _POSTGRESQL
    columns = ", ".join(column.name for column in _STATED)
    query = text(_STATED_LAST.format(columns=columns, asked=asked_of)).columns(etas.c.shipment_id, *_STATED)
    outcomes = read_outcomes(connection, window)
    while some := list(islice(outcomes, _AT_ONCE)):
        instants = {one.shipment_id: until(one) for one in some if one.counts}
        asked = [
            {"shipment_id": name, "at": (at - EPOCH) // MICROSECOND if is_sqlite else at}
            for name, at in instants.items()
        ]
        rows = connection.execute(query, {"asked": orjson.dumps(asked).decode()})
        stated = {name: StatedDates(*rest) for name, *rest in rows}
        yield from ((one, stated.get(one.shipment_id)) for one in some)


def _of_window(window: Window, query: Select[Any], *order: ColumnElement[Any]) -> Select[Any]:
    """Restrict to the parcels of a window that were looked at, by id, as the database streams them."""
    query = query.where(
        shipments.c.promised_on >= window.since,
        shipments.c.promised_on < window.until,
        shipments.c.eta.is_not(None),
    )
    if window.merchant_id is not None:
        query = query.where(shipments.c.merchant_id == window.merchant_id)
    return query.order_by(shipments.c.shipment_id, *order).execution_options(yield_per=_AT_ONCE)


def _outcome(row: Row[Any]) -> Outcome | None:
    """Return what became of a parcel; None for one that goes to the shop, as no shopper waits for it."""
    shipment_id, promised_on, status, stage, eta, told = row[: len(_PARCEL)]
    facts, said = orjson.loads(told), orjson.loads(eta)
    if facts.get("is_return", False):
        return None
    return Outcome(
        shipment_id,
        promised_on,
        status,
        stage,
        arrived_on=_day(said.get("arrived_on")),
        delivered_on=_day(said["likely"]) if stage == "delivered" else None,
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
