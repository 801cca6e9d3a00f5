"""Whole days of the world: what happens, in which order, and that nothing gets lost on the way."""

import numpy as np
import pytest

from pipelines.simulator.day import live_a_day, live_through
from pipelines.simulator.library import small_config
from pipelines.simulator.parcels import FINAL, Stage
from pipelines.simulator.world import build_world


@pytest.fixture(scope="module")
def lived():
    world = build_world(small_config(9, shipments=1500, days=40))
    live_through(world, 35)
    return world


def test_every_ordered_parcel_is_on_its_way_or_has_ended_once(lived):
    ordered = lived.orders.of_day(lived.day).start
    ended = np.concatenate([part.order for part in lived.ended])
    rows = np.concatenate([lived.parcels.order, ended])
    assert sorted(rows) == list(range(ordered))
    assert (lived.parcels.stage < FINAL).all()


def test_every_parcel_can_reach_its_end(lived):
    world = lived.copy()
    live_through(world, world.config.all_days)
    assert len(world.parcels) == 0
    stages = np.concatenate([part.stage for part in world.ended])
    assert set(stages) <= {Stage.DELIVERED, Stage.RETURNED, Stage.LOST_KNOWN, Stage.CANCELLED}
    assert (stages == Stage.DELIVERED).mean() > 0.97


def test_a_copy_lives_on_as_the_original_does(lived):
    one, other = lived.copy(), lived.copy()
    for _ in range(4):
        live_a_day(one)
    assert lived.day == 35
    for _ in range(4):
        live_a_day(other)
    assert (one.parcels.order == other.parcels.order).all()
    assert (one.parcels.stage == other.parcels.stage).all()
    assert (one.depots.arrived == other.depots.arrived).all()
    for column, same in zip(one.log.events(), other.log.events(), strict=True):
        assert (column == same).all()


def test_queues_never_serve_what_has_not_come(lived):
    for queues in (lived.warehouses, lived.hubs, lived.depots):
        assert (queues.backlog >= 0).all()
        assert (queues.served >= 0).all()


def test_the_weather_of_a_day_is_known_when_it_begins(lived):
    seen = []
    world = lived.copy()
    live_through(world, world.day + 3, lambda moment: seen.append((moment.day, moment.weather.fields[0, 0, 0])))
    assert [day for day, _ in seen] == [35, 36, 37, 38]
    assert len({value for _, value in seen}) == 4
