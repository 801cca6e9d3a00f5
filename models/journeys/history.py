"""What legs like this one did: penalised regressions on places, lanes, flights and plans.

Some two thousand processes share hundreds of airports, so each place, lane and combination gets a coefficient that is
drawn towards zero by its lack of evidence. On these few legs such shrinkage found late legs better than boosted trees
on the same columns (docs/adr/0009); the trees read its answers instead. A place that was never seen adds nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from models.journeys.legs import OUTBOUND, Floats, Ints, Legs

# Hours from the last arrival to the delivery: the heavy tail, and the part that the place decides.
WAITS = (6, 12, 24, 48, 72, 110, 168, 300)
HISTORY_COLUMNS = (
    "late",
    "late_by_a_day",
    "last_step_late",
    *(f"waits_{hours}_h" for hours in WAITS),
    "log_wait",
    "log_check_in_ratio",
    "log_first_departure",
    "log_first_arrival",
    "log_flights",
    "log_total",
)
_CERTAIN = 1e-3  # a share of all or none is told as this far from it
_SHORTEST = 1.0 / 60.0  # hours; a step that is not there counts as a minute, where a logarithm is wanted


@dataclass(frozen=True)
class HistoryParameters:
    """Strength of the penalties and the number of folds; chosen by cross-validation over training processes."""

    inverse_penalty: float = 0.7
    penalty: float = 6.0
    folds: int = 10
    seed: int = 0


class LegHistory:
    """The fitted regressions; `columns` applies them to legs, whatever happened to these."""

    def __init__(self, legs: Legs, parameters: HistoryParameters) -> None:
        self._vocabulary = [{value: k for k, value in enumerate(np.unique(key))} for key in _keys(legs)]
        numbers = _numbers(legs)
        self._mean, self._spread = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), 1e-6)
        design = self._design(legs)
        known = [_fitted(design, target, parameters) for target in _targets(legs)]
        self._coefficients = np.column_stack([coefficients for coefficients, _ in known])
        self._intercepts = np.array([intercept for _, intercept in known])

    def columns(self, legs: Legs) -> Floats:
        """Return the expected logarithm of hours and the log-odds of HISTORY_COLUMNS, shape (n, columns)."""
        return np.asarray(self._design(legs) @ self._coefficients + self._intercepts)

    def _design(self, legs: Legs) -> sparse.csr_array:
        scaled = (_numbers(legs) - self._mean) / self._spread
        blocks = [sparse.csr_array(np.column_stack([scaled, scaled[:, :3] ** 2]))]
        for key, names in zip(_keys(legs), self._vocabulary, strict=True):
            column = np.array([names.get(value, -1) for value in key], dtype=np.int64)
            known = np.flatnonzero(column >= 0)
            ones = (np.ones(len(known)), (known, column[known]))
            blocks.append(sparse.csr_array(ones, shape=(len(legs), len(names))))
        return sparse.hstack(blocks, format="csr")


def out_of_fold(legs: Legs, parameters: HistoryParameters) -> Floats:
    """Return the history of each leg as learned from other processes only, shape (n, columns)."""
    names = np.unique(legs.process)
    part = np.random.default_rng(parameters.seed).permutation(len(names)) % parameters.folds
    fold = part[np.searchsorted(names, legs.process)]
    found = np.zeros((len(legs), len(HISTORY_COLUMNS)))
    for number in np.unique(fold):
        mine = fold == number
        found[mine] = LegHistory(legs.take(~mine), parameters).columns(legs.take(mine))
    return found


def _targets(legs: Legs) -> list[NDArray[np.generic]]:
    """Return what is learned, by HISTORY_COLUMNS: booleans by logistic regression, floats by least squares."""
    waited, over = legs.effective[:, -1], legs.effective_total - legs.planned_total
    return [
        over > 0.0,
        over > 24.0,
        waited > legs.planned[:, -1],
        *(waited > hours for hours in WAITS),
        _log(waited),
        _log(legs.effective[:, 0]) - _log(legs.planned[:, 0]),
        _log(legs.effective[:, 1]),
        _log(legs.effective[:, 2]),
        _log(legs.effective[:, 1:-1].sum(axis=1)),
        _log(legs.effective_total),
    ]


def _keys(legs: Legs) -> list[NDArray[np.str_]]:
    """Return the categories, one array per kind of category."""
    origin, destination = legs.origin, legs.destination
    via = np.where(legs.segments > 1, legs.place[:, 1], 0)
    since = legs.last_segment(legs.place, 0).astype(np.int64)
    flight = np.rint(legs.last_segment(legs.planned[:, 1:-1], 1) * 60.0).astype(np.int64)
    last = np.rint(legs.planned[:, -1] * 60.0).astype(np.int64)
    outbound = (legs.kind == OUTBOUND).astype(np.int64)
    return [
        _joined(outbound),
        _joined(legs.segments),
        _joined(destination),
        _joined(origin),
        _joined(origin, destination),
        _joined(since, destination),
        _joined(via, destination),
        _joined(since, destination, flight),
        _joined(last),
        _joined(destination, last),
        _joined(destination, outbound),
        _joined(origin, destination, last),
    ]


def _joined(*parts: Ints) -> NDArray[np.str_]:
    return np.array(["|".join(map(str, values)) for values in zip(*(part.tolist() for part in parts), strict=True)])


def _numbers(legs: Legs) -> Floats:
    planned = legs.planned
    return np.column_stack([_log(planned[:, -1]), _log(planned[:, 0]), _log(legs.planned_total), _log(planned[:, 1:5])])


def _log(hours: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(hours, _SHORTEST)))


def _fitted(
    design: sparse.csr_array, target: NDArray[np.generic], parameters: HistoryParameters
) -> tuple[Floats, float]:
    """Return coefficients and intercept."""
    if target.dtype != np.bool_:
        ridge = Ridge(parameters.penalty).fit(design, target)
        return np.asarray(ridge.coef_), float(ridge.intercept_)
    share = float(target.mean())
    if not 0.0 < share < 1.0:
        sure = min(max(share, _CERTAIN), 1.0 - _CERTAIN)
        return np.zeros(design.shape[1]), float(np.log(sure / (1.0 - sure)))
    logistic = LogisticRegression(C=parameters.inverse_penalty, max_iter=500, tol=1e-3).fit(design, target)
    return np.asarray(logistic.coef_[0]), float(logistic.intercept_[0])
