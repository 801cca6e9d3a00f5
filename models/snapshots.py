"""Histories as Parquet files: the non-zero counts of each family, window, level, key and age; the weather by days."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.assembly import FAMILIES, Histories
from features.history import SnapshotHistory, WindowSums
from features.sketches import AGES
from features.weather import SnapshotWeather


def write_histories(histories: Histories, path: Path, weather: Path) -> None:
    """Write snapshot histories: the counts to `path`, the weather to `weather`."""
    parts = []
    for family in FAMILIES:
        history = getattr(histories, family)
        for window, levels in history.sums.items():
            parts += [_part(family, window, number, level) for number, level in enumerate(levels)]
    pq.write_table(pa.concat_tables(parts), path, compression="zstd")
    assert isinstance(histories.weather, SnapshotWeather)
    outlooks = histories.weather.to_arrays()
    outlooks["region"] = pa.array(outlooks["region"], pa.string())
    pq.write_table(pa.table(outlooks), weather, compression="zstd")


def read_histories(path: Path, weather: Path) -> Histories:
    """Read them back, equal to the last bit."""
    table = pq.read_table(path)
    columns = _columns(table)
    families = {}
    for family, (windows, levels) in FAMILIES.items():
        mine = columns["family"] == family
        sums = {}
        for window in windows:
            here = mine & (columns["window"] == window)
            sums[window] = [_sums(columns, here & (columns["level"] == level)) for level in range(len(levels))]
        families[family] = SnapshotHistory(sums)
    return Histories(**families, weather=SnapshotWeather.from_arrays(_columns(pq.read_table(weather))))


def _columns(table: pa.Table) -> dict[str, np.ndarray]:
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def _part(family: str, window: int, number: int, level: WindowSums) -> pa.Table:
    keys = np.array(list(level.code_of), dtype=object)
    code, age = np.nonzero((level.at_risk[:-1] != 0) | (level.ended[:-1] != 0))
    n = len(code)
    return pa.table(
        {
            "family": pa.array([family] * n, pa.string()),
            "window": pa.array(np.full(n, window), pa.int32()),
            "level": pa.array(np.full(n, number), pa.int32()),
            "key": pa.array(keys[code] if n else [], pa.string()),
            "age": pa.array(age, pa.int16()),
            "at_risk": pa.array(level.at_risk[code, age], pa.float64()),
            "ended": pa.array(level.ended[code, age], pa.float64()),
        }
    )


def _sums(columns: dict[str, np.ndarray], rows: np.ndarray) -> WindowSums:
    keys, code = np.unique(columns["key"][rows].astype(str), return_inverse=True)
    at_risk, ended = np.zeros((len(keys) + 1, AGES)), np.zeros((len(keys) + 1, AGES))
    at_risk[code, columns["age"][rows]] = columns["at_risk"][rows]
    ended[code, columns["age"][rows]] = columns["ended"][rows]
    return WindowSums({key: number for number, key in enumerate(keys.tolist())}, at_risk, ended)
