from datetime import date

import numpy as np
import pytest

from parcelcast.calendar import holiday_dates
from parcelcast.place import PlaceIndex
from pipelines.simulator.demand import POSTAL_CODES_PER_AREA
from pipelines.simulator.geography import holiday_mask, load_areas, postal_codes


@pytest.fixture(scope="module")
def areas():
    return load_areas()


def test_all_german_postal_areas_are_there(areas):
    assert areas.country.count("DE") == 95
    assert areas.share.sum() == pytest.approx(1.0)


def test_every_postal_code_lies_in_the_region_that_its_area_keeps_holidays_of(areas):
    index = PlaceIndex.default()
    area = np.repeat(np.arange(len(areas)), POSTAL_CODES_PER_AREA)
    codes = postal_codes(areas, area, np.tile(np.arange(POSTAL_CODES_PER_AREA), len(areas)))
    assert len(set(zip(area.tolist(), codes, strict=True))) > 0.8 * len(codes)
    for number, code in zip(area, codes, strict=True):
        place = index.find(areas.country[number], code)
        assert (place.region or "") == areas.region[number]
        assert place.postal_code == code


def test_holidays_are_regional(areas):
    dates = np.array(["2026-01-06", "2026-01-07"], "datetime64[D]")
    closed = holiday_mask(areas, dates)
    assert date(2026, 1, 6) in holiday_dates("DE", "BY", [2026])
    assert closed[:, areas.find("DE", "80")].tolist() == [True, False]
    assert closed[:, areas.find("DE", "10")].tolist() == [False, False]


def test_distances_are_those_of_a_globe(areas):
    munich, hamburg = np.array([areas.find("DE", "80")]), np.array([areas.find("DE", "20")])
    assert areas.distance_km(munich, hamburg)[0] == pytest.approx(612, abs=8)
