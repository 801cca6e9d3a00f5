"""The daily counts of the pipeline, by the engine that the parameters name."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from features.engine.choice import EngineParameters, engine_of
from features.engine.daily import Batch, build
from features.engine.reading import read_sketches
from features.table import Network, ParcelHistory, Sketches
from features.weather import Bulletins
from parcelcast.tables import SCANS, SHIPMENTS
from pipelines.preparation import count_in_memory, last_known_day

# With fewer parcels DuckDB plans longer than arrays count.
_FEW = 100_000


@dataclass(frozen=True)
class DailyTables:
    """Daily tables of the canonical tables in folder `validated`.

    A stage counts them anew: nothing tells it which rows of the whole tables changed since it ran, or are gone. The
    files live in the engine's temporary directory until they are read.
    """

    validated: Path
    parameters: EngineParameters

    def count(self, history: ParcelHistory, network: Network, weather: Bulletins) -> Sketches:
        """Count everything up to the last day of the history; few parcels in memory, which gives the same."""
        if self.parameters.engine == "duckdb" and len(history) < _FEW:
            return count_in_memory(history, network, weather)
        scans = self.validated / f"{SCANS.name}.parquet"
        batch = Batch(
            [self.validated / f"{SHIPMENTS.name}.parquet"],
            [scans] if scans.is_file() else None,
            last_known_day(history),
        )
        self.parameters.temp_directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.parameters.temp_directory) as store:
            build(Path(store), batch, network, engine_of(self.parameters))
            return read_sketches(Path(store), network.weekdays, weather)
