"""Places: what a country and a postal code say about region, time zone and position."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Literal, Self

from parcelcast.address import UNKNOWN_COUNTRY, fold_city, normalise_country, normalise_postal_code, without_umlauts
from parcelcast.calendar import zone
from parcelcast.errors import DataError, InputError
from parcelcast.place_table import CELL_COLUMNS, CITY, COLUMNS, REFERENCE, read_rows, write_rows
from parcelcast.regions import GROUPING, ISO, TWO_CHARACTERS, Grouping

Precision = Literal["postal", "prefix", "city", "country", "unknown"]


_EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parcel starts or ends, as precisely as its address lets us know.

    ``country`` is ISO 3166-1 alpha-2, ``region`` the part after the dash of ISO 3166-2 ("BY" of DE-BY), ``time_zone``
    an IANA name, ``latitude`` and ``longitude`` degrees. ``precision`` says how much of the address was recognised.
    ``lane_region`` and ``lane_area`` are what history is counted by where that is not as usual: see `region_of` and
    `area_of`.
    """

    country: str
    postal_code: str
    region: str | None
    time_zone: str
    latitude: float | None
    longitude: float | None
    precision: Precision
    lane_region: str | None = None
    lane_area: str | None = None


def region_of(place: Place) -> str:
    """Return the region that the history of a lane is counted by, within its country; "" when it is not known.

    It is the ISO 3166-2 region unless the index that found the place groups otherwise (`parcelcast.regions.Grouping`).
    Holidays and weather always follow ``place.region``.
    """
    return ISO.key(place.region, place.postal_code, None) if place.lane_region is None else place.lane_region


def area_of(place: Place) -> str:
    """Return the area, smaller than the region: the postal code's first two characters, unless grouped otherwise."""
    if place.lane_area is None:
        return TWO_CHARACTERS.key(place.region, place.postal_code, None)
    return place.lane_area


class PlaceIndex:
    """Finds places by the longest known prefix of their postal code, else by the name of their city."""

    def __init__(
        self, rows: Iterable[Mapping[str, str]], source: str = "places", grouping: Grouping = GROUPING
    ) -> None:
        """Index the rows of a table with ``COLUMNS`` or ``MADE_COLUMNS``; an empty prefix is the country itself.

        The names of cities come from rows of kind "city"; a table without kinds names a city in each row. Refused with
        DataError: no rows, a missing column, a repeated prefix, an unknown time zone, coordinates that are no degrees,
        a country without its own row, groups that are H3 cells without their columns.
        """
        self.grouping = grouping
        self._is_usual = grouping == GROUPING
        cells = zip(CELL_COLUMNS, (grouping.region, grouping.area), strict=True)
        needed = (*COLUMNS, *(column for column, regions in cells if regions.kind == "h3"))
        self._areas: dict[str, dict[str, Place]] = {}
        self._cities: dict[str, dict[str, Place | None]] = {}
        for number, row in enumerate(rows, start=2):
            place = _place_of_row(row, source, number, needed)
            kind = row.get("kind")
            if kind == CITY or (kind is None and place.postal_code):
                self._name(row["city"], place)
            if kind == CITY:
                continue
            areas = self._areas.setdefault(place.country, {})
            if place.postal_code in areas:
                raise DataError(
                    f"prefix {place.postal_code!r} of {place.country} appears again",
                    file=source,
                    column="postal_prefix",
                    rows=[number],
                    remedy="keep one row for each country and prefix",
                )
            areas[place.postal_code] = place
        if not self._areas:
            raise DataError("no rows", file=source, remedy="give at least one row for each country")
        orphans = sorted(country for country, areas in self._areas.items() if "" not in areas)
        if orphans:
            raise DataError(
                f"no row for the country itself: {', '.join(orphans)}",
                file=source,
                column="postal_prefix",
                remedy="add a row with an empty postal_prefix for each country",
            )

    @classmethod
    def from_csv(cls, path: str | Path, grouping: Grouping = GROUPING) -> Self:
        """Index of a UTF-8 CSV file (plain or .gz) with a header line."""
        return cls(read_rows(path), source=str(path), grouping=grouping)

    def write_csv(self, path: Path) -> None:
        """Write the index as a table that `from_csv` reads back to the same answers, gzipped if `path` ends in .gz."""
        write_rows(self._rows(), path)

    @classmethod
    def default(cls) -> "PlaceIndex":
        """Index of the table that comes with the project, read once."""
        return _default_index()

    @property
    def countries(self) -> frozenset[str]:
        """The countries of which something is known."""
        return frozenset(self._areas)

    def find(self, country: str | None, postal_code: str | int | None, city: str | None = None) -> Place:
        """Find the place of an address; never fails.

        An unknown postal code gives the city, whatever its case and accents, unless cities of that name lie in several
        regions; a name that is none is tried without its written-out umlauts. Else the country is found. An unknown
        country gives a place of precision "unknown" in UTC.

        >>> index = PlaceIndex([dict(zip(COLUMNS, row)) for row in [
        ...     ("DE", "", "", "", "Europe/Berlin", "51.2", "10.4"),
        ...     ("DE", "80", "Munich", "BY", "Europe/Berlin", "48.1", "11.6")]])
        >>> index.find("de", "D-80331").region, index.find("DE", "?").precision, index.find("Narnia", "1").time_zone
        ('BY', 'country', 'UTC')
        """
        land = normalise_country(country)
        code = normalise_postal_code(land, postal_code)
        areas = self._areas.get(land)
        if areas is None:
            return Place(land, code, None, "UTC", None, None, "unknown", *self._groups(code))
        length = len(code)
        while (found := areas.get(code[:length])) is None:  # ends at "", which every country has
            length -= 1
        precision: Precision = "country" if length == 0 else "postal" if length == len(code) else "prefix"
        if length == 0 and city and (named := self._named(land, city)):
            found, precision = named, "city"
        groups = self._groups(code, found)
        return Place(land, code, found.region, found.time_zone, found.latitude, found.longitude, precision, *groups)

    def _named(self, land: str, city: str) -> Place | None:
        cities, name = self._cities.get(land, {}), fold_city(city)
        return cities[name] if name in cities else cities.get(without_umlauts(name))

    def _groups(self, code: str, found: Place | None = None) -> tuple[str | None, str | None]:
        """Return `lane_region` and `lane_area`, None where they are as usual."""
        if self._is_usual:
            return None, None
        region, area = self.grouping.region, self.grouping.area
        iso, *cells = (None,) * 3 if found is None else (found.region, found.lane_region, found.lane_area)
        return (
            None if region == ISO else region.key(iso, code, cells[0]),
            None if area == TWO_CHARACTERS else area.key(iso, code, cells[1]),
        )

    def _name(self, city: str, place: Place) -> None:
        """Let a city be found by its name, or by none when the name is taken in another region."""
        cities, name = self._cities.setdefault(place.country, {}), fold_city(city)
        other = cities.setdefault(name, place)
        if not name or (other and other.region != place.region):
            cities[name] = None

    def _rows(self) -> Iterator[dict[str, str]]:
        for areas in self._areas.values():
            for place in areas.values():
                yield _row_of(place)
        for cities in self._cities.values():
            for name, named in cities.items():
                if named is not None:
                    yield _row_of(named, name, CITY)


