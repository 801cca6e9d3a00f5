"""Pasts are told apart by all that a scan says of a day, have their own random numbers, and give way to truth."""

import numpy as np
import pytest

from pipelines.simulator.day import live_through
from pipelines.simulator.events import CODE, REASON, Events
from pipelines.simulator.forks import fork
from pipelines.simulator.library import small_config
from pipelines.simulator.parcels import Stage
from pipelines.simulator.pasts import Belief, _kind, _rng_of_draw, _take_truth
from pipelines.simulator.world import build_world


@pytest.fixture(scope="module")
def world():
    made = build_world(small_config(5, shipments=1500, days=40))
    live_through(made, 20)
    return made


def event(code, facility=-1, reason="", leg=0):
    columns = ([7], [CODE[code]], [600], [facility], [REASON[reason]], [leg])
    return Events(*(np.array(one) for one in columns))


def test_events_of_another_code_reason_leg_or_place_are_others():
    all_of_them = [
        event("hub_arrival", 3),
        event("hub_arrival", 3, leg=1),
        event("hub_arrival", 4),
        event("hub_departure", 3),
        event("exception", 3),
        event("exception", 3, "strike"),
        event("exception", 3, "weather"),
        event("exception", 8000, "weather", leg=2),
    ]
    assert len({int(_kind(one)[0]) for one in all_of_them}) == len(all_of_them)
    assert _kind(event("hub_arrival", 3)) == _kind(event("hub_arrival", 3))


def test_pasts_are_drawn_by_other_numbers_than_the_day_that_follows(world):
    many = fork(world, 2, seed=1)
    drawn, following = _rng_of_draw(many).random(4), many.rng_of_day().random(4)
    assert drawn.tolist() == _rng_of_draw(many).random(4).tolist()
    assert set(drawn.tolist()).isdisjoint(following.tolist())


def test_where_no_past_agrees_the_true_state_is_taken_also_of_what_has_ended(world):
    replicas, underway = 3, int(world.parcels.order[0])
    gone = sorted(set(range(int(world.parcels.order.max()))) - set(world.parcels.order.tolist()))[:2]
    targets = np.array(sorted([*gone, underway]))
    row_of = np.full(len(world.orders), -1)
    row_of[targets] = np.arange(3)
    of_world = np.isin(world.parcels.order, targets)
    begun = world.parcels.select(of_world).repeat(replicas)
    belief = Belief(
        begun.select(np.zeros(len(begun), bool)),
        np.full((3, replicas), -1, np.int8),
        np.zeros((3, 1)),
        np.zeros(3),
        np.zeros(3, bool),
        np.zeros(3, bool),
    )
    comes = np.isin(targets, [gone[0], underway])
    _take_truth(belief, world, targets, comes, row_of)
    said = {int(order): ended.tolist() for order, ended in zip(targets, belief.ended, strict=True)}
    assert said == {
        gone[0]: [Stage.DELIVERED] * 3,
        gone[1]: [Stage.RETURNED] * 3,
        underway: [-1] * 3,
    }
    assert belief.active.order.tolist() == [underway] * 3
    assert belief.unlike.all()
