"""Line hauls: the lorries of the night arrive, or lose a day on the road."""

import numpy as np

from pipelines.simulator.arrays import Bools, Ints
from pipelines.simulator.carriers import EXPRESS
from pipelines.simulator.customs import declare, needs_customs
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import depot_at, hub_at
from pipelines.simulator.parcels import LINE_HAUL, WEATHER, Stage
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_LATE_LORRY = 0.01


def arrive(world: World, today: Today) -> None:
    """Morning: lorries of the night arrive, or lose a day on the road."""
    parcels, network = world.parcels, world.network
    to_hub = parcels.at(Stage.HAUL_TO_HUB, today.day)
    hub = network.hub_of_area[network.service_carrier[parcels.service[to_hub]], parcels.area[to_hub]]
    there = _on_time(world, today, to_hub, network.hub_cell[hub])
    to_hub = to_hub[there]
    parcels.facility[to_hub] = hub[there]
    fast = (parcels.service[to_hub] == EXPRESS) & ~needs_customs(world, to_hub)
    _reach_second_hub(world, today, to_hub[~fast])
    _rush_through(world, today, to_hub[fast])
    to_depot = parcels.at(Stage.HAUL_TO_DEPOT, today.day)
    there = _on_time(world, today, to_depot, network.areas.cell[parcels.area[to_depot]])
    _reach_depot(world, today, to_depot[there], (240, 420))


def _on_time(world: World, today: Today, rows: Ints, to_cell: Ints) -> Bools:
    """Which rows' lorries arrive; the others lose a day."""
    parcels, network = world.parcels, world.network
    replica, hub = parcels.replica[rows], parcels.facility[rows]
    from_cell = np.where(hub >= 0, network.hub_cell[hub], network.origin_cell[parcels.origin[rows]])
    severity = np.maximum(today.severity[replica, from_cell], today.severity[replica, to_cell])
    hindered = 1 - np.exp(-0.6 * severity)
    late = today.lorries[replica, hub, to_cell] < _LATE_LORRY * today.mishaps + hindered
    late_rows = rows[late]
    parcels.due[late_rows] = today.day + 1
    parcels.lose_day(late_rows, np.where(severity[late] > 0.15, WEATHER, LINE_HAUL))
    told = late_rows[(severity[late] > 0.15) & today.happens(len(late_rows), 0.35)]
    today.note(parcels, told, CODE["exception"], (540, 660), reason=REASON["weather"], leg=1)
    return ~late


def _reach_second_hub(world: World, today: Today, rows: Ints) -> None:
    parcels = world.parcels
    hub = hub_at(parcels.facility[rows])
    today.note(parcels, rows, CODE["hub_arrival"], (240, 510), hub, leg=1)
    parcels.stage[rows] = Stage.HUB
    parcels.position[rows] = -1.0
    declare(world, today, rows[needs_customs(world, rows)])


def _rush_through(world: World, today: Today, rows: Ints) -> None:
    parcels, hub = world.parcels, hub_at(world.parcels.facility[rows])
    today.note(parcels, rows, CODE["hub_arrival"], (210, 280), hub, leg=1)
    today.note(parcels, rows, CODE["hub_departure"], (285, 310), hub, leg=2)
    _reach_depot(world, today, rows, (330, 420))


def _reach_depot(world: World, today: Today, rows: Ints, between: tuple[int, int]) -> None:
    parcels = world.parcels
    depot = world.network.depot(parcels.service[rows], parcels.area[rows])
    today.note(parcels, rows, CODE["destination_depot"], between, depot_at(world.network, depot), leg=2)
    parcels.stage[rows] = Stage.DEPOT
    parcels.due[rows] = today.day
    parcels.position[rows] = -1.0
