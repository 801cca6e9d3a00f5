"""Training the model of parcels right after their handover: each counts as ordered there and then."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.landmarks import AssembledLandmarks
from features.sketches import UNKNOWN
from features.table import ParcelHistory
from models.living.handover import HandoverModel
from models.training import Tell, TrainParameters, orders_between, outcomes, train

Rows = NDArray[np.intp]

# With fewer deliveries before those that it is calibrated on there is no such model.
_FEWEST = 500


def train_at_handover(
    history: ParcelHistory,
    row: Rows,
    assembled: AssembledLandmarks,
    as_of: int,
    parameters: TrainParameters,
    tell: Tell = lambda *_: None,
) -> HandoverModel | None:
    """Fit and calibrate as of UTC day `as_of` on parcels right after their handover; None where they are too few.

    `row` are the parcels' rows in the history, `assembled` their features, in the order of their instants.
    """
    mine = np.flatnonzero(assembled.at_handover)
    if len(mine) < _FEWEST:  # of files that tell of handovers a day later, none is
        return None
    there = assembled.take(mine).back_at_handover()
    handed_over = _as_orders(history, row[mine], there)
    from_day = as_of - parameters.calibration_days
    before = orders_between(handed_over, None, from_day)
    if (outcomes(handed_over, before, from_day).lead_days >= 0).sum() < _FEWEST:
        return None
    trained = train(handed_over, there, as_of, parameters, tell)
    return HandoverModel(trained.model, trained.calibration)


def _as_orders(history: ParcelHistory, row: Rows, there: AssembledLandmarks) -> ParcelHistory:
    """Return the history of these parcels as if each had been ordered when it was handed over.

    Parcels that are lost or go back stay at risk, as in `models.living.training.living_outcomes`.
    """
    days = ("promised_on", "dispatched_on", "dispatched_known", "delivered_on", "delivered_known")
    texts = ("shipment_id", "order_id", "ordered_at", "destination_zone")
    first, other = (visit.take(row) for visit in history.visits)
    return replace(
        history,
        orders=there.orders,
        ended_known=np.full(len(row), UNKNOWN),
        scanned={name: (on[row], known[row]) for name, (on, known) in history.scanned.items()},
        visits=(first, other),
        **{name: getattr(history, name)[row] for name in (*texts, *days)},
    )
