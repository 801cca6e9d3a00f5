"""Peers as a history tells them, for many parcels at once: what `parcelcast.peers.peers_of` counts for one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.frames import utc_instants
from features.orders import Floats
from parcelcast.peers import HOURS, MOST_AN_HOUR, TOGETHER, Cohort
from parcelcast.tracking.scan import Number

Instants = NDArray[np.datetime64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

# What is read of canonical scans.
COLUMNS = ("carrier", "code", "facility_id", "occurred_at", "recorded_at")


@dataclass(frozen=True)
class PastPeers:
    """The scans of a history by carrier, code, facility and hour; `span` hours from `first` on.

    `recorded` holds the instants (UTC) of their records in order, `groups` numbers of carrier, code and facility that
    occur, in order. The others are sorted keys, of group, hour and the rank of a record: that by which a scan was
    `told`, by which it had been followed by any other of its parcel (`moved`), and by another of its group (`again`).
    """

    recorded: Instants
    first: int
    span: int
    carriers: dict[str, int]
    codes: dict[str, int]
    facilities: dict[str, int]
    groups: Ints
    told: Ints
    moved: Ints
    again: Ints

    @classmethod
    def of(cls, row: Rows, scans: pd.DataFrame) -> Self:
        """Count canonical scans, each of the parcel in `row`; one that was told again counts as of the first time."""
        carrier, carriers = _numbered(scans["carrier"], _folded)
        code, codes = _numbered(scans["code"])
        facility, facilities = _numbered(scans["facility_id"])
        occurred, reported = utc_instants(scans["occurred_at"]), utc_instants(scans["recorded_at"])
        group = (carrier * len(codes) + code) * len(facilities) + facility
        # An event is one by its second, as in the database.
        once = _first_reports((row, occurred.astype("datetime64[s]"), group), reported)
        once = once[np.lexsort((occurred[once], row[once]))]
        row, group, carrier, code = row[once], group[once], carrier[once], code[once]
        occurred, reported = occurred[once], reported[once]
        recorded = np.sort(reported)
        told = np.searchsorted(recorded, reported)
        moved = np.maximum(told, _followed(row, occurred, told))
        by_group = np.lexsort((occurred, group, row))
        again = np.empty_like(told)
        again[by_group] = _followed(_runs(row[by_group], group[by_group]), occurred[by_group], told[by_group])
        again = np.maximum(told, again)
        # As many hours before the first one and after the last as are counted around a scan.
        hour = occurred.astype("datetime64[h]").astype(np.int64)
        first, last = (int(hour.min()), int(hour.max())) if len(hour) else (0, 0)
        first, span = first - HOURS, last - first + 1 + 2 * HOURS
        place = _place_in((carrier * len(codes) + code) * span + hour - first, told, once)
        asked = np.isin(code, [codes[one] for one in TOGETHER if one in codes])
        few = np.flatnonzero(asked & (place < MOST_AN_HOUR))
        groups, number = np.unique(group[few], return_inverse=True)
        ranks = len(recorded) + 1
        if len(groups) * span * ranks >= np.iinfo(np.int64).max:
            raise OverflowError(f"{len(groups)} kinds of scans in {span} hours with {ranks - 1} records are too many")
        key = (number * span + hour[few] - first) * ranks
        parts = (np.sort(key + rank[few]) for rank in (told, moved, again))
        return cls(recorded, first, span, carriers, codes, facilities, groups, *parts)

    def counted(self, cohorts: Sequence[Cohort | None], as_of: Instants) -> Floats:
        """Return parcels and moves of the peers of parcels as of instants (UTC), shape (n, 2), NaN without a cohort.

        The last scans of the parcels must be among those that were counted (KeyError).
        """
        found = np.full((len(cohorts), 2), np.nan)
        rows = np.array([row for row, one in enumerate(cohorts) if one is not None], dtype=np.intp)
        group = np.array([self._group(one) for one in cohorts if one is not None], dtype=np.int64)
        hour = np.array([one.at.hour for one in cohorts if one is not None], dtype=np.int64) - self.first
        rank, ranks = np.searchsorted(self.recorded, as_of[rows]), len(self.recorded) + 1
        # Where all of an hour were recorded after the first so many of it, a group may have none that counts.
        number = np.searchsorted(self.groups, group)
        is_there = np.isin(group, self.groups)
        total = np.zeros((3, len(rows)), dtype=np.int64)
        for step in range(-HOURS, HOURS + 1):
            start = (number * self.span + hour + step) * ranks
            for place, keys in enumerate((self.told, self.moved, self.again)):
                total[place] += is_there * (np.searchsorted(keys, start + rank) - np.searchsorted(keys, start))
        told, moved = total[0] - total[2], total[1] - total[2]
        # The parcel itself is among them, and nothing has followed it.
        found[rows] = np.column_stack([np.maximum(told - 1, moved), moved])
        return found

    def _group(self, cohort: Cohort) -> int:
        carrier, code, _ = cohort.at
        kind = self.carriers[carrier] * len(self.codes) + self.codes[code]
        return kind * len(self.facilities) + self.facilities[cohort.facility]


def _folded(carrier: str) -> str:
    """Return a carrier as scans keep it."""
    return Number.of(carrier, "").carrier


def _numbered(column: pd.Series, spelled: Callable[[str], str] = str) -> tuple[Ints, dict[str, int]]:
    """Return the number of each text, as it is spelled, "" where it is missing, and the numbers of all texts."""
    column = column.astype("category")
    texts = [spelled(one) for one in column.cat.categories]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(["", *texts]))}
    of_category = np.array([*(numbers[one] for one in texts), 0], dtype=np.int64)
    return of_category[column.cat.codes.to_numpy()], numbers


def _first_reports(facts: Sequence[NDArray[Any]], reported: Instants) -> Rows:
    """Return the rows of each event's first report, in the order of `facts`: parcel, when it happened, what it was."""
    order = np.lexsort((reported, *facts[::-1]))
    is_new = np.zeros(len(order), dtype=bool)
    is_new[:1] = True
    for one in facts:
        is_new[1:] |= one[order[1:]] != one[order[:-1]]
    return np.asarray(order[is_new])


