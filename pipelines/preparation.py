"""From canonical tables to what training and evaluation read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from features.assembly import Assembled, assemble
from features.engine.scanning import read_first_scans
from features.network import carriers_of, hub_regions, network_of
from features.table import Network, ParcelHistory, Sketches, build_sketches, bulletins_of, parcel_history
from features.weather import Bulletins
from models.hazard import HORIZON
from parcelcast.errors import DataError
from parcelcast.place import PlaceIndex
from parcelcast.tables import CARRIERS, FACILITIES, ORIGINS, SCANS, SHIPMENTS, WEATHER_DAILY
from pipelines.ingest.storage import load_table
from pipelines.progress import SILENT, Tell

# Not a canonical table: what `features.engine.stages` tells of the scans, which would be most of the memory.
FIRST_SCANS = "first_scans"

# Counts what a history tells, or reads what was counted before.
Count = Callable[[ParcelHistory, Network, Bulletins], Sketches]


@dataclass(frozen=True)
class Counted:
    """All orders with what became of them, and how history is counted."""

    history: ParcelHistory
    network: Network
    count: Callable[[], Sketches]

    @cached_property
    def sketches(self) -> Sketches:
        """The daily counts, made when they are asked for: half of the stages do without."""
        return self.count()


@dataclass(frozen=True)
class Prepared(Counted):
    """The same with each order's features as of its own instant."""

    assembled: Assembled


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read from canonical tables on disk what `prepare` needs; only shipments and origins must be there."""
    others = (CARRIERS, FACILITIES, WEATHER_DAILY)
    needed = (SHIPMENTS, ORIGINS, *(one for one in others if _file(folder, one.name).is_file()))
    tables = {table.name: load_table(folder, table) for table in needed}
    if _file(folder, SCANS.name).is_file():
        tables[FIRST_SCANS] = read_first_scans(_file(folder, SCANS.name))
    return tables


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def count_in_memory(history: ParcelHistory, network: Network, weather: Bulletins) -> Sketches:
    """Count all that is recorded."""
    return build_sketches(history, network, last_known_day(history), weather)


def prepare(
    tables: Mapping[str, pd.DataFrame], places: PlaceIndex, tell: Tell = SILENT, count: Count = count_in_memory
) -> Prepared:
    """Build histories and features of the outgoing parcels; tables as of `read_tables`, some may be absent."""
    told = counted(tables, places, tell, count)
    tell("counting history")
    sketches = told.sketches
    tell("building features")
    assembled = assemble(told.history.orders, sketches.rolling(), HORIZON)
    return Prepared(told.history, told.network, lambda: sketches, assembled)


def counted(
    tables: Mapping[str, pd.DataFrame], places: PlaceIndex, tell: Tell = SILENT, count: Count = count_in_memory
) -> Counted:
    """Read the outgoing parcels, whose history is counted when it is asked for."""
    shipments = tables["shipments"]
    if shipments["is_return"].fillna(value=False).all():
        raise DataError("no parcel goes to a shopper", file="shipments", remedy="ingest the shop's outgoing parcels")
    tell(f"reading {len(shipments):,} shipments")
    network = network_of(tables, places)
    if "carriers" not in tables:
        network = replace(network, carriers=carriers_of(shipments))
    history = parcel_history(shipments, network, tables.get(FIRST_SCANS))
    hubs = hub_regions(tables["facilities"], places) if "facilities" in tables else {}
    weather = tables.get("weather_daily")
    return Counted(history, network, lambda: count(history, network, bulletins_of(weather, hubs)))


def last_known_day(history: ParcelHistory) -> int:
    """Return the last UTC day of which anything is recorded."""
    known = (history.orders.known_day, history.dispatched_known, history.delivered_known)
    return max(int(days.max()) for days in known)
