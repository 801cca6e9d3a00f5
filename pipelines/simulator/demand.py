"""The orders: an exogenous stream, the same in every continuation of a world."""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.simulator import carriers as known
from pipelines.simulator.arrays import Days, Floats, Int8s, Int16s, Int32s, Ints, sample_rows
from pipelines.simulator.carriers import SERVICES
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.config import Regime, SimulationConfig
from pipelines.simulator.merchants import MERCHANTS, WAREHOUSES
from pipelines.simulator.network import Network
from pipelines.simulator.routes import serves

HOME, PICKUP_POINT, LOCKER, TWO_MAN, OWN_FLEET = range(5)

# Orders by local hour and by weekday, relative.
_HOURS = np.array([8, 4, 2, 1, 1, 2, 5, 12, 22, 32, 38, 40, 40, 38, 36, 36, 37, 39, 44, 52, 58, 56, 42, 22], float)
_WEEKDAYS = np.array([1.16, 1.08, 1.02, 0.98, 0.88, 0.82, 1.06])
_PARCELS_PER_ORDER = np.array([0.93, 0.06, 0.01])
_PREPAID_SHARE = 0.04
POSTAL_CODES_PER_AREA = 60


@dataclass(frozen=True)
class Orders:
    """Parcels ordered, in order of time, as parallel arrays; ``minute`` is local, since the first day."""

    minute: Int32s
    order: Int32s
    origin: Int16s
    area: Int16s
    service: Int8s
    mode: Int8s
    prepaid: Int8s
    postal_number: Int8s
    release_day: Int16s
    first_of_day: Ints

    def __len__(self) -> int:
        return len(self.minute)

    def before_day(self, day: int) -> "Orders":
        """Return the same rows, but nothing is ordered from that day on."""
        return replace(self, first_of_day=self.first_of_day[: day + 1])

    def of_day(self, day: int) -> slice:
        """Parcels ordered on that day; none after the stream's last."""
        last = len(self.first_of_day) - 1
        return slice(int(self.first_of_day[min(day, last)]), int(self.first_of_day[min(day + 1, last)]))


def season(dates: Days, regime: Regime) -> Floats:
    """Demand of each day relative to an ordinary one: a quiet summer, Black Friday, the weeks before Christmas."""
    years = dates.astype("datetime64[Y]")
    day = (dates - years.astype("datetime64[D]")).astype(float)
    rise = 1 / (1 + np.exp(-(day - 322) / 4.0))
    fall = 1 / (1 + np.exp((day - 354) / 1.5))
    black_friday = np.exp(-(((day - 332) / 2.5) ** 2))
    summer = np.exp(-(((day - 212) / 22.0) ** 2))
    january = np.exp(-day / 12.0)
    demand: Floats = 1 + regime.peak * rise * fall * (0.75 + 0.25 * black_friday) - 0.10 * summer - 0.15 * january
    return demand


