"""One day of the world: its calendar, weather, strikes and random numbers."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import weather as skies
from pipelines.simulator.arrays import AnyInts, Bools, Floats, Ints
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.events import EventLog, Witness
from pipelines.simulator.parcels import STRIKE, WEATHER, Parcels, Stage
from pipelines.simulator.world import World

# From this severity on the weather is to blame.
_BLAMED = 0.15
# On every leg.
LOSS = 0.0004
# A carrier admits a loss after at least the first, and before the second number of days.
ADMITTED_AFTER = (18, 31)


@dataclass(frozen=True, slots=True)
class Today:
    """What holds for all parcels on one day; arrays by replica (R) and cell, carrier, hub."""

    day: int
    weekday: int
    rng: np.random.Generator
    severity: Floats  # (R, cells)
    on_strike: Bools  # (R, C, cells)
    lorries: Floats  # (R, H, cells): the luck that parcels on the same lorry share
    season: float
    mishaps: float
    hauls_leave: bool
    log: EventLog | None

    @classmethod
    def of(cls, world: World) -> "Today":
        """Take today's conditions from the world's state."""
        rng = world.rng_of_day()
        network, day = world.network, world.day
        winter = float(skies.winter_of(network.clock.dates[day : day + 1])[0])
        shape = (world.replicas, len(network.hub_area), len(network.areas.cells))
        return cls(
            day=day,
            weekday=int(network.clock.weekdays[day]),
            rng=rng,
            severity=skies.today(world.weather, winter).severity,
            on_strike=world.strain.on_strike,
            lorries=rng.random(shape),
            season=float(world.usual.season[day]),
            mishaps=world.config.regime.mishaps,
            hauls_leave=bool(network.hauls_leave[day]),
            log=world.log,
        )

    def happens(self, size: int, probability: Floats | float) -> Bools:
        """Draw whether something happens to each of so many parcels."""
        return self.rng.random(size) < probability

    def note(
        self,
        parcels: Parcels,
        rows: Ints,
        code: int,
        between: tuple[AnyInts | float, AnyInts | float],
        facility: AnyInts | int = -1,
        reason: AnyInts | int = 0,
        leg: int = 0,
    ) -> None:
        """Log an event at a random time of day (minutes after midnight, may pass 1440) if this world keeps a log."""
        if self.log is None or not len(rows):
            return
        low, high = np.asarray(between[0]), np.asarray(between[1])
        minute = self.day * DAY_MINUTES + (low + self.rng.random(len(rows)) * (high - low)).astype(np.int64)
        self.log.add(parcels.order[rows], code, minute, facility, reason, leg, parcels.replica[rows])

    def cause(self, replica: AnyInts, carrier: AnyInts, cell: AnyInts, otherwise: int) -> Ints:
        """Who is to blame for a day lost in a cell: a strike, the weather, or else the usual suspect."""
        struck = self.on_strike[replica, carrier, cell]
        return np.where(struck, STRIKE, np.where(self.severity[replica, cell] > _BLAMED, WEATHER, otherwise))

    def lose(self, parcels: Parcels, rows: Ints) -> Ints:
        """Lose a few of these parcels for good; nobody notices for weeks. Return the others."""
        if isinstance(self.log, Witness):
            self.log.risk(parcels.order[rows], parcels.replica[rows])
            return rows
        lost = self.happens(len(rows), LOSS * self.mishaps)
        gone = rows[lost]
        parcels.stage[gone] = Stage.LOST
        parcels.due[gone] = self.day + self.rng.integers(*ADMITTED_AFTER, len(gone))
        return rows[~lost]
