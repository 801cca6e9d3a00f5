"""Training the living model: fit on landmarks, calibrate by stage on later ones, then fit again on all."""

from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from features.landmarks import AssembledLandmarks
from features.sketches import UNKNOWN
from features.table import ParcelHistory
from models.boosting import check_least
from models.calibration import BetaMap, fit_beta_map
from models.hazard import HazardParameters, Outcomes, fit_hazard
from models.living.handover_training import train_at_handover
from models.living.loss import SETTLED_DAYS, fit_loss
from models.living.model import LivingModel, stage_group
from models.training import Tell, TrainParameters

Rows = NDArray[np.intp]

# Of the days three weeks and more after a landmark, on which next to nothing comes: they were more than half of all.
_FAR_SHARE = 0.125


@dataclass(frozen=True)
class LivingParameters(HazardParameters):
    """Section living of params.yaml: the boosters' parameters, the landmarks, the days kept back for calibration.

    `landmarks` are sampled of the newest `most_orders` orders: of a year's parcels so few are lost that each of them
    counts. At most `handovers` are sampled of the newest five times as many; with 0 there is no model of that instant.
    """

    rounds: int = 150
    learning_rate: float = 0.12
    leaves: int = 63
    smallest_leaf: int = 80
    half_life_days: float = 180.0
    landmarks: int = 180_000
    handovers: int = 20_000
    most_orders: int = 200_000
    calibration_days: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, landmarks=1, handovers=0, most_orders=1, calibration_days=1)

    @property
    def at_handover(self) -> TrainParameters:
        """Return those of the model at the handover; all the handovers that it is given are learned from.

        Its trees are smaller than those of all stages, and it forgets sooner: so it was validated (docs/adr/0010).
        """
        shared = {field.name for field in fields(TrainParameters)}
        told = {name: value for name, value in asdict(self).items() if name in shared}
        told |= {"rounds": 100, "learning_rate": 0.1, "leaves": 15, "smallest_leaf": 300, "half_life_days": 90.0}
        return TrainParameters(**told)


@dataclass(frozen=True)
class Landmarks:
    """Landmarks of a history: the row of each one's parcel, and its features. Ordered by their instants."""

    row: Rows
    assembled: AssembledLandmarks

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Rows) -> "Landmarks":
        """Return some of them."""
        return Landmarks(self.row[rows], self.assembled.take(rows))


def train_living(
    history: ParcelHistory,
    landmarks: Landmarks,
    handovers: Landmarks | None,
    as_of: int,
    parameters: LivingParameters,
    tell: Tell = lambda *_: None,
) -> LivingModel:
    """Fit and calibrate as of UTC day `as_of`: nothing recorded on it or later is seen.

    Without `handovers`, landmarks right after the handover, that instant has no model of its own.
    """
    from_day = as_of - parameters.calibration_days
    known_day = landmarks.assembled.orders.known_day
    before, later = np.flatnonzero(known_day < from_day), np.flatnonzero((known_day >= from_day) & (known_day < as_of))
    calibration: dict[str, BetaMap] = {}
    if len(before) and len(later):
        earlier = fit_living(history, landmarks.take(before), from_day, parameters, tell)
        calibration = calibrate_living(earlier, history, landmarks.take(later), as_of)
    everything = landmarks.take(np.flatnonzero(known_day < as_of))
    fitted = fit_living(history, everything, as_of, parameters, tell)

    def tell_share(_: str, share: float) -> None:
        tell("fitting the handover", share)

    handover = None
    if handovers is not None:
        row, there = handovers.row, handovers.assembled
        handover = train_at_handover(history, row, there, as_of, parameters.at_handover, tell_share)
    return replace(fitted, calibration=calibration, handover=handover)


def fit_living(
    history: ParcelHistory, landmarks: Landmarks, as_of: int, parameters: LivingParameters, tell: Tell
) -> LivingModel:
    """Fit the boosters of all stages on these landmarks, without calibration."""

    def tell_share(share: float) -> None:
        tell("fitting parcels on their way", share)

    landmarks = replace(landmarks, assembled=landmarks.assembled.to_learn_from())
    known = living_outcomes(history, landmarks, as_of)
    hazard = fit_hazard(landmarks.assembled, known, parameters, tell_share, _FAR_SHARE)
    # Old enough to know; orders that were cancelled before that are neither lost nor late.
    is_old = landmarks.assembled.orders.known_day < as_of - SETTLED_DAYS
    old = np.flatnonzero(is_old & ((known.lead_days >= 0) | (known.seen_days >= SETTLED_DAYS)))
    seen = hazard.known_columns(landmarks.assembled.take(old))
    loss = fit_loss(seen, known.lead_days[old] < 0, parameters.seed)
    return LivingModel(hazard, {}, loss=loss)


def calibrate_living(earlier: LivingModel, history: ParcelHistory, later: Landmarks, as_of: int) -> dict[str, BetaMap]:
    """Fit a map for each group of stages: what the earlier model says of later landmarks against what was recorded."""
    known = living_outcomes(history, later, as_of)
    cdf = earlier.cdf(later.assembled)
    group = stage_group(later.assembled.categories["stage"])
    maps = {}
    for name in sorted(set(group.tolist())):
        mine = np.flatnonzero(group == name)
        maps[name] = fit_beta_map(cdf[mine], Outcomes(known.lead_days[mine], known.seen_days[mine]))
    return maps


def living_outcomes(history: ParcelHistory, landmarks: Landmarks, as_of: int) -> Outcomes:
    """Return what was known at the start of UTC day `as_of`, in days from the landmark.

    A delivery before the landmark of which nothing was known then counts as one of its day. Parcels that are lost or go
    back stay at risk: they are never delivered, and that is part of what is forecast (the subdistribution of Fine and
    Gray, 1999). Orders that were cancelled before they left are seen until the day before that was known.
    """
    anchor, row = landmarks.assembled.orders.ordered_on, landmarks.row
    delivered_on = history.delivered_on[row]
    is_known = (delivered_on != UNKNOWN) & (history.delivered_known[row] < as_of)
    is_cancelled = (history.ended_known[row] != UNKNOWN) & (history.dispatched_on[row] == UNKNOWN)
    seen_before = np.where(is_cancelled, np.minimum(history.ended_known[row], as_of), as_of)
    lead = np.maximum(delivered_on - anchor, 0)
    return Outcomes(np.where(is_known, lead, UNKNOWN), seen_before - 1 - anchor)