def distance_km(a: Place, b: Place) -> float | None:
    """Great-circle distance; None when a position is unknown."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    return great_circle_km(a.latitude, a.longitude, b.latitude, b.longitude)


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Great-circle distance of two positions in degrees (haversine on a sphere of 6371.0088 km)."""
    north, south = radians(latitude_a), radians(latitude_b)
    h = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(longitude_b - longitude_a) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(h)))


@cache
def _default_index() -> PlaceIndex:
    return PlaceIndex.from_csv(REFERENCE)


@cache
def _zone_name(name: str) -> str:
    return zone(name).key


def _place_of_row(row: Mapping[str, str], source: str, number: int, needed: Sequence[str]) -> Place:
    if None in map(row.get, needed):
        missing = [column for column in needed if row.get(column) is None]
        raise DataError(
            f"missing {', '.join(missing)}", file=source, rows=[number], remedy=f"give the columns {', '.join(needed)}"
        )
    country = normalise_country(row["country"])
    if country == UNKNOWN_COUNTRY:
        raise DataError(
            f"country {row['country']!r} is no ISO 3166-1 alpha-2 code", file=source, column="country", rows=[number]
        )
    try:
        time_zone = _zone_name(row["time_zone"].strip())
    except InputError as error:
        raise DataError(str(error), file=source, column="time_zone", rows=[number]) from error
    return Place(
        country=country,
        postal_code=normalise_postal_code(country, row["postal_prefix"]),
        region=row["region"].strip().upper() or None,
        time_zone=time_zone,
        latitude=_degrees(row, "latitude", 90.0, source, number),
        longitude=_degrees(row, "longitude", 180.0, source, number),
        precision="prefix",
        lane_region=row.get("region_cell"),
        lane_area=row.get("area_cell"),
    )


def _row_of(place: Place, city: str = "", kind: str = "") -> dict[str, str]:
    """Return the place as a row of a table; the inverse of `_place_of_row`."""
    return {
        "country": place.country,
        "postal_prefix": place.postal_code if kind != CITY else "",
        "city": city,
        "region": place.region or "",
        "time_zone": place.time_zone,
        "latitude": _text(place.latitude),
        "longitude": _text(place.longitude),
        "kind": kind,
        "region_cell": place.lane_region or "",
        "area_cell": place.lane_area or "",
    }


def _text(number: float | None) -> str:
    return "" if number is None else repr(number)


def _degrees(row: Mapping[str, str], column: str, limit: float, source: str, number: int) -> float | None:
    text = row[column].strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -limit <= value <= limit:
        raise DataError(
            f"{text!r} is no {column}",
            file=source,
            column=column,
            rows=[number],
            remedy=f"give degrees, -{limit} to {limit}",
        )
    return value
