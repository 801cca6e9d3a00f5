"""Hubs at night: sorting under capacity, first come first served, and the departure of the line hauls."""

import numpy as np

from pipelines.simulator.arrays import Floats, Ints
from pipelines.simulator.carriers import EXPRESS
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import hub_at
from pipelines.simulator.load import staff, work_of_day
from pipelines.simulator.parcels import LINE_HAUL, Stage
from pipelines.simulator.queues import count
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_MISSORT = 0.004
# Other customers' parcels by the weekday of the night they pass the hub in; a week's work is that of six nights.
_HUB_WEEKDAYS = np.array([1.22, 1.08, 1.0, 1.0, 1.0, 0.0, 0.70])


def leave_hubs(world: World, today: Today) -> None:
    """Night: hubs sort what they can, first come first served; what is through goes on to the next hub or the depot."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.HUB, today.day)
    new = rows[parcels.position[rows] < 0]
    replica, hub = parcels.replica[new], parcels.facility[new]
    work = _hub_work(world, today, count(replica, hub, world.hubs.arrived.shape))
    parcels.position[new] = world.hubs.join(replica, hub, today.rng.random(len(new)), work)
    parcels.position[new[parcels.service[new] == EXPRESS]] = 0.0
    if not today.hauls_leave:
        return
    world.hubs.serve(_hub_capacity(world, today))
    through = world.hubs.through(parcels.replica[rows], parcels.facility[rows], parcels.position[rows])
    waiting = rows[~through]
    carrier, cell = network.service_carrier[parcels.service[waiting]], network.hub_cell[parcels.facility[waiting]]
    parcels.lose_day(waiting, today.cause(parcels.replica[waiting], carrier, cell, LINE_HAUL))
    struck = waiting[today.on_strike[parcels.replica[waiting], carrier, cell] & today.happens(len(waiting), 0.4)]
    today.note(parcels, struck, CODE["exception"], (1375, 1410), hub_at(parcels.facility[struck]), REASON["strike"])
    _depart(world, today, rows[through])


def _depart(world: World, today: Today, rows: Ints) -> None:
    parcels, network = world.parcels, world.network
    missorted = today.happens(len(rows), _MISSORT * today.mishaps)
    stray = rows[missorted]
    parcels.lose_day(stray, LINE_HAUL)
    today.note(parcels, stray, CODE["exception"], (1380, 1410), hub_at(parcels.facility[stray]), REASON["missort"])
    rows = today.lose(world.parcels, rows[~missorted])
    hub = parcels.facility[rows]
    last = network.hub_of_area[network.service_carrier[parcels.service[rows]], parcels.area[rows]]
    final = hub == last
    today.note(parcels, rows[~final], CODE["hub_departure"], (1415, 1530), hub_at(hub[~final]), leg=1)
    today.note(parcels, rows[final], CODE["hub_departure"], (1415, 1530), hub_at(hub[final]), leg=2)
    parcels.stage[rows] = np.where(final, Stage.HAUL_TO_DEPOT, Stage.HAUL_TO_HUB)
    parcels.due[rows] = today.day + np.where(final, 1, network.nights[hub, last])


def _hub_work(world: World, today: Today, ours: Floats) -> Floats:
    """Work of the day at each hub (R, H): ours and other customers'."""
    region = world.strain.region_load[:, world.network.hub_carrier, world.network.hub_cell]
    others = np.exp(world.strain.hub_load + region) * _HUB_WEEKDAYS[today.weekday]
    return work_of_day(today, world.usual.at_hub, ours, others)


def _hub_capacity(world: World, today: Today) -> Floats:
    network = world.network
    struck = today.on_strike[:, network.hub_carrier, network.hub_cell]
    hindered = 1 - np.minimum(0.25 * today.severity[:, network.hub_cell], 0.5)
    able: Floats = staff(today, world.config.regime, world.hubs.backlog) * hindered * np.where(struck, 0.15, 1.0)
    return able
