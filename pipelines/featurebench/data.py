"""Simulated histories for the bench, as canonical Parquet files, in parts that have ids of their own.

`python -m pipelines.featurebench.data NUMBER SHIPMENTS FOLDER` makes one: `history-*.parquet` hold what was known when
the last day began, `day-*.parquet` what that day brought.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

from features.engine.parcels import SCANS, SHIPMENTS
from pipelines.progress import SILENT
from pipelines.simulate import SimulateParameters, simulate

PART = 500_000
UNTIL = date(2026, 11, 1)
_RECORDS = ("dispatched", "delivered")
_DONE = "done-with-facilities"  # parts that were made before lack their column


def make_part(number: int, shipments: int, folder: Path) -> None:
    """Simulate one part and split it into its history and its last day, unless it is there already."""
    if (folder / _DONE).exists():
        return
    whole = folder / "whole"
    simulate(SimulateParameters(seed=number, shipments=shipments, until=UNTIL), whole, SILENT)
    with duckdb.connect() as connection:
        connection.execute(
            "SET TimeZone = 'UTC'; SET memory_limit = '3GB'; SET preserve_insertion_order = false"
        ).fetchall()
        for table, columns in (("shipments", SHIPMENTS), ("scans", SCANS)):
            names = ", ".join(columns).replace("shipment_id", f"'{number}-' || shipment_id AS shipment_id")
            connection.execute(
                f"CREATE VIEW {table} AS SELECT {names} FROM read_parquet('{whole / table}.parquet')"  # noqa: S608 - ours
            ).fetchall()
        for name, query in _cuts(UNTIL - timedelta(days=1)).items():
            path = folder / f"{name}.parquet"
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
    for name in ("shipments", "scans", "truth", "weather_daily", "facilities"):
        (whole / f"{name}.parquet").unlink()
    (folder / _DONE).touch()


def _cuts(last: date) -> dict[str, str]:
    """Return the queries of what was known when a UTC day began, and of what it brought."""
    start = f"TIMESTAMPTZ '{last} 00:00:00+00'"
    unlearned = ", ".join(
        f"CASE WHEN coalesce({event}_recorded_at, {event}_at) < {start} THEN {column} END AS {column}"
        for event in _RECORDS
        for column in (f"{event}_at", f"{event}_recorded_at")
    )
    learned = " OR ".join(f"coalesce({event}_recorded_at, {event}_at) >= {start}" for event in _RECORDS)
    return {
        "history-shipments": f"SELECT * REPLACE ({unlearned}) FROM shipments WHERE ordered_at < {start} ORDER BY ordered_at",  # noqa: S608, E501
        "day-shipments": f"FROM shipments WHERE ordered_at >= {start} OR {learned}",
        "history-scans": f"FROM scans WHERE recorded_at < {start}",
        "day-scans": f"FROM scans WHERE recorded_at >= {start}",
    }


if __name__ == "__main__":
    make_part(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
