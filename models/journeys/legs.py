"""Legs of freight processes, and the moments at which they are forecast.

The step names are those of Cargo 2000: RCS (checked in at the departure airline), DEP (departed), RCF (received at the
arrival airport), DLV (delivered). A leg has one to three flight segments, each with its DEP and RCF. There is no
calendar: all times are hours since the leg began.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

STEPS = ("rcs", "dep_1", "rcf_1", "dep_2", "rcf_2", "dep_3", "rcf_3", "dlv")
PLACED_STEPS = STEPS[1:-1]  # the steps at an airport that is named
OUTBOUND = "o"
KINDS = ("i1", "i2", "i3", OUTBOUND)
# Forecasts are made at the start and after each of these steps; few legs have a third segment.
MILESTONES = ("start", *STEPS[:5])
MOST_SEGMENTS = 3


@dataclass(frozen=True)
class Legs:
    """Legs in the order of their processes, shape (n) or (n, steps).

    `leg_id` and `process_id` are the source's names, `process` the number of the process from 0 in the order of the
    source, `kind` one of KINDS. `planned` and `effective` are hours per step of STEPS, 0 where the leg has no such step
    or nobody recorded it. `place` holds the airports of PLACED_STEPS, 0 where there is none.
    """

    leg_id: NDArray[np.str_]
    process_id: NDArray[np.str_]
    process: Ints
    kind: NDArray[np.str_]
    planned: Floats
    effective: Floats
    place: Ints

    def __len__(self) -> int:
        return len(self.process)

    def take(self, rows: Rows | NDArray[np.bool_]) -> "Legs":
        """Return those legs only."""
        return Legs(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def planned_total(self) -> Floats:
        """Hours from the start to the planned delivery."""
        return np.asarray(self.planned.sum(axis=1))

    @property
    def effective_total(self) -> Floats:
        """Hours from the start to the delivery; only of use where `is_delivered`."""
        return np.asarray(self.effective.sum(axis=1))

    @property
    def is_delivered(self) -> NDArray[np.bool_]:
        """Tell which legs have a recorded delivery."""
        return np.asarray(self.effective[:, -1] > 0.0)

    @property
    def is_late(self) -> NDArray[np.bool_]:
        """Tell which legs were delivered after their planned total."""
        return self.is_delivered & (self.effective_total > self.planned_total)

    @property
    def segments(self) -> Ints:
        """Flight segments that were planned, 1 to 3."""
        return np.asarray(np.clip((self.planned[:, 2:7:2] > 0.0).sum(axis=1), 1, MOST_SEGMENTS))

    def last_segment(self, values: Floats | Ints, offset: int) -> Floats:
        """Return of `values` by PLACED_STEPS, shape (n, 6), that of the last segment's DEP (offset 0) or RCF (1)."""
        return np.asarray(values[np.arange(len(self)), 2 * (self.segments - 1) + offset], dtype=np.float64)

    @property
    def origin(self) -> Ints:
        """Airport of the first departure."""
        return self.place[:, 0]

    @property
    def destination(self) -> Ints:
        """Airport of the last arrival."""
        return self.last_segment(self.place, 1).astype(np.int64)


@dataclass(frozen=True)
class Landmarks:
    """The moments at which legs are forecast: leg `row` of `legs` right after step `milestone` of MILESTONES.

    Nothing here but `remaining` and `is_late` looks at what happened after the moment.
    """

    legs: Legs
    row: Rows
    milestone: Ints
    elapsed: Floats
    planned_before: Floats

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Rows | NDArray[np.bool_]) -> "Landmarks":
        """Return those moments only, of the same legs."""
        return Landmarks(self.legs, self.row[rows], self.milestone[rows], self.elapsed[rows], self.planned_before[rows])

    @property
    def planned_remaining(self) -> Floats:
        """Planned hours of the steps to come."""
        return np.asarray(self.legs.planned_total[self.row] - self.planned_before)

    @property
    def slack(self) -> Floats:
        """Hours until the planned total is used up; negative when it is."""
        return np.asarray(self.legs.planned_total[self.row] - self.elapsed)

    @property
    def deviation(self) -> Floats:
        """Hours behind the plan so far, negative when ahead of it."""
        return np.asarray(self.elapsed - self.planned_before)

    @property
    def remaining(self) -> Floats:
        """Hours that it took from here to the delivery; NaN where none is known."""
        left = self.legs.effective_total[self.row] - self.elapsed
        return np.where(self.legs.is_delivered[self.row], left, np.nan)

    @property
    def is_late(self) -> NDArray[np.bool_]:
        """Tell whether the leg exceeded its planned total in the end."""
        return np.asarray(self.legs.is_late[self.row])


def landmarks_of(legs: Legs, milestones: Sequence[str] = MILESTONES) -> Landmarks:
    """Return the start and every recorded milestone of each leg, by leg and then in the order of the milestones."""
    seen = np.concatenate([np.ones((len(legs), 1), dtype=bool), legs.effective[:, : len(MILESTONES) - 1] > 0.0], axis=1)
    row, milestone = np.nonzero(seen & np.isin(MILESTONES, list(milestones)))
    return Landmarks(
        legs, row, milestone, _before(legs.effective, row, milestone), _before(legs.planned, row, milestone)
    )


def _before(hours: Floats, row: Rows, milestone: Rows) -> Floats:
    """Return the sum of the steps up to the milestone."""
    sums = np.concatenate([np.zeros((len(hours), 1)), np.cumsum(hours, axis=1)], axis=1)
    return np.asarray(sums[row, milestone])
