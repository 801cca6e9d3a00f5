"""The last step: the door, the neighbour, the pickup point, and parcels that go back."""

import numpy as np
from numpy.typing import NDArray

from pipelines.simulator.arrays import Ints
from pipelines.simulator.carriers import TWO_MAN
from pipelines.simulator.demand import HOME
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import pickup_point_at
from pipelines.simulator.parcels import ATTEMPTS, Stage
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_NOBODY_HOME, _NEIGHBOUR, _REFUSED, _DAMAGED = 0.065, 0.05, 0.002, 0.0008
_TO_POINT_AT_ONCE, _MOST_ATTEMPTS = 0.25, 2
_FETCHED_SAME_DAY, _FETCHED_PER_DAY, _KEPT_DAYS = 0.45, 0.5, 8
_RETURNED_PER_DAY, _RETURN_DAYS = 0.4, 3


def ring(world: World, today: Today, rows: Ints) -> None:
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
    today.note(parcels, rows[there], CODE["delivered"], (555, 1170), leg=2)
    today.note(parcels, rows[neighbour], CODE["delivered_to_neighbour"], (555, 1170), leg=2)
    _turn_away(world, today, rows[back], np.where(luck[back] < _DAMAGED * today.mishaps, "damaged", "refused"))
    _miss(world, today, rows[absent])


def _miss(world: World, today: Today, rows: Ints) -> None:
    parcels = world.parcels
    parcels.attempts[rows] += 1
    today.note(parcels, rows, CODE["delivery_attempted"], (555, 930), reason=REASON["absent"], leg=2)
    parcels.lose_day(rows, ATTEMPTS)
    parcels.stage[rows] = Stage.RETRY
    parcels.due[rows] = today.day + 1
    given_up = (parcels.attempts[rows] >= _MOST_ATTEMPTS) | today.happens(len(rows), _TO_POINT_AT_ONCE)
    own_fleet = parcels.service[rows] == TWO_MAN
    reach_point(world, today, rows[given_up & ~own_fleet])


def reach_point(world: World, today: Today, rows: Ints) -> None:
    """Afternoon: parcels come to the pickup point; many are fetched the same day."""
    parcels, network = world.parcels, world.network
    at = pickup_point_at(network, network.depot(parcels.service[rows], parcels.area[rows]))
    today.note(parcels, rows, CODE["at_pickup_point"], (960, 1135), at, leg=2)
    fetched = today.happens(len(rows), _FETCHED_SAME_DAY)
    parcels.stage[rows] = np.where(fetched, Stage.DELIVERED, Stage.PICKUP_POINT)
    # Until then the parcel is kept; the position says since when.
    parcels.due[rows] = today.day + 1
    parcels.position[rows] = today.day
    today.note(parcels, rows[fetched], CODE["delivered"], (1140, 1230), at[fetched], leg=2)


def fetch(world: World, today: Today) -> None:
    """Recipients fetch parcels at pickup points; what nobody fetches in time goes back."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.PICKUP_POINT, today.day)
    rows = rows[network.shops_open[today.day, parcels.area[rows]]]
    depot = network.depot(parcels.service[rows], parcels.area[rows])
    fetched = today.happens(len(rows), _FETCHED_PER_DAY)
    parcels.stage[rows[fetched]] = Stage.DELIVERED
    at = pickup_point_at(network, depot)
    today.note(parcels, rows[fetched], CODE["delivered"], (540, 1200), at[fetched], leg=2)
    expired = ~fetched & (today.day - parcels.position[rows] >= _KEPT_DAYS)
    _turn_away(world, today, rows[expired], np.full(int(expired.sum()), "not_collected"))


def _turn_away(world: World, today: Today, rows: Ints, reasons: NDArray[np.str_]) -> None:
    """Start the way back to the shop."""
    parcels = world.parcels
    reason = np.array([REASON[one] for one in reasons], np.int8)
    today.note(parcels, rows, CODE["return_started"], (1235, 1300), reason=reason, leg=2)
    parcels.stage[rows] = Stage.RETURNING
    parcels.due[rows] = today.day + _RETURN_DAYS


def bring_back(world: World, today: Today) -> None:
    """Returns reach the shop, and the carrier admits what it has lost."""
    parcels = world.parcels
    rows = parcels.at(Stage.RETURNING, today.day)
    if today.weekday < 5:
        there = rows[today.happens(len(rows), _RETURNED_PER_DAY)]
        parcels.stage[there] = Stage.RETURNED
        today.note(parcels, there, CODE["returned"], (540, 960))
    lost = parcels.at(Stage.LOST, today.day)
    parcels.stage[lost] = Stage.LOST_KNOWN
    today.note(parcels, lost, CODE["exception"], (600, 720), reason=REASON["lost"], leg=1)
