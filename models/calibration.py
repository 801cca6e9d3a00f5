"""Calibration: a monotone map on CDF values, fitted on later data than the model saw."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from models.hazard import Outcomes
from parcelcast.errors import InputError

Floats = NDArray[np.float64]

_EDGE = 1e-6  # probabilities nearer to 0 or 1 than this say nothing about the shape of the map
_FEWEST = 200
# Two months tell of one regime, and the next may differ: the map goes a quarter of the way from doing nothing to what
# they say. See docs/adr/0006.
_TRUST = 0.25
_STEEPEST = 4.0


@dataclass(frozen=True)
class BetaMap:
    """G(u) = 1 / (1 + exp(-(a ln u - b ln(1 - u) + c))): the beta calibration of Kull, Silva Filho and Flach (2017).

    Monotone for a, b > 0, with G(0) = 0 and G(1) = 1; a = b = 1 and c = 0 change nothing.

    >>> BetaMap().apply(np.array([0.0, 0.25, 1.0])).round(9).tolist()
    [0.0, 0.25, 1.0]
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __post_init__(self) -> None:
        if not (self.a > 0.0 and self.b > 0.0 and np.isfinite([self.a, self.b, self.c]).all()):
            raise InputError(f"calibration map with a={self.a}, b={self.b}, c={self.c}; expected a and b above 0")

    def apply(self, cdf: Floats) -> Floats:
        """Return the map of each CDF value, same shape."""
        inside = (cdf > 0.0) & (cdf < 1.0)
        u = np.where(inside, cdf, 0.5)
        mapped = expit(self.a * np.log(u) - self.b * np.log1p(-u) + self.c)
        return np.where(inside, mapped, np.where(cdf >= 1.0, 1.0, 0.0))

    def to_dict(self) -> dict[str, float]:
        """Return the three numbers."""
        return asdict(self)


def fit_beta_map(cdf: Floats, outcomes: Outcomes) -> BetaMap:
    """Fit the map to pairs of F(k) and "delivered by day k", for all days k of which the truth is known.

    `cdf` has shape (n, H+1). Every order counts with the days up to the as-of, delivered or still open, so recent
    orders do not bias the map towards fast parcels. Minimises the log loss and goes a quarter of the way; without
    at least 200 orders nothing is changed.
    """
    if len(cdf) < _FEWEST:
        return BetaMap()
    steps = np.arange(cdf.shape[1])
    lead, seen = outcomes.lead_days[:, None], outcomes.seen_days[:, None]
    told = (steps <= seen) & (cdf > _EDGE) & (cdf < 1.0 - _EDGE)
    if not told.any():
        return BetaMap()
    by_then = ((lead >= 0) & (steps >= lead))[told].astype(np.float64)
    u = cdf[told]
    x = np.column_stack([np.log(u), -np.log1p(-u), np.ones_like(u)])

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = x @ theta
        p = expit(z)
        value = np.mean(np.logaddexp(0.0, z) - by_then * z)
        return float(value), np.asarray(x.T @ (p - by_then) / len(u))

    bounds = [(1.0 / _STEEPEST, _STEEPEST), (1.0 / _STEEPEST, _STEEPEST), (-_STEEPEST, _STEEPEST)]
    found = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    a, b, c = (float(value) for value in found.x)
    return BetaMap(1.0 + _TRUST * (a - 1.0), 1.0 + _TRUST * (b - 1.0), _TRUST * c)
