"""The parcel network as arrays: who ships from where, through which hubs, on which days."""

from dataclasses import dataclass
from datetime import time

import numpy as np

from parcelcast.calendar import WorkingCalendar
from pipelines.simulator import carriers as known
from pipelines.simulator.arrays import AnyInts, Bools, Floats, Int16s, Ints
from pipelines.simulator.carriers import CARRIERS, SERVICES
from pipelines.simulator.clock import Clock
from pipelines.simulator.geography import Areas, holiday_mask, load_areas
from pipelines.simulator.merchants import WAREHOUSES, calendar

SUNDAY, SATURDAY = 6, 5


@dataclass(frozen=True)
class Network:
    """Everything about the network that does not change from day to day, and its calendars.

    Indices count origins (O), areas (A), carriers (C), services (S), hubs (H) and depots (D = C * A, the depot of
    carrier c in area a is c * A + a). -1 stands for "no such hub".
    """

    clock: Clock
    areas: Areas
    calendars: tuple[WorkingCalendar, ...]
    origin_area: Ints
    hub_carrier: Ints
    hub_area: Ints
    hub_of_origin: Int16s  # (C, O)
    hub_of_area: Int16s  # (C, A)
    nights: Int16s  # (H, H)
    service_carrier: Ints  # (S,)
    origin_works: Bools  # (days, O)
    release_day: Int16s  # (days, O, 2): of an order before and after the cut-off
    cutoff_minute: Int16s  # (days, O); 0 on days that are not worked
    pickup_minute: Ints  # (O,)
    delivers: Bools  # (days, D)
    hauls_leave: Bools  # (days,)
    customs_open: Bools  # (days, H), holidays only; offices close on weekends
    shops_open: Bools  # (days, A): pickup points
    absence: Floats  # (A,): how often nobody is at home, relative
    trunk_weekdays: Bools  # (7, O, A) on which a pallet leaves for direct injection

    @property
    def hub_cell(self) -> Ints:
        """Weather cell of each hub."""
        return self.areas.cell[self.hub_area]

    @property
    def origin_cell(self) -> Ints:
        """Weather cell of each origin."""
        return self.areas.cell[self.origin_area]

    @property
    def depot_cell(self) -> Ints:
        """Weather cell of each depot."""
        return np.tile(self.areas.cell, len(CARRIERS))

    @property
    def depot_carrier(self) -> Ints:
        """Carrier of each depot."""
        return np.repeat(np.arange(len(CARRIERS)), len(self.areas))

    def depot(self, service: AnyInts, area: AnyInts) -> Ints:
        """Depot that delivers a service's parcels in an area."""
        found: Ints = self.service_carrier[service] * len(self.areas) + area
        return found


def build_network(clock: Clock) -> Network:
    """Network with its calendars for the days of a clock; nothing about it is random."""
    areas = load_areas()
    calendars = tuple(calendar(warehouse, _years(clock)) for warehouse in WAREHOUSES)
    origin_area = np.array([areas.find(warehouse.country, warehouse.postal_code[:2]) for warehouse in WAREHOUSES])
    hubs = [
        (number, areas.find(country, prefix))
        for number, carrier in enumerate(CARRIERS)
        for country, prefixes in carrier.hubs.items()
        for prefix in prefixes.split()
    ]
    hub_carrier, hub_area = (np.array(column) for column in zip(*hubs, strict=True))
    works, release, cutoff = _origin_days(clock, calendars)
    closed = holiday_mask(areas, clock.dates)
    return Network(
        clock=clock,
        areas=areas,
        calendars=calendars,
        origin_area=origin_area,
        hub_carrier=hub_carrier,
        hub_area=hub_area,
        hub_of_origin=_nearest_hubs(areas, hub_carrier, hub_area, origin_area),
        hub_of_area=_nearest_hubs(areas, hub_carrier, hub_area, np.arange(len(areas))),
        nights=_haul_nights(areas, hub_area),
        service_carrier=np.array([number for number, _ in SERVICES]),
        origin_works=works,
        release_day=release,
        cutoff_minute=cutoff,
        pickup_minute=cutoff.max(axis=0).astype(np.int64) + 90,
        delivers=_delivery_days(clock, closed),
        hauls_leave=_haul_evenings(clock),
        customs_open=~closed[:, hub_area],
        shops_open=~closed & (clock.weekdays != SUNDAY)[:, None],
        absence=np.array([0.6, 0.8, 1.0, 1.3, 1.7])[np.arange(len(areas)) * 7 % 5],
        trunk_weekdays=_trunk_weekdays(areas, len(origin_area)),
    )


