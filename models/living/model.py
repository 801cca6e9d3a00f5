"""The fitted living model: one hazard for all stages, a calibration for each group of them, and one for handovers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import lightgbm
import numpy as np
from scipy.special import expit

from features.assembly import Codes
from features.landmarks import LIVING_COLUMNS, AssembledLandmarks
from features.orders import Floats, Texts
from models.calibration import BetaMap
from models.hazard import HORIZON, NEGLIGIBLE, HazardModel
from models.living.handover import HandoverModel
from models.living.loss import LOSS, check_loss, loss_odds, reweighed

# Its parcels are forecast alike in all shops, with scans or without, and tell soonest whether times have changed.
CORRECTED = "first_mile"
# Most parcels on their way come within a week.
_CHUNKS = ((0, 7), (7, 20), (20, HORIZON + 1))
# The share that gets lost is told apart, so the hazard is not asked on for its sake, as far as it is no more than this:
# less than a hundredth is left where days end.
_MOST_LOST = 0.005
# Stages that have few parcels share the calibration of those that are most like them.
_GROUPS = {
    "pre_dispatch": "waiting",
    "first_mile": "moving",
    "line_haul": "moving",
    "customs": "moving",
    "destination_depot": "depot",
    "out_for_delivery": "vehicle",
    "attempted": "again",
    "pickup_point": "pickup",
    "returning": "astray",
    "lost_suspected": "astray",
}


@dataclass(frozen=True)
class LivingModel:
    """The hazard, the booster that tells losses, and a map of each group of stages.

    A group without a map is not changed. Parcels right after their handover are forecast by `handover`. Without it, or
    without `loss`, the hazard tells what they would.
    """

    hazard: HazardModel
    calibration: Mapping[str, BetaMap]
    handover: HandoverModel | None = None
    loss: lightgbm.Booster | None = None

    @classmethod
    def of(
        cls,
        boosters: Mapping[str, lightgbm.Booster],
        codes: Codes,
        maps: Mapping[str, Mapping[str, float]],
        handover: HandoverModel | None = None,
    ) -> Self:
        """Return a model of `boosters` by name, with the maps of `maps_to_dict`.

        ArtefactError when a booster is missing or of another version.
        """
        hazard, loss = HazardModel(boosters, codes, LIVING_COLUMNS), boosters.get(LOSS)
        check_loss(loss)
        return cls(hazard, {group: BetaMap(**one) for group, one in maps.items()}, handover, loss)

    @property
    def boosters(self) -> dict[str, lightgbm.Booster]:
        """Return the boosters by name, but those at the handover."""
        return self.hazard.boosters | ({LOSS: self.loss} if self.loss is not None else {})

    def uncalibrated(self) -> Self:
        """Return the same model without any map."""
        handover = None if self.handover is None else replace(self.handover, calibration=BetaMap())
        return replace(self, calibration={}, handover=handover)

    def maps_to_dict(self) -> dict[str, dict[str, float]]:
        """Return the numbers of each map."""
        return {group: one.to_dict() for group, one in self.calibration.items()}

    def cdf(self, assembled: AssembledLandmarks, shift: Floats | float = 0.0) -> Floats:
        """Return P(delivered by day k after today), shape (n, HORIZON + 1).

        `shift` is the online correction, of each landmark or of all: it is added to the log-odds of the parcels of
        which nothing is known since they were handed over.
        """
        shifts = np.where(assembled.categories["stage"] == CORRECTED, shift, 0.0)
        if self.handover is None:
            return self._by_stage(assembled, shifts)
        cdf, here = np.empty((len(shifts), HORIZON + 1)), assembled.at_handover
        for rows, forecast in ((here, self.handover.cdf), (~here, self._by_stage)):
            if rows.any():
                cdf[rows] = forecast(assembled.take(np.flatnonzero(rows)), shifts[rows])
        return cdf

    def _by_stage(self, assembled: AssembledLandmarks, shifts: Floats) -> Floats:
        cdf = self._uncalibrated(assembled, shifts)
        group = stage_group(assembled.categories["stage"])
        for name, one in self.calibration.items():
            mine = np.flatnonzero(group == name)
            cdf[mine] = one.apply(cdf[mine])
        return cdf

    def _uncalibrated(self, assembled: AssembledLandmarks, shifts: Floats) -> Floats:
        if self.loss is None:
            return self.hazard.cdf(assembled, shifts, chunks=_CHUNKS)
        odds = loss_odds(self.loss, self.hazard.known_columns(assembled))
        negligible = NEGLIGIBLE + np.minimum(expit(odds), _MOST_LOST)
        return reweighed(self.hazard.cdf(assembled, shifts, negligible, _CHUNKS), odds)


def stage_group(stages: Texts) -> Texts:
    """Return the group of each stage of `parcelcast.progress.STAGES`; parcels that are done are in none."""
    return np.array([_GROUPS.get(stage, "") for stage in stages.tolist()], dtype=object)
