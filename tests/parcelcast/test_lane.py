from parcelcast.lane import Lane
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
