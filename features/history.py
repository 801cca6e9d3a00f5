"""History as it was known at an instant: trailing windows over sketches, with fallback from narrow to wide keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.distinct import distinct_rows
from features.orders import Days, Floats, Texts
from features.pace import Counts, Pace, Window, pace_of
from features.sketches import AGES, Level, Sketch

# A key with this many parcels at risk at an age weighs as much as all wider keys together.
SHRINKAGE = 8.0
# What one imaginary parcel says where nobody has any history: about one in fourteen ends on a day.
_PRIOR_HAZARD = 0.07
_REMEMBERED = 20_000  # about 1 KB each
# Between a way and a place on it, in keys of levels that tell of both.
PLACE = "\t"


@dataclass(frozen=True)
class Hazards:
    """Smoothed hazards by age, shape (n, AGES); ends seen and parcel-days at risk on each level, shape (n, levels)."""

    hazard: NDArray[np.float64]
    evidence: NDArray[np.float64]
    at_risk: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp]) -> "Hazards":
        """Return the hazards of these orders."""
        return Hazards(self.hazard[rows], self.evidence[rows], self.at_risk[rows])


class History(Protocol):
    """One family's history."""

    def hazards(self, keys: Sequence[Texts], known_day: Days, window: int) -> Hazards:
        """Return hazards over the `window` days before each `known_day`; `keys` as in the sketch, widest first."""
        ...

    def pace(self, keys: Sequence[Texts], known_day: Days, window: int, usual: int) -> Pace:
        """Compare the `window` days before each `known_day` with the `usual` days before it.

        `keys` may stop at a wider level, which is then the one that is asked for.
        """
        ...

    def busiest(self, ways: Sequence[Texts], known_day: Days, window: int) -> Texts:
        """Return the place on each way at which most began in the `window` days before each `known_day`.

        `ways` are those of the sketch's last levels, widest first; the narrowest that tells of any place holds, and ""
        stands where none does.
        """
        ...


def smoothed(at_risk: Sequence[Counts], ended: Sequence[Counts]) -> Hazards:
    """Shrink each level's hazard towards the next wider one; arrays have shape (n, AGES), widest level first.

    h = (ended + m * h_wider) / (at_risk + m), the posterior mean of a beta prior of weight m centred on the wider
    level. A level without parcels passes its parent on unchanged.

    A window can hold the record of a late end without the days that it takes back, and so sum to less than the ends, or
    less than nothing, at risk; at least the ends were at risk.
    """
    hazard = _by_level(at_risk, ended)[-1]
    evidence = np.stack([end.sum(axis=1) for end in ended], axis=1)
    under_way = np.stack([risk.sum(axis=1) for risk in at_risk], axis=1)
    return Hazards(hazard, evidence, np.maximum(under_way, 0.0))


def _by_level(at_risk: Sequence[Counts], ended: Sequence[Counts]) -> list[Counts]:
    """Return the smoothed hazards of each level, widest first."""
    hazards = [(ended[0] + _PRIOR_HAZARD) / (np.maximum(at_risk[0], ended[0]) + 1.0)]
    for risk, end in zip(at_risk[1:], ended[1:], strict=True):
        hazards.append((end + SHRINKAGE * hazards[-1]) / (np.maximum(risk, end) + SHRINKAGE))
    return hazards


def _places(code_of: Mapping[str, int]) -> dict[str, list[tuple[str, int]]]:
    """Return the places on each way, with their codes."""
    found: dict[str, list[tuple[str, int]]] = {}
    for key, code in code_of.items():
        way, _, place = key.partition(PLACE)
        found.setdefault(way, []).append((place, code))
    return found


def _busiest(places: Sequence[tuple[str, int]], at_risk: Counts) -> str:
    """Return the place whose code has most parcels at age 0, "" where none has any."""
    most, place = max([(at_risk[code, 0], place) for place, code in places], default=(0, ""))
    return place if most > 0 else ""


class TrailingWindow:
    """Sums of one level over the `window` days before a day that only moves forward."""

    def __init__(self, level: Level, window: int) -> None:
        self._day = level.day.astype(np.int64)  # a search among other integers would convert all days each time
        self._cell = level.code.astype(np.int64) * AGES + level.age
        self._counts = level.at_risk.astype(np.float64), level.ended.astype(np.float64)
        self._window = window
        self._from = self._to = 0
        # One row more than keys, always zero: the row of keys that were never seen.
        self.at_risk = np.zeros((len(level.keys) + 1, AGES))
        self.ended = np.zeros((len(level.keys) + 1, AGES))
        self.code_of = {key: code for code, key in enumerate(level.keys)}

    def move_to(self, day: int) -> None:
        """Sum the days `day - window` to `day - 1`."""
        first, last = (int(row) for row in np.searchsorted(self._day, [day - self._window, day]))
        self._change(np.add, max(self._to, first), last)
        self._change(np.subtract, self._from, min(first, self._to))
        self._from, self._to = first, last

    def codes(self, keys: Texts) -> NDArray[np.intp]:
        """Return the row of each key, -1 (the zero row) where it is unknown."""
        return np.array([self.code_of.get(key, -1) for key in keys], dtype=np.intp)

    def _change(self, operation: np.ufunc, first: int, last: int) -> None:
        """Add or subtract the counts of these rows; cells repeat when they are of several days."""
        for total, counts in zip((self.at_risk, self.ended), self._counts, strict=True):
            operation.at(total.reshape(-1), self._cell[first:last], counts[first:last])


