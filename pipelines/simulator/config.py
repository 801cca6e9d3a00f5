"""What is simulated: how much, until when, and how rough it gets."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from parcelcast.errors import InputError


@dataclass(frozen=True, slots=True)
class Regime:
    """How strongly the network is disturbed.

    ``storminess`` scales what severe weather does; ``strike_waves`` are expected waves per carrier and year; ``peak``
    is the extra demand at the height of the season before Christmas (1.0 doubles it) and ``peak_cover`` the share of it
    that carriers staff for; ``slack`` is the spare capacity of hubs and depots and ``overtime`` how much faster they
    work for each day of backlog; ``volatility`` is the spread (log scale) of their other customers' load, ``drift`` the
    spread (logit scale) of the warehouses' slowness over time; ``mishaps`` scales everything that goes wrong with a
    single parcel (missed sorts, absences, holds).
    """

    storminess: float = 1.0
    strike_waves: float = 1.0
    peak: float = 0.9
    peak_cover: float = 0.75
    slack: float = 0.35
    volatility: float = 0.12
    drift: float = 0.45
    overtime: float = 0.15
    mishaps: float = 1.0


REGIMES = {
    "calm": Regime(
        storminess=0.3, strike_waves=0.0, peak=0.4, peak_cover=1.0, slack=0.5, volatility=0.06, drift=0.2, mishaps=0.7
    ),
    "default": Regime(),
    "storms": Regime(
        storminess=2.8,
        strike_waves=8.0,
        peak=1.2,
        peak_cover=0.6,
        slack=0.22,
        volatility=0.26,
        drift=0.7,
        overtime=0.09,
    ),
}


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """One simulated history.

    ``shipments`` are expected over ``days`` local days; ``until`` is the first day of which nothing is recorded: the
    history ends at its local midnight. Orders go on for ``afterwards`` days, so that the last open parcels of the
    history meet a network that is still busy; the world's calendar ends ``drain_days`` after the history.

    >>> SimulationConfig(days=10, until=date(2026, 11, 1)).first_day
    datetime.date(2026, 10, 22)
    """

    seed: int = 1
    shipments: int = 200_000
    days: int = 400
    until: date = date(2026, 11, 1)
    regime: Regime = field(default_factory=Regime)
    afterwards: int = 21
    drain_days: int = 120

    def __post_init__(self) -> None:
        if self.shipments < 1 or self.days < 1 or self.seed < 0:
            raise InputError(
                f"seed {self.seed}, {self.shipments} shipments over {self.days} days; "
                "expected a seed from 0 and at least one of each"
            )

    @property
    def first_day(self) -> date:
        """The first local day with orders."""
        return self.until - timedelta(days=self.days)

    @property
    def order_days(self) -> int:
        """Local days with orders, those after ``until`` included."""
        return self.days + self.afterwards

    @property
    def all_days(self) -> int:
        """Local days that the world can live through."""
        return self.days + self.drain_days


def regime(name: str) -> Regime:
    """Preset of that name: calm, default or storms; InputError for another.

    >>> regime("calm").strike_waves
    0.0
    """
    try:
        return REGIMES[name]
    except KeyError as error:
        raise InputError(f"regime {name!r}; expected one of {', '.join(REGIMES)}") from error
