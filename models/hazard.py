"""The discrete-time hazard on LightGBM: P(delivered on day d | not before), from person-period rows.

Every order gives one row for each day it was at risk: from the day of the order to the day of delivery, or to the last
day on which we would have known of one. The booster starts from the log-odds of the lane's own history and learns what
the parcel, the origin and the calendar of the day change about them. Singer and Willett, "It's about time: using
discrete-time survival analysis to study duration and the timing of events" (1993), describe the formulation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.assembly import ALL_COLUMNS, Assembled, Codes, column_names, known_codes
from features.columns import Column
from features.orders import Floats
from models.boosting import BoosterParameters, check_least, grow_together
from parcelcast.errors import ArtefactError, InputError

HORIZON = 90
ANCHORED, FREE = BOOSTERS = ("anchored", "free")
Chunks = Sequence[tuple[int, int]]
# Days asked for at once: nearly all parcels are certain within the first chunk, and each question has a fixed price.
CHUNKS: Chunks = ((0, 20), (20, HORIZON + 1))
# Once less than this is left, the days after it are not asked for; it stays beyond the horizon. No date we state, up to
# the 99 % quantile, can depend on it, calibration included. It has to be more than the share of parcels that get lost,
# at order time about 0.3 %: what is left of those never comes, so that with less every order is asked about on every
# day. On the way more is lost of some and less of others, and models/living/model.py asks accordingly.
NEGLIGIBLE = 4e-3
# Days on which little is delivered: three weeks and more ahead.
FAR_DAYS = 20
CATEGORICAL = {"max_cat_to_onehot": 8, "cat_smooth": 20.0}
BATCH = 5000  # orders asked for at once: bounds the memory of their day rows


@dataclass(frozen=True)
class HazardParameters(BoosterParameters):
    """Parameters of the booster; chosen by validation windows inside the training period.

    `half_life_days` lets older orders weigh less (0: all weigh the same); `rarest_category` orders make a category.
    """

    rounds: int = 300
    learning_rate: float = 0.03
    leaves: int = 15
    smallest_leaf: int = 300
    column_share: float = 0.6
    row_share: float = 0.7
    l2: float = 5.0
    bins: int = 127
    half_life_days: float = 180.0
    rarest_category: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, half_life_days=0, rarest_category=0, seed=0)


@dataclass(frozen=True)
class Outcomes:
    """What is known of each order's delivery, in days from the day of the order.

    `lead_days` is -1 while no delivery is known; `seen_days` is the last day on which one would have been known.
    """

    lead_days: NDArray[np.int64]
    seen_days: NDArray[np.int64]


class HazardModel:
    """The fitted boosters by name and the category codes they know; their log-odds are averaged.

    `anchored` starts from the lane's own history and `free` from nothing: history is the better guide when times
    change, the parcel and its calendar when history was not typical, and their mean was better than either in every
    validation window but one (docs/adr/0006).
    """

    def __init__(
        self, boosters: Mapping[str, lightgbm.Booster], codes: Codes, columns: Sequence[Column] = ALL_COLUMNS
    ) -> None:
        expected = column_names(columns)
        for name in BOOSTERS:
            if name not in boosters or boosters[name].feature_name() != expected:
                raise ArtefactError(
                    f"the booster {name!r} is missing or reads other columns than this version makes; "
                    "expected a model made by this version: train again"
                )
        self.boosters = {name: boosters[name] for name in BOOSTERS}
        self.codes = codes

    def known_columns(self, assembled: Assembled) -> Floats:
        """Return the columns that do not change with the day, shape (n, columns)."""
        return np.concatenate([assembled.static, assembled.codes(self.codes)], axis=1)

    def log_odds(self, assembled: Assembled, known: Floats, rows: NDArray[np.intp], steps: NDArray[np.int64]) -> Floats:
        """Return the log-odds of delivery on each of these days; `known` comes from `known_columns`."""
        ahead = assembled.ahead(rows, steps)
        matrix = assembled.rows(known, ahead)
        anchored, free = (
            booster.predict(matrix, raw_score=True, num_threads=1, validate_features=False)
            for booster in self.boosters.values()
        )
        return np.asarray((anchored + free + assembled.offset(ahead)) / 2.0, dtype=np.float64)

    def cdf(
        self, assembled: Assembled, shift: Floats, negligible: Floats | float = NEGLIGIBLE, chunks: Chunks = CHUNKS
    ) -> Floats:
        """Return P(delivered by day k after the order), shape (n, HORIZON + 1).

        `shift` (n) is added to every log-odds: the online correction. Days are asked for in chunks, and no longer for
        orders of which less than `negligible` (of all, or n) is left.
        """
        n = len(assembled.orders)
        too_little = np.broadcast_to(negligible, n)
        known = self.known_columns(assembled)

        def cdf_of(batch: NDArray[np.intp]) -> Floats:
            def hazard(rows: NDArray[np.intp], steps: NDArray[np.int64]) -> Floats:
                mine = batch[rows]
                return np.asarray(1.0 / (1.0 + np.exp(-self.log_odds(assembled, known, mine, steps) - shift[mine])))

            return cdf_in_chunks(hazard, too_little[batch], chunks)

        batches = [cdf_of(np.arange(first, min(first + BATCH, n))) for first in range(0, n, BATCH)]
        return np.concatenate([np.empty((0, HORIZON + 1)), *batches])


def cdf_in_chunks(
    hazard: Callable[[NDArray[np.intp], NDArray[np.int64]], Floats], negligible: Floats, chunks: Chunks = CHUNKS
) -> Floats:
    """Evaluate hazards chunk by chunk and return the CDF of n orders, shape (n, HORIZON + 1).

    Of an order of which less than `negligible` (n) is left, further days are not asked for.
    """
    n = len(negligible)
    survival = np.zeros((n, HORIZON + 1))
    left = np.ones(n)
    open_rows = np.arange(n)
    for first, end in chunks:
        steps = np.arange(first, end)
        rows = np.repeat(open_rows, len(steps))
        hazards = hazard(rows, np.tile(steps, len(open_rows))).reshape(len(open_rows), len(steps))
        survival[open_rows, first:end] = left[open_rows, None] * np.cumprod(1.0 - hazards, axis=1)
        left[open_rows] = survival[open_rows, end - 1]
        is_finished = left[open_rows] < negligible[open_rows]
        survival[open_rows[is_finished], end:] = left[open_rows[is_finished], None]
        open_rows = open_rows[~is_finished]
        if len(open_rows) == 0:
            break
    return 1.0 - survival


def fit_hazard(
    assembled: Assembled,
    outcomes: Outcomes,
    parameters: HazardParameters,
    tell: Callable[[float], None] = lambda _: None,
    far_share: float = 1.0,
) -> HazardModel:
    """Fit both boosters on the orders of `assembled`; orders of which no day was seen teach nothing.

    `tell` hears the share that is done; `far_share` is that of `without_most_far`.
    """
    codes = known_codes(assembled.categories, parameters.rarest_category)
    rows, steps, delivered = person_periods(outcomes)
    if not delivered.any():
        raise InputError("no delivery is known before the as-of; expected a history with deliveries to learn from")
    weight = _weights(assembled, rows, parameters.half_life_days)
    if far_share < 1.0:
        kept, times = without_most_far(steps, delivered, far_share, parameters.seed)
        rows, steps, delivered, weight = rows[kept], steps[kept], delivered[kept], weight[kept] * times
    known = np.concatenate([assembled.static, assembled.codes(codes)], axis=1)
    columns, ahead = assembled.columns(), assembled.ahead(rows, steps)
    settings = parameters.settings("binary") | CATEGORICAL
    data = lightgbm.Dataset(
        assembled.rows(known, ahead),
        delivered.astype(np.float64),
        weight=weight,
        feature_name=column_names(columns),
        categorical_feature=column_names([one for one in columns if one.categorical]),
        params=settings | {"seed": parameters.seed},
    )
    boosters = {}
    starts = {ANCHORED: assembled.offset(ahead), FREE: np.zeros(len(rows))}
    for seed, (name, start) in enumerate(starts.items(), start=parameters.seed):
        data.set_init_score(start)  # a booster takes it when it is made
        boosters[name] = lightgbm.Booster(settings | {"seed": seed}, data)
    grow_together(list(boosters.values()), parameters.rounds, tell)
    return HazardModel(boosters, codes, columns)


def person_periods(outcomes: Outcomes) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.bool_]]:
    """Return order, day after the order and "delivered on this day", one element for each day at risk.

    >>> rows, steps, delivered = person_periods(Outcomes(np.array([1, -1]), np.array([9, 2])))
    >>> rows.tolist(), steps.tolist(), delivered.tolist()
    ([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], [False, True, False, False, False])
    """
    is_known = outcomes.lead_days >= 0
    last = np.minimum(np.where(is_known, outcomes.lead_days, outcomes.seen_days), HORIZON)
    days = np.maximum(last + 1, 0)
    rows = np.repeat(np.arange(len(days)), days)
    steps = np.arange(days.sum()) - np.repeat(np.cumsum(days) - days, days)
    return rows, steps, is_known[rows] & (steps == outcomes.lead_days[rows])


def without_most_far(
    steps: NDArray[np.int64], delivered: NDArray[np.bool_], share: float, seed: int
) -> tuple[NDArray[np.intp], Floats]:
    """Return the rows to learn from, and how many each stands for: of far days without a delivery a share is enough.

    Parcels that never come have far more of them than all others have rows, and all say the same.

    >>> steps = np.array([0, 19, 20, *[21] * 997])
    >>> kept, times = without_most_far(steps, steps == 20, 0.125, seed=0)
    >>> kept[:3].tolist(), times[:3].tolist(), times.tolist().count(8.0) == len(kept) - 3
    ([0, 1, 2], [1.0, 1.0, 1.0], True)
    """
    is_far = (steps >= FAR_DAYS) & ~delivered
    kept = np.flatnonzero(~is_far | (np.random.default_rng(seed).random(len(steps)) < share))
    return kept, np.where(is_far[kept], 1.0 / share, 1.0)


def _weights(assembled: Assembled, rows: NDArray[np.intp], half_life_days: float) -> Floats:
    if half_life_days <= 0:
        return np.ones(len(rows))
    ordered = assembled.orders.ordered_on
    return np.asarray(0.5 ** ((ordered.max() - ordered[rows]) / half_life_days))
