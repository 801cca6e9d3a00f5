"""The carriers' part of a day between warehouse and destination depot: pick-up, hubs, line hauls, customs."""

import numpy as np

from pipelines.simulator import carriers as known
from pipelines.simulator.arrays import Bools, Floats, Ints
from pipelines.simulator.carriers import CARRIERS, EXPRESS, INJECTION, TWO_MAN
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import customs_at, depot_at, hub_at
from pipelines.simulator.parcels import CUSTOMS_CAUSE, LINE_HAUL, WEATHER, Stage
from pipelines.simulator.queues import count
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_MISSED_PICKUP, _MISSED_SORT, _MISSORT, _LOSS = 0.005, 0.012, 0.004, 0.0004
_LATE_LORRY = 0.01
_CLEARED_PER_DAY, _HELD_SHARE, _HELD_CLEARED_PER_DAY = 0.80, 0.025, 0.22
# Other customers' parcels by the weekday of the night they pass the hub in; a week's work is that of six nights.
_HUB_WEEKDAYS = np.array([1.22, 1.08, 1.0, 1.0, 1.0, 0.0, 0.70])
# Our parcels' share of the carriers' work, once there are enough of them to be noticed.
OWN_SHARE, _NOTICED = 0.3, 3.0


def arrive(world: World, today: Today) -> None:
    """Morning: lorries of the night arrive, or lose a day on the road."""
    parcels, network = world.parcels, world.network
    to_hub = parcels.at(Stage.HAUL_TO_HUB, today.day)
    hub = network.hub_of_area[network.service_carrier[parcels.service[to_hub]], parcels.area[to_hub]]
    there = _on_time(world, today, to_hub, network.hub_cell[hub])
    to_hub = to_hub[there]
    parcels.facility[to_hub] = hub[there]
    fast = (parcels.service[to_hub] == EXPRESS) & ~_needs_customs(world, to_hub)
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
    today.note(parcels.order[told], CODE["exception"], (540, 660), reason=REASON["weather"], leg=1)
    return ~late


def _needs_customs(world: World, rows: Ints) -> Bools:
    country = np.array(world.network.areas.country) == known.CUSTOMS_COUNTRY
    from_swiss = country[world.network.origin_area[world.parcels.origin[rows]]]
    needed: Bools = country[world.parcels.area[rows]] & ~from_swiss
    return needed


def _reach_second_hub(world: World, today: Today, rows: Ints) -> None:
    parcels = world.parcels
    hub = parcels.facility[rows]
    today.note(parcels.order[rows], CODE["hub_arrival"], (240, 510), hub_at(hub), leg=1)
    customs = _needs_customs(world, rows)
    parcels.stage[rows] = np.where(customs, Stage.CUSTOMS, Stage.HUB)
    parcels.position[rows] = -1.0
    imported = rows[customs]
    today.note(
        parcels.order[imported],
        CODE["import_customs"],
        (515, 560),
        customs_at(world.network, parcels.facility[imported]),
        leg=1,
    )
    held = imported[today.happens(len(imported), _HELD_SHARE * today.mishaps)]
    parcels.stage[held] = Stage.CUSTOMS_HELD


def _rush_through(world: World, today: Today, rows: Ints) -> None:
    order, hub = world.parcels.order[rows], hub_at(world.parcels.facility[rows])
    today.note(order, CODE["hub_arrival"], (210, 280), hub, leg=1)
    today.note(order, CODE["hub_departure"], (285, 310), hub, leg=2)
    _reach_depot(world, today, rows, (330, 420))


def _reach_depot(world: World, today: Today, rows: Ints, between: tuple[int, int]) -> None:
    parcels = world.parcels
    depot = world.network.depot(parcels.service[rows], parcels.area[rows])
    today.note(parcels.order[rows], CODE["destination_depot"], between, depot_at(world.network, depot), leg=2)
    parcels.stage[rows] = Stage.DEPOT
    parcels.due[rows] = today.day
    parcels.position[rows] = -1.0


def clear_customs(world: World, today: Today) -> None:
    """Office hours: customs release parcels from Monday to Friday unless the day is a holiday in the hub's region."""
    parcels, network = world.parcels, world.network
    if today.weekday > 4:
        return
    for stage, chance in ((Stage.CUSTOMS, _CLEARED_PER_DAY), (Stage.CUSTOMS_HELD, _HELD_CLEARED_PER_DAY)):
        rows = parcels.at(stage, today.day)
        rows = rows[network.customs_open[today.day, parcels.facility[rows]]]
        cleared = today.happens(len(rows), chance)
        parcels.lose_day(rows[~cleared], CUSTOMS_CAUSE)
        if stage == Stage.CUSTOMS_HELD:
            told = rows[~cleared & today.happens(len(rows), 0.5)]
            today.note(parcels.order[told], CODE["exception"], (900, 1020), reason=REASON["documents"], leg=1)
        rows = rows[cleared]
        parcels.stage[rows] = Stage.HUB
        office = customs_at(network, parcels.facility[rows])
        today.note(parcels.order[rows], CODE["customs_released"], (600, 900), office, leg=1)


