"""The hub where a parcel waits by its scans: how many parcels had left it at this age, usually and lately.

A parcel that a hub has not sent on is late where the others have left, and waits like all where they have not. The
columns are among those of the family progress.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from features.columns import Column
from features.history import History, share_and_remaining
from features.hubs import TOLD, first_ways, hub_keys
from features.loads import NOW, USUAL, WEEK
from features.opendays import OpenDays
from features.orders import Days, Floats, Orders, Texts
from parcelcast.progress import TimelineEntry

# What is told of a parcel that has not left the hub which it reached before; the first of these come late as well.
_STILL_THERE = frozenset({
    "label_created", "handed_over", "origin_scan",
    "exception", "info_only", "export_customs", "import_customs", "customs_released",
})  # fmt: skip
_NOWHERE = "waits at no hub"


class Waiting(NamedTuple):
    """The hub where a parcel waits, "" for none, and since when: it came there, or customs released it."""

    hub: str
    since: datetime | None


def waiting_at(timeline: Sequence[TimelineEntry]) -> Waiting:
    """Tell where a parcel waits by what was told of it, oldest first."""
    since = None
    for scan in (entry.scan for entry in reversed(timeline)):
        if scan.code == "hub_arrival":
            return Waiting(scan.facility_id, since or scan.happened_at) if scan.facility_id else Waiting("", None)
        if scan.code not in _STILL_THERE:
            break
        if scan.code == "customs_released":
            since = since or scan.happened_at
    return Waiting("", None)


def _column(name: str, unit: str, description: str) -> Column:
    return Column(name, "progress", unit, description, _NOWHERE)


COLUMNS = (
    _column("at_hub_share_by_now", "share", "of the parcels at the hub where it waits that had left at this age"),
    _column(f"at_hub_share_by_now_{WEEK}d", "share", f"as at_hub_share_by_now, last {WEEK} days only"),
    _column(f"at_hub_share_by_now_{NOW}d", "share", f"as at_hub_share_by_now, last {NOW} days only"),
    _column(f"at_hub_remaining_{WEEK}d_days", "open days", f"mean until they leave it, last {WEEK} days only"),
)


def waiting_features(history: History, orders: Orders, opendays: OpenDays, hub: Texts, since: Days) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns).

    `history` is that of the family hub; `orders` are re-anchored, so parcels are asked about as of their `ordered_on`.
    `hub` and `since` (local day) are those of `Waiting`. The stays that history counts begin with the first arrival at
    a parcel's first two hubs, customs included. Where a hub is not known, wider keys speak for it: its carrier's first
    hubs in that country, all of the carrier, all.
    """
    found = np.full((len(orders), len(COLUMNS)), np.nan)
    rows = np.flatnonzero(hub != "")
    if len(rows):
        today, known_day = orders.ordered_on[rows], orders.known_day[rows]
        age = opendays.age(rows, np.minimum(since[rows], today), today)
        keys = [key[rows] for key in hub_keys(orders.carrier, first_ways(orders), hub)[:TOLD]]
        usual, week, now = (
            share_and_remaining(history.hazards(keys, known_day, window).hazard, age) for window in (USUAL, WEEK, NOW)
        )
        found[rows] = np.column_stack([usual[0], week[0], now[0], week[1]])
    return found
