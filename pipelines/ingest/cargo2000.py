"""The Cargo 2000 file (air freight, planned and effective durations by milestone) as legs.

One row is one process: up to three inbound legs (`i1_` to `i3_`) that meet at a hub, and one outbound leg (`o_`). Each
step of a leg has its planned (`_p`) and effective (`_e`) duration in minutes, counted from the step before, and
departures and arrivals have an airport (`_place`), a number. 0, an empty field and `?` (in the UCI original) stand for
"no such step". There is no calendar, carrier or weight, so the legs do not become shipments and scans: the plan, which
is all that can be compared, has no column there. Metzger et al., "Cargo 2000 Freight Tracking and Tracing" (UCI, CC BY
4.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.journeys.legs import KINDS, PLACED_STEPS, STEPS, Legs
from parcelcast.errors import DataError
from pipelines.ingest.reading import find_file, read_frame

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FILE = "c2k"
LEG_ID = "legid"
PROCESS_ID = "nr"  # in the UCI original; without it, rows are numbered from 1
LEG_COLUMNS = (
    LEG_ID,
    *(f"{step}_{side}" for step in STEPS for side in ("p", "e")),
    *(f"{step}_place" for step in PLACED_STEPS),
)
MINUTES_PER_HOUR = 60.0
# Nothing in air freight takes longer than ten years, so such numbers are not durations.
_LONGEST_MINUTES = 10 * 366 * 24 * 60


@dataclass(frozen=True)
class Cargo2000:
    """The sound legs, how many processes the file has, and how many legs have which defect.

    `rejected` legs are left out; `noted` ones are used as they are.
    """

    legs: Legs
    processes: int
    rejected: dict[str, int]
    noted: dict[str, int]


def read_cargo2000(folder: Path) -> Cargo2000:
    """Read `c2k.csv` or `c2k.csv.gz` of the folder; DataError when it is absent, broken or without a usable leg.

    A leg with a value that is no whole number of minutes from 0, without any plan, or with the id of an earlier leg is
    rejected, the other legs of its process are kept. Processes are in the order of the file.
    """
    path = find_file(folder, FILE)
    if path is None:
        raise DataError(
            "no such file", file=str(folder / f"{FILE}.csv"), remedy="give the folder that holds c2k.csv(.gz)"
        )
    frame, _ = read_frame(path, [f"{kind}_{column}" for kind in KINDS for column in LEG_COLUMNS], [PROCESS_ID])
    names = _process_names(frame)
    numbers = np.stack([_numbers(frame, kind) for kind in KINDS], axis=1)  # processes x kinds x columns
    is_leg = np.isnan(numbers[:, :, 0]) | (numbers[:, :, 0] > 0)
    process, kind = np.nonzero(is_leg)
    values = numbers[is_leg]
    rejected, is_sound = _rejected(values)
    if not is_sound.any():
        raise DataError("no leg is usable", file=str(path), remedy="see its header: durations are whole minutes from 0")
    values, process, kind = values[is_sound], process[is_sound], kind[is_sound]
    legs = Legs(
        leg_id=values[:, 0].astype(np.int64).astype(np.str_),
        process_id=names[process],
        process=process.astype(np.int64),
        kind=np.array(KINDS)[kind],
        planned=_columns(values, "p") / MINUTES_PER_HOUR,
        effective=_columns(values, "e") / MINUTES_PER_HOUR,
        place=values[:, [LEG_COLUMNS.index(f"{step}_place") for step in PLACED_STEPS]].astype(np.int64),
    )
    return Cargo2000(legs, len(frame), rejected, _noted(legs))


def _process_names(frame: pd.DataFrame) -> NDArray[np.str_]:
    """Return the names of the processes, those of the file where each has its own."""
    if PROCESS_ID in frame and frame[PROCESS_ID].notna().all() and frame[PROCESS_ID].is_unique:
        return frame[PROCESS_ID].astype(str).to_numpy(dtype=np.str_)
    return np.arange(1, len(frame) + 1).astype(np.str_)


def _numbers(frame: pd.DataFrame, kind: str) -> Floats:
    """Return the columns of one kind of leg, NaN where a field holds no usable number."""
    columns = []
    for name in LEG_COLUMNS:
        text = frame[f"{kind}_{name}"].astype("object")
        is_given = text.notna() & (text.astype(str).str.strip() != "?")
        values = pd.to_numeric(text.where(is_given, "0"), errors="coerce").to_numpy(dtype=np.float64)
        is_usable = (values >= 0.0) & (values <= _LONGEST_MINUTES) & (values == np.floor(values))
        columns.append(np.where(is_usable, values, np.nan))
    return np.column_stack(columns)


def _columns(values: Floats, side: str) -> Floats:
    return values[:, [LEG_COLUMNS.index(f"{step}_{side}") for step in STEPS]]


def _rejected(values: Floats) -> tuple[dict[str, int], NDArray[np.bool_]]:
    """Return how many legs are rejected and why, the first reason counting, and which legs are sound."""
    reasons = {
        "not a whole number from 0": np.isnan(values).any(axis=1),
        "no planned step": ~(np.nan_to_num(_columns(values, "p")).sum(axis=1) > 0.0),
        "leg id of an earlier leg": pd.Series(values[:, 0]).duplicated().to_numpy(),
    }
    is_sound, counts = np.ones(len(values), dtype=bool), {}
    for reason, is_bad in reasons.items():
        counts[reason] = int((is_sound & is_bad).sum())
        is_sound &= ~is_bad
    return {reason: count for reason, count in counts.items() if count}, is_sound


def _noted(legs: Legs) -> dict[str, int]:
    """Count the oddities that forecasts live with."""
    planned, effective = legs.planned > 0.0, legs.effective > 0.0
    found = {
        "no delivery recorded": ~legs.is_delivered,
        "planned step not recorded": (planned & ~effective)[:, :-1].any(axis=1),
        "step that was not planned": (effective & ~planned).any(axis=1),
        "no destination airport": legs.destination == 0,
        "longer than 30 days": legs.effective_total > 30 * 24,
    }
    return {reason: int(which.sum()) for reason, which in found.items() if which.any()}
