"""Forecasts of journeys as a table, in the columns that the other backtests write, with steps of one hour.

The data have no calendar, so every leg is told as if it had begun at `EPOCH`: `as_of` and `anchor` are the moment of
the milestone, and `promised_on` and `incumbent_promised_on` are instants too. Step k is the hour from `anchor` + k h to
`anchor` + (k + 1) h, its end included: `cdf[k]` = P(delivered within k + 1 hours), k = 0..719.
"""

import numpy as np
import pyarrow as pa

from models.journeys.grid import HORIZON_HOURS, hourly, quantile
from models.journeys.legs import MILESTONES, Floats, Landmarks
from models.journeys.model import delay_risk

EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
STEP_HOURS = 1
POLICY_LEVEL = 0.9  # the default policy's
_INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("shipment_id", pa.string()),
        ("order_id", pa.string()),
        ("stage", pa.string()),
        ("as_of", _INSTANT),
        ("anchor", _INSTANT),
        ("step_hours", pa.int32()),
        ("cdf", pa.list_(pa.float64())),
        ("promised_on", _INSTANT),
        ("incumbent_promised_on", _INSTANT),
        ("delay_risk", pa.float64()),
        ("leg", pa.string()),
        ("remaining_hours", pa.float64()),
    ]
)
_DIGITS = 6


def journey_predictions(landmarks: Landmarks, cdf: Floats) -> pa.Table:
    """Return one row per forecast; `cdf` is on the grid of `models.journeys.grid`.

    `shipment_id` is the id of the leg, `order_id` that of its process, `incumbent_promised_on` the planned total, and
    `delay_risk` the probability to exceed it. `leg` is i1, i2, i3 or o, and `remaining_hours` the median.
    """
    legs, row = landmarks.legs, landmarks.row
    fine = np.round(hourly(cdf), _DIGITS)
    promised = quantile(cdf, POLICY_LEVEL)
    now = _instants(landmarks.elapsed)
    values = [
        pa.array(legs.leg_id[row], pa.string()),
        pa.array(legs.process_id[row], pa.string()),
        pa.array([f"scan:{MILESTONES[number]}" for number in landmarks.milestone], pa.string()),
        now,
        now,
        pa.array(np.full(len(row), STEP_HOURS), pa.int32()),
        pa.ListArray.from_arrays(np.arange(len(row) + 1, dtype=np.int32) * HORIZON_HOURS, fine.ravel()),
        _instants(landmarks.elapsed + promised, promised >= HORIZON_HOURS),
        _instants(legs.planned_total[row]),
        pa.array(np.round(delay_risk(cdf, landmarks), _DIGITS)),
        pa.array(legs.kind[row], pa.string()),
        pa.array(np.round(quantile(cdf, 0.5), 3)),
    ]
    return pa.Table.from_arrays(values, schema=SCHEMA)


def _instants(hours: Floats, is_missing: np.ndarray | None = None) -> pa.Array:
    micros = np.rint(hours * 3600.0).astype(np.int64) * 1_000_000 + EPOCH.astype(np.int64)
    return pa.array(micros, mask=is_missing).cast(_INSTANT)
