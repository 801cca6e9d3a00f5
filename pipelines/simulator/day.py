"""One local day of the world, in the order in which things happen."""

from collections.abc import Callable

import numpy as np

from pipelines.simulator import customs, depots, doorstep, hauls, hubs, pickup, warehouse
from pipelines.simulator.parcels import FINAL, Parcels
from pipelines.simulator.today import Today
from pipelines.simulator.weather import next_day, winter_of
from pipelines.simulator.world import Ended, World


def live_through(world: World, until: int, each_day: Callable[[World], None] | None = None) -> None:
    """Let the world live until the start of a day; ``each_day`` is called at every start, the last one included."""
    while world.day < until:
        if each_day is not None:
            each_day(world)
        live_a_day(world)
    if each_day is not None:
        each_day(world)


def live_a_day(world: World) -> None:
    """Move the world from the start of a day to the start of the next."""
    today = Today.of(world)
    hauls.arrive(world, today)
    customs.clear_customs(world, today)
    depots.deliver(world, today)
    doorstep.fetch(world, today)
    doorstep.bring_back(world, today)
    warehouse.cancel(world, today)
    world.parcels = world.parcels.join(Parcels.ordered(world.orders, world.orders.of_day(world.day), world.replicas))
    warehouse.work(world, today)
    pickup.pick_up(world, today)
    hubs.leave_hubs(world, today)
    _close_stories(world)
    world.day += 1
    tomorrow = min(world.day, world.network.clock.days - 1)
    world.strain.next_day(int(world.network.clock.weekdays[tomorrow]), today.rng)
    next_day(world.weather, float(winter_of(world.network.clock.dates[tomorrow : tomorrow + 1])[0]), today.rng)


def _close_stories(world: World) -> None:
    parcels = world.parcels
    ended = parcels.stage >= FINAL
    if not ended.any():
        return
    done = parcels.select(np.flatnonzero(ended))
    day = np.full(len(done), world.day, np.int16)
    world.ended.append(Ended(done.order, done.replica, done.stage, day, done.lost_days))
    world.parcels = parcels.select(np.flatnonzero(~ended))
