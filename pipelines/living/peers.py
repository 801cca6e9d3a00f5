"""Peers as a history tells them, for many parcels at once: what `parcelcast.peers.peers_of` counts for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.orders import Floats
from parcelcast.peers import HOURS, MOST_AN_HOUR, Cohort

Instants = NDArray[np.datetime64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class PastPeers:
    """The scans of a history by carrier, code, facility and hour; `span` hours from `first` on.

    `recorded` holds the instants of their records in order. `told` and `moved` are sorted: the number of what is
    counted and of the hour, then the rank of the scan's record, and of the record by which it had been followed.
    """

    recorded: Instants
    first: int
    span: int
    carriers: dict[str, int]
    codes: dict[str, int]
    facilities: dict[str, int]
    told: Ints
    moved: Ints

    @classmethod
    def of(cls, row: Rows, scans: pd.DataFrame) -> Self:
        """Count canonical scans, each of the parcel in `row`; one that was told again counts as of the first time."""
        carrier, carriers = _numbered(scans["carrier"].str.strip().str.casefold())
        code, codes = _numbered(scans["code"])
        facility, facilities = _numbered(scans["facility_id"])
        occurred, reported = _utc(scans["occurred_at"]), _utc(scans["recorded_at"])
        once = _first_reports(np.column_stack([row, occurred.astype(np.int64), carrier, code, facility]), reported)
        row, carrier, code, facility = row[once], carrier[once], code[once], facility[once]
        occurred, reported = occurred[once], reported[once]
        recorded = np.sort(reported)
        told = np.searchsorted(recorded, reported)
        moved = np.maximum(told, _followed(row, occurred, told))
        # As many hours before the first one and after the last as are counted around a scan.
        hour = occurred.astype("datetime64[h]").astype(np.int64)
        first, last = (int(hour.min()), int(hour.max())) if len(hour) else (0, 0)
        first, span = first - HOURS, last - first + 1 + 2 * HOURS
        group = carrier * len(codes) + code
        few = _place_in(group * span + hour - first, occurred) < MOST_AN_HOUR
        key = ((group * len(facilities) + facility) * span + hour - first) * (len(recorded) + 1)
        parts = (np.sort((key + rank)[few]) for rank in (told, moved))
        return cls(recorded, first, span, carriers, codes, facilities, *parts)

    def counted(self, cohorts: Sequence[Cohort | None], as_of: Instants) -> Floats:
        """Return scans and moves of the peers of parcels as of their instants, shape (n, 2), NaN without a cohort."""
        found = np.full((len(cohorts), 2), np.nan)
        rows = np.array([row for row, one in enumerate(cohorts) if one is not None], dtype=np.intp)
        keys = [self._key(one) for one in cohorts if one is not None]
        key, rank = np.array(keys, dtype=np.int64), np.searchsorted(self.recorded, as_of[rows])
        total = np.zeros((len(rows), 2), dtype=np.int64)
        for step in range(-HOURS, HOURS + 1):
            start = (key + step) * (len(self.recorded) + 1)
            for place, one in enumerate((self.told, self.moved)):
                total[:, place] += np.searchsorted(one, start + rank) - np.searchsorted(one, start)
        # The parcel's own scan is among them, and nothing has followed it.
        total[:, 0] = np.maximum(total[:, 0] - 1, 0)
        found[rows] = total
        return found

    def _key(self, cohort: Cohort) -> int:
        carrier, code, hour = cohort.at
        group = self.carriers[carrier] * len(self.codes) + self.codes[code]
        return (group * len(self.facilities) + self.facilities[cohort.facility]) * self.span + hour - self.first


def _numbered(column: pd.Series) -> tuple[Ints, dict[str, int]]:
    """Return the number of each text, "" where it is missing, and the numbers of all texts."""
    column = column.astype("category")
    names = ["", *(one for one in column.cat.categories if one)]
    numbers = {name: number for number, name in enumerate(names)}
    of_category = np.array([*(numbers[one] for one in column.cat.categories), 0], dtype=np.int64)
    return of_category[column.cat.codes.to_numpy()], numbers


def _utc(column: pd.Series) -> Instants:
    return np.asarray(column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), dtype="datetime64[us]")


def _first_reports(facts: Ints, reported: Instants) -> Rows:
    """Return the rows of each event's first report, by parcel (the first of `facts`) and when it happened."""
    order = np.lexsort((reported, *facts.T[::-1]))
    is_new = (facts[order[1:]] != facts[order[:-1]]).any(axis=1)
    return np.asarray(order[np.append([True], is_new)[: len(order)]])


def _followed(row: Rows, occurred: Instants, told: Ints) -> Ints:
    """Return the rank of the first record of anything that happened later to the same parcel; their number if none.

    Scans are sorted by parcel and by when they happened.
    """
    count = len(row)
    # Of a later parcel all is smaller, seen from the end.
    ahead = np.minimum.accumulate((told + row * (count + 1))[::-1])[::-1] - row * (count + 1)
    is_last = np.append((row[1:] != row[:-1]) | (occurred[1:] != occurred[:-1]), [True])[:count]
    after = np.flatnonzero(is_last)[np.searchsorted(np.flatnonzero(is_last), np.arange(count))] + 1
    follower = np.minimum(after, count - 1)
    is_there = (after < count) & (row[follower] == row)
    return np.where(is_there, ahead[follower], count)


def _place_in(key: Ints, occurred: Instants) -> Ints:
    """Return the place of each scan among those of its key, by when they happened."""
    order = np.lexsort((occurred, key))
    starts = np.flatnonzero(np.append([True], key[order[1:]] != key[order[:-1]])[: len(order)])
    place = np.empty(len(key), dtype=np.int64)
    sizes = np.diff(np.append(starts, len(key)))
    place[order] = np.arange(len(key)) - np.repeat(starts, sizes)
    return place
