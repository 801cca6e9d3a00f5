"""Work and staff of hubs and depots, both in units of an ordinary day of a facility that works six days a week."""

import numpy as np

from pipelines.simulator.arrays import Floats
from pipelines.simulator.config import Regime
from pipelines.simulator.today import Today

# Our parcels' share of a carrier's work, once there are a few of them a day.
_OWN_SHARE, _NOTICED = 0.3, 3.0
# Other shops' customers order for Christmas nearly as ours do.
_SEASON_OF_OTHERS = 0.8
_MOST_OVERTIME_DAYS = 4.0


def work_of_day(today: Today, usual: Floats, ours: Floats, others: Floats) -> Floats:
    """Work that comes in today, shape (R, F): our parcels and other customers'.

    ``usual`` are our parcels on an ordinary day (F), ``ours`` those of today and ``others`` the other customers' work
    relative to an ordinary day (R, F).
    """
    each = _OWN_SHARE / (usual + _NOTICED)
    seasonal = 1 + _SEASON_OF_OTHERS * (today.season - 1)
    work: Floats = (1 - each * usual) * others * seasonal + ours * 6 / 7 * each
    return work


def staff(today: Today, regime: Regime, backlog: Floats) -> Floats:
    """Work that the staff can do today if nothing hinders it, shape (R, F)."""
    hired = 1 + regime.peak_cover * _SEASON_OF_OTHERS * (today.season - 1)
    overtime = 1 + regime.overtime * np.minimum(backlog, _MOST_OVERTIME_DAYS)
    luck = np.exp(0.05 * today.rng.standard_normal(backlog.shape))
    able: Floats = (1 + regime.slack) * hired * overtime * luck
    return able
