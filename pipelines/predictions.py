"""Predictions as a table: one row per forecast order, in the columns that other programs read."""

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


def predictions_table(evaluation: Evaluation, history: ParcelHistory) -> pa.Table:
    """Return the model's forecasts at order time.

    `cdf` holds P(delivered on or before `anchor` + k days), k = 0..90; `delay_risk` is P(delivered after the incumbent
    promise), missing where the shop made none.
    """
    rows, anchor = evaluation.rows, evaluation.ordered_on
    said = evaluation.forecasts[MODEL]
    n, steps = said.cdf.shape
    promised = said.promised[POLICY_LEVEL]
    incumbent = history.promised_on[rows]
    cdf = pa.ListArray.from_arrays(np.arange(n + 1, dtype=np.int32) * steps, said.cdf.ravel())
    values = [
        pa.array(history.shipment_id[rows], pa.string()),
        pa.array(history.order_id[rows], pa.string()),
        pa.array(["order"] * n, pa.string()),
        pa.array(history.ordered_at[rows].astype("datetime64[us]").astype(np.int64)).cast(SCHEMA.field("as_of").type),
        _dates(anchor, anchor == UNKNOWN),
        pa.array(np.full(n, STEP_HOURS), pa.int32()),
        cdf,
        _dates(anchor + promised, promised == UNKNOWN),
        _dates(incumbent, incumbent == UNKNOWN),
        pa.array(_risk(said.cdf, incumbent - anchor), mask=incumbent == UNKNOWN),
    ]
    return pa.Table.from_arrays(values, schema=SCHEMA)


def write_predictions(table: pa.Table, path: Path) -> None:
    """Write the table as Parquet."""
    pq.write_table(table, path, compression="zstd")


def _risk(cdf: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.float64]:
    """P(delivered more than so many days after the order); certain before the order."""
    by_then = cdf[np.arange(len(cdf)), np.clip(days, 0, cdf.shape[1] - 1)]
    return np.where(days < 0, 1.0, 1.0 - by_then)


def _dates(days: NDArray[np.int64], is_missing: NDArray[np.bool_]) -> pa.Array:
    return pa.array(days.astype(np.int32), mask=is_missing).cast(pa.date32())
