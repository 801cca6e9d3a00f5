"""The challenger: LightGBM quantile regression of the days to delivery, turned into a CDF over whole days.

It reads the columns of the hazard model that do not change with the day, and the quantiles of the lane's own history in
place of the log-odds that the hazard model starts from. It learns from delivered orders only and knows nothing of each
day's calendar: what that costs is what the backtest measures. Whole days are made continuous by adding a uniform share
of a day, after Machado and Santos Silva, "Quantiles for counts" (2005).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import lightgbm
import numpy as np

from features.assembly import CATEGORIES, ORDER_COLUMNS, Assembled, Codes, column_names, known_codes
from features.orders import Floats
from models.baselines import lane_history
from models.boosting import BoosterParameters, grow_together
from models.hazard import HORIZON, Outcomes
from models.metrics import quantile_days
from parcelcast.errors import InputError

LEVELS = (0.025, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.975)
_LANE_LEVELS = (0.1, 0.5, 0.9)
_SHORTEST = 0.1  # days; a tail that decays faster is an accident of equal quantiles
COLUMNS = (
    *column_names(ORDER_COLUMNS),
    *column_names(CATEGORIES),
    *(f"lane_p{level * 100:.0f}_days" for level in _LANE_LEVELS),
)


@dataclass(frozen=True)
class QuantileParameters(BoosterParameters):
    """Parameters of the boosters, one for each of `LEVELS`; `rarest_category` orders make a category.

    Chosen on windows of Olist orders from September 2017 to April 2018, of three sets.
    """

    rounds: int = 150
    learning_rate: float = 0.05
    leaves: int = 15
    smallest_leaf: int = 100
    column_share: float = 0.6
    row_share: float = 0.8
    rarest_category: int = 20
    seed: int = 0


class QuantileModel:
    """The fitted boosters by level, and the category codes they know."""

    def __init__(self, boosters: Mapping[float, lightgbm.Booster], codes: Codes) -> None:
        self._boosters = boosters
        self._codes = codes

    def cdf(self, assembled: Assembled) -> Floats:
        """Return P(delivered by day k after the order), shape (n, HORIZON + 1)."""
        matrix = _matrix(assembled, self._codes)
        predicted = [
            booster.predict(matrix, num_threads=1, validate_features=False) for booster in self._boosters.values()
        ]
        return cdf_of_quantiles(np.column_stack(predicted), np.array(list(self._boosters)))


def fit_quantiles(
    assembled: Assembled,
    outcomes: Outcomes,
    parameters: QuantileParameters,
    tell: Callable[[float], None] = lambda _: None,
) -> QuantileModel:
    """Fit a booster per level on the orders whose delivery is known; `tell` hears the share that is done."""
    rows = np.flatnonzero(outcomes.lead_days >= 0)
    if len(rows) == 0:
        raise InputError("no delivery is known before the as-of; expected a history with deliveries to learn from")
    delivered = assembled.take(rows).to_learn_from()
    codes = known_codes(delivered.categories, parameters.rarest_category)
    part_of_day = np.random.default_rng(parameters.seed).uniform(size=len(rows))
    settings = parameters.settings("quantile") | {"seed": parameters.seed}
    data = lightgbm.Dataset(
        _matrix(delivered, codes),
        np.minimum(outcomes.lead_days[rows], HORIZON) + part_of_day,
        feature_name=list(COLUMNS),
        categorical_feature=column_names(CATEGORIES),
        params=settings,
        free_raw_data=False,
    )
    boosters = {level: lightgbm.Booster(settings | {"alpha": level}, data) for level in LEVELS}
    grow_together(list(boosters.values()), parameters.rounds, tell)
    return QuantileModel(boosters, codes)


def cdf_of_quantiles(quantiles: Floats, levels: Floats) -> Floats:
    """Turn quantiles of "days plus a uniform share of a day", shape (n, levels), into CDFs over days 0..HORIZON.

    Quantiles that cross are sorted. The CDF is linear between them and from 0 at the order to the lowest; above the
    highest, what is left decays exponentially at the rate between the two highest. P(at most k days) is the CDF's value
    at k + 1.

    >>> cdf_of_quantiles(np.array([[2.0, 1.0, 3.0]]), np.array([0.25, 0.5, 0.75]))[0, :4].round(3).tolist()
    [0.25, 0.5, 0.75, 0.875]
    """
    ordered = np.sort(np.maximum(quantiles, 0.0), axis=1)
    at = np.arange(1.0, HORIZON + 2.0)
    knots = np.concatenate([[0.0], levels])
    cdf = np.empty((len(ordered), len(at)))
    for row, points in enumerate(ordered):
        cdf[row] = np.interp(at, np.concatenate([[0.0], points]), knots)
    scale = np.maximum(ordered[:, -1] - ordered[:, -2], _SHORTEST) / np.log((1.0 - levels[-2]) / (1.0 - levels[-1]))
    beyond = np.maximum(at - ordered[:, -1:], 0.0)
    tail = 1.0 - (1.0 - levels[-1]) * np.exp(-beyond / scale[:, None])
    return np.where(beyond > 0.0, tail, cdf)


def _matrix(assembled: Assembled, codes: Codes) -> Floats:
    lane = lane_history(assembled)
    columns = [quantile_days(lane, level)[:, None] for level in _LANE_LEVELS]
    return np.concatenate([assembled.static, assembled.codes(codes), *columns], axis=1)
