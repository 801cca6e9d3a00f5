"""The second opinion: where the delivery lies, by one regression, and around it the errors of such regressions lately.

One booster foretells the logarithm of a parcel's age at delivery, counted in days on which it can be delivered since
its planned dispatch. Around that lie the errors that such a booster made on the latest orders, which it had not seen.
It has one shape for all parcels and needs one row for each, where the hazard needs one for each day. Whole days are
made continuous by adding a uniform share of a day, after Machado and Santos Silva, "Quantiles for counts" (2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled, Codes, column_names
from features.columns import Column
from features.orders import Floats
from models.boosting import BoosterParameters
from models.correction import shifted
from models.hazard import HORIZON, Outcomes
from parcelcast.errors import ArtefactError

# Errors are those on the orders of so many days, but for the youngest, whose slow parcels are not known yet.
ERROR_DAYS, _YOUNG_DAYS = 60, 25
# So many equally likely errors are kept; with fewer orders to learn them from, there is no second opinion.
_ERRORS, _FEWEST = 500, 200
_BEFORE_DISPATCH = -1
_PARAMETERS = BoosterParameters(
    rounds=150, learning_rate=0.05, leaves=31, smallest_leaf=40, column_share=0.6, row_share=0.8, l2=5.0
)


@dataclass(frozen=True)
class LocationModel:
    """The fitted booster, the category codes it knows, the sorted errors (logarithms of days) and its columns."""

    booster: lightgbm.Booster
    codes: Codes
    errors: Floats
    columns: Sequence[Column] = Assembled.parcel_columns()

    def __post_init__(self) -> None:
        if self.booster.feature_name() != column_names(self.columns):
            raise ArtefactError(
                "the booster 'location' reads other columns than this version makes; "
                "expected a model made by this version: train again"
            )

    def cdf(self, assembled: Assembled, shift: Floats) -> Floats:
        """Return P(delivered by day k after the order), shape (n, HORIZON + 1).

        `shift` (n) is added to the log-odds of each day's hazard: the online correction.
        """
        age = _ages_by_day(assembled)
        error = np.log(age + 3.0) - _location(self.booster, assembled, self.codes)[:, None]
        plain = np.searchsorted(self.errors, error.ravel()).reshape(error.shape) / len(self.errors)
        return shifted(np.where(age >= 0, plain, 0.0), shift)


def fit_location(
    assembled: Assembled, known: Outcomes, known_earlier: Outcomes, as_of: int, codes: Codes
) -> LocationModel | None:
    """Fit on deliveries known before UTC day `as_of`; None where they are too few.

    `known_earlier` is what was known of the same orders `ERROR_DAYS` before: a booster fitted on it tells the errors.
    """
    placed = assembled.orders.known_day
    from_day = as_of - ERROR_DAYS
    fresh = np.flatnonzero((known.lead_days >= 0) & (placed >= from_day) & (placed < as_of - _YOUNG_DAYS))
    learned = np.flatnonzero((known_earlier.lead_days >= 0) & (placed < from_day))
    if min(len(fresh), len(learned)) < _FEWEST:
        return None
    earlier = _fit(assembled, learned, known_earlier, codes)
    errors = _targets(assembled, fresh, known, seed=1) - _location(earlier, assembled.take(fresh), codes)
    booster = _fit(assembled, np.flatnonzero(known.lead_days >= 0), known, codes)
    kept = np.quantile(errors, (np.arange(_ERRORS) + 0.5) / _ERRORS)
    return LocationModel(booster, codes, kept, assembled.parcel_columns())


def _fit(assembled: Assembled, rows: NDArray[np.intp], known: Outcomes, codes: Codes) -> lightgbm.Booster:
    columns = assembled.parcel_columns()
    data = lightgbm.Dataset(
        _matrix(assembled.take(rows), codes),
        _targets(assembled, rows, known, seed=0),
        feature_name=column_names(columns),
        categorical_feature=column_names([one for one in columns if one.categorical]),
        params={"max_bin": _PARAMETERS.bins, "verbose": -1},
    )
    return lightgbm.train(_PARAMETERS.settings("regression") | {"seed": 0}, data, _PARAMETERS.rounds)


def _targets(assembled: Assembled, rows: NDArray[np.intp], known: Outcomes, seed: int) -> Floats:
    """Return the logarithm of the ages at delivery; a parcel that came before its planned dispatch was -1 day old."""
    age = _age(assembled, rows, np.minimum(known.lead_days[rows], HORIZON))
    return np.asarray(np.log(age + 2.0 + np.random.default_rng(seed).uniform(size=len(rows))))


def _ages_by_day(assembled: Assembled) -> NDArray[np.int64]:
    """Return the age reached on each day after the order, shape (n, HORIZON + 1): none is added on closed days."""
    n, days = len(assembled.orders), HORIZON + 1
    rows, steps = np.repeat(np.arange(n), days), np.tile(np.arange(days), n)
    day = assembled.orders.ordered_on[rows] + steps
    is_closed = ~assembled.calendar.delivery.open_on(rows, day) & (day > assembled.orders.dispatch_on[rows])
    return (_age(assembled, rows, steps) - is_closed).reshape(n, days)


def _age(assembled: Assembled, rows: NDArray[np.intp], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    orders = assembled.orders
    day, dispatch = orders.ordered_on[rows] + steps, orders.dispatch_on[rows]
    return np.where(day >= dispatch, assembled.calendar.delivery.age(rows, dispatch, day), _BEFORE_DISPATCH)


def _location(booster: lightgbm.Booster, assembled: Assembled, codes: Codes) -> Floats:
    return np.asarray(booster.predict(_matrix(assembled, codes), num_threads=1, validate_features=False))


def _matrix(assembled: Assembled, codes: Codes) -> Floats:
    return np.concatenate([assembled.static, assembled.codes(codes)], axis=1)
