"""Places: what a country and a postal code say about region, time zone and position."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Literal, Self

from parcelcast.calendar import zone
from parcelcast.errors import DataError, InputError

Precision = Literal["postal", "prefix", "country", "unknown"]

COLUMNS = ("country", "postal_prefix", "city", "region", "time_zone", "latitude", "longitude")
UNKNOWN_COUNTRY = "ZZ"  # CLDR's code for "unknown region"

_LONGEST_POSTAL_CODE = 12
_EARTH_RADIUS_KM = 6371.0088
# What shops write although ISO 3166 says otherwise.
_COUNTRY_ALIASES = {"UK": "GB", "EL": "GR"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parcel starts or ends, as precisely as its address lets us know.

    ``country`` is ISO 3166-1 alpha-2, ``region`` the part after the dash of ISO 3166-2 ("BY" of DE-BY), ``time_zone``
    an IANA name, ``latitude`` and ``longitude`` degrees. ``precision`` says how much of the postal code was recognised.
    """

    country: str
    postal_code: str
    region: str | None
    time_zone: str
    latitude: float | None
    longitude: float | None
    precision: Precision


class PlaceIndex:
    """Finds places by the longest known prefix of their postal code."""

    def __init__(self, rows: Iterable[Mapping[str, str]], source: str = "places") -> None:
        """Index the rows of a table with the columns ``COLUMNS``; an empty prefix is the country itself.

        Refused with DataError: no rows, a missing column, a repeated prefix, an unknown time zone, coordinates that are
        no degrees, a country without its own row.
        """
        self._areas: dict[str, dict[str, Place]] = {}
        for number, row in enumerate(rows, start=2):
            place = _place_of_row(row, source, number)
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
    def from_csv(cls, path: str | Path) -> Self:
        """Index of a UTF-8 CSV file with a header line."""
        try:
            with Path(path).open(encoding="utf-8-sig", newline="") as file:
                return cls(csv.DictReader(file), source=str(path))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(
                f"cannot be read ({error})",
                file=str(path),
                remedy=f"give a UTF-8 CSV file with columns {', '.join(COLUMNS)}",
            ) from error

    @classmethod
    def default(cls) -> "PlaceIndex":
        """Index of the table that comes with the project, read once."""
        return _default_index()

    def find(self, country: str | None, postal_code: str | int | None) -> Place:
        """Find the place of an address; never fails.

        An unknown postal code gives the country, an unknown country a place of precision "unknown" in UTC.

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
            return Place(land, code, None, "UTC", None, None, "unknown")
        length = next(length for length in range(len(code), -1, -1) if code[:length] in areas)
        area = areas[code[:length]]
        precision: Precision = "country" if length == 0 else "postal" if length == len(code) else "prefix"
        return Place(land, code, area.region, area.time_zone, area.latitude, area.longitude, precision)


def normalise_country(country: str | None) -> str:
    """ISO 3166-1 alpha-2 code in capitals; "ZZ" for what cannot be one.

    >>> normalise_country(" de "), normalise_country("UK"), normalise_country("Germany"), normalise_country(None)
    ('DE', 'GB', 'ZZ', 'ZZ')
    """
    code = str(country or "").strip().upper()
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        return UNKNOWN_COUNTRY
    return _COUNTRY_ALIASES.get(code, code)


def normalise_postal_code(country: str, postal_code: str | int | None) -> str:
    """Capital letters and digits of a postal code without a country prefix; "" for what cannot be one.

    Leading zeros that a spreadsheet dropped are not restored here: a code may also be typed only half.

    >>> [normalise_postal_code("DE", code) for code in ("D-04109", "de 04109", " 04 109 ", None, "x" * 99)]
    ['04109', '04109', '04109', '', '']
    >>> normalise_postal_code("BR", "01310-100"), normalise_postal_code("GB", "sw1a 1aa")
    ('01310100', 'SW1A1AA')
    """
    if postal_code is None:
        return ""
    text = unicodedata.normalize("NFKC", str(postal_code)[:100]).strip().upper()
    text = re.sub(r"^[A-Z]{1,3}\s*-\s*(?=\w)", "", text)
    code = re.sub(r"[^A-Z0-9]", "", text)
    if code[:2] == country and code[2:3].isdigit():
        code = code[2:]
    return code if len(code) <= _LONGEST_POSTAL_CODE else ""


def distance_km(a: Place, b: Place) -> float | None:
    """Great-circle distance (haversine on a sphere of 6371.0088 km); None when a position is unknown."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    north, south = radians(a.latitude), radians(b.latitude)
    h = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(h)))


@cache
def _default_index() -> PlaceIndex:
    return PlaceIndex.from_csv(Path(__file__).parents[1] / "data" / "reference" / "places.csv")


def _place_of_row(row: Mapping[str, str], source: str, number: int) -> Place:
    missing = [column for column in COLUMNS if row.get(column) is None]
    if missing:
        raise DataError(
            f"missing {', '.join(missing)}", file=source, rows=[number], remedy=f"give the columns {', '.join(COLUMNS)}"
        )
    country = normalise_country(row["country"])
    if country == UNKNOWN_COUNTRY:
        raise DataError(
            f"country {row['country']!r} is no ISO 3166-1 alpha-2 code", file=source, column="country", rows=[number]
        )
    try:
        time_zone = zone(row["time_zone"].strip()).key
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
    )


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
