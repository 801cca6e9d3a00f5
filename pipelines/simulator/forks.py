"""Forks: the same moment continued many times, and so the distribution that a perfect forecaster would state.

The orders to come are the same in every continuation; weather, strikes, load and luck are drawn anew, from the odds
that the world itself uses. A fork knows the whole state of its moment, also what no scan has told yet (a parcel lost
but not missed, a place in a queue): a bound that no forecaster can pass on average, and that an honest one approaches.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from parcelcast.errors import InputError
from pipelines.simulator.arrays import Bools, Floats, Int16s, Ints
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.day import live_a_day, live_through
from pipelines.simulator.parcels import Stage
from pipelines.simulator.world import World, build_world

HORIZON = 90
_FORKS = 17  # keeps the random numbers of forks apart from those of the world
_ROWS_AT_ONCE = 400_000
# Once so few of the targeted parcels are left, no further orders come: queued behind, they could touch the open ones
# only through overtime, and most of the work would be theirs.
_TAIL = 0.004
NEVER, CANCELLED_LEAD = -1, -2


@dataclass(frozen=True)
class PerfectForecast:
    """What can be known at the start of a local day about every open parcel and every order of that day.

    ``outcomes`` (n, R) are the days from ``anchor`` to delivery in each replica, ``NEVER`` where it was not delivered
    within the horizon. ``order_row`` is the shipment's row in the order stream; ``stage`` the parcel's stage at that
    moment, and None for the orders of the day itself.
    """

    anchor: date
    order_row: Ints
    stage: tuple[Stage | None, ...]
    outcomes: Int16s
    horizon: int

    @property
    def shipment_id(self) -> tuple[str, ...]:
        """Ids as in the tables."""
        return tuple(f"p{row:09d}" for row in self.order_row)

    @property
    def ordered_today(self) -> Bools:
        """Which of the shipments are orders of the day."""
        return np.array([stage is None for stage in self.stage], bool)

    def pmf(self) -> Floats:
        """P(delivered k local days after the anchor), shape (n, horizon + 1); what is missing to 1 lies beyond."""
        shipments, replicas = self.outcomes.shape
        rows, columns = np.nonzero(self.outcomes != NEVER)
        flat = rows * (self.horizon + 1) + self.outcomes[rows, columns]
        counts = np.bincount(flat, minlength=shipments * (self.horizon + 1))
        share: Floats = counts.reshape(shipments, -1) / replicas
        return share

    def crps(self, days: Ints) -> Floats:
        """CRPS of each shipment, in days: sum over k of (CDF - step)^2, freed from the noise of few replicas.

        ``days`` are the true days from the anchor; beyond the horizon is as good as never. The correction is the one of
        the fair CRPS (Ferro 2014, doi:10.1002/qj.2270): a CDF counted from R replicas has the variance F (1 - F) / R.
        """
        cdf = np.cumsum(self.pmf(), axis=1)
        step = np.arange(self.horizon + 1) >= np.where(days == NEVER, self.horizon + 1, days)[:, None]
        noise = cdf * (1 - cdf) / max(self.outcomes.shape[1] - 1, 1)
        fair: Floats = ((cdf - step) ** 2 - noise).sum(axis=1)
        return fair


def fork(world: World, replicas: int, seed: int) -> World:
    """Continue this moment in so many replicas, without the past; the same seed gives the same continuations."""
    if world.replicas != 1 or replicas < 1:
        raise InputError(f"a fork of {world.replicas} replicas into {replicas}; expected 1 into at least 1")
    return replace(world.repeat(replicas), entropy=(world.config.seed, _FORKS, seed))


def world_at(config: SimulationConfig, day: date) -> World:
    """World of a configuration at the start of a local day."""
    world = build_world(config)
    live_through(world, day_number(world, day))
    return world


def perfect_forecast(world: World, replicas: int = 200, seed: int = 0, horizon: int = HORIZON) -> PerfectForecast:
    """Distribution of every open parcel and of the orders of the day that begins; the world stays as it is.

    Refused with InputError when the world's calendar ends before the horizon.
    """
    if world.day + horizon >= world.network.clock.days:
        raise InputError(
            f"day {world.day} with a horizon of {horizon} days; the world ends after {world.network.clock.days} days. "
            "Fork earlier or raise drain_days"
        )
    new = world.orders.of_day(world.day)
    target = np.concatenate([world.parcels.order, np.arange(new.start, new.stop)]).astype(np.int64)
    per_fork = max(1, _ROWS_AT_ONCE // max(len(target), 1))
    sizes = [min(per_fork, replicas - start) for start in range(0, replicas, per_fork)]
    parts = [
        outcomes_of(fork(world, size, seed * 1009 + number), target, horizon, size * len(target))
        for number, size in enumerate(sizes)
    ]
    stages = [Stage(int(stage)) for stage in world.parcels.stage]
    anchor = world.config.first_day + timedelta(days=world.day)
    return PerfectForecast(
        anchor,
        target,
        (*stages, *[None] * (new.stop - new.start)),
        np.maximum(np.concatenate(parts, axis=1), NEVER),
        horizon,
    )


def perfect_forecasts(
    config: SimulationConfig, days: Iterable[date], replicas: int = 200, seed: int = 0
) -> Iterator[PerfectForecast]:
    """Perfect forecasts at the start of some local days, in order of time, from one run of the world."""
    world = build_world(config)
    for day in sorted(set(days)):
        live_through(world, day_number(world, day))
        yield perfect_forecast(world, replicas, seed)


def day_number(world: World, day: date) -> int:
    """Number of a local date; InputError outside the world's calendar."""
    number = world.network.clock.day_of(day)
    if not 0 <= number < world.network.clock.days:
        first = world.config.first_day
        raise InputError(f"day {day}; expected {first} to {first + timedelta(days=world.network.clock.days - 1)}")
    return number


def outcomes_of(continued: World, target: Ints, horizon: int, open_targets: int) -> Int16s:
    """Days to delivery of the targeted order rows in each replica of a fork, shape (n, R).

    ``NEVER`` where there is none within the horizon, ``CANCELLED_LEAD`` where the order is cancelled; ``open_targets``
    of them all have not ended yet.
    """
    start, size = continued.day, len(target) * continued.replicas
    row_of = np.full(len(continued.orders), -1, np.int64)
    row_of[target] = np.arange(len(target))
    outcomes = np.full((len(target), continued.replicas), NEVER, np.int16)
    while open_targets and continued.day <= start + horizon:
        if open_targets < _TAIL * size:
            continued.orders = continued.orders.before_day(continued.day)
        live_a_day(continued)
        for part in continued.ended:
            row = row_of[part.order]
            ours = row >= 0
            open_targets -= int(ours.sum())
            for stage, lead in (
                (Stage.DELIVERED, part.day - start),
                (Stage.CANCELLED, np.full_like(part.day, CANCELLED_LEAD)),
            ):
                ended = ours & (part.stage == stage)
                outcomes[row[ended], part.replica[ended]] = lead[ended]
        continued.ended.clear()
    return outcomes
