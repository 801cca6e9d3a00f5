"""What legs like this one did, by place, lane, flight and plan: kriging, also known as Gaussian-process regression.

Some two thousand processes share hundreds of airports. The more a leg has in common with earlier ones (its destination,
its lane, about the same planned durations), the more their outcomes count for it; the less evidence, the nearer to the
mean of all. On these few legs such shrinkage found late legs better than boosted trees on the same columns
(docs/adr/0009); the trees read its answers instead. Rasmussen and Williams, "Gaussian Processes for Machine Learning"
(2006), chapters 2 and 5.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from models.journeys.legs import OUTBOUND, Floats, Ints, Legs

# Hours from the last arrival to the delivery: the heavy tail, and the part that the place decides.
WAITS = (6, 12, 24, 48, 72, 110, 168, 300)
HISTORY_COLUMNS = (
    "late",
    "late_by_a_day",
    "last_step_late",
    *(f"waits_{hours}_h" for hours in WAITS),
    "log_wait",
    "log_wait_and_a_quarter",
    "log_check_in_ratio",
    "log_first_departure",
    "log_first_arrival",
    "log_flights",
    "log_total",
    "daily_cosine",
    "daily_sine",
    "half_daily_cosine",
    "half_daily_sine",
)
DAY_HOURS = 24.0
QUARTER_HOURS = 6.0
_SHORTEST = 1.0 / 60.0  # hours; a step that is not there counts as a minute, where a logarithm is wanted

# Variances of what legs have in common, in units of the variance that is each leg's own. They maximise the marginal
# likelihood of "late" over training processes, rounded (docs/adr/0009).
_OF_ALL = 10.0  # the mean is not known beforehand
_OF_NUMBERS = 0.28  # linear in the logarithms of planned durations
# At the same destination, by how near two legs are in a column of `_numbers`: variance, column, 1 / (2 length^2).
_OF_NEAR_PLANS = ((0.3, 0, 2.0), (0.07, 2, 0.5), (0.03, 1, 0.5))


class LegHistory:
    """The outcomes of legs, weighed by what they have in common; `columns` tells what to expect of other legs."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        numbers = _numbers(legs)
        self._mean, self._spread = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), 1e-6)
        outcomes = _outcomes(legs)
        covariance = self._covariance(legs)
        covariance[np.diag_indices_from(covariance)] += 1.0
        inverse = _inverse(covariance)
        self._weights = inverse @ outcomes
        self.out_of_process = _out_of_process(outcomes, inverse, self._weights, legs.process)

    def columns(self, legs: Legs) -> Floats:
        """Return the expected HISTORY_COLUMNS, shape (n, columns): shares, logarithms of hours, and the daily rhythm.

        For the legs learned from, `out_of_process` holds the same as learned from other processes only.
        """
        return np.asarray(self._covariance(legs) @ self._weights)

    def _covariance(self, legs: Legs) -> Floats:
        """Return how much each leg has in common with each leg learned from, shape (n, learned)."""
        found = np.full((len(legs), len(self._legs)), _OF_ALL)
        for (variance, mine), (_, known) in zip(_keys(legs), _keys(self._legs), strict=True):
            np.add(found, variance, out=found, where=_is_same(mine, known))
        mine, known = self._scaled(legs), self._scaled(self._legs)
        found += _OF_NUMBERS / mine.shape[1] * (mine @ known.T)
        row, column = np.nonzero(_is_same(legs.destination, self._legs.destination))
        for variance, number, sharpness in _OF_NEAR_PLANS:
            apart = mine[row, number] - known[column, number]
            found[row, column] += variance * np.exp(-sharpness * apart**2)
        return found

    def _scaled(self, legs: Legs) -> Floats:
        return np.asarray((_numbers(legs) - self._mean) / self._spread)


