"""Whether a parcel comes at all, as a probability of its own.

The hazard tells a loss by one answer for each of ninety days, all of which have to be next to nothing. A booster that
is asked once, and learns from every landmark that is old enough to know, tells the lost from the late better; of what
comes, the hazard says when. So the log-odds of both are averaged for every parcel, and the forecast is reweighed: one
distribution still answers every question.

Few parcels are lost, and among a hundred columns trees would find what those few have in common by chance. So the
booster reads `COLUMNS` only: how long a parcel has been silent, after which word, how many had moved on by then, and
how many of those beside it have.
"""

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.assembly import column_names
from features.landmarks import AssembledLandmarks
from features.orders import Floats
from models.boosting import BoosterParameters
from models.hazard import CATEGORICAL
from parcelcast.errors import ArtefactError

LOSS = "loss"  # the booster's name
_CATEGORIES = ("carrier_service", "stage", "last_code", "trouble")
COLUMNS = (
    "since_scan_days",
    "since_scan_open_days",
    "since_scan_working_days",
    "since_scan_mondays",
    "stage_share_by_now",
    "transit_share_by_now",
    "at_hub_share_by_now",
    "at_hub_share_by_now_7d",
    "at_hub_share_by_now_3d",
    "peers_moved",
    *_CATEGORIES,
)
_READ = [column_names(AssembledLandmarks.parcel_columns()).index(name) for name in COLUMNS]
# How much the booster's log-odds count; the rest is the hazard's.
SHARE = 0.75
# What has not come so many days after a landmark hardly comes any more.
SETTLED_DAYS = 45
# With fewer landmarks of parcels that never came, the hazard alone tells of losses.
FEWEST_LOST = 200
_PARAMETERS = BoosterParameters(
    rounds=120, learning_rate=0.06, leaves=15, smallest_leaf=40, column_share=0.5, row_share=0.7, l2=5.0
)
# No log-odds count for more than these, of the hazard and of the booster.
_MOST_HAZARD, _MOST_LOSS = float(logit(0.999)), 7.0


def fit_loss(known: Floats, is_lost: NDArray[np.bool_], seed: int) -> lightgbm.Booster | None:
    """Fit the booster on landmarks whose fate is known, None where too few are lost.

    `known` has shape (n, columns), as `models.hazard.HazardModel.known_columns` returns it: `COLUMNS` of it are read.
    """
    if is_lost.sum() < FEWEST_LOST:
        return None
    data = lightgbm.Dataset(
        known[:, _READ],
        is_lost.astype(np.float64),
        feature_name=list(COLUMNS),
        categorical_feature=list(_CATEGORIES),
        params={"max_bin": _PARAMETERS.bins, "verbose": -1},
    )
    return lightgbm.train(_PARAMETERS.settings("binary") | CATEGORICAL | {"seed": seed}, data, _PARAMETERS.rounds)


def loss_odds(booster: lightgbm.Booster, known: Floats) -> Floats:
    """Return the log-odds of never coming, shape (n); `known` is that of `fit_loss`."""
    told = booster.predict(known[:, _READ], raw_score=True, num_threads=1, validate_features=False)
    return np.asarray(np.clip(told, -_MOST_LOSS, _MOST_LOSS), dtype=np.float64)


def reweighed(cdf: Floats, odds: Floats) -> Floats:
    """Return forecasts whose share beyond the horizon is a mean, in log-odds, of their own and of the loss's `odds`.

    `cdf` has shape (n, HORIZON + 1), `odds` (n) weigh `SHARE`. Forecasts that nothing comes stay as they are.
    """
    comes = cdf[:, -1]
    own = np.clip(logit(1.0 - comes), -_MOST_HAZARD, _MOST_HAZARD)
    wanted = expit(-(SHARE * odds + (1.0 - SHARE) * own))
    times = np.divide(wanted, comes, out=np.ones_like(comes), where=comes > 0.0)
    return np.asarray(cdf * times[:, None])


def check_loss(booster: lightgbm.Booster | None) -> None:
    """Hold a booster that was read to what this version reads; ArtefactError where it is another version's."""
    if booster is not None and booster.feature_name() != list(COLUMNS):
        raise ArtefactError(
            f"the booster {LOSS!r} reads other columns than this version; expected a model made by this version: "
            "train again"
        )
