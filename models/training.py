"""Training as of a day: fit, calibrate on later orders, then fit again on everything that was known."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled
from features.orders import Floats
from features.table import ParcelHistory
from models.calibration import BetaMap, fit_beta_map
from models.correction import Balance, balance
from models.dependence import shared_fate
from models.hazard import HORIZON, HazardModel, HazardParameters, Outcomes, fit_hazard
from models.metrics import pit
from parcelcast.errors import InputError

Tell = Callable[[str, float], None]  # what is being done, and the share of it that is done
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class TrainParameters(HazardParameters):
    """Section train of params.yaml: the booster's parameters and the days kept back for calibration."""

    calibration_days: int = 60


@dataclass(frozen=True)
class Trained:
    """A model and what goes with it. Days are numbers since 1970-01-01; all windows end before their last day.

    The calibration map and `shared_fate` were fitted on orders of [`calibrated_from`, `as_of`) by a model that saw
    only what was known before `calibrated_from`. The boosters were then fitted on all orders of [`first`, `as_of`).
    """

    model: HazardModel
    calibration: BetaMap
    shared_fate: float
    first: int
    calibrated_from: int
    as_of: int


def train(
    history: ParcelHistory, assembled: Assembled, as_of: int, parameters: TrainParameters, tell: Tell = lambda *_: None
) -> Trained:
    """Train on the orders before UTC day `as_of`, with the deliveries that were recorded before it."""
    from_day = as_of - parameters.calibration_days
    earlier, later = orders_between(history, None, from_day), orders_between(history, from_day, as_of)
    if len(earlier) == 0:
        raise InputError(
            f"no order is older than the {parameters.calibration_days} days kept back for calibration; "
            "expected a longer history, or train.calibration_days smaller"
        )
    first_model = _fit(history, assembled, earlier, from_day, parameters, tell, "fit for calibration")
    recent = orders_between(history, from_day - HORIZON, as_of)
    cdf = forecast(first_model, BetaMap(), history, assembled, recent, as_of)[np.isin(recent, later)]
    known = outcomes(history, later, as_of)
    calibration = fit_beta_map(cdf, known)
    fate = _shared_fate(calibration.apply(cdf), known, history, later)
    everything = orders_between(history, None, as_of)
    model = _fit(history, assembled, everything, as_of, parameters, tell, "fit")
    return Trained(model, calibration, fate, int(history.orders.known_day.min()), from_day, as_of)


def forecast(
    model: HazardModel, calibration: BetaMap, history: ParcelHistory, assembled: Assembled, rows: Rows, until: int
) -> Floats:
    """Return the CDFs of orders `rows`, each with the correction and history of its own day, shape (rows, H+1).

    `rows` should begin a horizon before the first forecast of interest, because the correction looks back; nothing
    recorded after UTC day `until` is read.
    """
    part = assembled.take(rows)
    orders = part.orders
    plain = model.cdf(part, np.zeros(len(rows)))
    return calibration.apply(model.cdf(part, online_balance(plain, history, rows, until).shift(orders.known_day)))


def online_balance(plain: Floats, history: ParcelHistory, rows: Rows, until: int) -> Balance:
    """Return the balance of recorded and expected deliveries of orders whose uncorrected CDFs are `plain`."""
    is_known = history.delivered_known[rows] >= 0
    recorded = np.where(is_known, np.maximum(history.delivered_known[rows], history.delivered_on[rows]), -1)
    return balance(plain, history.orders.ordered_on[rows], recorded, until)


def orders_between(history: ParcelHistory, start: int | None, end: int) -> Rows:
    """Return the rows ordered on a UTC day from `start` to before `end`, without cancelled and lost ones."""
    day = history.orders.known_day
    return np.flatnonzero((day < end) & (day >= (start or day.min())) & ~history.ended_otherwise)


def outcomes(history: ParcelHistory, rows: Rows, as_of: int) -> Outcomes:
    """Return what was known of these orders at the start of UTC day `as_of`."""
    lead = history.lead_days[rows]
    is_known = (lead >= 0) & (history.delivered_known[rows] < as_of)
    return Outcomes(np.where(is_known, lead, -1), as_of - 1 - history.orders.ordered_on[rows])


def _fit(
    history: ParcelHistory,
    assembled: Assembled,
    rows: Rows,
    as_of: int,
    parameters: TrainParameters,
    tell: Tell,
    what: str,
) -> HazardModel:
    done = 0

    def count(_: lightgbm.callback.CallbackEnv) -> None:
        nonlocal done
        done += 1
        tell(what, done / (2 * parameters.rounds))

    return fit_hazard(assembled.take(rows), outcomes(history, rows, as_of), parameters, [count])


def _shared_fate(cdf: Floats, known: Outcomes, history: ParcelHistory, rows: Rows) -> float:
    """Estimate the dependence on parcels old enough that the horizon's usual fate is known."""
    done = known.lead_days >= 0
    orders = history.orders.take(rows[done])
    groups = list(zip(orders.origin_id, orders.carrier, orders.dispatch_on, strict=True))
    uniform = np.random.default_rng(0).uniform(size=int(done.sum()))
    return shared_fate(pit(cdf[done], known.lead_days[done], uniform), groups)