def pick_up(world: World, today: Today) -> None:
    """Evening: carriers collect at the warehouses and sort in their origin depots; hubs are reached at night."""
    parcels, network = world.parcels, world.network
    rows = parcels.at(Stage.READY, today.day)
    rows = rows[network.origin_works[today.day, parcels.origin[rows]]]
    rows = rows[~_left_behind(world, today, rows)]
    pickup = network.pickup_minute[parcels.origin[rows]]
    order, service = parcels.order[rows], parcels.service[rows]
    today.note(order, CODE["handed_over"], (pickup, pickup + 15))
    parcels.due[rows] = today.day
    parcels.stage[rows] = np.where(service == INJECTION, Stage.TRUNK, Stage.ORIGIN)
    tours = rows[service == TWO_MAN]
    parcels.stage[tours] = Stage.HAUL_TO_DEPOT
    parcels.due[tours] = today.day + 1
    sorted_here = rows[parcels.stage[rows] == Stage.ORIGIN]
    pickup = network.pickup_minute[parcels.origin[sorted_here]]
    depot = network.depot(parcels.service[sorted_here], network.origin_area[parcels.origin[sorted_here]])
    today.note(parcels.order[sorted_here], CODE["origin_scan"], (pickup + 40, pickup + 95), depot_at(network, depot))
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
    rows = lose(world, today, rows[~missed])
    hub = network.hub_of_origin[network.service_carrier[parcels.service[rows]], parcels.origin[rows]]
    parcels.facility[rows] = hub
    parcels.stage[rows] = Stage.HUB
    parcels.position[rows] = -1.0
    today.note(parcels.order[rows], CODE["hub_arrival"], (1270, 1370), hub_at(hub))
    abroad = rows[_needs_customs(world, rows)]
    office = customs_at(network, parcels.facility[abroad])
    today.note(parcels.order[abroad], CODE["export_customs"], (1375, 1405), office)


def lose(world: World, today: Today, rows: Ints) -> Ints:
    """Lose a few parcels for good; return the others."""
    parcels = world.parcels
    lost = today.happens(len(rows), _LOSS * today.mishaps)
    gone = rows[lost]
    parcels.stage[gone] = Stage.LOST
    parcels.due[gone] = today.day + today.rng.integers(18, 31, len(gone))
    return rows[~lost]


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
    today.note(
        parcels.order[struck], CODE["exception"], (1375, 1410), hub_at(parcels.facility[struck]), REASON["strike"]
    )
    _depart(world, today, rows[through])


def _depart(world: World, today: Today, rows: Ints) -> None:
    parcels, network = world.parcels, world.network
    missorted = today.happens(len(rows), _MISSORT * today.mishaps)
    stray = rows[missorted]
    parcels.lose_day(stray, LINE_HAUL)
    today.note(
        parcels.order[stray], CODE["exception"], (1380, 1410), hub_at(parcels.facility[stray]), REASON["missort"]
    )
    rows = lose(world, today, rows[~missorted])
    hub = parcels.facility[rows]
    last = network.hub_of_area[network.service_carrier[parcels.service[rows]], parcels.area[rows]]
    final = hub == last
    order = parcels.order[rows]
    today.note(order[~final], CODE["hub_departure"], (1415, 1530), hub_at(hub[~final]), leg=1)
    today.note(order[final], CODE["hub_departure"], (1415, 1530), hub_at(hub[final]), leg=2)
    parcels.stage[rows] = np.where(final, Stage.HAUL_TO_DEPOT, Stage.HAUL_TO_HUB)
    parcels.due[rows] = today.day + np.where(final, 1, network.nights[hub, last])


def _hub_work(world: World, today: Today, ours: Floats) -> Floats:
    """Work of the day at each hub: ours and other customers', in units of an ordinary night."""
    usual = world.usual.at_hub
    weight = OWN_SHARE * usual / (usual + _NOTICED)
    region = world.strain.region_load[:, world.network.hub_carrier, world.network.hub_cell]
    others = np.exp(world.strain.hub_load + region) * _HUB_WEEKDAYS[today.weekday]
    work: Floats = (1 - weight) * others * (1 + 0.8 * (today.season - 1)) + ours * 6 / 7 * OWN_SHARE / (
        usual + _NOTICED
    )
    return work


def _hub_capacity(world: World, today: Today) -> Floats:
    regime, network = world.config.regime, world.network
    staff = (1 + regime.slack) * (1 + regime.peak_cover * 0.8 * (today.season - 1))
    struck = today.on_strike[:, network.hub_carrier, network.hub_cell]
    hindered = 1 - np.minimum(0.25 * today.severity[:, network.hub_cell], 0.5)
    luck = np.exp(0.05 * today.rng.standard_normal(struck.shape))
    overtime = 1 + regime.overtime * np.minimum(world.hubs.backlog, 4.0)
    capacity: Floats = staff * luck * overtime * hindered * np.where(struck, 0.15, 1.0)
    return capacity
