"""Hubs, the facilities of carrier load: whether parcels lately get on at the hubs that an order will pass.

Scans tell when a parcel reached a hub and left it. Which hubs an order will pass is not known before its scans; its
usual first and last hub are those that most parcels from its origin's area, or to its destination's, lately passed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.columns import Column
from features.distinct import distinct_rows
from features.history import PLACE, History, pace
from features.loads import MONTH, RATIO, USUAL, WEEK
from features.orders import Days, Floats, Orders, Texts
from features.sketches import UNKNOWN

# A parcel's first two hubs, each as the scans told it first, and where they told first that it had left: by code.
SLOTS: Mapping[str, tuple[str, str]] = {
    "hub_arrival": ("reached", "reached_next"),
    "hub_departure": ("left", "left_next"),
}
VISITS = ("hub", "next_hub")
# The number of a slot in bits: UTC day of the record, local minute of the event (28 bits), number of the hub (17 bits).
# Bits can be taken apart exactly on every engine, where quotients of large numbers are rounded.
MINUTE_BITS, HUB_BITS, DAY_MIN = 28, 17, 1440
RECORD_BITS = MINUTE_BITS + HUB_BITS
MINUTE_MASK, HUB_MASK = 2**MINUTE_BITS - 1, 2**HUB_BITS - 1

# Widest first. A country, a region and an area are those that the parcel comes from at its first hub, and those that it
# goes to at the next one; the last two levels are kept by hub, and tell the usual one.
LEVELS = ("all", "carrier", "country", "hub", "region", "area")
_WAYS = 2
WINDOWS = (WEEK, MONTH, USUAL)

_SCANS = "no scans of hubs in the last 120 days"
_WHERE = {
    "first": "where most parcels from the origin's area begin",
    "last": "where most to the destination's area end",
}


def _columns(name: str) -> tuple[Column, Column]:
    hub = f"at the usual {name} hub, {_WHERE[name]},"
    left = f"parcels that left {hub} against those expected to by their time there, last {WEEK} days; 0 is as usual"
    there = f"parcels {hub} last {WEEK} days against the usual {WEEK} of the last {MONTH}; 0 is as usual"
    return (
        Column(f"{name}_hub_pace_{WEEK}d", "load", RATIO, left, _SCANS),
        Column(f"{name}_hub_load_{WEEK}d", "load", RATIO, there, _SCANS),
    )


COLUMNS = (*_columns("first"), *_columns("last"))


def slot_told(numbers: Days) -> tuple[Days, Days, Days]:
    """Return the days of events, of their records, and the hubs; -1 where a number of a slot is.

    >>> number = (20500 << RECORD_BITS) + ((20498 * DAY_MIN + 17) << HUB_BITS) + 3
    >>> [part.tolist() for part in slot_told(np.array([number, -1]))]
    [[20498, -1], [20500, -1], [3, -1]]
    """
    day = (numbers >> HUB_BITS & MINUTE_MASK) // DAY_MIN
    parts = day, numbers >> RECORD_BITS, numbers & HUB_MASK
    day, known, hub = (np.where(numbers != UNKNOWN, part, UNKNOWN) for part in parts)
    return day, known, hub


@dataclass(frozen=True)
class Visit:
    """Each parcel at one of its hubs: its id, "" where none is known, the days it was reached and left with records."""

    hub: Texts
    reached: tuple[Days, Days]
    left: tuple[Days, Days]

    @classmethod
    def of(cls, reached: Days, hub: Texts, left: tuple[tuple[Days, Texts], ...]) -> Self:
        """Return the visits of the numbers `reached`, and as left what `left` tells of the same hub."""
        same = np.full(len(hub), UNKNOWN)
        for numbers, left_hub in left:
            same = np.where(left_hub == hub, numbers, same)
        (on, known, _), (left_on, left_known, _) = slot_told(reached), slot_told(same)
        return cls(hub, (on, known), (left_on, left_known))

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the visits of these parcels."""
        (on, known), (left_on, left_known) = self.reached, self.left
        return type(self)(self.hub[rows], (on[rows], known[rows]), (left_on[rows], left_known[rows]))


def first_ways(orders: Orders) -> tuple[Texts, ...]:
    """Return where each order comes from, as the levels "country", "region" and "area" tell it."""
    return _ways(orders.carrier, "from", orders.origin_country, orders.origin_region, orders.origin_area)


def last_ways(orders: Orders) -> tuple[Texts, ...]:
    """Return where each order goes to, as the levels "country", "region" and "area" tell it."""
    return _ways(orders.carrier, "to", orders.destination_country, orders.destination_region, orders.destination_area)


def _ways(carrier: Texts, side: str, country: Texts, region: Texts, area: Texts) -> tuple[Texts, ...]:
    once, which = distinct_rows([carrier, country, region, area])
    land = carrier[once] + f" {side} " + country[once]
    return tuple(way[which] for way in (land, land + "-" + region[once], land + " " + area[once]))


def hub_keys(carrier: Texts, ways: tuple[Texts, ...], hub: Texts) -> tuple[Texts, ...]:
    """Return the key of a parcel at a hub on every level of `LEVELS`."""
    country, *narrow = ways
    at = PLACE + hub
    return (np.full(len(carrier), "*", dtype=object), carrier, country, carrier + at, *(way + at for way in narrow))


def hub_features(history: History, orders: Orders) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    day, parts = orders.known_day, []
    for ways in (first_ways(orders), last_ways(orders)):
        hub = history.busiest(ways[1:], day, USUAL)
        keys = hub_keys(orders.carrier, ways, hub)[:-_WAYS]
        parts += [pace(history, keys, day, WEEK, USUAL).ended, pace(history, keys, day, WEEK, MONTH).under_way]
    return np.stack(parts, axis=1)
