from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.place import PlaceIndex
from parcelcast.place_table import COLUMNS, REFERENCE, read_rows
from pipelines.places.geonames import Entry
from pipelines.places.table import place_rows

OWN = [dict(zip(COLUMNS, row, strict=True)) for row in (
    ("DE", "", "Frankfurt am Main", "", "Europe/Berlin", "50.1", "8.7"),
    ("DE", "8", "München", "BY", "Europe/Berlin", "48.1", "11.6"),
    ("DE", "88", "Ravensburg", "BW", "Europe/Berlin", "47.8", "9.6"),
    ("BR", "", "São Paulo", "", "America/Sao_Paulo", "-23.5", "-46.6"),
    ("FR", "", "Paris", "", "Europe/Paris", "48.9", "2.3"),
    ("FR", "67", "Strasbourg", "6AE", "Europe/Paris", "48.6", "7.8"),
)]  # fmt: skip


def index(*entries, own=OWN):
    return PlaceIndex(place_rows([Entry(*entry) for entry in entries], own))


MUNICH = ("DE", "80331", "München", "BY", 48.13, 11.57)
SCHWABING = ("DE", "80801", "München", "BY", 48.16, 11.58)


def test_a_listed_code_has_its_own_region_and_position():
    found = index(MUNICH, SCHWABING).find("DE", "80331")

    assert (found.region, found.time_zone, found.precision) == ("BY", "Europe/Berlin", "postal")
    assert (found.latitude, found.longitude) == (48.13, 11.57)


def test_places_of_one_code_are_one_in_the_middle_of_most_of_them():
    one, other, across = (("DE", "88131", name, land, 47.5 + away, 9.7) for name, land, away in (
        ("Lindau", "BY", 0.0), ("Bodolz", "BY", 0.1), ("Nonnenhorn", "BW", 9.0)
    ))  # fmt: skip
    found = index(one, other, across).find("DE", "88131")

    assert (found.region, found.latitude) == ("BY", 47.55)


def test_a_code_that_nobody_listed_is_found_by_those_with_which_it_begins_alike():
    found = index(MUNICH, SCHWABING).find("DE", "80999")

    assert (found.region, found.precision) == ("BY", "prefix")
    assert (found.latitude, found.longitude) == pytest.approx((48.145, 11.575))


def test_our_own_region_of_a_prefix_stands_against_that_of_single_codes():
    places = index(("DE", "88131", "Lindau", "BY", 47.55, 9.69))

    assert places.find("DE", "88131").region == "BY"
    assert places.find("DE", "88199").region == "BW"


def test_a_middle_knows_no_date_line():
    west, east = ("FJ", "10", "Taveuni", "", -16.8, 179.9), ("FJ", "11", "Vanua Balavu", "", -17.2, -179.1)
    found = index(west, east).find("FJ", "19")

    assert (found.latitude, found.longitude) == pytest.approx((-17.0, -179.6), abs=0.01)


def test_a_country_without_a_translation_keeps_the_codes_of_geonames_under_a_name_of_their_own():
    places = index(
        ("NL", "1012", "Amsterdam", "07", 52.37, 4.89),
        ("FR", "67000", "Strasbourg", "44", 48.58, 7.75),
        ("FR", "75001", "Paris", "11", 48.86, 2.34),
    )

    assert places.find("NL", "1012 AB").region == "GN-07"
    assert places.find("FR", "67000").region == "6AE"  # our own table says whose holidays count there
    assert places.find("FR", "75001").region == "GN-11"


@pytest.mark.parametrize(
    ("entry", "time_zone"),
    [
        (("NL", "1012", "Amsterdam", "07", 52.37, 4.89), "Europe/Amsterdam"),
        (("US", "32501", "Pensacola", "FL", 30.42, -87.22), "America/Chicago"),
        (("US", "32801", "Orlando", "FL", 28.54, -81.38), "America/New_York"),
        (("US", "96950", "Saipan", "MP", 15.19, 145.75), "Pacific/Saipan"),
        (("BR", "69900-000", "Rio Branco", "01", -9.97, -67.8), "America/Rio_Branco"),
        (("AU", "6000", "Perth", "WA", -31.95, 115.86), "Australia/Perth"),
        (("AU", "2600", "Canberra", "ACT", -35.28, 149.13), "Australia/Sydney"),
    ],
)
def test_the_time_zone_is_that_of_the_region_or_country(entry, time_zone):
    country, code, *rest = entry
    places = index((country, code.replace("-", ""), *rest), own=list(read_rows(REFERENCE)))

    assert places.find(country, code).time_zone == time_zone


def test_a_city_is_found_if_its_name_is_that_of_one_region_and_one_town():
    places = index(
        MUNICH,
        SCHWABING,
        ("DE", "91413", "Neustadt", "BY", 49.6, 10.6),
        ("DE", "96465", "Neustadt", "BY", 50.7, 11.1),
        ("DE", "79822", "Titisee", "BW", 47.9, 8.2),
        ("DE", "80999", "Titisee", "BY", 48.2, 11.5),
        ("CH", "2502", "Biel/Bienne 2", "BE", 47.1, 7.2),
        own=OWN,
    )

    assert places.find("DE", "?", "muenchen").latitude == 48.1
    assert places.find("DE", "?", "MUNCHEN").latitude == 48.1
    assert places.find("DE", "?", "Titisee").precision == "country"
    assert (places.find("DE", "?", "Neustadt").region, places.find("DE", "?", "Neustadt").latitude) == ("BY", None)
    assert places.find("CH", "?", "Bienne").region == places.find("CH", "?", "Biel").region == "BE"


@given(
    starts=st.sets(st.integers(1, 99_999), min_size=1, max_size=12),
    asked=st.integers(0, 99_999_999),
    typed=st.integers(5, 8),
)
def test_a_brazilian_code_belongs_to_the_town_whose_range_it_is_in(starts, asked, typed):
    towns = {
        f"{start:05}000": ("BR", f"{start:05}000", f"Town {start}", "27", -start / 2000, -46.0) for start in starts
    }
    places = index(*towns.values())
    code = f"{asked:08}"[:typed]

    found = places.find("BR", code)

    codes = sorted(towns)
    number = bisect_right(codes, code.ljust(8, "0")) - 1
    if number < 0:
        assert found.region in {None, "SP"}  # before all ranges: the country, or what begins alike
    else:
        assert (found.latitude, found.longitude) == pytest.approx(towns[codes[number]][4:], abs=1e-4)
