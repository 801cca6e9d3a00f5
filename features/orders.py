"""Order-time facts of many parcels as arrays: what the feature families read, in training and in serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.opendays import CalendarKey
from parcelcast.calendar import zone
from parcelcast.place import Place, distance_km
from parcelcast.shipment import Carrier, Shipment

EPOCH = date(1970, 1, 1)
_EPOCH_ORDINAL = EPOCH.toordinal()
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Days = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Facts = tuple[Any, ...]

# One object, so that facts with an unknown number are equal to themselves and can be looked up.
_NAN = float("nan")


def epoch_day(day: date) -> int:
    """Days since 1970-01-01, the number in which all day columns are kept.

    >>> epoch_day(date(1970, 1, 31))
    30
    """
    return day.toordinal() - _EPOCH_ORDINAL


def day_of(number: int) -> date:
    """Return the date of a day number; the inverse of `epoch_day`."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


@dataclass(frozen=True)
class Orders:
    """One array of length n per fact. Days are numbers since 1970-01-01; texts are "" where unknown, numbers NaN.

    `ordered_on` is local at the destination (the anchor of the forecast), `known_day` the UTC day of the order: history
    is visible up to the end of the day before. `dispatch_on` is the planned dispatch, local at the origin, never before
    `ordered_on`; `order_hour` is the hour of the local clock at the origin. `calendars` are the delivery calendars.
    """

    ordered_on: Days
    known_day: Days
    dispatch_on: Days
    order_hour: Floats
    origin_id: Texts
    origin_country: Texts
    origin_region: Texts
    origin_area: Texts
    destination_country: Texts
    destination_region: Texts
    destination_area: Texts
    carrier: Texts
    service: Texts
    delivery_mode: Texts
    item_category: Texts
    payment_method: Texts
    distance_km: Floats
    origin_latitude: Floats
    origin_longitude: Floats
    destination_latitude: Floats
    destination_longitude: Floats
    quoted_days: Floats
    weight_g: Floats
    volume_l: Floats
    longest_mm: Floats
    item_count: Floats
    order_value: Floats
    freight_cost: Floats
    calendars: tuple[CalendarKey, ...]

    def __len__(self) -> int:
        return len(self.ordered_on)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the orders of these rows."""
        arrays = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "calendars"}
        return type(self)(**arrays, calendars=tuple(self.calendars[row] for row in rows.tolist()))


def delivery_calendar_key(carrier: Carrier | None, destination: Place) -> CalendarKey:
    """Days on which the parcel can be delivered; every day when nobody told the carrier's weekdays."""
    if carrier is None:
        return CalendarKey(frozenset(range(7)), None, None)
    if not carrier.observes_holidays:
        return CalendarKey(carrier.delivery_weekdays, None, None)
    return CalendarKey(carrier.delivery_weekdays, destination.country, destination.region)


def orders_of(shipments: Sequence[Shipment], carriers: Mapping[str, Carrier]) -> Orders:
    """Return the order-time facts of shipments; carriers that are not in the table deliver on any day."""
    return orders_of_facts([order_facts(shipment, carriers.get(shipment.carrier or "")) for shipment in shipments])


def orders_of_facts(rows: Sequence[Facts]) -> Orders:
    """Return orders from what `order_facts` told of each."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(fields(Orders))
    arrays: dict[str, Any] = {}
    for field, values in zip(fields(Orders), columns, strict=True):
        arrays[field.name] = values if field.name == "calendars" else _array(field.type, values)
    return Orders(**arrays)


def _array(kind: object, values: Sequence[object]) -> NDArray[np.generic]:
    if kind is Texts:
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column
    return np.array(values, dtype=np.int64 if kind is Days else np.float64)


def order_facts(shipment: Shipment, carrier: Carrier | None) -> Facts:
    """Return one value for each field of `Orders`, in their order; equal facts have equal features."""
    origin, destination = shipment.origin.place, shipment.destination
    ordered_on = epoch_day(shipment.ordered_on)
    sides = (shipment.length_mm, shipment.width_mm, shipment.height_mm)
    known_sides = [_number(side) for side in sides]
    return (
        ordered_on,
        (shipment.ordered_at - _UNIX_EPOCH).days,
        max(epoch_day(shipment.planned_dispatch_on), ordered_on),
        float(_local(shipment.ordered_at, zone(shipment.origin.calendar.time_zone)).hour),
        shipment.origin.origin_id,
        origin.country,
        origin.region or "",
        origin.postal_code[:2],
        destination.country,
        destination.region or "",
        destination.postal_code[:2],
        shipment.carrier or "",
        shipment.service or "",
        shipment.delivery_mode,
        shipment.item_category or "",
        shipment.payment_method or "",
        _number(distance_km(origin, destination)),
        _number(origin.latitude),
        _number(origin.longitude),
        _number(destination.latitude),
        _number(destination.longitude),
        _number(shipment.quoted_transit_days),
        _number(shipment.weight_g),
        _NAN if _NAN in known_sides else known_sides[0] * known_sides[1] * known_sides[2] / 1e6,
        _NAN if _NAN in known_sides else max(known_sides),
        _number(shipment.item_count),
        _number(shipment.order_value),
        _number(shipment.freight_cost),
        delivery_calendar_key(carrier, destination),
    )


def _local(instant: datetime, time_zone: ZoneInfo) -> datetime:
    return instant.astimezone(time_zone)


def _number(value: float | None) -> float:
    return _NAN if value is None or value != value else float(value)  # noqa: PLR0124 - NaN differs from itself
