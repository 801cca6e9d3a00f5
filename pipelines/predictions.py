"""Predictions as a table: one row per forecast, in the columns that other programs read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.sketches import UNKNOWN
from features.table import ParcelHistory
from models.evaluation import MODEL, Evaluation

POLICY_LEVEL = 0.9  # the default policy's
STEP_HOURS = 24
SCHEMA = pa.schema(
    [
        ("shipment_id", pa.string()),
        ("order_id", pa.string()),
        ("stage", pa.string()),
        ("as_of", pa.timestamp("us", "UTC")),
        ("anchor", pa.date32()),
        ("step_hours", pa.int32()),
        ("cdf", pa.list_(pa.float64())),
        ("promised_on", pa.date32()),
        ("incumbent_promised_on", pa.date32()),
        ("delay_risk", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Said:
    """Forecasts of parcels (rows of a history) as of instants (UTC), told from their anchors (days since 1970-01-01).

    `cdf` has shape (n, HORIZON + 1); `promised` are days after the anchor, -1 where none can be named.
    """

    stage: str
    rows: NDArray[np.intp]
    as_of: NDArray[np.datetime64]
    anchor: NDArray[np.int64]
    cdf: NDArray[np.float64]
    promised: NDArray[np.int64]

    def delay_risk(self, promised_on: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return P(delivered after the day promised to each parcel, or never); NaN where no day was promised."""
        days = promised_on - self.anchor
        by_then = self.cdf[np.arange(len(self.cdf)), np.clip(days, 0, self.cdf.shape[1] - 1)]
        return np.where(promised_on == UNKNOWN, np.nan, np.where(days < 0, 1.0, 1.0 - by_then))


def said_at_order(evaluation: Evaluation, history: ParcelHistory) -> Said:
    """Return the model's forecasts at order time."""
    said, rows = evaluation.forecasts[MODEL], evaluation.rows
    promised = said.promised[POLICY_LEVEL]
    return Said("order", rows, history.ordered_at[rows], evaluation.ordered_on, said.cdf, promised)


def predictions_table(said: Said, history: ParcelHistory) -> pa.Table:
    """Return forecasts as a table.

    `cdf` holds P(delivered on or before `anchor` + k days), k = 0..90; `delay_risk` is P(delivered after the incumbent
    promise), missing where the shop made none.
    """
    rows, anchor = said.rows, said.anchor
    n, steps = said.cdf.shape
    incumbent = history.promised_on[rows]
    cdf = pa.ListArray.from_arrays(np.arange(n + 1, dtype=np.int32) * steps, said.cdf.ravel())
    values = [
        pa.array(history.shipment_id[rows], pa.string()),
        pa.array(history.order_id[rows], pa.string()),
        pa.array([said.stage] * n, pa.string()),
        pa.array(said.as_of.astype("datetime64[us]").astype(np.int64)).cast(SCHEMA.field("as_of").type),
        _dates(anchor, anchor == UNKNOWN),
        pa.array(np.full(n, STEP_HOURS), pa.int32()),
        cdf,
        _dates(anchor + said.promised, said.promised == UNKNOWN),
        _dates(incumbent, incumbent == UNKNOWN),
        pa.array(said.delay_risk(incumbent), mask=incumbent == UNKNOWN),
    ]
    return pa.Table.from_arrays(values, schema=SCHEMA)


def write_predictions(table: pa.Table, path: Path) -> None:
    """Write the table as Parquet."""
    pq.write_table(table, path, compression="zstd")


def _dates(days: NDArray[np.int64], is_missing: NDArray[np.bool_]) -> pa.Array:
    return pa.array(days.astype(np.int32), mask=is_missing).cast(pa.date32())
