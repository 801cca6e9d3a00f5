"""A table of places made of GeoNames' postal codes and our own table, to be found by the longest prefix.

Codes that nobody listed are found too: a prefix stands for the codes below it. Where a shorter prefix says the same,
the longer one is left out; where it would name another region than our own table, ours stands.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin
from typing import NamedTuple, TypeVar

from parcelcast.address import fold_city
from parcelcast.place import PlaceIndex, great_circle_km
from parcelcast.place_table import CITY
from pipelines.places.divisions import region_of_division
from pipelines.places.geonames import Entry
from pipelines.places.zones import zone_of

# Countries whose codes in GeoNames' files begin the range of a town, which goes on to the next one's.
RANGES = frozenset({"BR"})
_WIDEST_CITY_KM = 50.0  # places of one name and region farther from their middle are several towns: no position

Value = TypeVar("Value", bound=Hashable)


class Spot(NamedTuple):
    """What a row tells; None where nobody knows."""

    city: str
    region: str | None
    time_zone: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True)
class _Country:
    """A country's places by postal code, in order of the codes, and what our own table says of its prefixes."""

    country: str
    codes: Sequence[str]
    spots: dict[str, Spot]
    named: Sequence[tuple[str, Spot]]
    own: dict[str, Spot]


def place_rows(entries: Iterable[Entry], own: Sequence[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the rows (`parcelcast.place_table.MADE_COLUMNS`) of the merged table; `own` are the rows of our table."""
    ours = PlaceIndex(own)
    by_country: dict[str, list[Entry]] = {}
    for entry in entries:
        by_country.setdefault(entry.country, []).append(entry)
    for country in sorted(ours.countries | set(by_country)):
        rows = [row for row in own if row["country"].strip() == country]
        land = _country(country, by_country.get(country, []), rows, ours)
        for prefix, spot in sorted(_prefixes(land).items()):
            yield _row(country, prefix, spot)
        for name, spot in sorted(_cities(land).items()):
            yield _row(country, "", spot._replace(city=name)) | {"kind": CITY}


def _country(country: str, entries: Sequence[Entry], own: Sequence[Mapping[str, str]], ours: PlaceIndex) -> _Country:
    named = [(entry.code, _spot(entry, ours)) for entry in entries]
    by_code: dict[str, list[Spot]] = {}
    for code, spot in named:
        by_code.setdefault(code, []).append(spot)
    told = {row["postal_prefix"]: _own_spot(row) for row in own}
    if not told:
        told[""] = _middle([spot for _, spot in named])._replace(city="", region=None)
    spots = {code: _middle(by_code[code]) for code in sorted(by_code)}
    return _Country(country, list(spots), spots, named, told)


def _spot(entry: Entry, ours: PlaceIndex) -> Spot:
    known = ours.find(entry.country, entry.code).region
    region = region_of_division(entry.country, entry.admin1, known)
    return Spot(entry.city, region, zone_of(entry, region, ours), entry.latitude, entry.longitude)


def _own_spot(row: Mapping[str, str]) -> Spot:
    position = [float(row[name]) if row[name] else None for name in ("latitude", "longitude")]
    return Spot(row["city"], row["region"] or None, row["time_zone"], *position)


def _prefixes(land: _Country) -> dict[str, Spot]:
    """Return what each prefix says: our own rows, then those that GeoNames' codes say better, and the codes."""
    chosen = dict(land.own)
    for prefix, spot in sorted(_told_of_prefixes(land), key=lambda told: len(told[0])):
        shorter = next(chosen[prefix[:length]] for length in range(len(prefix), -1, -1) if prefix[:length] in chosen)
        if shorter != spot and shorter.region in (None, spot.region):
            chosen[prefix] = spot
    return chosen | land.spots


def _told_of_prefixes(land: _Country) -> Iterator[tuple[str, Spot]]:
    if land.country in RANGES:
        yield from _ranges(land, "", 0, len(land.codes))
        return
    below: dict[str, list[Spot]] = {}
    for code, spot in land.spots.items():
        for length in range(1, len(code)):
            below.setdefault(code[:length], []).append(spot)
    for prefix, spots in below.items():
        yield prefix, _middle(spots)


def _ranges(land: _Country, prefix: str, start: int, end: int) -> Iterator[tuple[str, Spot]]:
    """Tell of a prefix and those below it; its own codes are those from `start` to before `end`.

    All codes that begin with a prefix belong to the last town that begins before them, unless another begins inside.
    """
    codes = land.codes
    is_one_town = start == end or (start == end - 1 and not codes[start][len(prefix) :].strip("0"))
    if is_one_town and end > 0:
        yield prefix, land.spots[codes[end - 1]]
    if is_one_town:
        return
    if prefix:
        yield prefix, _middle([land.spots[code] for code in codes[start:end]])
    for digit in "0123456789":
        longer = prefix + digit
        stop = start
        while stop < end and codes[stop].startswith(longer):
            stop += 1
        yield from _ranges(land, longer, start, stop)
        start = stop


def _cities(land: _Country) -> dict[str, Spot]:
    """Return places by folded name, of names that lie in one region; our own table's position stands before others."""
    ours = _by_name(spot for prefix, spot in land.own.items() if prefix)
    theirs = _by_name(spot for _, spot in land.named)
    found = {}
    for name in ours.keys() | theirs.keys():
        known = ours.get(name, [])
        if len({spot.region for spot in (*known, *theirs.get(name, []))}) == 1:
            towns = known or theirs[name]
            found[name] = _as_one_town(_middle(towns), towns)
    return found


def _by_name(spots: Iterable[Spot]) -> dict[str, list[Spot]]:
    found: dict[str, list[Spot]] = {}
    for spot in spots:
        for name in _names(spot.city):
            found.setdefault(name, []).append(spot)
    return found


def _names(city: str) -> set[str]:
    """Return the names that a shopper may write.

    >>> sorted(_names("Biel/Bienne 6")), sorted(_names("Wien, Innere Stadt"))
    (['biel', 'biel bienne', 'bienne'], ['wien', 'wien innere stadt'])
    """
    plain = city.rstrip("0123456789 ") or city
    wanted = {plain, plain.split(",")[0], *plain.split("/")}
    return {name for one in wanted if (name := fold_city(one))}


def _as_one_town(middle: Spot, spots: Sequence[Spot]) -> Spot:
    """Leave out the position of what are several towns of one name."""
    if middle.latitude is None or middle.longitude is None:
        return middle
    for spot in spots:
        if spot.latitude is not None and spot.longitude is not None:
            away = great_circle_km(middle.latitude, middle.longitude, spot.latitude, spot.longitude)
            if away > _WIDEST_CITY_KM:
                return middle._replace(latitude=None, longitude=None)
    return middle


def _middle(spots: Sequence[Spot]) -> Spot:
    """Return the most frequent region and, of its places, the most frequent city and zone and the middle position."""
    if len(spots) == 1:
        return spots[0]
    region = _most_frequent(spot.region for spot in spots)
    spots = [spot for spot in spots if spot.region == region]
    city, zone = (_most_frequent(names) for names in ((s.city for s in spots), (s.time_zone for s in spots)))
    position = _middle_position([(s.latitude, s.longitude) for s in spots if s.latitude is not None])
    return Spot(city, region, zone, *position)


def _middle_position(positions: Sequence[tuple[float, float | None]]) -> tuple[float | None, float | None]:
    """Return the mean direction from the middle of the earth, so that the date line does not matter."""
    if not positions:
        return None, None
    points = [(radians(latitude), radians(longitude or 0.0)) for latitude, longitude in positions]
    x = sum(cos(north) * cos(east) for north, east in points)
    y = sum(cos(north) * sin(east) for north, east in points)
    z = sum(sin(north) for north, _ in points)
    return round(degrees(atan2(z, hypot(x, y))), 4), round(degrees(atan2(y, x)), 4)


def _most_frequent(values: Iterable[Value]) -> Value:
    """Return the most frequent value, the first of several."""
    return Counter(values).most_common(1)[0][0]


def _row(country: str, prefix: str, spot: Spot) -> dict[str, str]:
    latitude, longitude = ("" if one is None else str(one) for one in (spot.latitude, spot.longitude))
    return {
        "country": country,
        "postal_prefix": prefix,
        "city": spot.city,
        "region": spot.region or "",
        "time_zone": spot.time_zone,
        "latitude": latitude,
        "longitude": longitude,
        "kind": "",
    }
