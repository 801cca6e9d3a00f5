"""Customs: offices beside the hubs of a country outside the customs union."""

import numpy as np

from pipelines.simulator.arrays import Bools, Ints
from pipelines.simulator.carriers import CUSTOMS_COUNTRY
from pipelines.simulator.events import CODE, REASON
from pipelines.simulator.facilities import customs_at
from pipelines.simulator.parcels import CUSTOMS_CAUSE, Stage
from pipelines.simulator.today import Today
from pipelines.simulator.world import World

_CLEARED_PER_DAY, _HELD_SHARE, _HELD_CLEARED_PER_DAY = 0.80, 0.025, 0.22


def needs_customs(world: World, rows: Ints) -> Bools:
    """Which parcels enter the customs country from outside."""
    country = np.array(world.network.areas.country) == CUSTOMS_COUNTRY
    from_inside = country[world.network.origin_area[world.parcels.origin[rows]]]
    needed: Bools = country[world.parcels.area[rows]] & ~from_inside
    return needed


def declare(world: World, today: Today, rows: Ints) -> None:
    """Morning: parcels that reached a hub are presented to its customs office; a few lack documents."""
    parcels = world.parcels
    office = customs_at(world.network, parcels.facility[rows])
    today.note(parcels, rows, CODE["import_customs"], (515, 560), office, leg=1)
    parcels.stage[rows] = Stage.CUSTOMS
    held = rows[today.happens(len(rows), _HELD_SHARE * today.mishaps)]
    parcels.stage[held] = Stage.CUSTOMS_HELD


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
            today.note(parcels, told, CODE["exception"], (900, 1020), reason=REASON["documents"], leg=1)
        rows = rows[cleared]
        parcels.stage[rows] = Stage.HUB
        office = customs_at(network, parcels.facility[rows])
        today.note(parcels, rows, CODE["customs_released"], (600, 900), office, leg=1)
