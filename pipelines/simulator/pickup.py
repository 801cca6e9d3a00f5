"""Pick-up at the warehouses in the evening, the origin depot, and the way to the first hub."""

import numpy as np

from pipelines.simulator.arrays import Bools, Ints
from pipelines.simulator.carriers import CARRIERS, INJECTION, TWO_MAN
from pipelines.simulator.customs import needs_customs
from pipelines.simulator.events import CODE
from pipelines.simulator.facilities import customs_at, depot_at, hub_at
from pipelines.simulator.parcels import LINE_HAUL, Stage
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_MISSED_PICKUP, _MISSED_SORT = 0.005, 0.012


def pick_up(world: World, today: Today) -> None:
    """Evening: carriers collect at the warehouses and sort in their origin depots; hubs are reached at night."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.READY, today.day)
    rows = rows[network.origin_works[today.day, parcels.origin[rows]]]
    rows = rows[~_left_behind(world, today, rows)]
    pickup = network.pickup_minute[parcels.origin[rows]]
    service = parcels.service[rows]
    today.note(parcels, rows, CODE["handed_over"], (pickup, pickup + 15))
    parcels.due[rows] = today.day
    parcels.stage[rows] = np.where(service == INJECTION, Stage.TRUNK, Stage.ORIGIN)
    tours = rows[service == TWO_MAN]
    parcels.stage[tours] = Stage.HAUL_TO_DEPOT
    parcels.due[tours] = today.day + 1
    sorted_here = rows[parcels.stage[rows] == Stage.ORIGIN]
    pickup = network.pickup_minute[parcels.origin[sorted_here]]
    depot = network.depot(parcels.service[sorted_here], network.origin_area[parcels.origin[sorted_here]])
    today.note(parcels, sorted_here, CODE["origin_scan"], (pickup + 40, pickup + 95), depot_at(network, depot))
    if today.hauls_leave:
        _send_pallets(world, today)
        _leave_origin_depot(world, today)


def _left_behind(world: World, today: Today, rows: Ints) -> Bools:
    """Whether the carrier did not come: one fate for all parcels of a warehouse with a carrier."""
    parcels, network = world.parcels, world.network
    luck = today.rng.random((world.replicas, len(network.origin_area), len(CARRIERS)))
    replica, origin = parcels.replica[rows], parcels.origin[rows]
    carrier, cell = network.service_carrier[parcels.service[rows]], network.origin_cell[origin]
    hindered = 0.35 * (1 - np.exp(-0.8 * today.severity[replica, cell]))
    struck = 0.6 * today.on_strike[replica, carrier, cell]
    left: Bools = luck[replica, origin, carrier] < _MISSED_PICKUP * today.mishaps + hindered + struck
    parcels.lose_day(rows[left], today.cause(replica[left], carrier[left], cell[left], LINE_HAUL))
    return left


def _send_pallets(world: World, today: Today) -> None:
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.TRUNK, today.day)
    rows = rows[network.trunk_weekdays[today.weekday, parcels.origin[rows], parcels.area[rows]]]
    carrier = network.service_carrier[parcels.service[rows]]
    first = network.hub_of_origin[carrier, parcels.origin[rows]]
    second = network.hub_of_area[carrier, parcels.area[rows]]
    parcels.stage[rows] = Stage.HAUL_TO_HUB
    parcels.due[rows] = today.day + np.maximum(network.nights[first, second], 1)


def _leave_origin_depot(world: World, today: Today) -> None:
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.ORIGIN, today.day)
    missed = today.happens(len(rows), _MISSED_SORT * today.mishaps)
    parcels.lose_day(rows[missed], LINE_HAUL)
    rows = today.lose(world.parcels, rows[~missed])
    hub = network.hub_of_origin[network.service_carrier[parcels.service[rows]], parcels.origin[rows]]
    parcels.facility[rows] = hub
    parcels.stage[rows] = Stage.HUB
    parcels.position[rows] = -1.0
    today.note(parcels, rows, CODE["hub_arrival"], (1270, 1370), hub_at(hub))
    abroad = rows[needs_customs(world, rows)]
    office = customs_at(network, parcels.facility[abroad])
    today.note(parcels, abroad, CODE["export_customs"], (1375, 1405), office)
