"""Numbers of the places where scans happen: hubs, depots, pickup points and customs offices, one after the other."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import AnyInts, Ints
from pipelines.simulator.carriers import CARRIERS
from pipelines.simulator.network import Network


def hub_at(hub: AnyInts) -> AnyInts:
    """Facility number of a hub."""
    return hub


def depot_at(network: Network, depot: AnyInts) -> AnyInts:
    """Facility number of a depot."""
    return depot + len(network.hub_area)


def pickup_point_at(network: Network, depot: AnyInts) -> AnyInts:
    """Facility number of the pickup point of a depot's area."""
    return depot + (len(network.hub_area) + len(network.depot_cell))


def customs_at(network: Network, hub: AnyInts) -> AnyInts:
    """Facility number of the customs office beside a hub."""
    return hub + (len(network.hub_area) + 2 * len(network.depot_cell))


@dataclass(frozen=True)
class Facilities:
    """All facilities in the order of their numbers."""

    facility_id: tuple[str, ...]
    kind: tuple[str, ...]
    carrier: Ints
    area: Ints


def all_facilities(network: Network) -> Facilities:
    """Names, kinds, carriers and areas of all facilities."""
    areas = network.areas
    depot_area = np.tile(np.arange(len(areas)), len(CARRIERS))
    parts = (
        ("hub", network.hub_carrier, network.hub_area),
        ("depot", network.depot_carrier, depot_area),
        ("pickup_point", network.depot_carrier, depot_area),
        ("customs", network.hub_carrier, network.hub_area),
    )
    carrier = np.concatenate([part[1] for part in parts])
    area = np.concatenate([part[2] for part in parts])
    kind = tuple(kind for kind, _, members in parts for _ in members)
    names = tuple(
        f"{CARRIERS[c].carrier_id}-{k.replace('_', '')}-{areas.country[a].lower()}{areas.prefix[a]}"
        for k, c, a in zip(kind, carrier, area, strict=True)
    )
    return Facilities(names, kind, carrier, area)
