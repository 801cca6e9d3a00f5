"""Whether a parcel comes at all, as a probability of its own.

The hazard tells a loss by one answer for each of ninety days, all of which have to be next to nothing. A booster that
is asked once, and learns from every landmark that is old enough to know, tells the lost from the late better where the
hazard doubts; of what comes, the hazard says when. So the log-odds of both are averaged, and the forecast is reweighed:
one distribution still answers every question.
"""

from collections.abc import Sequence

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.assembly import column_names
from features.columns import Column
from features.orders import Floats
from models.boosting import BoosterParameters
from models.hazard import CATEGORICAL, NEGLIGIBLE

LOSS = "loss"  # the booster's name
# What has not come so many days after a landmark hardly comes any more.
SETTLED_DAYS = 45
# With fewer landmarks of parcels that never came, the hazard alone tells of losses.
FEWEST_LOST = 200
_PARAMETERS = BoosterParameters(
    rounds=120, learning_rate=0.06, leaves=15, smallest_leaf=40, column_share=0.5, row_share=0.7, l2=5.0
)
# No log-odds count for more than these, of the hazard and of the booster.
_MOST_HAZARD, _MOST_LOSS = float(logit(0.999)), 7.0


def fit_loss(
    known: Floats, columns: Sequence[Column], is_lost: NDArray[np.bool_], seed: int
) -> lightgbm.Booster | None:
    """Fit the booster on landmarks whose fate is known, None where too few are lost.

    `known` has shape (n, columns), as `models.hazard.HazardModel.known_columns` returns it.
    """
    if is_lost.sum() < FEWEST_LOST:
        return None
    data = lightgbm.Dataset(
        known,
        is_lost.astype(np.float64),
        feature_name=column_names(columns),
        categorical_feature=column_names([one for one in columns if one.categorical]),
        params={"max_bin": _PARAMETERS.bins, "verbose": -1},
    )
    return lightgbm.train(_PARAMETERS.settings("binary") | CATEGORICAL | {"seed": seed}, data, _PARAMETERS.rounds)


def reweighed(cdf: Floats, booster: lightgbm.Booster, known: Floats) -> Floats:
    """Return forecasts whose share beyond the horizon is the mean, in log-odds, of their own and the booster's.

    `cdf` has shape (n, HORIZON + 1). Forecasts that leave less than `NEGLIGIBLE` beyond the horizon stay as they are:
    the hazard has not told those to the end. From there on a booster counts that contradicts it altogether, too.
    """
    never = 1.0 - cdf[:, -1]
    rows = np.flatnonzero((never >= NEGLIGIBLE) & (never < 1.0))
    if len(rows) == 0:
        return cdf
    told = booster.predict(known[rows], raw_score=True, num_threads=1, validate_features=False)
    own = np.clip(logit(never[rows]), -_MOST_HAZARD, _MOST_HAZARD)
    comes = expit(-(own + np.clip(told, -_MOST_LOSS, _MOST_LOSS)) / 2.0)
    out = cdf.copy()
    out[rows] *= (comes / (1.0 - never[rows]))[:, None]
    return out
