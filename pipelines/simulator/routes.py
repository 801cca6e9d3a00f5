"""Which service can take a parcel where, and how long it plans to travel."""

import numpy as np

from pipelines.simulator.arrays import Bools, Floats
from pipelines.simulator.carriers import INJECTED_COUNTRIES, SERVICES, TOUR_KM
from pipelines.simulator.merchants import MERCHANTS, WAREHOUSES
from pipelines.simulator.network import Network


def serves(network: Network) -> Bools:
    """Which service can carry a parcel from an origin to an area, shape (S, O, A)."""
    origins, areas = len(network.origin_area), len(network.areas)
    possible = np.zeros((len(SERVICES), origins, areas), bool)
    country = np.array(network.areas.country)
    abroad = country[network.origin_area][:, None] != country[None, :]
    near = network.areas.distance_km(network.origin_area[:, None], np.arange(areas)[None, :]) <= TOUR_KM
    merchant = {one.merchant_id: one for one in MERCHANTS}
    for number, (carrier, service) in enumerate(SERVICES):
        hubs = (network.hub_of_origin[carrier] >= 0)[:, None] & (network.hub_of_area[carrier] >= 0)[None, :]
        possible[number] = hubs
        if service.speed == "tour":
            fleet = np.array([merchant[one.merchant_id].own_fleet for one in WAREHOUSES])
            possible[number] = fleet[:, None] & (country == "DE")[None, :] & near
        if service.speed == "injection":
            filled = np.array([merchant[one.merchant_id].injection for one in WAREHOUSES])
            possible[number] &= abroad & filled[:, None] & np.isin(country, sorted(INJECTED_COUNTRIES))[None, :]
    return possible


def lane_nights(network: Network) -> Floats:
    """Nights from dispatch to the depot if nothing goes wrong and every day is worked, shape (S, O, A); nan where none.

    A parcel that stays in its hub's region travels one night; another reaches the second hub after ``nights``, is
    sorted there through the day (an express parcel at once) and goes on in the following night.
    """
    nights = np.full((len(SERVICES), len(network.origin_area), len(network.areas)), np.nan)
    possible = serves(network)
    for number, (carrier, service) in enumerate(SERVICES):
        first, second = network.hub_of_origin[carrier][:, None], network.hub_of_area[carrier][None, :]
        between = network.nights[first, second].astype(float)
        plan = np.where(between > 0, between + 1, 1.0) if service.speed != "express" else np.maximum(between, 1.0)
        if service.speed == "injection":
            plan = plan + 1.0
        if service.speed == "tour":
            plan = np.ones_like(between) + 1.0
        nights[number] = np.where(possible[number], plan, np.nan)
    return nights
