"""The fitted living model: one hazard for all stages, and a calibration for each group of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from features.landmarks import AssembledLandmarks
from features.orders import Floats, Texts
from models.calibration import BetaMap
from models.hazard import HazardModel

# Its parcels are forecast alike in all shops, with scans or without, and tell soonest whether times have changed.
CORRECTED = "first_mile"
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
    """The hazard and a map of each group of stages; a group without a map is not changed."""

    hazard: HazardModel
    calibration: Mapping[str, BetaMap]

    @classmethod
    def of(cls, hazard: HazardModel, maps: Mapping[str, Mapping[str, float]]) -> Self:
        """Return a model with the maps of `maps_to_dict`."""
        return cls(hazard, {group: BetaMap(**one) for group, one in maps.items()})

    def maps_to_dict(self) -> dict[str, dict[str, float]]:
        """Return the numbers of each map."""
        return {group: one.to_dict() for group, one in self.calibration.items()}

    def cdf(self, assembled: AssembledLandmarks, shift: Floats | float = 0.0) -> Floats:
        """Return P(delivered by day k after today), shape (n, HORIZON + 1).

        `shift` is the online correction, of each landmark or of all: it is added to the log-odds of the parcels of
        which nothing is known since they were handed over.
        """
        stages = assembled.categories["stage"]
        cdf = self.hazard.cdf(assembled, np.where(stages == CORRECTED, shift, 0.0))
        group = stage_group(stages)
        for name, one in self.calibration.items():
            mine = np.flatnonzero(group == name)
            cdf[mine] = one.apply(cdf[mine])
        return cdf


def stage_group(stages: Texts) -> Texts:
    """Return the group of each stage of `parcelcast.progress.STAGES`; parcels that are done are in none."""
    return np.array([_GROUPS.get(stage, "") for stage in stages.tolist()], dtype=object)
