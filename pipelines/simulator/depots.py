"""Destination depots: work comes in with the morning's lorries and goes out under the day's capacity."""

import numpy as np

from pipelines.simulator.arrays import Floats, Ints
from pipelines.simulator.carriers import CARRIERS, EXPRESS
from pipelines.simulator.demand import LOCKER, PICKUP_POINT
from pipelines.simulator.doorstep import reach_point, ring
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import depot_at
from pipelines.simulator.load import staff, work_of_day
from pipelines.simulator.parcels import ATTEMPTS, DEPOT_BACKLOG, Stage
from pipelines.simulator.queues import count
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

# Other customers' parcels by the weekday of the morning they come in; a week's work is six.
_DEPOT_WEEKDAYS = np.array([0.82, 1.15, 1.12, 1.06, 1.02, 0.83, 0.0])
_WEEKDAYS_SERVED = np.array([len(one.weekdays) for one in CARRIERS], float)
_WEEKDAYS_SERVED[-1] = 2.0  # the own fleet's tours

_BAD_ADDRESS, _CLARIFIED_PER_DAY, _OUT_OF_TIME = 0.004, 0.35, 0.012


def deliver(world: World, today: Today) -> None:
    """Day: depots take in what has come, and send out what they can, first come first served."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.DEPOT, today.day)
    depot = network.depot(parcels.service[rows], parcels.area[rows])
    new = parcels.position[rows] < 0
    _join(world, today, rows[new], depot[new])
    capacity = _capacity(world, today)
    world.depots.serve(capacity)
    open_today = network.delivers[today.day, depot]
    rows, depot = rows[open_today], depot[open_today]
    through = world.depots.through(parcels.replica[rows], depot, parcels.position[rows])
    _blame(world, today, rows[~through], depot[~through])
    _clarify(world, today)
    _go_out(world, today, np.concatenate([rows[through], _go_again(world, today, capacity)]))


def _go_again(world: World, today: Today, capacity: Floats) -> Ints:
    """Rows that go out another time; where the depot can hardly work, most of them stay."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.RETRY, today.day)
    depot = network.depot(parcels.service[rows], parcels.area[rows])
    open_today = network.delivers[today.day, depot]
    rows, depot = rows[open_today], depot[open_today]
    goes = today.happens(len(rows), capacity[parcels.replica[rows], depot])
    _blame(world, today, rows[~goes], depot[~goes])
    again: Ints = rows[goes]
    return again


def _join(world: World, today: Today, rows: Ints, depot: Ints) -> None:
    parcels = world.parcels
    replica = parcels.replica[rows]
    region = world.strain.region_load[:, world.network.depot_carrier, world.network.depot_cell]
    others = np.exp(world.strain.depot_load + region) * _DEPOT_WEEKDAYS[today.weekday]
    ours = count(replica, depot, world.depots.arrived.shape)
    work = work_of_day(today, world.usual.at_depot, ours, others)
    parcels.position[rows] = world.depots.join(replica, depot, today.rng.random(len(rows)), work)
    parcels.position[rows[parcels.service[rows] == EXPRESS]] = 0.0


def _capacity(world: World, today: Today) -> Floats:
    """Work each depot can do today, shape (R, D): none on closed days, little in strikes, less in snow and storm."""
    network = world.network
    struck = today.on_strike[:, network.depot_carrier, network.depot_cell]
    hindered = 1 - np.minimum(0.5 * today.severity[:, network.depot_cell], 0.85)
    six_days = 6 / _WEEKDAYS_SERVED[network.depot_carrier] * network.delivers[today.day]
    able = staff(today, world.config.regime, world.depots.backlog) * hindered * np.where(struck, 0.12, 1.0)
    capacity: Floats = able * six_days
    return capacity


def _blame(world: World, today: Today, rows: Ints, depot: Ints) -> None:
    parcels, network = world.parcels, world.network
    replica, carrier, cell = parcels.replica[rows], network.depot_carrier[depot], network.depot_cell[depot]
    parcels.lose_day(rows, today.cause(replica, carrier, cell, DEPOT_BACKLOG))
    struck = today.on_strike[replica, carrier, cell]
    for reason, told in (("strike", struck), ("weather", ~struck & (today.severity[replica, cell] > 0.3))):
        named = rows[told & today.happens(len(rows), 0.4)]
        at = depot_at(network, network.depot(parcels.service[named], parcels.area[named]))
        today.note(parcels, named, CODE["exception"], (600, 720), at, REASON[reason], leg=2)


def _clarify(world: World, today: Today) -> None:
    """Addresses in doubt are looked up on working days; then the parcel goes out on the next delivery day."""
    parcels = world.parcels
    held = parcels.at(Stage.HELD, today.day)
    if today.weekday > 4:
        return
    known = today.happens(len(held), _CLARIFIED_PER_DAY)
    parcels.lose_day(held, ATTEMPTS)
    parcels.stage[held[known]] = Stage.RETRY
    parcels.due[held[known]] = today.day + 1


def _go_out(world: World, today: Today, rows: Ints) -> None:
    """Send parcels out for delivery; the first time, a few addresses turn out to be wrong."""
    parcels, network = world.parcels, world.network
    first = parcels.stage[rows] == Stage.DEPOT
    doubtful = first & today.happens(len(rows), _BAD_ADDRESS * today.mishaps)
    held = rows[doubtful]
    parcels.stage[held] = Stage.HELD
    parcels.due[held] = today.day + 1
    parcels.lose_day(held, ATTEMPTS)
    at = depot_at(network, network.depot(parcels.service[held], parcels.area[held]))
    today.note(parcels, held, CODE["exception"], (425, 433), at, REASON["incorrect_address"], leg=2)
    rows = rows[~doubtful]
    at = depot_at(network, network.depot(parcels.service[rows], parcels.area[rows]))
    today.note(parcels, rows, CODE["out_for_delivery"], (435, 540), at, leg=2)
    late = today.happens(len(rows), _OUT_OF_TIME * today.mishaps)
    parcels.stage[rows[late]] = Stage.RETRY
    parcels.due[rows[late]] = today.day + 1
    parcels.lose_day(rows[late], DEPOT_BACKLOG)
    rows = today.lose(world.parcels, rows[~late])
    to_point = (parcels.mode[rows] == PICKUP_POINT) | (parcels.mode[rows] == LOCKER)
    reach_point(world, today, rows[to_point])
    ring(world, today, rows[~to_point])
