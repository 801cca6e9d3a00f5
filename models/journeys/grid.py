"""Distributions over hours: CDFs on one grid of steps, 2 hours at first and 6 hours in the long tail.

Values between the ends of the steps are interpolated linearly. Shape (n, len(ENDS)); what is missing to 1 lies beyond
the horizon of 30 days, or never comes.
"""

import numpy as np

from models.journeys.legs import Floats, Ints

HORIZON_HOURS = 720
EDGES: Floats = np.concatenate(
    [np.arange(0, 24, 2), np.arange(24, 72, 4), np.arange(72, HORIZON_HOURS + 1, 6)], dtype=np.float64
)
STARTS, ENDS = EDGES[:-1], EDGES[1:]
WIDTHS: Floats = ENDS - STARTS


def step_of(hours: Floats) -> Ints:
    """Return the step that holds so many hours, its end included; len(ENDS) beyond the horizon."""
    return np.searchsorted(ENDS, hours, side="left").astype(np.int64)


def by(cdf: Floats, hours: Floats) -> Floats:
    """Return P(delivered within `hours`), one per row; 0 before the start, the last value beyond the horizon.

    >>> by(np.linspace(0.1, 0.2, len(ENDS))[None, :], np.array([1.0])).round(3).tolist()
    [0.05]
    """
    rows = np.arange(len(cdf))
    step = np.minimum(step_of(hours), len(ENDS) - 1)
    below = np.where(step > 0, cdf[rows, step - 1], 0.0)
    share = np.clip((hours - STARTS[step]) / WIDTHS[step], 0.0, 1.0)
    return np.asarray(below + share * (cdf[rows, step] - below))


def quantile(cdf: Floats, level: float) -> Floats:
    """Return the hours within which the CDF reaches the level, one per row; the horizon where it does not."""
    rows = np.arange(len(cdf))
    reached = (cdf < level).sum(axis=1)
    step = np.minimum(reached, len(ENDS) - 1)
    below = np.where(step > 0, cdf[rows, step - 1], 0.0)
    rise = cdf[rows, step] - below
    share = np.clip((level - below) / np.where(rise > 0.0, rise, 1.0), 0.0, 1.0)
    return np.where(reached < len(ENDS), STARTS[step] + share * WIDTHS[step], float(HORIZON_HOURS))


def hourly(cdf: Floats) -> Floats:
    """Return P(delivered within k + 1 hours), k = 0..719, shape (n, 720)."""
    at = np.arange(1.0, HORIZON_HOURS + 1.0)
    step = step_of(at)
    share = (at - STARTS[step]) / WIDTHS[step]
    full = np.concatenate([np.zeros((len(cdf), 1)), cdf], axis=1)
    return np.asarray(full[:, step] + share * (full[:, step + 1] - full[:, step]))


def tilted(cdf: Floats, hours: Floats, beyond: Floats) -> Floats:
    """Return the CDF reweighed so that P(not within `hours`) is `beyond`, its shape before and after kept.

    Rows whose `hours` are not within the horizon, or whose tail there is 0 or 1, stay as they are.
    """
    tail = 1.0 - by(cdf, hours)
    can = (hours > 0.0) & (hours < HORIZON_HOURS) & (tail > 0.0) & (tail < 1.0)
    safe = np.where(can, tail, 0.5)
    before = cdf * ((1.0 - beyond) / (1.0 - safe))[:, None]
    after = 1.0 - (1.0 - cdf) * (beyond / safe)[:, None]
    is_before = ENDS[None, :] <= hours[:, None]
    return np.where(can[:, None], np.clip(np.where(is_before, before, after), 0.0, 1.0), cdf)
