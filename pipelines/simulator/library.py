"""The simulator for other code: whole histories as tables, and small ones for tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from pipelines.simulator.config import SimulationConfig, regime
from pipelines.simulator.feeds import reports
from pipelines.simulator.history import live_history
from pipelines.simulator.knowledge import knowledge, milestones
from pipelines.simulator.scans import scan_tables
from pipelines.simulator.tables import carriers_table, facilities_table, origins_table, shipments_table, weather_table
from pipelines.simulator.truth import truth_table
from pipelines.simulator.world import World, build_world

SMALL_UNTIL = date(2026, 3, 1)


@dataclass(frozen=True)
class RecordedHistory:
    """A history as tables by name, the truth among them; the scans come in parts, to be read once."""

    tables: dict[str, pa.Table]
    scans: Iterator[pa.Table]


def record(world: World) -> RecordedHistory:
    """Let a fresh world live, and tell its history as the shop knows it when it ends."""
    history = live_history(world)
    reported = reports(history)
    happened = milestones(history)
    tables = {
        "shipments": shipments_table(history, happened, knowledge(history, happened, reported)),
        "facilities": facilities_table(world),
        "carriers": carriers_table(),
        "origins": origins_table(world),
        "weather_daily": weather_table(history),
        "truth": truth_table(history, happened),
    }
    return RecordedHistory(tables, scan_tables(history, reported))


def small_config(
    seed: int, shipments: int = 3000, days: int = 60, until: date = SMALL_UNTIL, name: str = "default"
) -> SimulationConfig:
    """Configuration of a small world in winter, for tests."""
    return SimulationConfig(seed=seed, shipments=shipments, days=days, until=until, regime=regime(name))


def small_world(
    seed: int, shipments: int = 3000, days: int = 60, until: date = SMALL_UNTIL, name: str = "default"
) -> dict[str, pa.Table]:
    """All tables of a small world by name (shipments, scans, ..., truth), in about a second; for tests."""
    recorded = record(build_world(small_config(seed, shipments, days, until, name)))
    return {**recorded.tables, "scans": pa.concat_tables(recorded.scans)}
