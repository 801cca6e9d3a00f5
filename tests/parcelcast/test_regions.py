import pytest

from parcelcast.errors import InputError
from parcelcast.regions import Regions


@pytest.mark.parametrize("text", ["iso", "prefix:1", "prefix:8", "h3:0", "h3:15"])
def test_regions_are_written_as_they_are_read(text):
    assert str(Regions.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "ISO", "iso:2", "prefix", "prefix:0", "prefix:9", "h3:16", "h3:-1", "h3:5 ", "city"]
)
def test_other_regions_are_refused(text):
    with pytest.raises(InputError, match="expected iso, prefix:1 to prefix:8, or h3:0 to h3:15"):
        Regions.parse(text)
