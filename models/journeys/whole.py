"""Whole processes: the slowest inbound leg, then the outbound one.

Inbound legs are taken to start together, and the outbound leg to start when the last of them is delivered: without a
calendar nothing else can be told. The joint distribution is that of `parcelcast.distribution.all_by`, on hours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.journeys.grid import HORIZON_HOURS, hourly
from models.journeys.legs import OUTBOUND, Floats, Landmarks, Legs, Rows


@dataclass(frozen=True)
class Processes:
    """Processes at their start: rows of their legs, what was planned and what became of it, in hours."""

    inbound: list[Rows]
    outbound: Rows
    planned: Floats
    effective: Floats

    def __len__(self) -> int:
        return len(self.outbound)

    @property
    def is_late(self) -> NDArray[np.bool_]:
        """Tell which processes took longer than planned."""
        return self.effective > self.planned


def processes_of(legs: Legs) -> Processes:
    """Return the processes with an outbound and at least one inbound leg, all delivered."""
    inbound, outbound = [], []
    for process in np.unique(legs.process):
        mine = np.flatnonzero(legs.process == process)
        last, first = mine[legs.kind[mine] == OUTBOUND], mine[legs.kind[mine] != OUTBOUND]
        if len(last) == 1 and len(first) and legs.is_delivered[mine].all():
            inbound.append(first)
            outbound.append(int(last[0]))
    rows = np.array(outbound, dtype=np.intp)

    def total(hours: Floats) -> Floats:
        slowest = np.array([hours[first].max() for first in inbound], dtype=np.float64)
        return np.asarray(slowest + hours[rows])

    return Processes(inbound, rows, total(legs.planned_total), total(legs.effective_total))


def process_cdf(processes: Processes, landmarks: Landmarks, cdf: Floats, fate: float) -> Floats:
    """Return P(the process is done within k + 1 hours of its start), k = 0..1439, from the start of each leg.

    `landmarks` and `cdf` (on the grid) must hold the start of every leg; `fate` is how far inbound legs share theirs.
    """
    at_start = np.flatnonzero(landmarks.milestone == 0)
    start_of = np.full(len(landmarks.legs), -1)
    start_of[landmarks.row[at_start]] = at_start
    found = np.empty((len(processes), 2 * HORIZON_HOURS))
    for number, (first, last) in enumerate(zip(processes.inbound, processes.outbound, strict=True)):
        parts = hourly(cdf[start_of[first]])
        slowest = fate * parts.min(axis=0) + (1.0 - fate) * parts.prod(axis=0)
        then = hourly(cdf[start_of[[last]]])[0]
        # Parts that end in hours a and b give a sum that ends in hour a + b or the next one; the later is told.
        both = np.convolve(np.diff(slowest, prepend=0.0), np.diff(then, prepend=0.0))
        found[number, 1:] = np.cumsum(both)[: 2 * HORIZON_HOURS - 1]
        found[number, 0] = 0.0
    return np.minimum(found, 1.0)
