"""A store of daily tables that a shop keeps: brought up to date with its files, and read in place of counting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.engine.choice import EngineParameters, engine_of
from features.engine.daily import Batch, build
from features.engine.engines import Engine
from features.engine.parcels import SCANS as SCANS_READ
from features.engine.parcels import SHIPMENTS as SHIPMENTS_READ
from features.engine.reading import read_sketches
from features.engine.repeats import repeated_shipments
from features.engine.store import FOLDERS, read_manifest
from features.lanes import lane_keys
from features.network import network_of
from features.orders import day_of
from features.sketches import UNKNOWN
from features.table import Network, ParcelHistory, Sketches
from features.weather import Bulletins
from parcelcast.errors import DataError, InputError
from parcelcast.place import PlaceIndex
from parcelcast.tables import CARRIERS, ORIGINS, SCANS, SHIPMENTS, Table
from pipelines.ingest.storage import arrow_schema, load_table
from pipelines.preparation import Count, last_known_day
from pipelines.progress import SILENT, Tell

_CANONICAL = "write it as the canonical table of that name (parcelcast/tables.py), which ./run ingest does"
# The families that come from scans.
_FROM_SCANS = "depot"


@dataclass(frozen=True)
class Addition:
    """Parquet files in the form of the canonical tables, to be added to a store.

    `until` is the last UTC day to count, by default that of the last record, which must not lie after `today`.
    `network` is the folder of the canonical tables origins and, where there is one, carriers.
    """

    shipments: Sequence[Path]
    scans: Sequence[Path]
    network: Path
    until: int | None = None
    today: int | None = None


def add_to_store(
    store: Path, given: Addition, places: PlaceIndex, parameters: EngineParameters, tell: Tell = SILENT
) -> str:
    """Bring a store up to date with files, or begin it with them; return in words what was counted.

    DataError where a file is no such table, or tells of a shipment twice; InputError where scans come to a store that
    was begun without, the folder is none of a store and holds something else, or a record is of a day to come.
    """
    tell("looking at the files")
    rows = [
        _checked(given.shipments, SHIPMENTS, SHIPMENTS_READ),
        _checked(given.scans, SCANS, SCANS_READ),
    ]
    before = read_manifest(store)
    if before is None and (others := _others_in(store)):
        raise InputError(f"{store} is no store and holds {others[0]}; expected a store, or a new or empty folder")
    if given.scans and before and _FROM_SCANS not in before.families:
        raise InputError(f"{store} was begun without scans and counts none; leave them out, or begin another store")
    engine = engine_of(parameters)
    _check_once(given.shipments, engine)
    tables = {"origins": load_table(given.network, ORIGINS), "shipments": _origins_in(given.shipments)}
    if (given.network / f"{CARRIERS.name}.parquet").is_file():
        tables["carriers"] = load_table(given.network, CARRIERS)
    network = network_of(tables, places)
    tell(f"counting {rows[0]:,} shipments and {rows[1]:,} scans")
    # A store that has counted scans goes on with days that bring none.
    batch = Batch(list(given.shipments), list(given.scans) or None, given.until, given.today)
    days = build(store, batch, network, engine)
    return _told(store, days, before.until if before else None)


def counts_of(store: Path) -> Count:
    """Return what reads the counts of a store instead of counting.

    InputError where there is none, and where the store does not tell of all that the history does: of its last day, its
    scans, its lanes.
    """
    manifest = read_manifest(store)
    if manifest is None:
        raise InputError(f"{store} is no store; expected one that ./run featurize days keeps")

    def read(history: ParcelHistory, network: Network, weather: Bulletins) -> Sketches:
        last = last_known_day(history)
        if manifest.until < last:
            raise InputError(
                f"{store} tells of days until {day_of(manifest.until)}, the tables until {day_of(last)}; "
                "add the days between: ./run featurize days"
            )
        if _FROM_SCANS not in manifest.families and (history.scanned[_FROM_SCANS][0] != UNKNOWN).any():
            raise InputError(f"{store} was begun without scans, and the tables have some; begin another store")
        sketches = read_sketches(store, network.weekdays, weather)
        begun = np.flatnonzero(np.maximum(history.orders.dispatch_on, history.orders.known_day) <= last)
        lanes = set(lane_keys(history.orders.take(begun))[-1].tolist())
        if unknown := sorted(lanes - set(sketches.lead.levels[-1].keys)):
            raise InputError(
                f"{store} knows nothing of {len(unknown)} lanes of the tables, such as {unknown[0]}; it was built from "
                "other files or with other places: begin another store"
            )
        return sketches

    return read


def _others_in(folder: Path) -> list[str]:
    """Return what a folder holds that no build of a store has left there."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(name for name in names if name not in FOLDERS and not name.startswith("."))


def _checked(files: Sequence[Path], table: Table, read: Mapping[str, str]) -> int:
    """Hold files to the columns of a canonical table that the engine reads; return how many rows they have."""
    expected = arrow_schema(table)
    rows = 0
    for path in files:
        try:
            metadata = pq.read_metadata(path)
        except FileNotFoundError as error:
            raise DataError("there is no such file", file=str(path), remedy="look at its name") from error
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError("this is no Parquet file", file=str(path), remedy=_CANONICAL) from error
        found = metadata.schema.to_arrow_schema()
        for name in read:
            if name not in found.names:
                raise DataError("there is no such column", file=str(path), column=name, remedy=_CANONICAL)
            if found.field(name).type != expected.field(name).type:
                problem = f"its type is {found.field(name).type}; expected {expected.field(name).type}"
                raise DataError(problem, file=str(path), column=name, remedy=_CANONICAL)
        rows += metadata.num_rows
    return rows


def _check_once(files: Sequence[Path], engine: Engine) -> None:
    """Refuse shipments that are told of twice: each would count twice."""
    if twice := repeated_shipments(files, engine):
        raise DataError(
            f"shipments are told of more than once: {', '.join(twice)}",
            file="shipments",
            column="shipment_id",
            remedy="leave only the last row of each, or add the files one after another",
        )


def _origins_in(files: Iterable[Path]) -> pd.DataFrame:
    origins = [pq.read_table(path, columns=["origin_id"])["origin_id"].unique() for path in files]
    return pd.DataFrame({"origin_id": [name for column in origins for name in column.to_pylist()]})


def _told(store: Path, days: Sequence[int], before: int | None) -> str:
    manifest = read_manifest(store)
    assert manifest is not None
    whole = f"{store} tells of {manifest.until - manifest.first + 1} days until {day_of(manifest.until)}"
    if not days:
        return f"nothing new; {whole}"
    again = sum(day <= before for day in days) if before is not None else 0
    span = f"{day_of(days[0])} to {day_of(days[-1])}" if len(days) > 1 else f"{day_of(days[0])}"
    counted = f"{len(days)} {'days' if len(days) > 1 else 'day'} counted ({span})"
    return f"{counted}{f', {again} of them again' if again else ''}; {whole}"
