"""First scans from a file, by DuckDB."""

from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pyarrow.parquet as pq

from features.engine.stages import first_scans


def read_first_scans(path: Path) -> pd.DataFrame:
    """Run `features.engine.stages.first_scans` on a canonical scans file."""
    scans = ibis.table(ibis.Schema.from_pyarrow(pq.read_schema(path)), name="scans")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.read_parquet(str(path)).create_view("scans")
        found = connection.sql(ibis.to_sql(first_scans(scans), dialect="duckdb")).to_arrow_table()
    frame: pd.DataFrame = found.to_pandas()
    return frame
