"""Carrier load family: how many parcels a carrier has on the way to a place, and whether it lately gets on with them.

The scans of earlier parcels tell when each was first with the carrier, had left its first hub, was at the depot of its
destination, and out for delivery. Load is told by carrier and destination, because the depot of an order is not known
before its scans.
"""

from collections.abc import Mapping

import numpy as np

from features.columns import Column
from features.distinct import distinct_rows
from features.history import History, pace
from features.orders import Days, Floats, Orders, Texts
from parcelcast.scan import DELIVERED_CODES

# The first scan of any of these codes tells that the parcel has come so far: scans get lost, so each stage also counts
# from the scans of the later ones.
_DELIVERED = DELIVERED_CODES | {"return_started", "returned"}
_OUT = _DELIVERED | {"out_for_delivery", "delivery_attempted", "at_pickup_point"}
_AT_DEPOT = _OUT | {"destination_depot"}
_DEPARTED = _AT_DEPOT | {"hub_departure", "export_customs", "import_customs", "customs_released"}
_HANDED = _DEPARTED | {"handed_over", "origin_scan", "hub_arrival"}
STAGES: Mapping[str, frozenset[str]] = {"handed": _HANDED, "departed": _DEPARTED, "depot": _AT_DEPOT, "out": _OUT}
# Widest first: the depots of a destination, the way to them, and the first hub of an origin.
DEPOT_LEVELS = ("all", "carrier", "country", "region", "area")
HAUL_LEVELS = DEPOT_LEVELS[:-1]
DEPARTURE_LEVELS = ("all", "carrier", "region")
NOW, WEEK, MONTH, USUAL = 3, 7, 28, 120
WINDOWS = (NOW, WEEK, MONTH, USUAL)
ROAD_WINDOWS = (WEEK, MONTH, USUAL)

_SCANS = "no scans in the last 120 days"
RATIO = "log ratio"


def _pace(name: str, leg: str, days: int) -> Column:
    words = f"parcels that {leg} against those expected to by their time there, last {days} days; 0 is as usual"
    return Column(f"{name}_pace_{days}d", "load", RATIO, words, _SCANS)


def _load(name: str, where: str) -> Column:
    words = f"parcels {where}, last {WEEK} days against the usual {WEEK} of the last {MONTH}; 0 is as usual"
    return Column(f"{name}_load_{WEEK}d", "load", RATIO, words, _SCANS)


COLUMNS = (
    _pace("depot", "left the depots of the destination area for delivery", NOW),
    _pace("depot", "left the depots of the destination area for delivery", WEEK),
    _load("depot", "in the depots of the destination region"),
    _pace("haul", "reached the depots of the destination region from their first hub", WEEK),
    _load("haul", "between their first hub and the depots of the destination region"),
    _pace("departure", "left their first hub, from the origin's region", WEEK),
    _load("departure", "from the origin's region that have not left their first hub"),
)

# The paces of the legs that every parcel of a destination still has before it when it is ordered.
ON_THE_WAY = (f"depot_pace_{WEEK}d", f"haul_pace_{WEEK}d")

DAY_S = 86_400
# The number of a stage is (UTC day of the record) * RECORD + (local day of the event): the smallest was known first.
RECORD = 100_000


def days_told(numbers: Floats) -> tuple[Days, Days]:
    """Return the days of events and of their records, -1 where a number of `features.engine.stages` is missing (NaN).

    >>> [days.tolist() for days in days_told(np.array([2_050_020_498.0, np.nan]))]
    [[20498, -1], [20500, -1]]
    """
    known, happened = np.divmod(np.nan_to_num(numbers, nan=-1.0).astype(np.int64), RECORD)
    return np.where(known < 0, -1, happened), known


def depot_keys(orders: Orders) -> tuple[Texts, ...]:
    """Return each order's key on every level of `DEPOT_LEVELS`."""
    parts = (orders.carrier, orders.destination_country, orders.destination_region, orders.destination_area)
    once, which = distinct_rows(parts)
    carrier, country, region, area = (column[once] for column in parts)
    there = carrier + " " + country
    keys = (np.full(len(once), "*", dtype=object), carrier, there, there + "-" + region, there + " " + area)
    return tuple(key[which] for key in keys)


def departure_keys(orders: Orders) -> tuple[Texts, ...]:
    """Return each order's key on every level of `DEPARTURE_LEVELS`."""
    parts = (orders.carrier, orders.origin_country, orders.origin_region)
    once, which = distinct_rows(parts)
    carrier, country, region = (column[once] for column in parts)
    keys = (np.full(len(once), "*", dtype=object), carrier, carrier + " " + country + "-" + region)
    return tuple(key[which] for key in keys)


def load_features(depot: History, haul: History, departure: History, orders: Orders) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    area, here, day = depot_keys(orders), departure_keys(orders), orders.known_day
    region = area[: len(HAUL_LEVELS)]
    parts = [
        pace(depot, area, day, NOW, USUAL).ended,
        pace(depot, area, day, WEEK, USUAL).ended,
        pace(depot, region, day, WEEK, MONTH).under_way,
        pace(haul, region, day, WEEK, USUAL).ended,
        pace(haul, region, day, WEEK, MONTH).under_way,
        pace(departure, here, day, WEEK, USUAL).ended,
        pace(departure, here, day, WEEK, MONTH).under_way,
    ]
    return np.stack(parts, axis=1)
