"""How near to the best possible forecast? Order-time forecasts beside the perfect forecaster's, on simulated parcels.

The simulator continues the world many times from the start of a day; the share of continuations in which a parcel has
come by a date is what a perfect forecaster would state. Both are scored on what then happened (CRPS, in days).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.orders import epoch_day
from models.metrics import crps
from parcelcast.errors import InputError
from pipelines.progress import SILENT, TellShare
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.forks import HORIZON, NEVER, PerfectForecast, perfect_forecasts

DAYS, REPLICAS = 7, 100
_WEEK = 7


@dataclass(frozen=True)
class Comparison:
    """Mean CRPS of one day's orders, in days; `perfect` is freed from the noise of few replicas."""

    day: date
    parcels: int
    perfect: float
    model: float


def compare(
    predictions: Path,
    truth: Path,
    config: SimulationConfig,
    days: Sequence[date],
    replicas: int,
    tell: TellShare = SILENT,
) -> list[Comparison]:
    """Compare the forecasts in `predictions` (as a backtest writes them) with the perfect forecaster's on these days.

    `truth` is the simulator's table of that world, `config` the one that made it. Only orders of those days that were
    delivered count. InputError when a day has no forecast.
    """
    told = _told(predictions, truth)
    results = []
    for number, perfect in enumerate(perfect_forecasts(config, days, replicas)):
        tell("continuing the world", (number + 1) / len(days))
        results.append(_of_day(perfect, told))
    return results


def window_days(predictions: Path, count: int) -> list[date]:
    """Return so many days, evenly spread over those that the file has forecasts of, but never a whole week apart.

    Seven days spread over all of six weeks would be Saturdays and Sundays only.
    """
    days = sorted(set(pq.read_table(predictions, columns=["anchor"])["anchor"].to_pylist()))
    count = min(count, len(days))
    step = (len(days) - 1) // max(count - 1, 1)
    step -= count > 1 and step % _WEEK == 0
    first = (len(days) - 1 - step * (count - 1)) // 2
    return [days[first + step * number] for number in range(count)]


def comparison_text(results: Sequence[Comparison]) -> str:
    """Return a table of the days and, last, of all parcels together."""
    lines = ["simulated       parcels   perfect     model     ratio"]
    parcels = sum(one.parcels for one in results)
    perfect = sum(one.perfect * one.parcels for one in results) / parcels
    model = sum(one.model * one.parcels for one in results) / parcels
    rows = [*((str(one.day), one.parcels, one.perfect, one.model) for one in results), ("all", parcels, perfect, model)]
    lines += [f"{day:<12}{n:>10,}{best:>10.3f}{ours:>10.3f}{ours / best:>10.3f}" for day, n, best, ours in rows]
    return "\n".join(lines)


@dataclass(frozen=True)
class _Told:
    """What the model said, by shipment: row, CDFs, and days from the anchor (epoch day) to the true delivery."""

    row_of: dict[str, int]
    cdf: NDArray[np.float64]
    anchor: NDArray[np.int64]
    lead_days: NDArray[np.int64]


def _told(predictions: Path, truth: Path) -> _Told:
    said = pq.read_table(predictions, columns=["shipment_id", "anchor", "cdf"])
    ids = said["shipment_id"].to_pylist()
    happened = pq.read_table(truth, columns=["shipment_id", "delivered_on"])
    delivered = dict(zip(happened["shipment_id"].to_pylist(), happened["delivered_on"].to_pylist(), strict=True))
    anchors = said["anchor"].to_pylist()
    lead = [(day - anchor).days if (day := delivered[one]) else -1 for one, anchor in zip(ids, anchors, strict=True)]
    row_of = {one: row for row, one in enumerate(ids)}
    days = np.array([epoch_day(day) for day in anchors])
    return _Told(row_of, np.array(said["cdf"].to_pylist()), days, np.array(lead))


def _of_day(perfect: PerfectForecast, told: _Told) -> Comparison:
    ids = perfect.shipment_id
    mine = [
        (place, told.row_of[ids[place]])
        for place in np.flatnonzero(perfect.ordered_today)
        if ids[place] in told.row_of and told.lead_days[told.row_of[ids[place]]] >= 0
    ]
    if not mine:
        raise InputError(f"no forecast of a delivered order of {perfect.anchor}; expected days of the test window")
    places, rows = (np.array(part) for part in zip(*mine, strict=True))
    days = np.full(len(ids), NEVER)
    days[places] = told.lead_days[rows] + told.anchor[rows] - epoch_day(perfect.anchor)
    days[days > HORIZON] = NEVER
    model = crps(told.cdf[rows], told.lead_days[rows])
    return Comparison(perfect.anchor, len(rows), float(perfect.crps(days)[places].mean()), float(model.mean()))
