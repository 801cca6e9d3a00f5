"""How near to the best possible ETA? The living model beside perfect forecasters, by stage, on simulated parcels.

The simulator continues the world many times from the start of a day; the share of continuations in which a parcel has
come by a date is what a perfect forecaster would state. One of them knows of each parcel what was recorded, as a shop
does; the other also what no scan has told, such as a loss that nobody has missed. Both know the mood of the network.
The model gets what had happened by then and was recorded half an hour later, when the files of the day before have
come. They are asked about all parcels that the shop waits for, whatever has really become of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.landmarks import AssembledLandmarks, assemble_landmarks
from features.orders import Floats, epoch_day
from models.hazard import HORIZON
from models.living.model import LivingModel
from models.metrics import crps, pit
from parcelcast.calendar import zone
from pipelines.living.feed import Feed
from pipelines.living.handover import recent_living_balance
from pipelines.living.landmarks import standings_at
from pipelines.living.sampling import Chosen
from pipelines.preparation import Prepared
from pipelines.progress import SILENT, TellShare
from pipelines.simulator.clock import TIME_ZONE
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.forks import NEVER
from pipelines.simulator.watching import WatchedDay, watched_days

FILES_COME = timedelta(minutes=30)
SILENT_DAYS = 2.0
SILENCE, ALL = "silent for 48 h", "all"
_LEVEL = 0.9


@dataclass(frozen=True)
class Told:
    """What was said of parcels that the shop waits for: CRPS of all three, in days, and the PIT of two of them.

    `expected` is the CRPS that the perfect forecaster expects of itself, `distance` by how much more it expects of the
    model: neither knows what then happened.

    `stage` is as the shop knew it, `silent_days` are those since the last scan; `is_lost` marks the parcels that are
    lost without anybody knowing it, `unlike` those of which the perfect forecaster took the true state of a morning.
    """

    stage: NDArray[np.object_]
    is_lost: NDArray[np.bool_]
    unlike: NDArray[np.bool_]
    silent_days: Floats
    all_knowing: Floats
    perfect: Floats
    model: Floats
    expected: Floats
    distance: Floats
    perfect_pit: Floats
    pit: Floats


class Line(NamedTuple):
    """Mean CRPS of a stage's parcels, in days, and the share inside the central 90 % that perfect and model tell.

    `expected_ratio` is the model's over the perfect one's CRPS as the perfect one expects both, freed from the luck of
    what then happened: one parcel that is lost against all odds weighs up to 90 days.

    `perfect` knows what was recorded, `all_knowing` also what was not. Of the share `unlike` no past fitted some scan,
    and `perfect` took the true state of that morning. The share inside is that of the randomised PIT: an interval of
    whole days holds more than its level. Parcels share the luck of their days, so not even `perfect` has 90 % of them.
    """

    stage: str
    parcels: int
    lost: int
    unlike: float
    all_knowing: float
    perfect: float
    model: float
    expected_ratio: float
    perfect_coverage: float
    coverage: float


def compare_living(
    living: LivingModel,
    prepared: Prepared,
    feed: Feed,
    config: SimulationConfig,
    days: Sequence[date],
    tell: TellShare = SILENT,
) -> list[Line]:
    """Compare on the parcels awaited at the starts of these local days; `config` made the world of the tables."""
    parts = []
    for number, day in enumerate(watched_days(config, days, FILES_COME // timedelta(minutes=1))):
        tell("continuing the world", (number + 1) / len(days))
        parts.append(told_on(living, prepared, feed, day))
    return lines_of(parts)


def told_on(living: LivingModel, prepared: Prepared, feed: Feed, day: WatchedDay) -> Told:
    """Return what all three say of the parcels that the shop waits for at the start of the day."""
    row_of = {one: row for row, one in enumerate(prepared.history.shipment_id.tolist())}
    features = _features(prepared, feed, np.array([row_of[one] for one in day.shipment_id]), day.anchor)
    today = epoch_day(day.anchor)
    shift = recent_living_balance(living, prepared, feed, today, today).shift(np.array([today]))[0]
    cdf = living.cdf(features, shift)
    lead = np.where(day.lead == NEVER, HORIZON + 1, day.lead)
    drawn = np.random.default_rng(today).uniform(size=len(cdf))
    reachable = day.watched.forecast()
    return Told(
        features.categories["stage"],
        day.is_lost,
        day.watched.unlike,
        features.standings.number["scan_age"],
        day.crps_of_all_knowing(),
        day.crps_of_watching(),
        crps(cdf, lead),
        (reachable * (1.0 - reachable)).sum(axis=1),
        day.watched.distance(cdf),
        pit(reachable, lead, drawn),
        pit(cdf, lead, drawn),
    )


def lines_of(parts: Sequence[Told]) -> list[Line]:
    """Return a line for each stage, for silence, and for all parcels."""
    stage = np.concatenate([part.stage for part in parts])
    silent = np.concatenate([part.silent_days for part in parts]) >= SILENT_DAYS
    chosen = {one: stage == one for one in sorted(set(stage.tolist()))}
    chosen |= {SILENCE: silent, ALL: np.full(len(stage), fill_value=True)}
    names = ("is_lost", "unlike", "all_knowing", "perfect", "model", "expected", "distance", "perfect_pit", "pit")
    lost, unlike, all_knowing, perfect, model, expected, distance, perfect_pit, own_pit = (
        np.concatenate([getattr(part, name) for part in parts]) for name in names
    )
    inside = [np.abs(one - 0.5) <= _LEVEL / 2.0 for one in (perfect_pit, own_pit)]
    return [
        Line(
            name,
            int(mine.sum()),
            int((mine & lost).sum()),
            float(unlike[mine].mean()),
            float(all_knowing[mine].mean()),
            float(perfect[mine].mean()),
            float(model[mine].mean()),
            _ratio(float((expected + distance)[mine].mean()), float(expected[mine].mean())),
            *(float(one[mine].mean()) for one in inside),
        )
        for name, mine in chosen.items()
        if mine.any()
    ]


def living_text(lines: Sequence[Line]) -> str:
    """Return the comparison as a table.

    >>> print(living_text([Line("pickup_point", 357, 0, 0.03, 3.38, 3.4, 3.57, 1.04, 0.91, 0.89)]))
    simulated          parcels  lost  unlike  all-knowing  perfect    model  ratio  expected  in 90 %: perfect, model
    pickup_point           357     0    3.0%        3.380    3.400    3.570  1.050     1.040           91.0%    89.0%
    """
    titles = "simulated          parcels  lost  unlike  all-knowing  perfect    model  ratio  expected"
    rows = (
        f"{one.stage:<18}{one.parcels:>8,}{one.lost:>6,}{one.unlike:>8.1%}{one.all_knowing:>13.3f}{one.perfect:>9.3f}"
        f"{one.model:>9.3f}{_ratio(one.model, one.perfect):>7.3f}{one.expected_ratio:>10.3f}"
        f"{one.perfect_coverage:>16.1%}{one.coverage:>9.1%}"
        for one in lines
    )
    return "\n".join([f"{titles}  in 90 %: perfect, model", *rows])


def _ratio(model: float, perfect: float) -> float:
    """Return NaN where the perfect one is certain and right of all."""
    return model / perfect if perfect > 0 else float("nan")


def _features(prepared: Prepared, feed: Feed, rows: NDArray[np.intp], day: date) -> AssembledLandmarks:
    """Return the features at the start of a day, from what had happened by then."""
    midnight = datetime.combine(day, datetime.min.time(), zone(TIME_ZONE)).astimezone(UTC)
    reports = {
        row: [one for one in told if one.happened_at < midnight] for row, told in feed.reports(np.unique(rows)).items()
    }
    history, start = prepared.history, np.datetime64(midnight.replace(tzinfo=None), "us")
    chosen = Chosen(rows, np.full(len(rows), start + np.timedelta64(FILES_COME)))
    standings = standings_at(history, reports, chosen, feed.peers_before(start))
    return assemble_landmarks(history.orders.take(rows), standings, prepared.sketches.rolling(), HORIZON)
