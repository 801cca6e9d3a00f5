"""What can be known of parcels by what was recorded of them: the perfect forecaster without the hidden state.

It knows the network as it is, and how it works, but of a parcel only what the shop has heard: its possible pasts
(`pipelines.simulator.pasts`) are continued, each into one future.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.arrays import Bools, Floats, Ints
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.day import live_a_day
from pipelines.simulator.feeds import reports
from pipelines.simulator.forks import (
    CANCELLED_LEAD,
    HORIZON,
    NEVER,
    PerfectForecast,
    day_number,
    fork,
    outcomes_of,
    perfect_forecast,
)
from pipelines.simulator.history import live_history
from pipelines.simulator.knowledge import milestones, settled_at
from pipelines.simulator.parcels import Stage
from pipelines.simulator.pasts import Belief, Heard, believe, heard, in_order
from pipelines.simulator.today import ADMITTED_AFTER
from pipelines.simulator.world import World, build_world

# Then a carrier has admitted a loss, at the latest.
WINDOW = ADMITTED_AFTER[1]


@dataclass(frozen=True)
class Watched:
    """What can be known of n parcels at the start of a day, from B independent sets of R pasts.

    ``cdf`` (B, n, horizon + 1) is P(delivered by day k after the anchor), deliveries of which nobody heard counted as
    of day 0, given that the order is not cancelled; ``weight`` (B, n) is the worth of each set, summing to 1.
    ``lost`` (n) is the probability that the parcel is lost already, ``unlike`` marks parcels of whose scans on some day
    no past could tell: there the true state was taken.
    """

    order_row: Ints
    cdf: Floats
    weight: Floats
    lost: Floats
    unlike: Bools

    def forecast(self) -> Floats:
        """Return the CDF (n, horizon + 1) of all sets together."""
        mean: Floats = (self.weight[:, :, None] * self.cdf).sum(axis=0)
        return mean

    def distance(self, cdf: Floats | Bools) -> Floats:
        """Sum over k of the squared distance to a CDF or step of each parcel, in days, freed from the sets' noise.

        A product of two different sets' errors has no noise on average: their weighted mean is taken.
        """
        error = self.cdf - cdf
        weight = self.weight[:, :, None]
        pairs = np.square((weight * error).sum(axis=0)) - (np.square(weight) * np.square(error)).sum(axis=0)
        fair: Floats = pairs.sum(axis=1) / np.maximum(1 - np.square(self.weight).sum(axis=0), 1e-9)
        return fair


@dataclass(frozen=True)
class WatchedDay:
    """The parcels that the shop waits for at the start of a local day, and what two perfect forecasters say of them.

    One knows all that is true (``perfect``, of the parcels that are really open), the other what was recorded within
    the first ``minutes`` of the day of what had happened before it (``watched``). ``lead`` are the true days to the
    delivery, ``NEVER`` where there is none within the horizon; a delivery that nobody has heard of counts as today's.
    """

    anchor: date
    perfect: PerfectForecast
    watched: Watched
    lead: Ints

    @property
    def shipment_id(self) -> tuple[str, ...]:
        """Ids as in the tables."""
        return tuple(f"p{row:09d}" for row in self.watched.order_row)

    @property
    def is_lost(self) -> Bools:
        """Which parcels are lost without anybody knowing it."""
        lost = [
            row for row, stage in zip(self.perfect.order_row, self.perfect.stage, strict=True) if stage is Stage.LOST
        ]
        found: Bools = np.isin(self.watched.order_row, lost)
        return found

    def crps_of_all_knowing(self) -> Floats:
        """CRPS of the forecaster who knows all, in days; of what has come it is certain."""
        row = np.searchsorted(self.perfect.order_row, self.watched.order_row)
        row = np.minimum(row, len(self.perfect.order_row) - 1)
        is_open = self.perfect.order_row[row] == self.watched.order_row
        days = np.full(len(self.perfect.order_row), NEVER, np.int64)
        days[row[is_open]] = self.lead[is_open]
        scores: Floats = np.where(is_open, self.perfect.crps(days)[row], 0.0)
        return scores

    def crps_of_watching(self) -> Floats:
        """CRPS of the forecaster who knows what was recorded, in days."""
        end = self.perfect.horizon + 1
        return self.watched.distance(np.arange(end) >= np.where(self.lead == NEVER, end, self.lead)[:, None])


def watched_days(
    config: SimulationConfig, days: Iterable[date], minutes: int, replicas: int = 200, sets: int = 3, seed: int = 0
) -> Iterator[WatchedDay]:
    """Forecasts at the starts of some local days, in order of time; by what was recorded ``minutes`` after midnight."""
    history = live_history(build_world(config))
    reported = reports(history)
    happened = milestones(history)
    settled = settled_at(history, happened, reported)
    world, past = build_world(config), deque[World](maxlen=WINDOW + 1)
    for anchor in sorted(set(days)):
        day = day_number(world, anchor)
        while world.day < day:
            past.append(world.repeat(1))
            live_a_day(world)
        as_of = day * DAY_MINUTES + minutes
        targets = np.flatnonzero(settled[: world.orders.of_day(day).start] > as_of)
        delivered = happened.delivered[targets]
        lead = np.where(delivered < 0, NEVER, np.maximum(delivered // DAY_MINUTES - day, 0))
        told = heard(history, reported, day, as_of)
        mornings = [*past, world.repeat(1)][-WINDOW - 1 :]
        found = watched(mornings, told, targets, delivered >= 0, replicas, sets, seed + day, HORIZON)
        yield WatchedDay(
            anchor, perfect_forecast(world, sets * replicas, seed), found, np.where(lead > HORIZON, NEVER, lead)
        )


def watched(
    mornings: Sequence[World],
    told: Heard,
    targets: Ints,
    comes: Bools,
    replicas: int,
    sets: int,
    seed: int,
    horizon: int,
) -> Watched:
    """Return what can be known of these orders (sorted rows of the stream) at the last of the mornings.

    ``mornings`` are the worlds of one replica at the starts of consecutive days; ``comes`` tells which of the orders
    are really delivered, sooner or later.
    """
    beliefs = [believe(mornings, told, targets, comes, replicas, seed * 1013 + number) for number in range(sets)]
    cdf = [_continue(mornings[-1], one, targets, seed * 1013 + number, horizon) for number, one in enumerate(beliefs)]
    log_evidence = np.array([one.log_evidence for one in beliefs])
    weight = np.exp(log_evidence - log_evidence.max(axis=0))
    weight /= weight.sum(axis=0)
    lost, told_by = np.array([one.lost.sum(axis=1) for one in beliefs]), np.array(cdf)
    # A set that took the true state once knows best, and its evidence says nothing: all sets say what it does.
    unlike = np.array([one.unlike for one in beliefs])
    fails = np.flatnonzero(unlike.any(axis=0))
    first = unlike[:, fails].argmax(axis=0)
    told_by[:, fails], lost[:, fails] = told_by[first, fails], lost[first, fails]
    weight[:, fails] = 1.0 / sets
    return Watched(targets, told_by, weight, (weight * lost).sum(axis=0), np.asarray(unlike.any(axis=0)))


def _continue(morning: World, belief: Belief, targets: Ints, seed: int, horizon: int) -> Floats:
    """Return P(delivered by day k), given that the order is not cancelled."""
    replicas = belief.ended.shape[1]
    world = fork(morning, replicas, seed)
    world.parcels = in_order(world.parcels.select(~np.isin(world.parcels.order, targets)).join(belief.active))
    outcomes = outcomes_of(world, targets, horizon, int((belief.ended < 0).sum()))
    outcomes[belief.ended == Stage.DELIVERED] = 0
    by_day = (outcomes[:, :, None] == np.arange(horizon + 1)).sum(axis=1).cumsum(axis=1)
    kept = (outcomes != CANCELLED_LEAD).sum(axis=1)
    alive: Floats = np.maximum(1 - belief.lost.sum(axis=1), 0.0)
    cdf: Floats = alive[:, None] * by_day / np.maximum(kept, 1)[:, None]
    return cdf