class SketchHistory:
    """History for many instants, day by day through a sketch: what training reads."""

    def __init__(self, sketch: Sketch) -> None:
        self._sketch = sketch

    def hazards(self, keys: Sequence[Texts], known_day: Days, window: int) -> Hazards:
        """Return hazards over the `window` days before each `known_day`."""
        n, levels = len(known_day), len(keys)
        out = Hazards(np.empty((n, AGES)), np.empty((n, levels)), np.empty((n, levels)))
        for rows, (one,) in self._windows(keys, known_day, (window,)):
            part = smoothed(one.at_risk, one.ended)
            out.hazard[rows], out.evidence[rows], out.at_risk[rows] = part.hazard, part.evidence, part.at_risk
        return out

    def pace(self, keys: Sequence[Texts], known_day: Days, window: int, usual: int) -> Pace:
        """Compare the `window` days before each `known_day` with the `usual` days before it."""
        out = Pace(np.empty(len(known_day)), np.empty(len(known_day)))
        for rows, (recent, long) in self._windows(keys, known_day, (window, usual)):
            part = pace_of(recent, long, _by_level(long.at_risk, long.ended))
            out.ended[rows], out.under_way[rows] = part.ended, part.under_way
        return out

    def busiest(self, ways: Sequence[Texts], known_day: Days, window: int) -> Texts:
        """Return the place on each way at which most began in the `window` days before each `known_day`."""
        out = np.full(len(known_day), "", dtype=object)
        levels = self._sketch.levels[-len(ways) :]
        for level, column in zip(levels, ways, strict=True):
            trailing = TrailingWindow(level, window)
            places = _places(trailing.code_of)
            for day, rows in _by_day(known_day):
                trailing.move_to(day)
                once = {way: _busiest(places.get(way, ()), trailing.at_risk) for way in set(column[rows].tolist())}
                found = np.array([once[way] for way in column[rows].tolist()], dtype=object)
                out[rows] = np.where(found == "", out[rows], found)
        return out

    def _windows(
        self, keys: Sequence[Texts], known_day: Days, windows: Sequence[int]
    ) -> Iterator[tuple[NDArray[np.intp], list[Window]]]:
        """Return, day by day, the rows of a `known_day` and their counts over each window before it."""
        levels = self._sketch.levels[: len(keys)]
        trailing = [[TrailingWindow(level, window) for level in levels] for window in windows]
        codes = [one.codes(column) for one, column in zip(trailing[0], keys, strict=True)]
        for day, rows in _by_day(known_day):
            for one in chain.from_iterable(trailing):
                one.move_to(day)
            yield (
                rows,
                [
                    Window(
                        [one.at_risk[code[rows]] for one, code in zip(mine, codes, strict=True)],
                        [one.ended[code[rows]] for one, code in zip(mine, codes, strict=True)],
                        window,
                    )
                    for window, mine in zip(windows, trailing, strict=True)
                ],
            )


