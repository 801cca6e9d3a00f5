"""Training as of a day: fit, calibrate on later orders, then fit again on everything that was known."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled
from features.orders import Floats
from features.table import ParcelHistory
from models.blend import Blend, best_share, mixed
from models.boosting import check_least
from models.calibration import BetaMap, fit_beta_map
from models.correction import REACH, Balance, balance, shifted
from models.dependence import shared_fate
from models.hazard import HazardParameters, Outcomes, fit_hazard
from models.location import ERROR_DAYS, fit_location
from models.metrics import pit
from parcelcast.errors import InputError

Tell = Callable[[str, float], None]  # what is being done, and the share of it that is done
Rows = NDArray[np.intp]
Features = Callable[[Rows], Assembled]  # of orders, by their rows in the history

MOST_COMPARED = 10_000
# What was best in the validation windows on the whole (docs/adr/0011). What was best in the last two months tells of
# one regime, and counts half.
_USUAL_SHARE = 0.5
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class TrainParameters(HazardParameters):
    """Section train of params.yaml: the booster's parameters, the days kept back for calibration, the most orders.

    Of a longer history the newest `most_orders` are learned from: the lanes' own history is kept in the sketches, and
    older orders weigh little (`half_life_days`).
    """

    calibration_days: int = 60
    most_orders: int = 60_000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, calibration_days=1, most_orders=1)


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
    days = (from_day, as_of)
    shares = dict.fromkeys(days, 0.0)

    def tell_share(day: int, share: float) -> None:
        shares[day] = share
        tell("fitting", sum(shares.values()) / len(days))

    tell("fitting", 0.0)
    # LightGBM works outside of Python's lock. A fit's hazard takes two threads, but what comes after it only one.
    with ThreadPoolExecutor(len(days)) as both:
        earlier, model = both.map(
            lambda day: _fit(history, assembled, day, parameters, lambda share: tell_share(day, share)), days
        )
    return Fitted(earlier, model, int(history.orders.known_day.min()), from_day, as_of)


def calibrate(fitted: Fitted, history: ParcelHistory, assembled: Assembled) -> Trained:
    """Compare the earlier model's forecasts with what was known of later orders at `as_of`."""
    opinions = _Opinions.of(fitted, history, assembled)
    known = outcomes(history, opinions.later, fitted.as_of)
    share = 0.0
    if fitted.model.location is not None:
        # A twin too young for a second opinion says the same twice: then none is best, and half the usual remains.
        share = (_USUAL_SHARE + best_share(opinions.cdf(0.0), opinions.cdf(1.0), known)) / 2.0
    cdf = opinions.cdf(share)
    calibration = fit_beta_map(cdf, known)
    fate = _shared_fate(calibration.apply(cdf), known, history, opinions.later)
    return Trained(
        fitted.model.with_share(share), calibration, fate, fitted.first, fitted.calibrated_from, fitted.as_of
    )


@dataclass(frozen=True)
class _Opinions:
    """What both opinions of the earlier model, without a correction, said of the orders `rows`.

    The orders after `calibrated_from` are at `is_later`; those before are needed for their corrections.
    """

    history: ParcelHistory
    rows: Rows
    is_later: NDArray[np.bool_]
    hazard: Floats
    location: Floats
    as_of: int

    @classmethod
    def of(cls, fitted: Fitted, history: ParcelHistory, assembled: Assembled) -> Self:
        rows = thinned(orders_between(history, fitted.calibrated_from - REACH, fitted.as_of))
        part, plain = assembled.take(rows), np.zeros(len(rows))
        hazard = fitted.earlier.hazard.cdf(part, plain)
        location = hazard if fitted.earlier.location is None else fitted.earlier.location.cdf(part, plain)
        is_later = history.orders.known_day[rows] >= fitted.calibrated_from
        return cls(history, rows, is_later, hazard, location, fitted.as_of)

    @property
    def later(self) -> Rows:
        return self.rows[self.is_later]

    def cdf(self, share: float) -> Floats:
        """Mix them, and correct the orders after `calibrated_from`, each as of its day."""
        plain = mixed(self.hazard, self.location, share)
        found = balance_of(plain, self.history, self.rows, self.history.orders.ordered_on[self.rows], self.as_of)
        shift = found.shift(self.history.orders.known_day[self.later])
        hazard, location = (shifted(cdf[self.is_later], shift) for cdf in (self.hazard, self.location))
        return mixed(hazard, location, share)


