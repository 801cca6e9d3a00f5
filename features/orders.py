"""Order-time facts of many parcels as arrays: what the feature families read, in training and in serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from features.opendays import EVERY_DAY, CalendarKey
from parcelcast.calendar import zone
from parcelcast.place import Place, area_of, distance_km, region_of
from parcelcast.shipment import Carrier, Origin, Shipment

EPOCH = date(1970, 1, 1)
_EPOCH_ORDINAL = EPOCH.toordinal()
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Days = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Facts = tuple[Any, ...]

# One object, so that facts with an unknown number are equal to themselves and can be looked up.
_NAN = float("nan")

MM3_PER_L = 1e6


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
    `ordered_on`; `order_hour` is the hour of the local clock at the origin. `calendars` are the delivery calendars. A
    `region` is one of ISO 3166-2; lanes count by `lane_region` and `area` (`parcelcast.regions.Grouping`).
    """

    ordered_on: Days
    known_day: Days
    dispatch_on: Days
    order_hour: Floats
    origin_id: Texts
    origin_country: Texts
    origin_region: Texts
    origin_lane_region: Texts
    origin_area: Texts
    destination_country: Texts
    destination_region: Texts
    destination_lane_region: Texts
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
    handling_limit_days: Floats
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


_FIELDS: Mapping[str, Any] = {field.name: field.type for field in fields(Orders)}
# The facts that `way_facts` tells.
WAY_FACTS = (
    "origin_id",
    "origin_country",
    "origin_region",
    "origin_lane_region",
    "origin_area",
    "destination_country",
    "destination_region",
    "destination_lane_region",
    "destination_area",
    "distance_km",
    "origin_latitude",
    "origin_longitude",
    "destination_latitude",
    "destination_longitude",
    "calendars",
)


def delivery_calendar_key(carrier: Carrier | None, destination: Place) -> CalendarKey:
    """Days on which the parcel can be delivered; every day when nobody told the carrier's weekdays."""
    if carrier is None:
        return CalendarKey(EVERY_DAY, None, None)
    if not carrier.observes_holidays:
        return CalendarKey(carrier.delivery_weekdays, None, None)
    return CalendarKey(carrier.delivery_weekdays, destination.country, destination.region)


def orders_of(shipments: Sequence[Shipment], carriers: Mapping[str, Carrier]) -> Orders:
    """Return the order-time facts of shipments; carriers that are not in the table deliver on any day."""
    return orders_of_facts([order_facts(shipment, carriers.get(shipment.carrier or "")) for shipment in shipments])


def orders_of_facts(rows: Sequence[Facts]) -> Orders:
    """Return orders from what `order_facts` told of each."""
    columns = zip(*rows, strict=True) if rows else [()] * len(_FIELDS)
    return Orders(**{name: array_of(name, values) for name, values in zip(_FIELDS, columns, strict=True)})


def array_of(name: str, values: Sequence[Any]) -> Any:
    """Return values of the fact `name` as `Orders` keeps them."""
    kind = _FIELDS[name]
    if kind is Texts:
        return np.fromiter(values, dtype=object, count=len(values))
    if kind in (Days, Floats):
        return np.array(values, dtype=np.int64 if kind is Days else np.float64)
    return tuple(values)


def order_facts(shipment: Shipment, carrier: Carrier | None) -> Facts:
    """Return one value for each field of `Orders`, in their order; equal facts have equal features."""
    facts = way_facts(shipment.origin, shipment.destination, carrier) | _parcel_facts(shipment)
    return tuple([facts[name] for name in _FIELDS])


def way_facts(origin: Origin, destination: Place, carrier: Carrier | None) -> dict[str, Any]:
    """Return the facts that all parcels of a carrier have in common on the way from an origin to a destination."""
    here = origin.place
    return {
        "origin_id": origin.origin_id,
        "origin_country": here.country,
        "origin_region": here.region or "",
        "origin_lane_region": region_of(here),
        "origin_area": area_of(here),
        "destination_country": destination.country,
        "destination_region": destination.region or "",
        "destination_lane_region": region_of(destination),
        "destination_area": area_of(destination),
        "distance_km": _number(distance_km(here, destination)),
        "origin_latitude": _number(here.latitude),
        "origin_longitude": _number(here.longitude),
        "destination_latitude": _number(destination.latitude),
        "destination_longitude": _number(destination.longitude),
        "calendars": delivery_calendar_key(carrier, destination),
    }


def _parcel_facts(shipment: Shipment) -> dict[str, Any]:
    """Return the other facts: the instant of the order, the service and the parcel itself."""
    ordered_on = epoch_day(shipment.ordered_on)
    length, width, height = (_number(side) for side in (shipment.length_mm, shipment.width_mm, shipment.height_mm))
    has_sides = _NAN not in (length, width, height)
    return {
        "ordered_on": ordered_on,
        "known_day": (shipment.ordered_at - _UNIX_EPOCH).days,
        "dispatch_on": max(epoch_day(shipment.planned_dispatch_on), ordered_on),
        "order_hour": float(shipment.ordered_at.astimezone(zone(shipment.origin.calendar.time_zone)).hour),
        "carrier": shipment.carrier or "",
        "service": shipment.service or "",
        "delivery_mode": shipment.delivery_mode,
        "item_category": shipment.item_category or "",
        "payment_method": shipment.payment_method or "",
        "quoted_days": _number(shipment.quoted_transit_days),
        "handling_limit_days": _number(shipment.handling_limit_days),
        "weight_g": _number(shipment.weight_g),
        "volume_l": length * width * height / MM3_PER_L if has_sides else _NAN,
        "longest_mm": max(length, width, height) if has_sides else _NAN,
        "item_count": _number(shipment.item_count),
        "order_value": _number(shipment.order_value),
        "freight_cost": _number(shipment.freight_cost),
    }


def _number(value: float | None) -> float:
    return _NAN if value is None or value != value else float(value)  # noqa: PLR0124 - NaN differs from itself