def _runs(*parts: Ints) -> Ints:
    """Return the number of the run that each row is in, where sorted parts are the same."""
    is_new = np.zeros(len(parts[0]), dtype=np.int64)
    for one in parts:
        is_new[1:] |= one[1:] != one[:-1]
    return np.cumsum(is_new)


def _followed(run: Ints, occurred: Instants, told: Ints) -> Ints:
    """Return the rank of the first record of anything that happened later in the same run; their number if none.

    Scans are sorted by run and by when they happened.
    """
    count = len(run)
    # Of a later run all is larger, so a minimum from the end on is one of the own run.
    ahead = np.minimum.accumulate((told + run * (count + 1))[::-1])[::-1] - run * (count + 1)
    is_last = np.append((run[1:] != run[:-1]) | (occurred[1:] != occurred[:-1]), [True])[:count]
    after = np.flatnonzero(is_last)[np.searchsorted(np.flatnonzero(is_last), np.arange(count))] + 1
    follower = np.minimum(after, count - 1)
    is_there = (after < count) & (run[follower] == run)
    return np.where(is_there, ahead[follower], count)


def _place_in(key: Ints, told: Ints, row: Rows) -> Ints:
    """Return the place of each scan among those of its key, by when they were recorded and then by their row."""
    order = np.lexsort((row, told, key))
    starts = np.flatnonzero(np.append([True], key[order[1:]] != key[order[:-1]])[: len(order)])
    place = np.empty(len(key), dtype=np.int64)
    place[order] = np.arange(len(key)) - np.repeat(starts, np.diff(np.append(starts, len(key))))
    return place
