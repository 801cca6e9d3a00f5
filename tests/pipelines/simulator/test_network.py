import itertools
from datetime import UTC, date, timedelta

import numpy as np
import pytest

from pipelines.simulator.carriers import CARRIERS, EXPRESS, INJECTION, TWO_MAN
from pipelines.simulator.clock import Clock
from pipelines.simulator.merchants import WAREHOUSES
from pipelines.simulator.network import build_network
from pipelines.simulator.routes import lane_nights, serves


@pytest.fixture(scope="module")
def network():
    return build_network(Clock.covering(date(2025, 12, 1), 60))


def test_planned_dispatch_is_what_the_working_calendar_says(network):
    minutes = np.array([0, 600, 779, 780, 839, 840, 1020, 1439])
    for origin, day in itertools.product(range(len(WAREHOUSES)), range(45)):
        calendar, handling = network.calendars[origin], WAREHOUSES[origin].handling_days
        late = (minutes >= network.cutoff_minute[day, origin]).astype(int)
        for minute, release in zip(minutes, network.release_day[day, origin, late], strict=True):
            ordered_at = network.clock.to_utc(np.array([day * 1440 + minute]))[0].item().replace(tzinfo=UTC)
            expected = calendar.dispatch_on(ordered_at, handling)
            assert network.clock.first_day + timedelta(days=int(release)) == expected


def test_hubs_stand_in_the_country_of_whom_they_serve(network):
    country = np.array(network.areas.country)
    for carrier, area in itertools.product(range(len(CARRIERS)), range(len(network.areas))):
        hub = network.hub_of_area[carrier, area]
        assert hub == -1 or country[network.hub_area[hub]] == country[area]
        assert (hub >= 0) == (country[area] in CARRIERS[carrier].hubs)


def test_express_is_never_slower_than_standard(network):
    nights = lane_nights(network)
    both = ~np.isnan(nights[0]) & ~np.isnan(nights[EXPRESS])
    assert (nights[EXPRESS][both] <= nights[0][both]).all()
    assert (nights[EXPRESS][both] < nights[0][both]).any()


def test_own_lorries_stay_near_and_pallets_cross_borders(network):
    possible = serves(network)
    country = np.array(network.areas.country)
    origins, areas = np.nonzero(possible[TWO_MAN])
    assert (network.areas.distance_km(network.origin_area[origins], areas) < 300).all()
    origins, areas = np.nonzero(possible[INJECTION])
    assert (country[network.origin_area[origins]] != country[areas]).all()
    assert len(areas)


def test_lorries_rest_on_saturdays_and_at_christmas(network):
    day = network.clock.day_of
    assert not network.hauls_leave[[day(date(2025, 12, 6)), day(date(2025, 12, 24)), day(date(2025, 12, 31))]].any()
    assert network.hauls_leave[[day(date(2025, 12, 7)), day(date(2025, 12, 23))]].all()
