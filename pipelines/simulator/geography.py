"""Where the simulated network lives: postal areas, weather cells, delivery calendars of places."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from parcelcast import place as places
from parcelcast.calendar import holiday_dates
from pipelines.simulator.arrays import Bools, Days, Floats, Ints

REFERENCE = Path(places.__file__).parents[1] / "data" / "reference" / "places.csv"

# Share of parcels by country of destination, and how many digits a postal code has.
COUNTRIES: dict[str, tuple[float, int]] = {
    "DE": (0.72, 5), "AT": (0.08, 4), "CH": (0.05, 4), "NL": (0.05, 4), "BE": (0.03, 4), "FR": (0.03, 5),
    "PL": (0.025, 5), "CZ": (0.015, 5),
}  # fmt: skip

# Postal areas whose two digits are not a row of their own in the reference table.
_FURTHER_AREAS = {
    "AT": "10 11 12 31 40 50 60 70 80 90",
    "CH": "10 20 30 40 50 60 70 80 90",
    "BE": "20 30 40 50 60 70 80 90",
    "CZ": "11 12 13 14 15",
}
_FRENCH_AREAS = "06 13 21 25 31 33 34 35 38 44 51 54 57 59 67 68 69 75 76 77 78 92 93 94".split()

# Large cities draw more parcels; the other areas follow in the order of the table.
_LARGE_AREAS = {
    "DE": "10 20 80 50 60 12 70 40 13 81 22 04 44 45 28 01 30 90 47 33 48 68 76 53 65 86 41 14 85 38 09 24 52 66 79 "
    "99 18 55 34".split(),
    "AT": "10 11 12 80 40 50 60".split(),
    "CH": "80 12 40 10 30 84 60 90".split(),
    "NL": "10 30 25 35 56 97 50 13 48 65".split(),
    "BE": "10 20 90 60 40 80".split(),
    "FR": "75 69 13 59 92 31 33 67".split(),
    "PL": "00 30 90 50 60 80".split(),
    "CZ": "11 60 70 30".split(),
}
_ZIPF = 0.65


@dataclass(frozen=True)
class Areas:
    """Postal areas of two characters as parallel arrays; ``share`` of all parcels, ``cell`` is the weather cell."""

    country: tuple[str, ...]
    prefix: tuple[str, ...]
    city: tuple[str, ...]
    region: tuple[str, ...]
    latitude: Floats
    longitude: Floats
    share: Floats
    cell: Ints
    cells: tuple[tuple[str, str], ...]
    # Third digits whose postal codes belong to the area's own region in the reference table.
    own_digits: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.country)

    def find(self, country: str, prefix: str) -> int:
        """Index of an area; ValueError when the network has none there."""
        return list(zip(self.country, self.prefix, strict=True)).index((country, prefix))

    def distance_km(self, start: Ints, end: Ints) -> Floats:
        """Great-circle distances between areas, broadcast over the two index arrays."""
        return great_circle_km(self.latitude[start], self.longitude[start], self.latitude[end], self.longitude[end])

    def cell_positions(self) -> tuple[Floats, Floats]:
        """Latitude and longitude of the weather cells: the mean of their areas."""
        counts = np.bincount(self.cell)
        return np.bincount(self.cell, self.latitude) / counts, np.bincount(self.cell, self.longitude) / counts


def great_circle_km(latitude_a: Floats, longitude_a: Floats, latitude_b: Floats, longitude_b: Floats) -> Floats:
    """Great-circle distances (haversine on a sphere of 6371.0088 km), broadcast; degrees in."""
    north, south = np.radians(latitude_a), np.radians(latitude_b)
    east = np.radians(longitude_b - longitude_a)
    half = np.sin((south - north) / 2) ** 2 + np.cos(north) * np.cos(south) * np.sin(east / 2) ** 2
    distance: Floats = 2 * 6371.0088 * np.arcsin(np.sqrt(half))
    return distance


def load_areas(path: Path = REFERENCE) -> Areas:
    """Areas of the network from the reference table of places."""
    with path.open(encoding="utf-8", newline="") as lines:
        table = {(row["country"], row["postal_prefix"]): row for row in csv.DictReader(lines)}
    keys = [(country, prefix) for country in COUNTRIES for prefix in _prefixes(country, table)]
    rows = [table.get((country, prefix)) or table[country, prefix[:1]] for country, prefix in keys]
    cell_of = {key: number for number, key in enumerate(sorted({(row["country"], row["region"]) for row in rows}))}
    return Areas(
        country=tuple(country for country, _ in keys),
        prefix=tuple(prefix for _, prefix in keys),
        city=tuple(row["city"] for row in rows),
        region=tuple(row["region"] for row in rows),
        latitude=np.array([float(row["latitude"]) for row in rows]),
        longitude=np.array([float(row["longitude"]) for row in rows]),
        share=np.concatenate([_shares(country, keys) for country in COUNTRIES]),
        cell=np.array([cell_of[row["country"], row["region"]] for row in rows]),
        cells=tuple(cell_of),
        own_digits=tuple(
            "".join(digit for digit in "0123456789" if (country, prefix + digit) not in table)
            for country, prefix in keys
        ),
    )


def _prefixes(country: str, table: dict[tuple[str, str], dict[str, str]]) -> list[str]:
    if country == "FR":
        return _FRENCH_AREAS
    listed = {prefix for land, prefix in table if land == country and len(prefix) == 2}
    return sorted(listed | set(_FURTHER_AREAS.get(country, "").split()))


def _shares(country: str, keys: Iterable[tuple[str, str]]) -> Floats:
    prefixes = [prefix for land, prefix in keys if land == country]
    large = _LARGE_AREAS[country]
    order = sorted(prefixes, key=lambda prefix: (large.index(prefix) if prefix in large else len(large), prefix))
    rank = np.array([order.index(prefix) for prefix in prefixes])
    # Small areas of a long list are alike: rank stops to matter after the large ones.
    weight = (1.0 + np.minimum(rank, len(large) + 5)) ** -_ZIPF
    shares: Floats = COUNTRIES[country][0] * weight / weight.sum()
    return shares


def holiday_mask(areas: Areas, dates: Days) -> Bools:
    """Public holidays by day and area, shape (days, areas), from the calendar that shipments are forecast with."""
    years = range(int(str(dates[0])[:4]), int(str(dates[-1])[:4]) + 1)
    closed = np.zeros((len(dates), len(areas)), bool)
    for cell, (country, region) in enumerate(areas.cells):
        days = np.array(sorted(holiday_dates(country, region or None, years)), "datetime64[D]")
        closed[:, areas.cell == cell] = np.isin(dates, days)[:, None]
    return closed


def postal_codes(areas: Areas, area: Ints, number: Ints) -> tuple[str, ...]:
    """Normalised postal codes of an area, so many as asked for; a code's own prefix row never beats its area.

    >>> areas = load_areas()
    >>> postal_codes(areas, np.array([areas.find("DE", "63"), areas.find("NL", "10")]), np.array([0, 7]))
    ('63013', '1077BL')
    """
    return tuple(_postal_code(areas, int(index), int(count)) for index, count in zip(area, number, strict=True))


def _postal_code(areas: Areas, area: int, number: int) -> str:
    country, digits = areas.country[area], areas.own_digits[area]
    third = digits[number % len(digits)]
    rest = (number // len(digits) * 7 + 13) % 100
    code = areas.prefix[area] + third + (f"{rest:02d}" if COUNTRIES[country][1] == 5 else f"{rest % 10}")
    return code if country != "NL" else f"{code[:3]}{number % 10}{'BCDGHJKL'[number // 10 % 8]}{'KLMNPR'[number % 6]}"
