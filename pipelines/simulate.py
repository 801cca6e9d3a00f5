"""Stage simulate: a parcel network's history as canonical tables in Parquet, with the truth beside it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from parcelcast.tables import SCANS
from pipelines.ingest.storage import arrow_schema
from pipelines.progress import SILENT, Tell
from pipelines.simulator.config import SimulationConfig, regime
from pipelines.simulator.library import record
from pipelines.simulator.world import build_world


@dataclass(frozen=True, slots=True)
class SimulateParameters:
    """Section simulate of params.yaml.

    ``shipments`` are expected over ``days`` local days before ``until``, the first day of which nothing is recorded;
    ``regime`` is calm, default or storms. The same parameters give the same history.
    """

    seed: int = 1
    shipments: int = 200_000
    days: int = 400
    until: date = date(2026, 11, 1)
    regime: str = "default"

    def config(self) -> SimulationConfig:
        """Return the simulator's configuration; InputError for values it refuses."""
        return SimulationConfig(self.seed, self.shipments, self.days, self.until, regime(self.regime))


def simulate(parameters: SimulateParameters, out_dir: Path, progress: Tell = SILENT) -> dict[str, int]:
    """Write `<table>.parquet` for every canonical table and the truth into a folder; return the rows of each.

    Scans are written part by part, so memory holds about a million of them at a time.
    """
    progress("building the network")
    world = build_world(parameters.config())
    progress(f"living through {parameters.days} days")
    recorded = record(world)
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, table in recorded.tables.items():
        progress(f"writing {name}")
        pq.write_table(table, out_dir / f"{name}.parquet", compression="zstd")
    progress("writing scans")
    rows = {name: table.num_rows for name, table in recorded.tables.items()} | {"scans": 0}
    with pq.ParquetWriter(out_dir / "scans.parquet", arrow_schema(SCANS), compression="zstd") as writer:
        for part in recorded.scans:
            writer.write_table(part)
            rows["scans"] += part.num_rows
    return rows
