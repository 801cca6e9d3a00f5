"""The time zone of a place of GeoNames' files, which name none."""

from functools import cache
from importlib import resources
from math import cos, radians

from parcelcast.errors import DataError
from parcelcast.place import PlaceIndex
from pipelines.places.divisions import ZONES
from pipelines.places.geonames import Entry


def zone_of(entry: Entry, region: str | None, ours: PlaceIndex) -> str:
    """Return the IANA time zone, from the first of these that knows.

    Our own table, where it names the same region for the postal code; the region (`divisions.ZONES`); the country, if
    it has one zone; else the country's zone whose city is nearest, which is a guess near a zone's border. DataError for
    a country that the time zone database does not have.
    """
    known = ours.find(entry.country, entry.code)
    if known.precision in ("prefix", "postal") and known.region == region:
        return known.time_zone
    by_region = ZONES.get((entry.country, region or ""))
    if by_region or known.precision != "unknown":
        return by_region or known.time_zone
    zones = _zones_by_country().get(entry.country)
    if zones is None:
        raise DataError(
            f"country {entry.country} has no time zone in the IANA database",
            column="country",
            remedy="leave its file out",
        )
    return min(zones, key=lambda zone: _nearness(entry, *zones[zone]))


def _nearness(entry: Entry, latitude: float, longitude: float) -> float:
    """Return what grows with the distance between near places."""
    east = (longitude - entry.longitude + 180.0) % 360.0 - 180.0
    return float((latitude - entry.latitude) ** 2 + (east * cos(radians(entry.latitude))) ** 2)


@cache
def _zones_by_country() -> dict[str, dict[str, tuple[float, float]]]:
    """Return the zones of each country with the positions of their cities, from the database's own zone.tab."""
    zones: dict[str, dict[str, tuple[float, float]]] = {}
    text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, position, zone = line.split("\t")[:3]
            middle = max(position.rfind("+"), position.rfind("-"))
            zones.setdefault(country, {})[zone] = (_degrees(position[:middle], 2), _degrees(position[middle:], 3))
    return zones


def _degrees(text: str, digits: int) -> float:
    """Read ISO 6709: sign, degrees, minutes and perhaps seconds.

    >>> _degrees("+5230", 2), _degrees("-0704530", 3)
    (52.5, -70.75833333333334)
    """
    degrees, minutes, seconds = text[1 : 1 + digits], text[1 + digits : 3 + digits], text[3 + digits :] or "0"
    value = int(degrees) + int(minutes) / 60 + int(seconds) / 3600
    return -value if text[0] == "-" else value
