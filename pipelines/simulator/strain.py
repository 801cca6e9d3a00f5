"""What strains the network from day to day besides our parcels: other customers' load, strikes, slow shifts."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import Bools, Floats
from pipelines.simulator.carriers import CARRIERS
from pipelines.simulator.config import Regime

# How much of yesterday's deviation is still there: regions' load, single depots and hubs, warehouses' slowness.
_REGION_MEMORY, _FACILITY_MEMORY, _DRIFT_MEMORY = 0.92, 0.6, 0.975
_STRIKE_GOES_ON, _CELL_ON_STRIKE = 0.6, 0.35


@dataclass(slots=True)
class Strain:
    """State at the start of a day, by replica: log loads (R, C, cells), (R, D), (R, H), strikes, slowness (R, O).

    ``waves`` (R, C) tells whether a carrier's strike goes on, ``on_strike`` (R, C, cells) where it is today.
    """

    regime: Regime
    region_load: Floats
    depot_load: Floats
    hub_load: Floats
    waves: Bools
    on_strike: Bools
    slowness: Floats

    @classmethod
    def first(cls, regime: Regime, sizes: tuple[int, int, int, int], rng: np.random.Generator) -> "Strain":
        """State of the first day for (cells, depots, hubs, origins), each load drawn from its long-run spread."""
        cells, depots, hubs, origins = sizes
        carriers = len(CARRIERS)
        return cls(
            regime,
            regime.volatility * rng.standard_normal((1, carriers, cells)),
            0.7 * regime.volatility * rng.standard_normal((1, depots)),
            0.7 * regime.volatility * rng.standard_normal((1, hubs)),
            np.zeros((1, carriers), bool),
            np.zeros((1, carriers, cells), bool),
            regime.drift * rng.standard_normal((1, origins)),
        )

    def repeat(self, replicas: int) -> "Strain":
        """Return the same state in so many replicas; only for a single one."""
        return Strain(
            self.regime,
            np.repeat(self.region_load, replicas, axis=0),
            np.repeat(self.depot_load, replicas, axis=0),
            np.repeat(self.hub_load, replicas, axis=0),
            np.repeat(self.waves, replicas, axis=0),
            np.repeat(self.on_strike, replicas, axis=0),
            np.repeat(self.slowness, replicas, axis=0),
        )

    def next_day(self, weekday: int, rng: np.random.Generator) -> None:
        """Move to the next day, whose weekday is given; strikes pause on Sundays."""
        regime = self.regime
        self.region_load = _step(self.region_load, _REGION_MEMORY, regime.volatility, rng)
        self.depot_load = _step(self.depot_load, _FACILITY_MEMORY, 0.7 * regime.volatility, rng)
        self.hub_load = _step(self.hub_load, _FACILITY_MEMORY, 0.7 * regime.volatility, rng)
        self.slowness = _step(self.slowness, _DRIFT_MEMORY, regime.drift, rng)
        if weekday < 6:
            goes_on = np.where(self.waves, _STRIKE_GOES_ON, regime.strike_waves / 313)
            # The own fleet (the last carrier) has nobody who strikes.
            goes_on[:, -1] = 0.0
            self.waves = rng.random(self.waves.shape) < goes_on
            struck = rng.random(self.on_strike.shape) < _CELL_ON_STRIKE
            self.on_strike = self.waves[:, :, None] & struck
        else:
            self.on_strike = np.zeros_like(self.on_strike)


def _step(values: Floats, memory: float, spread: float, rng: np.random.Generator) -> Floats:
    later: Floats = memory * values + spread * (1 - memory**2) ** 0.5 * rng.standard_normal(values.shape)
    return later