def _years(clock: Clock) -> range:
    return range(clock.first_day.year, int(str(clock.dates[-1])[:4]) + 2)


def _nearest_hubs(areas: Areas, hub_carrier: Ints, hub_area: Ints, area: Ints) -> Int16s:
    distance = areas.distance_km(area[:, None], hub_area[None, :])
    country = np.array(areas.country)
    abroad = country[area][:, None] != country[hub_area][None, :]
    nearest = np.full((len(CARRIERS), len(area)), -1, np.int16)
    for carrier in range(len(CARRIERS)):
        cost = np.where(abroad | (hub_carrier != carrier)[None, :], np.inf, distance)
        found = np.isfinite(cost.min(axis=1))
        nearest[carrier, found] = cost.argmin(axis=1)[found]
    return nearest


def _haul_nights(areas: Areas, hub_area: Ints) -> Int16s:
    distance = areas.distance_km(hub_area[:, None], hub_area[None, :])
    return np.where(distance < 1.0, 0, np.where(distance < 560.0, 1, np.where(distance < 950.0, 2, 3))).astype(np.int16)


def _origin_days(clock: Clock, calendars: tuple[WorkingCalendar, ...]) -> tuple[Bools, Int16s, Int16s]:
    days = [day.item() for day in clock.dates]
    works = np.array([[one.is_working(day) for one in calendars] for day in days])
    cutoff = np.zeros(works.shape, np.int16)
    release = np.zeros((*works.shape, 2), np.int16)
    for origin, one in enumerate(calendars):
        worked = np.flatnonzero(works[:, origin])
        times = [
            one.special_days.get(days[d]) or one.cutoffs.get(days[d].weekday(), one.default_cutoff) for d in worked
        ]
        cutoff[worked, origin] = [_minute(at) for at in times]
        later = np.r_[worked, len(days) + np.arange(20)]  # past the last day of the world nothing is looked up
        handling = WAREHOUSES[origin].handling_days
        for side, which in ((0, "left"), (1, "right")):
            first = np.searchsorted(worked, np.arange(len(days)), side=which)  # type: ignore[call-overload]
            release[:, origin, side] = later[first + handling]
    return works, release, cutoff


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _delivery_days(clock: Clock, closed: Bools) -> Bools:
    delivers = np.stack([~closed & np.isin(clock.weekdays, carrier.weekdays)[:, None] for carrier in CARRIERS], axis=1)
    tours = SERVICES[known.TWO_MAN][0]
    # The own fleet drives to an area on two weekdays only.
    pairs = np.array([[1, 4], [2, 5], [3, 1]])[np.arange(closed.shape[1]) % 3]
    delivers[:, tours] &= (clock.weekdays[:, None, None] == pairs[None]).any(axis=2)
    return delivers.reshape(clock.days, -1)


def _haul_evenings(clock: Clock) -> Bools:
    months_days = np.array([str(day)[5:] for day in clock.dates])
    leaves: Bools = (clock.weekdays != SATURDAY) & ~np.isin(months_days, ["12-24", "12-25", "12-31"])
    return leaves


def _trunk_weekdays(areas: Areas, origins: int) -> Bools:
    # A shop fills a pallet per country two or three times a week.
    plans = {"AT": (0, 2, 4), "CH": (1, 3), "NL": (0, 3)}
    leaves = np.zeros((7, origins, len(areas)), bool)
    for country, weekdays in plans.items():
        at = np.array([land == country for land in areas.country])
        for weekday in weekdays:
            leaves[weekday][:, at] = True
    return leaves
