import pandas as pd
import pytest

from pipelines.simulator.library import record, small_config
from pipelines.simulator.world import build_world

SEED = 5


@pytest.fixture(scope="package")
def config():
    return small_config(SEED)


@pytest.fixture(scope="package")
def tables(config) -> dict[str, pd.DataFrame]:
    recorded = record(build_world(config))
    frames = {name: table.to_pandas() for name, table in recorded.tables.items()}
    return frames | {"scans": pd.concat([part.to_pandas() for part in recorded.scans], ignore_index=True)}


@pytest.fixture(scope="package")
def deliveries(tables) -> pd.DataFrame:
    """Shipments with the truth about them beside, those that were delivered."""
    known = tables["shipments"].drop(columns=["planned_dispatch_on", "delivered_at"])
    both = known.merge(tables["truth"], on="shipment_id", suffixes=("", "_true"))
    return both[both["final_status"] == "delivered"]
