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

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Spells:
    """Time under way, one element per parcel: from a start to an end that is perhaps not known yet.

    `start` and `end` are local days, `started_known` and `ended_known` the UTC days on which they were recorded; `end`
    and `ended_known` are -1 while the parcel is open. `opendays` counts the age.
    """

    start: Ints
    started_known: Ints
    end: Ints
    ended_known: Ints
    opendays: OpenDays


@dataclass(frozen=True)
class Level:
    """The counts of one level of keys, sorted by day: key code, age, parcels at risk, parcels ended."""

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
    """Count all spells up to and with UTC day `until`; `keys` holds each parcel's key on each level, widest first."""
    rows, day, age, at_risk, ended = _counts(spells, until)
    return Sketch(tuple(_level(column, rows, day, age, at_risk, ended) for column in keys))


def _counts(spells: Spells, until: int) -> tuple[NDArray[np.intp], Ints, Ints, Ints, Ints]:
    """Return parcel, day known, age, parcels at risk and parcels ended, one element per count."""
    everyone = np.arange(len(spells.start))
    is_over = spells.end != UNKNOWN
    end = np.where(is_over, np.maximum(spells.end, spells.start), until + 1)
    last_age = spells.opendays.age(everyone, spells.start, end)
    seen_until = np.where(is_over, np.maximum(spells.ended_known, end), until + 1)
    # The ages a parcel was seen open at: one per open day until its end was known.
    ages_seen = np.maximum(spells.opendays.age(everyone, spells.start, seen_until), last_age) + 1
    ages_seen = np.where(spells.start > until, 0, np.minimum(ages_seen, AGES))
    rows = np.repeat(everyone, ages_seen)
    age = np.arange(ages_seen.sum()) - np.repeat(np.cumsum(ages_seen) - ages_seen, ages_seen)
    lived = _day_of_age(spells, rows, age)
    day = np.maximum(lived, spells.started_known[rows])
    # An end is counted together with its last day under way, and not before it was recorded.
    end_day = np.maximum(_day_of_age(spells, everyone, np.maximum(last_age, 0)), seen_until)
    too_long = is_over[rows] & (age > last_age[rows])
    kept = ~too_long | (day < end_day[rows])
    taken_back = too_long & kept
    ending = np.flatnonzero(is_over & (last_age < AGES) & (spells.start <= until))
    all_rows = np.concatenate([rows[kept], rows[taken_back], ending])
    all_days = np.concatenate([day[kept], end_day[rows[taken_back]], end_day[ending]])
    all_ages = np.concatenate([age[kept], age[taken_back], last_age[ending]])
    at_risk = np.concatenate([np.ones(kept.sum()), -np.ones(taken_back.sum()), np.zeros(len(ending))]).astype(np.int64)
    ended = np.concatenate([np.zeros(kept.sum() + taken_back.sum()), np.ones(len(ending))]).astype(np.int64)
    seen = all_days <= until
    return all_rows[seen], all_days[seen], all_ages[seen], at_risk[seen], ended[seen]


def _day_of_age(spells: Spells, rows: NDArray[np.intp], age: Ints) -> Ints:
    """Return the local day on which each parcel reaches that age (beyond the table: a day that never comes)."""
    start = spells.start[rows]
    table = spells.opendays
    wanted = table.count_to(rows, start) + age
    days = np.empty(len(rows), dtype=np.int64)
    for code in range(len(table.count)):
        mine = table.code[rows] == code
        index = np.searchsorted(table.count[code], wanted[mine])
        days[mine] = index + table.first
    return np.where(age == 0, start, days)


def _level(keys: Texts, rows: NDArray[np.intp], day: Ints, age: Ints, at_risk: Ints, ended: Ints) -> Level:
    names, codes = np.unique(keys.astype(str), return_inverse=True) if len(keys) else (np.array([], dtype=str), rows)
    code = codes[rows].astype(np.int64)
    packed = (day * max(len(names), 1) + code) * AGES + age
    unique, index = np.unique(packed, return_inverse=True)
    first, age_out = np.divmod(unique, AGES)
    day_out, code_out = np.divmod(first, max(len(names), 1))
    return Level(
        tuple(names.tolist()),
        day_out.astype(np.int32),
        code_out.astype(np.int32),
        age_out.astype(np.int16),
        np.bincount(index, weights=at_risk, minlength=len(unique)).astype(np.int32),
        np.bincount(index, weights=ended, minlength=len(unique)).astype(np.int32),
    )
