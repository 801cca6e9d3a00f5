"""The measurements, each in a process of its own: `python -m pipelines.featurebench.measure NAME FOLDER STORE PART...`.

Prints one JSON object: seconds of the work itself (libraries are loaded before) on the wall and of all cores, peak
memory of the process in bytes, and what else the measurement tells.
"""

import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from features.engine.daily import Batch, build
from features.engine.duck import DuckDB
from features.network import network_of
from features.orders import epoch_day
from features.table import Network
from parcelcast.place import PlaceIndex
from pipelines.featurebench.data import SCAN_COLUMNS, SHIPMENT_COLUMNS, UNTIL
from pipelines.featurebench.plain import plain_counts

MEMORY_LIMIT = "4GB"
_LAST = epoch_day(UNTIL) - 1


class _Clock:
    """Tells the time on the wall and that of all cores since it was made."""

    def __init__(self) -> None:
        self._start, self._worked = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        return {
            "seconds": time.perf_counter() - self._start,
            "cpu_seconds": time.process_time() - self._worked,
        }


def _read(parts: Sequence[Path], store: Path) -> dict[str, Any]:
    """Let DuckDB read the columns that the full build reads, and do nothing with them but look at each value."""
    del store
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY_LIMIT}'").fetchall()
        clock = _Clock()
        rows = {
            name: _look(connection, [part / f"history-{name}.parquet" for part in parts], columns)
            for name, columns in (("shipments", SHIPMENT_COLUMNS), ("scans", SCAN_COLUMNS))
        }
        return {**clock.told(), "rows": rows}


def _look(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], columns: Sequence[str]) -> int:
    # Without a look at the values, statistics would answer and nothing would be read.
    looks = [
        f"sum(strlen({name}))"
        if name in {"shipment_id", "origin_id", "carrier", "service", "code", "facility_id"}
        or name.startswith("destination")
        else f"count(*) FILTER ({name}::BIGINT >= 0)"
        if name in {"utc_offset_min", "is_return"}
        else f"count(*) FILTER ({name} > TIMESTAMP '1990-01-01')"
        for name in columns
    ]
    paths = ", ".join(f"'{path}'" for path in files)
    found = connection.execute(f"SELECT count(*), {', '.join(looks)} FROM read_parquet([{paths}])").fetchall()  # noqa: S608
    return int(found[0][0])


def _full(parts: Sequence[Path], store: Path) -> dict[str, Any]:
    """Build all families from everything that was recorded before the last day."""
    shutil.rmtree(store, ignore_errors=True)
    return _build(parts, store, "history", _LAST - 1)


def _day(parts: Sequence[Path], store: Path) -> dict[str, Any]:
    """Add the last day to a copy of the full build: first in a fresh process, then as in one that does so every day."""
    told = {}
    for name in ("cold", "warm"):
        copy = store.with_name(f"{store.name}-{name}")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(store, copy)
        told[name] = _build(parts, copy, "day", _LAST)
    return {**told["warm"], "cold_seconds": told["cold"]["seconds"]}


def _lanes(parts: Sequence[Path], store: Path) -> dict[str, Any]:
    """Build what `_pandas` builds: the families that need no scans."""
    shutil.rmtree(store, ignore_errors=True)
    return _build(parts, store, "history", _LAST - 1, with_scans=False)


def _build(parts: Sequence[Path], store: Path, kind: str, until: int, *, with_scans: bool = True) -> dict[str, Any]:
    network = _network(parts)
    shipments, scans = ([part / f"{kind}-{name}.parquet" for part in parts] for name in ("shipments", "scans"))
    store.mkdir(parents=True, exist_ok=True)
    clock = _Clock()
    days = build(store, Batch(shipments, scans if with_scans else None, until), network, _engine(store))
    return {**clock.told(), "days": len(days)}


def _engine(store: Path) -> DuckDB:
    return DuckDB(MEMORY_LIMIT, store.with_name(f"{store.name}-spill"))


def _pandas(parts: Sequence[Path], store: Path) -> dict[str, Any]:
    """Count lanes and handling in plain pandas."""
    del store
    network = _network(parts)
    clock = _Clock()
    # Dates of the standard library, which pandas would make otherwise, are slow.
    tables = [pq.read_table(part / "history-shipments.parquet").to_pandas(date_as_object=False) for part in parts]
    counts = plain_counts(pd.concat(tables, ignore_index=True), network, _LAST - 1)
    return {**clock.told(), "rows": sum(map(len, counts.values()))}


def _network(parts: Sequence[Path]) -> Network:
    tables = {name: pd.read_parquet(parts[0] / "whole" / f"{name}.parquet") for name in ("origins", "carriers")}
    origins = [pq.read_table(part / "history-shipments.parquet", columns=["origin_id"]).to_pandas() for part in parts]
    return network_of({**tables, "shipments": pd.concat(origins).drop_duplicates()}, PlaceIndex.default())


MEASUREMENTS: dict[str, Callable[[Sequence[Path], Path], dict[str, Any]]] = {
    "read": _read,
    "full": _full,
    "day": _day,
    "lanes": _lanes,
    "pandas": _pandas,
}


if __name__ == "__main__":
    name, store, *parts = sys.argv[1:]
    begin = time.perf_counter()
    told = MEASUREMENTS[name]([Path(part) for part in parts], Path(store))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**told, "peak_bytes": peak, "process_seconds": time.perf_counter() - begin}))  # noqa: T201
