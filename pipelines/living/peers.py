"""Peers as a history tells them, for many parcels at once: what `parcelcast.peers.peers_of` counts for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.orders import Floats
from features.peers import COUNTS
from parcelcast.peers import CARRIER_HOURS, HERE_HOURS, MOST_AN_HOUR, Cohort

Instants = NDArray[np.datetime64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class _Tally:
    """Scans sorted by key (what is counted, and the hour), then by rank of their record; those followed likewise."""

    told: Ints
    moved: Ints

    @classmethod
    def of(cls, key: Ints, told: Ints, moved: Ints, ranks: int) -> Self:
        return cls(np.sort(key * ranks + told), np.sort(key * ranks + moved))

    def before(self, key: Ints, rank: Ints, ranks: int) -> Ints:
        """Count both of each key before a rank, shape (n, 2)."""
        both = (
            np.searchsorted(one, key * ranks + rank) - np.searchsorted(one, key * ranks)
            for one in (self.told, self.moved)
        )
        return np.column_stack(list(both))


@dataclass(frozen=True)
class PastPeers:
    """The scans of a history, counted by carrier, code and hour, and by facility.

    `recorded` holds the instants of their records in order. Counted are `span` hours from `first` on.
    """

    recorded: Instants
    first: int
    span: int
    carriers: dict[str, int]
    codes: dict[str, int]
    facilities: dict[str, int]
    by_carrier: _Tally
    by_facility: _Tally

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
        hour = occurred.astype("datetime64[h]").astype(np.int64)
        first, span = (int(hour.min()), int(np.ptp(hour)) + 1) if len(hour) else (0, 1)
        group = carrier * len(codes) + code
        keys = (group * span + hour - first, (group * len(facilities) + facility) * span + hour - first)
        few = _place_in(keys[0], occurred) < MOST_AN_HOUR
        tallies = (_Tally.of(key[few], told[few], moved[few], len(recorded) + 1) for key in keys)
        return cls(recorded, first, span, carriers, codes, facilities, *tallies)

    def counted(self, cohorts: Sequence[Cohort | None], as_of: Instants) -> Floats:
        """Return `features.peers.COUNTS` of parcels as of their instants, shape (n, 4), NaN without a cohort."""
        found = np.full((len(cohorts), len(COUNTS)), np.nan)
        rows = np.array([row for row, one in enumerate(cohorts) if one is not None], dtype=np.intp)
        asked = [one for one in cohorts if one is not None]
        if not asked:
            return found
        carrier = np.array([self.carriers[one.at.carrier] for one in asked])
        group = carrier * len(self.codes) + np.array([self.codes[one.at.code] for one in asked])
        place = np.array([self.facilities[one.facility] for one in asked])
        hour = np.array([one.at.hour for one in asked]) - self.first
        rank = np.searchsorted(self.recorded, as_of[rows])
        here, carrier_wide = (
            self._around(tally, key, hour, rank, hours)
            for tally, key, hours in (
                (self.by_facility, group * len(self.facilities) + place, HERE_HOURS),
                (self.by_carrier, group, CARRIER_HOURS),
            )
        )
        here[place == self.facilities[""]] = 0
        # The parcel's own scan is among them, and nothing has followed it.
        here[:, 0] -= here[:, 0] > 0
        carrier_wide[:, 0] -= 1
        found[rows] = np.column_stack([here, carrier_wide])
        return found

    def _around(self, tally: _Tally, key: Ints, hour: Ints, rank: Ints, hours: int) -> Ints:
        total = np.zeros((len(key), 2), dtype=np.int64)
        for step in range(-hours, hours + 1):
            then = hour + step
            inside = np.flatnonzero((then >= 0) & (then < self.span))
            total[inside] += tally.before(key[inside] * self.span + then[inside], rank[inside], len(self.recorded) + 1)
        return total


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
