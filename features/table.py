"""From the canonical shipments table to orders and spells: the part of the feature path that only training takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features import hubs, loads
from features.assembly import FAMILIES, Histories
from features.distinct import distinct_rows
from features.frames import dates, floats, local_days, local_hours, objects, outgoing, texts, utc_days
from features.history import SketchHistory, SnapshotHistory
from features.hubs import SLOTS, Visit, hub_keys, stay, visits_of
from features.lanes import LEVELS, lane_keys
from features.loads import STAGES, days_told
from features.opendays import CalendarKey, OpenDays
from features.orders import MM3_PER_L, WAY_FACTS, Days, Orders, Texts, array_of, way_facts
from features.origins import origin_keys
from features.sketches import AGES, CANCELLED, UNKNOWN, Sketch, Spells, build_sketch
from features.starts import start_sketch
from features.weather import NO_BULLETINS, VALUES, Bulletins
from features.weekdays import weekday_sketch
from parcelcast.errors import DataError
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Carrier, Origin

_NUMBERS = ("handling_limit_days", "weight_g", "item_count", "order_value", "freight_cost")


@dataclass(frozen=True)
class Network:
    """The reference data that orders are read with."""

    places: PlaceIndex
    origins: Mapping[str, Origin]
    carriers: Mapping[str, Carrier]

    @property
    def weekdays(self) -> dict[str, frozenset[int]]:
        """Return the weekdays on which each carrier delivers, by its id."""
        return {carrier_id: carrier.delivery_weekdays for carrier_id, carrier in self.carriers.items()}


@dataclass(frozen=True)
class ParcelHistory:
    """Orders with what became of them. Days are numbers since 1970-01-01, -1 where not (yet) known.

    `delivered_on` is local at the destination, `delivered_known` the UTC day of its record. `ended_known` is the UTC
    day on which we learned that the parcel will not come; without a time, that of the order. `cancelled_known` is the
    same of cancelled orders alone, and only where the time of that record is known. `scanned` has the day of each of
    `features.loads.STAGES` and of its record, as the scans told it first, `visits` those of the first two hubs.
    """

    shipment_id: Texts
    order_id: Texts
    ordered_at: NDArray[np.datetime64]
    orders: Orders
    destination_zone: Texts
    promised_on: NDArray[np.int64]
    dispatched_on: NDArray[np.int64]
    dispatched_known: NDArray[np.int64]
    delivered_on: NDArray[np.int64]
    delivered_known: NDArray[np.int64]
    ended_known: NDArray[np.int64]
    cancelled_known: NDArray[np.int64]
    scanned: Mapping[str, tuple[Days, Days]]
    visits: tuple[Visit, Visit]

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def lead_days(self) -> NDArray[np.int64]:
        """Days from the order to delivery, -1 while not delivered; a delivery dated before the order counts as 0."""
        days = np.maximum(self.delivered_on - self.orders.ordered_on, 0)
        return np.where(self.delivered_on == UNKNOWN, UNKNOWN, days)


def parcel_history(shipments: pd.DataFrame, network: Network, first_scans: pd.DataFrame | None = None) -> ParcelHistory:
    """Read the canonical shipments (without returns), ordered by time of order; DataError when there are none.

    `first_scans` is what `features.engine.scanning.read_first_scans` tells of their scans.
    """
    frame = outgoing(shipments)
    if frame.empty:
        raise DataError("no shipments but returns", file="shipments", remedy="ingest a history with orders")
    frame = frame.sort_values(["ordered_at", "shipment_id"], kind="stable").reset_index(drop=True)
    ways = _ways(frame, network)
    return ParcelHistory(
        shipment_id=texts(frame["shipment_id"]),
        order_id=texts(frame["order_id"]),
        ordered_at=frame["ordered_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(),
        orders=Orders(**ways.facts, **_parcel_facts(frame, ways)),
        destination_zone=ways.destination_zone,
        promised_on=dates(frame["promised_on"]),
        dispatched_on=local_days(frame["dispatched_at"], ways.destination_zone),
        dispatched_known=utc_days(frame["dispatched_recorded_at"].fillna(frame["dispatched_at"])),
        delivered_on=local_days(frame["delivered_at"], ways.destination_zone),
        delivered_known=utc_days(frame["delivered_recorded_at"].fillna(frame["delivered_at"])),
        ended_known=_ended_known(frame),
        cancelled_known=utc_days(frame["ended_at"].where(frame["status"].eq("cancelled").fillna(value=False))),
        scanned=_scanned(frame["shipment_id"], first_scans),
        visits=_visits(frame["shipment_id"], first_scans),
    )


def _ended_known(frame: pd.DataFrame) -> Days:
    has_ended = frame["status"].isin(["cancelled", "lost", "returned"]).to_numpy(dtype=bool)
    return np.where(has_ended, utc_days(frame["ended_at"].fillna(frame["ordered_at"])), UNKNOWN)


def _scanned(shipment_id: pd.Series, first_scans: pd.DataFrame | None) -> dict[str, tuple[Days, Days]]:
    """Return the day of each stage and of its record, -1 where no scan told of it."""
    if first_scans is None:
        return {name: (np.full(len(shipment_id), UNKNOWN), np.full(len(shipment_id), UNKNOWN)) for name in STAGES}
    found = first_scans.set_index("shipment_id").reindex(shipment_id)
    return {name: days_told(floats(found[name])) for name in STAGES}


def _visits(shipment_id: pd.Series, first_scans: pd.DataFrame | None) -> tuple[Visit, Visit]:
    """Return the visits to the first hub and to the next one."""
    slots: dict[str, tuple[Days, Texts]] = {}
    for slot in (slot for pair in SLOTS.values() for slot in pair):
        if first_scans is None:
            slots[slot] = np.full(len(shipment_id), UNKNOWN), np.full(len(shipment_id), "", dtype=object)
        else:
            told = first_scans.set_index("shipment_id")
            numbers = told[slot].reindex(shipment_id, fill_value=int(UNKNOWN)).to_numpy(np.int64)
            slots[slot] = numbers, objects(told[f"{slot}_at"].reindex(shipment_id, fill_value="").tolist())
    return visits_of(slots)


@dataclass(frozen=True)
class _Ways:
    """Each parcel's `features.orders.way_facts`, and the time zones of its origin's calendar and its destination."""

    facts: Mapping[str, Any]
    origin_zone: Texts
    destination_zone: Texts


def _ways(frame: pd.DataFrame, network: Network) -> _Ways:
    """Look each distinct way up once."""
    names = ("origin_id", "destination_country", "destination_postal_code", "carrier")
    columns = [texts(frame[name]) for name in names]
    once, which = distinct_rows(columns)
    ids, countries, codes, carriers = (column[once] for column in columns)
    origins = [network.origins[origin_id] for origin_id in ids]
    find = cache(network.places.find)
    places = [find(country, code) for country, code in zip(countries, codes, strict=True)]
    facts = [
        way_facts(origin, place, network.carriers.get(carrier))
        for origin, place, carrier in zip(origins, places, carriers, strict=True)
    ]
    distinct = {name: array_of(name, [one[name] for one in facts]) for name in WAY_FACTS}
    calendars = distinct.pop("calendars")
    return _Ways(
        {name: column[which] for name, column in distinct.items()}
        | {"calendars": tuple([calendars[way] for way in which.tolist()])},
        objects([origin.calendar.time_zone for origin in origins])[which],
        objects([place.time_zone for place in places])[which],
    )


def _parcel_facts(frame: pd.DataFrame, ways: _Ways) -> dict[str, Any]:
    """Return the other fields of `Orders`, as `features.orders.order_facts` tells them of one shipment."""
    ordered_on = local_days(frame["ordered_at"], ways.destination_zone)
    length, width, height = (floats(frame[name]) for name in ("length_mm", "width_mm", "height_mm"))
    delivery_mode = texts(frame["delivery_mode"])
    return {
        "ordered_on": ordered_on,
        "known_day": utc_days(frame["ordered_at"]),
        "dispatch_on": np.maximum(dates(frame["planned_dispatch_on"]), ordered_on),
        "order_hour": local_hours(frame["ordered_at"], ways.origin_zone),
        "delivery_mode": np.where(delivery_mode == "", "home", delivery_mode),
        "quoted_days": floats(frame["quoted_transit_days"]),
        "volume_l": length * width * height / MM3_PER_L,
        "longest_mm": np.maximum(np.maximum(length, width), height),
        **{name: texts(frame[name]) for name in ("carrier", "service", "item_category", "payment_method")},
        **{name: floats(frame[name]) for name in _NUMBERS},
    }


def bulletins_of(weather: pd.DataFrame | None, hubs: Mapping[str, str]) -> Bulletins:
    """Read the canonical weather_daily; none when there is no such table. `hubs` tells the region of each hub."""
    if weather is None or weather.empty:
        return NO_BULLETINS
    return Bulletins.of(
        texts(weather["country"]) + "-" + texts(weather["region"]),
        dates(weather["day"]),
        weather["issued_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(),
        {name: floats(weather[name]) for name in VALUES},
        hubs,
    )


@dataclass(frozen=True)
class Sketches:
    """The daily counts that `features.assembly.FAMILIES` are told from, and the weather as it was issued.

    `weekdays` are those on which the carrier delivers, by key of level "carrier" of `features.lanes.LEVELS`.
    """

    lead: Sketch
    handling: Sketch
    depot: Sketch
    haul: Sketch
    departure: Sketch
    transit: Sketch
    hub: Sketch
    weekdays: Mapping[str, frozenset[int]]
    weather: Bulletins = NO_BULLETINS

    @cached_property
    def depot_weekdays(self) -> Sketch:
        """When parcels leave the depots of a destination."""
        return weekday_sketch(self.depot)

    @cached_property
    def lane_weekdays(self) -> Sketch:
        """When the parcels of a lane come."""
        return weekday_sketch(self.lead)

    @cached_property
    def lane_starts(self) -> Sketch:
        """How the parcels of a lane got on by the weekday on which they had left."""
        return start_sketch(self.lead, self.weekdays)

    def rolling(self) -> Histories:
        """Return histories for many instants."""
        return Histories(**{name: SketchHistory(getattr(self, name)) for name in FAMILIES}, weather=self.weather)

    def snapshot(self, day: int) -> Histories:
        """Return histories as known at the start of UTC day `day`."""
        known = {name: SnapshotHistory.of(getattr(self, name), day, windows) for name, (windows, _) in FAMILIES.items()}
        return Histories(**known, weather=self.weather.snapshot(day))


def build_sketches(history: ParcelHistory, network: Network, until: int, weather: Bulletins = NO_BULLETINS) -> Sketches:
    """Count everything recorded up to and with UTC day `until`; the weather is taken as it is."""
    orders = history.orders
    first = int(orders.known_day.min()) - 1  # a local day may be one earlier than the UTC day
    last = max(until, int(orders.dispatch_on.max())) + 2 * AGES
    delivery = OpenDays.of(orders.calendars, first, last)
    working = OpenDays.of(_origin_calendars(orders, network), first, last)
    planned = (orders.dispatch_on, orders.known_day)
    dispatched = (history.dispatched_on, history.dispatched_known)
    delivered = (history.delivered_on, history.delivered_known)
    handed, departed, at_depot = (history.scanned[name] for name in ("handed", "departed", "depot"))
    ways, there = lane_keys(orders), loads.depot_keys(orders)
    ends = {name: _first(history.scanned[name], delivered) for name in ("departed", "depot", "out")}
    counted = {
        "lead": (Spells(*planned, *delivered, delivery), ways),
        "handling": (Spells(*planned, *dispatched, working), origin_keys(orders)),
        "depot": (Spells(*at_depot, *ends["out"], delivery), there),
        "haul": (Spells(*departed, *ends["depot"], delivery), there[: len(loads.HAUL_LEVELS)]),
        "transit": (Spells(*dispatched, *delivered, delivery), there[: len(loads.HAUL_LEVELS)]),
        "departure": (Spells(*handed, *ends["departed"], delivery), loads.departure_keys(orders)),
        "hub": _at_hubs(history, delivery),
    }
    cancelled = history.cancelled_known
    return Sketches(
        **{
            name: build_sketch(*_begun(_until_cancelled(spells, cancelled), keys, first), until)
            for name, (spells, keys) in counted.items()
        },
        weekdays={
            service: calendar.weekdays
            for service, calendar in zip(ways[LEVELS.index("carrier")].tolist(), orders.calendars, strict=True)
        },
        weather=weather,
    )


def _first(scanned: tuple[Days, Days], delivered: tuple[Days, Days]) -> tuple[Days, Days]:
    """Return the days of an end and of its record: a delivery that was known sooner than any scan ended it too."""
    is_sooner = (delivered[1] != UNKNOWN) & ((scanned[1] == UNKNOWN) | (delivered[1] < scanned[1]))
    on, known = (np.where(is_sooner, *days) for days in zip(delivered, scanned, strict=True))
    return on, known


def _at_hubs(history: ParcelHistory, calendar: OpenDays) -> tuple[Spells, tuple[Texts, ...]]:
    """Return the time at the first hub and at the next one, in this order, with their keys.

    It ends with the departure, with the next hub, with the depot or with the delivery.
    """
    first, other = history.visits
    done = _number(*history.scanned["depot"]), _number(history.delivered_on, history.delivered_known)
    stays = stay(first.reached, first.left, other.reached, *done), stay(other.reached, other.left, *done)
    ways = hubs.first_ways(history.orders), hubs.last_ways(history.orders)
    keys = [hub_keys(history.orders.carrier, *one) for one in zip(ways, (first.hub, other.hub), strict=True)]
    start, started_known, end, ended_known = (np.concatenate(parts) for parts in zip(*stays, strict=True))
    both = np.tile(np.arange(len(history)), len(stays))
    spells = Spells(start, started_known, end, ended_known, calendar.take(both))
    return spells, tuple(np.concatenate(parts) for parts in zip(*keys, strict=True))


def _number(on: Days, known: Days) -> Days:
    """Return the number that `features.loads.days_told` reads, -1 where the day or that of its record is not known."""
    return np.where((on == UNKNOWN) | (known == UNKNOWN), UNKNOWN, known * loads.RECORD + on)


def _until_cancelled(spells: Spells, cancelled_known: Days) -> Spells:
    """Return the spells, with the cancellation of the order as end of those that had not ended before, as was known.

    `cancelled_known` has one day for each parcel, of which there may be several spells one after the other.
    """
    known = np.tile(cancelled_known, len(spells.start) // len(cancelled_known))
    recorded = np.maximum.reduce([spells.start, spells.started_known, spells.end, spells.ended_known])
    is_cancelled = (known != UNKNOWN) & ((spells.ended_known == UNKNOWN) | (known <= recorded))
    return replace(
        spells,
        end=np.where(is_cancelled, CANCELLED, spells.end),
        ended_known=np.where(is_cancelled, known, spells.ended_known),
    )


def _begun(spells: Spells, keys: Sequence[Texts], first: int) -> tuple[Spells, list[Texts]]:
    """Return the spells, and their keys, whose start is known; none starts before `first`, whatever a scan says."""
    rows = np.flatnonzero(spells.start != UNKNOWN)
    begun = spells.take(rows)
    return replace(begun, start=np.maximum(begun.start, first)), [column[rows] for column in keys]


def _origin_calendars(orders: Orders, network: Network) -> list[CalendarKey]:
    """Return the working days of each order's origin, without its special days."""
    keys = {}
    for origin_id in set(orders.origin_id):
        calendar = network.origins[origin_id].calendar
        keys[origin_id] = CalendarKey(calendar.weekdays, calendar.holiday_country, calendar.holiday_region)
    return [keys[origin_id] for origin_id in orders.origin_id]
