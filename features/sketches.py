"""Daily additive sketches: how many parcels were at risk at each age, and how many ended there, per key and day.

A sketch is a period life table in pieces. Summed over a trailing window of days it gives, for each age, the number of
parcels that were still open and the number that ended, and so a hazard that is not biased towards fast parcels:
parcels on the way count for as long as they have been under way. Every count stands on the UTC day on which it became
known, so a sum over the days before `as_of` holds only what was recorded before `as_of`; a delivery that is recorded
late first counts as open and is taken back on the day of its record. A new day only adds rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.opendays import OpenDays
from features.orders import Texts

AGES = 91  # ages 0 to 90; what is still open after that says nothing any more
UNKNOWN = np.int64(-1)
CANCELLED = np.int64(-2)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Spells:
    """Time under way, one element per parcel: from a start to an end that is perhaps not known yet.

    `start` and `end` are local days, `started_known` and `ended_known` the UTC days on which they were recorded; `end`
    and `ended_known` are -1 while the parcel is open. An `end` of -2 tells that nobody waits from the day `ended_known`
    on, as the order was cancelled: it counts at risk on the days before, and never ends. `opendays` counts the age.
    """

    start: Ints
    started_known: Ints
    end: Ints
    ended_known: Ints
    opendays: OpenDays

    def take(self, rows: NDArray[np.intp]) -> "Spells":
        """Return the spells of these parcels."""
        return Spells(
            self.start[rows],
            self.started_known[rows],
            self.end[rows],
            self.ended_known[rows],
            self.opendays.take(rows),
        )


@dataclass(frozen=True)
class Level:
    """The counts of one level of keys, sorted by day: key code, age, parcels at risk, parcels ended.

    Rows of the same day, key and age add up.
    """

    keys: tuple[str, ...]
    day: NDArray[np.int32]
    code: NDArray[np.int32]
    age: NDArray[np.int16]
    at_risk: NDArray[np.int32]
    ended: NDArray[np.int32]


@dataclass(frozen=True)
class Sketch:
    """Counts of one family on each level, widest level first."""

    levels: tuple[Level, ...]


def build_sketch(spells: Spells, keys: Sequence[Texts], until: int) -> Sketch:
    """Count all spells up to and with UTC day `until`; what was recorded later is not looked at.

    `keys` holds each parcel's key on each level, widest first.
    """
    counts = _counts(spells, until)
    return Sketch(tuple(_level(column, counts) for column in keys))


@dataclass(frozen=True)
class _Counts:
    """One element per count: the parcel, the UTC day on which it became known, the age, and what to add there."""

    parcel: NDArray[np.intp]
    day: Ints
    age: Ints
    at_risk: Ints
    ended: Ints


def _counts(spells: Spells, until: int) -> _Counts:
    """Count each age at which a parcel was seen open, take back those after its end, and count the end."""
    started = np.flatnonzero(spells.start <= until)
    start = spells.start[started]
    is_over, recorded = _ends(spells, started, until)
    end = np.where(is_over, np.maximum(spells.end[started], start), start)
    last_age = np.where(is_over, spells.opendays.age(started, start, end), UNKNOWN)
    # Open at the ages up to this one, as far as anybody knew before the end was recorded.
    seen_age = np.maximum(spells.opendays.age(started, start, recorded), last_age)
    ages = np.minimum(seen_age, AGES - 1) + 1
    row = np.repeat(np.arange(len(started)), ages)
    age = np.arange(len(row)) - np.repeat(np.cumsum(ages) - ages, ages)
    day = np.maximum(_day_of_age(spells, started[row], age), spells.started_known[started[row]])
    # An end counts together with its last day under way, which follows it when it fell on a closed day.
    end_day = np.maximum(_day_of_age(spells, started, np.maximum(last_age, 0)), recorded)
    had_ended = is_over[row] & (age > last_age[row])
    at_risk = np.where(had_ended, day < end_day[row], day < _stops(spells, started)[row])
    taken_back = had_ended & at_risk
    ended = np.flatnonzero(is_over & (last_age < AGES))
    parts = (
        (row[at_risk], day[at_risk], age[at_risk], 1, 0),
        (row[taken_back], end_day[row[taken_back]], age[taken_back], -1, 0),
        (ended, end_day[ended], last_age[ended], 0, 1),
    )
    return _known(parts, started, until)


def _ends(spells: Spells, rows: NDArray[np.intp], until: int) -> tuple[NDArray[np.bool_], Ints]:
    """Tell which parcels are known to have ended by `until`, and the day of that record, else `until` itself."""
    end, known = spells.end[rows], spells.ended_known[rows]
    recorded = np.maximum(np.maximum(end, known), np.maximum(spells.start[rows], spells.started_known[rows]))
    is_over = (end >= 0) & (recorded <= until)
    return is_over, np.where(is_over, recorded, until)


def _stops(spells: Spells, rows: NDArray[np.intp]) -> Ints:
    """Return the first day on which a parcel counts nothing any more: that of its cancellation, else one far ahead."""
    return np.where(spells.end[rows] == CANCELLED, spells.ended_known[rows], np.iinfo(np.int64).max)


def _known(
    parts: Sequence[tuple[NDArray[np.intp], Ints, Ints, int, int]], parcels: NDArray[np.intp], until: int
) -> _Counts:
    """Join parts of (row, day, age, at risk, ended) and drop what becomes known after `until`."""
    rows, days, ages = (np.concatenate([part[column] for part in parts]) for column in range(3))
    sizes = [len(part[0]) for part in parts]
    at_risk, ended = (np.repeat([part[column] for part in parts], sizes) for column in (3, 4))
    seen = days <= until
    return _Counts(parcels[rows[seen]], days[seen], ages[seen], at_risk[seen], ended[seen])


def _day_of_age(spells: Spells, parcels: NDArray[np.intp], age: Ints) -> Ints:
    """Return the local day on which each parcel reaches that age (beyond the table: a day that never comes)."""
    start, table = spells.start[parcels], spells.opendays
    calendars, days = table.count.shape
    # One search for all calendars: lifted above each other, their counts rise from each to the next.
    lift = np.arange(calendars) * (days + AGES)
    code = table.code[parcels]
    wanted = table.count_to(parcels, start) + age + lift[code]
    index = np.searchsorted((table.count + lift[:, None]).ravel(), wanted)
    return np.where(age == 0, start, index - code * days + table.first)


def _level(keys: Texts, counts: _Counts) -> Level:
    """Add up the counts of each day, key and age."""
    names = sorted(set(keys.tolist()))
    code_of = {name: code for code, name in enumerate(names)}
    code = np.array([code_of[key] for key in keys.tolist()], dtype=np.int64)[counts.parcel]
    cells, index = np.unique((counts.day * len(names) + code) * AGES + counts.age, return_inverse=True)
    key_and_day, age = np.divmod(cells, AGES)
    day, code = np.divmod(key_and_day, max(len(names), 1))
    return Level(
        tuple(names),
        day.astype(np.int32),
        code.astype(np.int32),
        age.astype(np.int16),
        np.bincount(index, weights=counts.at_risk, minlength=len(cells)).astype(np.int32),
        np.bincount(index, weights=counts.ended, minlength=len(cells)).astype(np.int32),
    )
