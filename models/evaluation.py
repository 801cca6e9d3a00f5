"""Forecasts of all orders of a window, by the model and by everything it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled
from features.lanes import LEVELS
from features.orders import Floats, day_of
from features.sketches import UNKNOWN
from features.table import ParcelHistory
from models.baselines import carrier_quote, lane_history, promise_as_cdf
from models.checks import Scores
from models.metrics import crps, is_covered, pit
from models.promising import promised_days
from models.quantiles import QuantileModel
from models.training import Trained, recent_balance
from parcelcast.errors import InputError

MODEL, CHALLENGER, LANE_HISTORY, QUOTE, INCUMBENT = FORECASTERS = (
    "model",
    "quantile_challenger",
    "lane_history",
    "carrier_quote",
    "incumbent",
)
SERVICE_LEVELS = (0.8, 0.9, 0.95)
COVERAGE = (0.5, 0.8, 0.9, 0.95)
PIT_BINS = 10

Rows = NDArray[np.intp]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Forecasts:
    """What one forecaster said of the orders at positions `of` in the window, shape (of, HORIZON + 1).

    `promised` holds its promises by service level, in days after the order, -1 where none can be named. The incumbent
    made one promise, whatever the level.
    """

    of: Rows
    cdf: Floats
    promised: Mapping[float, Ints]


@dataclass(frozen=True)
class Evaluation:
    """Forecasts of the orders `rows` of a history, and what became of them.

    `lead_days` is -1 for parcels without a delivery in the data: they are forecast and not scored. `lane_parcels` is
    the evidence of each order's own lane.
    """

    rows: Rows
    ordered_on: Ints
    lead_days: Ints
    lane_parcels: Floats
    forecasts: Mapping[str, Forecasts]

    @property
    def is_delivered(self) -> NDArray[np.bool_]:
        """Tell which orders of the window can be scored."""
        return np.not_equal(self.lead_days, UNKNOWN)


def orders_placed(history: ParcelHistory, start: int, end: int) -> Rows:
    """Return all orders, cancelled and lost ones too, of the local days from `start` to before `end`."""
    day = history.orders.ordered_on
    rows = np.flatnonzero((day >= start) & (day < end))
    if len(rows) == 0:
        raise InputError(
            f"no order was placed from {day_of(start)} until before {day_of(end)}; "
            f"expected a window within {day_of(int(day.min()))} to {day_of(int(day.max()))}"
        )
    return rows


def evaluate(
    trained: Trained, challenger: QuantileModel | None, history: ParcelHistory, assembled: Assembled, rows: Rows
) -> Evaluation:
    """Forecast orders `rows`, each with the features and the online correction of its own day."""
    part = assembled.take(rows)
    everyone = np.arange(len(rows))
    told = {MODEL: (everyone, _model_cdf(trained, history, assembled, rows))}
    if challenger is not None:
        told[CHALLENGER] = (everyone, challenger.cdf(part))
    told[LANE_HISTORY] = (everyone, lane_history(part))
    told[QUOTE] = carrier_quote(part)
    forecasts = {name: _promising(of, cdf, part) for name, (of, cdf) in told.items() if len(of)}
    ordered_on, promised_on = part.orders.ordered_on, history.promised_on[rows]
    of, cdf = promise_as_cdf(promised_on, ordered_on)
    if len(of):
        # A promise of a day before the order is as good as one of the day of the order: it is broken anyway.
        promised = np.maximum(promised_on - ordered_on, 0)[of]
        forecasts[INCUMBENT] = Forecasts(of, cdf, dict.fromkeys(SERVICE_LEVELS, promised))
    return Evaluation(rows, ordered_on, history.lead_days[rows], part.lead.evidence[:, LEVELS.index("lane")], forecasts)


def scores_of(evaluation: Evaluation, name: str) -> Scores | None:
    """Return the scores that the promotion checks compare; None when the forecaster said nothing."""
    forecasts = evaluation.forecasts.get(name)
    if forecasts is None:
        return None
    delivered = evaluation.is_delivered[forecasts.of]
    cdf, lead = forecasts.cdf[delivered], evaluation.lead_days[forecasts.of][delivered]
    if len(lead) == 0:
        return Scores(0, float("nan"), {}, ())
    coverage = {level: float(is_covered(cdf, lead, level).mean()) for level in COVERAGE}
    return Scores(len(lead), float(crps(cdf, lead).mean()), coverage, tuple(pit_shares(cdf, lead).tolist()))


def pit_shares(cdf: Floats, lead_days: Ints) -> Floats:
    """Share of orders in each of ten equal bins of the randomised PIT; one tenth each when calibrated."""
    values = pit(cdf, lead_days, np.random.default_rng(0).uniform(size=len(cdf)))
    return np.asarray(np.histogram(values, bins=PIT_BINS, range=(0.0, 1.0))[0] / len(values))


def _model_cdf(trained: Trained, history: ParcelHistory, assembled: Assembled, rows: Rows) -> Floats:
    """Forecast with the correction of each order's day, for which earlier parcels are forecast without one."""
    known_day = history.orders.known_day[rows]
    first, last = int(known_day.min()), int(known_day.max())
    shift = recent_balance(trained.model, history, assembled.take, first, last + 1).shift(known_day)
    return trained.calibration.apply(trained.model.cdf(assembled.take(rows), shift))


def _promising(of: Rows, cdf: Floats, part: Assembled) -> Forecasts:
    orders = part.take(of)
    return Forecasts(of, cdf, {level: promised_days(cdf, orders, level) for level in SERVICE_LEVELS})
