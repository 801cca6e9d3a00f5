from parcelcast.lane import LEVELS, Lane
from parcelcast.place import Place

LEIPZIG = Place("DE", "04109", "SN", "Europe/Berlin", None, None, "prefix")
VIENNA = Place("AT", "1010", "9", "Europe/Vienna", None, None, "prefix")
SOMEWHERE = Place("DE", "", None, "Europe/Berlin", None, None, "country")


def test_a_lane_joins_postal_areas():
    lane = Lane.between(LEIPZIG, VIENNA, "kranich", "express")

    assert lane == Lane("DE", "04", "AT", "10", "kranich", "express")
    assert not lane.is_domestic
    assert Lane.between(LEIPZIG, SOMEWHERE) == Lane("DE", "04", "DE", "", None, None)
    assert Lane.between(LEIPZIG, SOMEWHERE).is_domestic


def test_fallbacks_get_wider_level_by_level():
    lane = Lane.between(LEIPZIG, VIENNA, "kranich", "express")
    keys = lane.fallbacks()

    assert tuple(key[0] for key in keys) == LEVELS
    assert [len(key) for key in keys] == sorted((len(key) for key in keys), reverse=True)


def test_lanes_that_differ_only_in_the_destination_area_share_the_country_level():
    vienna, graz = (Lane("DE", "04", "AT", area, "kranich") for area in ("10", "80"))

    shared = [key[0] for key in vienna.fallbacks() if key in graz.fallbacks()]

    assert shared == ["country", "carrier", "all"]
