"""Small worlds as batches for the engine, and what a store holds, in forms that can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.engine.daily import Batch
from features.engine.reading import read_sketches
from features.engine.scanning import first_scans_of
from features.engine.store import read_manifest
from features.network import network_of
from features.orders import day_of
from features.sketches import Level
from features.table import Network, Sketches, build_sketches, parcel_history
from parcelcast.place import PlaceIndex
from parcelcast.tables import SCANS, SHIPMENTS
from pipelines.ingest.storage import arrow_schema, conformed

_RECORDS = {
    "dispatched": ("dispatched_at", "dispatched_recorded_at"),
    "delivered": ("delivered_at", "delivered_recorded_at"),
    "ended": ("ended_at", "ended_at"),
}


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """Return a shipments frame as the engine gets it."""
    return pa.Table.from_pandas(frame, schema=arrow_schema(SHIPMENTS), preserve_index=False)


def midnight(day: int) -> pa.Scalar:
    """Return the instant at which a UTC day begins."""
    start = datetime.combine(day_of(day), datetime.min.time(), UTC)
    return pa.scalar(start, pa.timestamp("us", "UTC"))


def known_by(tables: Mapping[str, pa.Table], until: int) -> dict[str, pa.Table]:
    """Return shipments and scans as they were known at the end of a UTC day."""
    end = midnight(until + 1)
    shipments = tables["shipments"].filter(pc.less(tables["shipments"]["ordered_at"], end))
    for at, recorded in _RECORDS.values():
        is_known = pc.less(pc.coalesce(shipments[recorded], shipments[at]), end)
        for name in (at, recorded):
            nothing = pa.scalar(None, shipments[name].type)
            told = pc.if_else(is_known, shipments[name], nothing)
            shipments = shipments.set_column(shipments.column_names.index(name), name, told)
    return {"shipments": shipments, "scans": tables["scans"].filter(pc.less(tables["scans"]["recorded_at"], end))}


def batch_of(tables: Mapping[str, pa.Table], since: int, until: int) -> Batch:
    """Return what was recorded on the UTC days from `since` to `until`."""
    known, start = known_by(tables, until), midnight(since)
    shipments, scans = known["shipments"], known["scans"]
    is_new = pc.greater_equal(shipments["ordered_at"], start)
    for at, recorded in _RECORDS.values():
        told = pc.greater_equal(pc.coalesce(shipments[recorded], shipments[at]), start)
        is_new = pc.or_(is_new, pc.fill_null(told, fill_value=False))
    return Batch(shipments.filter(is_new), scans.filter(pc.greater_equal(scans["recorded_at"], start)), until)


def network_of_tables(tables: Mapping[str, pa.Table]) -> Network:
    """Return the network of simulated tables."""
    frames = {name: tables[name].to_pandas() for name in ("shipments", "origins", "carriers")}
    return network_of(frames, PlaceIndex.default())


def sketches_of_arrays(tables: Mapping[str, pa.Table], network: Network, until: int) -> Sketches:
    """Count the same in memory, by the arrays of `features.sketches`: the oracle."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'").fetchall()
        connection.register("scans", tables["scans"])
        told = first_scans_of(connection, ibis.table(ibis.schema(tables["scans"].schema), name="scans"))
    history = parcel_history(conformed(tables["shipments"].to_pandas(), SHIPMENTS), network, told)
    return build_sketches(history, network, until)


def sketches_of_store(store: Path) -> dict[str, Sequence[Level]]:
    """Return the levels of each family that a store holds."""
    manifest = read_manifest(store)
    assert manifest is not None
    return levels_of(read_sketches(store, {}), manifest.families)


def counts(level: Level) -> dict[tuple[str, int, int], tuple[int, int]]:
    """Return the counts of a level by key, day and age."""
    columns = (level.code, level.day, level.age, level.at_risk, level.ended)
    found: dict[tuple[str, int, int], tuple[int, int]] = {}
    for code, at, age, at_risk, ended in zip(*(column.tolist() for column in columns), strict=True):
        key = level.keys[code], at, age
        more = found.get(key, (0, 0))
        found[key] = more[0] + at_risk, more[1] + ended
    return found


def repeats(level: Level) -> int:
    """Return how many rows of a level there are more than keys, days and ages."""
    return len(level.day) - len(counts(level))


def check_same(found: Mapping[str, Sequence[Level]], expected: Mapping[str, Sequence[Level]]) -> None:
    """Hold all families and levels equal; keys that count nothing may be absent."""
    assert found.keys() == expected.keys()
    for name, levels in expected.items():
        for mine, other in zip(found[name], levels, strict=True):
            assert counts(mine) == counts(other), name
            assert np.all(np.diff(mine.day) >= 0)


def levels_of(sketches: Sketches, names: Sequence[str]) -> dict[str, Sequence[Level]]:
    """Return the levels of some families."""
    return {name: getattr(sketches, name).levels for name in names}


@dataclass(frozen=True)
class Known:
    """What a store holds: each day's build, the files of builds, and the bytes of all files that count."""

    build_of: Mapping[int, int]
    counts: Mapping[int, Sequence[str]]
    files: Mapping[str, bytes]


def known_of(store: Path) -> Known:
    """Return what a store holds, to compare it with what it holds later."""
    manifest = read_manifest(store)
    assert manifest is not None
    return Known(manifest.days, manifest.counts, files_of(store))


def files_of(store: Path) -> dict[str, bytes]:
    """Return the files of a store that count, with their bytes."""
    manifest = read_manifest(store)
    assert manifest is not None
    return {name: (store / name).read_bytes() for name in manifest.files()}


def changed(table: pa.Table, row: int, **values: Any) -> pa.Table:
    """Return a table with other values in one row."""
    for name, value in values.items():
        column = table[name].to_pylist()
        column[row] = column[row] + value if isinstance(value, timedelta) else value
        table = table.set_column(table.column_names.index(name), name, pa.array(column, table.schema.field(name).type))
    return table


def scans_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows of scans as the engine gets them."""
    frame = conformed(pd.DataFrame(list(rows), columns=list(SCANS.column_names)), SCANS)
    return pa.Table.from_pandas(frame, schema=arrow_schema(SCANS), preserve_index=False)
