"""The daily counts of the pipeline: kept by the engine beside the features, read by every later stage."""

from dataclasses import dataclass
from pathlib import Path

from features.engine.choice import EngineParameters, engine_of
from features.engine.daily import Batch, build
from features.engine.reading import read_sketches
from features.table import Network, ParcelHistory, Sketches
from features.weather import Bulletins
from parcelcast.tables import SCANS, SHIPMENTS
from pipelines.preparation import last_known_day


@dataclass(frozen=True)
class DailyTables:
    """Daily tables in folder `store`, counted from the canonical tables in folder `validated`.

    Each build tells the store of everything anew; only days that count otherwise than before are written again.
    """

    store: Path
    validated: Path
    parameters: EngineParameters

    def count(self, history: ParcelHistory, network: Network, weather: Bulletins) -> Sketches:
        """Bring the tables up to the last day of the history, and read them."""
        scans = self.validated / f"{SCANS.name}.parquet"
        batch = Batch(
            [self.validated / f"{SHIPMENTS.name}.parquet"],
            [scans] if scans.is_file() else None,
            last_known_day(history),
        )
        build(self.store, batch, network, engine_of(self.parameters))
        return read_sketches(self.store, weather)