def recent_balance(model: Blend, history: ParcelHistory, features: Features, start: int, end: int) -> Balance:
    """Return recorded and expected deliveries, from which the correction of UTC days `start` to `end` follows.

    The orders of the days before `end` are forecast without a correction, by the `features` of their rows. The
    correction of a day looks at what was recorded before it; nothing recorded on `end` or later is read.
    """
    rows = thinned(orders_between(history, start - REACH, end))
    if len(rows) == 0:
        return Balance(end, np.zeros(1), np.zeros(1))
    part = features(rows)
    return balance_of(model.cdf(part, np.zeros(len(rows))), history, rows, part.orders.ordered_on, end)


def balance_of(plain: Floats, history: ParcelHistory, rows: Rows, ordered_on: NDArray[np.int64], end: int) -> Balance:
    """Return recorded and expected deliveries of these parcels before UTC day `end`.

    `plain` are their forecasts from day `ordered_on` on, without a correction.
    """
    is_known = history.delivered_known[rows] >= 0
    recorded = np.where(is_known, np.maximum(history.delivered_known[rows], history.delivered_on[rows]), -1)
    return balance(plain, ordered_on, recorded, _end_or_never(history, rows), end - 1)


def _end_or_never(history: ParcelHistory, rows: Rows) -> NDArray[np.int64]:
    """Return the UTC day on which each of these parcels was known not to come, a day far away for the others."""
    ended = history.ended_known[rows]
    return np.where(ended >= 0, ended, _NEVER)


def orders_between(history: ParcelHistory, start: int | None, end: int) -> Rows:
    """Return the rows ordered on a UTC day from `start` to before `end`."""
    day = history.orders.known_day
    return np.flatnonzero((day < end) & (day >= (start or day.min())))


def thinned(rows: Rows, most: int = MOST_COMPARED) -> Rows:
    """Return evenly spread rows, by default enough to compare what was said with what happened."""
    return rows[:: max(1, -(-len(rows) // most))]


def outcomes(history: ParcelHistory, rows: Rows, as_of: int) -> Outcomes:
    """Return what was known of these orders at the start of UTC day `as_of`.

    Parcels that were known to be cancelled, lost or on their way back are seen until the day before that was told.
    """
    lead = history.lead_days[rows]
    is_known = (lead >= 0) & (history.delivered_known[rows] < as_of)
    seen_before = np.minimum(as_of, _end_or_never(history, rows))
    return Outcomes(np.where(is_known, lead, -1), seen_before - 1 - history.orders.ordered_on[rows])


def _fit(
    history: ParcelHistory,
    assembled: Assembled,
    as_of: int,
    parameters: TrainParameters,
    tell: Callable[[float], None],
) -> Blend:
    """Fit as of a UTC day; `tell` hears the share that is done."""
    rows = orders_between(history, None, as_of)[-parameters.most_orders :]
    part = assembled.take(rows).to_learn_from()
    known, known_earlier = (outcomes(history, rows, day) for day in (as_of, as_of - ERROR_DAYS))
    hazard = fit_hazard(part, known, parameters, tell)
    return Blend(hazard, fit_location(part, known, known_earlier, as_of, hazard.codes))


def _shared_fate(cdf: Floats, known: Outcomes, history: ParcelHistory, rows: Rows) -> float:
    """Estimate the dependence on parcels old enough that the horizon's usual fate is known."""
    done = known.lead_days >= 0
    orders = history.orders.take(rows[done])
    groups = list(zip(orders.origin_id, orders.carrier, orders.dispatch_on, strict=True))
    uniform = np.random.default_rng(0).uniform(size=int(done.sum()))
    return shared_fate(pit(cdf[done], known.lead_days[done], uniform), groups)
