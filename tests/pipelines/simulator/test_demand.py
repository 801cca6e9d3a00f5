import numpy as np
import pytest

from pipelines.simulator.config import SimulationConfig, regime
from pipelines.simulator.demand import season
from pipelines.simulator.world import build_world


@pytest.fixture(scope="module")
def world():
    return build_world(SimulationConfig(seed=2, shipments=20_000, days=370))


def test_about_as_many_shipments_as_asked_for(world):
    ordered = world.orders.of_day(world.config.days).start
    # Poisson orders of one to three parcels: the spread is below 160.
    assert abs(ordered - 20_000) < 5 * 160


def test_orders_stand_in_order_of_time_and_by_day(world):
    orders = world.orders
    assert (np.diff(orders.minute) >= 0).all()
    rows = orders.of_day(17)
    assert set(orders.minute[rows] // 1440) == {17}
    assert (orders.minute[rows.start - 1] // 1440, orders.minute[rows.stop] // 1440) == (16, 18)
    assert orders.of_day(world.config.order_days + 3) == slice(len(orders), len(orders))


def test_parcels_of_an_order_travel_the_same_way(world):
    orders = world.orders
    together = np.flatnonzero(np.diff(orders.order) == 0)
    assert len(together) > 500
    for column in (orders.minute, orders.origin, orders.area, orders.service):
        assert (column[together] == column[together + 1]).all()


def test_the_weeks_before_christmas_are_the_busiest(world):
    dates = np.array(["2025-08-01", "2025-10-15", "2025-12-12", "2025-12-28"], "datetime64[D]")
    summer, autumn, advent, after = season(dates, regime("default"))
    assert summer < autumn == pytest.approx(1.0, abs=0.02)
    assert advent > 1.5
    assert after < 1.1


def test_popularity_is_unequal(world):
    by_area = np.sort(np.bincount(world.orders.area))[::-1]
    assert by_area[:50].sum() > 0.35 * by_area.sum()
    assert by_area[-100:].sum() < 0.05 * by_area.sum()
