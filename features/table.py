"""From the canonical shipments table to orders and spells: the part of the feature path that only training takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.assembly import Histories
from features.history import SketchHistory, SnapshotHistory
from features.lanes import WINDOWS, lane_keys
from features.opendays import CalendarKey, OpenDays
from features.orders import Orders, Texts, delivery_calendar_key
from features.origins import WINDOWS as ORIGIN_WINDOWS
from features.origins import origin_keys
from features.sketches import AGES, UNKNOWN, Sketch, Spells, build_sketch
from parcelcast.place import Place, PlaceIndex, distance_km
from parcelcast.shipment import Carrier, Origin


@dataclass(frozen=True)
class Network:
    """The reference data that orders are read with."""

    places: PlaceIndex
    origins: Mapping[str, Origin]
    carriers: Mapping[str, Carrier]


@dataclass(frozen=True)
class ParcelHistory:
    """Orders with what became of them. Days are numbers since 1970-01-01, -1 where not (yet) known.

    `delivered_on` is local at the destination, `delivered_known` the UTC day of its record.
    """

    shipment_id: Texts
    order_id: Texts
    ordered_at: NDArray[np.datetime64]
    orders: Orders
    promised_on: NDArray[np.int64]
    dispatched_on: NDArray[np.int64]
    dispatched_known: NDArray[np.int64]
    delivered_on: NDArray[np.int64]
    delivered_known: NDArray[np.int64]
    ended_otherwise: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def lead_days(self) -> NDArray[np.int64]:
        """Days from the order to delivery, -1 while not delivered; a delivery dated before the order counts as 0."""
        days = np.maximum(self.delivered_on - self.orders.ordered_on, 0)
        return np.where(self.delivered_on == UNKNOWN, UNKNOWN, days)


def parcel_history(shipments: pd.DataFrame, network: Network) -> ParcelHistory:
    """Read the canonical shipments (without returns), ordered by time of order."""
    frame = shipments[~shipments["is_return"].fillna(value=False).astype(bool)]
    frame = frame.sort_values(["ordered_at", "shipment_id"], kind="stable").reset_index(drop=True)
    destinations = _places(frame, "destination", network.places)
    zones = np.array([place.time_zone for place in destinations], dtype=object)
    orders = _orders(frame, destinations, zones, network)
    return ParcelHistory(
        shipment_id=_texts(frame, "shipment_id"),
        order_id=_texts(frame, "order_id"),
        ordered_at=frame["ordered_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(),
        orders=orders,
        promised_on=_dates(frame["promised_on"]),
        dispatched_on=_local_days(frame["dispatched_at"], zones),
        dispatched_known=_utc_days(frame["dispatched_recorded_at"].fillna(frame["dispatched_at"])),
        delivered_on=_local_days(frame["delivered_at"], zones),
        delivered_known=_utc_days(frame["delivered_recorded_at"].fillna(frame["delivered_at"])),
        ended_otherwise=frame["status"].isin(["cancelled", "lost", "returned"]).to_numpy(dtype=bool),
    )


@dataclass(frozen=True)
class Sketches:
    """The daily counts of all families."""

    lead: Sketch
    handling: Sketch

    def rolling(self) -> Histories:
        """Return histories for many instants."""
        return Histories(SketchHistory(self.lead), SketchHistory(self.handling))

    def snapshot(self, day: int) -> Histories:
        """Return histories as known at the start of UTC day `day`."""
        return Histories(
            SnapshotHistory.of(self.lead, day, WINDOWS),
            SnapshotHistory.of(self.handling, day, ORIGIN_WINDOWS),
        )


def build_sketches(history: ParcelHistory, network: Network, until: int) -> Sketches:
    """Count everything recorded up to and with UTC day `until`."""
    orders = history.orders
    first = int(orders.ordered_on.min()) - 1
    last = max(until, int(orders.dispatch_on.max())) + 2 * AGES
    delivery = OpenDays.of(orders.calendars, first, last)
    lead = Spells(orders.dispatch_on, orders.known_day, history.delivered_on, history.delivered_known, delivery)
    handling = Spells(
        orders.dispatch_on,
        orders.known_day,
        history.dispatched_on,
        history.dispatched_known,
        OpenDays.of(_origin_calendars(orders, network), first, last),
    )
    return Sketches(build_sketch(lead, lane_keys(orders), until), build_sketch(handling, origin_keys(orders), until))


def _origin_calendars(orders: Orders, network: Network) -> list[CalendarKey]:
    keys = {}
    for origin_id in set(orders.origin_id):
        calendar = network.origins[origin_id].calendar
        keys[origin_id] = CalendarKey(calendar.weekdays, calendar.holiday_country, calendar.holiday_region)
    return [keys[origin_id] for origin_id in orders.origin_id]


def _orders(frame: pd.DataFrame, destinations: list[Place], zones: Texts, network: Network) -> Orders:
    sources = [network.origins[origin_id].place for origin_id in frame["origin_id"]]
    source_zones = np.array([network.origins[one].calendar.time_zone for one in frame["origin_id"]], dtype=object)
    ordered_on = _local_days(frame["ordered_at"], zones)
    sides = frame[["length_mm", "width_mm", "height_mm"]].to_numpy(dtype=np.float64)
    carriers = [network.carriers.get(name) if name else None for name in _texts(frame, "carrier")]
    pairs = dict.fromkeys(zip(sources, destinations, strict=True))
    distances = dict(zip(pairs, starmap(distance_km, pairs), strict=True))
    far = [distances[pair] for pair in zip(sources, destinations, strict=True)]
    return Orders(
        ordered_on=ordered_on,
        known_day=_utc_days(frame["ordered_at"]),
        dispatch_on=np.maximum(_dates(frame["planned_dispatch_on"]), ordered_on),
        order_hour=_local_hours(frame["ordered_at"], source_zones),
        origin_id=_texts(frame, "origin_id"),
        origin_country=_objects([place.country for place in sources]),
        origin_region=_objects([place.region or "" for place in sources]),
        origin_area=_objects([place.postal_code[:2] for place in sources]),
        destination_country=_objects([place.country for place in destinations]),
        destination_region=_objects([place.region or "" for place in destinations]),
        destination_area=_objects([place.postal_code[:2] for place in destinations]),
        carrier=_texts(frame, "carrier"),
        service=_texts(frame, "service"),
        delivery_mode=_objects([mode or "home" for mode in _texts(frame, "delivery_mode")]),
        item_category=_texts(frame, "item_category"),
        payment_method=_texts(frame, "payment_method"),
        distance_km=np.array([np.nan if one is None else one for one in far], dtype=np.float64),
        origin_latitude=_degrees([place.latitude for place in sources]),
        origin_longitude=_degrees([place.longitude for place in sources]),
        destination_latitude=_degrees([place.latitude for place in destinations]),
        destination_longitude=_degrees([place.longitude for place in destinations]),
        quoted_days=_floats(frame, "quoted_transit_days"),
        weight_g=_floats(frame, "weight_g"),
        volume_l=sides[:, 0] * sides[:, 1] * sides[:, 2] / 1e6,
        longest_mm=sides.max(axis=1),
        item_count=_floats(frame, "item_count"),
        order_value=_floats(frame, "order_value"),
        freight_cost=_floats(frame, "freight_cost"),
        calendars=tuple(starmap(delivery_calendar_key, zip(carriers, destinations, strict=True))),
    )


def _places(frame: pd.DataFrame, end: str, index: PlaceIndex) -> list[Place]:
    pairs = list(zip(_texts(frame, f"{end}_country"), _texts(frame, f"{end}_postal_code"), strict=True))
    found = {pair: index.find(*pair) for pair in dict.fromkeys(pairs)}
    return [found[pair] for pair in pairs]


def _texts(frame: pd.DataFrame, name: str) -> Texts:
    return _objects(frame[name].astype(object).where(frame[name].notna(), "").tolist())


def _objects(values: list[str]) -> Texts:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _floats(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _dates(column: pd.Series) -> NDArray[np.int64]:
    return _day_numbers(pd.to_datetime(column))


def _utc_days(column: pd.Series) -> NDArray[np.int64]:
    return _day_numbers(column.dt.tz_convert("UTC").dt.tz_localize(None))


def _local_days(column: pd.Series, zones: Texts) -> NDArray[np.int64]:
    out = np.full(len(column), UNKNOWN)
    for name in set(zones):
        mine = zones == name
        out[mine] = _day_numbers(column[mine].dt.tz_convert(name).dt.tz_localize(None))
    return out


def _local_hours(column: pd.Series, zones: Texts) -> NDArray[np.float64]:
    out = np.empty(len(column))
    for name in set(zones):
        mine = zones == name
        out[mine] = column[mine].dt.tz_convert(name).dt.hour
    return out


def _day_numbers(column: pd.Series) -> NDArray[np.int64]:
    values = column.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(values), UNKNOWN, values.astype(np.int64))


def _degrees(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
