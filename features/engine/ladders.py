"""Keys on wider levels: what the numbers that parcels are counted by stand for, and which of them a wider key joins."""

import numpy as np
from numpy.typing import NDArray

from features.engine.dimensions import AREA, COUNTRY, LANE_REGION, REGION, Registry
from features.engine.dimensions import Numbers as Names
from features.engine.parcels import HERE, WAY
from features.history import PLACE

Numbers = NDArray[np.int64]


def lane_rungs(lanes: Numbers, registry: Registry) -> tuple[Numbers, ...]:
    """Return the number of each lane's key on every level of `features.lanes.LEVELS`, widest first.

    Where a level joins areas, the first of them stands for all.
    """
    service, here, there = _parts(lanes)

    def joined(*parts: int) -> Numbers:
        start, end = _first_alike(registry.areas_from, *parts), _first_alike(registry.areas_to, *parts)
        return service * WAY + start[here] * HERE + end[there]

    wide = joined(COUNTRY), joined(COUNTRY, LANE_REGION), joined(COUNTRY, AREA)
    return np.zeros_like(lanes), service * WAY, *wide


def lane_names(level: int, rungs: Numbers, registry: Registry) -> list[str]:
    """Return the keys that `features.lanes.lane_keys` gives to these numbers of a level."""
    names = []
    for service, here, there in zip(*(part.tolist() for part in _parts(rungs)), strict=True):
        way = "/".join(registry.services.names[service])
        start, end = registry.areas_from.names[here], registry.areas_to.names[there]
        names.append((
            "*",
            way,
            f"{way} {start[COUNTRY]}>{end[COUNTRY]}",
            f"{way} {start[COUNTRY]}-{start[LANE_REGION]}>{end[COUNTRY]}-{end[LANE_REGION]}",
            f"{way} {start[COUNTRY]} {start[AREA]}>{end[COUNTRY]} {end[AREA]}",
        )[level])  # fmt: skip
    return names


def origin_rungs(origins: Numbers, registry: Registry) -> tuple[Numbers, ...]:
    """Return the number of each origin's key on every level of `features.origins.LEVELS`, widest first."""
    return np.zeros_like(origins), _first_alike(registry.origins, 1, 2)[origins], origins


def origin_names(level: int, rungs: Numbers, registry: Registry) -> list[str]:
    """Return the keys that `features.origins.origin_keys` gives to these numbers of a level."""
    found = [registry.origins.names[number] for number in rungs.tolist()]
    return [("*", f"{country}-{region}", origin_id)[level] for origin_id, country, region in found]


def depot_rungs(ways: Numbers, registry: Registry) -> tuple[Numbers, ...]:
    """Return the number of each way's key on every level of `features.loads.DEPOT_LEVELS`, widest first."""
    carrier, _, there = _parts(ways)
    levels = (COUNTRY,), (COUNTRY, REGION), (COUNTRY, AREA)
    joined = (_first_alike(registry.areas_to, *parts) for parts in levels)
    return np.zeros_like(ways), carrier * WAY, *(carrier * WAY + areas[there] for areas in joined)


def haul_rungs(ways: Numbers, registry: Registry) -> tuple[Numbers, ...]:
    """Return the number of each way's key on every level of `features.loads.HAUL_LEVELS`, widest first."""
    return depot_rungs(ways, registry)[:-1]


def depot_names(level: int, rungs: Numbers, registry: Registry) -> list[str]:
    """Return the keys that `features.loads.depot_keys` gives to these numbers of a level."""
    names = []
    for carrier_number, _, there in zip(*(part.tolist() for part in _parts(rungs)), strict=True):
        (carrier,), end = registry.carriers.names[carrier_number], registry.areas_to.names[there]
        way = f"{carrier} {end[COUNTRY]}"
        names.append(("*", carrier, way, f"{way}-{end[REGION]}", f"{way} {end[AREA]}")[level])
    return names


def departure_rungs(ways: Numbers, registry: Registry) -> tuple[Numbers, ...]:
    """Return the number of each way's key on every level of `features.loads.DEPARTURE_LEVELS`, widest first."""
    carrier, here, _ = _parts(ways)
    regions = _first_alike(registry.areas_from, COUNTRY, REGION)
    return np.zeros_like(ways), carrier * WAY, carrier * WAY + regions[here] * HERE


def departure_names(level: int, rungs: Numbers, registry: Registry) -> list[str]:
    """Return the keys that `features.loads.departure_keys` gives to these numbers of a level."""
    names = []
    for carrier_number, here, _ in zip(*(part.tolist() for part in _parts(rungs)), strict=True):
        (carrier,), start = registry.carriers.names[carrier_number], registry.areas_from.names[here]
        names.append(("*", carrier, f"{carrier} {start[COUNTRY]}-{start[REGION]}")[level])
    return names


def hub_rungs(ways: Numbers, registry: Registry) -> tuple[Numbers, ...]:
    """Return the number of each way's key on every level of `features.hubs.LEVELS`, widest first."""
    carrier, hub, _ = _parts(ways)
    at = carrier * WAY + hub * HERE
    country, region, area = (
        _side_alike(ways, registry, *parts) for parts in ((COUNTRY,), (COUNTRY, REGION), (COUNTRY, AREA))
    )
    return np.zeros_like(ways), carrier * WAY, carrier * WAY + country, at, at + region, at + area


def hub_names(level: int, rungs: Numbers, registry: Registry) -> list[str]:
    """Return the keys that `features.hubs.hub_keys` gives to these numbers of a level."""
    names = []
    for carrier_number, hub_number, side in zip(*(part.tolist() for part in _parts(rungs)), strict=True):
        (carrier,), (hub,) = registry.carriers.names[carrier_number], registry.facilities.names[hub_number]
        number, is_from = divmod(side, 2)
        end = (registry.areas_from if is_from else registry.areas_to).names[number]
        land, at = f"{carrier} {'from' if is_from else 'to'} {end[COUNTRY]}", f"{PLACE}{hub}"
        narrow = f"{land}-{end[REGION]}{at}", f"{land} {end[AREA]}{at}"
        names.append(("*", carrier, land, f"{carrier}{at}", *narrow)[level])
    return names


def _side_alike(ways: Numbers, registry: Registry, *parts: int) -> Numbers:
    """Return for the end of each way the first one that has the same parts, with its side."""
    number, is_from = np.divmod(ways % HERE, 2)
    out = np.zeros_like(ways)
    for side, areas in enumerate((registry.areas_to, registry.areas_from)):
        mine = is_from == side
        out[mine] = _first_alike(areas, *parts)[number[mine]] * 2 + side
    return out


def _parts(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    return numbers // WAY, numbers % WAY // HERE, numbers % HERE


def _first_alike(names: Names, *parts: int) -> Numbers:
    return np.array(names.first_alike(*parts), dtype=np.int64)
