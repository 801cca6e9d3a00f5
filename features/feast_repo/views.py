"""The tables of the feature store: histories as rows of key and arrays, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.assembly import FAMILIES, Histories
from features.history import SnapshotHistory, WindowSums
from features.orders import Floats
from features.sketches import AGES
from features.weather import SPAN, SnapshotWeather
from parcelcast.errors import DataError

HISTORY_KEY = "history_key"  # a level and a key on it, such as "lane dhl/standard DE 04>DE 80"
REGION = "region"
WEATHER = "weather"
_SEVERITY = "severity"


@dataclass(frozen=True)
class View:
    """A table with a row for each `key`: what is known of it at the start of a UTC day, as arrays called `features`.

    A row holds until the next one, for at most `days` days. Counts over a window of so many days cannot stay the same
    for longer, unless they are none; the weather is told relative to the row's day, and holds for that day only.
    """

    name: str
    table: str  # its name on disk: rows over other windows are another table
    key: str
    days: int
    features: tuple[str, ...]
    type: pa.DataType


def _life_table(family: str, windows: Sequence[int]) -> View:
    features = tuple(f"{count}_{window}d" for window in windows for count in ("at_risk", "ended"))
    table = "-".join((family, *(f"{window}d" for window in windows)))
    return View(family, table, HISTORY_KEY, max(windows), features, pa.int64())


VIEWS: Mapping[str, View] = {
    **{family: _life_table(family, windows) for family, (windows, _) in FAMILIES.items()},
    WEATHER: View(WEATHER, WEATHER, REGION, 1, (_SEVERITY,), pa.float64()),
}


def rows_of(histories: Histories) -> dict[str, pa.Table]:
    """Return the rows of each of `VIEWS`, those with nothing to tell left out, ordered by key.

    Arrays of counts run from age 0 to the last age with a count; those of severities over all days around today.
    """
    rows = {family: _count_rows(family, getattr(histories, family)) for family in FAMILIES}
    assert isinstance(histories.weather, SnapshotWeather)
    weather = histories.weather
    rows[WEATHER] = pa.table(
        {
            REGION: pa.array(weather.regions, pa.string()),
            _SEVERITY: _lists(weather.days, np.full(len(weather.regions), SPAN)),
        }
    )
    return rows


def histories_of(rows: Mapping[str, pa.Table], day: int) -> Histories:
    """Return what `rows_of` was given, equal to the last bit; `day` is the UTC day of which the rows tell."""
    families = {family: _history(family, rows[family]) for family in FAMILIES}
    told = rows[WEATHER].filter(is_told(rows[WEATHER])).sort_by(REGION)
    severities = _values(told[_SEVERITY]).astype(np.float64).reshape(-1, SPAN)
    return Histories(**families, weather=SnapshotWeather(day, told[REGION].to_pylist(), severities))


def is_told(rows: pa.Table) -> NDArray[np.bool_]:
    """Return of each row whether any of its arrays holds anything."""
    told = [_lengths(rows[name]) > 0 for name in rows.column_names[1:]]
    return np.asarray(np.logical_or.reduce(told))


def differing(rows: pa.Table, others: pa.Table) -> NDArray[np.bool_]:
    """Return of each row whether any of its arrays differs, to the last bit, from that in the same row of `others`."""
    out = np.zeros(len(rows), dtype=bool)
    for name in rows.column_names[1:]:
        out |= _lengths(rows[name]) != _lengths(others[name])
    same_lengths = np.flatnonzero(~out)
    rows, others = rows.take(same_lengths), others.take(same_lengths)
    for name in rows.column_names[1:]:
        bits, other_bits = (_values(table[name]).view(np.int64) for table in (rows, others))
        row = np.repeat(same_lengths, _lengths(rows[name]))
        out[row[bits != other_bits]] = True
    return out


def _count_rows(family: str, history: SnapshotHistory) -> pa.Table:
    windows, levels = FAMILIES[family]
    parts = [_level_rows(family, history, number, level, windows) for number, level in enumerate(levels)]
    rows = pa.concat_tables(parts).sort_by(HISTORY_KEY)
    return rows.filter(is_told(rows)).combine_chunks()


def _level_rows(family: str, history: SnapshotHistory, number: int, level: str, windows: Sequence[int]) -> pa.Table:
    sums = [history.sums[window][number] for window in windows]
    keys = sorted({key for one in sums for key in one.code_of})
    columns = {HISTORY_KEY: pa.array([f"{level} {key}" for key in keys], pa.string())}
    for window, one in zip(windows, sums, strict=True):
        code = [one.code_of.get(key, -1) for key in keys]
        for name, counts in (("at_risk", one.at_risk[code]), ("ended", one.ended[code])):
            columns[f"{name}_{window}d"] = _counts(counts, f"{family}.{name}_{window}d")
    return pa.table(columns)


def _counts(counts: Floats, name: str) -> pa.Array:
    whole = counts.astype(np.int64)
    if not np.array_equal(whole, counts):
        raise DataError("not whole numbers", column=name, remedy="count parcels: every sum is one of ones")
    ages = np.arange(1, AGES + 1)
    return _lists(whole, np.max(np.where(whole != 0, ages, 0), axis=1, initial=0))


def _history(family: str, rows: pa.Table) -> SnapshotHistory:
    windows, levels = FAMILIES[family]
    rows = rows.sort_by(HISTORY_KEY)
    split = [text.partition(" ") for text in rows[HISTORY_KEY].to_pylist()]
    level_of = np.array([level for level, _, _ in split], dtype=object)
    sums: dict[int, list[WindowSums]] = {window: [] for window in windows}
    for level in levels:
        mine = np.flatnonzero(level_of == level)
        here = rows.take(mine)
        code_of = {split[row][2]: code for code, row in enumerate(mine.tolist())}
        for window in windows:
            counts = [_matrix(here[f"{name}_{window}d"]) for name in ("at_risk", "ended")]
            sums[window].append(WindowSums(code_of, *counts))
    return SnapshotHistory(sums)


def _lists(values: NDArray[np.generic], lengths: NDArray[np.int64]) -> pa.Array:
    """Return the first `lengths[i]` values of each row."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values[np.arange(values.shape[1]) < lengths[:, None]]))


def _matrix(lists: pa.ChunkedArray) -> Floats:
    """Return lists as rows of `AGES`, what they do not tell as zeros, and a last row of zeros."""
    lengths = _lengths(lists)
    out = np.zeros((len(lengths) + 1, AGES))
    out[:-1][np.arange(AGES) < lengths[:, None]] = _values(lists)
    return out


def _lengths(lists: pa.ChunkedArray) -> NDArray[np.int64]:
    lengths = lists.combine_chunks().value_lengths().to_numpy(zero_copy_only=False)
    return np.asarray(lengths, dtype=np.int64)


def _values(lists: pa.ChunkedArray) -> NDArray[np.generic]:
    return np.asarray(lists.combine_chunks().flatten().to_numpy(zero_copy_only=False))
