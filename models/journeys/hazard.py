"""The discrete-time hazard of freight legs: P(delivered in a step of hours | not before), from every milestone on.

Each landmark (a leg right after a milestone) gives one row for each step of the grid until its delivery. The boosters
read the plan, what has happened so far, what legs like this one did (`history`), and where the step lies between plan
and deadline. Van Houwelingen, "Dynamic prediction by landmarking in event history analysis" (2007), describes the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from models.boosting import BoosterParameters, grow_together
from models.journeys.grid import STARTS, WIDTHS, step_of
from models.journeys.history import HISTORY_COLUMNS, daily_waves
from models.journeys.legs import MILESTONES, OUTBOUND, Floats, Ints, Landmarks, Rows
from parcelcast.errors import InputError

BATCH = 2000  # landmarks asked for at once: bounds the memory of their rows
_STEPS_TOLD = len(MILESTONES) - 1
_WAVES = ("daily_cosine", "daily_sine", "half_daily_cosine", "half_daily_sine")
COLUMNS = (
    "milestone",
    "is_outbound",
    "segments",
    "planned_remaining_h",
    "elapsed_h",
    "deviation_h",
    "slack_h",
    "planned_total_h",
    "planned_last_step_h",
    "planned_until_arrival_h",
    "slack_after_arrival_h",
    "to_scheduled_next_h",
    "to_scheduled_arrival_h",
    *(f"planned_{name}_h" for name in MILESTONES[1:]),
    *(f"deviation_{name}_h" for name in MILESTONES[1:]),
    *HISTORY_COLUMNS,
)
STEP_COLUMNS = (
    "hours",
    "width_h",
    "to_planned_delivery_h",
    "to_deadline_h",
    "since_planned_arrival_h",
    "since_scheduled_arrival_h",
    "total_h",
    "daily_rhythm",
    "half_daily_rhythm",
)


@dataclass(frozen=True)
class HazardParameters(BoosterParameters):
    """Parameters of the boosters, chosen by cross-validation over training processes (docs/adr/0009)."""

    rounds: int = 280
    learning_rate: float = 0.06
    leaves: int = 15
    smallest_leaf: int = 300
    column_share: float = 0.5
    row_share: float = 0.7
    l2: float = 5.0
    bins: int = 63
    boosters: int = 2
    seed: int = 0


class LegHazard:
    """Boosters that differ by their seed; their log-odds are averaged."""

    def __init__(self, boosters: list[lightgbm.Booster]) -> None:
        self._boosters = boosters

    def cdf(self, landmarks: Landmarks, history: Floats) -> Floats:
        """Return P(delivered by the end of each step of the grid), shape (n, steps); `history` is by leg."""
        static = _static(landmarks, history)
        survival = np.empty((len(landmarks), len(WIDTHS)))
        for first in range(0, len(landmarks), BATCH):
            batch = np.arange(first, min(first + BATCH, len(landmarks)))
            rows, steps = np.repeat(batch, len(WIDTHS)), np.tile(np.arange(len(WIDTHS)), len(batch))
            matrix = _matrix(landmarks, static, rows, steps)
            told = [booster.predict(matrix, raw_score=True, num_threads=1) for booster in self._boosters]
            hazard = 1.0 / (1.0 + np.exp(-(np.mean(told, axis=0) + _start(steps))))
            survival[batch] = np.cumprod(1.0 - hazard.reshape(len(batch), -1), axis=1)
        return 1.0 - survival


def fit_leg_hazard(
    landmarks: Landmarks, history: Floats, parameters: HazardParameters, tell: Callable[[float], None] = lambda _: None
) -> LegHazard:
    """Fit on landmarks of delivered legs; `history`, by leg, must not have seen the legs that it speaks of."""
    rows, steps, delivered = person_periods(landmarks.remaining)
    if not delivered.any():
        raise InputError("no leg has a delivery within the horizon; expected delivered legs to learn from")
    settings = [
        parameters.settings("binary") | {"seed": parameters.seed + number} for number in range(parameters.boosters)
    ]
    data = lightgbm.Dataset(
        _matrix(landmarks, _static(landmarks, history), rows, steps),
        delivered.astype(np.float64),
        init_score=_start(steps),
        feature_name=[*COLUMNS, *STEP_COLUMNS],
        params=settings[0],
        free_raw_data=True,
    )
    boosters = [lightgbm.Booster(one, data) for one in settings]
    grow_together(boosters, parameters.rounds, tell)
    return LegHazard(boosters)


def person_periods(remaining: Floats) -> tuple[Rows, Ints, NDArray[np.bool_]]:
    """Return landmark, step and "delivered in this step", one element for each step at risk; NaN gives none.

    >>> rows, steps, delivered = person_periods(np.array([3.0, np.nan, 1.0]))
    >>> rows.tolist(), steps.tolist(), delivered.tolist()
    ([0, 0, 2], [0, 1, 0], [False, True, True])
    """
    last = step_of(np.nan_to_num(remaining))
    at_risk = np.where(np.isnan(remaining), 0, np.minimum(last + 1, len(WIDTHS)))
    rows = np.repeat(np.arange(len(remaining)), at_risk)
    steps = np.arange(at_risk.sum()) - np.repeat(np.cumsum(at_risk) - at_risk, at_risk)
    return rows, steps, steps == last[rows]


def _start(steps: Ints) -> Floats:
    """Return log-odds to start from: a longer step holds more deliveries."""
    return np.asarray(np.log(WIDTHS[steps] / 4.0))


def _static(landmarks: Landmarks, history: Floats) -> NDArray[np.float32]:
    """Return COLUMNS, which do not change with the step; steps that are not done yet, or not planned, are missing."""
    legs, row = landmarks.legs, landmarks.row
    planned, effective = legs.planned[row, :_STEPS_TOLD], legs.effective[row, :_STEPS_TOLD]
    is_there = (planned > 0.0) | (effective > 0.0)
    is_done = landmarks.milestone[:, None] > np.arange(_STEPS_TOLD)
    last_step = legs.planned[row, -1]
    until_arrival = landmarks.planned_remaining - last_step
    columns = [
        landmarks.milestone,
        legs.kind[row] == OUTBOUND,
        legs.segments[row],
        landmarks.planned_remaining,
        landmarks.elapsed,
        landmarks.deviation,
        landmarks.slack,
        legs.planned_total[row],
        last_step,
        until_arrival,
        landmarks.slack - until_arrival,
        _planned_next(landmarks) - landmarks.deviation,
        landmarks.slack - last_step,
        np.where(planned > 0.0, planned, np.nan),
        np.where(is_there & is_done, effective - planned, np.nan),
        history[row],
    ]
    return np.column_stack(columns).astype(np.float32)


def _planned_next(landmarks: Landmarks) -> Floats:
    """Return the planned hours of the next planned step."""
    planned = landmarks.legs.planned[landmarks.row]
    is_next = (np.arange(planned.shape[1]) >= landmarks.milestone[:, None]) & (planned > 0.0)
    return np.asarray(planned[np.arange(len(planned)), is_next.argmax(axis=1)])


def _matrix(landmarks: Landmarks, static: NDArray[np.float32], rows: Rows, steps: Ints) -> NDArray[np.float32]:
    hours = STARTS[steps]
    to_deadline = landmarks.slack[rows] - hours
    until_arrival = static[:, COLUMNS.index("planned_until_arrival_h")]
    to_schedule = static[:, COLUMNS.index("to_scheduled_arrival_h")]
    moving = [
        hours,
        WIDTHS[steps],
        landmarks.planned_remaining[rows] - hours,
        to_deadline,
        hours - until_arrival[rows],
        hours - to_schedule[rows],
        landmarks.elapsed[rows] + hours,
        *_rhythm(static[rows], WIDTHS[steps] / 2.0 - to_deadline),
    ]
    return np.concatenate([static[rows], np.column_stack(moving).astype(np.float32)], axis=1)


def _rhythm(static: NDArray[np.float32], since_deadline: Floats) -> list[Floats]:
    """Return how well the time of the day suits deliveries of such legs, by waves of a day and of half a day."""
    waves = [
        static[:, COLUMNS.index(name)] * wave for name, wave in zip(_WAVES, daily_waves(since_deadline), strict=True)
    ]
    return [waves[0] + waves[1], waves[2] + waves[3]]
