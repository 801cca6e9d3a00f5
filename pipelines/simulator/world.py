"""The world: one state that lives from day to day, can be copied, and can hold many replicas of itself."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pipelines.simulator import weather as skies
from pipelines.simulator.arrays import Floats, Int8s, Int16s, Int32s
from pipelines.simulator.clock import Clock
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.demand import Orders, draw_orders, season
from pipelines.simulator.events import EventLog
from pipelines.simulator.network import Network, build_network
from pipelines.simulator.parcels import Parcels
from pipelines.simulator.queues import Queues
from pipelines.simulator.strain import Strain

# Which stream of random numbers: orders, the first day's state, the days, the scans, the parcels' attributes.
ORDERS, BEGINNING, DAYS, SCANS, ATTRIBUTES = range(5)


class Ended(NamedTuple):
    """Parcels whose story ended on a day: order row, replica, final stage, day, lost days by cause."""

    order: Int32s
    replica: Int32s
    stage: Int8s
    day: Int16s
    lost_days: Int16s


@dataclass(frozen=True)
class Usual:
    """What an ordinary calendar day brings: season by day, our parcels by origin, hub and depot."""

    season: Floats
    at_origin: Floats
    at_hub: Floats
    at_depot: Floats


@dataclass(slots=True)
class World:
    """State at the start of local day ``day``: its weather has come, nothing else has happened.

    ``entropy`` seeds the days to come; ``log`` is None in a fork, which only keeps how parcels ended.
    """

    config: SimulationConfig
    network: Network
    orders: Orders
    usual: Usual
    entropy: tuple[int, ...]
    day: int
    replicas: int
    parcels: Parcels
    weather: skies.Weather
    strain: Strain
    warehouses: Queues
    hubs: Queues
    depots: Queues
    log: EventLog | None
    ended: list[Ended]

    def copy(self) -> "World":
        """Return a world with the same past and state that lives on by itself, with the same random numbers."""
        state = self.repeat(1)
        return replace(
            state,
            entropy=self.entropy,
            log=None if self.log is None else self.log.copy(),
            ended=list(self.ended),
        )

    def repeat(self, replicas: int) -> "World":
        """Return this moment in so many replicas, without the past; only for a world of one."""
        return replace(
            self,
            replicas=replicas,
            parcels=self.parcels.repeat(replicas),
            weather=self.weather.repeat(replicas),
            strain=self.strain.repeat(replicas),
            warehouses=self.warehouses.repeat(replicas),
            hubs=self.hubs.repeat(replicas),
            depots=self.depots.repeat(replicas),
            log=None,
            ended=[],
        )

    def rng_of_day(self) -> np.random.Generator:
        """Random numbers of the day that begins."""
        return np.random.default_rng(np.random.SeedSequence((*self.entropy, self.day)))


def build_world(config: SimulationConfig) -> World:
    """World at the start of its first day: empty roads, all orders to come already known to it."""
    clock = Clock.covering(config.first_day, config.all_days)
    network = build_network(clock)
    orders = draw_orders(config, network, np.random.SeedSequence((config.seed, ORDERS)))
    rng = np.random.default_rng(np.random.SeedSequence((config.seed, BEGINNING)))
    climate = skies.climate_of(*network.areas.cell_positions(), config.regime.storminess)
    hubs, depots, origins = len(network.hub_area), len(network.depot_cell), len(network.origin_area)
    return World(
        config=config,
        network=network,
        orders=orders,
        usual=_usual(config, network, orders),
        entropy=(config.seed, DAYS),
        day=0,
        replicas=1,
        parcels=Parcels.ordered(orders, slice(0, 0), 1),
        weather=skies.first_weather(climate, rng),
        strain=Strain.first(config.regime, (len(network.areas.cells), depots, hubs, origins), rng),
        warehouses=Queues.empty(1, origins),
        hubs=Queues.empty(1, hubs),
        depots=Queues.empty(1, depots),
        log=EventLog(),
        ended=[],
    )


def _usual(config: SimulationConfig, network: Network, orders: Orders) -> Usual:
    by_day = season(network.clock.dates, config.regime)
    ordinary_days = by_day[: config.order_days].sum()
    carrier = network.service_carrier[orders.service]
    first = network.hub_of_origin[carrier, orders.origin]
    second = network.hub_of_area[carrier, orders.area]
    through = np.concatenate([first, second[first != second]])
    hubs = np.bincount(through[through >= 0], minlength=len(network.hub_area))
    depots = np.bincount(network.depot(orders.service, orders.area), minlength=len(network.depot_cell))
    origins = np.bincount(orders.origin, minlength=len(network.origin_area))
    return Usual(by_day, origins / ordinary_days, hubs / ordinary_days, depots / ordinary_days)