def _by_day(known_day: Days) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Return each day with its rows, in order."""
    order = np.argsort(known_day, kind="stable")
    days, starts = np.unique(known_day[order], return_index=True)
    yield from zip(days.tolist(), np.split(order, starts[1:]), strict=True)


@dataclass(frozen=True)
class WindowSums:
    """Counts of one level and window at one instant: rows of keys plus a last row of zeros."""

    code_of: Mapping[str, int]
    at_risk: NDArray[np.float64]
    ended: NDArray[np.float64]


class SnapshotHistory:
    """History at one instant, as a bundle carries it: what serving reads. `known_day` is the snapshot's own."""

    def __init__(self, sums: Mapping[int, Sequence[WindowSums]]) -> None:
        self._sums = sums
        # Requests come one by one, and most share their lane or origin with an earlier one.
        self._remembered = lru_cache(_REMEMBERED)(self._look_up)
        self._remembered_pace = lru_cache(_REMEMBERED)(self._pace)
        self._places: dict[tuple[int, int], dict[str, list[tuple[str, int]]]] = {}

    @classmethod
    def of(cls, sketch: Sketch, day: int, windows: Sequence[int]) -> "SnapshotHistory":
        """Return what was known at the start of UTC day `day`."""
        sums: dict[int, list[WindowSums]] = {}
        for window in windows:
            trailing = [TrailingWindow(level, window) for level in sketch.levels]
            for one in trailing:
                one.move_to(day)
            sums[window] = [WindowSums(one.code_of, one.at_risk, one.ended) for one in trailing]
        return cls(sums)

    @property
    def sums(self) -> Mapping[int, Sequence[WindowSums]]:
        """Counts by window, widest level first."""
        return self._sums

    def hazards(self, keys: Sequence[Texts], known_day: Days, window: int) -> Hazards:
        """Return hazards over the `window` days before the snapshot; not to be written to."""
        if len(known_day) == 1:
            return self._remembered(window, tuple((column[0],) for column in keys))
        return self._look_up(window, keys)

    def pace(self, keys: Sequence[Texts], known_day: Days, window: int, usual: int) -> Pace:
        """Compare the `window` days before the snapshot with the `usual` ones; not to be written to."""
        if len(known_day) == 1:
            return self._remembered_pace(window, usual, tuple((column[0],) for column in keys))
        return self._pace(window, usual, keys)

    def busiest(self, ways: Sequence[Texts], known_day: Days, window: int) -> Texts:
        """Return the place on each way at which most began in the `window` days before the snapshot."""
        out = np.full(len(known_day), "", dtype=object)
        levels = self._sums[window]
        for number, column in zip(range(len(levels) - len(ways), len(levels)), ways, strict=True):
            level, places = levels[number], self._places_of(window, number)
            found = np.array([_busiest(places.get(way, ()), level.at_risk) for way in column.tolist()], dtype=object)
            out = np.where(found == "", out, found)
        return out

    def _places_of(self, window: int, number: int) -> dict[str, list[tuple[str, int]]]:
        if (window, number) not in self._places:
            self._places[window, number] = _places(self._sums[window][number].code_of)
        return self._places[window, number]

    def _look_up(self, window: int, keys: Sequence[Sequence[str]] | Sequence[Texts]) -> Hazards:
        counts = self._window(window, keys)
        return smoothed(counts.at_risk, counts.ended)

    def _pace(self, window: int, usual: int, keys: Sequence[Sequence[str]] | Sequence[Texts]) -> Pace:
        long = self._window(usual, keys)
        return pace_of(self._window(window, keys), long, _by_level(long.at_risk, long.ended))

    def _window(self, window: int, keys: Sequence[Sequence[str]] | Sequence[Texts]) -> Window:
        at_risk, ended = [], []
        for level, column in zip(self._sums[window][: len(keys)], keys, strict=True):
            rows = [level.code_of.get(key, -1) for key in column]
            at_risk.append(level.at_risk[rows])
            ended.append(level.ended[rows])
        return Window(at_risk, ended, window)


def pace(history: History, keys: Sequence[Texts], known_day: Days, window: int, usual: int) -> Pace:
    """Ask for the pace of each narrowest key and day once."""
    once, which = distinct_rows([keys[-1], known_day])
    return history.pace([key[once] for key in keys], known_day[once], window, usual).take(which)


def share_and_remaining(hazard: Floats, age: Days) -> tuple[Floats, Floats]:
    """Return the share that ends before `age`, and for how many ages the others stay open on average from it on.

    `hazard` has shape (n, AGES); an age below 0 is 0.

    >>> hazard = np.array([[0.5, 0.5, 1.0]])
    >>> [values.tolist() for values in share_and_remaining(hazard, np.array([1]))]
    [[0.5], [0.5]]
    """
    survival = np.cumprod(1.0 - hazard, axis=1)
    rows, ages = np.arange(len(hazard)), hazard.shape[1]
    now = np.clip(age, 0, ages - 1)
    open_now = np.where(now > 0, survival[rows, np.maximum(now - 1, 0)], 1.0)
    later = np.where(np.arange(ages) >= now[:, None], survival, 0.0).sum(axis=1)
    return 1.0 - open_now, later / np.maximum(open_now, 1e-9)


def survival_quantiles(hazard: Floats, levels: Sequence[float]) -> Floats:
    """Interpolated ages at which the CDF of each row reaches each level; shape (n, len(levels)).

    Linear between the CDF's steps, so that a small change of history is a small change of the feature; `AGES` where the
    CDF ends below the level.
    """
    cdf = 1.0 - np.cumprod(1.0 - hazard, axis=1)
    out = np.empty((len(hazard), len(levels)))
    rows = np.arange(len(hazard))
    for column, level in enumerate(levels):
        step = (cdf < level).sum(axis=1)
        inside = np.minimum(step, AGES - 1)
        upper = cdf[rows, inside]
        lower = np.where(inside > 0, cdf[rows, np.maximum(inside - 1, 0)], 0.0)
        share = (level - lower) / np.maximum(upper - lower, 1e-12)
        out[:, column] = np.where(step < AGES, inside - 1.0 + share, AGES)
    return out


def restricted_mean(hazard: Floats) -> Floats:
    """Mean age at the end, everything beyond the last age counted there; shape (n,)."""
    return np.asarray(np.cumprod(1.0 - hazard, axis=1).sum(axis=1))