def _inverse(covariance: Floats) -> Floats:
    """Return the inverse of a positive definite matrix, which is overwritten."""
    factor, _ = lapack.dpotrf(covariance.T, lower=1, overwrite_a=1)
    lower, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    return np.asarray(np.tril(lower) + np.tril(lower, -1).T)


def _out_of_process(outcomes: Floats, inverse: Floats, weights: Floats, process: Ints) -> Floats:
    """Return what the other processes let expect of each leg (Rasmussen and Williams, 5.10 to 5.12, for blocks)."""
    found = np.empty_like(outcomes)
    for rows in np.split(np.argsort(process, kind="stable"), np.cumsum(np.unique(process, return_counts=True)[1])[:-1]):
        found[rows] = outcomes[rows] - np.linalg.solve(inverse[np.ix_(rows, rows)], weights[rows])
    return found


def _outcomes(legs: Legs) -> Floats:
    """Return what became of delivered legs, by HISTORY_COLUMNS: 0 or 1, logarithms of hours, and the time of the day.

    There is no calendar, but flights and counters keep daily hours: the time of the day is told by where the delivery
    lies between two days' planned delivery times.
    """
    waited, over = legs.effective[:, -1], legs.effective_total - legs.planned_total
    return np.column_stack(
        [
            over > 0.0,
            over > DAY_HOURS,
            waited > legs.planned[:, -1],
            *(waited > hours for hours in WAITS),
            _log(waited),
            _log(waited + QUARTER_HOURS),
            _log(legs.effective[:, 0]) - _log(legs.planned[:, 0]),
            _log(legs.effective[:, 1]),
            _log(legs.effective[:, 2]),
            _log(legs.effective[:, 1:-1].sum(axis=1)),
            _log(legs.effective_total),
            *daily_waves(over),
        ]
    )


def daily_waves(hours: Floats) -> list[Floats]:
    """Return cosine and sine of the hours on a clock of a day, and on one of half a day."""
    angle = 2.0 * np.pi / DAY_HOURS * hours
    return [np.cos(angle), np.sin(angle), np.cos(2.0 * angle), np.sin(2.0 * angle)]


def _keys(legs: Legs) -> list[tuple[float, NDArray[np.generic]]]:
    """Return the categories, each with the variance of what two legs of the same one have in common."""
    origin, destination = legs.origin, legs.destination
    via = np.where(legs.segments > 1, legs.place[:, 1], 0)
    since = legs.last_segment(legs.place, 0).astype(np.int64)
    flight = _minutes(legs.last_segment(legs.planned[:, 1:-1], 1))
    last, departure = _minutes(legs.planned[:, -1]), _minutes(legs.planned[:, 1])
    outbound = (legs.kind == OUTBOUND).astype(np.int64)
    return [
        (0.4, destination),
        (0.07, _joined(origin, destination)),
        (0.03, _joined(since, destination)),
        (0.05, _joined(via, destination)),
        (0.04, _joined(since, destination, flight)),
        (0.03, _joined(via, last)),
        (0.05, _joined(destination, last)),
        (0.02, _joined(destination, outbound, last)),
        (0.04, _joined(destination, last, departure)),
        (0.19, _joined(origin, destination, last)),
    ]


def _joined(*parts: Ints) -> NDArray[np.str_]:
    return np.array(["|".join(map(str, values)) for values in zip(*(part.tolist() for part in parts), strict=True)])


def _is_same(mine: NDArray[np.generic], known: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return which values are equal, shape (mine, known)."""
    number = np.unique(np.concatenate([mine, known]), return_inverse=True)[1]
    return np.asarray(number[: len(mine), None] == number[None, len(mine) :])


def _numbers(legs: Legs) -> Floats:
    planned = legs.planned
    return np.column_stack([_log(planned[:, -1]), _log(planned[:, 0]), _log(legs.planned_total), _log(planned[:, 1:5])])


def _minutes(hours: Floats) -> Ints:
    return np.rint(hours * 60.0).astype(np.int64)


def _log(hours: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(hours, _SHORTEST)))
