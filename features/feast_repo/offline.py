"""The feature store's rows on disk: for each publish day one Parquet file per view, with the rows that are new.

`event_timestamp` is the start of the UTC day as of which a row tells, `created` when it was written. Of rows with the
same key and day the one created last holds. Files are never changed.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.feast_repo.views import View, differing, is_told
from features.orders import day_of, epoch_day

EVENT, CREATED = "event_timestamp", "created"
_INSTANT = pa.timestamp("us", tz="UTC")
_DAY_US = 86_400_000_000
_STAMP = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True)
class Known:
    """The rows of a view that hold at the start of a day, ordered by key, and the UTC day of each."""

    rows: pa.Table
    days: NDArray[np.int64]


class Offline:
    """The Parquet files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, view: View) -> Path:
        """Return where the files of a view are."""
        return self._folder / view.table

    def known(self, view: View, day: int) -> Known:
        """Return the rows that hold at the start of UTC day `day`; the clock of the writer does not matter."""
        tables = [pq.read_table(path) for path in self._files(view, day)]
        table = pa.concat_tables([*tables, _schema(view).empty_table()])
        instants = {name: table[name].cast(pa.int64()).to_numpy() for name in (EVENT, CREATED)}
        frame = pd.DataFrame({view.key: table[view.key].to_pandas(), **instants})
        last = frame.sort_values([view.key, EVENT, CREATED], kind="stable").drop_duplicates(view.key, keep="last")
        rows = table.take(last.index.to_numpy()).select([view.key, *view.features])
        return Known(rows.combine_chunks(), last[EVENT].to_numpy() // _DAY_US)

    def write(self, view: View, day: int, rows: pa.Table, created: datetime) -> int:
        """Write those rows as of UTC day `day` that the table does not tell yet; return how many there were.

        A key that is not among `rows` and had something to tell gets a row with empty arrays. Should the clock have
        gone back, `created` is set right after the last one of that day.
        """
        fresh = _fresh(view, self.known(view, day).rows, rows)
        folder = self.folder(view)
        written = sorted(folder.glob(f"{day_of(day)}.*.parquet"))
        if len(fresh) or not any(folder.glob("*.parquet")):  # Feast wants to find a table, be it empty
            folder.mkdir(parents=True, exist_ok=True)
            if written:
                created = max(created, _created(written[-1]) + timedelta(microseconds=1))
            path = folder / f"{day_of(day)}.{created.astimezone(UTC):{_STAMP}}.parquet"
            draft = path.with_suffix(".draft")
            pq.write_table(stamped(fresh, view, day, created), draft, compression="zstd")
            draft.replace(path)
        return len(fresh)

    def _files(self, view: View, day: int) -> list[Path]:
        """Return the files of the days whose rows may still hold."""
        days = {path: epoch_day(date.fromisoformat(path.name[:10])) for path in self.folder(view).glob("*.parquet")}
        return sorted(path for path, its_day in days.items() if day - view.days < its_day <= day)


def stamped(rows: pa.Table, view: View, day: int, created: datetime) -> pa.Table:
    """Return rows with the two instants that Feast wants."""
    instants = (start_of(day), created.astimezone(UTC))
    columns = [pa.array([instant] * len(rows), _INSTANT) for instant in instants]
    return pa.table([*rows.columns, *columns], schema=_schema(view))


def start_of(day: int) -> datetime:
    """Return the first instant of a UTC day."""
    return datetime.combine(day_of(day), time(), UTC)


def validity(view: View) -> timedelta:
    """Return how long after its `event_timestamp` a row may hold: Feast's TTL.

    That is one instant too long, the first of the day after. Feast's DuckDB store cannot take days and seconds at once.
    """
    return timedelta(days=view.days)


def _created(path: Path) -> datetime:
    return datetime.strptime(path.stem.partition(".")[2], _STAMP).replace(tzinfo=UTC)


def _schema(view: View) -> pa.Schema:
    arrays = [(name, pa.list_(view.type)) for name in view.features]
    return pa.schema([(view.key, pa.string()), *arrays, (EVENT, _INSTANT), (CREATED, _INSTANT)])


def _fresh(view: View, known: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the rows that are new or differ from the known ones, and empty ones for keys that have gone."""
    here = pd.Index(rows[view.key].to_pandas())
    there = pd.Index(known[view.key].to_pandas())
    found = there.get_indexer(here)
    old = np.flatnonzero(found >= 0)
    is_fresh = found < 0
    is_fresh[old] = differing(rows.take(old), known.take(found[old]))
    gone = known[view.key].filter(is_told(known) & (here.get_indexer(there) < 0))
    nothing = [pa.array([[]] * len(gone), pa.list_(view.type)) for _ in view.features]
    return pa.concat_tables([rows.filter(is_fresh), pa.table([gone, *nothing], names=rows.column_names)])
