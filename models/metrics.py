"""Scores of forecasts against outcomes; one expression each, one value per forecast."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def crps(cdf: Floats, lead_days: Ints) -> Floats:
    """Sum over k = 0..H of (F(k) - 1{lead_days <= k}) squared, in days; `cdf` has shape (n, H+1)."""
    step = np.arange(cdf.shape[1]) >= lead_days[:, None]
    return np.asarray(np.square(cdf - step).sum(axis=1))


def quantile_days(cdf: Floats, level: float) -> Ints:
    """First day whose CDF reaches the level; H+1 where none does."""
    return np.asarray((cdf < level - 1e-12).sum(axis=1))


def absolute_error_of_median(cdf: Floats, lead_days: Ints) -> Floats:
    """Days between the median and the delivery."""
    return np.asarray(np.abs(quantile_days(cdf, 0.5) - lead_days), dtype=np.float64)


def is_covered(cdf: Floats, lead_days: Ints, level: float) -> NDArray[np.bool_]:
    """Tell whether the delivery lies in the central interval of that level, both ends included.

    Days are whole, so the interval holds at least its level: a calibrated forecast covers somewhat more.
    """
    low, high = quantile_days(cdf, (1.0 - level) / 2.0), quantile_days(cdf, (1.0 + level) / 2.0)
    return (lead_days >= low) & (lead_days <= high)


def pit(cdf: Floats, lead_days: Ints, uniform: Floats) -> Floats:
    """Randomised probability integral transform: F(k-1) + u (F(k) - F(k-1)); uniform when forecasts are calibrated.

    Czado, Gneiting and Held, "Predictive model assessment for count data" (2009). `uniform` holds one draw per order.
    """
    rows = np.arange(len(cdf))
    k = np.minimum(lead_days, cdf.shape[1] - 1)
    upper = np.where(lead_days < cdf.shape[1], cdf[rows, k], 1.0)
    below = np.where(k > 0, cdf[rows, np.maximum(k - 1, 0)], 0.0)
    lower = np.where(lead_days < cdf.shape[1], below, cdf[:, -1])
    return np.asarray(lower + uniform * (upper - lower))


def reliability(cdf: Floats, lead_days: Ints, bins: int = 20) -> tuple[Floats, Floats, Ints]:
    """Stated against observed probability of "delivered by day k", pooled over orders and days k with 0 < F(k) < 1.

    Returns mean stated probability, observed share and number of pairs for each bin that has any.
    """
    told = (cdf > 0.001) & (cdf < 0.999)
    stated = cdf[told]
    happened = (np.arange(cdf.shape[1]) >= lead_days[:, None])[told]
    index = np.minimum((stated * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins)
    some = count > 0
    mean = np.bincount(index, weights=stated, minlength=bins)[some] / count[some]
    share = np.bincount(index, weights=happened, minlength=bins)[some] / count[some]
    return mean, share, count[some]


def summary(cdf: Floats, lead_days: Ints, coverage: Sequence[float] = (0.5, 0.8, 0.9, 0.95)) -> dict[str, float]:
    """Return the mean scores of some forecasts under the names that reports use."""
    scores = {
        "parcels": float(len(cdf)),
        "crps_days": float(crps(cdf, lead_days).mean()),
        "mae_median_days": float(absolute_error_of_median(cdf, lead_days).mean()),
    }
    for level in coverage:
        scores[f"coverage_{level * 100:.0f}"] = float(is_covered(cdf, lead_days, level).mean())
    return scores


def average_precision(happened: NDArray[np.bool_], risk: Floats) -> float | None:
    """Return the average precision of a risk; None where nothing happened."""
    return float(average_precision_score(happened, risk)) if happened.any() else None
