"""Forecasts at the handover to the carrier: every parcel of a history has one, whether or not its carrier scans."""

import numpy as np
from numpy.typing import NDArray

from features.sketches import UNKNOWN
from features.table import ParcelHistory
from models.correction import REACH, Balance
from models.hazard import HORIZON
from models.living.model import LivingModel
from models.living.training import Landmarks
from models.metrics import average_precision, crps, is_covered, quantile_days
from models.promising import promised_days
from models.training import balance_of, thinned
from pipelines.living.feed import Feed, Rows
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import TICK, Chosen
from pipelines.predictions import POLICY_LEVEL, Said
from pipelines.preparation import Counted, Prepared

STAGE = "handover"


def handovers(prepared: Counted, feed: Feed, rows: Rows) -> Landmarks:
    """Return the landmarks right after the handover was known, of those of these parcels that were handed over."""
    mine = rows[~np.isnat(feed.dispatched[rows])]
    chosen = Chosen(mine, feed.dispatched_recorded[mine] + TICK)
    return Landmarks(mine, landmarks_of(prepared.history, feed, chosen, prepared.sketches.rolling()))


def recent_living_balance(living: LivingModel, prepared: Counted, feed: Feed, start: int, end: int) -> Balance:
    """Return deliveries recorded and expected after handovers, from which the correction of UTC days follows.

    The correction of days from `start` to before `end` looks at what was recorded before each.
    """
    known = prepared.history.dispatched_known
    rows = thinned(np.flatnonzero((known >= start - REACH) & (known < end)))
    if len(rows) == 0:
        return Balance(end, np.zeros(1), np.zeros(1))
    recent = handovers(prepared, feed, rows)
    plain = living.uncalibrated().cdf(recent.assembled)
    return balance_of(plain, prepared.history, recent.row, recent.assembled.orders.ordered_on, end)


def forecast_handovers(living: LivingModel, prepared: Prepared, feed: Feed, rows: Rows) -> Said:
    """Forecast parcels at their handover, each with the features and the online correction of that day."""
    if np.isnat(feed.dispatched[rows]).all():
        nothing = np.empty(0, dtype=np.int64)
        return Said(STAGE, nothing, nothing.astype("datetime64[us]"), nothing, np.empty((0, HORIZON + 1)), nothing)
    now = handovers(prepared, feed, rows)
    known_day = now.assembled.orders.known_day
    first, last = int(known_day.min()), int(known_day.max())
    shift = recent_living_balance(living, prepared, feed, first, last + 1).shift(known_day)
    cdf = living.cdf(now.assembled, shift)
    promised = promised_days(cdf, now.assembled, POLICY_LEVEL)
    as_of = feed.dispatched_recorded[now.row]
    return Said(STAGE, now.row, as_of, now.assembled.orders.ordered_on, cdf, promised)


def stage_scores(at_order: Said, later: Said, history: ParcelHistory) -> dict[str, dict[str, float | None]]:
    """Return the scores of both stages on the same delivered parcels, those that were forecast at both."""
    place = {row: number for number, row in enumerate(at_order.rows.tolist())}
    delivered = history.delivered_on[later.rows] != UNKNOWN
    same = np.array([place[row] for row in later.rows[delivered].tolist()], dtype=np.intp)
    return {
        one.stage: _scores(one, rows, history) for one, rows in ((at_order, same), (later, np.flatnonzero(delivered)))
    }


def _scores(said: Said, rows: NDArray[np.intp], history: ParcelHistory) -> dict[str, float | None]:
    if len(rows) == 0:
        return {"parcels": 0}
    parcels, cdf, anchor = said.rows[rows], said.cdf[rows], said.anchor[rows]
    lead = np.maximum(history.delivered_on[parcels] - anchor, 0)
    promised_on = history.promised_on[parcels]
    risk, late = said.delay_risk(history.promised_on[said.rows])[rows], history.delivered_on[parcels] > promised_on
    asked = promised_on != UNKNOWN
    median = anchor + quantile_days(cdf, 0.5)
    return {
        "parcels": len(rows),
        "crps_days": float(crps(cdf, lead).mean()),
        "mae_median_days": float(np.abs(median - history.delivered_on[parcels]).mean()),
        "coverage_90": float(is_covered(cdf, lead, 0.9).mean()),
        "late_share": float(late[asked].mean()) if asked.any() else None,
        "delay_average_precision": average_precision(late[asked], risk[asked]),
    }
