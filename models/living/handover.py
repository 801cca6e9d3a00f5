"""The model of parcels right after their handover: each is forecast as if it had been ordered there and then.

For shops without scans this is the only news on the way, and the hazard of all stages together has few leaves to spare
for it. So the two opinions of order time are fitted again, on handovers alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import lightgbm

from features.landmarks import AssembledLandmarks
from features.orders import Floats
from models.blend import Blend
from models.calibration import BetaMap


@dataclass(frozen=True)
class HandoverModel:
    """Both opinions in a fitted proportion, and the map fitted on later handovers than their twins saw."""

    opinions: Blend
    calibration: BetaMap

    def cdf(self, assembled: AssembledLandmarks, shift: Floats) -> Floats:
        """Return P(delivered by day k after today), shape (n, HORIZON + 1); `shift` is the online correction of each.

        All must be `AssembledLandmarks.at_handover`.
        """
        return self.calibration.apply(self.opinions.cdf(assembled.back_at_handover(), shift))

    @property
    def boosters(self) -> dict[str, lightgbm.Booster]:
        """Return the boosters by name."""
        return self.opinions.boosters

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the boosters, as JSON values."""
        return {**self.opinions.to_dict(), "calibration": self.calibration.to_dict()}

    @classmethod
    def of(cls, boosters: Mapping[str, lightgbm.Booster], told: Mapping[str, Any]) -> Self:
        """Return what `boosters` and `to_dict` told; KeyError when a part is missing."""
        return cls(Blend.of(boosters, told, AssembledLandmarks), BetaMap(**told["calibration"]))
