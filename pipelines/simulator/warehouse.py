"""The warehouses' part of a day: payment, the queue for picking, packing, missing items."""

import numpy as np

from pipelines.simulator.arrays import Floats, Ints, rank_within
from pipelines.simulator.carriers import EXPRESS
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.events import CANCELLED, CODE, READY
from pipelines.simulator.merchants import WAREHOUSES
from pipelines.simulator.parcels import PAYMENT, WAREHOUSE, Stage
from pipelines.simulator.queues import count
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_PAID_PER_DAY, _RESTOCKED_PER_DAY, _CANCELLED_PER_DAY = 0.45, 0.22, 0.004
_MISSING_ITEM = 0.012
_OPENS, _BEFORE_PICKUP = 8 * 60, 10
# Staff by weekday: what the weekend left is picked on Monday and Tuesday.
_STAFF = np.array([1.9, 1.3, 1.05, 1.0, 1.0, 0.8, 1.0])
_SPARE = 1.18

_USUAL_SLOWNESS = np.log([one.slowness / (1 - one.slowness) for one in WAREHOUSES])
_WORKDAYS = np.array([len(one.weekdays) for one in WAREHOUSES])


def work(world: World, today: Today) -> None:
    """Take in released orders, pick and pack under the warehouses' capacity; late orders lose a day."""
    parcels = world.parcels
    _take_payments(world, today)
    picking, missing = _at_work(world, Stage.PICKING), _at_work(world, Stage.STOCK)
    _join(world, _at_work(world, Stage.ORDERED))
    world.warehouses.serve(_capacity(world, today))
    queued = _at_work(world, Stage.QUEUED)
    through = world.warehouses.through(parcels.replica[queued], parcels.origin[queued], parcels.position[queued])
    parcels.lose_day(queued[~through], WAREHOUSE)
    _finish(world, today, queued[through], picking, missing)


def cancel(world: World, today: Today) -> None:
    """Cancel a few of the orders that wait from earlier days."""
    parcels = world.parcels
    waiting = np.flatnonzero(parcels.stage < Stage.READY)
    rows = waiting[today.happens(len(waiting), _CANCELLED_PER_DAY)]
    parcels.stage[rows] = Stage.CANCELLED
    today.note(parcels, rows, CANCELLED, (0, _OPENS))


def _at_work(world: World, stage: Stage) -> Ints:
    """Rows of a stage that are due and whose warehouse works today."""
    rows = world.parcels.at(stage, world.day)
    working: Ints = rows[world.network.origin_works[world.day, world.parcels.origin[rows]]]
    return working


def _take_payments(world: World, today: Today) -> None:
    """On bank days money comes in; the order is then worked on as planned, or at once if that day has passed."""
    if today.weekday > 4:
        return
    parcels = world.parcels
    rows = parcels.at(Stage.PAYMENT, today.day)
    paid = today.happens(len(rows), _PAID_PER_DAY)
    parcels.lose_day(rows[~paid], PAYMENT)
    parcels.stage[rows[paid]] = Stage.ORDERED
    parcels.due[rows[paid]] = np.maximum(world.orders.release_day[parcels.order[rows[paid]]], today.day)


def _join(world: World, rows: Ints) -> None:
    parcels, shape = world.parcels, world.warehouses.arrived.shape
    replica, origin = parcels.replica[rows], parcels.origin[rows]
    work = count(replica, origin, shape)
    # Rows are in order of time within a replica: first ordered, first picked.
    rank = rank_within(replica.astype(np.int64) * shape[1] + origin)
    share = rank / np.maximum(work[replica, origin], 1.0)
    parcels.position[rows] = world.warehouses.join(replica, origin, share, work)
    parcels.position[rows[parcels.service[rows] == EXPRESS]] = 0.0
    parcels.stage[rows] = Stage.QUEUED


def _capacity(world: World, today: Today) -> Floats:
    usual = world.usual.at_origin * 7 / _WORKDAYS
    staff = _STAFF[today.weekday] * (1 + 0.85 * (today.season - 1)) * _SPARE
    luck = np.exp(0.06 * today.rng.standard_normal(world.warehouses.arrived.shape))
    capacity = (usual * staff + 1.5 * np.sqrt(usual) + 1.0) * luck
    overtime = 1 + 0.25 * np.clip(world.warehouses.backlog / (usual + 1.0) - 1.0, 0.0, 2.0)
    open_today: Floats = world.network.origin_works[today.day].astype(float)
    total: Floats = capacity * overtime * open_today
    return total


def _finish(world: World, today: Today, fresh: Ints, picking: Ints, missing: Ints) -> None:
    """Pack what can be packed: fresh orders may miss an item, all may be too slow for today's pick-up."""
    parcels = world.parcels
    short = today.happens(len(fresh), _MISSING_ITEM * today.mishaps)
    parcels.stage[fresh[short]] = Stage.STOCK
    restocked = today.happens(len(missing), _RESTOCKED_PER_DAY)
    tried = np.concatenate([fresh[~short], picking])
    drift = world.strain.slowness[parcels.replica[tried], parcels.origin[tried]]
    slow_odds = np.exp(_USUAL_SLOWNESS[parcels.origin[tried]] + drift)
    slow = today.happens(len(tried), slow_odds / (1 + slow_odds))
    parcels.stage[tried[slow]] = Stage.PICKING
    parcels.lose_day(np.concatenate([fresh[short], missing[~restocked], tried[slow]]), WAREHOUSE)
    _pack(world, today, np.concatenate([tried[~slow], missing[restocked]]))


def _pack(world: World, today: Today, rows: Ints) -> None:
    parcels = world.parcels
    parcels.stage[rows] = Stage.READY
    parcels.due[rows] = today.day
    order = parcels.order[rows]
    if today.log is None:
        return
    ordered = world.orders.minute[order] - today.day * DAY_MINUTES
    earliest = np.maximum(_OPENS, ordered + 25)
    ready = (earliest + today.rng.random(len(rows)) * (_latest(world, rows) - earliest)).astype(np.int64)
    today.note(parcels, rows, CODE["label_created"], (ready - 5, ready - 5))
    today.note(parcels, rows, READY, (ready, ready))


def _latest(world: World, rows: Ints) -> Ints:
    return world.network.pickup_minute[world.parcels.origin[rows]] - _BEFORE_PICKUP
