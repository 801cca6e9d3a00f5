"""How near to the best possible ETA? The living model beside the perfect forecaster, by stage, on simulated parcels.

The simulator continues the world many times from the start of a day; the share of continuations in which a parcel has
come by a date is what a perfect forecaster would state. It knows more than any shop: the place in a queue, the mood of
a depot, a loss that nobody has missed. The model gets what had happened by then and was recorded half an hour later,
when the files of the day before have come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.landmarks import AssembledLandmarks, assemble_landmarks
from features.orders import Floats, epoch_day
from features.progress import Standings
from models.hazard import HORIZON
from models.living.model import LivingModel
from models.metrics import crps, pit
from parcelcast.calendar import zone
from pipelines.living.feed import Feed
from pipelines.living.handover import recent_living_balance
from pipelines.living.landmarks import standing_at
from pipelines.preparation import Prepared
from pipelines.progress import SILENT, TellShare
from pipelines.simulator.clock import TIME_ZONE
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.forks import NEVER, PerfectForecast, perfect_forecasts
from pipelines.simulator.parcels import Stage

FILES_COME = timedelta(minutes=30)
SILENT_DAYS = 2.0
SILENCE, ALL = "silent for 48 h", "all"
_LEVEL = 0.9


@dataclass(frozen=True)
class Told:
    """What was said of open parcels: stage as the shop knew it, days since the last scan, CRPS of both, the PIT.

    `is_lost` marks those that are lost without anybody knowing it but the perfect forecaster.
    """

    stage: NDArray[np.object_]
    is_lost: NDArray[np.bool_]
    silent_days: Floats
    perfect: Floats
    model: Floats
    pit: Floats


class Line(NamedTuple):
    """Mean CRPS of a stage's parcels, in days, and the share inside the model's central 90 %.

    The scores leave out the parcels that are lost and not missed yet, of which the perfect forecaster is certain and no
    shop can be; the share does not. It is that of the randomised PIT: an interval of whole days holds more than its
    level.
    """

    stage: str
    parcels: int
    lost: int
    perfect: float
    model: float
    coverage: float


def compare_living(
    living: LivingModel,
    prepared: Prepared,
    feed: Feed,
    truth: Path,
    config: SimulationConfig,
    days: Sequence[date],
    replicas: int,
    tell: TellShare = SILENT,
) -> list[Line]:
    """Compare on the open parcels of the starts of these local days; `truth` is the simulator's table of the world."""
    parts, happened = [], pd.read_parquet(truth, columns=["shipment_id", "final_status", "delivered_on"])
    for number, perfect in enumerate(perfect_forecasts(config, days, replicas)):
        tell("continuing the world", (number + 1) / len(days))
        parts.append(told_on(living, prepared, feed, happened, perfect))
    return lines_of(parts)


def told_on(living: LivingModel, prepared: Prepared, feed: Feed, truth: pd.DataFrame, perfect: PerfectForecast) -> Told:
    """Return what both say of the parcels that are open at the start of the day; cancelled ones are left out."""
    row_of = {one: row for row, one in enumerate(prepared.history.shipment_id.tolist())}
    happened = truth.set_index("shipment_id").loc[list(perfect.shipment_id)]
    cancelled = (happened["final_status"] == "cancelled").to_numpy()
    places = np.array([
        place for place, one in enumerate(perfect.shipment_id)
        if not perfect.ordered_today[place] and not cancelled[place] and one in row_of
    ])  # fmt: skip
    rows = np.array([row_of[perfect.shipment_id[place]] for place in places])
    features = _features(prepared, feed, rows, perfect.anchor)
    open_now = ~np.isin(features.categories["stage"], ["delivered", "returned"])
    features, places = features.take(np.flatnonzero(open_now)), places[open_now]
    delivered = pd.to_datetime(happened["delivered_on"]).to_numpy().astype("datetime64[D]")
    lead = np.where(np.isnat(delivered), NEVER, delivered.astype(np.int64) - epoch_day(perfect.anchor))
    lead = np.where(lead > HORIZON, NEVER, lead)
    known = np.where(lead[places] == NEVER, HORIZON + 1, lead[places])
    day = epoch_day(perfect.anchor)
    shift = recent_living_balance(living, prepared, feed, day, day).shift(np.array([day]))[0]
    cdf = living.cdf(features, shift)
    uniform = np.random.default_rng(epoch_day(perfect.anchor)).uniform(size=len(places))
    return Told(
        features.categories["stage"],
        np.array([perfect.stage[place] is Stage.LOST for place in places.tolist()]),
        features.standings.number["scan_age"],
        perfect.crps(lead)[places],
        crps(cdf, known),
        pit(cdf, known, uniform),
    )


def lines_of(parts: Sequence[Told]) -> list[Line]:
    """Return a line for each stage, for silence, and for all parcels."""
    stage = np.concatenate([part.stage for part in parts])
    silent = np.concatenate([part.silent_days for part in parts]) >= SILENT_DAYS
    chosen = {one: stage == one for one in sorted(set(stage.tolist()))}
    chosen |= {SILENCE: silent, ALL: np.full(len(stage), fill_value=True)}
    lost, perfect, model, inside = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("is_lost", "perfect", "model", "pit")
    )
    low, high = (1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0
    return [
        Line(
            name,
            int(mine.sum()),
            int((mine & lost).sum()),
            float(perfect[mine & ~lost].mean()),
            float(model[mine & ~lost].mean()),
            float(((inside[mine] >= low) & (inside[mine] <= high)).mean()),
        )
        for name, mine in chosen.items()
        if (mine & ~lost).any()
    ]


def living_text(lines: Sequence[Line]) -> str:
    """Return the comparison as a table.

    >>> print(living_text([Line("pickup_point", 357, 0, 3.4, 3.57, 0.89)]))
    simulated            parcels  lost   perfect     model     ratio  in 90 %
    pickup_point             357     0     3.400     3.570     1.050    89.0%
    """
    shown = ["simulated            parcels  lost   perfect     model     ratio  in 90 %"]
    for one in lines:
        ratio = one.model / one.perfect if one.perfect > 0 else float("nan")
        shown.append(
            f"{one.stage:<18}{one.parcels:>10,}{one.lost:>6,}{one.perfect:>10.3f}{one.model:>10.3f}{ratio:>10.3f}"
            f"{one.coverage:>9.1%}"
        )
    return "\n".join(shown)


def _features(prepared: Prepared, feed: Feed, rows: NDArray[np.intp], day: date) -> AssembledLandmarks:
    """Return the features at the start of a day, from what had happened by then."""
    midnight = datetime.combine(day, datetime.min.time(), zone(TIME_ZONE)).astimezone(UTC)
    reports = {
        row: [one for one in told if one.happened_at < midnight] for row, told in feed.reports(np.unique(rows)).items()
    }
    history, as_of = prepared.history, midnight + FILES_COME
    standings = Standings.of([standing_at(history, row, reports[row], as_of) for row in rows.tolist()])
    return assemble_landmarks(history.orders.take(rows), standings, prepared.sketches.rolling(), HORIZON)
