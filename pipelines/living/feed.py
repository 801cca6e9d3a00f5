"""What was reported of the parcels of a history, in the order in which it became known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.frames import floats, texts, utc_instants
from features.table import ParcelHistory
from parcelcast.scan import CODES
from parcelcast.tables import SCANS
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.scan import Scan
from pipelines.living.peers import COLUMNS, PastPeers

Instants = NDArray[np.datetime64]
Rows = NDArray[np.intp]

# Few values each: kept as codes, the scans of a year fit into memory.
_TEXTS = ("shipment_id", "code", "reason", "party", "facility_id", "country", "raw_code", "carrier")
_INSTANTS = ("occurred_at", "recorded_at")
_NUMBERS = ("utc_offset_min", "leg")
_READ = (*_TEXTS, *_INSTANTS, *_NUMBERS)
_OTHERS = ("utc_offset_min", "reason", "party", "facility_id", "country", "raw_code", "leg")
ORDERED, HANDED_OVER, ADMITTED = range(len(CODES), len(CODES) + 3)
NO_SCAN = -1


def read_scans(folder: Path) -> pd.DataFrame | None:
    """Read of the canonical scans in a folder what `feed_of` needs; None where there are none."""
    path = folder / f"{SCANS.name}.parquet"
    if not path.is_file():
        return None
    table = pq.read_table(path, columns=list(_READ), read_dictionary=list(_TEXTS))
    frame: pd.DataFrame = table.to_pandas()
    return frame


@dataclass(frozen=True)
class Feed:
    """News of the parcels of a history, one element each, sorted by parcel and then by the instant of its record.

    `row` is the parcel's row in the history, `recorded` UTC, `code` the number of the scan's code in
    `parcelcast.scan.CODES`, ADMITTED for an exception by which the carrier admits a loss, or ORDERED or HANDED_OVER for
    what the shop itself knows; `scan` is the row in `scans`, or NO_SCAN. `closed` has an
    element for each parcel: when we learned that there is nothing more to forecast, NaT while there is.
    """

    row: Rows
    recorded: Instants
    code: NDArray[np.int64]
    scan: NDArray[np.int64]
    closed: Instants
    dispatched: Instants
    dispatched_recorded: Instants
    carrier: NDArray[np.object_]
    shipment_id: NDArray[np.object_]
    scans: pd.DataFrame | None

    @cached_property
    def peers(self) -> PastPeers | None:
        """All scans, counted for parcels that are compared with others; None where there are none."""
        return self._peers(np.flatnonzero(self.scan != NO_SCAN))

    def peers_before(self, instant: np.datetime64) -> PastPeers | None:
        """Count only scans that happened before an instant (UTC)."""
        if self.scans is None:
            return None
        news = np.flatnonzero(self.scan != NO_SCAN)
        happened = np.minimum(utc_instants(self.scans["occurred_at"])[self.scan[news]], self.recorded[news])
        return self._peers(news[happened < instant])

    def _peers(self, news: Rows) -> PastPeers | None:
        if self.scans is None:
            return None
        return PastPeers.of(self.row[news], self.scans[list(COLUMNS)].iloc[self.scan[news]])

    def reports(self, rows: Rows) -> dict[int, list[Scan]]:
        """Return all that was ever reported of these parcels, by their rows."""
        chosen = np.isin(self.row, rows)
        told: dict[int, list[Scan]] = {int(row): [] for row in rows.tolist()}
        news = np.flatnonzero(chosen & (self.code == HANDED_OVER))
        for row in self.row[news].tolist():
            at, known = (_aware(one[row]) for one in (self.dispatched, self.dispatched_recorded))
            told[row].append(handover_report(self.carrier[row], self.shipment_id[row], at, known))
        scanned = np.flatnonzero(chosen & (self.scan != NO_SCAN))
        if len(scanned) and self.scans is not None:
            for row, scan in zip(self.row[scanned].tolist(), _scans(self.scans, self.scan[scanned]), strict=True):
                told[row].append(scan)
        return told


def feed_of(history: ParcelHistory, shipments: pd.DataFrame, scans: pd.DataFrame | None) -> Feed:
    """Return the news of a history from its canonical shipments and scans (as `read_scans` reads them)."""
    frame = shipments.set_index("shipment_id").loc[history.shipment_id.tolist()]
    dispatched, delivered = utc_instants(frame["dispatched_at"]), utc_instants(frame["delivered_at"])
    dispatched_recorded = utc_instants(frame["dispatched_recorded_at"].fillna(frame["dispatched_at"]))
    delivered_recorded = utc_instants(frame["delivered_recorded_at"].fillna(frame["delivered_at"]))
    is_over = frame["status"].isin(["cancelled", "returned"]).to_numpy(dtype=bool) & np.isnat(delivered)
    ended = utc_instants(frame["ended_at"].fillna(frame["ordered_at"]))
    closed = np.where(is_over, ended, np.where(np.isnat(delivered), np.datetime64("NaT"), delivered_recorded))
    everyone, handed = np.arange(len(history)), np.flatnonzero(~np.isnat(dispatched))
    parts = [
        (everyone, history.ordered_at.astype("datetime64[us]"), ORDERED, NO_SCAN),
        (handed, dispatched_recorded[handed], HANDED_OVER, NO_SCAN),
    ]
    row, recorded, code, scan = _joined(parts, _scan_news(history, scans))
    order = np.lexsort((recorded, row))
    return Feed(
        row[order],
        recorded[order],
        code[order],
        scan[order],
        closed.astype("datetime64[us]"),
        dispatched,
        dispatched_recorded,
        texts(frame["carrier"]),
        history.shipment_id,
        scans,
    )


def _scan_news(history: ParcelHistory, scans: pd.DataFrame | None) -> tuple[Rows, Instants, NDArray[np.int64], Rows]:
    """Return parcel, instant of the record, code and row of each scan of a parcel of the history."""
    if scans is None:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing.astype("datetime64[us]"), nothing, nothing
    row = _numbers(scans["shipment_id"], {one: row for row, one in enumerate(history.shipment_id.tolist())})
    code = _numbers(scans["code"], {one: number for number, one in enumerate(CODES)})
    is_lost = _numbers(scans["reason"], {"lost": 1}) == 1
    code[is_lost & (code == CODES.index("exception"))] = ADMITTED
    ours = np.flatnonzero(row >= 0)
    return row[ours], utc_instants(scans["recorded_at"])[ours], code[ours], ours


def _numbers(column: pd.Series, number_of: Mapping[str, int]) -> NDArray[np.int64]:
    """Return the number of each text, -1 where it has none; each distinct text is looked up once."""
    column = column.astype("category")
    found = [number_of.get(one, -1) for one in column.cat.categories]
    return np.array([*found, -1], dtype=np.int64)[column.cat.codes.to_numpy()]


def _joined(
    parts: Sequence[tuple[Rows, Instants, int, int]], scans: tuple[Rows, Instants, NDArray[np.int64], Rows]
) -> tuple[Rows, Instants, NDArray[np.int64], NDArray[np.int64]]:
    rows = np.concatenate([*(one[0] for one in parts), scans[0]])
    recorded = np.concatenate([*(one[1] for one in parts), scans[1]])
    code = np.concatenate([*(np.full(len(one[0]), one[2]) for one in parts), scans[2]])
    scan = np.concatenate([*(np.full(len(one[0]), one[3]) for one in parts), scans[3]])
    return rows, recorded, code, scan


def _aware(instant: np.datetime64) -> datetime:
    at: datetime = instant.astype(object)
    return at.replace(tzinfo=UTC)


def _scans(frame: pd.DataFrame, rows: NDArray[np.int64]) -> list[Scan]:
    """Return rows of canonical scans as scans."""
    part = frame.iloc[rows]
    texts_of = {name: [one or None for one in texts(part[name].astype(object)).tolist()] for name in _TEXTS}
    numbers = {name: [None if isnan(one) else int(one) for one in floats(part[name]).tolist()] for name in _NUMBERS}
    columns = texts_of | numbers | {name: [_aware(one) for one in utc_instants(part[name])] for name in _INSTANTS}
    return [
        Scan(
            told["carrier"] or "",
            told["shipment_id"],
            told["code"],
            told["occurred_at"],
            told["recorded_at"],
            **{name: told[name] for name in _OTHERS},
        )
        for told in (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    ]
