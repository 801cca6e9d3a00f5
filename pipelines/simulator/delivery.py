"""The last mile: depots under capacity, the door, pickup points, parcels that go back."""

import numpy as np
from numpy.typing import NDArray

from pipelines.simulator.arrays import Floats, Ints
from pipelines.simulator.carriers import CARRIERS, EXPRESS, TWO_MAN
from pipelines.simulator.demand import HOME, LOCKER, PICKUP_POINT
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import depot_at, pickup_point_at
from pipelines.simulator.parcels import ATTEMPTS, DEPOT_BACKLOG, Stage
from pipelines.simulator.queues import count
from pipelines.simulator.today import Today
from pipelines.simulator.transport import OWN_SHARE, lose
from pipelines.simulator.world import World

# Other customers' parcels by the weekday of the morning they come in; a week's work is six.
_DEPOT_WEEKDAYS = np.array([0.82, 1.15, 1.12, 1.06, 1.02, 0.83, 0.0])
_NOTICED = 3.0
_WEEKDAYS_SERVED = np.array([len(one.weekdays) for one in CARRIERS], float)
_WEEKDAYS_SERVED[-1] = 2.0  # the own fleet's tours

_BAD_ADDRESS, _CLARIFIED_PER_DAY = 0.004, 0.35
_OUT_OF_TIME, _NOBODY_HOME, _NEIGHBOUR, _REFUSED, _DAMAGED = 0.012, 0.065, 0.05, 0.002, 0.0008
_TO_POINT_AT_ONCE, _MOST_ATTEMPTS = 0.25, 2
_FETCHED_SAME_DAY, _FETCHED_PER_DAY, _KEPT_DAYS = 0.45, 0.5, 8
_RETURNED_PER_DAY, _RETURN_DAYS = 0.4, 3


