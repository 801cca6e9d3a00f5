import pytest

from parcelcast.errors import InputError
from parcelcast.regions import Grouping, Regions


@pytest.mark.parametrize("text", ["iso", "prefix:1", "prefix:8", "h3:0", "h3:15"])
def test_regions_are_written_as_they_are_read(text):
    assert str(Regions.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "ISO", "iso:2", "prefix", "prefix:0", "prefix:9", "h3:16", "h3:-1", "h3:5 ", "city"]
)
def test_other_regions_are_refused(text):
    with pytest.raises(InputError, match="expected iso, prefix:1 to prefix:8, or h3:0 to h3:15"):
        Regions.parse(text)


def test_areas_are_smaller_than_regions():
    assert Grouping.parse("iso", "prefix:2") == Grouping()
    assert Grouping.parse("h3:3", "h3:4").area.size == 4
    for region, area in (("iso", "iso"), ("prefix:3", "prefix:2"), ("h3:5", "h3:5")):
        with pytest.raises(InputError, match="expected areas to be smaller than regions"):
            Grouping.parse(region, area)
