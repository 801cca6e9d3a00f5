"""First scans from a file, by DuckDB."""

from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.engine.stages import facility_ids, first_scans
from features.hubs import SLOTS, check_hubs, slot_told


def read_first_scans(path: Path) -> pd.DataFrame:
    """Run `features.engine.stages.first_scans` on a canonical scans file; `SLOT_at` names the hub of each slot."""
    scans = ibis.table(ibis.Schema.from_pyarrow(pq.read_schema(path)), name="scans")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.read_parquet(str(path)).create_view("scans")
        return first_scans_of(connection, scans)


def first_scans_of(connection: duckdb.DuckDBPyConnection, scans: ibis.Table) -> pd.DataFrame:
    """Run it on table `scans` of a connection."""

    def run(expression: ibis.Table) -> pa.Table:
        return connection.sql(ibis.to_sql(expression, dialect="duckdb")).to_arrow_table()

    names = sorted(run(facility_ids(scans))["facility_id"].to_pylist())
    check_hubs(len(names))
    hubs = pa.table({"facility_id": pa.array(names, pa.string()), "hub": pa.array(range(len(names)), pa.int64())})
    connection.register("facilities", hubs)
    facilities = ibis.table(ibis.Schema.from_pyarrow(hubs.schema), name="facilities")
    frame: pd.DataFrame = run(first_scans(scans, facilities)).to_pandas()
    told = np.array([*names, ""], dtype=object)
    for slot in (slot for pair in SLOTS.values() for slot in pair):
        frame[f"{slot}_at"] = told[slot_told(frame[slot].to_numpy())[1]]
    return frame