def deliver(world: World, today: Today) -> None:
    """Day: depots take in what has come, and send out what they can, first come first served."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.DEPOT, today.day)
    depot = network.depot(parcels.service[rows], parcels.area[rows])
    new = parcels.position[rows] < 0
    _join(world, today, rows[new], depot[new])
    capacity = _capacity(world, today)
    world.depots.serve(capacity)
    rows = parcels.at(Stage.DEPOT, today.day)
    depot = network.depot(parcels.service[rows], parcels.area[rows])
    open_today = network.delivers[today.day]
    rows, depot = rows[open_today[depot]], depot[open_today[depot]]
    through = world.depots.through(parcels.replica[rows], depot, parcels.position[rows])
    _blame(world, today, rows[~through], depot[~through])
    _clarify(world, today)
    again = parcels.at(Stage.RETRY, today.day)
    depot_again = network.depot(parcels.service[again], parcels.area[again])
    pace = np.minimum(capacity[parcels.replica[again], depot_again], 1.0)
    goes = today.happens(len(again), pace) & open_today[depot_again]
    _blame(world, today, again[~goes & open_today[depot_again]], depot_again[~goes & open_today[depot_again]])
    _go_out(world, today, np.concatenate([rows[through], again[goes]]))


def _join(world: World, today: Today, rows: Ints, depot: Ints) -> None:
    parcels, usual = world.parcels, world.usual.at_depot
    replica = parcels.replica[rows]
    ours = count(replica, depot, world.depots.arrived.shape)
    weight = OWN_SHARE * usual / (usual + _NOTICED)
    region = world.strain.region_load[:, world.network.depot_carrier, world.network.depot_cell]
    others = np.exp(world.strain.depot_load + region) * _DEPOT_WEEKDAYS[today.weekday]
    work = (1 - weight) * others * (1 + 0.8 * (today.season - 1)) + ours * 6 / 7 * OWN_SHARE / (usual + _NOTICED)
    parcels.position[rows] = world.depots.join(replica, depot, today.rng.random(len(rows)), work)
    parcels.position[rows[parcels.service[rows] == EXPRESS]] = 0.0


def _capacity(world: World, today: Today) -> Floats:
    """Work each depot can do today, shape (R, D): none on closed days, little in strikes, less in snow and storm."""
    regime, network = world.config.regime, world.network
    staff = (1 + regime.slack) * 6 / _WEEKDAYS_SERVED[network.depot_carrier]
    staff *= 1 + regime.peak_cover * 0.8 * (today.season - 1)
    struck = today.on_strike[:, network.depot_carrier, network.depot_cell]
    hindered = 1 - np.minimum(0.5 * today.severity[:, network.depot_cell], 0.85)
    luck = np.exp(0.06 * today.rng.standard_normal(struck.shape))
    overtime = 1 + regime.overtime * np.minimum(world.depots.backlog, 4.0)
    capacity: Floats = staff * luck * overtime * hindered * np.where(struck, 0.12, 1.0) * network.delivers[today.day]
    return capacity


def _blame(world: World, today: Today, rows: Ints, depot: Ints) -> None:
    parcels, network = world.parcels, world.network
    replica, carrier, cell = parcels.replica[rows], network.depot_carrier[depot], network.depot_cell[depot]
    parcels.lose_day(rows, today.cause(replica, carrier, cell, DEPOT_BACKLOG))
    struck = today.on_strike[replica, carrier, cell]
    for reason, told in (("strike", struck), ("weather", ~struck & (today.severity[replica, cell] > 0.3))):
        named = rows[told & today.happens(len(rows), 0.4)]
        at = depot_at(network, network.depot(parcels.service[named], parcels.area[named]))
        today.note(parcels.order[named], CODE["exception"], (600, 720), at, REASON[reason], leg=2)


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
    today.note(parcels.order[held], CODE["exception"], (425, 433), at, REASON["incorrect_address"], leg=2)
    rows = rows[~doubtful]
    at = depot_at(network, network.depot(parcels.service[rows], parcels.area[rows]))
    today.note(parcels.order[rows], CODE["out_for_delivery"], (435, 540), at, leg=2)
    late = today.happens(len(rows), _OUT_OF_TIME * today.mishaps)
    parcels.stage[rows[late]] = Stage.RETRY
    parcels.due[rows[late]] = today.day + 1
    parcels.lose_day(rows[late], DEPOT_BACKLOG)
    rows = lose(world, today, rows[~late])
    to_point = (parcels.mode[rows] == PICKUP_POINT) | (parcels.mode[rows] == LOCKER)
    _reach_point(world, today, rows[to_point])
    _ring(world, today, rows[~to_point])


def _ring(world: World, today: Today, rows: Ints) -> None:
    """At the door: delivered, taken by a neighbour, refused, damaged, or nobody at home."""
    parcels, network = world.parcels, world.network
    absence = np.where(parcels.service[rows] == TWO_MAN, 0.3, 1.0) * network.absence[parcels.area[rows]]
    absence = absence * (0.7 if today.weekday == 5 else 1.0) * today.mishaps
    luck = today.rng.random(len(rows))
    bad = (_REFUSED + _DAMAGED) * today.mishaps
    back = luck < bad
    absent = ~back & (luck < bad + _NOBODY_HOME * absence)
    neighbour = ~back & ~absent & (luck < bad + (_NOBODY_HOME + _NEIGHBOUR) * absence)
    neighbour &= parcels.mode[rows] == HOME
    parcels.stage[rows] = Stage.DELIVERED
    there = ~back & ~absent & ~neighbour
    today.note(parcels.order[rows[there]], CODE["delivered"], (555, 1170), leg=2)
    today.note(parcels.order[rows[neighbour]], CODE["delivered_to_neighbour"], (555, 1170), leg=2)
    _turn_away(world, today, rows[back], np.where(luck[back] < _DAMAGED * today.mishaps, "damaged", "refused"))
    _miss(world, today, rows[absent])


def _miss(world: World, today: Today, rows: Ints) -> None:
    parcels = world.parcels
    parcels.attempts[rows] += 1
    today.note(parcels.order[rows], CODE["delivery_attempted"], (555, 930), reason=REASON["absent"], leg=2)
    parcels.lose_day(rows, ATTEMPTS)
    parcels.stage[rows] = Stage.RETRY
    parcels.due[rows] = today.day + 1
    given_up = (parcels.attempts[rows] >= _MOST_ATTEMPTS) | today.happens(len(rows), _TO_POINT_AT_ONCE)
    own_fleet = parcels.service[rows] == TWO_MAN
    _reach_point(world, today, rows[given_up & ~own_fleet])


def _reach_point(world: World, today: Today, rows: Ints) -> None:
    parcels, network = world.parcels, world.network
    at = pickup_point_at(network, network.depot(parcels.service[rows], parcels.area[rows]))
    today.note(parcels.order[rows], CODE["at_pickup_point"], (960, 1135), at, leg=2)
    fetched = today.happens(len(rows), _FETCHED_SAME_DAY)
    parcels.stage[rows] = np.where(fetched, Stage.DELIVERED, Stage.PICKUP_POINT)
    # Until then the parcel is kept; the position says since when.
    parcels.due[rows] = today.day + 1
    parcels.position[rows] = today.day
    today.note(parcels.order[rows[fetched]], CODE["delivered"], (1140, 1230), at[fetched], leg=2)


def fetch(world: World, today: Today) -> None:
    """Recipients fetch parcels at pickup points; what nobody fetches in time goes back."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.PICKUP_POINT, today.day)
    rows = rows[network.shops_open[today.day, parcels.area[rows]]]
    depot = network.depot(parcels.service[rows], parcels.area[rows])
    fetched = today.happens(len(rows), _FETCHED_PER_DAY)
    parcels.stage[rows[fetched]] = Stage.DELIVERED
    at = pickup_point_at(network, depot)
    today.note(parcels.order[rows[fetched]], CODE["delivered"], (540, 1200), at[fetched], leg=2)
    expired = ~fetched & (today.day - parcels.position[rows] >= _KEPT_DAYS)
    _turn_away(world, today, rows[expired], np.full(int(expired.sum()), "not_collected"))


def _turn_away(world: World, today: Today, rows: Ints, reasons: NDArray[np.str_]) -> None:
    """Start the way back to the shop."""
    parcels = world.parcels
    reason = np.array([REASON[one] for one in reasons], np.int8)
    today.note(parcels.order[rows], CODE["return_started"], (1235, 1300), reason=reason, leg=2)
    parcels.stage[rows] = Stage.RETURNING
    parcels.due[rows] = today.day + _RETURN_DAYS


def bring_back(world: World, today: Today) -> None:
    """Returns reach the shop, and the carrier admits what it has lost."""
    parcels = world.parcels
    rows = parcels.at(Stage.RETURNING, today.day)
    if today.weekday < 5:
        there = rows[today.happens(len(rows), _RETURNED_PER_DAY)]
        parcels.stage[there] = Stage.RETURNED
        today.note(parcels.order[there], CODE["returned"], (540, 960))
    lost = parcels.at(Stage.LOST, today.day)
    parcels.stage[lost] = Stage.LOST_KNOWN
    today.note(parcels.order[lost], CODE["exception"], (600, 720), reason=REASON["lost"], leg=1)
