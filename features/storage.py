"""Features on disk: one Parquet file with the columns of each order, its lane's hazards by age, and its weather."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.assembly import ORDER_COLUMNS, Assembled, column_names, join_features
from features.columns import check_columns
from features.history import Hazards
from features.orders import Orders, Texts
from features.weather import Outlook
from parcelcast.errors import DataError

_ID = "shipment_id"
_LANE = ("lane_hazard", "lane_evidence", "lane_at_risk")
_OUTLOOK = "weather_outlook"
_START = "start_hazard"


def write_features(assembled: Assembled, shipment_id: Texts, path: Path) -> None:
    """Write the features of orders in their order."""
    columns = dict(zip(column_names(ORDER_COLUMNS), map(pa.array, assembled.static.T.copy()), strict=True))
    lists = (
        assembled.lead.hazard,
        assembled.lead.evidence,
        assembled.lead.at_risk,
        assembled.outlook.flat(),
        assembled.start_hazards,
    )
    lanes = {name: _lists(values) for name, values in zip((*_LANE, _OUTLOOK, _START), lists, strict=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({_ID: pa.array(shipment_id.tolist(), pa.string()), **columns, **lanes})
    pq.write_table(table, path, compression="zstd")


def read_features(orders: Orders, shipment_id: Texts, horizon: int, path: Path) -> Assembled:
    """Read the features of these orders; DataError when the file holds others or other columns."""
    table = pq.read_table(path)
    check_columns(
        [name for name in table.column_names if name not in (_ID, *_LANE, _OUTLOOK, _START)], ORDER_COLUMNS, str(path)
    )
    if table[_ID].to_pylist() != shipment_id.tolist():
        raise DataError("made from other orders", file=str(path), remedy="run ./run featurize again")
    static = np.column_stack([table[name].to_numpy() for name in column_names(ORDER_COLUMNS)])
    hazard, evidence, at_risk = (_matrix(table[name], len(orders)) for name in _LANE)
    outlook = Outlook.of_flat(_matrix(table[_OUTLOOK], len(orders)))
    start = _matrix(table[_START], len(orders))
    return join_features(orders, static, Hazards(hazard, evidence, at_risk), outlook, start, horizon)


def _lists(values: NDArray[np.float64]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _matrix(column: pa.ChunkedArray, n: int) -> NDArray[np.float64]:
    flat = column.combine_chunks().flatten().to_numpy()
    return np.asarray(flat.reshape(n, -1))
