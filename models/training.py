"""Training as of a day: fit, calibrate on later orders, then fit again on everything that was known."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled
from features.orders import Floats
from features.table import ParcelHistory
from models.blend import Blend, best_share
from models.calibration import BetaMap, fit_beta_map
from models.correction import REACH, Balance, balance
from models.dependence import shared_fate
from models.hazard import BOOSTERS, HazardModel, HazardParameters, Outcomes, fit_hazard
from models.location import ERROR_DAYS, fit_location
from models.metrics import pit
from parcelcast.errors import InputError

Tell = Callable[[str, float], None]  # what is being done, and the share of it that is done
Rows = NDArray[np.intp]

MOST_COMPARED = 20_000
# What was best in the validation windows on the whole (docs/adr/0011). What was best in the last two months tells of
# one regime, and counts half.
_USUAL_SHARE = 0.4
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class TrainParameters(HazardParameters):
    """Section train of params.yaml: the booster's parameters, the days kept back for calibration, the most orders.

    Of a longer history the newest `most_orders` are learned from: the lanes' own history is kept in the sketches, and
    older orders weigh little (`half_life_days`).
    """

    calibration_days: int = 60
    most_orders: int = 100_000


@dataclass(frozen=True)
class Fitted:
    """Two models, not calibrated yet, and their two opinions not yet in proportion.

    Days are numbers since 1970-01-01; all windows end before their last day. `earlier` saw only what was known before
    `calibrated_from`: its forecasts of the orders of [`calibrated_from`, `as_of`) tell how the map must be. `model` was
    fitted on the orders of [`first`, `as_of`).
    """

    earlier: Blend
    model: Blend
    first: int
    calibrated_from: int
    as_of: int


@dataclass(frozen=True)
class Trained:
    """A model, the map fitted on orders later than its `earlier` twin saw, and the dependence of parcels."""

    model: Blend
    calibration: BetaMap
    shared_fate: float
    first: int
    calibrated_from: int
    as_of: int


def train(
    history: ParcelHistory, assembled: Assembled, as_of: int, parameters: TrainParameters, tell: Tell = lambda *_: None
) -> Trained:
    """Fit and calibrate as of UTC day `as_of`: nothing recorded on it or later is seen."""
    return calibrate(fit(history, assembled, as_of, parameters, tell), history, assembled)


def fit(
    history: ParcelHistory, assembled: Assembled, as_of: int, parameters: TrainParameters, tell: Tell = lambda *_: None
) -> Fitted:
    """Fit on the orders before UTC day `as_of`, with the deliveries that were recorded before it."""
    from_day = as_of - parameters.calibration_days
    if len(orders_between(history, None, from_day)) == 0:
        raise InputError(
            f"no order is older than the {parameters.calibration_days} days kept back for calibration; "
            "expected a longer history, or train.calibration_days smaller"
        )
    earlier = _fit(history, assembled, from_day, parameters, tell, "fitting, for calibration")
    model = _fit(history, assembled, as_of, parameters, tell, "fitting")
    return Fitted(earlier, model, int(history.orders.known_day.min()), from_day, as_of)


def calibrate(fitted: Fitted, history: ParcelHistory, assembled: Assembled) -> Trained:
    """Compare the earlier model's forecasts with what was known of later orders at `as_of`."""
    later = thinned(orders_between(history, fitted.calibrated_from, fitted.as_of))
    known = outcomes(history, later, fitted.as_of)
    share = _share(fitted, history, assembled, later, known)
    cdf = _corrected(fitted.earlier.with_share(share), fitted, history, assembled, later)
    calibration = fit_beta_map(cdf, known)
    fate = _shared_fate(calibration.apply(cdf), known, history, later)
    return Trained(
        fitted.model.with_share(share), calibration, fate, fitted.first, fitted.calibrated_from, fitted.as_of
    )


def _share(fitted: Fitted, history: ParcelHistory, assembled: Assembled, later: Rows, known: Outcomes) -> float:
    """Return the location model's share: half the usual one, half the best of the earlier model on these orders."""
    if fitted.earlier.location is None:
        return 0.0
    hazard, location = (
        _corrected(fitted.earlier.with_share(share), fitted, history, assembled, later) for share in (0.0, 1.0)
    )
    return (_USUAL_SHARE + best_share(hazard, location, known)) / 2.0