def draw_orders(config: SimulationConfig, network: Network, seed: np.random.SeedSequence) -> Orders:
    """Order stream of a configuration: about ``shipments`` parcels in the recorded days, and those afterwards."""
    rng = np.random.default_rng(seed)
    minute = _order_minutes(config, network, rng)
    merchant = _choose(rng, [one.share for one in MERCHANTS], len(minute))
    area = _destinations(network, merchant, rng)
    origin = _origins(network, merchant, area, rng)
    service = _services(network, origin, area, rng)
    parcels = 1 + _choose(rng, _PARCELS_PER_ORDER, len(minute))
    order = np.repeat(np.arange(len(minute)), parcels)
    prepaid = rng.random(len(minute)) < _PREPAID_SHARE
    postal = np.minimum(rng.pareto(0.9, len(minute)) * 3, POSTAL_CODES_PER_AREA - 1)
    mode = _delivery_modes(service, rng)
    late = minute % DAY_MINUTES >= network.cutoff_minute[minute // DAY_MINUTES, origin]
    release = network.release_day[minute // DAY_MINUTES, origin, late.astype(int)]
    return Orders(
        minute=minute[order].astype(np.int32),
        order=order.astype(np.int32),
        origin=origin[order].astype(np.int16),
        area=area[order].astype(np.int16),
        service=service[order].astype(np.int8),
        mode=mode[order].astype(np.int8),
        prepaid=prepaid[order].astype(np.int8),
        postal_number=postal[order].astype(np.int8),
        release_day=release[order],
        first_of_day=np.searchsorted(minute[order], np.arange(config.order_days + 1) * DAY_MINUTES),
    )


def _choose(rng: np.random.Generator, weights: Floats | list[float], size: int) -> Ints:
    cumulative = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(cumulative, rng.random(size), side="right"), len(cumulative) - 1)


def _order_minutes(config: SimulationConfig, network: Network, rng: np.random.Generator) -> Ints:
    days = config.order_days
    shape = season(network.clock.dates[:days], config.regime) * _WEEKDAYS[network.clock.weekdays[:days]]
    orders = config.shipments / (1 + _PARCELS_PER_ORDER @ np.arange(3))
    counts = rng.poisson(shape * orders / shape[: config.days].sum())
    day = np.repeat(np.arange(days), counts)
    hour = _choose(rng, _HOURS, len(day))
    return np.sort(day * DAY_MINUTES + hour * 60 + rng.integers(0, 60, len(day)))


def _destinations(network: Network, merchant: Ints, rng: np.random.Generator) -> Ints:
    country = np.array(network.areas.country)
    home = {one.merchant_id: one.country for one in WAREHOUSES}
    weights = np.array([
        network.areas.share
        * np.where(country == "DE", 1.0, one.abroad)
        * np.where(country == home[one.merchant_id], 1.5, 1.0)
        for one in MERCHANTS
    ])  # fmt: skip
    cumulative = np.cumsum(weights, axis=1)
    return sample_rows(cumulative / cumulative[:, -1:], merchant, rng.random(len(merchant)))


def _origins(network: Network, merchant: Ints, area: Ints, rng: np.random.Generator) -> Ints:
    areas = len(network.areas)
    near = np.exp(-network.areas.distance_km(np.arange(areas)[:, None], network.origin_area[None, :]) / 350.0)
    stocked = np.array([[w.weight * (w.merchant_id == m.merchant_id) for w in WAREHOUSES] for m in MERCHANTS])
    cumulative = np.cumsum(stocked[:, None, :] * near[None, :, :], axis=2).reshape(-1, len(WAREHOUSES))
    return sample_rows(cumulative / cumulative[:, -1:], merchant * areas + area, rng.random(len(merchant)))


def _services(network: Network, origin: Ints, area: Ints, rng: np.random.Generator) -> Ints:
    country = np.array(network.areas.country)
    abroad = country[network.origin_area][:, None] != country[None, :]
    weights = serves(network).astype(float)
    weights *= np.array([[0.42, 0.30], [0.11, 0.02], [0.45, 0.12], [0.02, 0.46], [0.0, 0.60], [40.0, 0.0]])[
        :, abroad.astype(int)
    ]
    # Each warehouse has its favourite among the two large carriers.
    tilt = np.array([0.4, 1.0, 2.2])[np.arange(len(WAREHOUSES)) % 3]
    weights[known.STANDARD_POSTFUCHS] *= tilt[:, None]
    cumulative = np.cumsum(weights, axis=0)
    flat = (cumulative / cumulative[-1:]).reshape(len(SERVICES), -1).T
    return sample_rows(flat, origin * len(network.areas) + area, rng.random(len(origin)))


def _delivery_modes(service: Ints, rng: np.random.Generator) -> Ints:
    uniform = rng.random(len(service))
    to_point = np.where(uniform < 0.09, PICKUP_POINT, np.where(uniform < 0.15, LOCKER, HOME))
    own = np.where(uniform < 0.7, TWO_MAN, OWN_FLEET)
    return np.where(service == known.TWO_MAN, own, np.where(service == known.EXPRESS, HOME, to_point))
