"""What ids stand for, as small tables: places, services, calendars and clocks, each with a number that never changes.

A number is given once and kept (`Numbers`), so that parcels counted yesterday and today agree on it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from features.engine.parcels import ARROW, CALENDARS, CLOCKS, DAY_S, DESTINATIONS, ORIGINS, SERVICES
from features.engine.stages import FACILITIES
from features.hubs import check_hubs
from features.opendays import CalendarKey
from features.orders import delivery_calendar_key
from features.table import Network
from parcelcast.calendar import zone
from parcelcast.place import area_of, region_of

if TYPE_CHECKING:
    from parcelcast.place import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# An area: country, region of lanes, area of lanes, ISO 3166-2 region.
COUNTRY, LANE_REGION, AREA, REGION = range(4)


@dataclass
class Numbers:
    """Texts in the order in which they were first seen; a text's number is its position."""

    names: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._number_of = {name: number for number, name in enumerate(self.names)}
        self._alike: dict[tuple[int, ...], tuple[dict[tuple[str, ...], int], list[int]]] = {}

    def number(self, *name: str) -> int:
        """Return the number of a name, a new one if it has none yet."""
        if name not in self._number_of:
            self._number_of[name] = len(self.names)
            self.names.append(name)
        return self._number_of[name]

    def first_alike(self, *parts: int) -> list[int]:
        """Return for each name the number of the first one that has the same parts; it never changes either."""
        first, alike = self._alike.setdefault(parts, ({}, []))
        for name in self.names[len(alike) :]:
            alike.append(first.setdefault(tuple([name[part] for part in parts]), len(alike)))
        return alike


@dataclass
class Registry:
    """All numbers that parcels are told by; `to_dict` is its JSON form."""

    origins: Numbers = field(default_factory=Numbers)
    carriers: Numbers = field(default_factory=Numbers)
    services: Numbers = field(default_factory=Numbers)
    areas_from: Numbers = field(default_factory=Numbers)
    areas_to: Numbers = field(default_factory=Numbers)
    calendars: Numbers = field(default_factory=Numbers)
    facilities: Numbers = field(default_factory=Numbers)

    def to_dict(self) -> dict[str, list[list[str]]]:
        """Return the names of each kind in the order of their numbers."""
        return {kind: [list(name) for name in numbers.names] for kind, numbers in vars(self).items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Sequence[Sequence[str]]]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**{kind: Numbers([tuple(name) for name in names]) for kind, names in content.items()})

    def calendar_keys(self) -> list[CalendarKey]:
        """Return the calendars in the order of their numbers."""
        return [
            CalendarKey(frozenset(map(int, weekdays)), country or None, region or None)
            for weekdays, country, region in self.calendars.names
        ]

    def calendar(self, key: CalendarKey) -> int:
        """Return the number of a calendar."""
        weekdays = "".join(map(str, sorted(key.weekdays)))
        return self.calendars.number(weekdays, key.country or "", key.region or "")


@dataclass(frozen=True)
class Asked:
    """The distinct ids of some shipments, and the UTC days their clocks are asked for."""

    destinations: Sequence[tuple[str, str]]
    services: Sequence[tuple[str, str]]
    origins: Sequence[str]
    first: int
    last: int


def dimension_tables(asked: Asked, network: Network, registry: Registry) -> dict[str, pa.Table]:
    """Return the tables that `features.engine.parcels` joins, numbering what is new."""
    places = {address: network.places.find(*address) for address in sorted(asked.destinations)}
    lands: dict[tuple[str, str], Place] = {}
    for place in places.values():
        lands.setdefault((place.country, place.region or ""), place)
    land_of = {key: number for number, key in enumerate(lands)}
    zone_of = {name: number for number, name in enumerate(dict.fromkeys(one.time_zone for one in places.values()))}
    carrier_of = {name: registry.carriers.number(name) for name, _ in sorted(asked.services)}
    calendars_of = {name: count * len(lands) for count, name in enumerate(carrier_of)}
    days = asked.last - asked.first + 1
    areas_to = [registry.areas_to.number(*_area(place)) for place in places.values()]
    region_to = registry.areas_to.first_alike(COUNTRY, REGION)
    return {
        "origins": _table(ORIGINS, _origins(sorted(asked.origins), network, registry)),
        "destinations": _table(DESTINATIONS, [
            (*address, there, region_to[there], zone_of[place.time_zone] * days, asked.first, asked.last,
             land_of[place.country, place.region or ""])
            for (address, place), there in zip(places.items(), areas_to, strict=True)
        ]),
        "services": _table(SERVICES, [
            (*one, registry.services.number(*one), carrier_of[one[0]], calendars_of[one[0]])
            for one in sorted(asked.services)
        ]),
        "calendars": _table(CALENDARS, [
            (at + land, registry.calendar(delivery_calendar_key(network.carriers.get(carrier), place)))
            for carrier, at in calendars_of.items()
            for land, place in enumerate(lands.values())
        ]),
        "clocks": _table(CLOCKS, [row for name in zone_of for row in _clock(name, zone_of[name], asked.first, days)]),
    }  # fmt: skip


def facility_table(facility_ids: Sequence[str], registry: Registry) -> pa.Table:
    """Return the table that `features.engine.stages.first_scans` joins, numbering what is new.

    DataError where there are too many.
    """
    table = _table(FACILITIES, [(one, registry.facilities.number(one)) for one in sorted(facility_ids)])
    check_hubs(len(registry.facilities.names))
    return table


def _origins(origin_ids: Sequence[str], network: Network, registry: Registry) -> list[tuple[Any, ...]]:
    found = []
    for origin_id in origin_ids:
        origin = network.origins[origin_id]
        number = registry.origins.number(origin_id, origin.place.country, origin.place.region or "")
        here = registry.areas_from.number(*_area(origin.place))
        week = origin.calendar
        working = CalendarKey(week.weekdays, week.holiday_country, week.holiday_region)
        found.append((number, here, registry.calendar(working)))
    region_of = registry.areas_from.first_alike(COUNTRY, REGION)
    return [
        (origin_id, number, here, region_of[here], working)
        for origin_id, (number, here, working) in zip(origin_ids, found, strict=True)
    ]


def _area(place: "Place") -> tuple[str, ...]:
    return place.country, region_of(place), area_of(place), place.region or ""


def _clock(name: str, number: int, first: int, days: int) -> Iterable[tuple[int, int, int, int]]:
    """Tell a zone's offsets on each UTC day; no clock is changed twice between two midnights of UTC."""
    for day in range(days):
        start = (first + day) * DAY_S
        before, after = _offset(name, start), _offset(name, start + DAY_S)
        change = start if after == before else _change(partial(_offset, name), start, start + DAY_S)
        yield number * days + day, change, before, after


@lru_cache(maxsize=100_000)
def _offset(name: str, second: int) -> int:
    """Return what a zone's clock shows more than UTC, in seconds, at an instant in seconds since 1970."""
    shown = (_EPOCH + timedelta(seconds=second)).astimezone(zone(name)).utcoffset()
    assert shown is not None
    return int(shown.total_seconds())


def _change(offset: Callable[[int], int], low: int, high: int) -> int:
    """Return the first second with the later offset."""
    before = offset(low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    return high


def _table(columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table(
        {name: pa.array(value, ARROW[kind]) for (name, kind), value in zip(columns.items(), values, strict=True)}
    )