def _corrected(model: Blend, fitted: Fitted, history: ParcelHistory, assembled: Assembled, later: Rows) -> Floats:
    """Forecast the orders after `calibrated_from` with the correction of each one's day."""
    found = recent_balance(model, history, assembled, fitted.calibrated_from, fitted.as_of)
    return model.cdf(assembled.take(later), found.shift(history.orders.known_day[later]))


def recent_balance(model: Blend, history: ParcelHistory, assembled: Assembled, start: int, end: int) -> Balance:
    """Return recorded and expected deliveries, from which the correction of UTC days `start` to `end` follows.

    The orders of the days before `end` are forecast without a correction. The correction of a day looks at what was
    recorded before it; nothing recorded on `end` or later is read.
    """
    rows = thinned(orders_between(history, start - REACH, end))
    return balance_of(model, history, rows, assembled.take(rows), end)


def balance_of(
    model: Blend | HazardModel, history: ParcelHistory, rows: Rows, assembled: Assembled, end: int
) -> Balance:
    """Return recorded and expected deliveries of these parcels, forecast without a correction, before UTC day `end`."""
    plain = model.cdf(assembled, np.zeros(len(rows)))
    is_known = history.delivered_known[rows] >= 0
    recorded = np.where(is_known, np.maximum(history.delivered_known[rows], history.delivered_on[rows]), -1)
    return balance(plain, assembled.orders.ordered_on, recorded, _end_or_never(history, rows), end - 1)


def _end_or_never(history: ParcelHistory, rows: Rows) -> NDArray[np.int64]:
    """Return the UTC day on which each of these parcels was known not to come, a day far away for the others."""
    ended = history.ended_known[rows]
    return np.where(ended >= 0, ended, _NEVER)


def orders_between(history: ParcelHistory, start: int | None, end: int) -> Rows:
    """Return the rows ordered on a UTC day from `start` to before `end`."""
    day = history.orders.known_day
    return np.flatnonzero((day < end) & (day >= (start or day.min())))


def thinned(rows: Rows) -> Rows:
    """Return evenly spread rows, at most `MOST_COMPARED`: enough to compare what was said with what happened."""
    return rows[:: max(1, -(-len(rows) // MOST_COMPARED))]


def outcomes(history: ParcelHistory, rows: Rows, as_of: int) -> Outcomes:
    """Return what was known of these orders at the start of UTC day `as_of`.

    Parcels that were known to be cancelled, lost or on their way back are seen until the day before that was told.
    """
    lead = history.lead_days[rows]
    is_known = (lead >= 0) & (history.delivered_known[rows] < as_of)
    seen_before = np.minimum(as_of, _end_or_never(history, rows))
    return Outcomes(np.where(is_known, lead, -1), seen_before - 1 - history.orders.ordered_on[rows])


def _fit(
    history: ParcelHistory, assembled: Assembled, as_of: int, parameters: TrainParameters, tell: Tell, what: str
) -> Blend:
    done = 0

    def count(_: lightgbm.callback.CallbackEnv) -> None:
        nonlocal done
        done += 1
        tell(what, done / (len(BOOSTERS) * parameters.rounds))

    rows = orders_between(history, None, as_of)[-parameters.most_orders :]
    part = assembled.take(rows)
    known, known_earlier = (outcomes(history, rows, day) for day in (as_of, as_of - ERROR_DAYS))
    hazard = fit_hazard(part, known, parameters, [count])
    return Blend(hazard, fit_location(part, known, known_earlier, as_of, hazard.codes))


def _shared_fate(cdf: Floats, known: Outcomes, history: ParcelHistory, rows: Rows) -> float:
    """Estimate the dependence on parcels old enough that the horizon's usual fate is known."""
    done = known.lead_days >= 0
    orders = history.orders.take(rows[done])
    groups = list(zip(orders.origin_id, orders.carrier, orders.dispatch_on, strict=True))
    uniform = np.random.default_rng(0).uniform(size=int(done.sum()))
    return shared_fate(pit(cdf[done], known.lead_days[done], uniform), groups)
