"""The forecast of freight legs: history, hazard, the reweighed tail, and a calibration on later processes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from models.calibration import BetaMap, fit_beta_map
from models.dependence import shared_fate
from models.hazard import Outcomes
from models.journeys.grid import ENDS, HORIZON_HOURS, by, hourly, step_of, tilted
from models.journeys.hazard import HazardParameters, LegHazard, fit_leg_hazard
from models.journeys.history import HISTORY_COLUMNS, LegHistory
from models.journeys.legs import OUTBOUND, Floats, Landmarks, Legs, landmarks_of
from models.metrics import pit
from parcelcast.errors import InputError

Tell = Callable[[str, float], None]

_LATE = HISTORY_COLUMNS.index("late")
_SURE = 1e-3  # of the hazard's own tail: no log-odds beyond these
_SURE_BY_HISTORY = 1e-2  # of the history's share, which may lie outside of 0 to 1
_FEWEST = 50


@dataclass(frozen=True)
class JourneyParameters:
    """Parameters of the hazard, and the share of the training processes, the last ones, kept back for calibration."""

    hazard: HazardParameters = field(default_factory=HazardParameters)
    calibration_share: float = 0.2


class JourneyModel:
    """The fitted parts; not calibrated."""

    def __init__(self, history: LegHistory, hazard: LegHazard) -> None:
        self._history = history
        self._hazard = hazard

    def cdf(self, landmarks: Landmarks) -> Floats:
        """Return P(delivered within the ends of the grid's steps) from each landmark on, shape (n, steps).

        The hazard's own probability of missing the deadline and the one of the history are averaged as log-odds, and
        the distribution is reweighed to agree: one distribution answers every question.
        """
        history = self._history.columns(landmarks.legs)
        cdf = self._hazard.cdf(landmarks, history)
        tail = _log_odds(1.0 - by(cdf, landmarks.slack), _SURE)
        log_odds = (tail + _log_odds(history[landmarks.row, _LATE], _SURE_BY_HISTORY)) / 2.0
        return tilted(cdf, landmarks.slack, 1.0 / (1.0 + np.exp(-log_odds)))


@dataclass(frozen=True)
class TrainedJourneys:
    """A model, the map fitted on later processes than its twin saw, and how far inbound legs share their fate."""

    model: JourneyModel
    calibration: BetaMap
    shared_fate: float
    processes: int
    calibrated_on: int

    def cdf(self, landmarks: Landmarks) -> Floats:
        """Return the calibrated forecasts, shape (n, steps of the grid)."""
        return self.calibration.apply(self.model.cdf(landmarks))


def delay_risk(cdf: Floats, landmarks: Landmarks) -> Floats:
    """Return P(the leg exceeds its planned total): 1 where it has already, what lies beyond the horizon included."""
    return np.where(landmarks.slack > 0.0, 1.0 - by(cdf, landmarks.slack), 1.0)


def train_journeys(legs: Legs, parameters: JourneyParameters, tell: Tell = lambda *_: None) -> TrainedJourneys:
    """Fit on the delivered legs, calibrated on those of the last processes by a twin that saw the earlier ones only."""
    legs = legs.take(legs.is_delivered)
    processes = np.unique(legs.process)
    if len(processes) < _FEWEST:
        raise InputError(
            f"{len(processes)} processes with a delivered leg to learn from; expected at least {_FEWEST}: "
            "give a larger --train-share, or more data"
        )
    first_later = processes[int(len(processes) * (1.0 - parameters.calibration_share))]
    is_later = legs.process >= first_later
    earlier = fit_journeys(legs.take(~is_later), parameters, lambda share: tell("fitting, for calibration", share))
    later = landmarks_of(legs.take(is_later))
    cdf = earlier.cdf(later)
    calibration = fit_beta_map(cdf, _outcomes(later))
    fate = _shared_fate(calibration.apply(cdf), later)
    model = fit_journeys(legs, parameters, lambda share: tell("fitting", share))
    return TrainedJourneys(model, calibration, fate, len(processes), len(np.unique(legs.process[is_later])))


def fit_journeys(
    legs: Legs, parameters: JourneyParameters, tell: Callable[[float], None] = lambda _: None
) -> JourneyModel:
    """Fit the history on all legs, and the hazard beside histories that did not see the leg's own process."""
    tell(0.0)
    history = LegHistory(legs)
    hazard = fit_leg_hazard(landmarks_of(legs), history.out_of_process, parameters.hazard, tell)
    return JourneyModel(history, hazard)


def _log_odds(shares: Floats, sure: float) -> Floats:
    """Return the log-odds of shares that are told from `sure` to 1 - `sure`."""
    told = np.clip(shares, sure, 1.0 - sure)
    return np.asarray(np.log(told / (1.0 - told)))


def _outcomes(landmarks: Landmarks) -> Outcomes:
    """Return steps of the grid in place of days; all legs are delivered, those beyond the horizon in no step of it."""
    step = step_of(landmarks.remaining)
    return Outcomes(np.where(step < len(ENDS), step, -1), np.full(len(step), len(ENDS)))


def _shared_fate(cdf: Floats, landmarks: Landmarks) -> float:
    """Estimate how far the inbound legs of a process come early or late together, as told at their start."""
    inbound = (landmarks.milestone == 0) & (landmarks.legs.kind[landmarks.row] != OUTBOUND)
    hours = np.minimum(np.ceil(landmarks.remaining[inbound]), HORIZON_HOURS + 1).astype(np.int64) - 1
    uniform = np.random.default_rng(0).uniform(size=int(inbound.sum()))
    groups = landmarks.legs.process[landmarks.row[inbound]].tolist()
    return shared_fate(pit(hourly(cdf[inbound]), hours, uniform), groups)
