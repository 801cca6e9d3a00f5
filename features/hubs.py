"""Hubs, the facilities of carrier load: whether parcels lately get on at the hubs that an order will pass.

Scans tell when a parcel reached a hub and left it. Which hubs an order will pass is not known before its scans; its
usual first and last hub are those that most parcels from its origin's area, or to its destination's, lately passed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.columns import Column
from features.distinct import distinct_rows
from features.history import PLACE, History, pace
from features.loads import MONTH, NOW, RATIO, RECORD, USUAL, WEEK, days_told
from features.orders import Days, Floats, Orders, Texts
from features.sketches import UNKNOWN
from parcelcast.errors import DataError

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
# goes to at the next one. The last two levels tell of both, hub and way: by them the usual hub is known.
LEVELS = ("all", "carrier", "country", "hub", "region", "area")
TOLD = LEVELS.index("hub") + 1
_NEVER = 2**60
MOST_HUBS = 2**HUB_BITS
WINDOWS = (NOW, WEEK, MONTH, USUAL)

_SCANS = "no scans of hubs in the last 120 days"
_WHERE = {
    "first": "where most parcels from the origin's area begin",
    "last": "where most to the destination's area end",
}


def _columns(name: str) -> tuple[Column, Column]:
    hub = f"at the usual {name} hub, {_WHERE[name]},"
    left = f"parcels that left {hub} against those expected to by their time there, last {NOW} days; 0 is as usual"
    there = f"parcels {hub} last {WEEK} days against the usual {WEEK} of the last {MONTH}; 0 is as usual"
    return (
        Column(f"{name}_hub_pace_{NOW}d", "load", RATIO, left, _SCANS),
        Column(f"{name}_hub_load_{WEEK}d", "load", RATIO, there, _SCANS),
    )


COLUMNS = (*_columns("first"), *_columns("last"))

# The paces of the hubs that a parcel still has before it when it is ordered.
ON_THE_WAY = (f"first_hub_pace_{NOW}d", f"last_hub_pace_{NOW}d")


def check_hubs(number: int) -> None:
    """Raise DataError where there are more hubs than numbers for them."""
    if number > MOST_HUBS:
        raise DataError(
            f"{number:,} different hubs; expected at most {MOST_HUBS:,}",
            file="scans",
            column="facility_id",
            remedy="name the carrier's buildings there, and not the places of single scans",
        )


def slot_told(numbers: Days) -> tuple[Days, Days]:
    """Return the numbers of `features.loads.days_told` that the numbers of a slot stand for, and the hubs; -1 for -1.

    >>> number = (20500 << RECORD_BITS) + ((20498 * DAY_MIN + 17) << HUB_BITS) + 3
    >>> [part.tolist() for part in slot_told(np.array([number, -1]))]
    [[2050020498, -1], [3, -1]]
    """
    day = (numbers >> HUB_BITS & MINUTE_MASK) // DAY_MIN
    parts = (numbers >> RECORD_BITS) * RECORD + day, numbers & HUB_MASK
    told, hub = (np.where(numbers != UNKNOWN, part, UNKNOWN) for part in parts)
    return told, hub


@dataclass(frozen=True)
class Visit:
    """Each parcel at one of its hubs: the hub, "" where none is known, and when the scans told that it came and left.

    `reached` and `left` are numbers as `features.loads.days_told` reads them, -1 where not known.
    """

    hub: Texts
    reached: Days
    left: Days

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the visits of these parcels."""
        return type(self)(self.hub[rows], self.reached[rows], self.left[rows])


def visits_of(slots: Mapping[str, tuple[Days, Texts]]) -> tuple[Visit, Visit]:
    """Return the visits to the first hub and to the next one from numbers and hubs of all `SLOTS`."""
    (first, other), left = ([slots[slot] for slot in SLOTS[code]] for code in ("hub_arrival", "hub_departure"))
    return _visit(*first, left), _visit(*other, left)


def _visit(reached: Days, hub: Texts, left: Sequence[tuple[Days, Texts]]) -> Visit:
    same = [np.where(at == hub, numbers, UNKNOWN) for numbers, at in left]
    return Visit(hub, slot_told(reached)[0], slot_told(np.max(same, axis=0))[0])


def stay(reached: Days, *ends: Days) -> tuple[Days, Days, Days, Days]:
    """Return start, its record, end and its record of the time at a hub, from the numbers of what tells of them.

    The end is what was told first. A hub that was told of later than that tells nothing.
    """
    first = np.min([np.where(end == UNKNOWN, _NEVER, end) for end in ends], axis=0)
    start = np.where(first // RECORD < reached // RECORD, UNKNOWN, reached)
    (on, known), (left_on, left_known) = (days_told(one) for one in (start, np.where(first == _NEVER, UNKNOWN, first)))
    return on, known, left_on, left_known


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


def hub_features(history: History, orders: Orders) -> tuple[Floats, tuple[Texts, ...]]:
    """Return `COLUMNS` in order, shape (n, columns), and the usual first and last hub, "" where none is known."""
    day, parts, usual = orders.known_day, [], []
    for ways in (first_ways(orders), last_ways(orders)):
        hub = history.busiest(ways[1:], day, USUAL)
        keys = hub_keys(orders.carrier, ways, hub)[:TOLD]
        parts += [pace(history, keys, day, NOW, USUAL).ended, pace(history, keys, day, WEEK, MONTH).under_way]
        usual.append(hub)
    return np.stack(parts, axis=1), tuple(usual)
