"""Two opinions mixed: P(delivered by day k) of the hazard model and of the location model, in a fitted proportion.

Their log-odds are averaged. An average of the probabilities themselves would be too spread out even if both were
calibrated: Ranjan and Gneiting, "Combining probability forecasts" (2010).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import lightgbm
import numpy as np
from scipy.special import expit, logit

from features.assembly import Assembled
from features.orders import Floats
from models.hazard import BOOSTERS, HazardModel, Outcomes
from models.location import LocationModel

LOCATION = "location"
# No opinion weighs more than one that is sure to one in ten thousand.
_SMALLEST = 1e-4


@dataclass(frozen=True)
class Blend:
    """The hazard model, and the location model's share of the forecast; without a location model the share is 0."""

    hazard: HazardModel
    location: LocationModel | None = None
    share: float = 0.0

    def cdf(self, assembled: Assembled, shift: Floats) -> Floats:
        """Return P(delivered by day k after the order), shape (n, HORIZON + 1); `shift` as of both models."""
        hazard = self.hazard.cdf(assembled, shift)
        if self.location is None or self.share == 0.0:
            return hazard
        return mixed(hazard, self.location.cdf(assembled, shift), self.share)

    @property
    def boosters(self) -> dict[str, lightgbm.Booster]:
        """Return the boosters of both models by name."""
        return self.hazard.boosters | ({LOCATION: self.location.booster} if self.location else {})

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the boosters, as JSON values."""
        errors = self.location.errors.tolist() if self.location else None
        return {"codes": self.hazard.codes, "errors": errors, "share": self.share}

    @classmethod
    def of(
        cls, boosters: Mapping[str, lightgbm.Booster], told: Mapping[str, Any], kind: type[Assembled] = Assembled
    ) -> Self:
        """Return what `boosters` and `to_dict` told, for features of this kind; KeyError when a part is missing."""
        codes, errors, columns = told["codes"], told["errors"], kind.parcel_columns()
        location = LocationModel(boosters[LOCATION], codes, np.array(errors), columns) if errors else None
        hazard = HazardModel({name: boosters[name] for name in BOOSTERS}, codes, kind.columns())
        return cls(hazard, location, told["share"])

    def with_share(self, share: float) -> Self:
        """Return the same models in another proportion."""
        return replace(self, share=share if self.location else 0.0)


def mixed(hazard: Floats, location: Floats, share: float) -> Floats:
    """Average the log-odds of two CDFs of the same shape; where both are nearly sure, the first one's word stands.

    >>> mixed(np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.8, 1.0]), 0.5).round(9).tolist()
    [0.0, 0.5, 1.0]
    """
    first, second = (np.clip(cdf, _SMALLEST, 1.0 - _SMALLEST) for cdf in (hazard, location))
    return np.where(first == second, hazard, expit((1.0 - share) * logit(first) + share * logit(second)))


def best_share(hazard: Floats, location: Floats, known: Outcomes) -> float:
    """Return the share, 0 to 1, with the smallest squared error of P(delivered by day k) where the truth is known.

    Both CDFs have shape (n, H + 1). It would be the share of the least CRPS, were all days known: every order counts
    with the days up to the as-of, delivered or still open, so recent orders do not bias it towards fast parcels. The
    probabilities, not their log-odds, are mixed here: there the share can be told in closed form.
    """
    steps = np.arange(hazard.shape[1])
    lead = known.lead_days[:, None]
    apart = np.where(steps <= known.seen_days[:, None], location - hazard, 0.0)
    missing = ((lead >= 0) & (steps >= lead)) - hazard
    weight = float(np.square(apart).sum())
    return float(np.clip((apart * missing).sum() / weight, 0.0, 1.0)) if weight else 0.0
